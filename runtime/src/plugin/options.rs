//! The plugin's options: how an operator bounds it.

use cln_plugin::options::{DefaultBooleanConfigOption, DefaultIntegerConfigOption, StringConfigOption, Value};
use cln_primitives::Msat;

use crate::engine::{ClaimLimits, Limits};
use crate::lightningd::Spending;

pub(super) const DAILY_LIMIT: StringConfigOption<'_> = StringConfigOption::new_str_no_default(
    "lnr-daily-limit",
    "The most that is paid for requests within 24 hours, fees included, such as 100000sat; without it there is no limit",
);
pub(super) const MAX_FEE: StringConfigOption<'_> = StringConfigOption::new_str_no_default(
    "lnr-max-fee",
    "The most that the fees of one payment may be, such as 10sat; without it 1 % or 5 sat, whichever is more",
);
pub(super) const RETRY_FOR: DefaultIntegerConfigOption<'_> =
    DefaultIntegerConfigOption::new_i64_with_default("lnr-retry-for", 60, "For how many seconds a payment is tried");
pub(super) const MAX_PENDING: DefaultIntegerConfigOption<'_> = DefaultIntegerConfigOption::new_i64_with_default(
    "lnr-max-pending",
    64,
    "How many payments for one multi-use request may be under way at a time",
);
pub(super) const INVOICES_PER_SECOND: DefaultIntegerConfigOption<'_> = DefaultIntegerConfigOption::new_i64_with_default(
    "lnr-invoices-per-second",
    100,
    "How many invoices for one request are looked at in a second, and ten times as many for all; more are dropped",
);
/// All requests together have so many times the invoices of one.
const ALL_REQUESTS: u32 = 10;
pub(super) const PAUSE: DefaultBooleanConfigOption<'_> =
    DefaultBooleanConfigOption::new_bool_with_default("lnr-pause", false, "Begin no payments: refuse invoices for now");
pub(super) const DRY_RUN: DefaultBooleanConfigOption<'_> = DefaultBooleanConfigOption::new_bool_with_default(
    "lnr-dry-run",
    false,
    "Judge invoices and report them, but pay none",
);

/// An option has a value that it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {value} is no {expected}: correct it in the node's configuration")]
pub struct OptionError {
    name: &'static str,
    value: String,
    expected: &'static str,
}

/// What all options say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) daily_limit: Option<Msat>,
    pub(super) spending: Spending,
    /// Of all requests together.
    pub(super) limits: Limits,
    /// Of one request.
    pub(super) request_limits: Limits,
    pub(super) pause: bool,
    pub(super) dry_run: bool,
}

impl Settings {
    /// Reads them; `value` gives an option by its name.
    pub(super) fn read(value: impl Fn(&str) -> Option<Value>) -> Result<Self, OptionError> {
        let number = |name: &'static str, default: u32| match value(name) {
            None => Ok(default),
            Some(given) => whole_number(name, &given),
        };
        let text = |name: &'static str| value(name).map(|given| amount(name, &given)).transpose();
        let truth = |name: &'static str| value(name).map_or(Ok(false), |given| boolean(name, &given));
        let claims = ClaimLimits { pending: number(MAX_PENDING.name, 64)?, ..Limits::default().claims };
        let request_limits =
            Limits { claims, invoices_per_second: number(INVOICES_PER_SECOND.name, 100)?, ..Limits::default() };
        Ok(Settings {
            daily_limit: text(DAILY_LIMIT.name)?,
            spending: Spending { max_fee: text(MAX_FEE.name)?, retry_for: number(RETRY_FOR.name, 60)? },
            limits: Limits {
                invoices_per_second: request_limits.invoices_per_second.saturating_mul(ALL_REQUESTS),
                ..request_limits
            },
            request_limits,
            pause: truth(PAUSE.name)?,
            dry_run: truth(DRY_RUN.name)?,
        })
    }
}

fn wrong(name: &'static str, value: &Value, expected: &'static str) -> OptionError {
    OptionError { name, value: format!("{value:?}"), expected }
}

fn whole_number(name: &'static str, value: &Value) -> Result<u32, OptionError> {
    let number = match value {
        Value::Integer(number) => u32::try_from(*number).ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| wrong(name, value, "whole number"))
}

/// An amount in any form that the node's own options take.
pub(super) fn amount(name: &'static str, value: &Value) -> Result<Msat, OptionError> {
    let amount = match value {
        Value::String(text) => text.parse().ok(),
        Value::Integer(number) => u64::try_from(*number).ok().map(Msat::from_msat),
        _ => None,
    };
    amount.ok_or_else(|| wrong(name, value, "amount such as 1000msat or 100sat"))
}

/// A truth value, also as `setconfig` passes it on.
pub(super) fn boolean(name: &'static str, value: &Value) -> Result<bool, OptionError> {
    match value {
        Value::Boolean(truth) => Ok(*truth),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(wrong(name, value, "truth value: true or false")),
    }
}

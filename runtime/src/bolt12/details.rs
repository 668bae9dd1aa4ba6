//! Encodings that one field each has: the payer's name, and the details of CLN's recurrence.

use super::error::Error;
use super::input::Input;
use super::kinds::{Kind, kind};
use super::output::Output;

/// A human-readable name, `name@domain` (BIP 353).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bip353Name<'a> {
    /// What stands before the `@`.
    pub name: &'a [u8],
    /// What stands behind it.
    pub domain: &'a [u8],
}

/// How often a payment recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// 0 for seconds, 1 for days, 2 for months.
    pub time_unit: u8,
    /// How many of these units from one payment to the next.
    pub period: u32,
}

/// From when a recurrence counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecurrenceBase {
    /// 1 when who starts late pays in proportion.
    pub proportional: u8,
    /// When the first period starts, in seconds since 1970.
    pub basetime: u64,
}

/// When within a period may be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecurrencePaywindow {
    /// How many seconds before the period starts.
    pub seconds_before: u32,
    /// How many seconds after it has started.
    pub seconds_after: u32,
}

kind!(
    /// The encoding of a [`Bip353Name`]: two texts, each behind its length of one byte.
    Name: Bip353Name<'a>,
    |input| {
        let length = input.u8()?;
        let name = input.take(length.into())?;
        let length = input.u8()?;
        Ok(Bip353Name { name, domain: input.take(length.into())? })
    },
    |value, out| {
        for part in [value.name, value.domain] {
            out.count_u8(part.len());
            out.extend(part);
        }
    }
);
kind!(
    /// The encoding of a [`Recurrence`].
    Period: Recurrence,
    |input| Ok(Recurrence { time_unit: input.u8()?, period: input.truncated(4)? as u32 }),
    |value, out| {
        out.extend(&[value.time_unit]);
        out.truncated(value.period.into());
    }
);
kind!(
    /// The encoding of a [`RecurrenceBase`].
    Base: RecurrenceBase,
    |input| Ok(RecurrenceBase { proportional: input.u8()?, basetime: input.truncated(8)? }),
    |value, out| {
        out.extend(&[value.proportional]);
        out.truncated(value.basetime);
    }
);
kind!(
    /// The encoding of a [`RecurrencePaywindow`].
    Paywindow: RecurrencePaywindow,
    |input| Ok(RecurrencePaywindow { seconds_before: input.u32()?, seconds_after: input.truncated(4)? as u32 }),
    |value, out| {
        out.extend(&value.seconds_before.to_be_bytes());
        out.truncated(value.seconds_after.into());
    }
);

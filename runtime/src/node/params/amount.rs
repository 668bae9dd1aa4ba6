//! How lightningd reads amounts.

use cln_primitives::Msat;

/// Millisatoshi of a satoshi.
const SAT: u64 = 1_000;
/// Millisatoshi of a bitcoin, and how many decimals that are.
const BTC: (u64, usize) = (100_000_000_000, 11);

/// Reads an amount: digits alone or with `msat` are millisatoshi, with `sat` satoshi, and with `btc`, where up to eleven
/// decimals may stand, bitcoin.
///
/// lightningd looks at a unit's beginning only and takes `1satoshi` for a satoshi. Here that is no amount: no client
/// writes it, and a slip of the keyboard should not decide how much is paid.
pub(super) fn msat(token: &str) -> Option<Msat> {
    let (whole, rest) = token.split_at(digits(token));
    let whole: u64 = whole.parse().ok()?;
    let (decimals, unit) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (decimals, unit) = rest.split_at(digits(rest));
            (Some(decimals), unit)
        }
        None => (None, rest),
    };
    let amount = match (unit, decimals) {
        ("" | "msat", None) => whole,
        ("sat", None) => whole.checked_mul(SAT)?,
        ("btc", decimals) => whole.checked_mul(BTC.0)?.checked_add(fraction(decimals.unwrap_or(""))?)?,
        _ => return None,
    };
    Some(Msat::from_msat(amount))
}

/// How many digits the text begins with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The decimals of a bitcoin in millisatoshi.
fn fraction(decimals: &str) -> Option<u64> {
    if decimals.len() > BTC.1 {
        return None;
    }
    format!("{decimals:0<width$}", width = BTC.1).parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(token: &str, expected: Option<u64>) {
        assert_eq!(msat(token).map(Msat::as_msat), expected, "{token}");
    }

    #[test]
    fn amounts_of_each_unit() {
        for (token, amount) in [
            ("0", 0),
            ("1", 1),
            ("007", 7),
            ("2100000000000000000", 2_100_000_000_000_000_000),
            ("0msat", 0),
            ("1msat", 1),
            ("2100000000000000000msat", 2_100_000_000_000_000_000),
            ("0sat", 0),
            ("1sat", 1_000),
            ("2100000000000000sat", 2_100_000_000_000_000_000),
            ("0btc", 0),
            ("1btc", 100_000_000_000),
            ("1.btc", 100_000_000_000),
            ("0.00000000btc", 0),
            ("0.00000001btc", 1_000),
            ("0.00000000001btc", 1),
            ("1.2btc", 120_000_000_000),
            ("1.23456789012btc", 123_456_789_012),
            ("18446744073709551615", u64::MAX),
            ("184467440.73709551615btc", u64::MAX),
        ] {
            check(token, Some(amount));
        }
    }

    #[test]
    fn what_is_no_amount() {
        for token in [
            "",
            "x",
            "x100",
            "any",
            "-1",
            "-1sat",
            "+1",
            " 1",
            "1 ",
            "1 sat",
            "1e3",
            "0x10",
            ".5btc",
            "0.0",
            "1.5",
            "1.000sat",
            "0.00000000msat",
            "1.msat",
            "1.000000000000btc",
            "21000000000000000000000000.00000000btc",
            "18446744073709551616",
            "18446744073709552sat",
            "184467440.73709551616btc",
            "1SAT",
            "1Msat",
            "1msatfoo",
            "1satoshi",
            "1btcs",
            "1m",
            "١",
        ] {
            check(token, None);
        }
    }

    proptest! {
        #[test]
        fn an_amount_reads_back_as_it_was_written(amount: u64) {
            let btc = format!("{}.{:011}btc", amount / BTC.0, amount % BTC.0);
            for token in [amount.to_string(), format!("{amount}msat"), btc] {
                check(&token, Some(amount));
            }
            check(&format!("{amount}sat"), amount.checked_mul(SAT));
        }

        #[test]
        fn no_text_does_harm(token: String) {
            let _ = msat(&token);
        }
    }
}

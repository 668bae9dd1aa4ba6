//! Amounts as people write and read them.

use cln_primitives::Msat;

/// Reads an amount whose unit is written out: whoever leaves it out may mean either.
pub fn parse(text: &str) -> Result<Msat, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("it has no unit: write {text}sat or {text}msat (1 sat is 1,000 msat)"));
    }
    text.parse().map_err(|error: cln_primitives::ParseAmountError| error.to_string())
}

/// The same for a promise, which is of something.
pub fn parse_above_zero(text: &str) -> Result<Msat, String> {
    let amount = parse(text)?;
    if amount == Msat::ZERO {
        return Err("nothing would be paid: write an amount above 0, such as 10000sat".to_owned());
    }
    Ok(amount)
}

/// An amount with its unit and thousands: satoshi where it is a whole number of them.
pub fn shown(amount: Msat) -> String {
    match amount.to_sat_exact() {
        Some(sat) => format!("{} sat", thousands(sat)),
        None => format!("{} msat", thousands(amount.as_msat())),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(msat: u64, expected: &str) {
        assert_eq!(shown(Msat::from_msat(msat)), expected);
    }

    #[test]
    fn amounts_are_shown_in_satoshi_where_they_are_whole() {
        check(0, "0 sat");
        check(999_000, "999 sat");
        check(1_000_000, "1,000 sat");
        check(123_456_789_000, "123,456,789 sat");
        check(1, "1 msat");
        check(1_234_567, "1,234,567 msat");
        check(u64::MAX, "18,446,744,073,709,551,615 msat");
    }

    #[test]
    fn an_amount_without_a_unit_is_not_guessed() {
        let refusal = parse("10000").unwrap_err();
        assert!(refusal.contains("10000sat or 10000msat"), "{refusal}");
        for text in ["", "10,000sat", "ten", "1.5sat"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("10sat"), Ok(Msat::from_msat(10_000)));
        assert_eq!(parse("10msat"), Ok(Msat::from_msat(10)));
        assert_eq!(parse("0.0001btc"), Ok(Msat::from_msat(10_000_000)));
    }

    #[test]
    fn nothing_is_no_promise() {
        for text in ["0sat", "0msat", "0.000btc"] {
            let refusal = parse_above_zero(text).unwrap_err();
            assert!(refusal.contains("write an amount above 0"), "{refusal}");
        }
        assert_eq!(parse_above_zero("1msat"), Ok(Msat::from_msat(1)));
        assert_eq!(parse_above_zero("1"), parse("1"));
    }
}

//! Numbers as lightningd takes them: it refuses `1.0` where it wants `1`, so that a whole `f64` is written without a
//! fraction. Used as `#[serde(serialize_with = "cln_primitives::number::serialize")]`.

use serde::ser::{Error, Serializer};

/// Up to here every whole number has its own `f64`: 2^53. Beyond it, an `f64` stands for several whole numbers, and
/// writing one of them would claim more than is known.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes a number, without a fraction when it is a whole one within ±2^53.
///
/// # Errors
/// JSON knows neither infinity nor "not a number"; both are refused.
pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let number = *number;
    if !number.is_finite() {
        return Err(S::Error::custom(format_args!("{number} cannot be sent: only finite numbers exist in JSON")));
    }
    if number.fract() == 0.0 && number.abs() <= EXACT {
        // Exact: a whole number that fits 54 bits.
        serializer.serialize_i64(number as i64)
    } else {
        serializer.serialize_f64(number)
    }
}

/// The same for a number that may be missing: `#[serde(serialize_with = "cln_primitives::number::option::serialize")]`.
pub mod option {
    use super::Serializer;
    use serde::Serialize;

    /// Writes a number as [`super::serialize`] does, or `null`.
    ///
    /// # Errors
    /// When the number is not finite.
    pub fn serialize<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Number(#[serde(serialize_with = "super::serialize")] f64);

        match number {
            Some(number) => serializer.serialize_some(&Number(*number)),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    #[derive(Serialize)]
    struct Both {
        #[serde(serialize_with = "super::serialize")]
        must: f64,
        #[serde(serialize_with = "super::option::serialize")]
        may: Option<f64>,
    }

    fn check(number: f64, expected: &str) {
        let json = serde_json::to_string(&Both { must: number, may: Some(number) }).unwrap();
        assert_eq!(json, format!(r#"{{"must":{expected},"may":{expected}}}"#));
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        check(1.0, "1");
        check(-3.0, "-3");
        check(-0.0, "0");
        check(9_007_199_254_740_992.0, "9007199254740992");
        check(-9_007_199_254_740_992.0, "-9007199254740992");
    }

    #[test]
    fn other_numbers_stay_as_they_are() {
        check(0.5, "0.5");
        check(-1.25, "-1.25");
        check(1e300, "1e+300");
        assert_eq!(serde_json::to_string(&Both { must: 0.0, may: None }).unwrap(), r#"{"must":0,"may":null}"#);
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(serde_json::to_string(&Both { must: number, may: None }).is_err());
            assert!(serde_json::to_string(&Both { must: 0.0, may: Some(number) }).is_err());
        }
    }
}

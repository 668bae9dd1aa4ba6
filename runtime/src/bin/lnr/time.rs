//! Times as people write and read them. All are UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Now, in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A moment on the command line.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// So long from now, such as `24h`.
    In(Span),
    /// In seconds since 1970.
    At(i64),
}

impl Moment {
    /// The moment in seconds since 1970, counted from `now`.
    pub fn since_1970(self, now: u64) -> Result<u64, String> {
        let at = match self {
            Moment::At(at) => Some(at),
            Moment::In(span) => {
                let now = i64::try_from(now).ok().and_then(|now| Timestamp::from_second(now).ok());
                now.and_then(|now| now.to_zoned(TimeZone::UTC).checked_add(span).ok())
                    .map(|at| at.timestamp().as_second())
            }
        };
        match at.and_then(|at| u64::try_from(at).ok()) {
            Some(at) if at > now => Ok(at),
            Some(at) => Err(format!("{} is over already: name a time in the future", date(at))),
            None => Err("that is out of reach: name a time in the next thousands of years".to_owned()),
        }
    }
}

/// Reads `24h`, `7 days`, `2026-12-24`, `2026-12-24T18:00` or `2026-12-24T18:00:00+01:00`. Without an offset it is UTC.
pub fn parse_moment(text: &str) -> Result<Moment, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Moment::At(at.as_second()));
    }
    // A date alone is its midnight.
    if let Ok(at) = text.parse::<DateTime>()
        && let Ok(at) = at.to_zoned(TimeZone::UTC)
    {
        return Ok(Moment::At(at.timestamp().as_second()));
    }
    match text.parse::<Span>() {
        Ok(span) if span.is_positive() => Ok(Moment::In(span)),
        _ => Err("write a time from now, such as 24h or 7d, or a date (UTC), such as 2026-12-24T18:00".to_owned()),
    }
}

/// Reads how long something may take, in seconds: `90s`, `2m`.
pub fn parse_seconds(text: &str) -> Result<u32, String> {
    let whole = |span: Span| {
        let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
        (duration.subsec_nanos() == 0).then_some(duration.as_secs())
    };
    let seconds = text.parse::<Span>().ok().and_then(whole).and_then(|seconds| u32::try_from(seconds).ok());
    match seconds {
        Some(seconds) if seconds > 0 => Ok(seconds),
        _ => Err("write whole seconds or more with their unit, such as 90s or 5m".to_owned()),
    }
}

/// A moment, relative and absolute: `in 23 h 59 min (2026-11-22 20:15:03 UTC)`.
pub fn shown(at: u64, now: u64) -> String {
    format!("{} ({})", relative(at, now), date(at))
}

/// `in 23 h 59 min`, `now` or `5 s ago`.
pub fn relative(at: u64, now: u64) -> String {
    match at.cmp(&now) {
        std::cmp::Ordering::Greater => format!("in {}", lasting(at - now)),
        std::cmp::Ordering::Equal => "now".to_owned(),
        std::cmp::Ordering::Less => format!("{} ago", lasting(now - at)),
    }
}

/// How long, by the two largest units.
pub fn lasting(seconds: u64) -> String {
    let units = [("d", 86_400, u64::MAX), ("h", 3600, 24), ("min", 60, 60), ("s", 1, 60)];
    let parts = units.map(|(name, size, of)| (seconds / size % of, name));
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let parts = parts.iter().skip(first).take(2).filter(|(count, _)| *count > 0 || first == 3);
    parts.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(" ")
}

/// `2026-11-22 20:15:03 UTC`; the bare number for years beyond 9999.
pub fn date(at: u64) -> String {
    match i64::try_from(at).ok().and_then(|at| Timestamp::from_second(at).ok()) {
        Some(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => format!("{at} s after 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 20:15:03 UTC.
    const NOW: u64 = 1_795_292_103;

    #[test]
    fn times_are_told_by_their_two_largest_units() {
        let check = |seconds, expected: &str| assert_eq!(lasting(seconds), expected, "{seconds}");
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(61, "1 min 1 s");
        check(86_399, "23 h 59 min");
        check(86_400, "1 d");
        check(86_460, "1 d");
        check(93_600, "1 d 2 h");
        check(4_000_000, "46 d 7 h");
    }

    #[test]
    fn a_moment_is_told_relative_and_absolute() {
        let check = |at, expected: &str| assert_eq!(shown(at, NOW), expected);
        check(NOW + 86_399, "in 23 h 59 min (2026-11-22 20:15:02 UTC)");
        check(NOW, "now (2026-11-21 20:15:03 UTC)");
        check(NOW - 90, "1 min 30 s ago (2026-11-21 20:13:33 UTC)");
        assert!(shown(u64::MAX, NOW).ends_with("(18446744073709551615 s after 1970)"));
    }

    fn at(text: &str) -> Result<u64, String> {
        parse_moment(text).and_then(|moment| moment.since_1970(NOW))
    }

    #[test]
    fn a_moment_is_a_time_from_now_or_a_date() {
        for (text, seconds) in [("90s", 90), ("24h", 86_400), ("1d", 86_400), ("7 days", 7 * 86_400), ("1h30m", 5400)] {
            assert_eq!(at(text), Ok(NOW + seconds), "{text}");
        }
        assert_eq!(at("1mo"), Ok(NOW + 30 * 86_400), "from 21 November to 21 December");
        let christmas_eve = 1_798_135_200;
        for text in ["2026-12-24T18:00", "2026-12-24 18:00:00", "2026-12-24T18:00:00Z", "2026-12-24T19:00:00+01:00"] {
            assert_eq!(at(text), Ok(christmas_eve), "{text}");
        }
        assert_eq!(at("2026-12-24"), Ok(christmas_eve - 18 * 3600));
    }

    #[test]
    fn what_is_no_moment_to_come_is_refused() {
        for text in
            ["", "soon", "24", "-1h", "0s", "1970-01-01", "2026-11-21", "2026-13-01", "-300000-01-01", "1700000000"]
        {
            assert!(at(text).is_err(), "{text}: {:?}", at(text));
        }
    }

    #[test]
    fn a_wait_has_whole_seconds() {
        assert_eq!(parse_seconds("90s"), Ok(90));
        assert_eq!(parse_seconds("5m"), Ok(300));
        assert_eq!(parse_seconds("1d"), Ok(86_400));
        for text in ["90", "0s", "1.5s", "-1s", "500ms", "200y", "soon"] {
            assert!(parse_seconds(text).is_err(), "{text}: {:?}", parse_seconds(text));
        }
    }
}

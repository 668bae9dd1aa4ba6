//! Releases of Core Lightning.

use crate::text::{excerpt, parse_digits};
use std::fmt;
use std::str::FromStr;

/// A release of Core Lightning, such as v24.11.1; ordered by age.
///
/// Since 2022 a release is named by year and month, and its first patch level is left out: v24.11. Older ones have all
/// three numbers: v0.10.2. What a build adds behind (`rc1`, `-modded`, `-12-gabcdef`) is read and forgotten: a release
/// candidate knows the commands of its release.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u16,
    minor: u16,
    patch: u16,
}

/// A text that names no release of Core Lightning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is no Core Lightning version: expected one like `v24.11`, `v24.11.1` or `v0.10.2`")]
pub struct ParseVersionError {
    input: String,
}

/// The names of the rows that are set and were added after `node`.
pub fn younger(node: Version, rows: &[(&'static str, Option<Version>, bool)]) -> Vec<&'static str> {
    let younger = rows.iter().filter(|(_, added, is_set)| *is_set && *added > Some(node));
    younger.map(|(name, _, _)| *name).collect()
}

impl Version {
    /// What schemas call `pre-v0.10.1`: there before anyone wrote down since when. It is taken for v0.10.0.
    pub const BEFORE_0_10_1: Version = Version::new(0, 10, 0);

    /// The release of that name; `patch` is 0 where the name has two numbers only.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Version { major, minor, patch }
    }

    /// The first number: the year, or 0 for releases before 2022.
    pub const fn major(self) -> u16 {
        self.major
    }

    /// The second number: the month, since 2022.
    pub const fn minor(self) -> u16 {
        self.minor
    }

    /// The patch level, 0 for the first.
    pub const fn patch(self) -> u16 {
        self.patch
    }

    fn parse(text: &str) -> Option<Version> {
        if text == "pre-v0.10.1" {
            return Some(Self::BEFORE_0_10_1);
        }
        let text = text.strip_prefix('v').unwrap_or(text);
        let (major, rest) = leading_number(text)?;
        let (minor, rest) = leading_number(rest.strip_prefix('.')?)?;
        let (patch, rest) = match rest.strip_prefix('.') {
            Some(rest) => leading_number(rest)?,
            None => (0, rest),
        };
        let suffix =
            rest.is_empty() || rest.starts_with(|next: char| next.is_ascii_alphabetic() || "-+".contains(next));
        suffix.then_some(Version { major, minor, patch })
    }
}

fn leading_number(text: &str) -> Option<(u16, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let number = parse_digits(digits)?;
    Some((number.try_into().ok()?, rest))
}

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, ParseVersionError> {
        Self::parse(text).ok_or_else(|| ParseVersionError { input: excerpt(text) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Version { major, minor, patch } = self;
        match (*major >= 10, *patch) {
            (true, 0) => write!(f, "v{major}.{minor:02}"),
            (true, patch) => write!(f, "v{major}.{minor:02}.{patch}"),
            (false, patch) => write!(f, "v{major}.{minor}.{patch}"),
        }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: (u16, u16, u16), shown: &str) {
        let version: Version = text.parse().unwrap();
        assert_eq!((version.major(), version.minor(), version.patch()), expected, "{text}");
        assert_eq!(version.to_string(), shown);
        assert_eq!(shown.parse(), Ok(version));
    }

    #[test]
    fn every_form_of_a_version_is_read() {
        check("v24.11", (24, 11, 0), "v24.11");
        check("24.11", (24, 11, 0), "v24.11");
        check("v24.11.1", (24, 11, 1), "v24.11.1");
        check("v0.10.2", (0, 10, 2), "v0.10.2");
        check("v0.11.0", (0, 11, 0), "v0.11.0");
        check("v26.06.6-12-gabcdef", (26, 6, 6), "v26.06.6");
        check("v25.02rc1", (25, 2, 0), "v25.02");
        check("v25.02-rc1-modded", (25, 2, 0), "v25.02");
        check("v24.11-modded", (24, 11, 0), "v24.11");
        check("pre-v0.10.1", (0, 10, 0), "v0.10.0");
    }

    #[test]
    fn versions_are_ordered_by_age() {
        let ages = ["pre-v0.10.1", "v0.10.1", "v0.12.0", "v22.11", "v22.11.1", "v23.02", "v24.08", "v24.11"];
        let versions: Vec<Version> = ages.iter().map(|text| text.parse().unwrap()).collect();
        assert!(versions.is_sorted());
        assert_eq!("v25.02rc1".parse(), Ok(Version::new(25, 2, 0)));
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for bad in [
            "",
            "v",
            "24",
            "v24.",
            "v.11",
            "v24.11.",
            "v24.11.1.2",
            "v24.11 ",
            "+24.11",
            "v70000.1",
            "pre-v23.02",
            "abcdef",
        ] {
            let message = bad.parse::<Version>().unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{bad}` is no Core Lightning version")), "{message}");
        }
    }
}

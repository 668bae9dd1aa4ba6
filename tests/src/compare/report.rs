//! What came of a comparison.

use std::fmt;

use serde_json::{Value, json};

use super::{CALLS, Figures};

/// One case, for both.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pair {
    /// What ours needs.
    pub ours: Figures,
    /// What theirs needs.
    pub theirs: Figures,
}

impl Pair {
    /// How many times as fast as theirs ours is.
    pub fn speed(&self) -> f64 {
        self.theirs.seconds / self.ours.seconds
    }

    /// Which part of their peak of memory ours has.
    pub fn memory(&self) -> f64 {
        self.ours.peak / self.theirs.peak
    }
}

/// All cases: medians of the runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// One long `listinvoices`.
    pub listinvoices: Pair,
    /// One long `listchannels`.
    pub listchannels: Pair,
    /// A longer `listinvoices` as a stream, which theirs does not have.
    pub stream: Figures,
    /// Many small calls.
    pub pipelined: Pair,
    /// One small call.
    pub single: Pair,
}

impl Report {
    /// The ratios. `speed`, `pipelined` and `single` tell how many times as fast as theirs ours is, `memory` which part
    /// of their peak ours has, `stream_mb` the MiB that a stream needs.
    pub fn to_json(&self) -> Value {
        let list = |pair: &Pair| json!({ "speed": rounded(pair.speed()), "memory": rounded(pair.memory()) });
        json!({
            "listinvoices": list(&self.listinvoices),
            "listchannels": list(&self.listchannels),
            "stream_mb": rounded(self.stream.peak),
            "pipelined": rounded(self.pipelined.speed()),
            "single": rounded(self.single.speed()),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, name: &str, ours: String, theirs: String, ratio: String, aim: &str| {
            writeln!(f, "{name:<34} {ours:>12} {theirs:>12} {ratio:>8}   {aim}")
        };
        let millis = |seconds: f64| format!("{:.0} ms", 1e3 * seconds);
        let mebibytes = |peak: f64| format!("{peak:.1} MiB");
        let per_second = |seconds: f64| format!("{:.0} /s", CALLS as f64 / seconds);
        let micros = |seconds: f64| format!("{:.1} µs", 1e6 * seconds);
        let ratio = |ratio: f64| format!("{ratio:.2}");
        row(f, "", "ours".to_owned(), "cln-rpc".to_owned(), "ratio".to_owned(), "aim")?;
        for (name, pair, aim) in
            [("listinvoices", &self.listinvoices, "≥ 2.5"), ("listchannels", &self.listchannels, "≥ 8")]
        {
            let Pair { ours, theirs } = pair;
            let title = format!("{name}, 100,000 entries: time");
            row(f, &title, millis(ours.seconds), millis(theirs.seconds), ratio(pair.speed()), aim)?;
            let title = format!("{name}: peak over base");
            row(f, &title, mebibytes(ours.peak), mebibytes(theirs.peak), ratio(pair.memory()), "≤ 0.25")?;
        }
        let Figures { seconds, peak, early, late } = self.stream;
        let none = || "-".to_owned();
        row(f, "stream, 300,000 invoices: time", millis(seconds), none(), none(), "")?;
        row(f, "stream: peak over base", mebibytes(peak), none(), none(), "≤ 16 MiB")?;
        row(f, "stream: first third", mebibytes(early), none(), none(), "")?;
        row(f, "stream: last third", mebibytes(late), none(), none(), "flat")?;
        let Pair { ours, theirs } = &self.pipelined;
        let speed = ratio(self.pipelined.speed());
        row(f, "getinfo, 64 in flight: calls", per_second(ours.seconds), per_second(theirs.seconds), speed, "≥ 5")?;
        let Pair { ours, theirs } = &self.single;
        let speed = ratio(self.single.speed());
        row(f, "getinfo alone: median of one", micros(ours.seconds), micros(theirs.seconds), speed, "≥ 1")
    }
}

fn rounded(ratio: f64) -> f64 {
    (ratio * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_have_the_documented_form() {
        let pair = |speed: f64| Pair {
            ours: Figures { seconds: 1.0, peak: 1.0, ..Figures::default() },
            theirs: Figures { seconds: speed, peak: 5.0, ..Figures::default() },
        };
        let report = Report {
            listinvoices: pair(3.0),
            listchannels: pair(9.125),
            stream: Figures { peak: 1.5, ..Figures::default() },
            pipelined: pair(6.0),
            single: pair(1.0),
        };
        let expected = json!({
            "listinvoices": { "speed": 3.0, "memory": 0.2 },
            "listchannels": { "speed": 9.13, "memory": 0.2 },
            "stream_mb": 1.5,
            "pipelined": 6.0,
            "single": 1.0,
        });
        assert_eq!(report.to_json(), expected);
    }
}

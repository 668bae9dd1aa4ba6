//! What came of the cycles.

use std::fmt;

use serde_json::{Value, json};

/// What some clients got done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Phase {
    /// How many clients there were.
    pub clients: usize,
    /// How many cycles they did.
    pub cycles: usize,
    /// In how many seconds.
    pub seconds: f64,
    /// The median time of a cycle, in seconds.
    pub median: f64,
    /// How often both nodes together waited for the disk.
    pub fsyncs: u64,
}

impl Phase {
    /// Cycles per second.
    pub fn rate(&self) -> f64 {
        self.cycles as f64 / self.seconds
    }

    /// How often both nodes together waited for the disk, for one cycle.
    pub fn fsyncs_per_cycle(&self) -> f64 {
        self.fsyncs as f64 / self.cycles as f64
    }
}

/// One client, many clients, and the disk.
#[derive(Clone, Debug, Default)]
pub struct CyclesReport {
    /// One client.
    pub one: Phase,
    /// Many clients.
    pub many: Phase,
    /// How often in a second the disk can be waited for, by a program that does nothing else.
    pub disk: f64,
    /// The folder, and its file system.
    pub folder: String,
    /// How many programs wanted a processor in the minute before.
    pub load: String,
}

impl CyclesReport {
    /// `one` and `many` are cycles per second, `disk_fsyncs` is per second too. `fsyncs_per_cycle` is that of many
    /// clients, `fsyncs_per_cycle_one` that of one.
    pub fn to_json(&self) -> Value {
        json!({
            "one": rounded(self.one.rate()),
            "many": rounded(self.many.rate()),
            "fsyncs_per_cycle": rounded(self.many.fsyncs_per_cycle()),
            "fsyncs_per_cycle_one": rounded(self.one.fsyncs_per_cycle()),
            "disk_fsyncs": rounded(self.disk),
        })
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

impl fmt::Display for CyclesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CyclesReport { one, many, .. } = self;
        let mut row =
            |name: &str, of: &dyn Fn(&Phase) -> String| writeln!(f, "{name:<28} {:>12} {:>12}", of(one), of(many));
        row("clients", &|phase| phase.clients.to_string())?;
        row("cycles per second", &|phase| format!("{:.1}", phase.rate()))?;
        row("fsyncs per cycle", &|phase| format!("{:.2}", phase.fsyncs_per_cycle()))?;
        row("median time of a cycle", &|phase| format!("{:.1} ms", 1e3 * phase.median))?;
        writeln!(f, "{:<28} {:>12.0}", "the disk: fsyncs per second", self.disk)?;
        writeln!(f, "in {}; load {}", self.folder, self.load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_documented_form() {
        let one = Phase { clients: 1, cycles: 100, seconds: 2.0, median: 0.02, fsyncs: 750 };
        let many = Phase { clients: 64, cycles: 1000, seconds: 2.0, median: 0.1, fsyncs: 1234 };
        let report = CyclesReport { one, many, disk: 900.0, ..CyclesReport::default() };
        let expected = json!({
            "one": 50.0,
            "many": 500.0,
            "fsyncs_per_cycle": 1.23,
            "fsyncs_per_cycle_one": 7.5,
            "disk_fsyncs": 900.0,
        });
        assert_eq!(report.to_json(), expected);
    }
}

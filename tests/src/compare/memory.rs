//! How much memory this process has.

use std::fs;

use super::Error;

/// The resident size now, in MiB.
pub(super) fn resident() -> Result<f64, Error> {
    status("VmRSS:")
}

/// The highest resident size since [`forget_peak`], in MiB.
pub(super) fn peak() -> Result<f64, Error> {
    status("VmHWM:")
}

/// Lets the peak begin anew from what is resident now.
pub(super) fn forget_peak() -> Result<(), Error> {
    fs::write("/proc/self/clear_refs", "5").map_err(Error::io("cannot reset the peak of memory"))
}

fn status(name: &str) -> Result<f64, Error> {
    let status = fs::read_to_string("/proc/self/status").map_err(Error::io("cannot read /proc/self/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| Error::Call(format!("/proc/self/status has no {name}")))
}

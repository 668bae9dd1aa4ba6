//! What the disk does by itself, and where it is.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::super::Error;

/// What is appended each time: a page of the database.
const PAGE: [u8; 4096] = [0x5a; 4096];
const DURATION: Duration = Duration::from_secs(1);

/// How often in a second a page can be appended to a file and waited for.
pub(super) fn fsyncs_per_second(folder: &Path) -> Result<f64, Error> {
    let path = folder.join("disk");
    let mut file = File::create(&path).map_err(Error::io("cannot make a file"))?;
    let (begun, mut count) = (Instant::now(), 0.0);
    while begun.elapsed() < DURATION {
        file.write_all(&PAGE).and_then(|()| file.sync_data()).map_err(Error::io("cannot write to the disk"))?;
        count += 1.0;
    }
    let rate = count / begun.elapsed().as_secs_f64();
    fs::remove_file(&path).map_err(Error::io("cannot remove a file"))?;
    Ok(rate)
}

/// A folder, and its file system where the system tells (Linux): one in memory has no disk to wait for.
pub(super) fn describe(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let kinds = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((Path::new(fields.next()?), fields.next()?))
    });
    let nearest = kinds.filter(|(place, _)| folder.starts_with(place)).max_by_key(|(place, _)| place.as_os_str().len());
    let kind = nearest.map_or("unknown file system", |(_, kind)| kind);
    format!("{} ({kind})", folder.display())
}

/// How many programs wanted a processor in the last minute; empty where the system does not tell.
pub(super) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

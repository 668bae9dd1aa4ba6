//! The lines of a recording, one at a time: a recording of days need not fit into memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::str;

/// Calls `visit` with the number, counted from 1, and the text of every line that is not blank; `None` stands for a line
/// that is not UTF-8. A byte order mark and either form of line end are taken off.
pub(super) fn for_each_line(path: &Path, mut visit: impl FnMut(u64, Option<&str>)) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        number += 1;
        let text = str::from_utf8(&line).ok();
        let text = text.map(|text| if number == 1 { text.trim_start_matches('\u{feff}') } else { text }.trim());
        if text != Some("") {
            visit(number, text);
        }
    }
}

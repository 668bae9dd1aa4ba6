//! What people read on stdout, in lines of 80 columns.

use std::fmt::Display;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};

/// The columns of the output.
pub const WIDTH: usize = 80;
/// Those before a field's value.
const INDENT: usize = 14;

pub const BOLD: Style = Style::new().bold();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const BAD: Style = AnsiColor::Red.on_default();
pub const DOUBTFUL: Style = AnsiColor::Yellow.on_default();

pub fn line(text: impl Display) {
    // Whoever has asked may have stopped reading.
    let _ = writeln!(anstream::stdout(), "{text}");
}

pub fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

pub fn title(text: &str) {
    line("");
    line(styled(BOLD, text));
}

/// A name and its value, which goes on in the next lines when it is long.
pub fn field(name: &str, value: impl Display) {
    coloured_field(name, Style::new(), value);
}

/// The same with the value in colour.
pub fn coloured_field(name: &str, style: Style, value: impl Display) {
    let value = printable(&value.to_string());
    for (at, part) in wrapped(&value, WIDTH - INDENT).into_iter().enumerate() {
        let start = if at == 0 { format!(" {name}") } else { String::new() };
        line(format_args!("{start:width$} {}", styled(style, part), width = INDENT - 1));
    }
}

/// JSON, or another text for programs, as it is.
pub fn raw(text: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text).and_then(|()| stdout.write_all(b"\n"));
}

/// A text with what would move the cursor or turn the writing around spelled out: strangers write descriptions.
pub fn printable(text: &str) -> String {
    let is_plain = |character: char| {
        !character.is_control()
            && !matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|character| {
            let (plain, spelled) =
                if is_plain(character) { (Some(character), None) } else { (None, Some(character.escape_unicode())) };
            plain.into_iter().chain(spelled.into_iter().flatten())
        })
        .collect()
}

/// The text in lines of so many characters at most, broken at spaces where there are any. There is one line at least.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((end, next)) = rest.char_indices().nth(width) {
        let head = &rest[..end];
        let space = if next == ' ' { Some(end) } else { head.rfind(' ').filter(|space| *space > 0) };
        let at = space.unwrap_or(end);
        lines.push(rest[..at].to_owned());
        rest = rest[at..].strip_prefix(' ').unwrap_or(&rest[at..]);
    }
    lines.push(rest.to_owned());
    lines
}

/// The text, cut where it is longer than so many characters.
pub fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_broken_at_spaces_and_nothing_is_lost() {
        let check = |text: &str, expected: &[&str]| assert_eq!(wrapped(text, 5), expected, "{text}");
        check("", &[""]);
        check("12345", &["12345"]);
        check("123456", &["12345", "6"]);
        check("12345 6", &["12345", "6"]);
        check("12 45 78", &["12 45", "78"]);
        check("12 4567", &["12", "4567"]);
        check("☃☃☃☃☃☃", &["☃☃☃☃☃", "☃"]);
    }

    #[test]
    fn a_stranger_cannot_write_over_the_screen() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}d");
        assert_eq!(printable("täxt ☃ 🦀"), "täxt ☃ 🦀");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(shortened("123456", 6), "123456");
        assert_eq!(shortened("1234567", 6), "12345…");
    }
}

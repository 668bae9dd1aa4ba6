//! A text that somebody has handed over: as it is, as a link, on stdin, or as a picture of a QR code.

use std::io::Read as _;
use std::path::Path;

use super::exit::{Exit, Failure};
use super::qr;

const SCHEME: &str = "lightning:";
/// More than any text that can be meant.
const MOST_BYTES: u64 = 1 << 20;

/// The text that the argument is or leads to, without `lightning:`.
pub fn text(argument: &str) -> Result<String, Failure> {
    let text = match argument {
        "-" => from_stdin()?,
        path if Path::new(path).is_file() => qr::read(Path::new(path))?,
        path if is_meant_for_file(path) => {
            let problem = format!("there is no file {path}");
            return Err(Failure::new(Exit::BadInput, problem, "Name a picture of a QR code, or give the text itself."));
        }
        text => text.to_owned(),
    };
    let text = without_scheme(text.trim());
    if text.is_empty() {
        return Err(Failure::new(
            Exit::BadInput,
            "the text is empty",
            "Paste all of it, or name a picture of its QR code.",
        ));
    }
    Ok(text.to_owned())
}

/// No text that can be decoded has such a form.
fn is_meant_for_file(argument: &str) -> bool {
    let lower = argument.to_ascii_lowercase();
    argument.contains('/') || [".png", ".jpg", ".jpeg"].iter().any(|end| lower.ends_with(end))
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    match std::io::stdin().lock().take(MOST_BYTES + 1).read_to_string(&mut text) {
        Ok(length) if length as u64 > MOST_BYTES => {
            let problem = format!("stdin has more than {MOST_BYTES} bytes");
            Err(Failure::new(Exit::BadInput, problem, "Write one text to it, or give it as an argument."))
        }
        Ok(_) => Ok(text),
        Err(error) => {
            let problem = format!("stdin cannot be read: {error}");
            Err(Failure::new(Exit::BadInput, problem, "Write the text to it, or give it as an argument."))
        }
    }
}

fn without_scheme(text: &str) -> &str {
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_the_text_in_it() {
        for link in ["lnr1abc", "lightning:lnr1abc", "LIGHTNING:lnr1abc", "  lightning:lnr1abc\n"] {
            assert_eq!(text(link).unwrap(), "lnr1abc", "{link}");
        }
        for nothing in ["", " ", "lightning:"] {
            assert_eq!(text(nothing).unwrap_err().exit, Exit::BadInput, "{nothing:?}");
        }
    }

    #[test]
    fn a_missing_picture_is_told() {
        for path in ["./code", "/nowhere/x", "code.PNG", "code.jpeg"] {
            let words = text(path).unwrap_err().words();
            assert!(words.contains(&format!("there is no file {path}")), "{words}");
        }
    }
}

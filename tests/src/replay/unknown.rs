//! Which texts a decoded value keeps as unknown. `Debug` is the one view that every generated type has and in which an
//! `Unknown` arm shows itself; on the wire it looks like any other.

/// The texts in the `Unknown` arms of a value, by its `Debug`.
pub(super) fn unknown_values(debug: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = debug;
    while let Some(at) = rest.find(['"', 'U']) {
        let before = &rest[..at];
        rest = &rest[at..];
        if rest.starts_with('"') {
            rest = literal(rest).1;
            continue;
        }
        let arm = ["Unknown(UnknownVariant { value: \"", "Unknown(\""].into_iter().find(|arm| rest.starts_with(arm));
        match arm {
            Some(arm) if !before.ends_with(|c: char| c.is_alphanumeric() || c == '_') => {
                let (text, behind) = literal(&rest[arm.len() - 1..]);
                found.push(text);
                rest = behind;
            }
            _ => rest = &rest[1..],
        }
    }
    found
}

/// Reads a string literal as `Debug` writes it, the quote in front included; gives the text and what stands behind.
fn literal(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut chars = quoted.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, &quoted[at + 1..]),
            '\\' => match chars.next().map(|(_, escaped)| escaped) {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('0') => text.push('\0'),
                Some('u') => {
                    let digits = chars.by_ref().map(|(_, c)| c).skip(1).take_while(|c| *c != '}');
                    let code = u32::from_str_radix(&digits.collect::<String>(), 16).ok();
                    text.extend(code.and_then(char::from_u32));
                }
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cln_api::shared::InvoiceStatus;
    use cln_primitives::UnknownVariant;

    #[derive(Debug)]
    #[allow(dead_code, reason = "only shown")]
    enum Status {
        Unknown(UnknownVariant),
        NotUnknown(&'static str),
    }

    fn check(value: &impl std::fmt::Debug, expected: &[&str]) {
        assert_eq!(unknown_values(&format!("{value:?}")), expected, "{value:?}");
    }

    #[test]
    fn both_kinds_of_unknown_are_found() {
        check(&InvoiceStatus::from_wire("held"), &["held"]);
        let variant = || Status::Unknown(UnknownVariant::new("a \"b\"\n\u{7f}é", Default::default()));
        check(&vec![variant(), variant()], &["a \"b\"\n\u{7f}é", "a \"b\"\n\u{7f}é"]);
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        check(&InvoiceStatus::from_wire("paid"), &[]);
        check(&"Unknown(\"held\")", &[]);
        check(&Status::NotUnknown("held"), &[]);
        check(&("\\", InvoiceStatus::from_wire("x")), &["x"]);
    }
}

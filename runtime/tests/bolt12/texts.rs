//! The text form: what is joined, what is refused, and with which words.

use cln_runtime::bolt12::{Accept, Error, Offer};
use proptest::prelude::*;

/// An offer of a key alone.
pub const MINIMAL: &str = "lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese";

fn check(text: &str, expected: Result<(), Error>) {
    assert_eq!(Offer::parse(text, Accept::Any).map(|_| ()), expected, "{text:?}");
}

#[test]
fn parts_are_joined() {
    check(MINIMAL, Ok(()));
    check(&MINIMAL.to_uppercase(), Ok(()));
    for joint in ["+", "+ ", "+\n", "+\r\n \t\u{b}\u{c}"] {
        for at in 1..MINIMAL.len() {
            check(&format!("{}{joint}{}", &MINIMAL[..at], &MINIMAL[at..]), Ok(()));
        }
    }
}

#[test]
fn what_joins_nothing_is_refused() {
    let plus = |at| Err(Error::TextCharacter { character: '+', at });
    let end = MINIMAL.len();
    check(&format!("{MINIMAL}+"), plus(end));
    check(&format!("{MINIMAL}+ \n"), Err(Error::TextUnfinished { at: end }));
    check(&format!("{}++{}", &MINIMAL[..9], &MINIMAL[9..]), plus(10));
    check(&format!("{}+ +{}", &MINIMAL[..9], &MINIMAL[9..]), plus(11));
    check(&format!("{} {}", &MINIMAL[..9], &MINIMAL[9..]), Err(Error::TextCharacter { character: ' ', at: 9 }));
    let prefix = |found: &str| Err(Error::TextPrefix { found: found.into(), expected: "lno" });
    check(&format!("+{MINIMAL}"), prefix("+lno"));
    check(&format!("+ {MINIMAL}"), prefix("+ lno"));
    check(&format!("ln++o{}", &MINIMAL[3..]), prefix("ln+o"));
}

#[test]
fn other_texts_are_refused() {
    let prefix = |found: &str| Err(Error::TextPrefix { found: found.into(), expected: "lno" });
    check("", Err(Error::TextNoSeparator));
    check("lno", Err(Error::TextNoSeparator));
    check("lno+", Err(Error::TextNoSeparator));
    check("1qq", prefix(""));
    check("lnr1qq", prefix("lnr"));
    check("LNR1QQ", prefix("lnr"));
    check(&format!("lightning:{MINIMAL}"), prefix("lightning:lno"));
    check("Lno1qq", Err(Error::TextMixedCase { at: 1 }));
    check("lno1qQ", Err(Error::TextMixedCase { at: 5 }));
    check("lno1qqqqqqqQ", Err(Error::TextMixedCase { at: 11 }));
    check("lno1qqqqqqqqQQQQQQQQ", Err(Error::TextMixedCase { at: 12 }));
    for character in ['b', 'i', 'o', '1', '-', 'ä', '\0'] {
        check(&format!("lno1qq{character}q"), Err(Error::TextCharacter { character, at: 6 }));
    }
    check("lno1", Err(Error::NoIssuer));
    check(&format!("{MINIMAL}q"), Err(Error::TextPaddingLength { bits: 5 }));
    check("lno1qp", Err(Error::TextPaddingNotZero));
}

#[test]
fn an_error_tells_where() {
    let error = Offer::parse("lno1qq+ q", Accept::Any).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the text is a character too long or too short: 7 bits are left over, at most 4 may be"
    );
    let error = Offer::parse(&MINIMAL.replace("zcss", "zcs+ss"), Accept::Any).unwrap_err();
    assert!(!error.to_string().is_empty());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = Offer::parse(&text, Accept::Any);
        let _ = Offer::parse(&format!("lno1{text}"), Accept::Any);
    }
}

//! The picture of `lnr demo`, which README and the book show.

use std::fs;
use std::path::Path;

use crate::network::{lnr, read};

/// The columns before a value.
const INDENT: &str = "              ";

/// What the program writes to a terminal with colours, as a picture.
fn picture() -> String {
    let mut demo = lnr(&["demo"]);
    let (code, shown, log) = read(demo.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1").output().unwrap());
    assert_eq!((code, log.as_str()), (Some(0), ""), "{shown}");
    anstyle_svg::Term::new().palette(anstyle_svg::WIN10_CONSOLE).render_svg(&format!("$ lnr demo\n{shown}"))
}

/// The picture without what differs from run to run: keys, hashes, and the texts of BOLT 12 with their further lines.
fn masked(picture: &str) -> String {
    let mut goes_on = false;
    let lines = picture.lines().map(|line| {
        let Some((before, value)) = line.strip_suffix("</tspan>").and_then(|line| line.rsplit_once(' ')) else {
            return format!("{line}\n");
        };
        let shown = line.rsplit_once("<tspan>").map_or("", |(_, shown)| shown);
        goes_on = shown.starts_with(" bolt12 ") || goes_on && shown.starts_with(INDENT);
        let value = if goes_on || value.len() >= 64 { "x".repeat(value.len()) } else { value.to_owned() };
        format!("{before} {value}</tspan>\n")
    });
    lines.collect()
}

#[test]
fn the_picture_is_what_the_demo_writes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/demo.svg");
    let made = picture();
    if masked(&made) == masked(&fs::read_to_string(&path).unwrap_or_default()) {
        return;
    }
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        return fs::write(&path, made).unwrap();
    }
    panic!("docs/src/demo.svg shows another demo; INSTA_UPDATE=always draws it anew:\n{}", masked(&made));
}

#[test]
fn a_picture_of_another_demo_is_noticed() {
    let made = picture();
    assert_eq!(masked(&made), masked(&picture()), "the same in each run");
    for (shown, other) in [("900,000 sat", "900,001 sat"), ("1004", "1005"), ("available", "avoidable")] {
        assert_ne!(masked(&made), masked(&made.replace(shown, other)), "{shown}");
    }
}

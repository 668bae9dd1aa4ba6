//! Titles, descriptions, defaults and the texts of errors: documentation, whatever they hold.

use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag};
use serde_json::json;

use crate::common;
use crate::rust::{Parsed, parse_all};

/// One command with a text in every place that has one; and with conditions, which tell a field's text again.
fn schema(text: &str) -> String {
    let error = text.replace(['\n', '\r'], " ");
    let about = |ty: &str| json!({ "description": text, "type": ty, "default": text });
    let schema = json!({
        "rpc": "test", "title": text, "description": [text],
        "request": { "required": ["given"], "properties": { "given": about("string"), "may": about("u8") } },
        "response": {
            "required": ["status", "inner"],
            "properties": {
                "status": { "description": text, "type": "string", "enum": ["paid", "unpaid"] },
                "inner": { "description": text, "type": "object", "properties": { "deep": about("msat") } },
                "kind": { "description": text, "type": "string", "enum": ["one", "two"] },
                "either": { "description": text, "oneOf": [about("u8"), about("string")] },
            },
            "if": { "properties": { "status": { "enum": ["paid"] } } },
            "then": { "required": ["at"], "properties": { "status": {}, "inner": {}, "kind": {}, "either": {}, "at": about("u64") } },
        },
        "errors": [format!("- 900: {error}"), format!("- 901 (NAMED): {error}")],
    });
    schema.to_string()
}

fn emitted(text: &str) -> std::collections::BTreeMap<String, String> {
    common::emitted(&[("test.json", &schema(text))], common::OVERLAY)
}

/// The text changes nothing but documentation, and of that nothing but what is read.
fn check(text: &str) {
    let (plain, hostile) = (emitted("Plain words."), emitted(text));
    let (plain, hostile) = (parse_all(&plain), parse_all(&hostile));
    assert!(plain.keys().eq(hostile.keys()));
    for (path, Parsed { docs, code }) in &hostile {
        assert_eq!(code, &plain[path].code, "{path} has other code with the text {text:?}");
        assert_eq!(docs.len(), plain[path].docs.len(), "{path} documents other items with the text {text:?}");
        match *path {
            "lib.rs" => assert_eq!(rows(&docs[0]), rows(&plain[path].docs[0]), "with the title {text:?}"),
            // It has an example of its own.
            "schema.rs" => {}
            _ => docs.iter().for_each(|doc| is_inert(doc, ["hook.rs", "notification.rs"].contains(path))),
        }
    }
}

/// How many cells the table of all commands has, whose texts are as inert as any.
fn rows(root: &str) -> usize {
    let (_, table) = root.split_once("# Commands").unwrap();
    is_inert(table, true);
    Parser::new_ext(table, OPTIONS).filter(|event| matches!(event, Event::Start(Tag::TableCell))).count()
}

/// As rustdoc has them.
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_SMART_PUNCTUATION);

/// As rustdoc reads it, the text has no HTML, no code that would be run, and no link but to what it shows or to the crate.
fn is_inert(doc: &str, table: bool) {
    for event in Parser::new_ext(doc, OPTIONS) {
        let inert = match &event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => &**language == "text",
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let ours = ["mod@", "Self"].iter().any(|start| dest_url.starts_with(start));
                *link_type == LinkType::Autolink || ours || &**dest_url == "Error::common"
            }
            Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::Image { .. } | Tag::FootnoteDefinition(_)) => false,
            Event::Start(Tag::Table(_)) => table,
            Event::Html(_) | Event::InlineHtml(_) | Event::FootnoteReference(_) => false,
            _ => true,
        };
        assert!(inert, "{event:?} in\n{doc}");
    }
    assert!(doc.chars().all(|c| c == '\n' || !c.is_control()), "{doc:?} has what cannot be seen");
}

#[test]
fn a_text_that_ends_a_comment_or_begins_another_attribute() {
    for text in [
        "*/ fn evil() {} /*",
        "/ evil",
        "!evil",
        "a\nfn evil() {}",
        "a\rfn evil() {}",
        "a\r\nfn evil() {}\r\r\nb",
        "\"]\nfn evil() {}\n#[doc = \"",
        "#![feature(evil)]",
        "#![doc = include_str!(\"/etc/passwd\")]",
        "\\\" \\n \\u{41} \\",
        "r#\"evil\"#",
        "{} {0} {evil} #evil $evil",
        "\u{2028}fn evil() {}\u{2029}fn evil() {}\u{85}fn evil() {}\u{b}fn evil() {}\u{c}fn evil() {}",
        "\u{0}\u{1b}[2J\u{7f}\u{feff}",
        "\u{202e}} live nf\u{2066}",
    ] {
        check(text);
    }
}

#[test]
fn a_text_that_would_be_run_as_a_test() {
    for text in [
        "```\nevil()\n```",
        "```rust\nevil()",
        "```\nx\n```\nevil() /*\n```\ny */\n```",
        "~~~\nevil()\n~~~",
        "````\n```\nevil()\n```\n````",
        "- ```\n  evil()\n  ```",
        "- ``````\n  evil()",
        "1. ~~~\n   evil()",
        "-      evil()",
        "-\t\tevil()",
        "> ```\n> evil()",
        "a\n\n    evil()",
        "a\n\n\tevil()",
        "- a\n\n      evil()",
        "* - + 1) ~~~rust\nevil()",
    ] {
        check(text);
    }
}

#[test]
fn a_text_that_would_be_html_or_a_link() {
    for text in [
        "<script>evil()</script>",
        "\\<img src=x onerror=evil()>",
        "\\\\<img src=x onerror=evil()>",
        "x ``` <script>evil()</script> `",
        "``x` <script>evil()</script> `",
        "\\`<script>` evil()",
        "`a\\` <b> `",
        "x|y\n-|-\n`|<script>evil()</script>`",
        "`x|y`\n:-:\n`|<script>evil()</script>`",
        "[evil](javascript:evil()) ![evil](http://example.org)",
        "[evil]\n\n[evil]: javascript:evil()",
        "http://a\\>b http://<b> https://[x](y) javascript:http://evil",
        "a[^1]\n\n[^1]: <b>",
        "<!-- a\nb -->",
        "<?evil?> <![CDATA[evil]]>",
    ] {
        check(text);
    }
}

/// Documentation says what the schema says, word for word.
#[test]
fn a_text_stands_in_its_places_as_it_is() {
    for text in ["*/ # `r#\"a\"#` {} \\n \"q\" 'q' /* // $x !", "naïve \u{1f980} \u{4f60}", "a\n\n- b\n- c"] {
        let emitted = emitted(text);
        let docs = &parse_all(&emitted)["test.rs"].docs;
        assert!(docs.iter().any(|doc| doc == text), "{text:?} among {docs:#?}");
        assert!(docs.iter().any(|doc| doc.starts_with(&format!("{text}\n\nDefault: "))), "{text:?} among {docs:#?}");
        assert!(docs[0].ends_with(text), "{text:?} in {:?}", docs[0]);
    }
}

/// What Markdown and Rust could stumble over, and words between.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("```"),
        Just("``"),
        Just("`"),
        Just("~~~"),
        Just("\\"),
        Just("<b a="),
        Just(">"),
        Just("<script>"),
        Just("["),
        Just("]"),
        Just("("),
        Just("|"),
        Just("-"),
        Just(":-"),
        Just("    "),
        Just("\t"),
        Just("\n"),
        Just("\r"),
        Just("\r\n"),
        Just("\n\n"),
        Just("*/"),
        Just("/*"),
        Just("//"),
        Just("#!["),
        Just("\""),
        Just("r#\""),
        Just("{}"),
        Just("1. "),
        Just("> "),
        Just("http://"),
        Just("a"),
        Just("evil() "),
        Just("&lt;"),
        Just("\u{0}"),
        Just("\u{202e}"),
        Just("é"),
        Just("$"),
        Just("_"),
        Just("*"),
        Just("!"),
        Just("=="),
    ];
    prop::collection::vec(piece, 1..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_anything_but_documentation(text in text()) {
        check(&text);
    }
}

//! Texts as rustdoc: ours and other people's, none of which may break the documentation's build.

use proc_macro2::TokenStream;
use quote::quote;

use crate::dialect::Deprecation;
use crate::model::About;

/// `#[doc]` attributes for a text; `fallback` is the plain line for what has none.
pub(super) fn docs(about: &About, fallback: &str) -> TokenStream {
    let mut text = about.text.as_deref().map_or_else(|| fallback.to_owned(), clean);
    if let Some(default) = &about.default {
        text.push_str(&format!("\n\nDefault: {}.", clean_phrase(default).trim_end_matches('.')));
    }
    if let Some(added) = about.added {
        text.push_str(&format!("\n\nAdded in {added}."));
    }
    let deprecated = about.deprecated.map(deprecated);
    let lines = lines(&text);
    quote!(#lines #deprecated)
}

/// `#[doc]` attributes for an enum's value, as it is on the wire.
pub(super) fn value(wire: &str, text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => lines(&clean(&format!("`{wire}`: {text}"))),
        None => lines(&format!("`{wire}`.")),
    }
}

/// `#[doc]` attributes for a text of the generator's own.
pub(super) fn lines(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| match line.trim_end() {
        "" => String::new(),
        line => format!(" {line}"),
    });
    quote!(#(#[doc = #lines])*)
}

fn deprecated(deprecation: Deprecation) -> TokenStream {
    let note = match deprecation.removed {
        Some(removed) => format!("nodes may lack it from {removed} on"),
        None => "nodes may lack it in a later release".to_owned(),
    };
    match deprecation.since {
        Some(since) => {
            let since = since.to_string();
            quote!(#[deprecated(since = #since, note = #note)])
        }
        None => quote!(#[deprecated(note = #note)]),
    }
}

/// Makes a text safe for rustdoc: no HTML, no links but real ones, and no code but fenced text, for rustdoc compiles and
/// runs every other block of it. What is put in front of a text has to be cleaned together with it.
pub(in crate::emit) fn clean(text: &str) -> String {
    let mut cleaned = Vec::new();
    let mut fenced = false;
    for line in visible(text.trim()).lines() {
        let line = line.trim_end();
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            cleaned.push(if fenced { "```text".to_owned() } else { "```".to_owned() });
        } else if fenced {
            cleaned.push(line.to_owned());
        } else {
            cleaned.push(clean_line(line));
        }
    }
    if fenced {
        cleaned.push("```".to_owned());
    }
    cleaned.join("\n")
}

/// The same for a text that stands inside of a line.
pub(super) fn clean_phrase(text: &str) -> String {
    clean_line(&visible(text))
}

/// Control characters and those that turn the direction of what follows, as their code points; a line ends with `\n`.
fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' | '\r' => visible.push('\n'),
            '\t' => visible.push(' '),
            c if c.is_control() || turns_direction(c) => visible.extend(c.escape_unicode()),
            c => visible.push(c),
        }
    }
    visible
}

/// rustc refuses these in comments, as code that follows would not read as it runs.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

fn clean_line(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    // Four spaces would make it code, in a list as well.
    let mut cleaned = " ".repeat(indent.min(2));
    // Other documentation writes code in two backticks. What still is no pair of single ones stands for itself.
    let line = words(line).replace("``", "`");
    let paired = !line.contains("``") && line.matches('`').count().is_multiple_of(2);
    for (index, part) in line.split('`').enumerate() {
        if index > 0 {
            cleaned.push_str(if paired { "`" } else { "\\`" });
        }
        if paired && index % 2 == 1 {
            cleaned.push_str(part);
        } else {
            let words: Vec<String> = part.split(' ').map(clean_word).collect();
            cleaned.push_str(&words.join(" "));
        }
    }
    cleaned
}

/// The words of a line, one blank between them.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn clean_word(word: &str) -> String {
    let start = word.find("http://").or_else(|| word.find("https://"));
    if let Some(start) = start {
        let (before, url) = word.split_at(start);
        let end = url.find(['<', '>', ')', ']', ',', '"']).unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        let (url, stop) = url.strip_suffix('.').map_or((url, ""), |url| (url, "."));
        return format!("{}<{url}>{stop}{}", escaped(before), escaped(after));
    }
    escaped(word)
}

/// A text without its meaning in Markdown, as far as it could be HTML, a link, a table or a block of code.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut backslashes = 0;
    for c in text.chars() {
        if c == '\\' {
            backslashes += 1;
        } else if matches!(c, '<' | '>' | '[' | ']' | '~' | '|') {
            // Those that stand in front of an escape would undo it.
            escaped.extend(std::iter::repeat_n('\\', backslashes + 1));
            backslashes = 0;
        } else {
            backslashes = 0;
        }
        escaped.push(c);
    }
    escaped.extend(std::iter::repeat_n('\\', backslashes));
    escaped
}

#[cfg(test)]
mod tests {
    use super::{clean, clean_phrase};

    fn check(text: &str, cleaned: &str) {
        assert_eq!(clean(text), cleaned);
    }

    #[test]
    fn html_and_brackets_are_text() {
        check("a <b> [c](d)", "a \\<b\\> \\[c\\](d)");
        check("kept in `Vec<u8>`", "kept in `Vec<u8>`");
        check("an odd ` <b>", "an odd \\` \\<b\\>");
        check("a \\<b c=d>", "a \\\\\\<b c=d\\>");
        check("a\\`<b>`", "a\\\\`<b>`");
        check("a\\nb", "a\\nb");
    }

    #[test]
    fn addresses_are_links() {
        check("see https://example.org/a.", "see <https://example.org/a>.");
        check("(https://example.org)", "(<https://example.org>)");
    }

    #[test]
    fn code_is_what_stands_between_single_backticks() {
        check("by ``GET`` or `POST`", "by `GET` or `POST`");
        check("x ``` <b> `", "x \\`\\` \\<b\\> \\`");
        check("a ` b\nc ` d", "a \\` b\nc \\` d");
    }

    #[test]
    fn nothing_becomes_code_by_accident() {
        check("a\n        deep", "a\n  deep");
        check("```\nlet x;\n", "```text\nlet x;\n```");
        check("```rust\nlet x;\n```\n- ```", "```text\nlet x;\n```\n- \\`\\`");
        check("~~~\nlet x;", "\\~\\~\\~\nlet x;");
        check("-      let x;", "- let x;");
        assert_eq!(clean_phrase("```\nlet x;"), "\\`\\` let x;");
    }

    #[test]
    fn what_cannot_be_seen_is_spelt_out() {
        check("a\u{202e}b\u{0}c\u{1b}d", "a\\u{202e}b\\u{0}c\\u{1b}d");
        check("a\rb\r\nc\td", "a\nb\nc d");
    }
}

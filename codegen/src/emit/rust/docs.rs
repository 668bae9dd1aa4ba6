//! Texts as rustdoc: ours and other people's, none of which may break the documentation's build.

use proc_macro2::TokenStream;
use quote::quote;

use crate::dialect::Deprecation;
use crate::model::About;

/// `#[doc]` attributes for a text; `fallback` is the plain line for what has none.
pub(super) fn docs(about: &About, fallback: &str) -> TokenStream {
    let mut text = about.text.as_deref().map_or_else(|| fallback.to_owned(), clean);
    if let Some(default) = &about.default {
        text.push_str(&format!("\n\nDefault: {}.", clean(default).trim_end_matches('.')));
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
        Some(text) => lines(&format!("`{wire}`: {}", clean(text))),
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

/// Makes a text safe for rustdoc: no HTML, no links but real ones, no accidental code.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = Vec::new();
    let mut fenced = false;
    for line in text.trim().lines() {
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

fn clean_line(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    // Four spaces would make it code.
    let mut cleaned = " ".repeat(indent.min(2));
    let balanced = line.matches('`').count().is_multiple_of(2);
    for (index, part) in line.trim_start().split('`').enumerate() {
        if index > 0 {
            cleaned.push_str(if balanced { "`" } else { "\\`" });
        }
        if balanced && index % 2 == 1 {
            cleaned.push_str(part);
        } else {
            let words: Vec<String> = part.split(' ').map(clean_word).collect();
            cleaned.push_str(&words.join(" "));
        }
    }
    cleaned
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

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '<' | '>' | '[' | ']') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::clean;

    fn check(text: &str, cleaned: &str) {
        assert_eq!(clean(text), cleaned);
    }

    #[test]
    fn html_and_brackets_are_text() {
        check("a <b> [c](d)", "a \\<b\\> \\[c\\](d)");
        check("kept in `Vec<u8>`", "kept in `Vec<u8>`");
        check("an odd ` <b>", "an odd \\` \\<b\\>");
    }

    #[test]
    fn addresses_are_links() {
        check("see https://example.org/a.", "see <https://example.org/a>.");
        check("(https://example.org)", "(<https://example.org>)");
    }

    #[test]
    fn nothing_becomes_code_by_accident() {
        check("        deep", "  deep".trim_start());
        check("a\n        deep", "a\n  deep");
        check("```\nlet x;\n", "```text\nlet x;\n```");
    }
}

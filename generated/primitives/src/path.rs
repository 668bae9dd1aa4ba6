//! Paths into JSON, such as `invoices[2].status`; empty for the whole.

use serde_path_to_error::Path;

/// The path as text.
pub(crate) fn text(path: &Path) -> String {
    // Its own text for the whole is a dot.
    if path.iter().len() == 0 { String::new() } else { path.to_string() }
}

/// The path of what is at `inner` in what is at `outer`.
pub(crate) fn joined(outer: &str, inner: &str) -> String {
    let dot = if outer.is_empty() || inner.is_empty() || inner.starts_with('[') { "" } else { "." };
    format!("{outer}{dot}{inner}")
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_are_joined_by_a_dot_where_a_name_follows() {
        for (outer, inner, expected) in
            [("a", "b", "a.b"), ("a", "[0].b", "a[0].b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")]
        {
            assert_eq!(joined(outer, inner), expected);
        }
    }
}

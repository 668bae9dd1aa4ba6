//! Where a JSON value ends, in bytes that may come in pieces.

use memchr::memchr2;

/// Inside of what the scan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// A text that is the value.
    Text,
    /// An object or list, so many levels deep: what is skipped in a stream may be longer than any memory.
    Nested(u64),
    /// A text in one of these.
    NestedText(u64),
    /// A number, `true`, `false` or `null`.
    Word,
}

/// The scan of one value. It tells the end of a value that is JSON, and the end of something for one that is not: what is
/// inside is for a parser to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueScan {
    inside: Inside,
    /// The last byte so far is a backslash in a text.
    escaped: bool,
}

impl ValueScan {
    /// A scan of the value that begins with this byte, which is behind already; `None` when no value begins so.
    pub(crate) fn begin(first: u8) -> Option<Self> {
        let inside = match first {
            b'"' => Inside::Text,
            b'{' | b'[' => Inside::Nested(1),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Inside::Word,
            _ => return None,
        };
        Some(Self { inside, escaped: false })
    }

    /// Goes on from `at` to the end of the value or of the bytes; true when the value has ended, before `at`.
    pub(crate) fn advance(&mut self, bytes: &[u8], at: &mut usize) -> bool {
        while *at < bytes.len() {
            match self.inside {
                Inside::Text => return self.skip_text(bytes, at),
                Inside::NestedText(depth) => {
                    if !self.skip_text(bytes, at) {
                        return false;
                    }
                    self.inside = Inside::Nested(depth);
                }
                Inside::Nested(depth) => {
                    if self.skip_nested(depth, bytes, at) {
                        return true;
                    }
                }
                Inside::Word => match bytes[*at] {
                    b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' => return true,
                    _ => *at += 1,
                },
            }
        }
        false
    }

    /// Goes on to the end of a text; true when that is behind.
    fn skip_text(&mut self, bytes: &[u8], at: &mut usize) -> bool {
        if std::mem::take(&mut self.escaped) {
            *at += 1;
        }
        while let Some(found) = bytes.get(*at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            *at += found + 1;
            if bytes[*at - 1] == b'"' {
                return true;
            }
            if *at == bytes.len() {
                self.escaped = true;
                return false;
            }
            *at += 1;
        }
        *at = bytes.len();
        false
    }

    /// Goes on to the next text in an object or list, or to its end; true when that is behind.
    fn skip_nested(&mut self, mut depth: u64, bytes: &[u8], at: &mut usize) -> bool {
        for (index, byte) in bytes[*at..].iter().enumerate() {
            match byte {
                b'"' => {
                    *at += index + 1;
                    self.inside = Inside::NestedText(depth);
                    return false;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        *at += index + 1;
                        return true;
                    }
                }
                _ => {}
            }
        }
        *at = bytes.len();
        self.inside = Inside::Nested(depth);
        false
    }
}

//! Messages between lightningd and its plugins, or its clients: JSON values one after the other.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// So many bytes are looked at whenever some of them have come.
const SHORT: usize = 16 * 1024;

/// Reads values, whatever stands between them.
#[derive(Debug)]
pub struct Frames<R> {
    from: R,
    bytes: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub fn new(from: R) -> Self {
        Frames { from, bytes: Vec::new() }
    }

    /// A long value is read at its end, and not anew with each piece of it.
    fn may_hold_one(&self) -> bool {
        self.bytes.len() < SHORT || self.bytes.trim_ascii_end().ends_with(b"}")
    }

    /// The next value; `None` at the end.
    ///
    /// # Errors
    /// When it cannot be read, or is no JSON.
    pub async fn next(&mut self) -> io::Result<Option<Value>> {
        loop {
            if self.may_hold_one() {
                let mut values = serde_json::Deserializer::from_slice(&self.bytes).into_iter::<Value>();
                match values.next() {
                    Some(Ok(value)) => {
                        let read = values.byte_offset();
                        self.bytes.drain(..read);
                        return Ok(Some(value));
                    }
                    Some(Err(error)) if !error.is_eof() => return Err(error.into()),
                    Some(Err(_)) | None => {}
                }
            }
            if self.from.read_buf(&mut self.bytes).await? == 0 {
                return Ok(None);
            }
        }
    }
}

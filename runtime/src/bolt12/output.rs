//! The value of a record, written from its start to its end.

/// What is written of a value so far.
#[derive(Clone, Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    overflow: bool,
}

impl Output {
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A number without its leading zero bytes.
    pub(crate) fn truncated(&mut self, value: u64) {
        let zeros = value.leading_zeros() as usize / 8;
        self.extend(&value.to_be_bytes()[zeros..]);
    }

    /// A count or length in one byte.
    pub(crate) fn count_u8(&mut self, count: usize) {
        let count = u8::try_from(count);
        self.overflow |= count.is_err();
        self.bytes.push(count.unwrap_or(u8::MAX));
    }

    /// Bytes behind their length in two bytes.
    pub(crate) fn bytes_u16(&mut self, bytes: &[u8]) {
        let length = u16::try_from(bytes.len());
        self.overflow |= length.is_err();
        self.extend(&length.unwrap_or(u16::MAX).to_be_bytes());
        self.extend(bytes);
    }

    /// A number in four bytes.
    pub(crate) fn u32(&mut self, value: u64) {
        let value = u32::try_from(value);
        self.overflow |= value.is_err();
        self.extend(&value.unwrap_or(u32::MAX).to_be_bytes());
    }

    /// The value; `None` when a count, length or number in it did not fit its place.
    pub(crate) fn finish(self) -> Option<Vec<u8>> {
        if self.overflow { None } else { Some(self.bytes) }
    }
}

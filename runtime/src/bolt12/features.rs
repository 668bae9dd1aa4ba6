//! Feature bits.

use std::fmt;

use super::error::{Error, Place};

/// Feature bits, bit 0 the lowest of the last byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Features<'a>(pub(crate) &'a [u8]);

impl<'a> Features<'a> {
    /// The bits as they are written, in so many bytes as that takes.
    pub const fn from_bytes(bytes: &'a [u8]) -> Self {
        Features(bytes)
    }

    /// The bits as they are written.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Is this bit set?
    pub fn has(self, bit: usize) -> bool {
        let byte = self.0.len().checked_sub(bit / 8 + 1).and_then(|at| self.0.get(at));
        byte.is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    /// The bits that are set, the lowest first.
    pub fn bits(self) -> impl Iterator<Item = usize> + 'a {
        let bits_of =
            |(at, byte): (usize, &'a u8)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| at * 8 + bit);
        self.0.iter().rev().enumerate().flat_map(bits_of)
    }

    /// The lowest even bit that is set and not among these: what it asks for may not be ignored.
    pub fn unknown_even(self, known: &[usize]) -> Option<usize> {
        self.bits().find(|bit| bit % 2 == 0 && !known.contains(bit))
    }

    pub(crate) fn check(self, known: &[usize], place: Place) -> Result<(), Error> {
        match self.unknown_even(known) {
            Some(bit) => Err(Error::UnknownFeature { place, bit }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Features<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.bits()).finish()
    }
}

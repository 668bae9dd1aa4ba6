//! The encodings of BOLT 12's fields, by the names that its tables use.

use std::marker::PhantomData;

use bitcoin::secp256k1::schnorr;
use cln_primitives::{Hash32, Msat, NodeId};

use super::chain::Chain;
use super::error::Error;
use super::features::Features;
use super::input::Input;
use super::output::Output;

/// How the value of a field is written.
pub trait Kind {
    /// What a message gives for it.
    type Read<'a>;
    /// What a builder takes for it.
    type Write<'a>;

    /// Reads one value; what is behind it stays in `input`.
    fn read<'a>(input: &mut Input<'a>) -> Result<Self::Read<'a>, Error>;

    /// Writes one value.
    fn write(value: Self::Write<'_>, out: &mut Output);

    /// Is the value well-formed, from its start to its end?
    fn check(mut input: Input<'_>) -> Result<(), Error> {
        Self::read(&mut input)?;
        input.end()
    }
}

/// A kind that can stand in a list.
pub trait Item: Kind {
    /// What a builder takes a list of.
    type Owned<'a>: 'a;

    /// Writes one item of a list.
    fn write_item(item: &Self::Owned<'_>, out: &mut Output);
}

/// Declares a kind whose readers and writers handle the same type.
macro_rules! kind {
    ($(#[$doc:meta])* $name:ident: $type:ty, $read:expr, $write:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl Kind for $name {
            type Read<'a> = $type;
            type Write<'a> = $type;

            fn read<'a>(input: &mut Input<'a>) -> Result<$type, Error> {
                let read: fn(&mut Input<'a>) -> Result<$type, Error> = $read;
                read(input)
            }

            fn write<'a>(value: $type, out: &mut Output) {
                let write: fn($type, &mut Output) = $write;
                write(value, out)
            }
        }
    };
}
pub(super) use kind;

kind!(
    /// Bytes of any number.
    Bytes: &'a [u8], |input| Ok(input.rest()), |value, out| out.extend(value)
);
kind!(
    /// Text.
    Utf8: &'a str, Input::utf8, |value, out| out.extend(value.as_bytes())
);
kind!(
    /// A number of at most 64 bits, without leading zero bytes.
    Tu64: u64, |input| input.truncated(8), |value, out| out.truncated(value)
);
kind!(
    /// A number of at most 32 bits, without leading zero bytes.
    Tu32: u32, |input| input.truncated(4).map(|value| value as u32), |value, out| out.truncated(value.into())
);
kind!(
    /// Millisatoshi, as [`Tu64`].
    Tu64Msat: Msat, |input| input.truncated(8).map(Msat::from_msat), |value, out| out.truncated(value.as_msat())
);
kind!(
    /// A public key.
    Point: NodeId, Input::point, |value, out| out.extend(value.as_bytes())
);
kind!(
    /// A hash.
    Sha256: Hash32, |input| input.array().map(Hash32::from_bytes), |value, out| out.extend(value.as_bytes())
);
kind!(
    /// The hash of a chain's first block.
    ChainHash: Chain,
    |input| input.array().map(Hash32::from_bytes).map(Chain::from_hash),
    |value, out| out.extend(value.hash().as_bytes())
);
kind!(
    /// Feature bits.
    FeatureBits: Features<'a>, |input| Ok(Features(input.rest())), |value, out| out.extend(value.0)
);
kind!(
    /// A BIP-340 signature.
    Bip340Sig: schnorr::Signature, read_signature, |value, out| out.extend(&value.serialize())
);
kind!(
    /// No value: the field's presence says all.
    Empty: (), |_| Ok(()), |(), _| ()
);

fn read_signature(input: &mut Input<'_>) -> Result<schnorr::Signature, Error> {
    let place = input.place();
    schnorr::Signature::from_slice(input.take(64)?).map_err(|_| Error::ValueShort(place))
}

impl Item for ChainHash {
    type Owned<'a> = Chain;

    fn write_item(item: &Chain, out: &mut Output) {
        Self::write(*item, out);
    }
}

/// One value behind the other, up to the end.
#[derive(Debug)]
pub struct Repeated<K>(PhantomData<K>);

impl<K: Item> Kind for Repeated<K> {
    type Read<'a> = List<'a, K>;
    type Write<'a> = &'a [K::Owned<'a>];

    fn read<'a>(input: &mut Input<'a>) -> Result<List<'a, K>, Error> {
        let mut items = *input;
        let checked = input.must_check();
        let list = List { items: Input::known_good(input.place().field.0, input.rest()), kind: PhantomData };
        while checked && !items.is_empty() {
            K::read(&mut items)?;
        }
        Ok(list)
    }

    fn write<'a>(value: &'a [K::Owned<'a>], out: &mut Output) {
        for item in value {
            K::write_item(item, out);
        }
    }
}

/// The values of a field that holds any number of them.
#[derive(Debug)]
pub struct List<'a, K> {
    items: Input<'a>,
    kind: PhantomData<K>,
}

/// An empty list.
impl<K> Default for List<'_, K> {
    fn default() -> Self {
        List { items: Input::known_good(0, &[]), kind: PhantomData }
    }
}

impl<K> Clone for List<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for List<'_, K> {}

impl<'a, K: Kind> List<'a, K> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.count()
    }

    /// Are there none?
    pub fn is_empty(self) -> bool {
        self.items.is_empty()
    }
}

impl<'a, K: Kind> Iterator for List<'a, K> {
    type Item = K::Read<'a>;

    fn next(&mut self) -> Option<K::Read<'a>> {
        if self.items.is_empty() {
            return None;
        }
        // Cannot fail: all items were read once, when the message was.
        K::read(&mut self.items).ok()
    }
}

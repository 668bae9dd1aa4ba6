//! The chains that a message may be for.

use std::fmt;

use cln_primitives::{Hash32, Msat};

use super::error::Error;

/// All bitcoin there will ever be.
pub(crate) const MAX_MONEY: Msat = Msat::from_msat(2_100_000_000_000_000_000);

/// A chain, named by the hash of its first block in the order of its bytes (BOLT 12's `chain_hash`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain(Hash32);

impl Chain {
    /// Bitcoin's main chain, which a message means that names none.
    pub const BITCOIN: Chain = Chain::from_hex(b"6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000");
    /// The third test network.
    pub const TESTNET: Chain = Chain::from_hex(b"43497fd7f826957108f4a30fd9cec3aeba79972084e90ead01ea330900000000");
    /// The fourth test network.
    pub const TESTNET4: Chain = Chain::from_hex(b"43f08bdab050e35b567c864b91f47f50ae725ae2de53bcfbbaf284da00000000");
    /// The default signet.
    pub const SIGNET: Chain = Chain::from_hex(b"f61eee3b63a380a477a063af32b2bbc97c9ff9f01f2c4225e973988108000000");
    /// A network of one's own.
    pub const REGTEST: Chain = Chain::from_hex(b"06226e46111a0b59caaf126043eb5bbf28c34f3a5e332a1fc7b2b73cf188910f");

    /// The chain with this first block.
    pub const fn from_hash(hash: Hash32) -> Self {
        Chain(hash)
    }

    /// The hash of its first block.
    pub const fn hash(self) -> Hash32 {
        self.0
    }

    /// The chain that Core Lightning calls so; `None` for a name that is not known.
    pub fn from_name(name: &str) -> Option<Self> {
        let known = [Self::BITCOIN, Self::TESTNET, Self::TESTNET4, Self::SIGNET, Self::REGTEST];
        known.into_iter().find(|chain| chain.name() == Some(name))
    }

    const fn from_hex(hex: &[u8; 64]) -> Self {
        const fn digit(digit: u8) -> u8 {
            if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 }
        }
        let mut bytes = [0; 32];
        let mut at = 0;
        while at < 32 {
            bytes[at] = digit(hex[2 * at]) << 4 | digit(hex[2 * at + 1]);
            at += 1;
        }
        Chain(Hash32::from_bytes(bytes))
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Chain::BITCOIN => Some("bitcoin"),
            Chain::TESTNET => Some("testnet"),
            Chain::TESTNET4 => Some("testnet4"),
            Chain::SIGNET => Some("signet"),
            Chain::REGTEST => Some("regtest"),
            _ => None,
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => fmt::Display::fmt(&self.0, f),
        }
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which chains a reader takes messages for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Those for this chain: what a node does.
    Only(Chain),
    /// Those for any chain: to show a message, not to act on it.
    Any,
}

impl From<Chain> for Accept {
    fn from(chain: Chain) -> Self {
        Accept::Only(chain)
    }
}

impl Accept {
    /// Is one of the chains that the message is for what the reader takes?
    pub(crate) fn check(self, mut chains: impl Iterator<Item = Chain>) -> Result<(), Error> {
        match self {
            Accept::Any => Ok(()),
            Accept::Only(expected) if chains.any(|chain| chain == expected) => Ok(()),
            Accept::Only(expected) => Err(Error::WrongChain { expected }),
        }
    }
}

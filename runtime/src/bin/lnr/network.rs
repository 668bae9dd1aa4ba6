//! The chains, by their names on the command line.

use clap::ValueEnum;
use cln_runtime::bolt12::Chain;

/// Which chain requests and invoices are for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Network {
    Bitcoin,
    Testnet,
    Testnet4,
    Signet,
    Regtest,
}

impl From<Network> for Chain {
    fn from(network: Network) -> Self {
        match network {
            Network::Bitcoin => Chain::BITCOIN,
            Network::Testnet => Chain::TESTNET,
            Network::Testnet4 => Chain::TESTNET4,
            Network::Signet => Chain::SIGNET,
            Network::Regtest => Chain::REGTEST,
        }
    }
}

//! The node that a command is for, found as `lightning-cli` finds it.

use std::env;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum as _};
use cln_runtime::client::{Client, ConnectError};

use super::exit::Failure;
use super::network::Network;

const SOCKET: &str = "lightning-rpc";

/// Where the node is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Node")]
pub struct NodeOptions {
    /// The node's socket, `lightning-rpc`
    #[arg(long, value_name = "FILE", alias = "rpc-file", conflicts_with_all = ["dir", "network"])]
    rpc: Option<PathBuf>,
    /// The folder of lightningd or of `lnr node` [default: LIGHTNING_DIR, then ~/.lightning]
    #[arg(long, value_name = "FOLDER", alias = "lightning-dir")]
    dir: Option<PathBuf>,
    /// The network, whose folder is in that of lightningd [default: bitcoin]
    #[arg(long, value_enum, hide_possible_values = true)]
    network: Option<Network>,
}

impl NodeOptions {
    /// Connects to the node.
    pub async fn connect(&self) -> Result<Client, Failure> {
        let socket = self.socket()?;
        Client::builder().name("lnr").connect(&socket).await.map_err(|error| {
            let failure = Failure::from(error);
            match others(&self.folder(), &socket).first() {
                Some(other) => failure.advise(format!("There is a socket at {}: name it by --rpc", other.display())),
                None => failure,
            }
        })
    }

    /// The socket, whether it is there or not.
    pub fn socket(&self) -> Result<PathBuf, Failure> {
        if let Some(rpc) = &self.rpc {
            return Ok(rpc.clone());
        }
        let folder = self.folder().ok_or(ConnectError::NoHome)?;
        let named = self.dir.is_some() || set("LIGHTNING_DIR").is_some();
        Ok(socket_in(&folder, named, self.network))
    }

    /// Sockets of other networks in the same folder, for whoever has asked for the wrong one.
    pub fn others(&self) -> Vec<PathBuf> {
        self.socket().map(|socket| others(&self.folder(), &socket)).unwrap_or_default()
    }

    fn folder(&self) -> Option<PathBuf> {
        let given = self.dir.clone().or_else(|| set("LIGHTNING_DIR"));
        given.or_else(|| set("HOME").map(|home| home.join(".lightning")))
    }
}

/// A folder that somebody has named may be an embedded node's, which has its socket in it; lightningd has one folder a
/// network in its own.
fn socket_in(folder: &Path, named: bool, network: Option<Network>) -> PathBuf {
    let of_network = folder.join(name(network.unwrap_or(Network::Bitcoin)));
    if named && network.is_none() && !of_network.is_dir() {
        return folder.join(SOCKET);
    }
    of_network.join(SOCKET)
}

fn others(folder: &Option<PathBuf>, socket: &Path) -> Vec<PathBuf> {
    let Some(folder) = folder else { return Vec::new() };
    let sockets = Network::value_variants().iter().map(|network| folder.join(name(*network)).join(SOCKET));
    sockets.filter(|other| other != socket && other.exists()).collect()
}

fn name(network: Network) -> String {
    network.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn set(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(folder: &Path, named: bool, network: Option<Network>, expected: &str) {
        assert_eq!(socket_in(folder, named, network), folder.join(expected), "{named} {network:?}");
    }

    #[test]
    fn lightningd_has_a_folder_for_each_network_and_an_embedded_node_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        check(folder, false, None, "bitcoin/lightning-rpc");
        check(folder, false, Some(Network::Regtest), "regtest/lightning-rpc");
        check(folder, true, None, "lightning-rpc");
        check(folder, true, Some(Network::Regtest), "regtest/lightning-rpc");
        std::fs::create_dir(folder.join("bitcoin")).unwrap();
        check(folder, true, None, "bitcoin/lightning-rpc");
    }

    #[test]
    fn the_sockets_of_other_networks_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let here = Some(folder.path().to_owned());
        let wanted = folder.path().join("bitcoin/lightning-rpc");
        assert_eq!(others(&here, &wanted), [] as [PathBuf; 0]);
        std::fs::create_dir(folder.path().join("regtest")).unwrap();
        let other = folder.path().join("regtest/lightning-rpc");
        std::fs::write(&other, "").unwrap();
        assert_eq!(others(&here, &wanted), [other]);
    }
}

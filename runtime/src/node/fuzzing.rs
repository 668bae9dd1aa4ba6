//! What an embedded node reads of clients and of other nodes.

use super::commands::COMMANDS;
use super::{network, params, server};

/// Reads a request and its parameters as an embedded node's server does, and gives the answer to what is none.
///
/// # Errors
/// That answer.
pub fn server_request(json: &[u8]) -> Result<(), Vec<u8>> {
    let (method, given) = server::read_request(json)?;
    if let Some(command) = COMMANDS.iter().find(|command| command.method == method) {
        params::read(command.params, &given).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Reads a message between embedded nodes; true when it is one.
pub fn neighbour_frame(bytes: &[u8]) -> bool {
    network::read_frame(bytes)
}

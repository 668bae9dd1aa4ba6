//! Calls to another node through this one, by `commando` and a rune.

use cln_api::Command;
use cln_api::primitives::{NodeId, SecretString};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Client;
use super::error::CallError;
use super::options::CallOptions;
use super::request::{self, Outgoing};

/// A node that is called through one's own. Its answers and errors are those of the commands called.
#[derive(Clone, Debug)]
pub struct Remote {
    client: Client,
    peer_id: NodeId,
    rune: SecretString,
}

/// The parameters of `commando`.
#[derive(Serialize)]
struct Params<'a> {
    peer_id: &'a NodeId,
    method: &'a str,
    params: &'a RawValue,
    rune: &'a str,
}

impl Client {
    /// The node `peer_id`, a peer of this client's node, as the rune lets one call it. The rune was made there, by
    /// `createrune`; whoever has it has its rights.
    pub fn remote(&self, peer_id: NodeId, rune: impl Into<SecretString>) -> Remote {
        Remote { client: self.clone(), peer_id, rune: rune.into() }
    }
}

impl Remote {
    /// Calls a command of the other node.
    ///
    /// A call is never sent twice, as each uses up what its rune allows.
    ///
    /// Codes of `commando` itself (19535 to 19537, and -32600 when the peer is not connected) come as the command's
    /// `Error::Other`.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    pub async fn call<R: Command>(&self, request: &R) -> Result<R::Response, CallError<R::Error>> {
        request.validate()?;
        let encode_error =
            |source| CallError::Encode { method: R::METHOD.to_owned(), source: std::sync::Arc::new(source) };
        let inner = serde_json::value::to_raw_value(request).map_err(encode_error)?;
        let params = Params { peer_id: &self.peer_id, method: R::METHOD, params: &inner, rune: self.rune.reveal() };
        let params = request::params(R::METHOD, &params)?;
        let outgoing = Outgoing { method: "commando".into(), params, patience: request.patience(), read_only: false };
        let result = self.client.exchange(&outgoing, CallOptions::new()).await;
        self.client.read::<R>(result.map_err(|error| error.map_rpc(R::Error::from))?)
    }
}

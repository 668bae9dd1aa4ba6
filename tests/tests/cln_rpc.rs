//! Every request works with the client of the crate `cln-rpc`.

use std::fmt::Debug;

use cln_api::{Command, getinfo};
use cln_rpc::ClnRpc;
use cln_rpc::model::TypedRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What `ClnRpc::call_typed` asks of a request and its answer.
fn method_of<R>() -> &'static str
where
    R: TypedRequest<Response = <R as Command>::Response> + Command + Serialize + Debug,
    <R as Command>::Response: DeserializeOwned + Debug,
{
    R::METHOD
}

#[test]
fn every_request_is_one_of_theirs() {
    let mut methods = Vec::new();
    macro_rules! add {
        ($request:ty) => {
            methods.push(method_of::<$request>());
        };
    }
    cln_api::for_each_command!(add);
    assert_eq!(methods.len(), 162);
    assert_eq!(TypedRequest::method(&getinfo::Request::new()), "getinfo");
}

#[test]
fn their_client_takes_our_request() {
    // Compiles, which is the point: no node runs here.
    async fn _call(node: &mut ClnRpc) -> Result<getinfo::Response, cln_rpc::RpcError> {
        node.call_typed(&getinfo::Request::new()).await
    }
}

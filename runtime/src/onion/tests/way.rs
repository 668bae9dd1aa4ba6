//! Ways from a node that knows some peers and some gossip.

use cln_primitives::Msat;
use serde_json::{Value, json};
use tokio::time::{advance, pause, resume};

use super::*;
use crate::bolt12::{Chain, InvoiceRequest, RequestBuilder, Verified};
use crate::client::Client;
use crate::onion::way::CONNECT;
use crate::onion::{NoWay, Way, Ways};
use crate::testing::{FakeNode, Reply};

const RELAYS: &str = "8000000000";
const RELAYS_NOT: &str = "80000000";

/// A node with the id 1, and what it knows of others.
struct Network {
    fake: FakeNode,
    ways: Ways<Client>,
}

fn peer(byte: u8, connected: bool, features: &str) -> Value {
    let mut peer = json!({"id": id(byte), "num_channels": 1, "connected": connected, "features": features});
    if connected {
        peer["netaddr"] = json!(["127.0.0.1:9735"]);
    }
    peer
}

fn announced(byte: u8, features: &str) -> Value {
    json!({
        "nodeid": id(byte), "last_timestamp": 1, "alias": "", "color": "000000", "features": features, "addresses": [],
    })
}

fn channel(from: u8, to: u8, active: bool) -> Value {
    let scid = format!("{}x{}x0", from.min(to), from.max(to));
    json!({
        "source": id(from), "destination": id(to), "short_channel_id": scid, "direction": u8::from(from > to),
        "public": true, "amount_msat": 1, "message_flags": 1, "channel_flags": 0, "active": active, "last_update": 1,
        "base_fee_millisatoshi": 0, "fee_per_millionth": 0, "delay": 6, "htlc_minimum_msat": 0, "features": "",
    })
}

impl Network {
    async fn new(peers: Vec<Value>, nodes: Vec<Value>, channels: Vec<Value>) -> Self {
        let fake = FakeNode::start().unwrap();
        let one_of = |records: Vec<Value>, field: &'static str, parameter: &'static str, key: &'static str| {
            move |request: &crate::testing::Received| {
                let wanted = request.params.get(parameter).cloned();
                let found = records.iter().filter(|record| wanted.as_ref().is_none_or(|wanted| record[key] == *wanted));
                Reply::result(json!({ field: found.collect::<Vec<_>>() }))
            }
        };
        fake.reply_with("listpeers", one_of(peers, "peers", "id", "id"));
        fake.reply_with("listnodes", one_of(nodes, "nodes", "id", "nodeid"));
        fake.reply_with("listchannels", one_of(channels, "channels", "short_channel_id", "short_channel_id"));
        fake.reply("listconfigs", Reply::error(-32602, "Unknown config option 'fetchinvoice-noconnect'"));
        fake.reply("connect", Reply::error(400, "Unable to connect, no address known for peer"));
        let ways = Ways::new(Client::connect(fake.path()).await.unwrap(), id(1));
        Network { fake, ways }
    }

    async fn check(&self, target: u8, route: &[u8]) {
        assert_eq!(self.ways.to_node(id(target)).await, Ok(Way { route: ids(route), onward: None }));
    }

    async fn check_unreachable(&self, target: u8, words: &str) {
        let end = self.ways.to_node(id(target)).await;
        assert!(matches!(&end, Err(NoWay::ToNode { why, .. }) if why.contains(words)), "{end:?}");
    }
}

/// What `connect` says of node 5.
fn connected() -> Value {
    json!({
        "id": id(5), "features": RELAYS, "direction": "out",
        "address": {"type": "ipv4", "address": "127.0.0.1", "port": 9735},
    })
}

/// The request of a payer who is reached by these paths.
fn request(paths: &[BlindedPathBuf]) -> InvoiceRequest<Verified> {
    let new = RequestBuilder::stand_alone(&[1; 16], id(9), Chain::REGTEST, Msat::from_msat(1)).invreq_paths(paths);
    new.build().unwrap().sign(&node(9)).unwrap()
}

/// A long way, by 2, 3 and 4 to 5, and a short one by 6, which does not relay.
async fn square(peers: Vec<Value>) -> Network {
    let mut nodes: Vec<_> = (1..=5).map(|byte| announced(byte, RELAYS)).collect();
    nodes.push(announced(6, RELAYS_NOT));
    let ends = [(1, 2), (2, 3), (3, 4), (4, 5), (2, 6), (6, 5)];
    let both = ends.iter().flat_map(|&(a, b)| [channel(a, b, true), channel(b, a, true)]);
    Network::new(peers, nodes, both.collect()).await
}

#[tokio::test]
async fn a_neighbour_is_sent_to_directly_and_the_own_node_not_at_all() {
    let network = square(vec![peer(5, true, RELAYS)]).await;
    network.check(5, &[1, 5]).await;
    network.check(1, &[1]).await;
    assert_eq!(network.fake.count("listchannels"), 0);
}

#[tokio::test]
async fn a_stranger_is_reached_over_nodes_that_relay() {
    let network = square(vec![peer(2, true, RELAYS)]).await;
    network.check(5, &[1, 2, 3, 4, 5]).await;
    network.check(3, &[1, 2, 3]).await;
    assert_eq!(network.fake.count("listchannels"), 1, "gossip is read once");
}

#[tokio::test]
async fn the_fewest_hops_are_taken() {
    let network = square(vec![peer(2, true, RELAYS), peer(4, true, RELAYS)]).await;
    network.check(5, &[1, 4, 5]).await;
}

#[tokio::test]
async fn who_is_not_connected_or_does_not_relay_is_no_first_hop() {
    for peer in [peer(2, false, RELAYS), peer(2, true, RELAYS_NOT), peer(6, true, RELAYS_NOT)] {
        square(vec![peer]).await.check_unreachable(5, "no address known").await;
    }
}

#[tokio::test]
async fn a_channel_that_is_not_active_is_no_way() {
    let nodes = (1..=3).map(|byte| announced(byte, RELAYS)).collect();
    let network = Network::new(vec![peer(2, true, RELAYS)], nodes, vec![channel(2, 3, false)]).await;
    network.check_unreachable(3, "no address known").await;
}

#[tokio::test]
async fn without_a_way_the_node_connects() {
    let network = square(vec![]).await;
    network.fake.answer("connect", connected());
    network.check(5, &[1, 5]).await;
    let unset = json!({"configs": {"fetchinvoice-noconnect": {"set": false, "source": "default"}}});
    network.fake.answer("listconfigs", unset);
    network.check(5, &[1, 5]).await;
    let set = json!({"configs": {"fetchinvoice-noconnect": {"set": true, "source": "cmdline"}}});
    network.fake.answer("listconfigs", set);
    network.check_unreachable(5, "fetchinvoice-noconnect is set").await;
    assert_eq!(network.fake.count("connect"), 2);
}

#[tokio::test]
async fn a_blinded_path_is_joined_at_its_start() {
    let network = square(vec![peer(2, true, RELAYS)]).await;
    let by_id = path(&[3, 9], 8, 4);
    let by_channel =
        |scid: &str| BlindedPathBuf { first_node: FirstNode::Channel(scid.parse().unwrap()), ..by_id.clone() };
    for onward in [by_id.clone(), by_channel("2x3x0/1"), by_channel("3x4x0/0")] {
        let expected = Way { route: ids(&[1, 2, 3]), onward: Some(onward.clone()) };
        assert_eq!(network.ways.to_path(&onward).await, Ok(expected));
    }
    let end = network.ways.to_path(&by_channel("7x8x0/1")).await;
    let why = "no channel 7x8x0 is known".to_owned();
    assert_eq!(end, Err(NoWay::ToPath { start: "7x8x0/1".to_owned(), why }));
}

#[tokio::test]
async fn the_answer_comes_back_over_nodes_that_all_know() {
    let network = square(vec![]).await;
    let back = async |route: &[u8]| network.ways.back(&Way { route: ids(route), onward: None }).await.unwrap();
    assert_eq!(back(&[1]).await, ids(&[1]));
    assert_eq!(back(&[1, 7]).await, ids(&[1]));
    assert_eq!(back(&[1, 2, 3]).await, ids(&[2, 1]));
    assert_eq!(back(&[1, 8, 3]).await, ids(&[3, 8, 1]));
}

#[tokio::test]
async fn a_node_that_does_not_answer_is_no_missing_way() {
    let network = square(vec![]).await;
    network.fake.reply("listpeers", Reply::error(-32603, "broken"));
    let end = network.ways.to_node(id(5)).await;
    assert!(matches!(&end, Err(NoWay::Daemon(why)) if why.contains("listpeers")), "{end:?}");
}

#[tokio::test]
async fn after_a_connect_without_an_answer_the_next_path_is_tried() {
    let network = square(vec![]).await;
    network.fake.reply_with("connect", |request| match &request.params["id"] {
        start if *start == json!(id(7)) => Reply::silence(),
        start if *start == json!(id(8)) => Reply::disconnect(),
        _ => Reply::result(connected()),
    });
    let paths = [7, 8, 5].map(|start| path(&[start, 9], 8, 4));
    let all = request(&paths);
    let time_passes = async {
        network.fake.received("connect").await;
        pause();
        advance(CONNECT).await;
        resume();
    };
    let (way, ()) = tokio::join!(network.ways.to_payer(&all), time_passes);
    assert_eq!(way, Ok(Way { route: ids(&[1, 5]), onward: Some(paths[2].clone()) }));
    assert_eq!(network.fake.count("connect"), 3);

    let end = network.ways.to_payer(&request(&paths[1..2])).await;
    let Err(NoWay::ToPath { start, why }) = end else { panic!("{end:?}") };
    assert_eq!(start, id(8).to_string());
    assert!(why.contains("connect failed") && why.contains("lost"), "{why}");
}

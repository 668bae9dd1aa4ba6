//! Messages between two nodes of a network in a temporary folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cln_primitives::{Hash32, Msat, NodeId, Secret};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Courier, Event, Folder, MESSAGES, listen};
use crate::bolt12::secrets::PathUse;
use crate::bolt12::{BlindedPathBuf, Chain, Invoice, InvoiceError, InvoiceRequest, RequestBuilder, Verified};
use crate::engine::{Answer, Courier as _, IncomingInvoice, ReplyPath, SendError};
use crate::node::keys::Keys;
use crate::node::socket::Socket;

/// A network, and how many events a node takes before it is too busy.
struct Network(TempDir, usize);

struct Member {
    keys: Arc<Keys>,
    courier: Courier,
    place: PathBuf,
    events: mpsc::Receiver<Event>,
    listening: JoinHandle<()>,
}

impl Network {
    fn new() -> Self {
        Network(tempfile::tempdir().unwrap(), 16)
    }

    fn start(&self, name: &str, seed: u8) -> Member {
        let place = self.0.path().join(name);
        fs::create_dir_all(&place).unwrap();
        let folder = Folder::above(&place).unwrap();
        let keys = Arc::new(Keys::from_seed(&[seed; 32], Chain::REGTEST).unwrap());
        folder.publish(&place, keys.node_id()).unwrap();
        let courier = Courier::new(keys.node_id(), folder);
        let (sender, events) = mpsc::channel(self.1);
        let socket = Socket::listen(&place.join(MESSAGES)).unwrap();
        let listening = tokio::spawn(listen(socket, keys.clone(), courier.clone(), sender));
        Member { keys, courier, place, events, listening }
    }
}

impl Member {
    fn request(&self, paths: &[BlindedPathBuf]) -> InvoiceRequest<Verified> {
        let mut request = RequestBuilder::stand_alone(&[1; 16], self.keys.node_id(), Chain::REGTEST, AMOUNT);
        if !paths.is_empty() {
            request = request.invreq_paths(paths);
        }
        self.keys.sign_request(request.build().unwrap()).unwrap()
    }

    fn invoice(&self, request: &InvoiceRequest<Verified>) -> Invoice<Verified> {
        let invoice = request.invoice(Hash32::from_bytes([2; 32]), AMOUNT, 1_700_000_000, self.keys.node_id());
        self.keys.finish_invoice(invoice.build().unwrap()).unwrap()
    }

    async fn send(&self, payer: &Member) -> Result<crate::onion::Reply, SendError> {
        let request = payer.request(&[]);
        self.courier.send_invoice(&request, &self.invoice(&request)).await
    }

    async fn received(&mut self) -> IncomingInvoice {
        match timeout(Duration::from_secs(5), self.events.recv()).await {
            Ok(Some(Event::Invoice(invoice))) => invoice,
            other => panic!("no invoice: {other:?}"),
        }
    }
}

const AMOUNT: Msat = Msat::from_msat(5000);

fn error(words: &str) -> InvoiceError {
    InvoiceError::builder(words).build().unwrap()
}

fn assert_unreachable(end: Result<crate::onion::Reply, SendError>, words: &str) {
    match end {
        Err(SendError::Unreachable(why)) => assert!(why.contains(words), "{why}"),
        other => panic!("not unreachable: {other:?}"),
    }
}

#[tokio::test]
async fn an_invoice_arrives_and_its_refusal_comes_back() {
    let network = Network::new();
    let (mut alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let request = alice.request(&[]);
    let sent = bob.invoice(&request);
    let reply = bob.courier.send_invoice(&request, &sent).await.unwrap();
    let arrived = alice.received().await;
    assert_eq!(arrived.invoice, sent.as_bytes());
    assert_eq!((arrived.from, arrived.path_secret), (Some(bob.keys.node_id()), None));
    let to = arrived.reply_path.unwrap();
    for words in ["no", "a second answer is not heard"] {
        alice.courier.send_error(&to, &error(words)).await.unwrap();
    }
    assert!(matches!(reply.await, Answer::Refusal(error) if error.error() == Some("no")));
}

#[tokio::test]
async fn a_node_sends_to_itself() {
    let network = Network::new();
    let mut alice = network.start("alice", 1);
    let _reply = alice.send(&alice).await.unwrap();
    assert_eq!(alice.received().await.from, Some(alice.keys.node_id()));
}

#[tokio::test]
async fn an_answer_is_for_its_own_question_only() {
    let network = Network::new();
    let (mut alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let (first, second) = (bob.send(&alice).await.unwrap(), bob.send(&alice).await.unwrap());
    let _ = alice.received().await;
    let to_second = alice.received().await.reply_path.unwrap();
    let forged = ReplyPath([bob.keys.node_id().as_bytes(), &[9; 32][..]].concat());
    alice.courier.send_error(&forged, &error("forged")).await.unwrap();
    alice.courier.send_error(&to_second, &error("second")).await.unwrap();
    assert!(matches!(second.await, Answer::Refusal(error) if error.error() == Some("second")));
    assert!(timeout(Duration::from_millis(50), first).await.is_err());
}

#[tokio::test]
async fn a_dropped_reply_leaves_nothing_behind() {
    let network = Network::new();
    let (alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let replies = [bob.send(&alice).await.unwrap(), bob.send(&alice).await.unwrap()];
    assert_eq!(bob.courier.replies().waiting(), 2);
    drop(replies);
    assert_eq!(bob.courier.replies().waiting(), 0);
    alice.listening.abort();
    let _ = alice.listening.await;
    let alice = Member { listening: tokio::spawn(async {}), ..alice };
    assert!(bob.send(&alice).await.is_err());
    assert_eq!(bob.courier.replies().waiting(), 0);
}

#[tokio::test]
async fn who_is_not_there_is_unreachable_for_certain() {
    let network = Network::new();
    let (alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let stranger = Network::new().start("carol", 3);
    assert_unreachable(bob.send(&stranger).await, "is not in the network");
    alice.listening.abort();
    let _ = alice.listening.await;
    let alice = Member { listening: tokio::spawn(async {}), ..alice };
    assert_unreachable(bob.send(&alice).await, "does not listen");
    // What a killed node leaves behind.
    drop(UnixListener::bind(alice.place.join(MESSAGES)).unwrap());
    assert_unreachable(bob.send(&alice).await, "does not listen");
}

#[tokio::test]
async fn a_renamed_node_is_found_and_another_in_its_place_is_not_taken_for_it() {
    let network = Network::new();
    let (mut alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    drop(bob.send(&alice).await.unwrap());
    let _ = alice.received().await;
    fs::rename(&alice.place, network.0.path().join("alicia")).unwrap();
    let mut carol = network.start("alice", 3);
    drop(bob.send(&alice).await.unwrap());
    let _ = alice.received().await;
    fs::remove_dir_all(network.0.path().join("alicia")).unwrap();
    fs::write(carol.place.join("node_id"), alice.keys.node_id().to_string()).unwrap();
    assert_unreachable(bob.send(&alice).await, "another node listens");
    assert!(carol.events.try_recv().is_err());
}

#[tokio::test]
async fn links_and_rubbish_among_the_nodes_are_passed_over() {
    let (network, elsewhere) = (Network::new(), Network::new());
    let (mallory, bob) = (elsewhere.start("mallory", 1), network.start("bob", 2));
    symlink(&mallory.place, network.0.path().join("mallory")).unwrap();
    fs::create_dir(network.0.path().join("linked")).unwrap();
    symlink(mallory.place.join("node_id"), network.0.path().join("linked/node_id")).unwrap();
    fs::write(network.0.path().join("ledger"), "no folder").unwrap();
    for (name, text) in [("empty", ""), ("words", "not an id"), ("long", &"02".repeat(500))] {
        fs::create_dir(network.0.path().join(name)).unwrap();
        fs::write(network.0.path().join(name).join("node_id"), text).unwrap();
    }
    fs::create_dir_all(network.0.path().join("folder/node_id")).unwrap();
    let nodes = Folder::above(&bob.place).unwrap().nodes().unwrap();
    assert_eq!(nodes.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), [bob.keys.node_id()]);
    assert_unreachable(bob.send(&mallory).await, "is not in the network");
}

#[tokio::test]
async fn a_message_lost_after_it_was_accepted_may_have_arrived() {
    let network = Network::new();
    let (alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    alice.listening.abort();
    let _ = alice.listening.await;
    let socket = UnixListener::bind(alice.place.join(MESSAGES)).unwrap();
    let alice = Member { listening: tokio::spawn(async move { drop(socket.accept().await) }), ..alice };
    assert!(matches!(bob.send(&alice).await, Err(SendError::Unknown(_))));
}

#[tokio::test]
async fn a_busy_node_takes_nothing() {
    let network = Network(tempfile::tempdir().unwrap(), 1);
    let (mut alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let _first = bob.send(&alice).await.unwrap();
    assert!(matches!(bob.send(&alice).await, Err(SendError::NotSent(_))));
    let _ = alice.received().await;
    assert!(bob.send(&alice).await.is_ok());
}

#[tokio::test]
async fn a_request_with_paths_is_reached_only_where_they_lead_to_the_payer_itself() {
    let network = Network::new();
    let (mut alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let id = alice.request(&[]).invreq_id();
    let secret = alice.keys.path_secret(PathUse::OfferOrRequest, &id);
    let elsewhere = bob.keys.own_path(&secret);
    let check = async |paths: &[BlindedPathBuf]| {
        let request = alice.request(paths);
        bob.courier.send_invoice(&request, &bob.invoice(&request)).await.map(drop)
    };
    assert!(matches!(check(std::slice::from_ref(&elsewhere)).await, Err(SendError::Unreachable(_))));
    check(&[elsewhere, alice.keys.own_path(&secret)]).await.unwrap();
    assert_eq!(alice.received().await.path_secret, Some(secret));
}

#[tokio::test]
async fn rubbish_on_the_socket_is_dropped() {
    let network = Network::new();
    let (mut alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let check = async |bytes: &[u8]| {
        let mut stream = UnixStream::connect(alice.place.join(MESSAGES)).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // The listener may close with our bytes unread, which resets the connection.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty(), "{bytes:?}");
    };
    check(b"").await;
    check(b"\0\0\0").await;
    check(b"\0\0\0\x05{}").await;
    check(b"\0\0\0\x02{}").await;
    check(b"\xff\xff\xff\xff{}").await;
    check(b"GET / HTTP/1.1\r\n\r\n").await;
    let _reply = bob.send(&alice).await.unwrap();
    let _ = alice.received().await;
}

#[tokio::test]
async fn a_reply_path_of_another_kind_is_refused() {
    let network = Network::new();
    let alice = network.start("alice", 1);
    let node: NodeId = alice.keys.node_id();
    for path in [vec![], node.as_bytes().to_vec(), [node.as_bytes(), &[1; 33][..]].concat(), vec![9; 65]] {
        let end = alice.courier.send_error(&ReplyPath(path), &error("no")).await;
        assert!(matches!(end, Err(SendError::NotSent(_))));
    }
    let token = Secret::from_bytes([1; 32]);
    assert!(alice.courier.send_error(&super::courier::reply_path(node, &token), &error("no")).await.is_ok());
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_sent_for_certain() {
    let network = Network::new();
    let (alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let request = RequestBuilder::stand_alone(&[1; 16], alice.keys.node_id(), Chain::REGTEST, AMOUNT);
    let request = request.offer_description(&"x".repeat(100_000)).build().unwrap();
    let request = alice.keys.sign_request(request).unwrap();
    let end = bob.courier.send_invoice(&request, &bob.invoice(&request)).await;
    assert!(matches!(&end, Err(SendError::NotSent(why)) if why.contains("more than 64 KiB")), "{end:?}");
}

#[test]
fn nobody_reads_from_a_log_how_to_answer() {
    let replies = crate::onion::Replies::default();
    let nobody = format!("{replies:?}");
    let _reply = replies.expect(&Secret::from_bytes([7; 32]));
    assert_eq!(format!("{replies:?}"), nobody);
}

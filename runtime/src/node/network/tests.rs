//! Messages between two nodes of a network in a temporary folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cln_primitives::{Hash32, Msat, NodeId, Secret};
use futures_util::FutureExt as _;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Courier, Event, Folder, MESSAGES, listen};
use crate::bolt12::secrets::PathUse;
use crate::bolt12::{
    BlindedPathBuf, Chain, FirstNode, Invoice, InvoiceError, InvoiceRequest, RequestBuilder, Verified,
};
use crate::engine::{Answer, Courier as _, ReplyPath, SendError};
use crate::node::keys::Keys;
use crate::node::socket::Socket;
use crate::onion::{Contents, Packet, Received, blinded_path, create};

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
        self.start_as(name, seed, false)
    }

    fn start_as(&self, name: &str, seed: u8, private: bool) -> Member {
        let place = self.0.path().join(name);
        fs::create_dir_all(&place).unwrap();
        let folder = Folder::above(&place).unwrap();
        let keys = Arc::new(Keys::from_seed(&[seed; 32], Chain::REGTEST).unwrap());
        let courier = if private {
            folder.hide(&place, keys.node_id()).unwrap();
            Courier::private(keys.clone(), folder, place.clone())
        } else {
            folder.publish(&place, keys.node_id()).unwrap();
            Courier::new(keys.clone(), folder)
        };
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

    /// The next message, and who brought it.
    async fn received(&mut self) -> (Received, NodeId) {
        match timeout(Duration::from_secs(60), self.events.recv()).await {
            Ok(Some(Event::Message { received, from })) => (*received, from),
            other => panic!("no message: {other:?}"),
        }
    }

    async fn reply_path(&mut self) -> ReplyPath {
        ReplyPath(self.received().await.0.reply_path.unwrap().to_bytes().unwrap())
    }

    /// Whether somebody waits for the next message as an answer.
    async fn takes_answer(&mut self) -> bool {
        let (received, _) = self.received().await;
        self.courier.take_answer(&received)
    }

    fn id(&self) -> NodeId {
        self.keys.node_id()
    }

    /// A path over these nodes to this one.
    fn path(&self, relays: &[&Member], secret: &Secret) -> BlindedPathBuf {
        let route: Vec<_> = relays.iter().copied().chain([self]).map(Member::id).collect();
        blinded_path(&route, secret, &[7; 32]).unwrap()
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
    let (mut alice, mut bob) = (network.start("alice", 1), network.start("bob", 2));
    let request = alice.request(&[]);
    let sent = bob.invoice(&request);
    let reply = bob.courier.send_invoice(&request, &sent).await.unwrap();
    let (arrived, from) = alice.received().await;
    assert_eq!(arrived.contents, Some(Contents::Invoice(sent.as_bytes().to_vec())));
    assert_eq!((from, arrived.path_secret), (bob.id(), None));
    let to = ReplyPath(arrived.reply_path.unwrap().to_bytes().unwrap());
    for (words, heard) in [("no", true), ("a second answer is not heard", false)] {
        alice.courier.send_error(&to, &error(words)).await.unwrap();
        assert_eq!(bob.takes_answer().await, heard);
    }
    assert!(matches!(reply.await, Answer::Refusal(error) if error.error() == Some("no")));
}

#[tokio::test]
async fn a_node_sends_to_itself() {
    let network = Network::new();
    let mut alice = network.start("alice", 1);
    let _reply = alice.send(&alice).await.unwrap();
    assert_eq!(alice.received().await.1, alice.id());
}

#[tokio::test]
async fn an_answer_is_for_its_own_question_only() {
    let network = Network::new();
    let (mut alice, mut bob) = (network.start("alice", 1), network.start("bob", 2));
    let (first, second) = (bob.send(&alice).await.unwrap(), bob.send(&alice).await.unwrap());
    let _ = alice.received().await;
    let to_second = alice.reply_path().await;
    let forged = ReplyPath(bob.path(&[], &Secret::from_bytes([9; 32])).to_bytes().unwrap());
    alice.courier.send_error(&forged, &error("forged")).await.unwrap();
    assert!(!bob.takes_answer().await);
    alice.courier.send_error(&to_second, &error("second")).await.unwrap();
    assert!(bob.takes_answer().await);
    assert!(matches!(second.await, Answer::Refusal(error) if error.error() == Some("second")));
    assert!(first.now_or_never().is_none());
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
async fn a_request_with_paths_is_reached_by_the_first_that_starts_somewhere() {
    let network = Network::new();
    let (mut alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let id = alice.request(&[]).invreq_id();
    let secret = alice.keys.path_secret(PathUse::OfferOrRequest, &id);
    let stranger = Network::new().start("carol", 3);
    let nowhere = stranger.path(&[], &secret);
    let by_channel = BlindedPathBuf { first_node: FirstNode::Channel("1x1x1/0".parse().unwrap()), ..nowhere.clone() };
    let check = async |paths: &[BlindedPathBuf]| {
        let request = alice.request(paths);
        bob.courier.send_invoice(&request, &bob.invoice(&request)).await.map(drop)
    };
    for path in [&nowhere, &by_channel] {
        assert!(matches!(check(std::slice::from_ref(path)).await, Err(SendError::Unreachable(_))));
    }
    for path in [alice.path(&[], &secret), alice.path(&[&bob], &secret)] {
        check(&[nowhere.clone(), by_channel.clone(), path]).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(alice.received().await.0.path_secret, Some(secret.clone()));
    }
}

#[tokio::test]
async fn a_private_node_is_reached_through_its_neighbour_only() {
    let network = Network::new();
    let mut bob = network.start("bob", 2);
    let (mut alice, mut carol) = (network.start_as("alice", 1, true), network.start("carol", 3));
    assert_eq!(alice.courier.way_here().await.unwrap(), Some(vec![bob.id(), alice.id()]));
    assert_unreachable(carol.send(&alice).await, "is not in the network");
    drop(bob.send(&alice).await.unwrap());
    assert_eq!(alice.received().await.1, bob.id());

    let secret = Secret::from_bytes([5; 32]);
    let request = alice.request(&[alice.path(&[&bob], &secret)]);
    for payee in [&mut carol, &mut bob] {
        let reply = payee.courier.send_invoice(&request, &payee.invoice(&request)).await.unwrap();
        let (arrived, _) = alice.received().await;
        assert_eq!(arrived.path_secret, Some(secret.clone()));
        let to = ReplyPath(arrived.reply_path.unwrap().to_bytes().unwrap());
        alice.courier.send_error(&to, &error("no")).await.unwrap();
        assert!(payee.takes_answer().await);
        assert!(matches!(reply.await, Answer::Refusal(error) if error.error() == Some("no")));
    }
}

#[tokio::test]
async fn a_private_node_gets_its_answers_through_its_neighbour() {
    let network = Network::new();
    let (_bob, mut carol) = (network.start("bob", 2), network.start("carol", 3));
    let mut alice = network.start_as("alice", 1, true);
    let reply = alice.send(&carol).await.unwrap();
    let to = carol.reply_path().await;
    carol.courier.send_error(&to, &error("no")).await.unwrap();
    assert!(alice.takes_answer().await);
    assert!(matches!(reply.await, Answer::Refusal(_)));
}

#[tokio::test]
async fn a_private_node_keeps_its_neighbour_while_that_is_there() {
    let network = Network::new();
    let alice = network.start_as("alice", 1, true);
    let neighbour = async || alice.courier.way_here().await.unwrap().map(|way| way[0]);
    assert_eq!(neighbour().await, None);
    assert!(matches!(alice.send(&alice).await, Err(SendError::Unreachable(why)) if why.contains("no neighbour yet")));
    let members: Vec<_> = [2, 3, 4].map(|seed| network.start(&format!("node{seed}"), seed)).into();
    let first = neighbour().await.unwrap();
    assert_eq!(neighbour().await, Some(first));
    for member in members.iter().filter(|member| member.id() == first) {
        fs::remove_dir_all(&member.place).unwrap();
    }
    assert_ne!(neighbour().await, Some(first));
    assert!(neighbour().await.is_some());
}

#[tokio::test]
async fn a_packet_is_injected_at_the_own_layer() {
    let network = Network::new();
    let (mut alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let packet = |route: &[NodeId]| create(route, None, &Contents::Invoice(vec![1]), None, &[9; 32]).unwrap();
    bob.courier.inject(packet(&[bob.id(), alice.id()])).await.unwrap();
    assert_eq!(alice.received().await.0.contents, Some(Contents::Invoice(vec![1])));
    let foreign = bob.courier.inject(packet(&[alice.id()])).await;
    assert!(matches!(&foreign, Err(SendError::NotSent(why)) if why.contains("not for this node")), "{foreign:?}");
    let stranger = Network::new().start("carol", 3);
    let lost = bob.courier.inject(packet(&[bob.id(), stranger.id()])).await;
    assert!(matches!(&lost, Err(SendError::Unreachable(_))), "{lost:?}");
    let rubbish = Packet { path_key: bob.id(), message: vec![0; 100] };
    assert!(matches!(bob.courier.inject(rubbish).await, Err(SendError::NotSent(_))));
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
    for path in [vec![], alice.id().as_bytes().to_vec(), vec![9; 65]] {
        let end = alice.courier.send_error(&ReplyPath(path), &error("no")).await;
        assert!(matches!(end, Err(SendError::NotSent(_))));
    }
    let path = alice.path(&[], &Secret::from_bytes([1; 32])).to_bytes().unwrap();
    assert!(alice.courier.send_error(&ReplyPath(path), &error("no")).await.is_ok());
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_sent_for_certain() {
    let network = Network::new();
    let (alice, bob) = (network.start("alice", 1), network.start("bob", 2));
    let request = RequestBuilder::stand_alone(&[1; 16], alice.keys.node_id(), Chain::REGTEST, AMOUNT);
    let request = request.offer_description(&"x".repeat(100_000)).build().unwrap();
    let request = alice.keys.sign_request(request).unwrap();
    let end = bob.courier.send_invoice(&request, &bob.invoice(&request)).await;
    assert!(matches!(&end, Err(SendError::NotSent(why)) if why.contains("too long for an onion")), "{end:?}");
}

#[test]
fn nobody_reads_from_a_log_how_to_answer() {
    let replies = crate::onion::Replies::default();
    let nobody = format!("{replies:?}");
    let _reply = replies.expect(&Secret::from_bytes([7; 32]));
    assert_eq!(format!("{replies:?}"), nobody);
}

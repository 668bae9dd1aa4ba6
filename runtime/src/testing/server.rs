//! The fake node's own thread: it accepts connections, reads requests and writes what the script says.

use std::io;
use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender as Acknowledge;

use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};

use super::Received;
use super::received::take_requests;
use super::reply::{End, Item, Reply};
use super::script::Script;

/// What the thread is told to do. It says when that is done, so that a test knows where it stands.
#[derive(Debug)]
pub(super) enum Order {
    Refuse,
    Accept,
    Read(bool),
    Send(Vec<u8>),
    Disconnect,
}

pub(super) type Orders = mpsc::UnboundedReceiver<(Order, Acknowledge<io::Result<()>>)>;

/// What all connections need.
struct Server {
    script: Arc<Script>,
    reading: watch::Sender<bool>,
}

/// Runs until nobody can give orders any more.
pub(super) async fn serve(listener: StdListener, script: Arc<Script>, mut orders: Orders) -> io::Result<()> {
    let server = Server { script, reading: watch::Sender::new(true) };
    let mut listener = Some(Listener::new(listener)?);
    loop {
        let order = tokio::select! {
            biased;
            order = orders.recv() => order,
            stream = accept(listener.as_ref()) => {
                server.admit(stream?);
                continue;
            }
        };
        let Some((order, acknowledge)) = order else { return Ok(()) };
        // A client that has connected already is meant as well.
        while let Some(Ok((stream, _))) = listener.as_ref().map(|listener| listener.at_once.accept()) {
            stream.set_nonblocking(true)?;
            server.admit(UnixStream::from_std(stream)?);
        }
        let mut done = Ok(());
        match order {
            Order::Refuse => listener = None,
            Order::Accept => done = listen(&server.script.path).and_then(Listener::new).map(|new| listener = Some(new)),
            Order::Read(read) => drop(server.reading.send_replace(read)),
            Order::Send(bytes) => server.script.send(&bytes),
            Order::Disconnect => server.script.disconnect(),
        }
        // Who gave the order may have gone.
        let _ = acknowledge.send(done);
    }
}

/// A socket where there may be an old one.
pub(super) fn listen(path: &Path) -> io::Result<StdListener> {
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    let listener = StdListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A listening socket twice: to wait for connections, and to take those that wait already.
struct Listener {
    waiting: UnixListener,
    at_once: StdListener,
}

impl Listener {
    fn new(listener: StdListener) -> io::Result<Self> {
        Ok(Self { at_once: listener.try_clone()?, waiting: UnixListener::from_std(listener)? })
    }
}

async fn accept(listener: Option<&Listener>) -> io::Result<UnixStream> {
    match listener {
        Some(listener) => listener.waiting.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

impl Server {
    fn admit(&self, stream: UnixStream) {
        let script = &self.script;
        let number = script.accepted();
        if script.closes_accepted() {
            drop(stream);
            return script.closed();
        }
        let (items, outgoing) = mpsc::unbounded_channel();
        let closing = script.opened(items.clone());
        let (script, reading) = (Arc::clone(script), self.reading.subscribe());
        tokio::spawn(async move {
            let _counted = Counted(&script);
            let (reader, writer) = stream.into_split();
            // However it ends, both halves go and the connection is closed.
            tokio::select! {
                () = closed(closing) => {}
                () = read(reader, number, &script, reading, items) => {}
                _ = write(writer, number, &script, outgoing) => {}
            }
        });
    }
}

/// Counts the connection's end. Declared before the halves, it is dropped after them.
struct Counted<'a>(&'a Script);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.closed();
    }
}

async fn closed(closing: oneshot::Receiver<()>) {
    // That the sender is gone is the sign.
    let _ = closing.await;
}

async fn read(
    socket: OwnedReadHalf,
    number: usize,
    script: &Arc<Script>,
    mut reading: watch::Receiver<bool>,
    items: mpsc::UnboundedSender<Item>,
) {
    let mut buffer = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        if reading.wait_for(|reading| *reading).await.is_err() {
            return;
        }
        tokio::select! {
            biased;
            _ = reading.changed() => continue,
            ready = socket.readable() => if ready.is_err() { return },
        }
        let limit = script.hang_up_after().map_or(chunk.len(), |limit| limit.min(chunk.len()));
        let count = match socket.try_read(&mut chunk[..limit]) {
            Ok(count) if count > 0 => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Ok(_) | Err(_) => return,
        };
        buffer.extend_from_slice(&chunk[..count]);
        // No request ends without one; a large one is not looked at over and over.
        let may_end = memchr::memchr(b'}', &chunk[..count]).is_some();
        let requests = if may_end { take_requests(&mut buffer, number) } else { Ok(Vec::new()) };
        let Ok(requests) = requests else { return };
        for request in requests {
            let reply = script.reply_to(&request);
            tokio::spawn(answer(Arc::clone(script), request.clone(), reply, items.clone()));
            script.record(request);
        }
        if script.count_down(count) {
            return;
        }
    }
}

async fn answer(script: Arc<Script>, request: Received, reply: Reply, items: mpsc::UnboundedSender<Item>) {
    if let Some(delay) = reply.delay {
        tokio::time::sleep(delay).await;
    }
    if let Some(gate) = &reply.gate
        && let Ok(permit) = script.gate(gate, &request.method).acquire_owned().await
    {
        permit.forget();
    }
    let wire = script.wire();
    if let Some(item) = reply.item(&request, wire.terminator, wire.piece) {
        // The connection may have ended meanwhile.
        let _ = items.send(item);
    }
}

async fn write(
    mut socket: OwnedWriteHalf,
    number: usize,
    script: &Script,
    mut items: mpsc::UnboundedReceiver<Item>,
) -> io::Result<()> {
    let mut waiting: Vec<Item> = Vec::new();
    let mut random = Random(number as u64);
    loop {
        if waiting.is_empty() {
            match items.recv().await {
                Some(item) => waiting.push(item),
                None => return Ok(()),
            }
        }
        let wire = script.wire();
        while waiting.len() < wire.answers_per_write {
            match items.recv().await {
                Some(item) => waiting.push(item),
                None => return Ok(()),
            }
        }
        let end = match wire.shuffle {
            Some(seed) => write_some(&mut socket, &mut waiting, &mut items, &mut random, seed).await?,
            None if wire.answers_per_write > 1 => {
                let end = waiting.iter().map(|item| item.end).find(|end| *end != End::Next);
                let bytes = waiting.drain(..).flat_map(|item| item.parts).collect::<Vec<_>>().concat();
                socket.write_all(&bytes).await?;
                end.unwrap_or_default()
            }
            None => {
                let item = waiting.remove(0);
                for part in item.parts {
                    socket.write_all(&part).await?;
                    // The reader gets a chance to see the piece alone.
                    tokio::task::yield_now().await;
                }
                item.end
            }
        };
        match end {
            End::Next => {}
            End::Disconnect => return Ok(()),
            End::Endless => loop {
                socket.write_all(&b",0".repeat(32 * 1024)).await?;
            },
        }
    }
}

/// Writes some of the answers that wait, in any order and in any pieces.
async fn write_some(
    socket: &mut OwnedWriteHalf,
    waiting: &mut Vec<Item>,
    items: &mut mpsc::UnboundedReceiver<Item>,
    random: &mut Random,
    seed: u64,
) -> io::Result<End> {
    for _ in 0..random.below(4, seed) {
        tokio::task::yield_now().await;
    }
    while let Ok(item) = items.try_recv() {
        waiting.push(item);
    }
    let mut bytes = Vec::new();
    let mut end = End::Next;
    for _ in 0..=random.below(waiting.len(), seed) {
        if end == End::Next && !waiting.is_empty() {
            let item = waiting.swap_remove(random.below(waiting.len(), seed));
            bytes.extend(item.parts.concat());
            end = item.end;
        }
    }
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(1 + random.below(rest.len(), seed));
        socket.write_all(piece).await?;
        tokio::task::yield_now().await;
        rest = behind;
    }
    Ok(end)
}

/// SplitMix64: the same seed gives the same numbers.
struct Random(u64);

impl Random {
    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize, seed: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0 ^ seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % bound as u64).unwrap_or_default()
    }
}

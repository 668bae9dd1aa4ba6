//! A socket between a client and its node that loses what it is told to lose.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// What happens to a request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The connection ends, and the node never has the request.
    Before,
    /// The node has the request, and the connection ends before it can answer.
    Forwarded,
    /// The node's answer has come, and the connection ends with it.
    Answered,
    /// The connection ends, and the node has the request this much later.
    Late(Duration),
    /// The request is for another amount, in msat.
    Amount(u64),
}

/// Stands before a node for as long as it lives, also while the node is away.
#[derive(Debug)]
pub struct Proxy {
    path: PathBuf,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    node: PathBuf,
    cuts: Mutex<Vec<(&'static str, Cut)>>,
    seen: Mutex<Vec<String>>,
}

impl Proxy {
    /// Listens at `path` for the clients of the node that listens at `node`.
    pub fn start(path: PathBuf, node: PathBuf) -> Self {
        let listener = UnixListener::bind(&path).unwrap();
        let state = Arc::new(State { node, cuts: Mutex::default(), seen: Mutex::default() });
        let serving = tokio::spawn(accept(listener, Arc::clone(&state)));
        Proxy { path, state, serving }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Cuts the next request of this method that nothing else happens to.
    pub fn cut(&self, method: &'static str, cut: Cut) {
        self.state.cuts.lock().unwrap().push((method, cut));
    }

    /// Lets everything through from now on.
    pub fn mend(&self) {
        self.state.cuts.lock().unwrap().clear();
    }

    /// How many requests of this method have come.
    pub fn count(&self, method: &str) -> usize {
        self.state.seen.lock().unwrap().iter().filter(|seen| *seen == method).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl State {
    /// Counts a request, and gives what happens to it.
    fn next(&self, method: &str) -> Option<Cut> {
        self.seen.lock().unwrap().push(method.to_owned());
        let mut cuts = self.cuts.lock().unwrap();
        let at = cuts.iter().position(|(cut, _)| *cut == method)?;
        Some(cuts.remove(at).1)
    }
}

async fn accept(listener: UnixListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move {
            // Whatever goes wrong is a lost connection to the client.
            let _ = serve(client, &state).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut client: UnixStream, state: &State) -> io::Result<()> {
    let mut node = UnixStream::connect(&state.node).await?;
    let (mut requests, mut answers) = (Messages::default(), Messages::default());
    let mut lost = None;
    loop {
        tokio::select! {
            read = client.read_buf(&mut requests.0) => if read? == 0 { return Ok(()) },
            read = node.read_buf(&mut answers.0) => if read? == 0 { return Ok(()) },
        }
        while let Some((mut request, bytes)) = requests.next() {
            match state.next(request["method"].as_str().unwrap_or_default()) {
                None => node.write_all(&bytes).await?,
                Some(Cut::Before) => return Ok(()),
                Some(Cut::Forwarded) => return node.write_all(&bytes).await,
                Some(Cut::Answered) => {
                    lost = Some(request["id"].take());
                    node.write_all(&bytes).await?;
                }
                Some(Cut::Late(pause)) => {
                    drop(tokio::spawn(deliver_late(state.node.clone(), bytes, pause)));
                    return Ok(());
                }
                Some(Cut::Amount(msat)) => {
                    request["params"]["amount_msat"] = json!(msat);
                    node.write_all(request.to_string().as_bytes()).await?;
                }
            }
        }
        while let Some((answer, bytes)) = answers.next() {
            if lost.as_ref() == Some(&answer["id"]) {
                return Ok(());
            }
            client.write_all(&bytes).await?;
        }
    }
}

async fn deliver_late(node: PathBuf, request: Vec<u8>, pause: Duration) {
    sleep(pause).await;
    if let Ok(mut node) = UnixStream::connect(node).await {
        let _ = node.write_all(&request).await;
    }
}

/// JSON that comes in pieces.
#[derive(Default)]
struct Messages(Vec<u8>);

impl Messages {
    /// The next message that is there in full, and its bytes.
    fn next(&mut self) -> Option<(Value, Vec<u8>)> {
        let mut values = serde_json::Deserializer::from_slice(&self.0).into_iter::<Value>();
        let message = values.next()?.ok()?;
        let length = values.byte_offset();
        Some((message, self.0.drain(..length).collect()))
    }
}

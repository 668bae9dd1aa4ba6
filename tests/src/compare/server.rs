//! The server: reads requests, and writes answers that were made before.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Error;
use super::answers::Answers;

/// What the server prints once it can be asked.
pub(super) const READY: &str = "ready";

/// Serves at a socket until the process is ended.
///
/// # Errors
///
/// When the socket cannot be made.
pub fn serve(socket: &Path) -> Result<(), Error> {
    let answers = Arc::new(Answers::new());
    let listener = UnixListener::bind(socket).map_err(Error::io("cannot make the socket"))?;
    println!("{READY}");
    for stream in listener.incoming() {
        let stream = stream.map_err(Error::io("cannot accept a connection"))?;
        let answers = Arc::clone(&answers);
        thread::spawn(move || {
            // A client that goes away, as they all do, ends its thread.
            let _ = talk(stream, &answers);
        });
    }
    Ok(())
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    method: &'a str,
    params: Params,
}

#[derive(Deserialize)]
struct Params {
    limit: Option<u32>,
}

/// Both clients end their requests with two line ends.
const END: &[u8] = b"\n\n";

fn talk(mut stream: UnixStream, answers: &Answers) -> io::Result<()> {
    let mut buffer = Vec::new();
    let mut piece = [0; 64 * 1024];
    loop {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        buffer.extend_from_slice(&piece[..count]);
        let mut start = 0;
        while let Some(length) = buffer[start..].windows(END.len()).position(|bytes| bytes == END) {
            let request = serde_json::from_slice(&buffer[start..start + length])?;
            answer(&mut stream, answers, &request)?;
            start += length + END.len();
        }
        buffer.drain(..start);
    }
}

/// Every answer is written by itself, as lightningd does.
fn answer(stream: &mut UnixStream, answers: &Answers, request: &Request<'_>) -> io::Result<()> {
    let start = format!(r#"{{"jsonrpc":"2.0","id":{},"result":"#, request.id);
    let parts = match request.method {
        "getinfo" => return stream.write_all(format!("{start}{}}}\n\n", answers.getinfo).as_bytes()),
        "listchannels" => [&answers.channels, ""],
        _ => answers.invoices(request.params.limit),
    };
    stream.write_all(start.as_bytes())?;
    for part in parts {
        stream.write_all(part.as_bytes())?;
    }
    stream.write_all(b"}\n\n")
}

//! What can go wrong with a call, and what is then known of its effect.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cln_api::primitives::{DecodeError, InvalidRequest, RpcError};

/// How far a request had come when its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Not a byte of it left this process: it has no effect.
    NotSent,
    /// A part of it may have left: whether the node acts on it is not known.
    Unknown,
    /// All of it was handed to the socket: it may have taken effect, or may still.
    Sent,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Delivery::NotSent => "the request was not sent and has no effect",
            Delivery::Unknown => "whether the request was sent is not known: it may have taken effect",
            Delivery::Sent => "the request was sent: it may have taken effect, or may still",
        })
    }
}

/// Why there is no connection to a node.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is nothing at the path.
    #[error("no socket at {}: is lightningd running, with this directory and network?", .0.display())]
    NotFound(PathBuf),
    /// There is something, and it is no socket.
    #[error("{} is not a socket: name the file `lightning-rpc` in the network's directory", .0.display())]
    NotASocket(PathBuf),
    /// This user may not use the socket.
    #[error("no permission for {}: run as the node's user, or start lightningd with `rpc-file-mode=0660` and join its group", .0.display())]
    PermissionDenied(PathBuf),
    /// A socket without a server.
    #[error("nobody answers at {}: lightningd has stopped and left its socket behind; start it again", .0.display())]
    Stale(PathBuf),
    /// The node does not accept the connections that wait already.
    #[error("too many wait for a connection at {}: the node is busy or hangs; try again later", .0.display())]
    Busy(PathBuf),
    /// The path cannot be used as one.
    #[error("cannot use {} as a socket: {source}", path.display())]
    Unusable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The blocking client could not start its thread.
    #[error("cannot start the client's thread: {0}")]
    Thread(Arc<io::Error>),
    /// No home directory to look for the socket in.
    #[error("no path was given and there is no home directory: set LIGHTNING_DIR, or name the socket")]
    NoHome,
}

impl ConnectError {
    pub(crate) fn new(path: PathBuf, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => ConnectError::NotFound(path),
            io::ErrorKind::PermissionDenied => ConnectError::PermissionDenied(path),
            io::ErrorKind::ConnectionRefused if is_socket(&path) => ConnectError::Stale(path),
            io::ErrorKind::ConnectionRefused => ConnectError::NotASocket(path),
            _ => ConnectError::Unusable { path, source: Arc::new(source) },
        }
    }
}

fn is_socket(path: &std::path::Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// Why a connection ended.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionLost {
    /// It could not be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The node closed it between two messages.
    #[error("the node closed the connection: it was stopped, or restarts")]
    Closed,
    /// The node closed it within a message.
    #[error("the node closed the connection in the middle of a message: it was stopped, or has crashed")]
    ClosedWithinMessage,
    /// Reading or writing failed.
    #[error("the connection failed: {0}")]
    Io(Arc<io::Error>),
    /// What came is not JSON-RPC, so that nothing behind it can be trusted.
    #[error("what came over the socket is not JSON-RPC: {0}; is this lightningd's `lightning-rpc`?")]
    Protocol(String),
    /// An answer was longer than this client takes, and what is behind it was not read.
    #[error("an answer was longer than {0} bytes, so that the connection was given up")]
    AnswerTooLong(usize),
    /// What carries the calls panicked.
    #[error("the client panicked, which is a fault of `cln-runtime`")]
    Panicked,
    /// The client was closed.
    #[error("the client was closed")]
    ClosedHere,
}

/// Why a call failed; `E` has the codes of its command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError<E> {
    /// The node refused, or the command failed.
    #[error(transparent)]
    Rpc(E),
    /// The command is deprecated and this node has switched such commands off.
    #[error(
        "`{method}` is deprecated and switched off: use its successor, allow it on this connection by the command \
         `deprecations`, or start lightningd with `allow-deprecated-apis=true` ({error})"
    )]
    Deprecated {
        /// The command.
        method: String,
        /// The error as it came.
        error: RpcError,
    },
    /// The request breaks a rule of its command and was not sent.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// The request holds what lightningd cannot read and was not sent.
    #[error(
        "the request to `{method}` holds a control character (below U+0020), which lightningd cannot read in a text; \
         remove it"
    )]
    ControlCharacter {
        /// The command.
        method: String,
    },
    /// The request could not be written as JSON and was not sent.
    #[error("the request to `{method}` cannot be written as JSON: {source}")]
    Encode {
        /// The command.
        method: String,
        /// What is wrong.
        source: Arc<serde_json::Error>,
    },
    /// The answer is not what the command's schema says. The command was carried out.
    #[error("{source}; the command was carried out")]
    Decode {
        /// What is wrong, and where.
        source: DecodeError,
        /// The answer as it came.
        answer: Answer,
    },
    /// The answer is not of the type that the caller asked for. The command was carried out.
    #[error("cannot read the answer to `{method}`{}: {reason}; the command was carried out", at(path))]
    Unreadable {
        /// The command.
        method: String,
        /// Where in the answer's JSON; empty for the answer as a whole.
        path: String,
        /// What is wrong there.
        reason: String,
        /// The answer as it came.
        answer: Answer,
    },
    /// In strict mode: the answer has a field that the types do not have. The command was carried out.
    #[error("the answer to `{method}` has `{path}`, which its type does not have")]
    Undocumented {
        /// The command.
        method: String,
        /// The field's JSON path.
        path: String,
    },
    /// The answer is no JSON-RPC answer: neither or both of `result` and `error`, or an error without a code.
    #[error("the answer to `{method}` is no JSON-RPC answer: {what}")]
    NotAnAnswer {
        /// The command.
        method: String,
        /// What is wrong.
        what: &'static str,
        /// The message as it came.
        answer: Answer,
    },
    /// A list that was read as a stream is not whole: the node tells why.
    #[error("the list that `{method}` answered is not whole: {warning}")]
    Incomplete {
        /// The command.
        method: String,
        /// What the node says.
        warning: String,
    },
    /// The answer is longer than this client takes.
    #[error(
        "the answer to `{method}` is longer than {limit} bytes: read it as a stream or in pages, or raise `max_answer`"
    )]
    AnswerTooLong {
        /// The command.
        method: String,
        /// The most bytes that an answer may have.
        limit: usize,
    },
    /// No answer came in time.
    #[error("no answer to `{method}` within {after:?}; {delivery}")]
    Timeout {
        /// The command.
        method: String,
        /// How long the answer was waited for.
        after: Duration,
        /// Whether the request was sent.
        delivery: Delivery,
        /// The command changes nothing.
        read_only: bool,
    },
    /// The connection was lost, or there is none.
    #[error("{source}; {delivery}")]
    Connection {
        /// The command.
        method: String,
        /// Why.
        source: ConnectionLost,
        /// Whether the request was sent.
        delivery: Delivery,
        /// The command changes nothing.
        read_only: bool,
    },
}

impl<E> CallError<E> {
    /// True when the same call may be made again without harm: the request had no effect, or can have none.
    pub fn is_retryable(&self) -> bool {
        match self {
            CallError::Timeout { delivery, read_only, .. } | CallError::Connection { delivery, read_only, .. } => {
                *read_only || *delivery == Delivery::NotSent
            }
            _ => false,
        }
    }

    /// True when the answer was lost and the command may have taken effect all the same. An error of the node's own
    /// ([`CallError::Rpc`]) is not judged here: what `sendinvoice` means by 1005, its documentation tells.
    pub fn may_have_taken_effect(&self) -> bool {
        match self {
            CallError::Timeout { delivery, read_only, .. } | CallError::Connection { delivery, read_only, .. } => {
                !*read_only && *delivery != Delivery::NotSent
            }
            CallError::Decode { .. }
            | CallError::Unreadable { .. }
            | CallError::Undocumented { .. }
            | CallError::NotAnAnswer { .. }
            | CallError::AnswerTooLong { .. } => true,
            _ => false,
        }
    }

    /// The same failure for errors of another type.
    pub(crate) fn map_rpc<F>(self, map: impl FnOnce(E) -> F) -> CallError<F> {
        match self {
            CallError::Rpc(error) => CallError::Rpc(map(error)),
            CallError::Deprecated { method, error } => CallError::Deprecated { method, error },
            CallError::Invalid(error) => CallError::Invalid(error),
            CallError::ControlCharacter { method } => CallError::ControlCharacter { method },
            CallError::Encode { method, source } => CallError::Encode { method, source },
            CallError::Decode { source, answer } => CallError::Decode { source, answer },
            CallError::Unreadable { method, path, reason, answer } => {
                CallError::Unreadable { method, path, reason, answer }
            }
            CallError::Undocumented { method, path } => CallError::Undocumented { method, path },
            CallError::NotAnAnswer { method, what, answer } => CallError::NotAnAnswer { method, what, answer },
            CallError::Incomplete { method, warning } => CallError::Incomplete { method, warning },
            CallError::AnswerTooLong { method, limit } => CallError::AnswerTooLong { method, limit },
            CallError::Timeout { method, after, delivery, read_only } => {
                CallError::Timeout { method, after, delivery, read_only }
            }
            CallError::Connection { method, source, delivery, read_only } => {
                CallError::Connection { method, source, delivery, read_only }
            }
        }
    }
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at `{path}`") }
}

/// An answer's JSON as it came. It may hold preimages and runes: `Debug` tells its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer(pub(crate) Bytes);

impl Answer {
    /// The JSON.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} bytes)", self.0.len())
    }
}

//! Notices that the node has closed the plugin's input: then the plugin's time is over, whatever else happens.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::watch;

/// An input that tells its end.
#[derive(Debug)]
pub(super) struct Input<I> {
    inner: I,
    ended: watch::Sender<bool>,
}

/// Waits for the end of an input.
#[derive(Clone, Debug)]
pub(super) struct Ended(watch::Receiver<bool>);

impl<I> Input<I> {
    pub(super) fn new(inner: I) -> (Self, Ended) {
        let (ended, end) = watch::channel(false);
        (Input { inner, ended }, Ended(end))
    }
}

impl Ended {
    /// Returns once the input has ended, or is read no more.
    pub(super) async fn wait(mut self) {
        // An error is the sender's end, which is the input's as well.
        let _ = self.0.wait_for(|&ended| ended).await;
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Input<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        let nothing = buffer.remaining() > 0 && buffer.filled().len() == before;
        if matches!(&read, Poll::Ready(Err(_))) || matches!(&read, Poll::Ready(Ok(()))) && nothing {
            self.ended.send_replace(true);
        }
        read
    }
}

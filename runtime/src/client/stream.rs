//! Lists read record by record, with the memory of one record.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use cln_api::primitives::{Message, decode_part};
use cln_api::{Command, ListCommand};
use futures_core::Stream;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::answer::refusal;
use super::connection::{READ_AT_ONCE, connect};
use super::error::{Answer, CallError, ConnectionLost, Delivery};
use super::frame::FrameError;
use super::records::{Event, Records};
use super::{Client, Outgoing};

/// The records of a list, or what became of them.
pub struct RecordStream<R: Command, T>(pub(crate) BoxStream<'static, Result<T, CallError<R::Error>>>);

impl<R: Command, T> Stream for RecordStream<R, T> {
    type Item = Result<T, CallError<R::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl Client {
    /// Reads a list record by record while it arrives. The list is never in memory as a whole, on this side.
    ///
    /// The stream has a connection of its own, so that an unread one holds up no other call. Dropped, it ends that
    /// connection. A record that cannot be read is an error in its place, and the stream goes on; after any other error
    /// it ends. The time that a call may take is here what each piece of the answer may take.
    pub fn stream<R>(&self, request: &R) -> RecordStream<R, R::Item>
    where
        R: ListCommand,
        R::Item: Send + 'static,
        R::Error: Send + 'static,
    {
        let reading = Reading::Begin(self.clone(), Outgoing::typed(request).map(|outgoing| outgoing.params));
        let records = stream::unfold((reading, 0), |(reading, index)| async move {
            let (record, reading) = next::<R>(reading).await?;
            let record = record.and_then(|json| read_record::<R>(&json, index));
            Some((record, (reading, index + 1)))
        });
        RecordStream(Box::pin(records))
    }
}

/// How far a stream has come.
enum Reading<E> {
    Begin(Client, Result<Vec<u8>, CallError<E>>),
    Open(Client, UnixStream, Records),
    Ended,
}

type Next<E> = (Result<Bytes, CallError<E>>, Reading<E>);

/// The next record's JSON, or the error that ends the stream.
async fn next<R: ListCommand>(reading: Reading<R::Error>) -> Option<Next<R::Error>> {
    let result = match reading {
        Reading::Ended => return None,
        Reading::Begin(client, params) => match params {
            Ok(params) => open::<R>(client, &params).await,
            Err(error) => Err(error),
        },
        Reading::Open(client, socket, records) => Ok((client, socket, records)),
    };
    let (client, mut socket, mut records) = match result {
        Ok(open) => open,
        Err(error) => return Some((Err(error), Reading::Ended)),
    };
    loop {
        let lost = match records.next_event() {
            Ok(Some(Event::Record(json))) => return Some((Ok(json), Reading::Open(client, socket, records))),
            Ok(Some(Event::Error(json))) => {
                return Some((Err(refusal(R::METHOD, &json, &json).map_rpc(R::Error::from)), Reading::Ended));
            }
            Ok(Some(Event::Warning(json))) => {
                let warning = serde_json::from_slice(&json).unwrap_or_default();
                let error = CallError::Incomplete { method: R::METHOD.to_owned(), warning };
                return Some((Err(error), Reading::Open(client, socket, records)));
            }
            Ok(Some(Event::End)) => return None,
            Ok(None) => {
                records.buffer.reserve(READ_AT_ONCE);
                match timeout(client.0.settings.timeout, socket.read_buf(&mut records.buffer)).await {
                    Ok(Ok(0)) => ConnectionLost::ClosedWithinMessage,
                    Ok(Ok(_)) => continue,
                    Ok(Err(error)) => ConnectionLost::Io(Arc::new(error)),
                    Err(_) => return Some((Err(out_of_time::<R>(&client, Delivery::Sent)), Reading::Ended)),
                }
            }
            Err(FrameError::TooLong(limit)) => ConnectionLost::AnswerTooLong(limit),
            Err(error) => ConnectionLost::Protocol(error.to_string()),
        };
        return Some((Err(connection_lost::<R>(lost, Delivery::Sent)), Reading::Ended));
    }
}

/// Connects and sends the request.
async fn open<R: ListCommand>(
    client: Client,
    params: &[u8],
) -> Result<(Client, UnixStream, Records), CallError<R::Error>> {
    let settings = &client.0.settings;
    let (_, encoded) = client.encode(R::METHOD, params);
    let mut socket = match timeout(settings.timeout, connect(&settings.path)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Err(connection_lost::<R>(error.into(), Delivery::NotSent)),
        Err(_) => return Err(out_of_time::<R>(&client, Delivery::NotSent)),
    };
    match timeout(settings.timeout, socket.write_all(&encoded.bytes)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            return Err(connection_lost::<R>(ConnectionLost::Io(Arc::new(error)), Delivery::Unknown));
        }
        Err(_) => return Err(out_of_time::<R>(&client, Delivery::Unknown)),
    }
    let records = Records::new(R::FIELD, settings.max_record);
    Ok((client, socket, records))
}

fn read_record<R: ListCommand>(json: &[u8], index: usize) -> Result<R::Item, CallError<R::Error>> {
    decode_part(Message::Answer, R::METHOD, json).map_err(|source| {
        let source = source.within(&format!("{}[{index}]", R::FIELD));
        CallError::Decode { source, answer: Answer(Bytes::copy_from_slice(json)) }
    })
}

fn connection_lost<R: Command>(source: ConnectionLost, delivery: Delivery) -> CallError<R::Error> {
    CallError::Connection { method: R::METHOD.to_owned(), source, delivery, read_only: R::READ_ONLY }
}

fn out_of_time<R: Command>(client: &Client, delivery: Delivery) -> CallError<R::Error> {
    let (method, after) = (R::METHOD.to_owned(), client.0.settings.timeout);
    CallError::Timeout { method, after, delivery, read_only: R::READ_ONLY }
}

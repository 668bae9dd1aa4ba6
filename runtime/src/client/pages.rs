//! Lists in pages, and lists followed as they grow and change.

use std::time::Duration;

use cln_api::primitives::PageIndex;
use cln_api::{FollowedCommand, ListCommand, PagedCommand, wait};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream;
use tokio::time::sleep;

use super::Client;
use super::error::{CallError, ConnectionLost};
use super::stream::RecordStream;

/// How many records are asked for at once while a list is followed.
const FOLLOWED_AT_ONCE: u32 = 200;
/// The pause after a lost connection, while a list is followed.
const PAUSE: Duration = Duration::from_millis(500);

/// Up to where a list was followed: the numbers of the last creation and the last change that were seen. From the
/// default, everything is told from the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// `created_index` of the last new record.
    pub created: u64,
    /// `updated_index` of the last change.
    pub updated: u64,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new. Its content is the present one, which later changes may have made.
    Created,
    /// It was changed.
    Updated,
}

/// A new or changed record.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change<T> {
    /// Which of the two.
    pub kind: ChangeKind,
    /// The record as it is now.
    pub record: T,
    /// Where to go on: store it together with what the change led to, and nothing is missed or seen twice.
    pub cursor: Cursor,
}

impl Client {
    /// Reads a list in pages of at most `size` records, in the order of their creation. The records are told one by one,
    /// and a page is fetched when it is needed. After an error the stream ends.
    pub fn pages<R>(&self, request: &R, size: u32) -> RecordStream<R, R::Item>
    where
        R: PagedCommand + Send + Sync + 'static,
        R::Item: Send + 'static,
        R::Error: Send + 'static,
    {
        let paging = Paging {
            client: self.clone(),
            request: request.clone(),
            size: size.max(1),
            left: Vec::new(),
            next: Some(1),
        };
        RecordStream(Box::pin(stream::unfold(paging, |mut paging| async move {
            let record = paging.record().await?;
            Some((record, paging))
        })))
    }

    /// Tells every new and every changed record of a list, from `cursor` on and without end. Each creation and each
    /// change is told once; when a record was changed several times since, its last change. Store the [`Change::cursor`]
    /// with what a change led to, and go on from there after a restart.
    ///
    /// A lost connection is made anew, for as long as it takes. After any other error the stream ends. Deletions are not
    /// told, nor are records that came and went between two looks.
    pub fn follow<R>(&self, request: &R, cursor: Cursor) -> RecordStream<R, Change<R::Item>>
    where
        R: FollowedCommand + Send + Sync + 'static,
        R::Item: Send + 'static,
        R::Error: Send + 'static,
    {
        let following = Following {
            client: self.clone(),
            request: request.clone(),
            cursor,
            left: Vec::new(),
            created: None,
            updated: None,
            waited: cursor,
            ended: false,
        };
        RecordStream(Box::pin(stream::unfold(following, |mut following| async move {
            let change = following.change().await?;
            Some((change, following))
        })))
    }

    /// The cursor that tells only what comes after now.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn present_cursor<R: FollowedCommand>(&self) -> Result<Cursor, CallError<wait::Error>> {
        let created = self.counter::<R>(PageIndex::Created, 0).await?;
        let updated = if R::HAS_UPDATED_INDEX { self.counter::<R>(PageIndex::Updated, 0).await? } else { 0 };
        Ok(Cursor { created, updated })
    }

    /// Waits until a counter of the records is `next` or more; what it is then.
    async fn counter<R: FollowedCommand>(&self, index: PageIndex, next: u64) -> Result<u64, CallError<wait::Error>> {
        let subsystem = wait::Subsystem::from_wire(R::SUBSYSTEM);
        let request = wait::Request::new(subsystem, wait::Indexname::from_wire(index.as_str()), next);
        let response = self.call(&request).await?;
        let counter = match index {
            PageIndex::Created => response.created,
            PageIndex::Updated => response.updated,
        };
        Ok(counter.unwrap_or(next))
    }

    /// A list at once.
    async fn list<R: ListCommand>(&self, request: &R) -> Result<Vec<R::Item>, CallError<R::Error>> {
        self.call(request).await.map(R::items)
    }
}

/// A list that is read in pages.
struct Paging<R: PagedCommand> {
    client: Client,
    request: R,
    size: u32,
    /// What is left of the last page, the last record first.
    left: Vec<R::Item>,
    /// The first number of the next page; `None` at the end.
    next: Option<u64>,
}

impl<R: PagedCommand> Paging<R> {
    async fn record(&mut self) -> Option<Result<R::Item, CallError<R::Error>>> {
        if self.left.is_empty() {
            let start = self.next.take()?;
            let page = match self.client.list(&self.request.page(PageIndex::Created, start, self.size)).await {
                Ok(page) => page,
                Err(error) => return Some(Err(error)),
            };
            // A page may be short where the request's filters leave records out: only an empty one is the last.
            let last = page.iter().filter_map(|record| R::index_of(record, PageIndex::Created)).max();
            self.next = last.filter(|last| *last >= start).and_then(|last| last.checked_add(1));
            self.left = page;
            self.left.reverse();
        }
        self.left.pop().map(Ok)
    }
}

type Waiting = BoxFuture<'static, Result<u64, CallError<wait::Error>>>;

/// A list that is followed.
struct Following<R: FollowedCommand> {
    client: Client,
    request: R,
    cursor: Cursor,
    /// What is left of the last page, the last record first.
    left: Vec<Change<R::Item>>,
    /// A `wait` that runs: begun once, it is not begun again before it has ended.
    created: Option<Waiting>,
    updated: Option<Waiting>,
    /// What the counters were when a `wait` ended. Records behind the cursor may be gone, or be none of the request's.
    waited: Cursor,
    ended: bool,
}

impl<R> Following<R>
where
    R: FollowedCommand + Send + Sync + 'static,
    R::Error: Send,
{
    async fn change(&mut self) -> Option<Result<Change<R::Item>, CallError<R::Error>>> {
        while !self.ended {
            if let Some(change) = self.left.pop() {
                self.cursor = change.cursor;
                return Some(Ok(change));
            }
            let fetched = match self.fetch().await {
                Ok(0) => self.wait().await,
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            match fetched {
                Ok(()) => {}
                Err(error) if error.is_retryable() && !is_no_node(&error) => {
                    tracing::debug!("following goes on once the node answers again");
                    sleep(PAUSE).await;
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// Takes the next page of new or else of changed records; how many there were.
    async fn fetch(&mut self) -> Result<usize, CallError<R::Error>> {
        for (kind, index) in [(ChangeKind::Created, PageIndex::Created), (ChangeKind::Updated, PageIndex::Updated)] {
            if kind == ChangeKind::Updated && !R::HAS_UPDATED_INDEX {
                continue;
            }
            let seen = match kind {
                ChangeKind::Created => self.cursor.created,
                ChangeKind::Updated => self.cursor.updated,
            };
            let request = self.request.page(index, seen.saturating_add(1), FOLLOWED_AT_ONCE);
            let records = self.client.list(&request).await?;
            let mut numbered: Vec<(u64, R::Item)> = records
                .into_iter()
                .filter_map(|record| Some((R::index_of(&record, index)?, record)))
                .filter(|(number, _)| *number > seen)
                .collect();
            numbered.sort_by_key(|(number, _)| *number);
            let mut cursor = self.cursor;
            let changes = numbered.into_iter().map(|(number, record)| {
                match kind {
                    ChangeKind::Created => cursor.created = number,
                    ChangeKind::Updated => cursor.updated = number,
                }
                Change { kind, record, cursor }
            });
            self.left = changes.collect();
            self.left.reverse();
            if !self.left.is_empty() {
                return Ok(self.left.len());
            }
        }
        Ok(0)
    }

    /// Waits for the next creation or change.
    async fn wait(&mut self) -> Result<(), CallError<R::Error>> {
        let created = self.cursor.created.max(self.waited.created);
        let updated = self.cursor.updated.max(self.waited.updated);
        let begin = |index, seen: u64| -> Waiting {
            let client = self.client.clone();
            async move { client.counter::<R>(index, seen.saturating_add(1)).await }.boxed()
        };
        let created = self.created.get_or_insert_with(|| begin(PageIndex::Created, created));
        let updated =
            R::HAS_UPDATED_INDEX.then(|| self.updated.get_or_insert_with(|| begin(PageIndex::Updated, updated)));
        let (ended, counter) = match updated {
            Some(updated) => tokio::select! {
                ended = &mut *created => { self.created = None; (ended, &mut self.waited.created) }
                ended = updated => { self.updated = None; (ended, &mut self.waited.updated) }
            },
            None => {
                let ended = created.await;
                self.created = None;
                (ended, &mut self.waited.created)
            }
        };
        // What `wait` fails with beyond lost connections is the same for every list: its own codes have no place here.
        ended
            .map(|reached| *counter = reached)
            .map_err(|error| error.map_rpc(|error| R::Error::from(error.rpc_error().clone())))
    }
}

/// What answers there speaks another language: to ask again would not help.
fn is_no_node<E>(error: &CallError<E>) -> bool {
    matches!(error, CallError::Connection { source: ConnectionLost::Protocol(_), .. })
}

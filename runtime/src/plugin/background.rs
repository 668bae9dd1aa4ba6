//! Tells payees why they are not paid, beside the judging of invoices: the way to a payee may lead over a node that does
//! not answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::bolt12::{Invoice, InvoiceError, InvoiceRequest, Verified};
use crate::engine::{Courier, ReplyPath, SendError};

/// So many payees are told at a time; others hear nothing.
const PLACES: usize = 64;
/// For how long it is tried to tell one.
const PATIENCE: Duration = Duration::from_secs(15);

/// A courier that sends errors in the background.
#[derive(Clone, Debug)]
pub(super) struct BackgroundCourier<C> {
    courier: C,
    places: Arc<Semaphore>,
    /// Ends all tasks.
    stop: CancellationToken,
}

impl<C: Courier + Clone + 'static> BackgroundCourier<C> {
    /// Over this courier, until `stop`.
    pub(super) fn new(courier: C, stop: CancellationToken) -> Self {
        BackgroundCourier { courier, places: Arc::new(Semaphore::new(PLACES)), stop }
    }
}

impl<C: Courier + Clone + 'static> Courier for BackgroundCourier<C> {
    type Reply = C::Reply;

    async fn send_invoice(
        &self,
        request: &InvoiceRequest<Verified>,
        invoice: &Invoice<Verified>,
    ) -> Result<C::Reply, SendError> {
        self.courier.send_invoice(request, invoice).await
    }

    /// Returns at once. What becomes of the message is logged.
    async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(SendError::NotSent("too many payees are being told at the moment".to_owned()));
        };
        let (courier, to, error) = (self.courier.clone(), to.clone(), error.clone());
        let send = async move {
            let why = match timeout(PATIENCE, courier.send_error(&to, &error)).await {
                Ok(Ok(())) => None,
                Ok(Err(why)) => Some(why.to_string()),
                Err(_) => Some("no way was found in time".to_owned()),
            };
            if let Some(why) = why {
                tracing::debug!(why, "a payee was not told why its invoice is not paid");
            }
            drop(place);
        };
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(send));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Pending, pending};

    use super::*;
    use crate::engine::Answer;

    /// Finds no way, and does not give up.
    #[derive(Clone)]
    struct Lost;

    impl Courier for Lost {
        type Reply = Pending<Answer>;

        async fn send_invoice(
            &self,
            _request: &InvoiceRequest<Verified>,
            _invoice: &Invoice<Verified>,
        ) -> Result<Self::Reply, SendError> {
            pending().await
        }

        async fn send_error(&self, _to: &ReplyPath, _error: &InvoiceError) -> Result<(), SendError> {
            pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_told_at_a_time_and_each_has_a_limited_time() {
        let courier = BackgroundCourier::new(Lost, CancellationToken::new());
        let (to, error) = (ReplyPath(vec![1]), InvoiceError::builder("no").build().unwrap());
        let taken = async || courier.send_error(&to, &error).await.is_ok();
        for _ in 0..PLACES {
            assert!(taken().await);
        }
        assert!(!taken().await);
        tokio::time::sleep(PATIENCE + Duration::from_secs(1)).await;
        assert!(taken().await);
    }
}

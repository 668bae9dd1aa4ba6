//! How an invoice gets to its payer.

use serde::{Deserialize, Serialize};

use super::Recover;
use super::claim::{Claim, CollectSpec};
use super::error::Error;
#[cfg(feature = "onion")]
use crate::client::Client;
#[cfg(feature = "onion")]
use crate::engine::System;
#[cfg(feature = "onion")]
use crate::lightningd::Payee;

/// How an invoice is made and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sending {
    /// By this crate's rules, over the node's commands `createinvoice` and `injectonionmessage`. Needs the feature `onion`.
    Direct,
    /// By the node's command `sendinvoice`, and its rules.
    SendInvoice,
}

/// [`Sending`], with what it takes.
#[derive(Debug)]
pub(super) enum Way {
    #[cfg(feature = "onion")]
    Direct(Box<Payee<Client, System>>),
    SendInvoice,
}

impl Way {
    pub(super) fn sending(&self) -> Sending {
        match self {
            #[cfg(feature = "onion")]
            Way::Direct(_) => Sending::Direct,
            Way::SendInvoice => Sending::SendInvoice,
        }
    }
}

#[cfg(feature = "onion")]
impl Recover {
    /// The way that the caller wants, or that the node has.
    pub(super) async fn way(&self, spec: &CollectSpec, claim: &Claim) -> Result<Way, Error> {
        if spec.sending == Some(Sending::SendInvoice) {
            return Ok(Way::SendInvoice);
        }
        let payee = self.payee.get_or_try_init(|| super::direct::payee(&self.client)).await?;
        match payee {
            Ok(payee) => {
                super::direct::check_chain(payee, claim)?;
                Ok(Way::Direct(Box::new(payee.clone())))
            }
            Err(why) if spec.sending == Some(Sending::Direct) => Err(Error::NoDirectSending(why.clone())),
            Err(why) => {
                tracing::debug!(why, "the invoice goes by sendinvoice");
                Ok(Way::SendInvoice)
            }
        }
    }
}

#[cfg(not(feature = "onion"))]
impl Recover {
    /// The way that the caller wants, or that there is.
    pub(super) async fn way(&self, spec: &CollectSpec, _claim: &Claim) -> Result<Way, Error> {
        match spec.sending {
            Some(Sending::Direct) => {
                Err(Error::NoDirectSending("this program was built without the feature `onion`".to_owned()))
            }
            _ => Ok(Way::SendInvoice),
        }
    }
}

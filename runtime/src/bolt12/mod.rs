//! BOLT 12's messages: text, fields, rules, signatures and ids. Nothing here knows of RPC, files or sockets.
//!
//! What a message may do next is its type:
//!
//! ```text
//! text ──parse──▶ InvoiceRequest<Parsed> ──verify──▶ InvoiceRequest<Verified> ──invoice──▶ InvoiceBuilder
//! RequestBuilder ──build──▶ InvoiceRequest<Unsigned> ──sign──▶ ┘                                │ build
//!                                                                                               ▼
//! text ──parse──▶ Invoice<Parsed> ──verify──▶ Invoice<Verified> ◀──sign── Invoice<Unsigned> ◀───┘
//! ```
//!
//! Only what is `Verified` can be written for others or acted on:
//!
//! ```compile_fail,E0599
//! # use cln_runtime::bolt12::{Invoice, Parsed, Unsigned};
//! fn pay_unverified(invoice: &Invoice<Parsed>) {
//!     invoice.payment();
//! }
//! ```
//!
//! ```compile_fail,E0599
//! # use cln_runtime::bolt12::{Invoice, Unsigned};
//! fn send_unsigned(invoice: &Invoice<Unsigned>) -> String {
//!     invoice.to_string()
//! }
//! ```
//!
//! All else is one parser's work: what a builder makes is
//! read again before anybody gets it, so nothing is ever written that could not be read. The bytes are kept as they
//! came, and fields are read out of them, so that ids and signatures are always those of the original.
//!
//! ```
//! use cln_runtime::bolt12::{Chain, InvoiceRequest};
//!
//! let text = "lnr1qqyqqqqqqqqqqqqqqcp4256ypqqkgzshgysy6ct5dpjk6ct5d93kzmpq23ex2ct5d9ek293pqthvwfzadd7jejes8q9lhc4rvjxd0\
//!     22zv5l44g6qah82ru5rdpnpjkppqvjx204vgdzgsqpvcp4mldl3plscny0rt707gvpdh6ndydfacz43euzqhrurageg3n7kafgsek6gz3e9w52pa\
//!     rv8gs2hlxzk95tzeswywffxlkeyhml0hh46kndmwf4m6xma3tkq2lu04qz3slje2rfthc89vss";
//! let request = InvoiceRequest::parse(text, Chain::BITCOIN)?.verify()?;
//! assert_eq!(request.offer_description(), Some("A Mathematical Treatise"));
//! # Ok::<(), cln_runtime::bolt12::Error>(())
//! ```

pub mod blinding;
mod chain;
pub(crate) mod curve;
mod details;
mod error;
mod features;
mod fields;
mod hash;
mod ids;
pub(crate) mod input;
mod invoice;
mod invoice_error;
mod invoice_request;
mod kinds;
mod merkle;
mod message;
mod offer;
pub(crate) mod output;
mod paths;
pub mod secrets;
mod signature;
mod signed;
mod state;
mod text;
pub(crate) mod tlv;
mod view;

pub(crate) use chain::MAX_MONEY;
pub use chain::{Accept, Chain};
pub use details::{Bip353Name, Recurrence, RecurrenceBase, RecurrencePaywindow};
pub use error::{Error, FieldType, Place};
pub use features::Features;
pub use invoice::{Invoice, InvoiceBuilder, Payment};
pub use invoice_error::{InvoiceError, InvoiceErrorBuilder};
pub use invoice_request::{InvoiceRequest, RequestBuilder};
pub use kinds::{ChainHash, Kind, List};
pub use offer::{Offer, OfferAmount, OfferBuilder};
pub use paths::{
    BlindedPath, BlindedPathBuf, BlindedPay, Fallback, FallbackAddress, FirstNode, Hop, Hops, Path, PayInfo,
};
pub use state::{Parsed, State, Unsigned, Verified};
pub(crate) use text::prefix_of;
pub(crate) use view::View;

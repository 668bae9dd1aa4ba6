//! Errors about invoices and requests, as one node tells another.

use std::fmt;

use super::error::{Error, FieldType};
use super::fields::types::*;
use super::fields::{self, accessors, error_fields, setters};
use super::message::{Draft, Message, record_accessors};

/// Why a node refused an invoice or a request (BOLT 12's `invoice_error`). It has no text form and no signature.
#[derive(Clone)]
pub struct InvoiceError {
    /// Boxed, so that an error that may hold one stays small.
    message: Box<Message>,
}

impl InvoiceError {
    /// Reads an error's bytes.
    ///
    /// # Errors
    /// When they are no error's.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        Ok(InvoiceError { message: Box::new(Message::read(bytes, &[fields::ERROR])?) })
    }

    /// An error to be sent; it has words at least.
    pub fn builder(words: &str) -> InvoiceErrorBuilder {
        InvoiceErrorBuilder { draft: Draft::default() }.error(words)
    }

    error_fields!(accessors);

    /// The field that is wrong, with its name.
    pub fn field(&self) -> Option<FieldType> {
        self.erroneous_field().map(FieldType)
    }

    record_accessors!();
}

impl fmt::Display for InvoiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.error().unwrap_or("no reason given"))?;
        match self.field() {
            Some(field) => write!(f, " ({field})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for InvoiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("InvoiceError");
        shown.field("erroneous_field", &self.field()).field("suggested_value", &self.suggested_value());
        shown.field("error", &self.error()).finish()
    }
}

/// Makes an [`InvoiceError`].
#[derive(Clone)]
#[must_use = "an error is made by `build`"]
pub struct InvoiceErrorBuilder {
    draft: Draft,
}

impl InvoiceErrorBuilder {
    error_fields!(setters);

    /// The error.
    ///
    /// # Errors
    /// When it holds a text that cannot be written: one with a zero byte.
    pub fn build(self) -> Result<InvoiceError, Error> {
        InvoiceError::from_bytes(self.draft.into_bytes()?)
    }
}

impl fmt::Debug for InvoiceErrorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draft.show("InvoiceErrorBuilder", f)
    }
}

//! Faults put into the ports on purpose, to see that the simulation finds them.

use clap::ValueEnum;

/// A mistake that an author of ports could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bug {
    /// A claim is made by a read and a later write.
    ClaimNotAtomic,
    /// A label is freed although an earlier attempt may have delivered the invoice.
    LabelFreedTooEarly,
    /// The preimage is given for HTLCs to which the invoice is not bound.
    PreimageBeforeAccept,
    /// A wallet that does not know how a payment ends says that it failed.
    FailedWhileUnsettled,
    /// After a restart the pending claims are not found.
    ResumeForgets,
    /// Invoices that are bound to a payment are not found.
    AcceptedForgotten,
    /// Marking an invoice as paid again makes another receipt.
    ReceiptWrittenAnew,
    /// The payment of a request that was disabled meanwhile does not count.
    DisableForgetsPayment,
}

impl Bug {
    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

//! Faults put into the ports on purpose, to see that the simulation finds them.

use clap::ValueEnum;

use super::plan::Backend;

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
    /// Beside a lightningd: a payment of which no row is found has failed, although its call may be under way.
    NoRowIsFailure,
    /// Beside a lightningd: any error of `xpay` is a failure, also that the payment is in progress.
    XpayErrorIsFailure,
    /// Beside a lightningd: another invoice is paid in place of one whose payment is not known to have failed.
    AnotherInvoicePaid,
    /// Beside a lightningd: a message whose sending was not confirmed is taken for one that has not left.
    LostIsNotSent,
    /// Beside a lightningd: the same preimages are drawn again after each start.
    PreimagesDrawnAgain,
}

impl Bug {
    /// Where it shows.
    pub fn backend(self) -> Backend {
        match self {
            Bug::NoRowIsFailure
            | Bug::XpayErrorIsFailure
            | Bug::AnotherInvoicePaid
            | Bug::LostIsNotSent
            | Bug::PreimagesDrawnAgain => Backend::Lightningd,
            _ => Backend::Embedded,
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

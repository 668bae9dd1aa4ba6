//! Why a payer does not pay an invoice, as it tells the payee.

use cln_primitives::{Hash32, Msat};

use super::ports::ClaimRefusal;
use crate::bolt12::{self, FieldType, InvoiceError};

/// So many letters of a reason are told, which leaves room in an onion message of the usual size.
const LONGEST_WORDS: usize = 250;

/// Why an invoice is not paid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It breaks one of BOLT 12's rules.
    #[error("invalid invoice: {0}")]
    Invalid(#[from] bolt12::Error),
    /// No such request was made here, or the invoice did not come by the request's path.
    #[error("unknown invoice_request {0}")]
    UnknownRequest(Hash32),
    /// The request has a last second, and it is over.
    #[error("the invoice_request expired at {0}")]
    RequestExpired(u64),
    /// The invoice's last second is over.
    #[error("the invoice expired at {0}")]
    InvoiceExpired(u64),
    /// The invoice would be valid for so long that a payment without an end would keep the request busy.
    #[error("the invoice is valid until {expiry}: make one that is valid for {longest} seconds at most")]
    ValidTooLong {
        /// The invoice's last second, since 1970.
        expiry: u64,
        /// For how many seconds from now an invoice may be valid.
        longest: u32,
    },
    /// The request is disabled, or used up.
    #[error("the invoice_request is no longer available")]
    Inactive,
    /// Another invoice for the single-use request is being paid.
    #[error("the invoice_request is no longer available: an invoice for it is being paid already")]
    InProgress,
    /// The payment hash is that of another invoice.
    #[error("the payment hash has been used for another invoice: make one with a new preimage")]
    PaymentHashTaken,
    /// More is asked for than the request offers.
    #[error("the invoice amount {asked} is too large: the invoice_request is for {offered}")]
    AmountTooLarge {
        /// What the invoice asks for.
        asked: Msat,
        /// What the request offers.
        offered: Msat,
    },
    /// Less is asked for than the request offers, and the payer did not say that it takes less.
    #[error("the invoice amount {asked} is too small: the invoice_request is for {offered}")]
    AmountTooSmall {
        /// What the invoice asks for.
        asked: Msat,
        /// What the request offers.
        offered: Msat,
    },
    /// Nothing is asked for.
    #[error("an invoice over nothing cannot be paid")]
    AmountZero,
    /// No way to the payee can be used, as each needs this feature.
    #[error("no path of the invoice can be used: feature {0} is not known")]
    UnknownPathFeature(usize),
    /// Too many invoices at once; later ones may be paid.
    #[error("too many invoices: try again later")]
    TooMany,
    /// The payer's operator has bounded what is spent in a day; later ones may be paid.
    #[error("the payer has reached its limit for the day: try again later")]
    DailyLimit,
    /// The payer's operator has paused paying; later ones may be paid.
    #[error("the payer does not pay at the moment: try again later")]
    Paused,
    /// The payment was tried. The payer's wallet says why it failed.
    #[error("pay attempt failed: {0}")]
    PaymentFailed(String),
    /// The payer has a fault of its own.
    #[error("internal error of the payer: try again later")]
    Internal,
}

impl Refusal {
    /// The type of the field that is wrong; `None` when the invoice is not at fault.
    pub fn erroneous_field(&self) -> Option<FieldType> {
        let number = match self {
            Refusal::Invalid(error) => return error.field(),
            Refusal::RequestExpired(_) => 14,
            Refusal::UnknownPathFeature(_) => 162,
            Refusal::InvoiceExpired(_) | Refusal::ValidTooLong { .. } => 166,
            Refusal::PaymentHashTaken => 168,
            Refusal::AmountTooLarge { .. } | Refusal::AmountTooSmall { .. } | Refusal::AmountZero => 170,
            _ => return None,
        };
        Some(FieldType(number))
    }

    /// What the field could be, as it is written there.
    pub fn suggested_value(&self) -> Option<Vec<u8>> {
        match self {
            Refusal::AmountTooLarge { offered, .. } | Refusal::AmountTooSmall { offered, .. } => {
                Some(truncated(offered.as_msat()))
            }
            Refusal::ValidTooLong { longest, .. } => Some(truncated((*longest).into())),
            _ => None,
        }
    }

    /// The message for the payee.
    ///
    /// # Errors
    /// When BOLT 12 has no way to write it.
    pub fn to_invoice_error(&self) -> Result<InvoiceError, bolt12::Error> {
        // The words may be a wallet's: a text with a zero byte cannot be sent, nor one that is too long.
        let words: String = self.to_string().chars().filter(|&letter| letter != '\0').take(LONGEST_WORDS).collect();
        let mut error = InvoiceError::builder(&words);
        if let Some(field) = self.erroneous_field() {
            error = error.erroneous_field(field.0);
        }
        if let Some(value) = self.suggested_value() {
            error = error.suggested_value(&value);
        }
        error.build()
    }
}

impl From<ClaimRefusal> for Refusal {
    fn from(refusal: ClaimRefusal) -> Self {
        match refusal {
            ClaimRefusal::UnknownRequest(invreq_id) => Refusal::UnknownRequest(invreq_id),
            ClaimRefusal::Inactive => Refusal::Inactive,
            ClaimRefusal::InProgress => Refusal::InProgress,
            ClaimRefusal::PaymentHashTaken => Refusal::PaymentHashTaken,
            ClaimRefusal::TooManyPending => Refusal::TooMany,
            ClaimRefusal::DailyLimit => Refusal::DailyLimit,
            ClaimRefusal::Paused => Refusal::Paused,
        }
    }
}

/// BOLT 12's truncated integer: the bytes from the first that is not zero.
fn truncated(number: u64) -> Vec<u8> {
    number.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(refusal: Refusal, field: Option<u64>, suggested: Option<&[u8]>) {
        let error = refusal.to_invoice_error().unwrap();
        let told = (error.error(), error.erroneous_field(), error.suggested_value());
        assert_eq!(told, (Some(refusal.to_string().as_str()), field, suggested));
    }

    #[test]
    fn the_payee_hears_which_field_is_wrong_and_what_it_could_be() {
        let (asked, offered) = (Msat::from_msat(1), Msat::from_msat(0x0102));
        check(Refusal::Invalid(bolt12::Error::Missing(FieldType(168))), Some(168), None);
        check(Refusal::RequestExpired(7), Some(14), None);
        check(Refusal::UnknownPathFeature(2), Some(162), None);
        check(Refusal::InvoiceExpired(7), Some(166), None);
        check(Refusal::PaymentHashTaken, Some(168), None);
        check(Refusal::AmountTooLarge { asked, offered }, Some(170), Some(&[1, 2]));
        check(Refusal::AmountTooSmall { asked, offered }, Some(170), Some(&[1, 2]));
        check(Refusal::AmountZero, Some(170), None);
    }

    #[test]
    fn an_invoice_that_is_not_at_fault_has_no_wrong_field() {
        let blameless = [
            Refusal::UnknownRequest(Hash32::from_bytes([1; 32])),
            Refusal::Inactive,
            Refusal::InProgress,
            Refusal::TooMany,
            Refusal::DailyLimit,
            Refusal::Paused,
            Refusal::PaymentFailed("no way to the payee".to_owned()),
            Refusal::Internal,
        ];
        blameless.into_iter().for_each(|refusal| check(refusal, None, None));
    }

    /// One of each kind.
    fn all() -> Vec<Refusal> {
        let (asked, offered) = (Msat::from_msat(1), Msat::from_msat(2));
        let all = vec![
            Refusal::Invalid(bolt12::Error::Missing(FieldType(168))),
            Refusal::UnknownRequest(Hash32::from_bytes([1; 32])),
            Refusal::RequestExpired(7),
            Refusal::InvoiceExpired(7),
            Refusal::ValidTooLong { expiry: 7, longest: 8 },
            Refusal::Inactive,
            Refusal::InProgress,
            Refusal::PaymentHashTaken,
            Refusal::AmountTooLarge { asked, offered },
            Refusal::AmountTooSmall { asked, offered },
            Refusal::AmountZero,
            Refusal::UnknownPathFeature(2),
            Refusal::TooMany,
            Refusal::DailyLimit,
            Refusal::Paused,
            Refusal::PaymentFailed("no way".to_owned()),
            Refusal::Internal,
        ];
        // Whoever adds a kind adds it above as well.
        for refusal in &all {
            match refusal {
                Refusal::Invalid(_) | Refusal::UnknownRequest(_) | Refusal::RequestExpired(_) => {}
                Refusal::InvoiceExpired(_) | Refusal::ValidTooLong { .. } | Refusal::Inactive => {}
                Refusal::InProgress | Refusal::PaymentHashTaken | Refusal::AmountTooLarge { .. } => {}
                Refusal::AmountTooSmall { .. } | Refusal::AmountZero | Refusal::UnknownPathFeature(_) => {}
                Refusal::TooMany | Refusal::DailyLimit | Refusal::Paused | Refusal::PaymentFailed(_) => {}
                Refusal::Internal => {}
            }
        }
        all
    }

    /// Are these the words, where `…` stands for what differs?
    fn fits(words: &str, pattern: &str) -> bool {
        let Some((head, rest)) = pattern.split_once('…') else { return words == pattern };
        let fits_from = |tail: &str| (0..=tail.len()).filter_map(|at| tail.get(at..)).any(|tail| fits(tail, rest));
        words.strip_prefix(head).is_some_and(fits_from)
    }

    #[test]
    fn the_book_has_the_words_and_the_field_of_every_refusal() {
        let page = include_str!("../../../docs/src/refusals.md");
        let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
        let rows: Vec<_> = page.lines().filter(|line| line.starts_with('|')).skip(2).map(cells).collect();
        for refusal in all() {
            let words = refusal.to_string();
            let found: Vec<_> = rows.iter().filter(|row| fits(&words, row[0])).collect();
            assert_eq!(found.len(), 1, "{words}: {found:?}");
            let field = refusal.erroneous_field().map(|field| field.0.to_string()).unwrap_or_default();
            assert!(found[0][1] == field || matches!(refusal, Refusal::Invalid(_)), "{words}: field {field}");
        }
        assert_eq!(rows.len(), all().len());
    }

    #[test]
    fn a_zero_byte_in_a_wallets_words_is_left_out() {
        let error = Refusal::PaymentFailed("no\0 way".to_owned()).to_invoice_error().unwrap();
        assert_eq!(error.error(), Some("pay attempt failed: no way"));
    }

    #[test]
    fn a_wallets_long_words_are_cut() {
        let error = Refusal::PaymentFailed("é".repeat(70_000)).to_invoice_error().unwrap();
        assert_eq!(error.error().map(|words| words.chars().count()), Some(LONGEST_WORDS));
    }
}

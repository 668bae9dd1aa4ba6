//! How far a message has come, as a type.

use std::fmt::Debug;

use cln_primitives::{Hash32, Msat, NodeId};

/// The state of a request or an invoice.
pub trait State: sealed::Sealed + Debug + Clone + Copy {
    /// What an invoice in this state is known to have.
    type Proven: Clone;
}

/// What a verified invoice has for sure.
#[derive(Debug, Clone, Copy)]
pub struct Payable {
    pub(crate) payment_hash: Hash32,
    pub(crate) amount: Msat,
    pub(crate) created_at: u64,
    pub(crate) node_id: NodeId,
}

/// Made here and not signed yet: nobody else may see it.
#[derive(Debug, Clone, Copy)]
pub enum Unsigned {}

/// Read, and well-formed; whether it is signed, and by whom, is not known yet.
#[derive(Debug, Clone, Copy)]
pub enum Parsed {}

/// Signed by the key it names, and complete: it may be acted on.
#[derive(Debug, Clone, Copy)]
pub enum Verified {}

impl State for Unsigned {
    type Proven = ();
}
impl State for Parsed {
    type Proven = ();
}
impl State for Verified {
    type Proven = Payable;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Unsigned {}
    impl Sealed for super::Parsed {}
    impl Sealed for super::Verified {}
}

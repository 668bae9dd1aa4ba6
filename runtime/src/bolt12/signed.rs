//! What requests and invoices have in common: the request's identity, and a signature over all they say.

/// Makes it for a type with a `message`, of this prefix and this tag of signatures, by the documentation of what takes
/// an unsigned text.
macro_rules! signed_message {
    ($type:ident, $prefix:expr, $signing:expr, $(#[$unsigned:meta])*) => {
        impl<S: State> $type<S> {
            /// The chain to pay on.
            pub fn chain(&self) -> Chain {
                self.invreq_chain().unwrap_or(Chain::BITCOIN)
            }

            /// The request's id. An invoice of the same id repeats that request to the byte.
            pub fn invreq_id(&self) -> Hash32 {
                ids::invreq_id(self.message.bytes())
            }

            /// What the request's id would be without `invreq_paths`: the secret of those paths is derived from it.
            pub fn invreq_id_without_paths(&self) -> Hash32 {
                ids::pathless_invreq_id(self.message.bytes())
            }

            /// Is there an offer that the request answers?
            pub fn answers_offer(&self) -> bool {
                self.offer_issuer_id().is_some() || self.offer_paths().is_some()
            }

            /// The id of the offer that the request answers; `None` when it stands alone.
            pub fn offer_id(&self) -> Option<Hash32> {
                self.answers_offer().then(|| ids::offer_id(self.message.bytes()))
            }

            /// The root over all records but signatures; `None` when there are none.
            pub fn merkle_root(&self) -> Option<Hash32> {
                merkle::root(self.message.bytes())
            }

            /// What the key signs that the message names.
            ///
            /// # Errors
            /// When there is nothing to sign, which no builder makes.
            pub fn sighash(&self) -> Result<Hash32, Error> {
                signature::sighash(self.message.bytes(), $signing)
            }

            pub(crate) fn view(&self) -> View<'_> {
                View::new(&self.message)
            }

            fn text(&self) -> String {
                text::encode($prefix, self.message.bytes())
            }
        }

        impl $type<Unsigned> {
            $(#[$unsigned])*
            pub fn unsigned_text(&self) -> String {
                self.text()
            }

            /// Signs it.
            ///
            /// # Errors
            /// When the key is not the one that the message names, or a field is missing that `verify` wants.
            pub fn sign(self, key: &Keypair) -> Result<$type<Verified>, Error> {
                let signature = signature::sign(&self.sighash()?, key);
                self.with_signature(&signature)
            }

            /// Takes a signature of [`sighash`](Self::sighash) that was made elsewhere.
            ///
            /// # Errors
            /// See [`sign`](Self::sign).
            pub fn with_signature(self, signature: &schnorr::Signature) -> Result<$type<Verified>, Error> {
                $type::from_bytes(signature::attach(&self.message, signature), Accept::Any)?.verify()
            }
        }

        impl fmt::Display for $type<Verified> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text())
            }
        }

        impl<S: State> fmt::Debug for $type<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self.text())
            }
        }
    };
}
pub(super) use signed_message;

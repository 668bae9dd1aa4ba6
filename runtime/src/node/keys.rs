//! The node's key, and what is derived from it: the file `hsm_secret`, as Core Lightning has it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::{Keypair, Secp256k1, SecretKey};
use cln_primitives::{Hash32, NodeId, Secret};
use zeroize::Zeroizing;

use crate::bolt12::blinding::{own_path, own_path_pay, read_own_hop, read_own_path};
use crate::bolt12::secrets::{PathUse, path_base, path_secret, payer_alias_base, payer_alias_key};
use crate::bolt12::{self, BlindedPath, BlindedPathBuf, Chain, Hop, Invoice, InvoiceRequest, Unsigned, Verified};
use crate::onion::{Packet, PeelError, Peeled, peel};
use crate::random::bytes32;

/// The node's key could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no regular file.
    #[error("{}: not a regular file: put the node's own secret there, or remove it for a new one", .0.display())]
    NotAFile(PathBuf),
    /// Others may read it.
    #[error("{}: others may read it (mode {mode:o}): chmod 600 it, if nobody has", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It has not 32 bytes.
    #[error("{}: {length} bytes instead of 32: restore it from a backup; an encrypted one cannot be used", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// No key can be derived from it, or no secret drawn.
    #[error("no key: {0}")]
    Key(&'static str),
}

/// What only this node can sign and read.
pub struct Keys {
    node: Keypair,
    chain: Chain,
    requests: Secret,
    invoices: Secret,
    aliases: Secret,
}

impl Keys {
    /// Reads the seed in a file, which is made when there is none: 32 bytes that only its owner may read.
    ///
    /// # Errors
    /// When the file is not such a one, or cannot be made durable.
    pub fn load_or_create(path: &Path, chain: Chain) -> Result<Self, KeyError> {
        let seed = match read(path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => create(path)?,
            read => read?,
        };
        Self::from_seed(&seed, chain)
    }

    /// The keys of this seed.
    ///
    /// # Errors
    /// When there are none, which no known seed leads to.
    pub fn from_seed(seed: &[u8; 32], chain: Chain) -> Result<Self, KeyError> {
        let curve = Secp256k1::signing_only();
        let key = node_key(seed).ok_or(KeyError::Key("the seed gives none"))?;
        Ok(Keys {
            node: Keypair::from_secret_key(&curve, &key),
            chain,
            requests: path_base(seed, PathUse::OfferOrRequest),
            invoices: path_base(seed, PathUse::Invoice),
            aliases: payer_alias_base(seed),
        })
    }

    /// The node's id.
    pub fn node_id(&self) -> NodeId {
        NodeId::from(self.node.public_key())
    }

    /// The chain on which the node pays and is paid.
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// Signs a request of this node's: by the node's key, or by its alias for the request's metadata if that is the payer.
    ///
    /// # Errors
    /// When it names another payer.
    pub fn sign_request(&self, request: InvoiceRequest<Unsigned>) -> Result<InvoiceRequest<Verified>, bolt12::Error> {
        let payer = request.invreq_payer_id().filter(|&payer| payer != self.node_id());
        let alias = request.invreq_metadata().and_then(|it| payer_alias_key(&self.aliases, &self.node, it));
        match alias.filter(|alias| payer == Some(alias.public_key().into())) {
            Some(alias) => request.sign(&alias),
            None => request.sign(&self.node),
        }
    }

    /// Signs an invoice of this node's. One without a path gets one from this node to itself, as `createinvoice` does.
    ///
    /// # Errors
    /// When it names another node, or lacks a field that a payment needs.
    pub fn finish_invoice(&self, invoice: Invoice<Unsigned>) -> Result<Invoice<Verified>, bolt12::Error> {
        let Some(hash) = invoice.invoice_payment_hash().filter(|_| invoice.invoice_paths().is_none()) else {
            return invoice.sign(&self.node);
        };
        let path = self.own_path(&self.path_secret(PathUse::Invoice, &hash));
        let pay = own_path_pay(self.final_cltv_delta());
        invoice.into_builder().invoice_paths(&[path]).invoice_blindedpay(&[pay]).build()?.sign(&self.node)
    }

    /// What a path of this node carries for it: see [`Signer::path_secret`](crate::engine::Signer::path_secret).
    pub fn path_secret(&self, purpose: PathUse, id: &Hash32) -> Secret {
        let base = match purpose {
            PathUse::OfferOrRequest => &self.requests,
            PathUse::Invoice => &self.invoices,
        };
        path_secret(base, id)
    }

    /// A new path from this node to itself that carries a secret.
    pub fn own_path(&self, secret: &Secret) -> BlindedPathBuf {
        own_path(&self.node, secret, &random_key())
    }

    /// The secret in a path from this node to itself; `None` for any other path.
    pub fn read_own_path(&self, path: BlindedPath<'_>) -> Option<Secret> {
        read_own_path(&self.node, path)
    }

    /// The secret in a path from this node to itself, from what a payment carries of it.
    pub fn read_own_hop(&self, path_key: NodeId, hop: Hop<'_>) -> Option<Secret> {
        read_own_hop(&self.node, path_key, hop)
    }

    /// Takes this node's layer off an onion message.
    ///
    /// # Errors
    /// When it is not for this node, or is none.
    pub fn peel(&self, packet: &Packet) -> Result<Peeled, PeelError> {
        peel(&self.node, packet)
    }

    /// How many blocks a payment's last hop must leave: Core Lightning's `cltv-final`.
    fn final_cltv_delta(&self) -> u16 {
        if self.chain == Chain::BITCOIN { 18 } else { 10 }
    }
}

/// Shows no key.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("node_id", &self.node_id()).field("chain", &self.chain).finish_non_exhaustive()
    }
}

/// The node's key, as Core Lightning derives it: HKDF-SHA256, with as salt the number of keys that were none.
fn node_key(seed: &[u8; 32]) -> Option<SecretKey> {
    (0..=u32::MAX).find_map(|salt| {
        let extracted = hmac(&salt.to_le_bytes(), seed);
        SecretKey::from_slice(&*hmac(&*extracted, b"nodeid\x01")).ok()
    })
}

fn hmac(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    engine.input(message);
    Zeroizing::new(Hmac::from_engine(engine).to_byte_array())
}

/// A key for one use.
fn random_key() -> SecretKey {
    loop {
        if let Ok(key) = SecretKey::from_slice(&bytes32()) {
            return key;
        }
    }
}

fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    // Not by the opened file: opening a pipe would wait for its writer.
    if !fs::symlink_metadata(path).map_err(io)?.is_file() {
        return Err(KeyError::NotAFile(path.to_owned()));
    }
    let mut file = File::open(path).map_err(io)?;
    let found = file.metadata().map_err(io)?;
    if found.mode() & 0o077 != 0 {
        return Err(KeyError::Mode { path: path.to_owned(), mode: found.mode() & 0o7777 });
    }
    if found.len() != 32 {
        return Err(KeyError::Length { path: path.to_owned(), length: found.len() });
    }
    let mut seed = Zeroizing::new([0; 32]);
    file.read_exact(&mut *seed).map_err(io)?;
    Ok(seed)
}

/// Makes the file whole or not at all: a crash leaves no half of a seed behind.
fn create(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    let folder = path.parent().ok_or(KeyError::NotAFile(path.to_owned()))?;
    let seed = Zeroizing::new(bytes32());
    // Made anew, and for its owner alone.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    file.write_all(&*seed).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist_noclobber(path).map_err(|error| io(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(seed)
}

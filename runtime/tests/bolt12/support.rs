//! Files, keys and strings that the tests share.

use std::fs;
use std::path::{Path, PathBuf};

use bitcoin::secp256k1::{Keypair, Secp256k1};
use cln_primitives::{HexBytes, NodeId};
use cln_runtime::bolt12::{Accept, Error, Invoice, InvoiceRequest, Offer};
use serde_json::Value;

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file or folder beside the workspace, which a clone alone has not. Where the suite must be complete, its absence fails.
pub fn shared(path: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    None
}

pub fn shared_json(path: &str) -> Option<Value> {
    let text = fs::read_to_string(shared(path)?).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// A key pair of no worth.
pub fn key(byte: u8) -> Keypair {
    Keypair::from_seckey_slice(&Secp256k1::new(), &[byte; 32]).unwrap()
}

pub fn id(byte: u8) -> NodeId {
    key(byte).public_key().into()
}

pub fn hex(text: &str) -> Vec<u8> {
    text.parse::<HexBytes>().unwrap().into_vec()
}

/// Reads a text of any of the three kinds, and verifies it where it is signed. Gives its bytes.
pub fn read(text: &str) -> Result<Vec<u8>, Error> {
    let start = text.get(..3).unwrap_or_default().to_ascii_lowercase();
    match start.as_str() {
        "lnr" => {
            let request = InvoiceRequest::parse(text, Accept::Any)?;
            let bytes = request.as_bytes().to_vec();
            if request.signature().is_some() {
                request.verify()?;
            }
            Ok(bytes)
        }
        "lni" => {
            let invoice = Invoice::parse(text, Accept::Any)?;
            let bytes = invoice.as_bytes().to_vec();
            if invoice.signature().is_some() {
                invoice.verify()?;
            }
            Ok(bytes)
        }
        _ => Ok(Offer::parse(text, Accept::Any)?.as_bytes().to_vec()),
    }
}

/// All files with this ending in a folder and those in it.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The texts that stand in a file: a prefix and at least 40 letters of the alphabet.
pub fn texts_in(content: &str) -> Vec<&str> {
    let is_data = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let starts = ["lno1", "lnr1", "lni1"].into_iter().flat_map(|prefix| content.match_indices(prefix));
    let whole = starts.filter(|(at, _)| !content[..*at].ends_with(is_data));
    let texts = whole.map(|(at, _)| {
        let rest = &content[at..];
        &rest[..rest.find(|character| !is_data(character)).unwrap_or(rest.len())]
    });
    texts.filter(|text| text.len() > 44).collect()
}

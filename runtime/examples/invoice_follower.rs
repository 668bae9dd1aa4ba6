//! Tells every invoice that is paid, once: also those that were paid while it did not run.
//!
//! ```text
//! cargo run --example invoice_follower -- ~/.lightning/bitcoin/lightning-rpc cursor
//! ```
//!
//! The file `cursor` says how far it was. It is written after a line was printed: whoever needs "exactly once" stores the
//! cursor in the same transaction as what the invoice leads to.

use std::error::Error;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use cln_api::listinvoices::{self, Status};
use cln_runtime::client::{Client, Cursor};
use futures_util::TryStreamExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(socket), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: invoice_follower SOCKET CURSOR-FILE".into());
    };
    let file = Path::new(&file);
    let node = Client::connect(socket).await?;
    let mut changes = node.follow(&listinvoices::Request::new(), read(file)?);
    while let Some(change) = changes.try_next().await? {
        let invoice = change.record;
        if let Status::Paid(paid) = invoice.status {
            println!("{} {} {}", paid.paid_at, paid.amount_received_msat, invoice.label);
        }
        write(file, change.cursor)?;
    }
    Ok(())
}

/// From the beginning, when there is no file.
fn read(file: &Path) -> Result<Cursor, Box<dyn Error>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Cursor::default()),
        Err(error) => return Err(error.into()),
    };
    Ok(serde_json::from_str(&text)?)
}

/// All of it or nothing: a file that is half written would begin anew.
fn write(file: &Path, cursor: Cursor) -> Result<(), Box<dyn Error>> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut new, &cursor)?;
    new.flush()?;
    new.persist(file)?;
    Ok(())
}

//! Our plugin, so that tests can start it: what `lnr plugin` is, without the rest of that binary.

use std::process::ExitCode;

use cln_runtime::plugin::{self, Log};

#[tokio::main]
async fn main() -> ExitCode {
    match plugin::run(tokio::io::stdin(), tokio::io::stdout(), Log::Node).await {
        // A read of the standard input cannot be taken back, and would keep the process until lightningd closes it.
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("lnr-plugin: {error}");
            ExitCode::FAILURE
        }
    }
}

//! `lnr completions` and `lnr man`: the program's own description for shells and readers.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Arguments;
use super::exit::{Exit, Failure};
use super::output::raw;

#[derive(Debug, Args)]
pub struct CompletionsOptions {
    /// The shell that is to complete lnr's arguments
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManOptions {
    /// Write a page for each command into this folder, not only the first one to stdout
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub fn completions(options: &CompletionsOptions) {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "lnr", &mut script);
    raw(&script);
}

pub fn man(options: &ManOptions) -> Result<(), Failure> {
    let command = Arguments::command();
    match &options.out {
        None => {
            // Whoever has asked may have stopped reading.
            let _ = Man::new(command).render(&mut std::io::stdout());
            Ok(())
        }
        Some(folder) => clap_mangen::generate_to(command, folder).map_err(|error| {
            let problem = format!("the pages cannot be written to {}: {error}", folder.display());
            Failure::new(Exit::Failed, problem, "Name a folder that exists and that you may write to.")
        }),
    }
}

//! A node as a process of its own, which tells how often it has waited for the disk.

use std::env;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cln_primitives::Msat;
use cln_runtime::node::EmbeddedNode;

use super::super::Error;

/// Enough for a million payments.
const BALANCE: Msat = Msat::from_msat(1_000_000_000);

/// Runs a node in this folder. For each line that comes, it prints how often the node has waited for the disk so far;
/// the first number is printed unasked, when the node runs. It ends with its input.
///
/// # Errors
/// When the node does not start.
pub fn serve_node(folder: &Path) -> Result<(), Error> {
    let runtime = tokio::runtime::Runtime::new().map_err(Error::io("cannot start a runtime"))?;
    let start = EmbeddedNode::builder(folder).balance(BALANCE).start();
    let running = runtime.block_on(start).map_err(Error::call)?;
    let node = running.node();
    let tell = || {
        let fsyncs = node.store().writes().fsyncs() + node.account().ledger().writes().fsyncs();
        writeln!(io::stdout(), "{fsyncs}").map_err(Error::io("cannot print a number"))
    };
    tell()?;
    for line in io::stdin().lines() {
        line.map_err(Error::io("cannot read what is asked"))?;
        tell()?;
    }
    runtime.block_on(running.stop());
    Ok(())
}

/// A process with a node, ended with this.
pub(super) struct NodeProcess {
    child: Child,
    questions: ChildStdin,
    numbers: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl NodeProcess {
    pub(super) fn start(folder: &Path) -> Result<Self, Error> {
        let program = env::current_exe().map_err(Error::io("cannot find this program"))?;
        let mut command = Command::new(program);
        command.arg("serve-node").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(Error::io("cannot start a node"))?;
        let (Some(questions), Some(numbers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::Call("a node was started without its pipes".to_owned()));
        };
        let mut process = NodeProcess { child, questions, numbers: BufReader::new(numbers), folder: folder.to_owned() };
        process.read()?;
        Ok(process)
    }

    /// Where its clients connect.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("lightning-rpc")
    }

    /// How often it has waited for the disk so far.
    pub(super) fn fsyncs(&mut self) -> Result<u64, Error> {
        self.questions.write_all(b"\n").map_err(Error::io("cannot ask a node"))?;
        self.read()
    }

    fn read(&mut self) -> Result<u64, Error> {
        let mut line = String::new();
        self.numbers.read_line(&mut line).map_err(Error::io("a node says nothing"))?;
        line.trim_end().parse().map_err(|_| Error::Call("a node has ended, and said why above".to_owned()))
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // Its folder is thrown away; it may have ended by itself, too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

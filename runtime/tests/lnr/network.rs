//! Two nodes as processes, and calls of the program for them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A request of 5 sat on regtest, by a node that is nowhere.
pub const REQUEST: &str = include_str!("request.txt");

/// The program with these arguments, and nothing of the caller's own settings.
pub fn lnr(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lnr"));
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nowhere").env("NO_COLOR", "1");
    command
}

/// Its exit code, what it writes to stdout, and to stderr.
pub fn output(arguments: &[&str]) -> (Option<i32>, String, String) {
    read(lnr(arguments).stdin(Stdio::null()).output().unwrap())
}

pub fn read(Output { status, stdout, stderr }: Output) -> (Option<i32>, String, String) {
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A node, and the line that it prints when it is ready.
pub fn start(folder: &Path, balance: &str) -> (Child, String) {
    let mut node = lnr(&["node", "--dir", folder.to_str().unwrap(), "--balance", balance]);
    let mut node = node.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(node.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (node, line)
}

/// Alice, who has money, and Bob. Dropped, they are no more.
pub struct Network {
    folder: TempDir,
    nodes: Vec<(&'static str, Child)>,
}

impl Network {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nodes = [("alice", "1000000sat"), ("bob", "0sat")]
            .map(|(name, balance)| (name, start(&folder.path().join(name), balance).0));
        Network { folder, nodes: nodes.into() }
    }

    /// Stops the node of this name, as a crash does.
    pub fn stop(&mut self, name: &str) {
        for (_, node) in self.nodes.iter_mut().filter(|(its_name, _)| *its_name == name) {
            node.kill().and_then(|()| node.wait()).unwrap();
        }
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, for the node of this name.
    pub fn lnr(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = lnr(arguments);
        command.env("LIGHTNING_DIR", name).current_dir(self.folder.path());
        command
    }

    /// What that writes when all goes well.
    pub fn output(&self, name: &str, arguments: &[&str]) -> String {
        let (code, shown, error) = read(self.lnr(name, arguments).stdin(Stdio::null()).output().unwrap());
        assert_eq!((code, error.as_str()), (Some(0), ""), "{arguments:?} {shown}");
        shown
    }

    /// The text of a new request of Alice.
    pub fn request(&self, arguments: &[&str]) -> String {
        let answer = self.output("alice", &[&["request", "--json"], arguments].concat());
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        answer["bolt12"].as_str().unwrap().to_owned()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for (_, node) in &mut self.nodes {
            let _ = node.kill().and_then(|()| node.wait());
        }
    }
}

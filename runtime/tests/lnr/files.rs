//! The files of a node: whose they are, and what is made of links in their places.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::network::{output, read};

/// The program after a change of the umask, which every process has for itself.
fn with_umask(umask: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_lnr");
    command.args(["-c", "umask \"$1\" && shift && exec \"$@\"", "sh", umask, program]).args(arguments);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nowhere").env("NO_COLOR", "1");
    command
}

struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

fn start(umask: &str, folder: &Path, balance: &str) -> Node {
    let arguments = ["node", "--dir", folder.to_str().unwrap(), "--balance", balance];
    let mut node = with_umask(umask, &arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(node.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    assert!(line.starts_with("ready: "), "{line}");
    Node(node)
}

/// All that is in a folder, with what others may do with it.
fn open_to_others(folder: &Path, names: &mut Vec<String>) -> Vec<(PathBuf, u32)> {
    let mut open = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let found = fs::symlink_metadata(&path).unwrap();
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        let mode = found.permissions().mode() & 0o7777;
        if mode != if found.is_dir() { 0o700 } else { 0o600 } {
            open.push((path.clone(), mode));
        }
        if found.is_dir() {
            open.extend(open_to_others(&path, names));
        }
    }
    open
}

#[test]
fn all_files_are_their_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let above = tempfile::tempdir().unwrap();
        let network = above.path().join("net");
        let nodes = ["alice", "bob"].map(|name| start(umask, &network.join(name), "1000sat"));
        let lnr = |name: &str, arguments: &[&str]| {
            let mut command = with_umask(umask, arguments);
            command.env("LIGHTNING_DIR", name).current_dir(&network).stdin(Stdio::null());
            let (code, shown, error) = read(command.output().unwrap());
            assert_eq!(code, Some(0), "{arguments:?} {error}");
            shown
        };
        let request: serde_json::Value =
            serde_json::from_str(&lnr("alice", &["request", "5sat", "files", "--json"])).unwrap();
        lnr("bob", &["collect", request["bolt12"].as_str().unwrap()]);
        let mut names = Vec::new();
        assert_eq!(open_to_others(above.path(), &mut names), [], "umask {umask}");
        let wanted =
            ["hsm_secret", "lightning-rpc", "lock", "messages", "node.sqlite3-wal", "node.sqlite3-shm", "node_id"];
        for name in wanted.iter().chain(&["ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm"]) {
            assert!(names.iter().any(|it| it == name), "no {name} in {names:?}");
        }
        // And what a crash leaves.
        drop(nodes);
        assert_eq!(open_to_others(above.path(), &mut names), [], "umask {umask}");
    }
}

/// The node must not start with this in the place of a file, and what a link leads to stays as it is.
fn check_refused(network: &Path, name: &str, words: &str) {
    let (place, elsewhere) = (network.join(name), network.join("elsewhere"));
    let kept = network.join("kept");
    let was_there = fs::rename(&place, &kept).is_ok();
    match was_there {
        true => drop(fs::copy(&kept, &elsewhere).unwrap()),
        false => fs::write(&elsewhere, "of somebody else").unwrap(),
    }
    fs::set_permissions(&elsewhere, Permissions::from_mode(0o644)).unwrap();
    let before = fs::read(&elsewhere).unwrap();
    for target in [elsewhere.clone(), network.join("nothing")] {
        symlink(&target, &place).unwrap();
        let (code, _, error) = output(&["node", "--dir", network.join("alice").to_str().unwrap()]);
        let error = error.replace("\n  ", " ");
        assert_eq!(code, Some(1), "{name}: {error}");
        assert!(error.contains(words) && error.contains(name), "{name}: {error}");
        assert!(fs::symlink_metadata(&place).unwrap().is_symlink());
        fs::remove_file(&place).unwrap();
    }
    assert!(!network.join("nothing").exists(), "{name} was made elsewhere");
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
    assert_eq!(fs::metadata(&elsewhere).unwrap().permissions().mode() & 0o777, 0o644);
    if was_there {
        fs::rename(&kept, &place).unwrap();
    }
}

#[test]
fn links_in_the_place_of_files_are_refused() {
    let network = tempfile::tempdir().unwrap();
    let mut node = start("022", &network.path().join("alice"), "0sat");
    assert!(Command::new("kill").arg(node.0.id().to_string()).status().unwrap().success());
    node.0.wait().unwrap();
    let no_link = "a symbolic link, which is not followed: put the file itself there, or remove it";
    check_refused(network.path(), "alice/lock", no_link);
    check_refused(network.path(), "alice/node.sqlite3", no_link);
    check_refused(network.path(), "alice/node.sqlite3-wal", no_link);
    check_refused(network.path(), "alice/node.sqlite3-shm", no_link);
    check_refused(network.path(), "ledger.sqlite3", no_link);
    check_refused(network.path(), "ledger.sqlite3-wal", no_link);
    check_refused(network.path(), "alice/lightning-rpc", "is no socket: move it away");
    check_refused(network.path(), "alice/messages", "is no socket: move it away");
    // Last, as without it the node would be another one.
    check_refused(network.path(), "alice/hsm_secret", "not a regular file: put the node's own secret there");
    drop(start("022", &network.path().join("alice"), "0sat"));
}

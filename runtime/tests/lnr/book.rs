//! The book does what it says: its commands run, and its links lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::network::output;

/// How long a node of the book may take until it answers.
const START: Duration = Duration::from_secs(30);

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src")
}

/// The pages' names and texts.
fn pages() -> Vec<(String, String)> {
    let pages = fs::read_dir(book()).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    pages.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

/// What stands between fences of this kind, in order, with the fence.
pub fn blocks(page: &str) -> Vec<(&str, String)> {
    let (mut blocks, mut open): (Vec<(&str, String)>, bool) = (Vec::new(), false);
    for line in page.lines() {
        match (line.strip_prefix("```"), open) {
            (Some(kind), false) => {
                blocks.push((kind, String::new()));
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => {
                let text = &mut blocks.last_mut().unwrap().1;
                text.push_str(line);
                text.push('\n');
            }
            (None, false) => {}
        }
    }
    assert!(!open, "a block without an end");
    blocks
}

/// Killed when the test ends.
pub struct Background(pub Child);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A shell in the page's own folder, which finds `lnr`.
pub fn shell(folder: &Path, script: &str) -> Command {
    let lnr = Path::new(env!("CARGO_BIN_EXE_lnr")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(lnr.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", script]).current_dir(folder).env("PATH", path.unwrap()).env("HOME", folder);
    shell.env_remove("LIGHTNING_DIR").stdin(Stdio::null());
    shell
}

/// Starts what goes on while the rest is done, which is a node, and waits until it answers.
fn start(folder: &Path, script: &str) -> Background {
    let folder_of_node =
        script.split_whitespace().skip_while(|word| *word != "--dir").nth(1).expect("a node has a folder");
    let socket = folder.join(folder_of_node).join("lightning-rpc");
    let child = shell(folder, &format!("exec {script}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let node = Background(child);
    let begun = Instant::now();
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(begun.elapsed() < START, "nobody answers at {}", socket.display());
        std::thread::sleep(Duration::from_millis(10));
    }
    node
}

#[test]
fn commands_run() {
    let mut run = 0;
    for (name, page) in pages() {
        let folder = tempfile::tempdir().unwrap();
        let (mut nodes, mut script) = (Vec::new(), String::new());
        for (kind, text) in blocks(&page) {
            match kind {
                "sh,background" => nodes.push(start(folder.path(), &text)),
                "sh" => script.push_str(&text),
                _ => {}
            }
        }
        if !script.is_empty() {
            let output = shell(folder.path(), &script).output().unwrap();
            let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
            assert!(output.status.success(), "{name}: {}{}", said(&output.stdout), said(&output.stderr));
            run += 1;
        }
    }
    assert!(run > 0, "no page has commands");
}

/// What the text links to, without what stands behind `#`.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.map(|link| link.split('#').next().unwrap_or(link))
}

fn leads(folder: &Path, link: &str) -> bool {
    link.starts_with("https://") || link.is_empty() || folder.join(link).is_file()
}

/// The pages, and README.
fn documents() -> Vec<(String, String)> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = ("README.md".to_owned(), fs::read_to_string(readme).unwrap());
    pages().into_iter().chain([readme]).collect()
}

/// Commands that no test runs as they stand: how they begin, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("cargo install", "the tests have the program"),
    ("cargo run --example atm", "it waits for a payee; the example is compiled, and its flows have tests"),
    ("cargo run --bin lnr -- demo", "the test of its picture runs it"),
    ("cargo run -p cln-tests --bin fuzz", "fuzzes; a short run is among the tests"),
    ("cargo run --release", "measures and simulates for minutes; a short run is among the tests"),
    ("cargo test", "is what runs this test"),
    ("LNR_KILLS=", "a longer run of a test"),
    ("cargo xtask", "has tests of its own, and CI runs it"),
    ("lightning-cli ", "needs a lightningd; the plugin's commands are called on a stand-in for one"),
    ("ln -s ", "writes outside of its folder"),
    ("lnr doctor", "needs a lightningd; a test runs it on an embedded node"),
    ("lnr request 5000sat", "needs a lightningd"),
    ("lnr request 10000sat \"cash for coins\" --label withdrawal-1 --expires 1h --qr --wait", "needs a lightningd"),
    ("lnr collect lnr1…", "needs a lightningd"),
    ("podman ", "not on every machine; the container file has tests"),
];

#[test]
fn a_command_that_is_not_run_has_a_reason() {
    let mut used = std::collections::BTreeSet::new();
    for (name, page) in documents() {
        for (kind, text) in blocks(&page) {
            let is_shell = ["sh", "sh,background", "sh ignore", "console"].contains(&kind);
            let known = is_shell || kind.starts_with("rust") || ["text", "toml"].contains(&kind);
            assert!(known, "{name}: what is `{kind}`?");
            for line in text.lines() {
                let reason = NOT_RUN.iter().find(|(start, _)| line.starts_with(start));
                assert!(kind != "sh ignore" || reason.is_some(), "{name}: neither run nor excused: {line}");
                assert!(kind != "text" || reason.is_none(), "{name}: a command among texts: {line}");
                used.extend(reason.filter(|_| kind == "sh ignore").map(|(start, _)| *start));
            }
        }
    }
    let unused: Vec<_> = NOT_RUN.iter().filter(|(start, _)| !used.contains(start)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

/// lightning-cli takes parameters by name or by place, as its first one says, and never both.
#[test]
fn lightning_cli_is_called_by_names_or_by_places() {
    let mut seen = 0;
    for (name, page) in documents() {
        let blocks = blocks(&page);
        for line in blocks.iter().flat_map(|(_, text)| text.lines()).filter(|line| line.starts_with("lightning-cli ")) {
            let line = line.split(" #").next().unwrap_or(line);
            let names = line.split_whitespace().filter(|word| word.contains('=')).count();
            assert_eq!(names > 0, line.starts_with("lightning-cli -k "), "{name}: {line}");
            seen += 1;
        }
    }
    assert!(seen > 5);
}

/// Cargo compiles what a crate includes in its documentation.
#[test]
fn a_page_with_a_rust_snippet_is_compiled() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/src/lib.rs");
    let sources = fs::read_to_string(sources).unwrap();
    for (name, page) in pages() {
        let has_rust = blocks(&page).iter().any(|(kind, _)| kind.starts_with("rust"));
        assert_eq!(has_rust, sources.contains(&format!("/docs/src/{name}\"")), "{name}");
    }
}

#[test]
fn every_link_of_the_documents_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root.join(name)).unwrap();
        links(&text).for_each(|link| assert!(leads(&root, link), "{name}: {link}"));
    }
}

#[test]
fn the_files_that_data_flows_through_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let flows = text.split("\n## ").find(|part| part.starts_with("How data flows")).unwrap();
    let files: Vec<&str> = flows.split('`').skip(1).step_by(2).filter(|word| word.contains('/')).collect();
    assert!(files.len() > 20, "{files:?}");
    let missing: Vec<_> = files.iter().filter(|file| !root.join(file).is_file()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_page_is_in_the_summary_and_every_link_leads_to_a_page() {
    let pages = pages();
    let summary = &pages.iter().find(|(name, _)| name == "SUMMARY.md").unwrap().1;
    for (name, page) in &pages {
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "{name} is not in the summary");
        links(page).for_each(|link| assert!(leads(&book(), link), "{name}: {link}"));
    }
}

#[test]
fn the_book_has_the_exit_codes_that_the_help_has() {
    let help = output(&["--help"]).1;
    let codes = help.split("Exit codes:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    let page = fs::read_to_string(book().join("refusals.md")).unwrap();
    assert!(page.contains(&format!("```text\n{codes}\n```")), "refusals.md lacks\n{codes}");
}

//! A stranger at two terminals, who does what README shows and sees what it shows.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::book::{Background, blocks, shell};

/// What README shows in its terminals: each command, and the lines below it.
fn commands(readme: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for (_, text) in blocks(readme).into_iter().filter(|(kind, _)| *kind == "console") {
        for line in text.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, shown))) => shown.push(line.to_owned()),
                (None, None) => panic!("a terminal begins with a command: {line}"),
            }
        }
    }
    commands
}

/// Is it this line, where `…` stands for anything?
fn fits(line: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('…') else { return line == pattern };
    let fits_from = |tail: &str| (0..=tail.len()).filter_map(|at| tail.get(at..)).any(|tail| fits(tail, rest));
    line.strip_prefix(head).is_some_and(fits_from)
}

/// Are these the lines, where a line `…` stands for any number of them?
fn all_fit(printed: &[&str], shown: &[String]) -> bool {
    match shown {
        [] => printed.is_empty(),
        [any, rest @ ..] if any == "…" => (0..=printed.len()).any(|at| all_fit(&printed[at..], rest)),
        [line, rest @ ..] => {
            printed.split_first().is_some_and(|(first, printed)| fits(first, line) && all_fit(printed, rest))
        }
    }
}

#[test]
fn the_terminals_show_what_is_printed() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut nodes, mut request) = (Vec::new(), None);
    let commands = commands(&readme);
    for (command, shown) in &commands {
        // The text is copied from where it was shown.
        let script = command.replace("lnr1…", request.as_deref().unwrap_or("lnr1…"));
        let printed = match script.strip_suffix(" &") {
            Some(node) => {
                let mut node = shell(folder.path(), &format!("exec {node}"));
                let mut node = node.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
                let mut ready = String::new();
                BufReader::new(node.stdout.take().unwrap()).read_line(&mut ready).unwrap();
                nodes.push(Background(node));
                ready
            }
            None => {
                let output = shell(folder.path(), &script).output().unwrap();
                assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout).unwrap()
            }
        };
        let lines: Vec<&str> = printed.lines().collect();
        assert!(all_fit(&lines, shown), "README shows other lines than `{command}` prints:\n{printed}");
        request = request.or_else(|| lines.iter().find(|line| line.starts_with("lnr1")).map(|line| (*line).to_owned()));
    }
    assert_eq!((nodes.len(), commands.len()), (2, 4));
}

#[test]
fn other_lines_are_noticed() {
    let check = |printed: &[&str], shown: &[&str]| {
        all_fit(printed, &shown.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    };
    assert!(check(&["id 7", "", "end"], &["id …", "…", "end"]));
    assert!(!check(&["at 7 (UTC)", "a", "b"], &["at … (… UTC)", "…"]));
    assert!(check(&["at 7 (2026 UTC)", "a", "b"], &["at … (… UTC)", "…"]));
    assert!(!check(&["id 7", "more"], &["id …"]));
    assert!(!check(&["id 7"], &["id …", "more"]));
    assert!(!check(&["Paid: 5 sat"], &["Paid: 6 sat"]));
}

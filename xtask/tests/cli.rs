//! The commands as a person runs them: what they say, and what they leave behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const GOOD: &str =
    r#"{"rpc": "test", "request": {"properties": {}}, "response": {"properties": {"a": {"type": "u8"}}}}"#;
const OTHER: &str =
    r#"{"rpc": "test", "request": {"properties": {}}, "response": {"properties": {"b": {"type": "u8"}}}}"#;

/// A folder with schemas and a crate that was generated from them.
struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        bench.schema("test.json", GOOD);
        let output = bench.codegen("schemas", "crate");
        assert!(output.status.success(), "{output:?}");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn schema(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path("schemas")).unwrap();
        fs::write(self.path("schemas").join(name), text).unwrap();
    }

    fn command(&self, schemas: &str, out: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["codegen", "--schemas"]).arg(self.path(schemas)).arg("--out").arg(self.path(out));
        command
    }

    fn codegen(&self, schemas: &str, out: &str) -> Output {
        self.command(schemas, out).output().unwrap()
    }

    /// What a run that fails says; the crate must be as it was.
    fn complaint(&self, schemas: &str, out: &str) -> String {
        let before = texts(&self.path("crate"));
        let output = self.codegen(schemas, out);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        assert_eq!(texts(&self.path("crate")), before);
        let said = String::from_utf8(output.stderr).unwrap();
        said.replace(self.dir.path().to_str().unwrap(), "DIR")
    }

    /// A second folder with schemas.
    fn other_schema(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path("other/doc/schemas")).unwrap();
        fs::write(self.path("other/doc/schemas").join(name), text).unwrap();
    }

    fn diff(&self, old: &str, new: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("diff").args([self.path(old), self.path(new)]).args(arguments).output().unwrap()
    }
}

/// All files below a folder.
fn texts(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            texts.insert(path.clone(), fs::read_link(&path).unwrap().display().to_string());
        } else if path.is_dir() {
            texts.extend(self::texts(&path));
        } else {
            texts.insert(path.clone(), fs::read_to_string(&path).unwrap());
        }
    }
    texts
}

#[test]
fn a_schema_folder_that_is_missing_or_unreadable() {
    let bench = Bench::new();
    insta::assert_snapshot!("missing", bench.complaint("gone", "crate"));
    fs::write(bench.path("file"), "").unwrap();
    insta::assert_snapshot!("not_a_folder", bench.complaint("file", "crate"));
    fs::create_dir(bench.path("empty")).unwrap();
    insta::assert_snapshot!("empty", bench.complaint("empty", "crate"));
    bench.schema("binary.json", [0xff, 0xfe]);
    insta::assert_snapshot!("not_text", bench.complaint("schemas", "crate"));
}

#[test]
fn an_output_folder_that_cannot_be_written_or_is_not_ours() {
    let bench = Bench::new();
    fs::write(bench.path("file"), "").unwrap();
    insta::assert_snapshot!("not_writable", bench.complaint("schemas", "file/crate"));
    fs::create_dir_all(bench.path("theirs/src")).unwrap();
    fs::write(bench.path("theirs/src/lib.rs"), "// by hand").unwrap();
    insta::assert_snapshot!("not_ours", bench.complaint("schemas", "theirs"));
    assert_eq!(fs::read_to_string(bench.path("theirs/src/lib.rs")).unwrap(), "// by hand");
}

#[test]
fn bad_schemas_change_nothing() {
    let bench = Bench::new();
    bench.schema("test.json", r#"{"rpc": "test", "request": {}, "response": {"propertys": {}, "required": "a"}}"#);
    insta::assert_snapshot!("bad_schemas", bench.complaint("schemas", "crate"));
}

#[test]
fn a_run_that_is_killed_leaves_the_old_crate_or_the_new_one() {
    let bench = Bench::new();
    let old = texts(&bench.path("crate/src"));
    bench.schema("test.json", OTHER);
    assert!(bench.codegen("schemas", "fresh").status.success());
    let new = texts(&bench.path("fresh/src")).into_values().collect::<Vec<_>>();
    for delay in 1..20 {
        let mut run = bench.command("schemas", "crate").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        run.kill().unwrap();
        run.wait().unwrap();
        if let Ok(true) = bench.path("crate/src").try_exists() {
            let left: Vec<String> = texts(&bench.path("crate/src")).into_values().collect();
            assert!(left == new || left.iter().eq(old.values()), "half a crate after {delay} ms");
        }
    }
    assert!(bench.codegen("schemas", "crate").status.success());
    assert!(texts(&bench.path("crate/src")).into_values().eq(new));
    assert_eq!(fs::read_dir(bench.path("crate")).unwrap().count(), 2, "Cargo.toml and src");
}

#[test]
fn what_is_written_names_no_folder_of_this_machine() {
    let bench = Bench::new();
    for (path, text) in texts(&bench.path("crate")) {
        // The manifest has to find the primitives, by a path that begins at the crate.
        let machine = [bench.dir.path().to_str().unwrap(), concat!(env!("CARGO_MANIFEST_DIR"), "/")];
        assert!(machine.iter().all(|folder| !text.contains(folder)), "{}:\n{text}", path.display());
    }
}

#[test]
fn coverage_is_one_json_object() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["coverage", "--json"]).output().unwrap();
    let coverage: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(coverage["files"], 201);
    assert_eq!(coverage["conditions"], coverage["conditions_lowered"]);
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn a_diff_exits_with_1_only_where_breaking_changes_are_denied() {
    let bench = Bench::new();
    // A checkout, with its schemas one folder deeper.
    bench.other_schema("lightning-test.json", OTHER);
    let breaking = bench.diff("schemas", "other/doc", &[]);
    assert_eq!(breaking.status.code(), Some(0), "{breaking:?}");
    let denied = bench.diff("schemas", "other/doc", &["--deny", "breaking"]);
    assert_eq!(denied.status.code(), Some(1), "{denied:?}");
    assert_eq!(denied.stdout, breaking.stdout, "the report stands beside the refusal");
    let said = stdout(&breaking).replace(bench.dir.path().file_name().unwrap().to_str().unwrap(), "DIR");
    insta::assert_snapshot!("breaking", format!("{said}\n{}", String::from_utf8_lossy(&denied.stderr)));

    bench.other_schema("lightning-test.json", GOOD);
    bench.other_schema("lightning-more.json", &GOOD.replace("test", "more"));
    let additive = bench.diff("schemas", "other/doc", &["--deny", "breaking"]);
    assert_eq!(additive.status.code(), Some(0), "{additive:?}");
    assert!(stdout(&additive).contains("new commands: more"), "{additive:?}");
}

#[test]
fn a_diff_of_the_same_schemas_says_so() {
    let bench = Bench::new();
    bench.other_schema("lightning-test.json", GOOD);
    let output = bench.diff("other/doc", "other/doc/schemas", &["--deny", "breaking"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), "other → other: no change\n"));
}

#[test]
fn a_diff_is_printed_for_people_changelogs_and_machines() {
    let bench = Bench::new();
    bench.other_schema("test.json", OTHER);
    let json = bench.diff("schemas", "other/doc", &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["new"], &json["counts"]["breaking"]), (&"other".into(), &1.into()));
    assert_eq!(json["items"][0]["changes"][0]["path"], "test::Response.a");
    let markdown = bench.diff("schemas", "other/doc", &["--format", "markdown"]);
    assert!(stdout(&markdown).contains("\n### Breaking\n\n- `test::Response.a`: "), "{markdown:?}");
}

#[test]
fn a_diff_of_what_cannot_be_read_says_why() {
    let bench = Bench::new();
    for (old, new) in [("schemas", "gone"), ("gone", "schemas")] {
        let output = bench.diff(old, new, &[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap().replace(bench.dir.path().to_str().unwrap(), "DIR");
        insta::assert_snapshot!("diff_missing", said);
    }
    bench.schema("test.json", "{");
    let output = bench.diff("schemas", "schemas", &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap().replace(bench.dir.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!("diff_not_json", said);
}

#[test]
fn a_diff_may_be_read_no_further_than_its_head() {
    let bench = Bench::new();
    bench.other_schema("test.json", OTHER);
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("diff").args([bench.path("schemas"), bench.path("other/doc")]);
    let mut run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(run.stdout.take());
    let output = run.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), [].as_slice()), "{output:?}");
}

/// Everything below the bench but the folders that a run reads and writes.
fn outside(bench: &Bench) -> BTreeMap<PathBuf, String> {
    let mut texts = texts(bench.dir.path());
    texts.retain(|path, _| !path.starts_with(bench.path("schemas")) && !path.starts_with(bench.path("crate")));
    texts
}

#[cfg(unix)]
#[test]
fn links_among_the_schemas_are_not_followed() {
    use std::os::unix::fs::symlink;
    let secret = r#"{"rpc": "secret", "request": {}, "response": {"properties": {}}, "title": "Not for others"}"#;
    for (link, target) in
        [("schemas/linked.json", "secret.json"), ("schemas/hook", "elsewhere"), ("schemas/schemas", "elsewhere")]
    {
        let bench = Bench::new();
        fs::write(bench.path("secret.json"), secret).unwrap();
        fs::create_dir(bench.path("elsewhere")).unwrap();
        fs::write(bench.path("elsewhere/secret.json"), secret).unwrap();
        symlink(bench.path(target), bench.path(link)).unwrap();
        let said = bench.complaint("schemas", "crate");
        assert!(said.starts_with(&format!("error: DIR/{link} is a symbolic link; ")), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn links_where_the_crate_goes_are_not_followed() {
    use std::os::unix::fs::symlink;
    for link in ["crate", "crate/src", "crate/Cargo.toml", "crate/src.new", "crate/src.old", "crate/Cargo.toml.new"] {
        for target in ["elsewhere", "dangling"] {
            let bench = Bench::new();
            // What codegen wrote there looks like its own.
            fs::rename(bench.path("crate"), bench.path("elsewhere")).unwrap();
            if link != "crate" {
                fs::create_dir(bench.path("crate")).unwrap();
            }
            let target = if link.contains('/') && target == "elsewhere" {
                format!("{target}/{}", if link.contains("toml") { "Cargo.toml" } else { "src" })
            } else {
                target.to_owned()
            };
            symlink(bench.path(&target), bench.path(link)).unwrap();
            bench.schema("test.json", OTHER);
            let before = outside(&bench);
            let output = bench.codegen("schemas", "crate");
            assert_eq!(output.status.code(), Some(1), "{link} to {target}: {output:?}");
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains(" is a symbolic link; "), "{link} to {target}: {said}");
            assert_eq!(outside(&bench), before, "{link} to {target}");
            assert!(!bench.path("dangling").exists(), "{link} to {target}");
        }
    }
}

#[test]
fn a_checkout_that_wants_to_write_elsewhere() {
    let bench = Bench::new();
    let before = outside(&bench);
    for name in ["../../x", "/tmp/x", "..", "a/b", "src/lib", "\\u0000", "~", "con:"] {
        bench.schema("test.json", GOOD.replace("\"test\"", &format!("\"{name}\"")));
        let said = bench.complaint("schemas", "crate");
        assert!(said.contains("DIR/schemas/test.json: ") && said.contains(" is not a name: "), "{said}");
    }
    assert_eq!(outside(&bench), before);
}

/// The limit is on addresses, of which the program and its libraries take some, too.
#[cfg(target_os = "linux")]
#[test]
fn a_file_of_any_size_costs_little_memory() {
    let bench = Bench::new();
    let command = bench.command("schemas", "crate");
    let within = |kilobytes: u32| {
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(format!("ulimit -v {kilobytes}; exec \"$@\"")).arg("sh");
        limited.arg(command.get_program()).args(command.get_args()).output().unwrap()
    };
    fs::File::create(bench.path("schemas/test.json")).unwrap().set_len(10 << 30).unwrap();
    let output = within(100_000);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("/test.json: 1048577 bytes: "), "{said}");
    // What costs the most memory of all that is read: 400 times its size.
    let entries = vec!["{}"; 1_000].join(",");
    let lists: Vec<String> = (0..340).map(|n| format!(r#""a{n}":{{"type":"u8","oneOf":[{entries}]}}"#)).collect();
    let text = format!(r#"{{"rpc":"test","request":{{}},"response":{{"properties":{{{}}}}}}}"#, lists.join(","));
    assert!((1_000_000..1 << 20).contains(&text.len()), "{}", text.len());
    bench.schema("test.json", text);
    let output = within(500_000);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("an alternative has no type"), "{said:.2000}");
}

#[test]
fn the_readme_has_the_numbers_that_are_counted() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["coverage", "--json"]).output().unwrap();
    let counted: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let [commands, notifications, hooks] = ["commands", "notifications", "hooks"].map(|kind| &counted[kind]);
    let words = format!("{commands} commands, {notifications} notifications and {hooks} hooks");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    assert!(readme.contains(&words), "README lacks: {words}");
}

#[test]
fn the_generated_files_are_those_of_the_schemas() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["codegen", "--check"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

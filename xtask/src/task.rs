//! What each command does: read, let `cln-codegen` think, write.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;
use std::{env, fs, io};

use cln_codegen::diagnostic::{Diagnostic, Diagnostics, Problem};
use cln_codegen::dialect::Version;
use cln_codegen::model::Api;
use cln_codegen::{Input, Lowered};

use crate::folder::{self, FolderError, contents, read, refuse_link, schema_files};
use crate::{Denied, Format, swap};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("{count} in the schemas; nothing was changed\n{0}", count = problems(.0))]
    Input(#[from] Diagnostics),
    #[error("these files are not what schemas/ give:\n{0}\nrun `cargo xtask codegen`")]
    Stale(String),
    #[error("{} was not written by codegen; name another folder or remove it", .0.display())]
    NotOurs(PathBuf),
    #[error(
        "generated/Cargo.toml lacks the feature `{0}`, a group of overlay.toml; add `{0} = []` and put it into `default`"
    )]
    NoFeature(String),
    #[error("cannot print the report: {0}; is there room where the output goes?")]
    Print(io::Error),
    #[error("{0} of the changes break code on the typed API, and --deny breaking allows none; they stand first above")]
    Breaking(usize),
}

fn problems(found: &Diagnostics) -> String {
    let count = found.0.len();
    if count == 1 { "one problem".to_owned() } else { format!("{count} problems") }
}

type Done = Result<(), TaskError>;

/// The project's folder: this crate stands in it.
fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), Into::into);
    xtask.parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

fn input(schemas: Option<&Path>) -> Result<Input, TaskError> {
    let own = root().join("schemas");
    swap::recover(&own)?;
    let schemas = match schemas {
        Some(dir) => schema_files(dir, &dir.display().to_string())?,
        None => schema_files(&own, "schemas")?,
    };
    let table = |name: &str| read(&own.join(name));
    let (overlay, error_codes) = (table("overlay.toml")?, table("error-codes.toml")?);
    Ok(Input { schemas, overlay, error_codes, glossary: table("glossary.toml")? })
}

/// The schemas of what is in no release's description: our plugin's commands, and the daemon's internal ones.
fn unreleased() -> Result<Input, TaskError> {
    let own = root().join("schemas");
    swap::recover(&own)?;
    let mut schemas = folder::json_files(&own.join("internal"), "schemas/internal")?;
    schemas.extend(folder::json_files(&own.join("plugin"), "schemas/plugin")?);
    schemas.sort();
    let table = |name: &str| read(&own.join(name));
    let (overlay, error_codes) = (table("plugin/overlay.toml")?, table("plugin/error-codes.toml")?);
    Ok(Input { schemas, overlay, error_codes, glossary: table("plugin/glossary.toml")? })
}

/// What is only a note about another release is a fault of ours.
fn faultless(input: &Input) -> Result<Lowered, TaskError> {
    let lowered = cln_codegen::lower(input)?;
    let notes: Vec<Diagnostic> = lowered.notes.iter().chain(&lowered.text_notes).cloned().collect();
    if notes.is_empty() { Ok(lowered) } else { Err(Diagnostics(notes).into()) }
}

/// All our own schemas.
fn own() -> Result<Lowered, TaskError> {
    let mut lowered = faultless(&input(None)?)?;
    lowered.api.join(faultless(&unreleased()?)?.api);
    // Without its feature, a module would never be compiled.
    let manifest = read(&root().join("generated/Cargo.toml"))?;
    let missing = |group: &&String| !manifest.lines().any(|line| line == format!("{group} = []"));
    match lowered.api.groups.iter().find(missing) {
        Some(group) => Err(TaskError::NoFeature(group.clone())),
        None => Ok(lowered),
    }
}

fn counted(api: &Api) -> String {
    format!("{} commands, {} notifications, {} hooks", api.commands.len(), api.notifications.len(), api.hooks.len())
}

/// The folder of the typed crate's files.
const SOURCES: &str = "generated/src";

/// The page of the book that is made of the schemas, too.
const PAGE: &str = "docs/src/errors.md";

/// The page as it stands; another system's line ends are no difference.
fn page() -> Result<String, TaskError> {
    match fs::read_to_string(root().join(PAGE)) {
        Ok(text) => Ok(text.replace("\r\n", "\n")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => {
            let hint = "restore it from version control";
            Err(FolderError::Read { path: root().join(PAGE), source, hint }.into())
        }
    }
}

/// `cargo xtask codegen`.
pub fn codegen() -> Done {
    let start = Instant::now();
    let lowered = own()?;
    let files = cln_codegen::emit_rust(&lowered.api)?;
    let folder = root().join(SOURCES);
    swap::recover(&folder)?;
    let changed = differing(&contents(&folder)?, &files).len();
    if changed > 0 {
        swap::replace(&folder, &files)?;
    }
    let (total, seconds) = (files.len(), start.elapsed().as_secs_f64());
    println!("{SOURCES}: {}; {changed} of {total} files changed, {seconds:.2} s", counted(&lowered.api));
    let errors = cln_codegen::error_reference(&lowered.api);
    if page()? != errors {
        swap::replace_file(&root().join(PAGE), &errors)?;
        println!("{PAGE}: changed");
    }
    Ok(())
}

/// `cargo xtask codegen --check`.
pub fn check() -> Done {
    let api = own()?.api;
    let files = cln_codegen::emit_rust(&api)?;
    let differing = differing(&contents(&root().join(SOURCES))?, &files);
    let mut names: Vec<String> = differing.iter().map(|name| format!("  {SOURCES}/{name}")).collect();
    if page()? != cln_codegen::error_reference(&api) {
        names.push(format!("  {PAGE}"));
    }
    if !names.is_empty() {
        return Err(TaskError::Stale(names.join("\n")));
    }
    println!("{SOURCES} and {PAGE} are what schemas/ give: {} files", files.len() + 1);
    Ok(())
}

/// How everything begins that codegen writes.
const MARK: &str = "Generated by `cargo xtask codegen`";

/// `cargo xtask codegen --out CRATE`, of our own schemas or another folder's.
pub fn codegen_elsewhere(schemas: Option<&Path>, out: &Path) -> Done {
    let start = Instant::now();
    let lowered = match schemas {
        Some(dir) => cln_codegen::lower(&input(Some(dir))?)?,
        None => own()?,
    };
    let files = cln_codegen::emit_rust(&lowered.api)?;
    let (folder, manifest) = (out.join("src"), out.join("Cargo.toml"));
    [out, &folder, &manifest].into_iter().try_for_each(refuse_link)?;
    for (path, first) in [(folder.join("lib.rs"), &folder), (manifest.clone(), &manifest)] {
        // Both begin with a comment that says who wrote them.
        let ours =
            fs::read_to_string(&path).is_ok_and(|text| text.trim_start_matches(['/', '#', ' ']).starts_with(MARK));
        if first.exists() && !ours {
            return Err(TaskError::NotOurs(first.clone()));
        }
    }
    swap::recover(&folder)?;
    fs::create_dir_all(out).map_err(|source| FolderError::Write { path: out.to_owned(), source })?;
    let primitives = relative(out, &root().join("generated/primitives"))
        .map_err(|source| FolderError::Write { path: out.to_owned(), source })?;
    swap::replace(&folder, &files)?;
    swap::replace_file(&manifest, &cln_codegen::emit_manifest(&lowered.api, &primitives))?;
    report(&lowered);
    let (out, total, seconds) = (out.display(), files.len(), start.elapsed().as_secs_f64());
    println!("{out}: {}; {total} files, {seconds:.2} s", counted(&lowered.api));
    Ok(())
}

fn report(lowered: &Lowered) {
    let (stale, others): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
        lowered.notes.iter().partition(|note| matches!(note.problem, Problem::Stale { .. }));
    others.iter().for_each(|note| println!("note: {note}"));
    let (stale, texts) = (stale.len(), lowered.text_notes.len());
    if stale + texts > 0 {
        println!(
            "note: {stale} of our corrections and names do not apply to these schemas, {texts} texts are missing or not \
             needed; `cargo xtask coverage --schemas DIR` lists them"
        );
    }
}

/// `cargo xtask import DIR`.
pub fn import(dir: &Path) -> Done {
    let folder = root().join("schemas");
    swap::recover(&folder)?;
    let theirs = schema_files(dir, &dir.display().to_string())?;
    let ours = schema_files(&folder, "schemas").or_else(|error| match error {
        FolderError::NoSchemas(_) => Ok(Vec::new()),
        error => Err(error),
    })?;
    let mut files = cln_codegen::import(&theirs, &ours)?;
    let before = contents(&folder)?;
    // The tables beside the schemas stay as they are, and so does what is no release's; files of what the release no
    // longer has go.
    let unreleased = |name: &str| name.starts_with("internal/") || name.starts_with("plugin/");
    let kept = before.iter().filter(|(name, _)| unreleased(name) || !name.ends_with(".json"));
    files.extend(kept.map(|(name, text)| (name.clone(), text.clone())));
    let differing = differing(&before, &files);
    if !differing.is_empty() {
        swap::replace(&folder, &files)?;
    }
    let gone: Vec<&String> = before.keys().filter(|name| !files.contains_key(*name)).collect();
    let (total, changed) = (files.len(), differing.len() - gone.len());
    println!("schemas: {total} files, {changed} changed or new, {} removed", gone.len());
    gone.iter().for_each(|name| println!("  removed {name}"));
    // What keeps code from being generated, `codegen` tells with all its details.
    let missing = cln_codegen::coverage(&input(None)?).map_or(0, |coverage| coverage.undocumented);
    if missing > 0 {
        println!("{missing} items have no text yet; `cargo xtask coverage` lists them");
    }
    Ok(())
}

/// `cargo xtask openrpc`.
pub fn openrpc(schemas: Option<&Path>, out: Option<&Path>) -> Done {
    let lowered = cln_codegen::lower(&input(schemas)?)?;
    // The recorded calls are of our own release. A release's folder has its name.
    let (version, examples) = match schemas {
        None => (None, folder::examples(&root().join("schemas/examples.jsonl"))?),
        Some(dir) => (Some(folder::name(dir)).filter(|name| name.parse::<Version>().is_ok()), Vec::new()),
    };
    let document = cln_codegen::openrpc(&lowered.api, version.as_deref(), &examples);
    // What is made of texts and numbers always is JSON.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    let Some(out) = out else {
        return print(&text);
    };
    fs::write(out, format!("{text}\n")).map_err(|source| FolderError::Write { path: out.to_owned(), source })?;
    println!("{}: {}", out.display(), counted(&lowered.api));
    Ok(())
}

/// `cargo xtask coverage`.
pub fn coverage(schemas: Option<&Path>, json: bool) -> Done {
    let coverage = cln_codegen::coverage(&input(schemas)?)?;
    if json {
        // A struct of numbers and texts always is JSON.
        println!("{}", serde_json::to_string(&coverage).unwrap_or_default());
        return Ok(());
    }
    println!("{coverage}");
    Ok(())
}

/// `cargo xtask diff OLD NEW`.
pub fn diff(old: &Path, new: &Path, format: Format, deny: Option<Denied>) -> Done {
    let api = |dir: &Path| Ok::<Api, TaskError>(cln_codegen::lower(&input(Some(dir))?)?.api);
    let (before, after) = (api(old)?, api(new)?);
    let diff = cln_codegen::diff::diff((&folder::name(old), &before), (&folder::name(new), &after));
    print(&match format {
        Format::Text => diff.to_string(),
        Format::Markdown => diff.to_markdown(),
        // A struct of numbers and texts always is JSON.
        Format::Json => serde_json::to_string_pretty(&diff).unwrap_or_default(),
    })?;
    match deny {
        Some(Denied::Breaking) if diff.counts.breaking > 0 => Err(TaskError::Breaking(diff.counts.breaking)),
        _ => Ok(()),
    }
}

/// Prints a report, of which a pager may well want no more than the beginning.
fn print(report: &str) -> Done {
    match writeln!(io::stdout(), "{report}") {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(TaskError::Print(source)),
        _ => Ok(()),
    }
}

/// The names of the files that are not the same, or only on one side.
fn differing(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// The path of `to` seen from the folder `from`, so that no absolute path stands in what is written.
fn relative(from: &Path, to: &Path) -> io::Result<String> {
    let (from, to) = (fs::canonicalize(from)?, fs::canonicalize(to)?);
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(common)).collect();
    Ok(path.to_string_lossy().into_owned())
}

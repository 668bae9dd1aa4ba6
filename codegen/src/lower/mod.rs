//! From what the schemas say to what the API is.

mod conditions;
mod errors;
pub(crate) mod names;
mod object;
mod requests;
mod shared;
mod types;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Problem, Sink};
use crate::dialect::{Kind, MAX_STEPS, Schema, SchemaFile, Version, schema_from_value};
use crate::model::{About, Api, Command, Direction, Hook, Notification, Object};
use crate::overlay::{Overlay, file_id};
pub(crate) use errors::COMMON as COMMON_CODES;
use names::{Names, snake};

/// How each `if` was lowered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoweredCondition {
    /// File and pointer of the `if`.
    pub at: String,
    /// `choice`, `choice of two`, `group`, `presence`; `key` where only the tested key depends on it; `plain` where no
    /// field does.
    pub kind: &'static str,
}

/// The lowered API, and what was learnt on the way.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) api: Api,
    pub(crate) conditions: Vec<LoweredCondition>,
    /// Faults of the input: no code can be made of it.
    pub(crate) faults: Vec<Diagnostic>,
    /// Entries of ours that apply to nothing, commands without a group: faults of our own schemas, notes for others.
    pub(crate) stale: Vec<Diagnostic>,
}

/// Everything that lowering one file needs.
pub(super) struct Context<'a> {
    overlay: &'a Overlay,
    /// The file as overlay entries call it.
    id: String,
    path: String,
    sink: Option<&'a RefCell<Sink>>,
    lowered: &'a RefCell<Vec<LoweredCondition>>,
    /// How many steps are left for this file.
    steps: &'a Cell<u64>,
    /// Nodes that send what is being lowered are of this release or a later one.
    floor: Option<Version>,
}

impl<'a> Context<'a> {
    fn at(&self, pointer: &str) -> String {
        format!("{}#{pointer}", self.id)
    }

    fn problem(&self, pointer: &str, problem: Problem) {
        // Without steps left, what is missing is no fault of its own.
        if let Some(sink) = self.sink.filter(|_| self.steps.get() > 0) {
            sink.borrow_mut().push(&self.path, pointer, problem);
        }
    }

    /// False when the file has used up its steps; what is left of it need not be looked at.
    fn spend(&self, steps: usize) -> bool {
        let left = self.steps.get().checked_sub(steps as u64);
        self.steps.set(left.unwrap_or_default());
        left.is_some()
    }

    /// The same without a voice, for a look ahead.
    fn quiet(&self) -> Context<'a> {
        Context { sink: None, id: self.id.clone(), path: self.path.clone(), ..*self }
    }

    fn lowered(&self, pointers: &[String], kind: &'static str) {
        if self.sink.is_some() {
            let conditions = pointers.iter().map(|pointer| LoweredCondition { at: self.at(pointer), kind });
            self.lowered.borrow_mut().extend(conditions);
        }
    }

    /// True for a field that some of the nodes that send its object do not know.
    fn is_newer(&self, added: Option<Version>) -> bool {
        self.floor.is_some() && added > self.floor
    }

    /// For what is inside of something that a release brought.
    fn since(&self, added: Option<Version>) -> Context<'a> {
        let floor = self.floor.map(|floor| added.map_or(floor, |added| added.max(floor)));
        Context { id: self.id.clone(), path: self.path.clone(), floor, ..*self }
    }

    fn about(&self, schema: &Schema) -> About {
        About {
            text: schema.description.clone(),
            added: schema.added,
            deprecated: schema.deprecated,
            default: schema.default.as_ref().map(shown_default),
        }
    }
}

fn shown_default(default: &Value) -> String {
    default.as_str().map_or_else(|| default.to_string(), str::to_owned)
}

/// Lowers every file. `parsed` are the same files as JSON, for entries that point into them.
pub(crate) fn lower(files: &[SchemaFile], parsed: &[(String, Value)], overlay: &Overlay) -> Lowered {
    let sink = RefCell::new(Sink::default());
    let stale = RefCell::new(Sink::default());
    let conditions = RefCell::default();
    let steps = Cell::new(MAX_STEPS);
    let context = |path: &str| Context {
        overlay,
        id: file_id(path),
        path: path.to_owned(),
        sink: Some(&sink),
        lowered: &conditions,
        steps: &steps,
        floor: overlay.oldest_release,
    };
    let mut api = Api { groups: overlay.groups().map(str::to_owned).collect(), ..Api::default() };
    api.shared = shared::lower(parsed, overlay, &stale);
    api.error_data = errors::lower_data(parsed, overlay, &context);
    api.error_codes = errors::named(overlay);
    for file in files {
        let cx = context(&file.path).since(file.added);
        steps.set(MAX_STEPS);
        match file.kind {
            Kind::Command => api.commands.push(command(&cx, file, files, &stale)),
            Kind::Notification => api.notifications.push(notification(&cx, file)),
            Kind::Hook => api.hooks.push(hook(&cx, file)),
        }
        if steps.get() == 0 {
            sink.borrow_mut().push(&file.path, "", Problem::TooEntangled);
        }
    }
    errors::forget_missing_data(&mut api);
    report_module_clashes(&api, files, &sink);
    let mut codes_in_use: BTreeSet<i32> = api.commands.iter().flat_map(|c| &c.errors).map(|e| e.code).collect();
    codes_in_use.extend(errors::COMMON);
    overlay.report_stale(&codes_in_use, &mut stale.borrow_mut());
    let mut conditions = conditions.into_inner();
    conditions.sort();
    conditions.dedup_by(|a, b| a.at == b.at);
    Lowered { api, conditions, faults: sink.into_inner().into_sorted(), stale: stale.into_inner().into_sorted() }
}

fn command(cx: &Context<'_>, file: &SchemaFile, files: &[SchemaFile], stale: &RefCell<Sink>) -> Command {
    let group = cx.overlay.group(&file.name).unwrap_or_else(|| {
        stale.borrow_mut().push(&file.path, "", Problem::NoGroup(file.name.clone()));
        FALLBACK_GROUP
    });
    let others = files.iter().filter(|other| other.kind == Kind::Command && other.name != file.name);
    let related = others.filter(|other| file.see_also.contains(&other.name));
    let mut response = object::lower(cx, &file.response, "Response".to_owned(), Direction::Received);
    let mut request = requests::lower(cx, file);
    Names::of_module(&mut [&mut response, &mut request.object]);
    Command {
        file: file.path.clone(),
        method: file.name.clone(),
        module: module(cx, file),
        group: group.to_owned(),
        title: file.title.clone(),
        about: about_file(file),
        request,
        response,
        errors: errors::lower(cx, file),
        read_only: cx.overlay.is_read_only(&file.name),
        patience: cx.overlay.patience(&file.name),
        related: related.map(|f| (f.name.clone(), module(cx, f))).collect(),
    }
}

fn module(cx: &Context<'_>, file: &SchemaFile) -> String {
    cx.overlay.module(&file_id(&file.path)).cloned().unwrap_or_else(|| snake(&file.name))
}

/// Where a command goes that no group has yet.
const FALLBACK_GROUP: &str = "admin";

fn notification(cx: &Context<'_>, file: &SchemaFile) -> Notification {
    Notification {
        file: file.path.clone(),
        name: file.name.clone(),
        module: module(cx, file),
        title: file.title.clone(),
        about: about_file(file),
        payload: named(object::lower(cx, &file.response, "Payload".to_owned(), Direction::Received)),
    }
}

fn hook(cx: &Context<'_>, file: &SchemaFile) -> Hook {
    let mut payload = object::lower(cx, &file.request, "Payload".to_owned(), Direction::Received);
    let mut action = object::lower(cx, &file.response, "Action".to_owned(), Direction::Sent);
    Names::of_module(&mut [&mut payload, &mut action]);
    Hook {
        file: file.path.clone(),
        name: file.name.clone(),
        module: module(cx, file),
        title: file.title.clone(),
        about: about_file(file),
        payload,
        action,
    }
}

fn named(mut object: Object) -> Object {
    Names::of_module(&mut [&mut object]);
    object
}

fn about_file(file: &SchemaFile) -> About {
    About { text: file.description.clone(), added: file.added, deprecated: file.deprecated, default: None }
}

/// Modules that the emitted crate has besides its commands', and files that cargo and rustc read as something else.
const MODULES: [&str; 12] = [
    "cln_primitives",
    "cln_rpc",
    "error_code",
    "error_data",
    "hook",
    "lib",
    "main",
    "mod",
    "notification",
    "primitives",
    "schema",
    "shared",
];

fn report_module_clashes(api: &Api, files: &[SchemaFile], sink: &RefCell<Sink>) {
    let commands = api.commands.iter().map(|c| (Kind::Command, &c.method, &c.module));
    let notifications = api.notifications.iter().map(|n| (Kind::Notification, &n.name, &n.module));
    let hooks = api.hooks.iter().map(|h| (Kind::Hook, &h.name, &h.module));
    let mut seen: Vec<(Kind, &String, &String)> = Vec::new();
    for (kind, name, module) in commands.chain(notifications).chain(hooks) {
        let taken = if kind == Kind::Command { MODULES.as_slice() } else { &["mod"] };
        if taken.contains(&module.as_str()) {
            let path = files.iter().find(|f| f.kind == kind && f.name == *name).map_or("", |f| &f.path);
            let first = format!("the crate's own module {module}");
            let problem = Problem::NameClash { first, second: name.clone(), rust: module.clone(), table: "modules" };
            sink.borrow_mut().push(path, "", problem);
        }
        match seen.iter().find(|(other, _, known)| *other == kind && *known == module) {
            // Two files of one name are told as such.
            Some((_, first, _)) if *first == name => {}
            Some((_, first, _)) => {
                let path = files.iter().find(|f| f.kind == kind && f.name == *name).map_or("", |f| &f.path);
                let problem = Problem::NameClash {
                    first: (*first).clone(),
                    second: name.clone(),
                    rust: module.clone(),
                    table: "modules",
                };
                sink.borrow_mut().push(path, "", problem);
            }
            None => seen.push((kind, name, module)),
        }
    }
}

/// Finds the value that `file#pointer` names among the parsed files.
fn resolve<'p>(parsed: &'p [(String, Value)], at: &str) -> Option<(&'p str, &'p Value)> {
    let (id, pointer) = at.split_once('#')?;
    let (path, value) = parsed.iter().find(|(path, _)| file_id(path) == id)?;
    Some((path, value.pointer(pointer)?))
}

/// Reads a piece of the dialect that stands outside the files' own tree.
fn piece(path: &str, pointer: &str, value: &Value) -> Schema {
    schema_from_value(path, pointer, value, &mut Sink::default())
}

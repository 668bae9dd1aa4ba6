//! Texts: an item's own, else the glossary's, and what is said where there is none.

mod common;

use cln_codegen::{Lowered, lower};

const FILES: &[(&str, &str)] = &[
    (
        "schemas/listjobs.json",
        r#"{"rpc": "listjobs", "title": "List jobs", "description": ["Lists jobs. See `stopjob`."],
            "request": {"properties": {"id": {"type": "u64", "description": ["Only this job."]}}},
            "response": {"properties": {"jobs": {"type": "array", "description": ["Oldest first."], "items": {
                "type": "object", "required": ["id", "state"], "properties": {
                    "id": {"type": "u64"}, "label": {"type": "string"},
                    "state": {"type": "string", "enum": ["running", "done"]}},
                "if": {"properties": {"state": {"enum": ["done"]}}},
                "then": {"required": ["result"], "properties": {"result": {"type": "string", "description": ["What it made."]}}}
            }}}}}"#,
    ),
    (
        "schemas/stopjob.json",
        r#"{"rpc": "stopjob", "title": "Stop a job", "description": ["Stops it."], "request": {"properties": {}},
            "response": {"properties": {"state": {"type": "string", "enum": ["done"]}}}, "errors": ["- 77:"]}"#,
    ),
];

const GROUPS: &str = "[groups]\nadmin = [\"listjobs\", \"stopjob\"]\n";

const GLOSSARY: &str = r#"
[fields]
id = "The job's number."
label = "The name that the job was given."
state = "How far the job is."
[values.state]
running = "It runs."
done = "It has ended."
[values."stopjob.state"]
done = "It was told to end."
"#;

fn lowered(glossary: &str) -> Lowered {
    let mut input = common::input(FILES, &format!("{}{GROUPS}", common::OVERLAY));
    input.glossary = glossary.to_owned();
    lower(&input).unwrap()
}

/// What is said of missing and needless texts.
fn check(glossary: &str, expected: &[&str]) {
    let notes: Vec<String> = lowered(glossary).text_notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes, expected);
}

const NO_ERROR_TEXT: &str = "schemas/stopjob.json#/errors: the error code 77 has no text; write one here, or for all \
                             places of that name in glossary.toml";

#[test]
fn own_texts_win_and_the_glossary_has_the_rest() {
    let api = lowered(GLOSSARY).api;
    let sources = cln_codegen::emit_rust(&api).unwrap();
    insta::assert_snapshot!("listjobs.rs", sources["listjobs.rs"]);
    let stopjob = &sources["stopjob.rs"];
    assert!(stopjob.contains("/// `done`: It was told to end."), "{stopjob}");
    check(GLOSSARY, &[NO_ERROR_TEXT]);
}

#[test]
fn an_item_without_a_text_is_told_with_its_place() {
    let glossary =
        GLOSSARY.replace("label = \"The name that the job was given.\"\n", "").replace("running = \"It runs.\"\n", "");
    check(
        &glossary,
        &[
            "schemas/listjobs.json#/response/properties/jobs/items/properties/label: the field `label` has no text; write \
             one here, or for all places of that name in glossary.toml",
            "schemas/listjobs.json#/response/properties/jobs/items/properties/state: the value `running` of `state` has no \
             text; write one here, or for all places of that name in glossary.toml",
            NO_ERROR_TEXT,
        ],
    );
}

#[test]
fn a_sentence_for_what_no_schema_has_is_stale() {
    let glossary =
        GLOSSARY.replace("[fields]", "[fields]\ngone = \"Gone.\"\njobs = \"The jobs.\"") + "paused = \"It waits.\"\n";
    let stale = |entry: &str| {
        format!(
            "glossary.toml: `{entry}` applies to nothing, as every such field or value has a text of its own, or there is \
             none; remove the entry or mend its path"
        )
    };
    let stale = ["fields.gone", "fields.jobs", "values.stopjob.state.paused"].map(stale);
    check(&glossary, &[NO_ERROR_TEXT, &stale[0], &stale[1], &stale[2]]);
}

#[test]
fn an_empty_sentence_is_refused() {
    let mut input = common::input(FILES, common::OVERLAY);
    input.glossary = GLOSSARY.replace("It runs.", " ");
    let faults = lower(&input).unwrap_err().to_string();
    assert_eq!(faults, "glossary.toml: `values.state.running` is empty; write a sentence, or remove the entry");
}

#[test]
fn a_file_without_title_and_description_is_told() {
    let file = r#"{"rpc": "stopjob", "request": {"properties": {}}, "response": {"properties": {}}}"#;
    let input = common::input(&[("schemas/stopjob.json", file)], common::OVERLAY);
    let notes: Vec<String> = lower(&input).unwrap().text_notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "schemas/stopjob.json#/description: there is no description; write one",
            "schemas/stopjob.json#/title: there is no title; write one",
        ]
    );
}

#[test]
fn a_glossary_that_is_no_table_is_refused() {
    let mut input = common::input(FILES, &format!("{}{GROUPS}", common::OVERLAY));
    input.glossary = "fields = 5".to_owned();
    assert!(lower(&input).unwrap_err().to_string().starts_with("glossary.toml: not a valid table: "));
}

#[test]
fn types_of_one_form_are_one_type_whatever_is_said_of_their_fields() {
    let object = |text: &str| {
        format!(
            r#"{{"type": "array", "items": {{"type": "object", "properties": {{
                "state": {{"type": "string", "enum": ["on", "off"], "description": ["{text}"]}},
                "since": {{"type": "u64", "description": ["{text}"]}}}},
            "if": {{"properties": {{"state": {{"enum": ["on"]}}}}}}, "then": {{"required": ["since"]}},
            "else": {{"properties": {{"state": {{}}}}, "additionalProperties": false}}}}}}"#
        )
    };
    let file = format!(
        r#"{{"rpc": "listlamps", "request": {{"properties": {{}}}}, "response": {{"properties": {{"lamps": {}, "lamp": {}}}}}}}"#,
        object("Of this one."),
        object("Of that one.")
    );
    let sources = common::emitted(&[("schemas/listlamps.json", &file)], common::OVERLAY);
    let types = sources["listlamps.rs"].matches("pub struct Lamp").count();
    assert_eq!(types, 1, "{}", sources["listlamps.rs"]);
}

//! Bad input: what is said of it.

mod common;

use cln_codegen::{Input, lower};

fn command(request: &str, response: &str) -> String {
    format!(r#"{{"rpc": "test", "request": {request}, "response": {response}}}"#)
}

fn response(response: &str) -> String {
    command(r#"{"properties": {}}"#, response)
}

/// Every fault of one file.
fn faults(text: &str) -> String {
    faults_of(&common::input(&[("schemas/test.json", text)], common::OVERLAY))
}

fn faults_of(input: &Input) -> String {
    lower(input).expect_err("the input is bad").to_string()
}

/// What is said of our own entries that do not fit; as for any release, no error.
fn notes(overlay: &str, error_codes: &str) -> String {
    let text = response(r#"{"properties": {"status": {"type": "string", "enum": ["a"]}}}"#);
    let mut input = common::input(&[("schemas/test.json", &text)], &format!("{}{overlay}", common::OVERLAY));
    input.error_codes = error_codes.to_owned();
    let lowered = lower(&input).unwrap();
    lowered.notes.iter().map(|note| format!("{note}\n")).collect()
}

#[test]
fn not_json() {
    insta::assert_snapshot!(faults("{\"rpc\": "));
}

#[test]
fn json_of_another_shape() {
    insta::assert_snapshot!("array_for_a_file", faults("[]"));
    insta::assert_snapshot!("no_schema", faults(r#"{"rpc": "test"}"#));
    insta::assert_snapshot!("properties_as_a_list", faults(&response(r#"{"properties": ["a"]}"#)));
    insta::assert_snapshot!("required_as_a_text", faults(&response(r#"{"properties": {}, "required": "a"}"#)));
}

#[test]
fn unknown_type() {
    insta::assert_snapshot!(faults(&response(r#"{"properties": {"a": {"type": "u128"}}}"#)));
}

#[test]
fn unknown_keywords_are_told_together() {
    insta::assert_snapshot!(faults(
        r#"{"rpc": "test", "sinse": "v26.06", "request": {"properties": {"a/b": {"type": "u8", "minimun": 1}}},
            "response": {"properties": {}, "not": {}}}"#
    ));
}

#[test]
fn required_names_a_field_that_does_not_exist() {
    insta::assert_snapshot!(faults(&response(r#"{"properties": {"a": {"type": "u8"}}, "required": ["a", "b"]}"#)));
}

#[test]
fn conditions_that_no_rule_understands() {
    let with = |condition: &str| {
        response(&format!(
            r#"{{"properties": {{"a": {{"type": "u8"}}, "s": {{"type": "string", "enum": ["x"]}}}}, {condition}}}"#
        ))
    };
    insta::assert_snapshot!("a_range", faults(&with(r#""if": {"properties": {"a": {"type": "u8"}}}, "then": {}"#)));
    insta::assert_snapshot!("two_keys", faults(&with(r#""if": {"required": ["a", "s"]}, "then": {}"#)));
    insta::assert_snapshot!("all_of_without_if", faults(&with(r#""allOf": [{"then": {}}, {}]"#)));
    insta::assert_snapshot!(
        "a_text_for_a_boolean",
        faults(&response(
            r#"{"properties": {"b": {"type": "boolean"}}, "if": {"properties": {"b": {"enum": ["true"]}}}, "then": {}}"#
        ))
    );
    let needs = r#"{"properties": {"a": {"type": "u8"}, "b": {"type": "u8"}}, "if": {"required": ["a"]}, "then": {"required": ["b"]}}"#;
    insta::assert_snapshot!("in_a_request", faults(&command(needs, r#"{"properties": {}}"#)));
    insta::assert_snapshot!(
        "a_key_that_is_always_there",
        faults(&response(
            r#"{"properties": {"a": {"type": "u8"}}, "required": ["a"], "if": {"required": ["a"]},
                "then": {"properties": {"b": {"type": "u8"}}}}"#
        ))
    );
    insta::assert_snapshot!(
        "a_field_of_two_masters",
        faults(&response(
            r#"{"properties": {"a": {"type": "u8"}, "b": {"type": "u8"}}, "allOf": [
                {"if": {"required": ["a"]}, "then": {"required": ["z"], "properties": {"z": {"type": "u8"}}}},
                {"if": {"required": ["b"]}, "then": {"required": ["z"], "properties": {"z": {"type": "u8"}}}}]}"#
        ))
    );
    insta::assert_snapshot!(
        "a_required_field_of_no_type",
        faults(&with(r#""if": {"required": ["a"]}, "then": {"required": ["z"], "properties": {"z": {}}}"#))
    );
}

#[test]
fn forms_that_would_lose_something() {
    insta::assert_snapshot!("a_list_as_answer", faults(&response(r#"{"type": "array", "items": {"type": "u8"}}"#)));
    insta::assert_snapshot!(
        "any_of",
        faults(&response(r#"{"properties": {"a": {"anyOf": [{"type": "u8"}, {"type": "string"}]}}}"#))
    );
    insta::assert_snapshot!(
        "alternatives_beside_a_field",
        faults(&response(
            r#"{"properties": {"id": {"type": "u8"}, "a": {"type": "u8"}, "b": {"type": "u8"}},
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}"#
        ))
    );
    insta::assert_snapshot!(
        "an_error_code_that_is_no_number",
        faults(
            r#"{"rpc": "test", "request": {}, "response": {"properties": {}}, "errors": ["- 99999999999: Too long."]}"#
        )
    );
}

#[test]
fn a_command_called_like_a_module_of_the_crate() {
    let file = r#"{"rpc": "shared", "request": {}, "response": {"properties": {}}}"#;
    insta::assert_snapshot!(faults_of(&common::input(&[("shared.json", file)], common::OVERLAY)));
}

#[test]
fn a_fault_in_half_of_a_pair_is_told_with_its_own_file() {
    let files = [
        ("doc/get.request.json", r#"{"properties": {"a": {"type": "u128"}}}"#),
        ("doc/get.schema.json", r#"{"properties": {"b": {"type": "u256"}}}"#),
    ];
    insta::assert_snapshot!(faults_of(&common::input(&files, common::OVERLAY)));
}

#[test]
fn two_wire_names_that_become_one() {
    insta::assert_snapshot!(
        "fields",
        faults(&response(r#"{"properties": {"a-b": {"type": "u8"}, "a_b": {"type": "u8"}}}"#))
    );
    insta::assert_snapshot!(
        "variants",
        faults(&response(r#"{"properties": {"s": {"type": "string", "enum": ["x y", "x_y"]}}}"#))
    );
    let file = |name: &str| format!(r#"{{"rpc": "{name}", "request": {{}}, "response": {{"properties": {{}}}}}}"#);
    let (one, two) = (file("get-it"), file("get_it"));
    let input = common::input(&[("get-it.json", &one), ("get_it.json", &two)], common::OVERLAY);
    insta::assert_snapshot!("commands", faults_of(&input));
}

#[test]
fn enums_with_a_duplicate_or_an_empty_value() {
    let with =
        |values: &str| response(&format!(r#"{{"properties": {{"s": {{"type": "string", "enum": {values}}}}}}}"#));
    insta::assert_snapshot!("duplicate_value", faults(&with(r#"["a", "b", "a"]"#)));
    insta::assert_snapshot!("empty_value", faults(&with(r#"["a", ""]"#)));
    insta::assert_snapshot!("no_values", faults(&with("[]")));
    insta::assert_snapshot!("a_number_among_texts", faults(&with(r#"["a", 1]"#)));
}

#[test]
fn a_schema_that_nests_a_thousand_deep() {
    let mut deep = r#"{"type": "u8"}"#.to_owned();
    for _ in 0..1000 {
        deep = format!(r#"{{"type": "object", "properties": {{"a": {deep}}}}}"#);
    }
    insta::assert_snapshot!(faults(&response(&deep)));
}

#[test]
fn two_files_for_one_command() {
    let file = r#"{"rpc": "test", "request": {}, "response": {"properties": {}}}"#;
    let input = common::input(&[("doc/test.json", file), ("doc/lightning-test.json", file)], common::OVERLAY);
    insta::assert_snapshot!(faults_of(&input));
}

#[test]
fn entries_that_apply_to_nothing() {
    insta::assert_snapshot!(notes(
        r#"secrets = ["test#/response/properties/gone"]
           [groups]
           offers = ["gone"]
           [names]
           "test#/response/properties/gone" = "Gone"
           [variants."test#/response/properties/status"]
           b = "B"
           [[fix]]
           at = "test#/response/properties/status/enum/0"
           was = "old"
           set = "new"
           reason = "it was old once"
           [[error]]
           command = "gone"
           codes = [900]
           reason = "seen"
           [[shared]]
           name = "Status"
           doc = "A status."
           paths = ["test#/response/properties/gone"]
        "#,
        r#"[[code]]
           code = 1005
           constant = "TIMEOUT"
           name = "Timeout"
           text = "No answer."
        "#,
    ));
}

#[test]
fn tables_that_are_not_toml_or_hold_something_else() {
    let text = response(r#"{"properties": {}}"#);
    let mut input = common::input(&[("schemas/test.json", &text)], "[groups\n");
    input.error_codes = "[[code]]\ncode = \"five\"\n".to_owned();
    insta::assert_snapshot!(faults_of(&input));
}

#[test]
fn two_variants_of_one_name() {
    insta::assert_snapshot!(faults(&response(
        r#"{"required": ["status"], "properties": {"status": {"type": "string", "enum": ["a b", "a-b"]}},
            "allOf": [{"if": {"properties": {"status": {"type": "string", "enum": ["a b"]}}},
                       "then": {"required": ["x"], "properties": {"x": {"type": "u8"}}}},
                      {"if": {"properties": {"status": {"type": "string", "enum": ["a-b"]}}},
                       "then": {"required": ["y"], "properties": {"y": {"type": "u8"}}}}]}"#
    )));
}

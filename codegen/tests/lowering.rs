//! The rules from schema to Rust, one by one.

mod common;

/// The types of an answer, without documentation, attributes and blanks.
fn types_of(response: &str, overlay: &str) -> String {
    let file = format!(r#"{{"rpc": "test", "request": {{"properties": {{}}}}, "response": {response}}}"#);
    let emitted = common::emitted(&[("test.json", &file)], overlay);
    let text = emitted["test.rs"].split("type Error = Error;").nth(1).unwrap();
    let mut types = Vec::new();
    let mut inside = false;
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['/', '#'])) {
        inside |= line.starts_with("pub struct") || line.starts_with("pub enum");
        if inside && !line.starts_with("pub enum Error") {
            types.push(line.trim());
        }
        inside &= !(line.starts_with('}') || line.ends_with("{}") || line.starts_with("pub enum Error"));
    }
    types.join(" ")
}

fn check(response: &str, rust: &str) {
    check_with(common::OVERLAY, response, rust);
}

fn check_with(overlay: &str, response: &str, rust: &str) {
    let expected: Vec<&str> = rust.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(types_of(response, overlay), expected.join(" "));
}

#[test]
fn scalars_have_types_of_their_own() {
    check(
        r#"{"required": ["a", "b", "c", "d", "e", "f", "g"], "properties": {
            "a": {"type": "msat"}, "b": {"type": "sat"}, "c": {"type": "hash"}, "d": {"type": "secret"},
            "e": {"type": "number"}, "f": {"type": "integer"}, "g": {"type": "hex", "minLength": 64, "maxLength": 64}}}"#,
        "pub struct Response {
            pub a: cln_primitives::Msat,
            pub b: cln_primitives::bitcoin::Amount,
            pub c: cln_primitives::Hash32,
            pub d: cln_primitives::Secret,
            pub e: f64,
            pub f: i64,
            pub g: cln_primitives::Hash32,
        }",
    );
}

#[test]
fn required_but_younger_than_the_oldest_release_is_optional() {
    check(
        r#"{"required": ["old", "young", "group"], "properties": {
            "old": {"type": "u8", "added": "v24.11"}, "young": {"type": "u8", "added": "v25.02"},
            "group": {"type": "object", "added": "v25.02", "required": ["with", "after"],
                      "properties": {"with": {"type": "u8", "added": "v25.02"}, "after": {"type": "u8", "added": "v25.05"}}}}}"#,
        "pub struct Response { pub old: u8, pub young: Option<u8>, pub group: Option<Group>, }
         pub struct Group { pub with: u8, pub after: Option<u8>, }",
    );
}

#[test]
fn keywords_hyphens_and_slashes_become_identifiers() {
    check(
        r#"{"properties": {"type": {"type": "u8"}, "lightning-dir": {"type": "string"}, "target/sub": {"type": "u8"}}}"#,
        "pub struct Response { pub r#type: Option<u8>, pub lightning_dir: Option<String>, pub target_sub: Option<u8>, }",
    );
}

#[test]
fn enum_values_that_are_no_identifiers_get_names() {
    check(
        r#"{"required": ["kind"], "properties": {"kind": {"type": "string", "enum": ["local socket", "anchors/even", "2.0", "unknown"]}}}"#,
        "pub struct Response { pub kind: Kind, }
         pub enum Kind { LocalSocket, AnchorsEven, V20, UnknownKind, Unknown(cln_primitives::UnknownValue), }",
    );
}

#[test]
fn an_object_without_properties_is_a_json_object_and_a_schema_for_the_rest_makes_a_map() {
    check(
        r#"{"properties": {"any": {"type": "object"}, "fees": {"type": "object", "additionalProperties": {"type": "msat"}},
            "rows": {"type": "array", "items": {"type": "array"}}}}"#,
        "pub struct Response {
            pub any: Option<
            cln_primitives::serde_json::Map<String, cln_primitives::serde_json::Value>,
            >,
            pub fees: Option<std::collections::BTreeMap<String, cln_primitives::Msat>>,
            pub rows: Option<Vec<Vec<cln_primitives::serde_json::Value>>>,
        }",
    );
}

#[test]
fn a_name_taken_by_another_shape_gets_that_of_its_parent_in_front() {
    check(
        r#"{"properties": {"fee": {"type": "object", "properties": {"base": {"type": "u8"}}},
            "peers": {"type": "array", "items": {"type": "object", "properties": {
                "fee": {"type": "object", "properties": {"rate": {"type": "u8"}}}}}}}}"#,
        "pub struct Response { pub fee: Option<Fee>, pub peers: Option<Vec<Peer>>, }
         pub struct Fee { pub base: Option<u8>, }
         pub struct Peer { pub fee: Option<PeerFee>, }
         pub struct PeerFee { pub rate: Option<u8>, }",
    );
}

const PAID_HAS_A_PREIMAGE: &str = r#"
    {"if": {"properties": {"status": {"type": "string", "enum": ["paid"]}}},
     "then": {"required": ["preimage"], "properties": {"preimage": {"type": "secret"}}}}"#;

#[test]
fn a_value_moves_its_fields_into_its_variant() {
    check(
        &format!(
            r#"{{"required": ["label", "status"], "properties": {{"label": {{"type": "string"}},
                "status": {{"type": "string", "enum": ["unpaid", "paid"]}}}}, "allOf": [{PAID_HAS_A_PREIMAGE}]}}"#
        ),
        "pub struct Response { pub label: String, pub status: Status, }
         pub enum Status { Unpaid, Paid(Paid), Unknown(cln_primitives::UnknownVariant), }
         pub struct Paid { pub preimage: cln_primitives::Secret, }",
    );
}

#[test]
fn nothing_common_but_the_discriminator_makes_the_object_the_enum() {
    check(
        &format!(
            r#"{{"required": ["status"], "properties": {{"status": {{"type": "string", "enum": ["unpaid", "paid"]}}}},
                "allOf": [{PAID_HAS_A_PREIMAGE}]}}"#
        ),
        "pub enum Response { Unpaid, Paid(Paid), Unknown(cln_primitives::UnknownVariant), }
         pub struct Paid { pub preimage: cln_primitives::Secret, }",
    );
}

#[test]
fn a_tested_value_that_the_enum_forgot_joins_it() {
    check(
        &format!(
            r#"{{"required": ["status"], "properties": {{"status": {{"type": "string", "enum": ["unpaid"]}}}},
                "allOf": [{PAID_HAS_A_PREIMAGE}]}}"#
        ),
        "pub enum Response { Unpaid, Paid(Paid), Unknown(cln_primitives::UnknownVariant), }
         pub struct Paid { pub preimage: cln_primitives::Secret, }",
    );
}

#[test]
fn two_fields_tested_together_make_one_choice() {
    check(
        r#"{"required": ["type", "valid"], "properties": {"type": {"type": "string", "enum": ["offer", "rune"]}, "valid": {"type": "boolean"}},
            "allOf": [{"if": {"properties": {"type": {"enum": ["offer"]}, "valid": {"enum": [true]}}},
                       "then": {"required": ["id"], "properties": {"id": {"type": "hash"}}}},
                      {"if": {"properties": {"type": {"enum": ["offer"]}, "valid": {"enum": [false]}}},
                       "then": {"additionalProperties": false, "properties": {"type": {}, "valid": {}, "id": {}}}}]}"#,
        "pub enum Response { ValidOffer(ValidOffer), NotValidOffer(NotValidOffer), ValidRune, NotValidRune,
         Unknown(cln_primitives::UnknownVariant), }
         pub struct ValidOffer { pub id: cln_primitives::Hash32, }
         pub struct NotValidOffer { pub id: Option<cln_primitives::Hash32>, }",
    );
}

#[test]
fn independent_tests_make_two_choices() {
    check(
        r#"{"required": ["a", "b", "n"], "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}, "n": {"type": "u8"}},
            "allOf": [{"if": {"properties": {"a": {"enum": [true]}}}, "then": {"required": ["x"], "properties": {"x": {"type": "u8"}}}},
                      {"if": {"properties": {"b": {"enum": [true]}}}, "then": {"required": ["y"], "properties": {"y": {"type": "u8"}}}}]}"#,
        "pub struct Response { pub n: u8, pub a: A, pub b: B, }
         pub enum A { A(AFields), NotA, }
         pub struct AFields { pub x: u8, }
         pub enum B { B(BFields), NotB, }
         pub struct BFields { pub y: u8, }",
    );
}

#[test]
fn what_comes_only_with_a_key_is_an_optional_struct() {
    check(
        r#"{"required": ["id"], "properties": {"id": {"type": "u8"}},
            "if": {"required": ["seen"]},
            "then": {"required": ["alias"], "properties": {"seen": {"type": "u32"}, "alias": {"type": "string"}}},
            "else": {"additionalProperties": false, "properties": {"id": {}}}}"#,
        "pub struct Response { pub id: u8, pub seen: Option<Seen>, }
         pub struct Seen { pub seen: u32, pub alias: String, }",
    );
}

#[test]
fn presence_with_fields_on_both_sides_is_a_choice_of_two() {
    check_with(
        &format!(
            "{}[variants.\"test#/response?bolt12\"]\npresent = \"Bolt12\"\nabsent = \"Bolt11\"\n",
            common::OVERLAY
        ),
        r#"{"required": ["id"], "properties": {"id": {"type": "u8"}, "bolt12": {"type": "string"}, "bolt11": {"type": "string"}},
            "if": {"required": ["bolt12"]},
            "then": {"additionalProperties": false, "properties": {"id": {}, "bolt12": {}}},
            "else": {"additionalProperties": false, "required": ["bolt11"], "properties": {"id": {}, "bolt11": {}}}}"#,
        "pub struct Response { pub id: u8, pub bolt12: Bolt12, }
         pub enum Bolt12 { Bolt12(Bolt12Fields), Bolt11(Bolt11), }
         pub struct Bolt12Fields { pub bolt12: String, }
         pub struct Bolt11 { pub bolt11: String, }",
    );
}

#[test]
fn an_arm_that_differs_only_in_what_it_requires_has_the_field_too() {
    check(
        r#"{"required": ["type"], "properties": {"type": {"type": "string", "enum": ["dns", "tor"]}, "port": {"type": "u16"}},
            "if": {"properties": {"type": {"enum": ["dns"]}}}, "then": {"required": ["port"]}}"#,
        "pub enum Response { Dns(Dns), Tor(Tor), Unknown(cln_primitives::UnknownVariant), }
         pub struct Dns { pub port: u16, }
         pub struct Tor { pub port: Option<u16>, }",
    );
}

#[test]
fn a_branch_that_requires_a_field_outweighs_one_that_leaves_it_out() {
    check(
        r#"{"required": ["status"], "properties": {"status": {"type": "string", "enum": ["unpaid", "paid", "held"]}},
            "allOf": [{"if": {"properties": {"status": {"enum": ["paid"]}}},
                       "then": {"additionalProperties": false, "required": ["at"], "properties": {"status": {}, "at": {"type": "u64"}}},
                       "else": {"additionalProperties": false, "properties": {"status": {}}}},
                      {"if": {"properties": {"status": {"enum": ["held"]}}},
                       "then": {"required": ["until"], "properties": {"until": {"type": "u64"}}}}]}"#,
        "pub enum Response { Unpaid, Paid(Paid), Held(Held), Unknown(cln_primitives::UnknownVariant), }
         pub struct Paid { pub at: u64, }
         pub struct Held { pub until: u64, }",
    );
}

#[test]
fn received_unions_are_open() {
    check(
        r#"{"required": ["id"], "properties": {"id": {"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]}}}"#,
        "pub struct Response { pub id: Id, }
         pub enum Id { String(String), Number(cln_primitives::serde_json::Number), Null, Unknown(cln_primitives::serde_json::Value), }",
    );
}

#[test]
fn received_alternatives_are_open_too() {
    check(
        r#"{"properties": {"a": {"type": "u8"}, "b": {"type": "u8"}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}"#,
        "pub enum Response { A(A), B(B), Unknown(cln_primitives::serde_json::Value), }
         pub struct A { pub a: u8, }
         pub struct B { pub b: u8, }",
    );
}

#[test]
fn a_shared_enum_is_the_union_of_its_places() {
    let overlay = format!(
        "{}[[shared]]\nname = \"Side\"\ndoc = \"Whose.\"\n\
         paths = [\"test#/response/properties/opener\", \"test#/response/properties/closer\"]\n",
        common::OVERLAY
    );
    let response = r#"{"required": ["opener", "closer"], "properties": {
        "opener": {"type": "string", "enum": ["local", "remote"]}, "closer": {"type": "string", "enum": ["remote", "nobody"]}}}"#;
    check_with(
        &overlay,
        response,
        "pub struct Response { pub opener: crate::shared::Side, pub closer: crate::shared::Side, }",
    );
    let file = format!(r#"{{"rpc": "test", "request": {{"properties": {{}}}}, "response": {response}}}"#);
    let shared = &common::emitted(&[("test.json", &file)], &overlay)["shared.rs"];
    assert!(shared.contains("Local = \"local\", Remote = \"remote\", Nobody = \"nobody\""), "{shared}");
}

#[test]
fn texts_that_are_secret_are_not_shown() {
    check_with(
        &format!("secrets = [\"test#/response/properties/rune\"]\n{}", common::OVERLAY),
        r#"{"required": ["rune"], "properties": {"rune": {"type": "string"}}}"#,
        "pub struct Response { pub rune: cln_primitives::SecretString, }",
    );
}

#[test]
fn older_forms_are_read() {
    check(
        r#"{"required": ["a", "b"], "properties": {"a": {"type": ["string", "null"], "enum": ["x", null]},
            "b": {"type": "u8", "deprecated": true}, "c": {"type": "u8", "added": "v25.02rc1"}}}"#,
        "pub struct Response { pub a: Option<A>, pub b: u8, pub c: Option<u8>, }
         pub enum A { X, Unknown(cln_primitives::UnknownValue), }",
    );
}

#[test]
fn money_and_numbers_inside_of_lists_keep_their_reading() {
    check(
        r#"{"properties": {"a": {"type": "array", "items": {"type": "sat"}}, "b": {"type": "array", "items": {"type": "number"}}}}"#,
        "pub struct Response { pub a: Option<Vec<cln_primitives::Sat>>,
         pub b: Option<Vec<cln_primitives::serde_json::Number>>, }",
    );
}

#[test]
fn older_layouts_are_read() {
    let files = [
        ("schemas/lightning-getthing.json", r#"{"rpc": "getthing", "request": {}, "response": {"properties": {}}}"#),
        ("schemas/notification/told.request.json", r#"{"type": "object", "properties": {}}"#),
        (
            "schemas/notification/told.schema.json",
            r#"{"type": "object", "added": "v24.05", "properties": {"id": {"type": "u8"}}}"#,
        ),
        ("schemas/stale.json", r#"{"rpc": "getthing", "request": {}, "response": {"properties": {}}}"#),
        ("schemas/sql-template.json", r#"{"rpc": "sql", "request": {}, "response": {"properties": {}}}"#),
    ];
    let modules: Vec<String> = common::emitted(&files, common::OVERLAY).into_keys().collect();
    for module in ["getthing.rs", "stale.rs", "sql.rs", "notification/told.rs"] {
        assert!(modules.contains(&module.to_owned()), "{module} is missing: {modules:?}");
    }
}

#[test]
fn a_choice_of_two_is_optional_when_one_of_its_fields_is_younger() {
    check(
        r#"{"required": ["kind", "ok"], "properties": {
            "kind": {"type": "string", "enum": ["a", "b"]}, "ok": {"type": "boolean", "added": "v26.09"}},
            "if": {"properties": {"kind": {"enum": ["a"]}, "ok": {"enum": [true]}}},
            "then": {"required": ["x"], "properties": {"kind": {}, "ok": {}, "x": {"type": "u8"}}},
            "else": {"properties": {"kind": {}, "ok": {}}, "additionalProperties": false}}"#,
        "pub struct Response { pub kind: Option<Kind>, }
         pub enum Kind { OkA(OkA), NotOkA, OkB, NotOkB, Unknown(cln_primitives::UnknownVariant), }
         pub struct OkA { pub x: u8, }",
    );
}

#[test]
fn a_value_that_is_tested_and_not_declared_is_one_of_the_enum() {
    check(
        r#"{"required": ["status"], "properties": {"status": {"type": "string", "enum": ["a"]}},
            "if": {"properties": {"status": {"type": "string", "enum": ["b"]}}}, "then": {"properties": {}}}"#,
        "pub struct Response { pub status: Status, }
         pub enum Status { A, B, Unknown(cln_primitives::UnknownValue), }",
    );
}

//! Fields, their types, and how Rust calls them.

use super::*;

#[test]
fn received_fields_come_and_go() {
    received(
        NONE,
        OPTIONAL,
        "optional_field_added test::Response.a [response.a] - > Option<u8>: additive, works, works",
    );
    received(NONE, REQUIRED, "required_field_added test::Response.a [response.a] - > u8: additive, works, breaks");
    received(
        OPTIONAL,
        NONE,
        "optional_field_removed test::Response.a [response.a] Option<u8> > -: breaking, works, works",
    );
    received(REQUIRED, NONE, "required_field_removed test::Response.a [response.a] u8 > -: breaking, breaks, works");
}

#[test]
fn a_required_field_younger_than_the_oldest_release_breaks_nobody() {
    let young = r#"{"required": ["a"], "properties": {"a": {"type": "u8", "added": "v25.02"}}}"#;
    received(NONE, young, "optional_field_added test::Response.a [response.a] - > Option<u8>: additive, works, works");
}

#[test]
fn sent_fields_come_and_go() {
    sent(
        NONE,
        OPTIONAL,
        "optional_field_added test::Request.a [request.a] - > Option<u8>: additive, works, without_new_parts",
    );
    sent(NONE, REQUIRED, "required_field_added test::Request.a [request.a] - > u8: breaking, breaks, breaks");
    sent(OPTIONAL, NONE, "optional_field_removed test::Request.a [request.a] Option<u8> > -: breaking, breaks, works");
    sent(REQUIRED, NONE, "required_field_removed test::Request.a [request.a] u8 > -: breaking, breaks, breaks");
}

#[test]
fn a_sent_constant_is_set_by_new() {
    sent(
        NONE,
        &of(r#"{"type": "string", "enum": ["one"]}"#),
        "constant_field_added test::Request.a [request.a] - > A: additive, breaks, breaks",
    );
}

#[test]
fn fields_become_required_or_optional() {
    let became = |kind: &str, ty: &str, side: &str, types: &str, wire: &str| {
        format!("field_became_{kind} test::{ty}.a [{side}.a] {types}: breaking, {wire}")
    };
    let (harder, softer) = ("Option<u8> > u8", "u8 > Option<u8>");
    received(OPTIONAL, REQUIRED, &became("required", "Response", "response", harder, "works, breaks"));
    received(REQUIRED, OPTIONAL, &became("optional", "Response", "response", softer, "breaks, works"));
    sent(OPTIONAL, REQUIRED, &became("required", "Request", "request", harder, "breaks, works"));
    sent(REQUIRED, OPTIONAL, &became("optional", "Request", "request", softer, "works, without_new_parts"));
}

#[test]
fn types_change_and_who_reads_must_fit_who_writes() {
    let changed = |before: &str, after: &str, types: &str, wire_received: &str, wire_sent: &str| {
        let line =
            |ty: &str, side: &str, wire: &str| format!("field_type test::{ty}.a [{side}.a] {types}: breaking, {wire}");
        received(&of(before), &of(after), &line("Response", "response", wire_received));
        sent(&of(before), &of(after), &line("Request", "request", wire_sent));
    };
    let (u8, u64, text) = (r#"{"type": "u8"}"#, r#"{"type": "u64"}"#, r#"{"type": "string"}"#);
    changed(u8, u64, "u8 > u64", "breaks, works", "works, without_new_parts");
    changed(u64, u8, "u64 > u8", "works, breaks", "breaks, works");
    changed(u8, text, "u8 > String", "breaks, breaks", "breaks, breaks");
    changed(
        r#"{"type": "hash"}"#,
        r#"{"type": "hex"}"#,
        "Hash32 > HexBytes",
        "breaks, works",
        "works, without_new_parts",
    );
    // Amounts are numbers on the wire.
    changed(u64, r#"{"type": "msat"}"#, "u64 > Msat", "works, works", "works, works");
    changed(u64, r#"{"type": "msat_or_all"}"#, "u64 > MsatOrAll", "breaks, works", "works, without_new_parts");
    // An enum that is read keeps any text; one that a node reads does not.
    changed(text, r#"{"type": "string", "enum": ["x", "y"]}"#, "String > A", "works, works", "breaks, works");
    changed(r#"{"type": "object"}"#, u8, "Map<String, Value> > u8", "breaks, breaks", "breaks, breaks");
    // A union that is read keeps any form.
    changed(
        u8,
        r#"{"oneOf": [{"type": "u8"}, {"type": "string"}]}"#,
        "u8 > A",
        "breaks, works",
        "works, without_new_parts",
    );
    changed(r#"{"oneOf": [{"type": "u8"}, {"type": "string"}]}"#, u8, "A > u8", "works, breaks", "breaks, works");
}

#[test]
fn what_is_in_a_list_or_map_changes() {
    received(
        &of(r#"{"type": "array", "items": {"type": "u8"}}"#),
        &of(r#"{"type": "array", "items": {"type": "u16"}}"#),
        "field_type test::Response.a [response.a[]] Vec<u8> > Vec<u16>: breaking, breaks, works",
    );
    received(
        &of(r#"{"type": "object", "additionalProperties": {"type": "u8"}}"#),
        &of(r#"{"type": "object", "additionalProperties": {"type": "u16"}}"#),
        "field_type test::Response.a [response.a.*] BTreeMap<String, u8> > BTreeMap<String, u16>: breaking, breaks, works",
    );
    received(
        &of(r#"{"type": "array", "items": {"type": "u8"}}"#),
        &of(r#"{"type": "object", "properties": {"b": {"type": "u8"}}}"#),
        "field_type test::Response.a [response.a] Vec<u8> > A: breaking, breaks, breaks",
    );
}

#[test]
fn enums_get_and_lose_values() {
    let (one, two) =
        (of(r#"{"type": "string", "enum": ["x", "z"]}"#), of(r#"{"type": "string", "enum": ["x", "z", "y"]}"#));
    received(&one, &two, "value_added test::A::Y [response.a] - > y: additive, works, works");
    received(&two, &one, "value_removed test::A::Y [response.a] y > -: breaking, works, works");
    sent(&one, &two, "value_added test::A::Y [request.a] - > y: additive, works, without_new_parts");
    sent(&two, &one, "value_removed test::A::Y [request.a] y > -: breaking, breaks, works");
}

#[test]
fn unions_get_and_lose_forms() {
    let one = of(r#"{"oneOf": [{"type": "u8"}, {"type": "boolean"}]}"#);
    let two = of(r#"{"oneOf": [{"type": "u8"}, {"type": "boolean"}, {"type": "string"}]}"#);
    received(&one, &two, "form_added test::A::String [response.a] - > String: additive, works, works");
    received(&two, &one, "form_removed test::A::String [response.a] String > -: breaking, works, works");
    sent(&one, &two, "form_added test::A::String [request.a] - > String: additive, works, without_new_parts");
    sent(&two, &one, "form_removed test::A::String [request.a] String > -: breaking, breaks, works");
}

#[test]
fn what_a_type_of_several_places_loses_is_told_once() {
    let inner = |properties: &str| {
        let it = format!(r#"{{"type": "object", "properties": {{{properties}}}}}"#);
        format!(
            r#"{{"properties": {{"its": {{"type": "array", "items": {it}}}, "more": {{"type": "object",
                "properties": {{"it": {it}}}}}}}}}"#
        )
    };
    received(
        &inner(r#""x": {"type": "u8"}, "y": {"type": "u8"}"#),
        &inner(r#""x": {"type": "u8"}"#),
        "optional_field_removed test::It.y [response.its[].y response.more.it.y] Option<u8> > -: breaking, works, works",
    );
}

#[test]
fn types_and_fields_get_other_names() {
    let fee = r#"{"type": "object", "properties": {"rate": {"type": "u8"}}}"#;
    let peer = |more: &str| {
        format!(r#"{{"properties": {{"peer": {{"type": "object", "properties": {{"fee": {fee}}}}}{more}}}}}"#)
    };
    received(
        &peer(""),
        &peer(r#", "fee": {"type": "object", "properties": {"base": {"type": "u8"}}}"#),
        "type_renamed test::PeerFee [response.peer.fee] Fee > PeerFee: breaking, works, works
         optional_field_added test::Response.fee [response.fee] - > Option<Fee>: additive, works, works",
    );
    let paid = when("paid", r#""at""#, r#""at": {"type": "u64"}"#);
    let other = when("new", r#""by""#, r#""by": {"type": "u8"}"#);
    let response = |branches: &str| format!(r#"{{"response": {}}}"#, status(r#""new", "paid""#, "", branches));
    check_with(
        "oldest_release = \"v24.11\"
[fields]
\"test#/response/allOf/1/then/properties/at\" = \"moment\"
",
        &response(&format!("{paid}, {other}")),
        &response(&format!("{other}, {paid}")),
        "field_renamed test::Paid.moment [response.at] at > moment: breaking, works, works",
    );
}

#[test]
fn values_get_other_names() {
    let overlay =
        "oldest_release = \"v24.11\"\n[variants.\"test#/response/allOf/1/then/properties/by\"]\nx = \"First\"\n";
    let by = when("paid", "", r#""by": {"type": "string", "enum": ["x", "y"]}"#);
    let other = when("new", "", r#""at": {"type": "u8"}"#);
    let response = |branches: &str| format!(r#"{{"response": {}}}"#, status(r#""new", "paid""#, "", branches));
    check_with(
        overlay,
        &response(&format!("{by}, {other}")),
        &response(&format!("{other}, {by}")),
        "value_renamed test::By::First [response.by] X > First: breaking, works, works",
    );
}

#[test]
fn new_takes_its_arguments_in_another_order_or_a_constant_becomes_one() {
    sent(
        r#"{"required": ["a", "b"], "properties": {"a": {"type": "u8"}, "b": {"type": "u8"}}}"#,
        r#"{"required": ["a", "b"], "properties": {"b": {"type": "u8"}, "a": {"type": "u8"}}}"#,
        "arguments_changed test::Request::new [request] new(a, b) > new(b, a): breaking, works, works",
    );
    sent(
        &of(r#"{"type": "string", "enum": ["x"]}"#),
        &of(r#"{"type": "string", "enum": ["x", "y"]}"#),
        "arguments_changed test::Request::new [request] new() > new(a): breaking, works, works
         value_added test::A::Y [request.a] - > y: additive, works, without_new_parts",
    );
}

#[test]
fn objects_keep_the_rest_or_no_longer_do() {
    let rest = r#"{"properties": {"a": {"type": "u8"}}, "additionalProperties": {"type": "u8"}}"#;
    received(OPTIONAL, rest, "extra_added test::Response.extra [response] - > -: additive, works, works");
    received(rest, OPTIONAL, "extra_removed test::Response.extra [response] - > -: breaking, works, works");
}

#[test]
fn that_a_text_is_secret_is_no_change_of_the_schemas() {
    // The overlay calls the place by a path that only one of the releases has.
    let overlay = "oldest_release = \"v24.11\"\nsecrets = [\"test#/response/allOf/1/then/properties/key\"]\n";
    let key = when("paid", r#""key""#, r#""key": {"type": "string"}"#);
    let held = when("held", r#""since""#, r#""since": {"type": "u64"}"#);
    let response = |branches: &str| format!(r#"{{"response": {}}}"#, status(r#""new", "paid", "held""#, "", branches));
    check_with(
        overlay,
        &response(&key),
        &response(&format!("{held}, {key}")),
        "payload_changed test::Status::Held [response.status] - > Held: breaking, works, works
         required_field_added test::Held.since [response.since] - > u64: additive, works, breaks",
    );
}

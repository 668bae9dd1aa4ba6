//! Conditions: variants, groups, and fields that move.

use super::*;

#[test]
fn variants_come_and_go_with_their_fields() {
    let paid = when("paid", r#""at""#, r#""at": {"type": "u64"}"#);
    let held = when("held", r#""since""#, r#""since": {"type": "u64"}"#);
    let one = status(r#""new", "paid""#, "", &paid);
    let two = status(r#""new", "paid", "held""#, "", &format!("{paid}, {held}"));
    received(&one, &two, "value_added test::Status::Held [response.status] - > held: additive, works, works");
    received(&two, &one, "value_removed test::Status::Held [response.status] held > -: breaking, works, works");
}

#[test]
fn a_variants_fields_come_and_go() {
    let at = when("paid", r#""at""#, r#""at": {"type": "u64"}"#);
    let both = when("paid", r#""at", "by""#, r#""at": {"type": "u64"}, "by": {"type": "u8"}"#);
    let (one, two) = (status(r#""new", "paid""#, "", &at), status(r#""new", "paid""#, "", &both));
    received(&one, &two, "required_field_added test::Paid.by [response.by] - > u8: additive, works, breaks");
    received(&two, &one, "required_field_removed test::Paid.by [response.by] u8 > -: breaking, breaks, works");
}

#[test]
fn a_variant_without_fields_gets_some() {
    let paid = when("paid", r#""at""#, r#""at": {"type": "u64"}"#);
    let held = when("new", "", r#""since": {"type": "u64"}"#);
    received(
        &status(r#""new", "paid""#, "", &paid),
        &status(r#""new", "paid""#, "", &format!("{paid}, {held}")),
        "payload_changed test::Status::New [response.status] - > New: breaking, works, works
         optional_field_added test::New.since [response.since] - > Option<u64>: additive, works, works",
    );
}

#[test]
fn a_condition_is_added_or_dropped() {
    let plain = r#"{"required": ["status"], "properties": {"label": {"type": "u8"},
        "status": {"type": "string", "enum": ["new", "paid"]}}}"#;
    let paid = status(r#""new", "paid""#, "", &when("paid", r#""at""#, r#""at": {"type": "u64"}"#));
    received(
        plain,
        &paid,
        "condition_added test::Response.status [response.status] Status > Status: breaking, works, works
         required_field_added test::Paid.at [response.at] - > u64: additive, works, breaks",
    );
    received(
        &paid,
        plain,
        "condition_removed test::Response.status [response.status] Status > Status: breaking, works, works
         required_field_removed test::Paid.at [response.at] u64 > -: breaking, breaks, works",
    );
    // With its discriminator it is one new field.
    received(
        r#"{"properties": {"label": {"type": "u8"}}}"#,
        &paid,
        "required_field_added test::Response.status [response.status] - > Status: additive, works, breaks",
    );
}

#[test]
fn a_field_moves_between_the_struct_and_the_variants() {
    let at = r#", "at": {"type": "u64"}"#;
    let required = when("paid", r#""at""#, r#""at": {"type": "u64"}"#);
    let more = when("paid", r#""by""#, r#""by": {"type": "u8"}"#);
    let outside = status(r#""new", "paid""#, at, &more);
    let inside = status(r#""new", "paid""#, "", &format!("{more}, {required}"));
    // Who did not ask for it reads on; who asks for it may miss it.
    received(
        &outside,
        &inside,
        "field_moved test::Paid.at [response.at] Response.at > Paid.at: breaking, works, breaks",
    );
    received(
        &inside,
        &outside,
        "field_moved test::Response.at [response.at] Paid.at > Response.at: breaking, breaks, works",
    );
    let always = r#"{"required": ["status", "at"], "properties": {"label": {"type": "u8"}, "status": {"type": "string", "enum": ["new", "paid"]},
        "at": {"type": "u64"}}, "allOf": ["#;
    received(
        &inside,
        &format!("{always} {more}]}}"),
        "field_moved test::Response.at [response.at] Paid.at > Response.at: breaking, works, breaks",
    );
}

#[test]
fn a_group_comes_as_one_field_and_grows_into_an_enum() {
    let keyed = |then: &str, otherwise: &str| {
        format!(
            r#"{{"properties": {{"b": {{"type": "u8"}}, "key": {{"type": "u8"}}}},
                "if": {{"required": ["key"]}}, "then": {{{then}}}{otherwise}}}"#
        )
    };
    let with = r#""required": ["with"], "properties": {"with": {"type": "u8"}}"#;
    let without = r#", "else": {"required": ["without"], "properties": {"without": {"type": "u8"}}}"#;
    let (group, two) = (keyed(with, ""), keyed(with, without));
    let none = r#"{"properties": {"b": {"type": "u8"}}}"#;
    received(
        none,
        &group,
        "optional_field_added test::Response.key [response.key] - > Option<Key>: additive, works, works",
    );
    received(
        &group,
        none,
        "optional_field_removed test::Response.key [response.key] Option<Key> > -: breaking, works, works",
    );
    received(none, &two, "required_field_added test::Response.key [response.key] - > Key: additive, works, breaks");
    received(
        &group,
        &two,
        "shape_changed test::Key [response.key] struct > enum: breaking, works, works
         value_added test::Key::WithoutKey [response.key] - > without key: additive, works, works",
    );
}

#[test]
fn a_struct_becomes_an_enum() {
    let paid = when("paid", r#""at""#, r#""at": {"type": "u64"}"#);
    let labelled = status(r#""new", "paid""#, "", &paid);
    received(
        &labelled,
        &labelled.replacen(r#""label": {"type": "u8"},"#, "", 1),
        "shape_changed test::Response [response] struct > enum: breaking, works, works
         optional_field_removed test::Response.label [response.label] Option<u8> > -: breaking, works, works",
    );
}

#[test]
fn what_every_arm_has_becomes_common_whatever_its_types_were() {
    let at = |value: &str, ty: &str| when(value, "", &format!(r#""at": {{"type": "{ty}"}}"#));
    let both = status(r#""new", "paid""#, "", &format!("{}, {}", at("new", "u64"), at("paid", "string")));
    let more = when("paid", "", r#""by": {"type": "u8"}"#);
    received(
        &both,
        &status(r#""new", "paid""#, r#", "at": {"type": "u64"}"#, &more),
        "payload_changed test::Status::New [response.status] New > -: breaking, works, works
         field_moved test::Response.at [response.at] New.at, Paid.at > Response.at: breaking, works, works
         field_type test::Response.at [response.at] String > u64: breaking, breaks, breaks
         optional_field_added test::Paid.by [response.by] - > Option<u8>: additive, works, works",
    );
}

#[test]
fn a_struct_becomes_one_of_several_sets_of_keys() {
    let properties = r#""properties": {"a": {"type": "u8"}, "b": {"type": "u8"}}"#;
    received(
        r#"{"properties": {"a": {"type": "u8"}}}"#,
        &format!(r#"{{{properties}, "oneOf": [{{"required": ["a"]}}, {{"required": ["b"]}}]}}"#),
        "shape_changed test::Response [response] struct > enum: breaking, works, works
         field_moved test::A.a [response.a] Response.a > A.a: breaking, works, works
         optional_field_added test::B.b [response.b] - > u8: additive, works, works",
    );
}

//! Every keyword of the rpc-schema dialect, by name.

/// Keywords of a file's top level that carry facts.
pub(super) const FILE_FACTS: &[&str] = &[
    "$schema",
    "added",
    "additionalProperties",
    "categories",
    "deprecated",
    "description",
    "errors",
    "hook",
    "notification",
    "request",
    "response",
    "rpc",
    "see_also",
    "title",
    "type",
];

/// A keyword that three releases write so.
pub(super) const DEPRECATED_MISSPELT: &str = "depecated";

/// Keywords of a file's top level that hold prose or examples for the manual page: known, and not used.
pub(super) const FILE_PROSE: &[&str] = &[
    "author",
    "example_hooks",
    "example_json_notifications",
    "example_notifications",
    "example_usage",
    "examples",
    "json_example",
    "notes",
    "notifications",
    "optimality",
    "permitted_sqlite3_functions",
    "randomization",
    "recommended_riskfactor_values",
    "reliability",
    "resources",
    "restriction_format",
    "riskfactor_effect_on_routing",
    "sharing_runes",
    "tables",
    "treatment_of_types",
    "trivia",
    "usage",
    "warning",
];

/// Keywords of a schema object that carry facts.
pub(super) const SCHEMA_FACTS: &[&str] = &[
    "added",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "dependentUpon",
    "deprecated",
    "description",
    "else",
    "enum",
    "hidden",
    "if",
    "items",
    "maxItems",
    "maxLength",
    "minItems",
    "minLength",
    "oneOf",
    "oneOfMany",
    "pairedWith",
    "properties",
    "required",
    "then",
    "type",
    "untyped",
];

/// Keywords of a schema object that are known and not used: prose, or limits that only a daemon checks.
pub(super) const SCHEMA_PROSE: &[&str] = &[
    "$schema",
    "FIXME",
    "comment",
    "format",
    "maximum",
    "minimum",
    "pattern",
    "post_return_value_notes",
    "pre_return_value_notes",
    "title",
];

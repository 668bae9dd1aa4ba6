//! The rules between a request's parameters that JSON Schema can say. What takes a daemon down by a comparison of two
//! parameters, it cannot.

use serde_json::{Map, Value, json};

use crate::model::Rule;
use crate::overlay::RefuseWhen;

pub(super) fn add(schema: &mut Map<String, Value>, rules: &[Rule]) {
    for rule in rules {
        match rule {
            Rule::Needs { parameter, needs } => depend(schema, parameter, needs),
            Rule::Together(set) => {
                for (name, other) in pairs(set) {
                    depend(schema, name, other);
                    depend(schema, other, name);
                }
            }
            Rule::AtMostOne(set) => {
                let not = pairs(set).map(|(name, other)| json!({ "not": { "required": [name, other] } }));
                let not: Vec<Value> = not.collect();
                if let Some(all_of) = schema.entry("allOf").or_insert_with(|| json!([])).as_array_mut() {
                    all_of.extend(not);
                }
            }
            Rule::Length { parameter, limits, .. } => {
                // The type of the parameter says which of the two keywords has a meaning.
                let mut limit = |keyword: &str, count: Option<u64>| {
                    if let Some(count) = count {
                        limit(schema, parameter, keyword, count);
                    }
                };
                limit("minLength", limits.min);
                limit("maxLength", limits.max);
                limit("minItems", limits.min);
                limit("maxItems", limits.max);
            }
            Rule::Refuse(refusal) if matches!(refusal.when, RefuseWhen::Empty) => {
                limit(schema, &refusal.parameter, "minItems", 1);
                limit(schema, &refusal.parameter, "minLength", 1);
            }
            // An unlisted value is outside of the `enum` that the parameter's schema has.
            Rule::Refuse(_) => {}
        }
    }
}

fn depend(schema: &mut Map<String, Value>, parameter: &str, needs: &str) {
    let all = schema.entry("dependentRequired").or_insert_with(|| json!({}));
    match all[parameter].as_array_mut() {
        Some(list) => list.push(needs.into()),
        None => all[parameter] = json!([needs]),
    }
}

fn limit(schema: &mut Map<String, Value>, parameter: &str, keyword: &str, count: u64) {
    let Some(field) = schema.get_mut("properties").and_then(|all| all.get_mut(parameter)) else { return };
    let is_list = field.get("type").is_some_and(|ty| ty == "array");
    if is_list == keyword.ends_with("Items") {
        field[keyword] = count.into();
    }
}

fn pairs(set: &[String]) -> impl Iterator<Item = (&String, &String)> {
    set.iter().enumerate().flat_map(|(index, name)| set[index + 1..].iter().map(move |other| (name, other)))
}

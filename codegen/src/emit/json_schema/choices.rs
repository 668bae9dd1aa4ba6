//! What depends on a field's value or presence: `if` and `then`, or `anyOf` where only the set of keys tells.

use serde_json::{Map, Value, json};

use super::{Schemas, describe, explain};
use crate::model::{Choice, Discriminator, Object, Tested, Variant};

impl Schemas<'_> {
    pub(super) fn add_choices(&self, schema: &mut Map<String, Value>, object: &Object) {
        let mut all_of = Vec::new();
        for choice in &object.choices {
            match &choice.discriminator {
                Discriminator::Values(tested) => {
                    self.add_discriminators(schema, choice, tested);
                    all_of.extend(self.by_value(choice, tested));
                }
                Discriminator::Presence(key) => {
                    let arm = |variant: &Variant| self.fields_of(variant);
                    let with = choice.variants.iter().find(|variant| has(variant, key));
                    let without = choice.variants.iter().find(|variant| !has(variant, key));
                    let mut condition = json!({ "if": { "required": [key] } });
                    with.into_iter().for_each(|variant| condition["then"] = arm(variant));
                    without.into_iter().for_each(|variant| condition["else"] = arm(variant));
                    all_of.push(condition);
                }
                Discriminator::Alternatives => {
                    let arms: Vec<Value> = choice.variants.iter().map(|variant| self.fields_of(variant)).collect();
                    all_of.push(json!({ "anyOf": arms }));
                }
            }
        }
        if !all_of.is_empty() {
            schema.insert("allOf".to_owned(), Value::Array(all_of));
        }
    }

    /// The tested fields themselves are properties of the object.
    fn add_discriminators(&self, schema: &mut Map<String, Value>, choice: &Choice, tested: &[Tested]) {
        for (index, tested) in tested.iter().enumerate() {
            let mut field = Map::new();
            field.insert("type".to_owned(), if tested.boolean { "boolean" } else { "string" }.into());
            describe(&mut field, &tested.about);
            if !tested.boolean {
                let mut values: Vec<&Value> = choice.variants.iter().filter_map(|v| v.values.get(index)).collect();
                let mut seen = Vec::new();
                values.retain(|value| {
                    !seen.contains(value) && {
                        seen.push(value);
                        true
                    }
                });
                field.insert("enum".to_owned(), json!(values));
                if choice.variants.iter().all(|variant| variant.values.len() == 1) {
                    let texts = choice.variants.iter().filter_map(|v| Some((v.values[0].as_str()?, v.text.as_ref())));
                    explain(&mut field, texts);
                }
            }
            let properties = schema.entry("properties").or_insert_with(|| json!({}));
            properties[&tested.wire] = Value::Object(field);
            if choice.required
                && let Some(required) = schema.entry("required").or_insert_with(|| json!([])).as_array_mut()
            {
                required.push(tested.wire.clone().into());
            }
        }
    }

    /// One `if` for each combination of values that brings fields.
    fn by_value(&self, choice: &Choice, tested: &[Tested]) -> Vec<Value> {
        let mut conditions: Vec<(&[Value], Vec<Value>)> = Vec::new();
        for variant in choice.variants.iter().filter(|variant| !variant.fields.is_empty()) {
            let arm = self.fields_of(variant);
            match conditions.iter_mut().find(|(values, _)| *values == variant.values.as_slice()) {
                Some((_, arms)) => arms.push(arm),
                None => conditions.push((&variant.values, vec![arm])),
            }
        }
        let conditions = conditions.into_iter().map(|(values, mut arms)| {
            let tests: Map<String, Value> = tested
                .iter()
                .zip(values)
                .map(|(tested, value)| (tested.wire.clone(), json!({ "const": value })))
                .collect();
            let names: Vec<&str> = tested.iter().map(|tested| tested.wire.as_str()).collect();
            let then = if arms.len() == 1 { arms.swap_remove(0) } else { json!({ "anyOf": arms }) };
            json!({ "if": { "properties": tests, "required": names }, "then": then })
        });
        conditions.collect()
    }

    fn fields_of(&self, variant: &Variant) -> Value {
        let mut schema = Map::new();
        self.add_fields(&mut schema, &variant.fields);
        Value::Object(schema)
    }
}

fn has(variant: &Variant, key: &str) -> bool {
    variant.fields.iter().any(|field| field.wire == key)
}

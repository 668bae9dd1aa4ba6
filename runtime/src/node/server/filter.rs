//! What of an answer a client wants.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A request's `filter`: members by name, lists by what is wanted of each entry, `true` for all that is there.
///
/// What the filter does not name is left out, and so is what has another shape than the filter. (Of an answer's lists and
/// objects lightningd gives all when the filter is an empty object; here that gives nothing.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// All that is there.
    All,
    /// Of an object, these members.
    Members(Vec<(String, Filter)>),
    /// Of a list, this of each entry.
    Entries(Box<Filter>),
}

/// Why something is no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FilterError {
    #[error("must be an object")]
    Shape,
    #[error("each member must be true, an object, or a list with one entry")]
    Member,
}

impl Filter {
    /// Reads a filter.
    pub(super) fn read(json: &RawValue) -> Result<Self, FilterError> {
        match serde_json::from_str::<Map<String, Value>>(json.get()) {
            Ok(members) => Self::members(members),
            Err(_) => Err(FilterError::Shape),
        }
    }

    fn members(members: Map<String, Value>) -> Result<Self, FilterError> {
        let read = |(name, filter)| Ok((name, Self::member(filter)?));
        members.into_iter().map(read).collect::<Result<_, _>>().map(Filter::Members)
    }

    fn member(json: Value) -> Result<Self, FilterError> {
        match json {
            Value::Bool(true) => Ok(Filter::All),
            Value::Object(members) => Self::members(members),
            Value::Array(mut entries) => match (entries.pop(), entries.pop()) {
                (Some(entry), None) => Ok(Filter::Entries(Box::new(Self::member(entry)?))),
                _ => Err(FilterError::Member),
            },
            _ => Err(FilterError::Member),
        }
    }

    /// What is wanted of an answer.
    pub(super) fn apply(&self, answer: Value) -> Value {
        self.pick(answer).unwrap_or_else(|| Value::Object(Map::new()))
    }

    fn pick(&self, value: Value) -> Option<Value> {
        match (self, value) {
            (Filter::All, value) => Some(value),
            (Filter::Members(wanted), Value::Object(members)) => {
                let filter = |name: &String| wanted.iter().find(|(it, _)| it == name);
                let pick =
                    |(name, value)| Some((filter(&name)?.1.pick(value)?, name)).map(|(value, name)| (name, value));
                Some(Value::Object(members.into_iter().filter_map(pick).collect()))
            }
            (Filter::Entries(filter), Value::Array(entries)) => {
                Some(entries.into_iter().filter_map(|entry| filter.pick(entry)).collect())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filter(json: &Value) -> Result<Filter, FilterError> {
        Filter::read(&RawValue::from_string(json.to_string()).unwrap())
    }

    fn check(given: Value, expected: Value) {
        let answer =
            json!({"id": "02", "n": 5, "list": [{"a": 1, "b": [1, 2]}, {"a": 2}, 7], "o": {"x": 1, "y": null}});
        assert_eq!(filter(&given).unwrap().apply(answer), expected, "{given}");
    }

    #[test]
    fn what_is_named_is_given_in_the_order_of_the_answer() {
        check(json!({"n": true, "id": true}), json!({"id": "02", "n": 5}));
        check(json!({"list": [{"a": true}]}), json!({"list": [{"a": 1}, {"a": 2}]}));
        check(json!({"list": [true]}), json!({"list": [{"a": 1, "b": [1, 2]}, {"a": 2}, 7]}));
        check(json!({"o": {"y": true}}), json!({"o": {"y": null}}));
        check(json!({"o": true}), json!({"o": {"x": 1, "y": null}}));
    }

    #[test]
    fn what_is_not_there_or_of_another_shape_is_left_out() {
        check(json!({}), json!({}));
        check(json!({"nosuch": true, "id": {"x": true}, "o": [true], "list": {"a": true}}), json!({}));
    }

    #[test]
    fn what_is_no_filter() {
        for json in [json!("junk"), json!(true), json!([true]), json!(null)] {
            assert_eq!(filter(&json), Err(FilterError::Shape), "{json}");
        }
        for json in [
            json!({"a": false}),
            json!({"a": 1}),
            json!({"a": []}),
            json!({"a": [true, true]}),
            json!({"a": {"b": null}}),
        ] {
            assert_eq!(filter(&json), Err(FilterError::Member), "{json}");
        }
    }
}

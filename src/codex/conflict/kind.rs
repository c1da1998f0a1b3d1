//! Kinds of values: what a value is at a path, apart from what it says.

use std::collections::BTreeMap;

use crate::codex::Value;

/// The name under which a map says what it means. It takes no part in a map's shape.
pub const MEANING: &str = "$meaning";

/// What stands at a path.
pub(super) enum Kind<'v> {
    /// A value that holds no other; all of them are of one kind.
    Scalar,
    /// A list. Its items are at no path of their own.
    List(&'v [Value]),
    /// A map, whose names lead on.
    Map(&'v BTreeMap<String, Value>),
}

impl<'v> Kind<'v> {
    /// The kind of a value.
    pub(super) fn of(value: &'v Value) -> Self {
        match value {
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Text(_) => Self::Scalar,
            Value::List(items) => Self::List(items),
            Value::Map(fields) => Self::Map(fields),
        }
    }
}

/// The fields of a map that belong to its shape.
pub(super) fn fields(map: &BTreeMap<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    map.iter().filter(|(name, _)| name.as_str() != MEANING)
}

/// What a value says that it means: nothing, unless it is a map that says so.
#[must_use]
pub fn meaning(value: &Value) -> Option<&Value> {
    match Kind::of(value) {
        Kind::Map(map) => map.get(MEANING),
        Kind::Scalar | Kind::List(_) => None,
    }
}

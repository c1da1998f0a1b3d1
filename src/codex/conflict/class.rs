//! Classes of conflicts: in what respect the siblings of a key differ.

use super::Sibling;
use super::kind::{Kind, MEANING, fields};
use crate::codex::Value;
pub use crate::observation::ConflictClass as Class;

impl Class {
    /// The class of a set of siblings.
    #[must_use]
    pub fn of(siblings: &[Sibling<'_>]) -> Self {
        let Some((first, rest)) = siblings.split_first() else { return Self::None };
        let all = |alike: fn(&Value, &Value) -> bool| rest.iter().all(|sibling| alike(first.value, sibling.value));
        if all(Value::eq) {
            Self::None
        } else if !all(same_shape) {
            Self::Structural
        } else if !all(same_meaning) {
            Self::Semantic
        } else {
            Self::Value
        }
    }
}

/// Whether two values are of one kind at every path.
fn same_shape(one: &Value, other: &Value) -> bool {
    match (Kind::of(one), Kind::of(other)) {
        (Kind::Scalar, Kind::Scalar) | (Kind::List(_), Kind::List(_)) => true,
        (Kind::Scalar, Kind::List(_) | Kind::Map(_))
        | (Kind::List(_), Kind::Scalar | Kind::Map(_))
        | (Kind::Map(_), Kind::Scalar | Kind::List(_)) => false,
        (Kind::Map(one), Kind::Map(other)) => {
            fields(one).count() == fields(other).count()
                && fields(one).zip(fields(other)).all(|(one, other)| one.0 == other.0 && same_shape(one.1, other.1))
        }
    }
}

/// Whether the maps of two values of one shape mean the same at every path.
fn same_meaning(one: &Value, other: &Value) -> bool {
    let (Kind::Map(one), Kind::Map(other)) = (Kind::of(one), Kind::of(other)) else { return true };
    one.get(MEANING) == other.get(MEANING)
        && fields(one).zip(fields(other)).all(|(one, other)| same_meaning(one.1, other.1))
}

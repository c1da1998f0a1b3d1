//! The merge of a set of siblings, path by path.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::{Kind, MEANING, fields};
use super::{Rank, Sibling};
use crate::codex::Value;

/// What one sibling holds at a path.
type Held<'v> = (Rank, &'v Value);

/// The merge of all siblings. None of none.
///
/// At every path the greatest rank fixes the kind, and only siblings of that kind join; what a map means belongs to its
/// kind. Where all that join are equal, the value stays as it is. Else a scalar is that of the greatest rank, a list the
/// sorted union of the items without doubles, and a map has the names of all, each with the merge of what stands there.
///
/// It nests no deeper than the deepest sibling. Whether it breaks an anchor is for the caller to see.
#[must_use]
pub fn merge(siblings: &[Sibling<'_>]) -> Option<Value> {
    if siblings.is_empty() {
        return None;
    }
    Some(merged(siblings.iter().map(|sibling| (sibling.rank(), sibling.value)).collect()))
}

fn merged(mut all: Vec<Held<'_>>) -> Value {
    let (_, greatest) = *all.iter().max_by_key(|(rank, _)| *rank).expect("somebody holds something at every path");
    all.retain(|(_, value)| joins(greatest, value));
    if all.iter().all(|(_, value)| *value == greatest) {
        return greatest.clone();
    }
    match Kind::of(greatest) {
        Kind::Scalar => greatest.clone(),
        Kind::List(_) => union(&all),
        Kind::Map(map) => Value::Map(by_name(map.get(MEANING), &all).into()),
    }
}

/// Whether a value is of the kind of the one of the greatest rank.
fn joins(greatest: &Value, value: &Value) -> bool {
    match (Kind::of(greatest), Kind::of(value)) {
        (Kind::Scalar, Kind::Scalar) | (Kind::List(_), Kind::List(_)) => true,
        (Kind::Map(greatest), Kind::Map(map)) => greatest.get(MEANING) == map.get(MEANING),
        (Kind::Scalar, Kind::List(_) | Kind::Map(_))
        | (Kind::List(_), Kind::Scalar | Kind::Map(_))
        | (Kind::Map(_), Kind::Scalar | Kind::List(_)) => false,
    }
}

fn union(lists: &[Held<'_>]) -> Value {
    let items = |value| match Kind::of(value) {
        Kind::List(items) => items,
        Kind::Scalar | Kind::Map(_) => unreachable!("only lists join a list"),
    };
    let all: BTreeSet<&Value> = lists.iter().flat_map(|(_, list)| items(list)).collect();
    Value::List(all.into_iter().cloned().collect::<Vec<_>>().into())
}

fn by_name(meaning: Option<&Value>, maps: &[Held<'_>]) -> BTreeMap<String, Value> {
    let mut held: BTreeMap<&String, Vec<Held<'_>>> = BTreeMap::new();
    for (rank, map) in maps {
        let Kind::Map(map) = Kind::of(map) else { unreachable!("only maps join a map") };
        fields(map).for_each(|(name, value)| held.entry(name).or_default().push((*rank, value)));
    }
    let joined = held.into_iter().map(|(name, values)| (name.clone(), merged(values)));
    joined.chain(meaning.map(|meaning| (MEANING.to_owned(), meaning.clone()))).collect()
}

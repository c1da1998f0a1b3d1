//! Anchors: what no write may break.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Key, Value};
use crate::observation::AnchorSeen;

/// What must stay true of every entry whose key begins with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The beginning of the keys that it protects; every key if it is empty.
    pub prefix: String,
    /// What must stay true.
    pub rule: AnchorRule,
}

/// A rule over what an entry holds. An entry that is not there breaks none of them, but that it may not go away from
/// under `immutable`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnchorRule {
    /// What was written once stays.
    Immutable,
    /// It is one of these.
    OneOf(Vec<Value>),
    /// It is the key's canonical text; a key that has none may hold nothing.
    EqualsCanon,
    /// It is an integer, and no less than this.
    AtLeast(i64),
    /// It takes at most so many bytes: of a text those of its UTF-8, of another value those of its JSON.
    MaxBytes(u64),
}

/// All anchors, and the canonical texts that they may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors {
    all: Vec<Anchor>,
    canon: BTreeMap<Key, String>,
}

impl Anchors {
    /// These anchors, with the canonical texts of keys.
    #[must_use]
    pub const fn new(all: Vec<Anchor>, canon: BTreeMap<Key, String>) -> Self {
        Self { all, canon }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The anchors as checkers see them: the keys' beginning, and what must stay true of them.
    pub fn seen(&self) -> impl Iterator<Item = (Arc<str>, AnchorSeen)> {
        let text = |value: &Value| Arc::from(value.to_string());
        self.all.iter().map(move |anchor| {
            let rule = match &anchor.rule {
                AnchorRule::Immutable => AnchorSeen::Immutable,
                AnchorRule::OneOf(values) => AnchorSeen::OneOf { values: values.iter().map(text).collect() },
                AnchorRule::EqualsCanon => {
                    let under = self.canon.iter().filter(|(key, _)| key.as_str().starts_with(&anchor.prefix));
                    let texts = under.map(|(key, canon)| (Arc::from(key.as_str()), text(&Value::text(canon))));
                    AnchorSeen::Texts { texts: texts.collect() }
                }
                AnchorRule::MaxBytes(bytes) => AnchorSeen::MaxBytes { bytes: *bytes },
                AnchorRule::AtLeast(least) => AnchorSeen::AtLeast { least: *least },
            };
            (Arc::from(anchor.prefix.as_str()), rule)
        })
    }

    /// The first anchor, by its place, that an entry breaks which held `before` and is to hold `after`.
    #[must_use]
    pub fn broken(&self, key: &Key, before: Option<&Value>, after: Option<&Value>) -> Option<u32> {
        // The system's own keys are in no keyspace.
        if key.is_reserved() {
            return None;
        }
        let breaks = |anchor: &Anchor| {
            key.as_str().starts_with(anchor.prefix.as_str()) && !self.allows(&anchor.rule, key, before, after)
        };
        let place = self.all.iter().position(breaks)?;
        Some(u32::try_from(place).expect("few anchors"))
    }

    fn allows(&self, rule: &AnchorRule, key: &Key, before: Option<&Value>, after: Option<&Value>) -> bool {
        match (rule, after) {
            (AnchorRule::Immutable, _) => before.is_none() || before == after,
            (
                AnchorRule::OneOf(_) | AnchorRule::EqualsCanon | AnchorRule::MaxBytes(_) | AnchorRule::AtLeast(_),
                None,
            ) => true,
            (AnchorRule::AtLeast(least), Some(after)) => matches!(after, Value::Integer(number) if number >= least),
            (AnchorRule::OneOf(values), Some(after)) => values.contains(after),
            (AnchorRule::EqualsCanon, Some(after)) => {
                let Value::Text(text) = after else { return false };
                self.canon.get(key).is_some_and(|canon| canon.as_str() == &**text)
            }
            (AnchorRule::MaxBytes(most), Some(after)) => bytes(after) <= *most,
        }
    }
}

fn bytes(value: &Value) -> u64 {
    if let Value::Text(text) = value {
        return text.len() as u64;
    }
    value.to_string().len() as u64
}

//! Keyspaces: which keys there are, who owns their writes, and what stays true of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::conflict::Strategy;
use super::{Anchor, AnchorRule, Anchors, Key};

/// What a scenario says of the keys that begin with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keyspace {
    /// Which protocol decides the writes: the word of the one that owns them.
    pub owner: String,
    /// What no write may break.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<AnchorRule>,
    /// The canonical texts of keys, for anchors that ask for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub canon: BTreeMap<Key, String>,
    /// Whether reads and writes need the token of a lock: of the path that the key is named by behind the prefix.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fenced: bool,
    /// How conflicts of replicated keys are resolved.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strategy: Strategy,
}

fn is_default(strategy: &Strategy) -> bool {
    *strategy == Strategy::default()
}

impl Keyspace {
    /// The keyspace of which only the owner is said.
    #[must_use]
    pub fn of(owner: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            anchors: Vec::new(),
            canon: BTreeMap::new(),
            fenced: false,
            strategy: Strategy::default(),
        }
    }
}

/// All keyspaces by prefix. A key belongs to the one with the longest prefix of it; the anchors of all whose prefix it
/// begins with hold. In a file the owner's word may stand for a keyspace of which nothing else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyspaces(BTreeMap<String, Keyspace>);

/// How the keys begin that belong to the system: replicated configuration. No client names them.
pub const RESERVED: &str = "~";

impl Keyspaces {
    /// Whether none is declared: then keys begin as they like, and no more is said of them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by prefix.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Keyspace)> {
        self.0.iter().map(|(prefix, keyspace)| (prefix.as_str(), keyspace))
    }

    /// The keyspace of all keys that begin so, with its own prefix.
    #[must_use]
    pub fn of(&self, beginning: &str) -> Option<(&str, &Keyspace)> {
        self.iter().filter(|(prefix, _)| beginning.starts_with(prefix)).max_by_key(|(prefix, _)| prefix.len())
    }

    /// The path whose lock covers a key, if the key is fenced: what stands behind its keyspace's prefix.
    #[must_use]
    pub fn fenced_path<'k>(&self, key: &'k Key) -> Option<&'k str> {
        if self.is_empty() || key.is_reserved() {
            return None;
        }
        let (prefix, keyspace) = self.of(key.as_str())?;
        keyspace.fenced.then(|| &key.as_str()[prefix.len()..])
    }

    /// The anchors of the keyspaces that `owner` owns.
    #[must_use]
    pub fn anchors(&self, owner: &str) -> Anchors {
        let owned = || self.iter().filter(|(_, keyspace)| keyspace.owner == owner);
        let anchors = owned().flat_map(|(prefix, keyspace)| {
            keyspace.anchors.iter().map(move |rule| Anchor { prefix: prefix.to_owned(), rule: rule.clone() })
        });
        let canon = owned().flat_map(|(_, keyspace)| keyspace.canon.clone());
        Anchors::new(anchors.collect(), canon.collect())
    }
}

impl FromIterator<(String, Keyspace)> for Keyspaces {
    fn from_iter<I: IntoIterator<Item = (String, Keyspace)>>(keyspaces: I) -> Self {
        Self(keyspaces.into_iter().collect())
    }
}

/// A keyspace as it stands in a file: its owner's word, or all of it.
struct Short<'k>(Cow<'k, Keyspace>);

impl Serialize for Short<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Keyspace { owner, anchors, canon, fenced, strategy } = &*self.0;
        if anchors.is_empty() && canon.is_empty() && !fenced && is_default(strategy) {
            return serializer.serialize_str(owner);
        }
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Short<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrMap;
        impl<'de> de::Visitor<'de> for WordOrMap {
            type Value = Keyspace;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the word of an owner such as `consensus`, or a keyspace such as { \"owner\": \"consensus\" }",
                )
            }
            fn visit_str<E: de::Error>(self, owner: &str) -> Result<Keyspace, E> {
                Ok(Keyspace::of(owner))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Keyspace, A::Error> {
                Keyspace::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(WordOrMap).map(|keyspace| Self(Cow::Owned(keyspace)))
    }
}

impl Serialize for Keyspaces {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(prefix, keyspace)| (prefix, Short(Cow::Borrowed(keyspace)))))
    }
}

impl<'de> Deserialize<'de> for Keyspaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = BTreeMap::<String, Short<'_>>::deserialize(deserializer)?;
        Ok(all.into_iter().map(|(prefix, Short(keyspace))| (prefix, keyspace.into_owned())).collect())
    }
}

impl JsonSchema for Keyspaces {
    fn schema_name() -> Cow<'static, str> {
        "Keyspaces".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let whole = generator.subschema_for::<Keyspace>();
        json_schema!({
            "description": "By the beginning of the keys: the word of their owner, or all that is said of them.",
            "type": "object",
            "additionalProperties": { "anyOf": [{ "type": "string" }, whole] }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Keyspaces, serde_json::Error> {
        serde_json::from_str(json)
    }

    const SOME: &str = r#"{"":"consensus","g/":{"owner":"consensus","fenced":true},"g/free/":"consensus","n/":{"owner":"gossip","anchors":["immutable",{"max_bytes":3}]}}"#;

    #[test]
    fn a_word_is_short_for_a_keyspace_of_which_nothing_else_is_said() {
        let keyspaces = read(SOME).expect("read");
        assert_eq!(serde_json::to_string(&keyspaces).expect("written"), SOME);
        let wrong = read(r#"{"a/":{"owner":"consensus","fence":true}}"#).expect_err("unknown");
        assert!(wrong.to_string().contains("unknown field `fence`"), "{wrong}");
        assert!(read(r#"{"a/":7}"#).expect_err("a number").to_string().contains("the word of an owner"));
    }

    #[test]
    fn a_key_belongs_to_the_longest_prefix_of_it() {
        let keyspaces = read(SOME).expect("read");
        let path = |key: &str| keyspaces.fenced_path(&Key::new(key).expect("a key")).map(ToOwned::to_owned);
        assert_eq!(path("g/a/b").as_deref(), Some("a/b"));
        assert_eq!(path("g/free/a"), None);
        assert_eq!(path("x"), None);
        assert_eq!(
            keyspaces.of("n/1").map(|(prefix, keyspace)| (prefix, keyspace.owner.as_str())),
            Some(("n/", "gossip"))
        );
    }

    #[test]
    fn anchors_are_those_of_the_owner_s_keyspaces() {
        let keyspaces = read(SOME).expect("read");
        assert!(keyspaces.anchors("consensus").is_empty());
        assert_eq!(keyspaces.anchors("gossip").seen().count(), 2);
    }
}

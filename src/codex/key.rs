//! Names of entries.

use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A key has at most so many bytes of UTF-8.
pub const MOST_BYTES: usize = 1_024;

/// The name of an entry: a text of 1 to [`MOST_BYTES`] bytes. Keys are ordered by their bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// It is empty.
    Empty,
    /// It has so many bytes, which is too many.
    Long(usize),
}

impl Key {
    /// The key of this name.
    ///
    /// # Errors
    /// If it is empty or too long.
    pub fn new(name: &str) -> Result<Self, KeyError> {
        match name.len() {
            0 => Err(KeyError::Empty),
            bytes if bytes > MOST_BYTES => Err(KeyError::Long(bytes)),
            _ => Ok(Self(name.into())),
        }
    }

    /// Whether it is the system's own, which no client names.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(super::RESERVED)
    }

    /// Its name, which is shared and not copied.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a key is not empty"),
            Self::Long(bytes) => write!(f, "a key of {bytes} bytes is too long: at most {MOST_BYTES}"),
        }
    }
}

impl std::error::Error for KeyError {}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::new(&name).map_err(de::Error::custom)
    }
}

impl JsonSchema for Key {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Key".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MOST_BYTES })
    }
}

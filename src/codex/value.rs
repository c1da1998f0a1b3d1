//! What an entry holds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Lists and maps stand in one another at most so deep.
pub const MOST_NESTED: usize = 32;

/// A value like JSON's, but without fractions: the same on every machine, and with one encoding. Copies share what they
/// hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number from -2^63 to 2^63 - 1.
    Integer(i64),
    /// A text.
    Text(Arc<str>),
    /// Values in their order.
    List(Arc<Vec<Value>>),
    /// Values by name.
    Map(Arc<BTreeMap<String, Value>>),
}

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// How deep lists and maps stand in one another: 0 for a value that is neither.
    #[must_use]
    pub fn nesting(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Text(_) => 0,
            Self::List(items) => 1 + items.iter().map(Self::nesting).max().unwrap_or(0),
            Self::Map(fields) => 1 + fields.values().map(Self::nesting).max().unwrap_or(0),
        }
    }
}

/// As JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Integer(number) = self {
            return write!(f, "{number}");
        }
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// The form in which a value is encoded, where what stands there does not tell what it is.
#[derive(Serialize, Deserialize)]
enum Tagged {
    Null,
    Bool(bool),
    Integer(i64),
    Text(Arc<str>),
    List(Arc<Vec<Value>>),
    Map(Arc<BTreeMap<String, Value>>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            let tagged = match self.clone() {
                Self::Null => Tagged::Null,
                Self::Bool(is) => Tagged::Bool(is),
                Self::Integer(number) => Tagged::Integer(number),
                Self::Text(text) => Tagged::Text(text),
                Self::List(items) => Tagged::List(items),
                Self::Map(fields) => Tagged::Map(fields),
            };
            return tagged.serialize(serializer);
        }
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(is) => serializer.serialize_bool(*is),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => items.serialize(serializer),
            Self::Map(fields) => fields.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = if deserializer.is_human_readable() {
            deserializer.deserialize_any(Visitor)?
        } else {
            match Tagged::deserialize(deserializer)? {
                Tagged::Null => Self::Null,
                Tagged::Bool(is) => Self::Bool(is),
                Tagged::Integer(number) => Self::Integer(number),
                Tagged::Text(text) => Self::Text(text),
                Tagged::List(items) => Self::List(items),
                Tagged::Map(fields) => Self::Map(fields),
            }
        };
        if value.nesting() > MOST_NESTED {
            return Err(de::Error::custom(format!("lists and maps stand in one another more than {MOST_NESTED} deep")));
        }
        Ok(value)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value: null, true or false, a whole number, a text, a list or an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, is: bool) -> Result<Value, E> {
        Ok(Value::Bool(is))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        let number = i64::try_from(number).map_err(|_| E::custom(format!("{number} is 2^63 or more")))?;
        Ok(Value::Integer(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        Err(E::custom(format!("{number} is no whole number")))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(Arc::new(list)))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, value)) = fields.next_entry::<String, Value>()? {
            if map.insert(name.clone(), value).is_some() {
                return Err(de::Error::custom(format!("`{name}` stands there twice")));
            }
        }
        Ok(Value::Map(Arc::new(map)))
    }
}

impl JsonSchema for Value {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Any JSON value whose numbers are whole." })
    }
}

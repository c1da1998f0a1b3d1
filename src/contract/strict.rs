//! Reads JSON strictly: what serde would also take from a list, field by field, must be an object.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, Unexpected,
    VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Error, Map, Value};

use super::subject::Misfit;

/// Reads a value, or returns what is wrong and where. A list is no struct: its fields would be told by their places, and
/// a new field would change the meaning of the others.
pub(crate) fn read_strictly<T: DeserializeOwned>(value: &Value) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(Strict(value)).map_err(|error| Misfit {
        path: error.path().iter().map(ToString::to_string).collect(),
        message: error.inner().to_string(),
    })
}

/// A value that is read strictly, with all its parts. Otherwise it is read as serde_json reads it.
#[derive(Clone, Copy, Debug)]
struct Strict<'de>(&'de Value);

impl Strict<'_> {
    fn is_no(self, expected: &dyn serde::de::Expected) -> Error {
        let found = match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(truth) => Unexpected::Bool(*truth),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => Unexpected::Unsigned(number),
                (None, Some(number)) => Unexpected::Signed(number),
                (None, None) => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        Error::invalid_type(found, expected)
    }
}

fn visit_fields<'de, V: Visitor<'de>>(fields: &'de Map<String, Value>, visitor: V) -> Result<V::Value, Error> {
    let mut access = MapDeserializer::new(fields.iter().map(|(key, value)| (key.as_str(), Strict(value))));
    let read = visitor.visit_map(&mut access)?;
    access.end()?;
    Ok(read)
}

fn visit_items<'de, V: Visitor<'de>>(items: &'de [Value], visitor: V) -> Result<V::Value, Error> {
    let mut access = SeqDeserializer::new(items.iter().map(Strict));
    let read = visitor.visit_seq(&mut access)?;
    access.end()?;
    Ok(read)
}

impl<'de> IntoDeserializer<'de, Error> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(fields) => visit_fields(fields, visitor),
            Value::Array(items) => visit_items(items, visitor),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.0.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(fields) => visit_fields(fields, visitor),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(self.is_no(&visitor))
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(Variant { word, value: None }),
            Value::Object(fields) => {
                let mut fields = fields.iter();
                match (fields.next(), fields.next()) {
                    (Some((word, value)), None) => visitor.visit_enum(Variant { word, value: Some(value) }),
                    (Some(_) | None, _) => Err(Error::invalid_value(Unexpected::Map, &"map with a single key")),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(self.is_no(&"string or map")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// A variant of an enum: a word, or an object with the word as its one key.
struct Variant<'de> {
    word: &'de str,
    value: Option<&'de Value>,
}

impl Variant<'_> {
    fn is_no(&self, expected: &str) -> Error {
        self.value.map_or_else(
            || Error::invalid_type(Unexpected::UnitVariant, &expected),
            |value| Strict(value).is_no(&expected),
        )
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let word: serde::de::value::StrDeserializer<'_, Error> = self.word.into_deserializer();
        Ok((seed.deserialize(word)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.value.map_or(Ok(()), |value| Deserialize::deserialize(Strict(value)))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        match self.value {
            Some(value) => seed.deserialize(Strict(value)),
            None => Err(self.is_no("newtype variant")),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Some(Value::Array(items)) => visit_items(items, visitor),
            Some(_) | None => Err(self.is_no("tuple variant")),
        }
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Some(Value::Object(fields)) => visit_fields(fields, visitor),
            Some(_) | None => Err(self.is_no("struct variant")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq, Eq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        first: u32,
        second: Option<String>,
    }

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    enum Choice {
        Word,
        Of(Inner),
        Fields { count: i8 },
        Pair(u8, bool),
    }

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Inner,
        choices: Vec<Choice>,
        by_name: BTreeMap<String, Inner>,
        pair: (u8, u8),
    }

    fn outer() -> Value {
        json!({
            "inner": { "first": 3, "second": "y" },
            "choices": ["word", { "of": { "second": "x" } }, { "fields": { "count": -4 } }, { "pair": [1, true] }],
            "by_name": { "a": {}, "b": { "first": 1, "second": null } },
            "pair": [1, 2],
        })
    }

    /// Each part of a value, replaced by each kind of value: what serde_json refuses is refused, in the same words and at
    /// the same place; what it takes is taken, but for lists in place of objects.
    #[test]
    fn it_reads_what_serde_json_reads_but_lists_for_objects() {
        let places = [
            "",
            "/inner",
            "/inner/first",
            "/choices",
            "/choices/0",
            "/choices/1",
            "/choices/1/of",
            "/choices/2/fields",
            "/choices/2/fields/count",
            "/choices/3/pair",
            "/choices/3/pair/1",
            "/by_name",
            "/by_name/b",
            "/pair",
            "/pair/0",
        ];
        let values = [
            json!(null),
            json!(true),
            json!(7),
            json!(-7),
            json!(1.5),
            json!(300),
            json!("word"),
            json!("other"),
            json!([]),
            json!([1]),
            json!([1, "x"]),
            json!({}),
            json!({ "word": null }),
            json!({ "of": [1, "x"] }),
            json!({ "of": {}, "word": 1 }),
            json!({ "fields": [1] }),
            json!({ "first": 9 }),
            json!({ "third": 9 }),
        ];
        let mut strict = Vec::new();
        for (place, value) in places.iter().flat_map(|place| values.iter().map(move |value| (place, value))) {
            let mut whole = outer();
            *whole.pointer_mut(place).expect("a place") = value.clone();
            let ours = read_strictly::<Outer>(&whole);
            let theirs = serde_path_to_error::deserialize::<_, Outer>(&whole);
            match (ours, theirs) {
                (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
                (Err(ours), Err(theirs)) if ours.message == theirs.inner().to_string() => {
                    let path: Vec<String> = theirs.path().iter().map(ToString::to_string).collect();
                    assert_eq!(ours.path, path);
                }
                (Err(ours), theirs) => strict.push(format!("{place} {value}: {} {}", ours.message, theirs.is_ok())),
                (Ok(ours), Err(theirs)) => panic!("{place} {value}: {ours:?} and {theirs}"),
            }
        }
        // Of an empty list serde_json tells something else.
        strict.retain(|told| !told.starts_with("/choices/3/pair []: invalid length 0"));
        assert!(strict.iter().all(|told| told.contains("invalid type: sequence")), "{strict:#?}");
        assert!(strict.iter().any(|told| told.starts_with("/inner [1]") && told.ends_with("true")), "{strict:#?}");
    }
}

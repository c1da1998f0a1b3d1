//! For tests: the least binary format, a list of words, to see what clocks look like where names are not written out.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, SeqAccess, Visitor};
use serde::ser::{Impossible, SerializeSeq, SerializeStruct, SerializeTuple};
use serde::{Deserializer, Serialize, Serializer, de, forward_to_deserialize_any, ser};

/// Numbers as they are, sequences after their length, tuples and structures without.
pub(super) fn write<T: Serialize>(value: &T) -> Vec<u64> {
    let mut words = Vec::new();
    value.serialize(Writer(&mut words)).expect("clocks are made of numbers and lists");
    words
}

/// What [`write`] wrote.
pub(super) fn read<T: DeserializeOwned>(mut words: &[u64]) -> Result<T, Refused> {
    let value = T::deserialize(Reader(&mut words))?;
    assert_eq!(words, [0; 0], "nothing is left over");
    Ok(value)
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct Writer<'a>(&'a mut Vec<u64>);

macro_rules! refuse {
    ($ok:ty: $($name:ident($($type:ty),*);)*) => {
        $(fn $name(self $(, _: $type)*) -> Result<$ok, Refused> {
            Err(Refused(stringify!($name).to_owned()))
        })*
    };
}

type Never = Impossible<(), Refused>;

impl Serializer for Writer<'_> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeStruct = Self;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStructVariant = Never;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_u32(self, number: u32) -> Result<(), Refused> {
        self.serialize_u64(number.into())
    }

    fn serialize_u64(self, number: u64) -> Result<(), Refused> {
        self.0.push(number);
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Refused> {
        self.0.push(len.expect("the length of a sequence is known") as u64);
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Refused> {
        Err(Refused("serialize_some".to_owned()))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Refused> {
        Err(Refused("serialize_newtype_variant".to_owned()))
    }

    refuse! { (): serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64); }
    refuse! { (): serialize_u8(u8); serialize_u16(u16); serialize_f32(f32); serialize_f64(f64); serialize_char(char); }
    refuse! { (): serialize_str(&str); serialize_bytes(&[u8]); serialize_none(); serialize_unit(); }
    refuse! { (): serialize_unit_struct(&str); serialize_unit_variant(&str, u32, &str); }
    refuse! { Never: serialize_tuple_struct(&str, usize); serialize_tuple_variant(&str, u32, &str, usize); }
    refuse! { Never: serialize_map(Option<usize>); serialize_struct_variant(&str, u32, &str, usize); }
}

impl SerializeSeq for Writer<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(Writer(self.0))
    }

    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}

impl SerializeTuple for Writer<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(Writer(self.0))
    }

    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}

impl SerializeStruct for Writer<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Refused> {
        value.serialize(Writer(self.0))
    }

    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}

struct Reader<'a, 'w>(&'a mut &'w [u64]);

impl Reader<'_, '_> {
    fn word(&mut self) -> Result<u64, Refused> {
        let (word, rest) = self.0.split_first().ok_or_else(|| Refused("too few words".to_owned()))?;
        *self.0 = rest;
        Ok(*word)
    }
}

impl<'de> Deserializer<'de> for Reader<'_, '_> {
    type Error = Refused;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused("words do not tell what they are".to_owned()))
    }

    fn deserialize_u32<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        let word = self.word()?;
        visitor.visit_u32(u32::try_from(word).map_err(|_| Refused(format!("{word} has over 32 bits")))?)
    }

    fn deserialize_u64<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_u64(self.word()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        let left = self.word()?;
        visitor.visit_seq(Elements { words: self.0, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_seq(Elements { words: self.0, left: len as u64 })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        tuple_struct map enum identifier ignored_any
    }
}

struct Elements<'a, 'w> {
    words: &'a mut &'w [u64],
    left: u64,
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        match self.left.checked_sub(1) {
            None => Ok(None),
            Some(left) => {
                self.left = left;
                seed.deserialize(Reader(self.words)).map(Some)
            }
        }
    }
}

//! The labels that a type's values can have, found without a value.

use std::fmt::{self, Display};

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// All labels of `T`: its variants' names, or `outer.inner` for a newtype variant around another enum. None if `T` is not an
/// enum.
///
/// ```
/// let labels = stemmata::encoding::labels::<Result<Result<u8, ()>, ()>>();
/// assert_eq!(labels, ["Ok.Ok", "Ok.Err", "Err"]);
/// ```
#[must_use]
pub fn labels<T: DeserializeOwned>() -> Vec<String> {
    let mut all = Vec::new();
    for (index, outer) in variants::<T>(None).into_iter().enumerate() {
        let inner = variants::<T>(Some(index));
        if inner.is_empty() {
            all.push(outer.to_owned());
        }
        all.extend(inner.into_iter().map(|inner| format!("{outer}.{inner}")));
    }
    all
}

/// The variants of `T`, or of the enum inside its `within`-th variant.
fn variants<T: DeserializeOwned>(within: Option<usize>) -> Vec<&'static str> {
    match T::deserialize(Ask { within }) {
        Err(Answer(variants)) => variants,
        Ok(_) => Vec::new(),
    }
}

/// A deserializer without input, which learns the variants from the requests of the type.
struct Ask {
    within: Option<usize>,
}

/// What it learned; it travels as an error.
#[derive(Debug)]
struct Answer(Vec<&'static str>);

impl Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Answer {}

impl de::Error for Answer {
    fn custom<M: Display>(_: M) -> Self {
        Self(Vec::new())
    }
}

impl<'de> Deserializer<'de> for Ask {
    type Error = Answer;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Answer> {
        Err(Answer(Vec::new()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Answer> {
        match self.within {
            None => Err(Answer(variants.to_vec())),
            Some(index) => visitor.visit_enum(Variant(index)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Answer> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

/// The variant of this index, with unknown contents.
struct Variant(usize);

impl<'de> EnumAccess<'de> for Variant {
    type Error = Answer;
    type Variant = Ask;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Ask), Answer> {
        let index = u64::try_from(self.0).expect("an index fits");
        Ok((seed.deserialize(index.into_deserializer())?, Ask { within: None }))
    }
}

impl<'de> de::VariantAccess<'de> for Ask {
    type Error = Answer;

    fn unit_variant(self) -> Result<(), Answer> {
        Err(Answer(Vec::new()))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Answer> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Answer> {
        Err(Answer(Vec::new()))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Answer> {
        Err(Answer(Vec::new()))
    }
}

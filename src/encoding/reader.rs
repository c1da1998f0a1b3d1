//! Decodes values from untrusted bytes.

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};

use super::error::DecodeError;

/// The maximum depth of nested values: options, sequences, maps, tuples, structs and enums each count one.
pub const DEPTH_LIMIT: usize = 128;

/// The value that `bytes`, all of them, encode.
///
/// Any bytes may be given. Memory in use stays proportional to their number times [`DEPTH_LIMIT`].
///
/// # Errors
/// If `bytes` are not the encoding of a `T`: they end early or late, a tag, length, scalar value or UTF-8 is wrong,
/// values are nested beyond [`DEPTH_LIMIT`], or `T` itself refuses; also if `T` needs a format that describes itself,
/// or a float.
///
/// # Panics
/// Only if the `Deserialize` of `T` does.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (value, rest) = read_prefix(bytes)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(DecodeError::new(bytes.len() - rest.len(), format!("expected the end, found {} bytes more", rest.len())))
    }
}

/// The value at the start of `bytes`, and the bytes after it.
///
/// ```
/// let bytes = [2, 1, 9];
/// assert_eq!(stemmata::encoding::read_prefix::<u16>(&bytes), Ok((258, &bytes[2..])));
/// ```
///
/// # Errors
/// As [`read`], except for bytes after the value.
///
/// # Panics
/// As [`read`].
pub fn read_prefix<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<(T, &'de [u8]), DecodeError> {
    let mut reader = Reader { rest: bytes, length: bytes.len(), last: 0, depth: 0 };
    match T::deserialize(&mut reader) {
        Ok(value) => Ok((value, reader.rest)),
        Err(error) => Err(error.placed(reader.last)),
    }
}

/// The deserializer.
struct Reader<'de> {
    rest: &'de [u8],
    /// Of the whole input, in bytes.
    length: usize,
    /// Where the item that was read last begins: the place of an error that a type itself raises.
    last: usize,
    depth: usize,
}

impl<'de> Reader<'de> {
    #[inline]
    fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    #[inline]
    fn take<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        self.last = self.offset();
        match self.rest.split_first_chunk() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(self.ended(what)),
        }
    }

    /// A tag that is 0 or 1.
    #[inline]
    fn take_tag(&mut self, complaint: &'static str) -> Result<bool, DecodeError> {
        match self.take("0 or 1")? {
            [0] => Ok(false),
            [1] => Ok(true),
            [_] => Err(DecodeError::new(self.last, complaint)),
        }
    }

    /// A length of elements of at least one byte each; refused if the input is too short, before memory is
    /// allocated for them.
    #[inline]
    fn take_length(&mut self) -> Result<usize, DecodeError> {
        let length = u32::from_le_bytes(self.take("a length")?);
        match usize::try_from(length) {
            Ok(length) if length <= self.rest.len() => Ok(length),
            Ok(_) | Err(_) => Err(self.too_long(length)),
        }
    }

    #[inline]
    fn take_bytes(&mut self) -> Result<&'de [u8], DecodeError> {
        let length = self.take_length()?;
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn take_text(&mut self) -> Result<&'de str, DecodeError> {
        let bytes = self.take_bytes()?;
        let start = self.offset() - bytes.len();
        str::from_utf8(bytes).map_err(|error| DecodeError::new(start + error.valid_up_to(), "expected UTF-8"))
    }

    /// Reads, with `content`, what lies within the present value.
    #[inline]
    fn within<T>(&mut self, content: impl FnOnce(&mut Self) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let value = content(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// A known number of fields, of a value whose depth is counted already.
    #[inline]
    fn fields<V: Visitor<'de>>(&mut self, count: usize, visitor: V) -> Result<V::Value, DecodeError> {
        let mut fields = Elements { reader: self, left: count };
        let value = visitor.visit_seq(&mut fields)?;
        fields.finish()?;
        Ok(value)
    }

    /// A number of elements or pairs, and these.
    #[inline]
    fn counted<V: Visitor<'de>>(
        &mut self,
        visit: impl FnOnce(&mut Elements<'_, 'de>) -> Result<V::Value, DecodeError>,
    ) -> Result<V::Value, DecodeError> {
        let count = self.take_length()?;
        let prefix = self.last;
        let before = self.rest.len();
        self.within(|reader| {
            let mut elements = Elements { reader, left: count };
            let value = visit(&mut elements)?;
            elements.finish()?;
            // The length was checked against the whole rest; now it is known which bytes belonged to the elements.
            if before - reader.rest.len() < count {
                return Err(DecodeError::new(prefix, "expected the length of elements that take a byte each at least"));
            }
            Ok(value)
        })
    }

    #[cold]
    fn ended(&self, what: &str) -> DecodeError {
        DecodeError::new(self.last, format!("expected {what}, found the end"))
    }

    #[cold]
    fn too_long(&self, length: u32) -> DecodeError {
        let complaint = format!("expected a length of at most {}, found {length}", self.rest.len());
        DecodeError::new(self.last, complaint)
    }

    #[cold]
    fn too_deep(&self) -> DecodeError {
        DecodeError::new(self.offset(), format!("expected at most {DEPTH_LIMIT} values within one another"))
    }

    #[cold]
    fn unasked(&self, left: usize) -> DecodeError {
        DecodeError::new(self.offset(), format!("expected {left} elements less"))
    }

    #[cold]
    fn undescribed<T>(&self) -> Result<T, DecodeError> {
        Err(DecodeError::new(self.offset(), "expected a type that is read without the encoding describing it"))
    }
}

/// The rest of a sequence, map, tuple or struct.
struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
}

impl<'de> Elements<'_, 'de> {
    #[inline]
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    /// Elements that the type did not ask for would be taken for what comes after them.
    #[inline]
    fn finish(self) -> Result<(), DecodeError> {
        match self.left {
            0 => Ok(()),
            left => Err(self.reader.unasked(left)),
        }
    }
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        self.next(seed)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> de::MapAccess<'de> for Elements<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        self.next(seed)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        seed.deserialize(&mut *self.reader)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> de::EnumAccess<'de> for &mut Reader<'de> {
    type Error = DecodeError;
    type Variant = Self;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), DecodeError> {
        let index = u32::from(u8::from_le_bytes(self.take("the index of a variant")?));
        let variant = seed.deserialize(index.into_deserializer()).map_err(|error: DecodeError| error.placed(self.last));
        Ok((variant?, self))
    }
}

impl<'de> de::VariantAccess<'de> for &mut Reader<'de> {
    type Error = DecodeError;

    #[inline]
    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, DecodeError> {
        seed.deserialize(self)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, count: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.fields(count, visitor)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.fields(fields.len(), visitor)
    }
}

macro_rules! integers {
    ($($method:ident, $visit:ident: $type:ty, $what:literal);* $(;)?) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            visitor.$visit(<$type>::from_le_bytes(self.take($what)?))
        }
    )*};
}

macro_rules! undescribed {
    ($($method:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, DecodeError> {
            self.undescribed()
        }
    )*};
}

macro_rules! floats {
    ($($method:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, DecodeError> {
            Err(DecodeError::new(self.offset(), "expected a type without floats: the encoding has none"))
        }
    )*};
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = DecodeError;

    integers! {
        deserialize_u8, visit_u8: u8, "1 byte of an integer";
        deserialize_u16, visit_u16: u16, "2 bytes of an integer";
        deserialize_u32, visit_u32: u32, "4 bytes of an integer";
        deserialize_u64, visit_u64: u64, "8 bytes of an integer";
        deserialize_u128, visit_u128: u128, "16 bytes of an integer";
        deserialize_i8, visit_i8: i8, "1 byte of an integer";
        deserialize_i16, visit_i16: i16, "2 bytes of an integer";
        deserialize_i32, visit_i32: i32, "4 bytes of an integer";
        deserialize_i64, visit_i64: i64, "8 bytes of an integer";
        deserialize_i128, visit_i128: i128, "16 bytes of an integer";
    }

    undescribed! { deserialize_any, deserialize_identifier, deserialize_ignored_any }
    floats! { deserialize_f32, deserialize_f64 }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_bool(self.take_tag("expected 0 or 1 as a bool")?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let scalar = u32::from_le_bytes(self.take("4 bytes of a char")?);
        match char::from_u32(scalar) {
            Some(value) => visitor.visit_char(value),
            None => Err(DecodeError::new(self.last, "expected a Unicode scalar value as a char")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_str(self.take_text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_str(self.take_text()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_bytes(self.take_bytes()?)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_bytes(self.take_bytes()?)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.take_tag("expected 0 or 1 as the tag of an option")? {
            self.within(|reader| visitor.visit_some(reader))
        } else {
            visitor.visit_none()
        }
    }

    #[inline]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        self.within(|reader| visitor.visit_newtype_struct(reader))
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.counted::<V>(|elements| visitor.visit_seq(elements))
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.counted::<V>(|pairs| visitor.visit_map(pairs))
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, count: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.within(|reader| reader.fields(count, visitor))
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.within(|reader| reader.fields(count, visitor))
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.within(|reader| reader.fields(fields.len(), visitor))
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.within(|reader| visitor.visit_enum(reader))
    }
}

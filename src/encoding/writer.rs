//! Encodes values as bytes.

use std::fmt::{self, Display, Write as _};

use serde::{Serialize, Serializer, ser};

/// Appends the encoding of `value` to `into`; a reused vector costs no allocation.
///
/// # Panics
/// If the type cannot be encoded: it holds a float, more than 256 variants, a field left out by `skip_serializing_if`,
/// a sequence whose elements take no bytes, or more than `u32::MAX` elements; or its own `Serialize` gives an error.
/// `into` then ends in a part of the value.
#[inline]
pub fn write<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) {
    match value.serialize(Writer { into }) {
        Ok(()) => (),
        Err(never) => match never {},
    }
}

/// The error of a serialisation that can only panic, so that no step needs to check for it.
#[derive(Debug)]
enum Never {}

impl Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    #[cold]
    fn custom<T: Display>(message: T) -> Self {
        panic!("a value refused to be encoded: {message}")
    }
}

/// The serializer, and the state within tuples and structs, which have no length.
struct Writer<'a> {
    into: &'a mut Vec<u8>,
}

/// The state within a sequence or a map: its length is written last, into the reserved bytes.
struct Counted<'a> {
    into: &'a mut Vec<u8>,
    /// Where the elements begin.
    start: usize,
    count: usize,
}

const LENGTH_BYTES: usize = size_of::<u32>();

/// The index of a variant as the encoding has it.
///
/// # Panics
/// If it is above 255.
#[inline]
pub(super) fn narrow_index(index: u32) -> u8 {
    match u8::try_from(index) {
        Ok(index) => index,
        Err(_) => too_many_variants(index),
    }
}

#[cold]
fn too_many_variants(index: u32) -> ! {
    panic!("the encoding has room for 256 variants of an enum, and this is number {index} counted from 0")
}

#[inline]
fn narrow_length(length: usize) -> u32 {
    u32::try_from(length).expect("the encoding has room for u32::MAX elements of a sequence, map or text")
}

#[cold]
fn refuse_float() -> ! {
    panic!("a float may not reach a trace, whose bytes must be the same on every machine: encode an integer instead")
}

impl<'a> Writer<'a> {
    #[inline]
    fn bytes(self, bytes: &[u8]) {
        self.into.extend_from_slice(&narrow_length(bytes.len()).to_le_bytes());
        self.into.extend_from_slice(bytes);
    }

    #[inline]
    fn variant(self, index: u32) -> Self {
        self.into.push(narrow_index(index));
        self
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        value.serialize(Writer { into: self.into })
    }

    #[inline]
    fn counted(self) -> Counted<'a> {
        self.into.extend_from_slice(&[0; LENGTH_BYTES]);
        Counted { start: self.into.len(), into: self.into, count: 0 }
    }
}

impl Counted<'_> {
    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        value.serialize(Writer { into: self.into })
    }

    #[inline]
    fn finish(self) {
        assert!(
            self.into.len() - self.start >= self.count,
            "a sequence whose elements take no bytes has no encoding: encode their number instead"
        );
        let length = narrow_length(self.count).to_le_bytes();
        self.into[self.start - LENGTH_BYTES..self.start].copy_from_slice(&length);
    }
}

/// Text that is made while it is written.
struct Text<'a>(&'a mut Vec<u8>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),* $(,)?) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<(), Never> {
            self.into.extend_from_slice(&value.to_le_bytes());
            Ok(())
        }
    )*};
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Counted<'a>;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Counted<'a>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    integers! {
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Never> {
        self.serialize_u8(u8::from(value))
    }

    #[inline]
    fn serialize_char(self, value: char) -> Result<(), Never> {
        self.serialize_u32(u32::from(value))
    }

    fn serialize_f32(self, _: f32) -> Result<(), Never> {
        refuse_float()
    }

    fn serialize_f64(self, _: f64) -> Result<(), Never> {
        refuse_float()
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Never> {
        self.bytes(value.as_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Never> {
        self.bytes(value);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Never> {
        let mut text = self.counted();
        write!(Text(text.into), "{value}").expect("a value that is encoded as text shows itself without error");
        text.count = text.into.len() - text.start;
        text.finish();
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Never> {
        self.serialize_u8(0)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Never> {
        self.into.push(1);
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Never> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Never> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Result<(), Never> {
        self.variant(index);
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Never> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        value.serialize(self.variant(index))
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Counted<'a>, Never> {
        Ok(self.counted())
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, Never> {
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_variant(self, _: &'static str, index: u32, _: &'static str, _: usize) -> Result<Self, Never> {
        Ok(self.variant(index))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Counted<'a>, Never> {
        Ok(self.counted())
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        Ok(self)
    }

    #[inline]
    fn serialize_struct_variant(self, _: &'static str, index: u32, _: &'static str, _: usize) -> Result<Self, Never> {
        Ok(self.variant(index))
    }
}

macro_rules! fields {
    ($($trait:ident::$method:ident($($name:ty)?));* $(;)?) => {$(
        impl ser::$trait for Writer<'_> {
            type Ok = ();
            type Error = Never;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $name,)? value: &T) -> Result<(), Never> {
                self.field(value)
            }

            #[inline]
            fn end(self) -> Result<(), Never> {
                Ok(())
            }

            $(
                #[cold]
                fn skip_field(&mut self, name: $name) -> Result<(), Never> {
                    panic!("the field {name} is left out of its encoding, which could then not be read back")
                }
            )?
        }
    )*};
}

fields! {
    SerializeTuple::serialize_element();
    SerializeTupleStruct::serialize_field();
    SerializeTupleVariant::serialize_field();
    SerializeStruct::serialize_field(&'static str);
    SerializeStructVariant::serialize_field(&'static str);
}

impl ser::SerializeSeq for Counted<'_> {
    type Ok = ();
    type Error = Never;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        self.count += 1;
        self.part(value)
    }

    #[inline]
    fn end(self) -> Result<(), Never> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeMap for Counted<'_> {
    type Ok = ();
    type Error = Never;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Never> {
        self.count += 1;
        self.part(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        self.part(value)
    }

    #[inline]
    fn end(self) -> Result<(), Never> {
        self.finish();
        Ok(())
    }
}

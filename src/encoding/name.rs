//! The name and index of a value's variant, read without serialising its contents.
//!
//! Serde's derived `Serialize` begins with a `match` that tells the serializer the variant; the [`Probe`] notes it and
//! stops there, with an error that carries what it found. What remains after inlining is that `match`.

use std::fmt::{self, Display};

use serde::ser::{self, Impossible};
use serde::{Serialize, Serializer};

use super::writer::narrow_index;

/// The serde name of the variant of `value`.
///
/// For a struct it is the struct's name, for everything else (numbers, text, sequences, `Option`) `"value"`. References
/// and boxes are seen through, and so are envelopes: structs whose first field is `body`. An enum whose `Serialize` is untagged or internally tagged is not seen as an enum.
///
/// ```
/// # use stemmata::encoding::variant_name;
/// assert_eq!(variant_name(&Ok::<u8, u8>(7)), "Ok");
/// assert_eq!(variant_name(&7), "value");
/// ```
#[must_use]
#[inline]
pub fn variant_name<T: Serialize + ?Sized>(value: &T) -> &'static str {
    probe::<T, false>(value).outer.name
}

/// The name as [`variant_name`] gives it, and, if `value` is a newtype variant around another enum, the name of that
/// one's variant.
///
/// ```
/// # use stemmata::encoding::variant_path;
/// let value: Result<Result<u8, ()>, ()> = Ok(Err(()));
/// assert_eq!(variant_path(&value), ("Ok", Some("Err")));
/// assert_eq!(variant_path(&value.unwrap()), ("Err", None));
/// ```
#[must_use]
#[inline]
pub fn variant_path<T: Serialize + ?Sized>(value: &T) -> (&'static str, Option<&'static str>) {
    let path = probe::<T, true>(value);
    (path.outer.name, path.inner.map(|inner| inner.name))
}

/// The indices of the variants that [`variant_path`] names, as the encoding writes them.
///
/// A value that is not an enum has the outer index 0.
///
/// # Panics
/// If an index is above 255: the encoding has no room for it.
#[must_use]
#[inline]
pub fn variant_index<T: Serialize + ?Sized>(value: &T) -> (u8, Option<u8>) {
    let path = probe::<T, true>(value);
    let outer = path.outer.index.map_or(0, narrow_index);
    (outer, path.inner.and_then(|inner| inner.index).map(narrow_index))
}

/// The name of one level of a value.
#[derive(Clone, Copy, Debug)]
struct Label {
    name: &'static str,
    /// Of an enum only.
    index: Option<u32>,
}

const VALUE: Label = Label { name: "value", index: None };

/// The result of a probe, as an error, because an error ends the serialisation at once.
#[derive(Clone, Copy, Debug)]
struct VariantPath {
    outer: Label,
    inner: Option<Label>,
}

/// A probe never succeeds in serialising.
enum Never {}

#[inline]
fn probe<T: Serialize + ?Sized, const INNER: bool>(value: &T) -> VariantPath {
    match value.serialize(Probe::<INNER>) {
        Ok(never) => match never {},
        Err(path) => path,
    }
}

impl VariantPath {
    #[inline]
    fn value<T>() -> Result<T, Self> {
        Err(Self { outer: VALUE, inner: None })
    }

    #[inline]
    fn structure<T>(name: &'static str) -> Result<T, Self> {
        Err(Self { outer: Label { name, index: None }, inner: None })
    }

    #[inline]
    fn variant<T>(index: u32, name: &'static str) -> Result<T, Self> {
        Err(Self { outer: Label { name, index: Some(index) }, inner: None })
    }
}

impl Display for VariantPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.outer.name)
    }
}

impl std::error::Error for VariantPath {}

impl ser::Error for VariantPath {
    /// A value whose serialisation fails before its name is known counts as `"value"`.
    fn custom<T: Display>(_: T) -> Self {
        Self { outer: VALUE, inner: None }
    }
}

/// The serializer that stops at the first word; with `INNER` it looks into a newtype variant too.
struct Probe<const INNER: bool>;

macro_rules! plain_values {
    ($($method:ident: $type:ty),* $(,)?) => {$(
        #[inline]
        fn $method(self, _: $type) -> Result<Never, VariantPath> {
            VariantPath::value()
        }
    )*};
}

impl<const INNER: bool> Serializer for Probe<INNER> {
    type Ok = Never;
    type Error = VariantPath;
    type SerializeSeq = Impossible<Never, VariantPath>;
    type SerializeTuple = Impossible<Never, VariantPath>;
    type SerializeTupleStruct = Impossible<Never, VariantPath>;
    type SerializeTupleVariant = Impossible<Never, VariantPath>;
    type SerializeMap = Impossible<Never, VariantPath>;
    type SerializeStruct = Envelope<INNER>;
    type SerializeStructVariant = Impossible<Never, VariantPath>;

    plain_values! {
        serialize_bool: bool, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_f32: f32, serialize_f64: f64,
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Result<Never, VariantPath> {
        VariantPath::value()
    }

    #[inline]
    fn serialize_none(self) -> Result<Never, VariantPath> {
        VariantPath::value()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Never, VariantPath> {
        VariantPath::value()
    }

    #[inline]
    fn serialize_unit(self) -> Result<Never, VariantPath> {
        VariantPath::value()
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, VariantPath> {
        VariantPath::value()
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, VariantPath> {
        VariantPath::value()
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, VariantPath> {
        VariantPath::value()
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<Never, VariantPath> {
        VariantPath::structure(name)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, _: &T) -> Result<Never, VariantPath> {
        VariantPath::structure(name)
    }

    #[inline]
    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, VariantPath> {
        VariantPath::structure(name)
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, VariantPath> {
        Ok(Envelope { name })
    }

    #[inline]
    fn serialize_unit_variant(self, _: &'static str, index: u32, name: &'static str) -> Result<Never, VariantPath> {
        VariantPath::variant(index, name)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        content: &T,
    ) -> Result<Never, VariantPath> {
        let outer = Label { name, index: Some(index) };
        let inner = if INNER { Some(probe::<T, false>(content).outer) } else { None };
        Err(VariantPath { outer, inner: inner.filter(|inner| inner.index.is_some()) })
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, VariantPath> {
        VariantPath::variant(index, name)
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, VariantPath> {
        VariantPath::variant(index, name)
    }
}

/// A struct whose first field is not known yet: one that is called `body` makes it an envelope, which is seen through.
struct Envelope<const INNER: bool> {
    name: &'static str,
}

impl<const INNER: bool> ser::SerializeStruct for Envelope<INNER> {
    type Ok = Never;
    type Error = VariantPath;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, field: &'static str, content: &T) -> Result<(), VariantPath> {
        match field {
            "body" => match content.serialize(Probe::<INNER>)? {},
            _ => VariantPath::structure(self.name),
        }
    }

    #[inline]
    fn end(self) -> Result<Never, VariantPath> {
        VariantPath::structure(self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde::ser::Error as _;

    use super::*;

    #[derive(Serialize)]
    enum Fact {
        Idle,
        #[serde(rename = "lock-facts")]
        Locks(Box<Inner>),
        Pair(Inner, Inner),
        Counted(u64),
        Maybe(Option<Inner>),
        Wrapped(Wrapper),
        Shaped {
            inner: Inner,
        },
    }

    #[derive(Clone, Copy, Serialize)]
    enum Inner {
        Granted,
        Deferred { by: Refusing },
    }

    #[derive(Serialize)]
    struct Wrapper(Inner);

    #[derive(Serialize)]
    struct Marker;

    /// Contents that must never be reached.
    #[derive(Clone, Copy)]
    struct Refusing;

    impl Serialize for Refusing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("the contents of a variant were serialised")
        }
    }

    struct Failing;

    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("never writable"))
        }
    }

    const DEFERRED: Inner = Inner::Deferred { by: Refusing };

    #[test]
    fn a_variant_is_named_without_touching_its_contents() {
        let cases = [
            (Fact::Idle, "Idle", None, (0, None)),
            (Fact::Locks(Box::new(DEFERRED)), "lock-facts", Some("Deferred"), (1, Some(1))),
            (Fact::Locks(Box::new(Inner::Granted)), "lock-facts", Some("Granted"), (1, Some(0))),
            (Fact::Pair(DEFERRED, DEFERRED), "Pair", None, (2, None)),
            (Fact::Counted(9), "Counted", None, (3, None)),
            (Fact::Maybe(Some(DEFERRED)), "Maybe", None, (4, None)),
            (Fact::Wrapped(Wrapper(DEFERRED)), "Wrapped", None, (5, None)),
            (Fact::Shaped { inner: DEFERRED }, "Shaped", None, (6, None)),
        ];
        for (fact, outer, inner, index) in cases {
            assert_eq!(variant_name(&fact), outer);
            assert_eq!(variant_path(&fact), (outer, inner));
            assert_eq!(variant_index(&fact), index);
        }
    }

    #[test]
    fn a_structure_gives_its_own_name() {
        assert_eq!(variant_path(&Wrapper(DEFERRED)), ("Wrapper", None));
        assert_eq!(variant_name(&Marker), "Marker");
        assert_eq!(variant_index(&Marker), (0, None));
    }

    #[test]
    fn everything_else_is_a_value() {
        assert_eq!(variant_name(&7_u64), "value");
        assert_eq!(variant_name("text"), "value");
        assert_eq!(variant_name(&[DEFERRED]), "value");
        assert_eq!(variant_name(&(DEFERRED, 1)), "value");
        assert_eq!(variant_name(&Some(DEFERRED)), "value");
        assert_eq!(variant_name(&format_args!("{}", 1)), "value");
        assert_eq!(variant_name(&Failing), "value");
    }
}

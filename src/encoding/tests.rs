//! Known answers, round trips, and random bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::num::NonZeroU16;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};

use super::*;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Message {
    Idle,
    Count(u64),
    Pair(i16, Option<Box<Message>>),
    Copy { text: String, letter: char, sure: bool, slots: BTreeMap<u32, Vec<Message>> },
    Batch(Vec<Record>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    id: Id,
    wide: (u128, i128),
    names: BTreeSet<String>,
    by_number: BTreeMap<i8, (bool, [u8; 3])>,
    outcome: Result<(), Option<NonZeroU16>>,
    nothing: Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Id(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Nothing;

/// A chain of any depth, one byte per level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Chain {
    End,
    Link(Box<Chain>),
}

fn bytes_of<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

#[track_caller]
fn is_written<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, bytes: &[u8]) {
    assert_eq!(bytes_of(&value), bytes);
    assert_eq!(read::<T>(bytes), Ok(value));
}

#[track_caller]
fn is_refused<T: DeserializeOwned + Debug>(bytes: &[u8], error: &str) {
    assert_eq!(read::<T>(bytes).expect_err("these bytes encode nothing").to_string(), error);
}

mod known_answers {
    use super::*;

    #[test]
    fn integers_take_their_width_in_little_endian() {
        is_written(0xab_u8, &[0xab]);
        is_written(0x0102_u16, &[2, 1]);
        is_written(0x0102_0304_u32, &[4, 3, 2, 1]);
        is_written(0x0102_0304_0506_0708_u64, &[8, 7, 6, 5, 4, 3, 2, 1]);
        is_written(1_u128, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        is_written(1_usize, &[1, 0, 0, 0, 0, 0, 0, 0]);
        is_written(-2_i8, &[0xfe]);
        is_written(-2_i16, &[0xfe, 0xff]);
        is_written(-2_i32, &[0xfe, 0xff, 0xff, 0xff]);
        is_written(-2_i64, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        is_written(i128::MIN, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]);
    }

    #[test]
    fn a_bool_is_zero_or_one_and_a_char_its_scalar_value() {
        is_written(false, &[0]);
        is_written(true, &[1]);
        is_written('a', &[0x61, 0, 0, 0]);
        is_written('🦀', &[0x80, 0xf9, 0x01, 0]);
    }

    #[test]
    fn text_and_sequences_begin_with_their_length() {
        is_written(String::new(), &[0, 0, 0, 0]);
        is_written("né".to_owned(), &[3, 0, 0, 0, b'n', 0xc3, 0xa9]);
        is_written(vec![1_u16, 2], &[2, 0, 0, 0, 1, 0, 2, 0]);
        is_written(BTreeMap::from([(7_u8, true), (9, false)]), &[2, 0, 0, 0, 7, 1, 9, 0]);
        is_written(BTreeSet::from([-1_i8, 1]), &[2, 0, 0, 0, 0xff, 1]);
    }

    #[test]
    fn an_option_is_a_tag_and_perhaps_its_content() {
        is_written(None::<u16>, &[0]);
        is_written(Some(5_u16), &[1, 5, 0]);
        is_written(Some(None::<u16>), &[1, 0]);
    }

    #[test]
    fn an_enum_is_the_index_of_its_variant_and_the_fields() {
        is_written(Message::Idle, &[0]);
        is_written(Message::Count(3), &[1, 3, 0, 0, 0, 0, 0, 0, 0]);
        is_written(Message::Pair(-1, Some(Box::new(Message::Idle))), &[2, 0xff, 0xff, 1, 0]);
        let copy = Message::Copy {
            text: "x".to_owned(),
            letter: 'y',
            sure: true,
            slots: BTreeMap::from([(4, vec![Message::Idle])]),
        };
        is_written(copy, &[3, 1, 0, 0, 0, b'x', b'y', 0, 0, 0, 1, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn tuples_and_structs_are_their_fields_and_a_unit_is_nothing() {
        is_written((), &[]);
        is_written(Nothing, &[]);
        is_written(Id(6), &[6, 0, 0, 0]);
        is_written((1_u8, (), [2_u8, 3], Nothing), &[1, 2, 3]);
    }

    #[test]
    fn an_unannounced_length_is_written_all_the_same() {
        struct Evens;
        impl Serialize for Evens {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut evens = serializer.serialize_seq(None)?;
                (0..6_u8).filter(|n| n % 2 == 0).try_for_each(|n| evens.serialize_element(&n))?;
                evens.end()
            }
        }
        struct Squares;
        impl Serialize for Squares {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut squares = serializer.serialize_map(None)?;
                (2..4_u8).try_for_each(|n| squares.serialize_entry(&n, &(n * n)))?;
                squares.end()
            }
        }
        assert_eq!(bytes_of(&Evens), [3, 0, 0, 0, 0, 2, 4]);
        assert_eq!(bytes_of(&Squares), [2, 0, 0, 0, 2, 4, 3, 9]);
    }

    #[test]
    fn text_made_on_the_way_is_written_as_text() {
        assert_eq!(bytes_of(&format_args!("n{}", 17)), bytes_of("n17"));
    }

    #[test]
    fn a_type_with_a_form_for_people_is_written_in_its_compact_form() {
        is_written(std::net::Ipv4Addr::new(10, 0, 0, 7), &[10, 0, 0, 7]);
    }

    #[test]
    fn writing_appends() {
        let mut bytes = vec![9];
        write(&1_u8, &mut bytes);
        write(&[2_u8], &mut bytes);
        assert_eq!(bytes, [9, 1, 2]);
    }
}

mod refused_writes {
    use super::*;

    #[test]
    #[should_panic(expected = "a float may not reach a trace")]
    fn a_float_is_refused() {
        bytes_of(&Some(1.5_f64));
    }

    #[test]
    #[should_panic(expected = "a value refused to be encoded: never writable")]
    fn an_error_of_the_value_itself_is_a_panic() {
        struct Failing;
        impl Serialize for Failing {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("never writable"))
            }
        }
        bytes_of(&Failing);
    }

    #[test]
    #[should_panic(expected = "the encoding has room for 256 variants")]
    fn the_two_hundred_and_fifty_seventh_variant_is_refused() {
        struct Wide;
        impl Serialize for Wide {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_unit_variant("Wide", 256, "Last")
            }
        }
        bytes_of(&Wide);
    }

    #[test]
    #[should_panic(expected = "a sequence whose elements take no bytes has no encoding")]
    fn a_sequence_of_nothings_is_refused() {
        bytes_of(&[(), ()].as_slice());
    }

    #[test]
    #[should_panic(expected = "the field rest is left out")]
    fn a_skipped_field_is_refused() {
        #[derive(Serialize)]
        struct Gap {
            #[serde(skip_serializing_if = "Option::is_none")]
            rest: Option<u8>,
        }
        bytes_of(&Gap { rest: None });
    }
}

mod refused_reads {
    use super::*;

    #[test]
    fn bytes_that_end_early_are_refused_where_something_is_missing() {
        is_refused::<u32>(&[1, 2, 3], "byte 0: expected 4 bytes of an integer, found the end");
        is_refused::<(u8, bool)>(&[1], "byte 1: expected 0 or 1, found the end");
        is_refused::<Message>(&[], "byte 0: expected the index of a variant, found the end");
    }

    #[test]
    fn bytes_behind_the_value_are_refused_except_behind_a_prefix() {
        is_refused::<u8>(&[1, 2, 3], "byte 1: expected the end, found 2 bytes more");
        assert_eq!(read_prefix::<u8>(&[1, 2, 3]), Ok((1, [2, 3].as_slice())));
    }

    #[test]
    fn tags_scalars_and_text_that_are_none_are_refused() {
        is_refused::<(u8, bool)>(&[0, 2], "byte 1: expected 0 or 1 as a bool");
        is_refused::<Option<u8>>(&[2, 0], "byte 0: expected 0 or 1 as the tag of an option");
        is_refused::<char>(&[0, 0xd8, 0, 0], "byte 0: expected a Unicode scalar value as a char");
        is_refused::<String>(&[2, 0, 0, 0, b'a', 0xff], "byte 5: expected UTF-8");
        is_refused::<Chain>(&[1, 2], "byte 1: expected variant index 0 <= i < 2, found integer `2`");
    }

    #[test]
    fn a_type_may_refuse_what_it_was_given_and_the_place_is_known() {
        is_refused::<(u8, NonZeroU16, u8)>(&[1, 0, 0, 1], "byte 1: expected a nonzero u16, found integer `0`");
    }

    #[test]
    fn a_hostile_length_is_refused_before_room_is_made() {
        let bytes = [0xff, 0xff, 0xff, 0xff, 1, 2, 3];
        let error = "byte 0: expected a length of at most 3, found 4294967295";
        is_refused::<Vec<u128>>(&bytes, error);
        is_refused::<Vec<()>>(&bytes, error);
        is_refused::<String>(&bytes, error);
        is_refused::<BTreeMap<u8, Nothing>>(&bytes, error);
    }

    #[test]
    fn a_sequence_of_nothings_is_refused() {
        let error = "byte 0: expected the length of elements that take a byte each at least";
        is_refused::<(Vec<()>, u8)>(&[1, 0, 0, 0, 7], error);
    }

    #[test]
    fn nesting_is_read_to_its_limit_and_refused_beyond() {
        let mut chain = vec![1; DEPTH_LIMIT - 1];
        chain.push(0);
        assert_eq!(read::<Chain>(&chain).map(|chain| bytes_of(&chain)), Ok(chain.clone()));
        chain.insert(0, 1);
        is_refused::<Chain>(&chain, "byte 128: expected at most 128 values within one another");
        is_refused::<Chain>(&vec![1; 1 << 20], "byte 128: expected at most 128 values within one another");
    }

    #[test]
    fn floats_and_types_that_want_a_description_are_refused() {
        #[derive(Debug, Deserialize)]
        #[serde(untagged)]
        enum Untagged {
            Number { _n: u8 },
        }
        is_refused::<f32>(&[0; 4], "byte 0: expected a type without floats: the encoding has none");
        let error = "byte 0: expected a type that is read without the encoding describing it";
        is_refused::<Untagged>(&[0; 4], error);
    }

    /// The limit that the module's documentation names.
    #[test]
    fn a_map_out_of_order_is_read_but_written_in_order() {
        let map: BTreeMap<u8, u8> = read(&[2, 0, 0, 0, 9, 1, 7, 2]).expect("order is not the reader's concern");
        assert_eq!(bytes_of(&map), [2, 0, 0, 0, 7, 2, 9, 1]);
    }
}

fn letters() -> impl Strategy<Value = char> {
    const ODD: &[char] =
        &['\0', '\u{7f}', '\u{301}', '\u{200d}', '\u{202e}', '\u{d7ff}', '\u{e000}', '\u{feff}', '\u{ffff}', '🦀'];
    prop_oneof![any::<char>(), prop::sample::select(ODD), Just(char::MAX)]
}

fn texts() -> impl Strategy<Value = String> {
    vec(letters(), 0..6).prop_map(String::from_iter)
}

fn records() -> impl Strategy<Value = Record> {
    let outcomes = prop::result::maybe_ok(Just(()), prop::option::of((1..=u16::MAX).prop_map(NonZeroU16::new)));
    let numbered = btree_map(any::<i8>(), any::<(bool, [u8; 3])>(), 0..4);
    let fields = (any::<u32>(), any::<(u128, i128)>(), btree_set(texts(), 0..4), numbered);
    (fields, outcomes).prop_map(|((id, wide, names, by_number), outcome)| Record {
        id: Id(id),
        wide,
        names,
        by_number,
        outcome: outcome.map_err(Option::flatten),
        nothing: Nothing,
    })
}

fn messages() -> impl Strategy<Value = Message> {
    let leaves = prop_oneof![
        Just(Message::Idle),
        any::<u64>().prop_map(Message::Count),
        vec(records(), 0..3).prop_map(Message::Batch),
    ];
    leaves.prop_recursive(4, 24, 4, |inner| {
        let slots = btree_map(any::<u32>(), vec(inner.clone(), 0..3), 0..3);
        prop_oneof![
            (any::<i16>(), prop::option::of(inner.prop_map(Box::new))).prop_map(|(n, next)| Message::Pair(n, next)),
            (texts(), letters(), any::<bool>(), slots).prop_map(|(text, letter, sure, slots)| Message::Copy {
                text,
                letter,
                sure,
                slots
            }),
        ]
    })
}

/// A type without maps and sets, of which every encoding is canonical.
type Faithful = (Option<bool>, Vec<(Chain, i8)>, Result<String, char>);

/// Small tags, small lengths and noise in a row: most are wrong late, and some are right.
fn strangers() -> impl Strategy<Value = Vec<u8>> {
    let tags = (0..2_u8).prop_map(|tag| vec![tag]);
    let lengths = (0..3_u32).prop_map(|length| length.to_le_bytes().to_vec());
    vec(prop_oneof![3 => tags, 2 => lengths, 1 => vec(any::<u8>(), 0..6)], 0..16).prop_map(|parts| parts.concat())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn what_was_written_is_read(message in messages(), tail in vec(any::<u8>(), 0..4)) {
        let mut bytes = bytes_of(&message);
        prop_assert_eq!(read::<Message>(&bytes), Ok(message.clone()));
        bytes.extend_from_slice(&tail);
        prop_assert_eq!(read_prefix(&bytes), Ok((message, tail.as_slice())));
    }

    #[test]
    fn what_was_cut_short_is_refused(message in messages(), cut in any::<prop::sample::Index>()) {
        let bytes = bytes_of(&message);
        prop_assert!(read::<Message>(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn a_flipped_encoding_is_read_or_refused(message in messages(), bit in any::<u64>()) {
        let mut bytes = bytes_of(&message);
        flip_bit(&mut bytes, bit);
        match read::<Message>(&bytes) {
            Ok(other) => prop_assert!(bytes_of(&other).len() <= bytes.len()),
            Err(error) => prop_assert!(error.offset() <= bytes.len()),
        }
    }
}

proptest! {
    #![proptest_config(config(8_192))]

    #[test]
    fn bytes_that_nobody_wrote_are_read_or_refused(bytes in strangers()) {
        if let Ok((value, rest)) = read_prefix::<Faithful>(&bytes) {
            prop_assert_eq!(bytes_of(&value), &bytes[..bytes.len() - rest.len()]);
        }
        if let Err(error) = read::<Message>(&bytes) {
            prop_assert!(error.offset() <= bytes.len());
        }
    }
}

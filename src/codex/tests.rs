//! The codex against a plain map, and what its root depends on.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::check::twins;
use crate::encoding;
use crate::observation::{StoreCall, ValueText};

fn key(name: &str) -> Key {
    Key::new(name).expect("a key")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("a value")
}

fn put(codex: &mut Codex, name: &str, value: &str) -> Result<(), Refusal> {
    codex.apply(&Write::Put { key: key(name), value: json(value) }, &Anchors::default())
}

/// The state that a map describes, built in the order of its keys.
fn built(map: &BTreeMap<Key, Value>) -> Codex {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        "\\PC{0,6}".prop_map(|text| Value::text(&text)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| Value::List(items.into())),
            prop::collection::btree_map("[a-c]{1,2}", inner, 0..4).prop_map(|fields| Value::Map(fields.into())),
        ]
    })
}

/// The keys whose entries are not the same in both, and how many places were compared to find them.
fn differences(left: &Place<'_, Value>, right: &Place<'_, Value>, looked: &mut usize) -> BTreeSet<Key> {
    *looked += 1;
    let (Place::Branch(left), Place::Branch(right)) = (left, right) else {
        let (left, right) = (entries(left), entries(right));
        return left.symmetric_difference(&right).map(|(key, _)| key.clone()).collect();
    };
    let (here, there): (BTreeMap<_, _>, BTreeMap<_, _>) = (left.taken().collect(), right.taken().collect());
    let unlike = (0..16).filter(|way| here.get(way) != there.get(way));
    unlike.flat_map(|way| differences(&left.follow(way), &right.follow(way), looked)).collect()
}

/// All entries below a place.
fn entries(place: &Place<'_, Value>) -> BTreeSet<(Key, Value)> {
    match place {
        Place::Nothing => BTreeSet::new(),
        Place::Leaf(leaf) => leaf.iter().map(|entry| (entry.key().clone(), entry.value().clone())).collect(),
        Place::Branch(ways) => ways.taken().flat_map(|(way, _)| entries(&ways.follow(way))).collect(),
    }
}

#[test]
fn a_walk_along_unequal_roots_finds_what_differs_and_looks_at_little_else() {
    let mut one = Codex::default();
    for number in 0..2_000 {
        put(&mut one, &format!("k{number}"), "1").expect("nothing forbids it");
    }
    let mut other = one.clone();
    put(&mut other, "k7", "2").expect("nothing forbids it");
    put(&mut other, "new", "1").expect("nothing forbids it");
    other.apply(&Write::Delete { key: key("k1000") }, &Anchors::default()).expect("nothing forbids it");
    let mut looked = 0;
    let found = differences(&one.trie().top(), &other.trie().top(), &mut looked);
    assert_eq!(found, BTreeSet::from([key("k1000"), key("k7"), key("new")]));
    assert!(looked <= 1 + 3 * 3, "{looked}");
    assert_eq!(entries(&other.trie().top()).len(), other.len());
    assert_eq!(differences(&one.trie().top(), &Place::Nothing, &mut 0).len(), one.len());
}

/// Numbers as leaves in place of values: the root is a function of the content all the same.
#[test]
fn a_trie_holds_whatever_can_be_written_down() {
    let trie = |numbers: &mut dyn Iterator<Item = u64>| {
        let mut trie = Trie::default();
        numbers.for_each(|number| trie.put(Path::of(&key(&number.to_string())), key(&number.to_string()), number));
        trie
    };
    let (up, mut down) = (trie(&mut (0..100)), trie(&mut (0..101).rev()));
    assert_ne!(up.root(), down.root());
    down.remove(Path::of(&key("100")));
    assert_eq!(up.root(), down.root());
    assert_eq!(up.get(Path::of(&key("7"))).map(Entry::value), Some(&7));
}

/// Writes over so few keys that they meet, or over so many that leaves split and join.
fn writes(keys: u32, most: usize) -> impl Strategy<Value = Vec<Write>> {
    let write = (0..keys, 0..8_u8, values(), values()).prop_map(|(number, kind, value, other)| {
        let key = key(&format!("k{number}"));
        match kind {
            0..=2 => Write::Put { key, value },
            3..=5 => Write::Delete { key },
            6 => Write::Append { key, value },
            _ => Write::Cas { key, expected: Some(value), value: other },
        }
    });
    prop::collection::vec(write, 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn it_holds_what_a_plain_map_holds(writes in writes(6, 60)) {
        let (mut codex, mut map) = (Codex::default(), BTreeMap::new());
        for write in &writes {
            let key = write.key().clone();
            let done = codex.apply(write, &Anchors::default()).is_ok();
            match write {
                Write::Put { value, .. } => _ = map.insert(key, value.clone()),
                Write::Delete { .. } => _ = map.remove(&key),
                Write::Cas { expected, value, .. } => {
                    prop_assert_eq!(done, map.get(&key) == expected.as_ref());
                    if done { map.insert(key, value.clone()); }
                }
                Write::Append { value, .. } => {
                    let list = map.get(&key).cloned().unwrap_or_else(|| Value::List(Vec::new().into()));
                    let Value::List(items) = list else { prop_assert!(!done); continue };
                    map.insert(key, Value::List(items.iter().chain([value]).cloned().collect::<Vec<_>>().into()));
                }
            }
        }
        let held: Vec<_> = codex.under("").into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        prop_assert_eq!(held, map.clone().into_iter().collect::<Vec<_>>());
        prop_assert_eq!(codex.len(), map.len());
        prop_assert_eq!(codex, built(&map));
    }

    #[test]
    fn the_root_depends_on_the_content_alone(writes in writes(400, 700), asked in any::<u64>()) {
        let mut codex = Codex::default();
        for (place, write) in writes.iter().enumerate() {
            drop(codex.apply(write, &Anchors::default()));
            if asked >> (place % 64) & 1 == 1 {
                std::hint::black_box(codex.root());
            }
        }
        let content: Vec<_> = codex.under("").into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let backwards: Codex = content.iter().rev().cloned().collect();
        prop_assert_eq!(codex.root(), backwards.root());
    }

    #[test]
    fn a_clone_goes_on_alone(before in writes(40, 80), after in writes(40, 80)) {
        let mut codex = Codex::default();
        before.iter().for_each(|write| drop(codex.apply(write, &Anchors::default())));
        let (kept, root) = (codex.clone(), codex.root());
        after.iter().for_each(|write| drop(codex.apply(write, &Anchors::default())));
        let content = kept.under("").into_iter().map(|(key, value)| (key.clone(), value.clone()));
        prop_assert_eq!(content.collect::<Codex>().root(), root);
        prop_assert_eq!(kept.root(), root);
    }

    #[test]
    fn values_come_back_from_both_forms(value in values()) {
        let mut bytes = Vec::new();
        encoding::write(&value, &mut bytes);
        prop_assert_eq!(&encoding::read::<Value>(&bytes).expect("it was written"), &value);
        prop_assert_eq!(&json(&value.to_string()), &value);
    }
}

#[test]
fn every_difference_shows_in_the_root() {
    let mut codex = Codex::default();
    (0..40).for_each(|n| put(&mut codex, &format!("k{n}"), "1").expect("done"));
    let whole = codex.root();
    for n in 0..40 {
        let mut other = codex.clone();
        put(&mut other, &format!("k{n}"), "2").expect("done");
        assert_ne!(other.root(), whole);
        put(&mut other, &format!("k{n}"), "1").expect("done");
        assert_eq!(other.root(), whole);
        other.apply(&Write::Delete { key: key(&format!("k{n}")) }, &Anchors::default()).expect("done");
        assert_ne!(other.root(), whole);
    }
}

/// Replicas of different builds must agree.
#[test]
fn the_root_of_a_known_state_is_pinned() {
    assert_eq!(Codex::default().root(), Root([0; 16]));
    let mut codex = Codex::default();
    (0..100).for_each(|n| {
        put(&mut codex, &format!("key {n}"), &format!(r#"{{"n":{n},"of":[true,null,"é"]}}"#)).expect("done")
    });
    let root = codex.root().to_string();
    assert_eq!(root, "4bcdf4f94969c5d003ceb91097dd56df");
    let read: Root = serde_json::from_str(&format!("\"{root}\"")).expect("a root");
    assert_eq!(read, codex.root());
    assert!(serde_json::from_str::<Root>("\"12\"").is_err());
}

#[test]
fn what_does_not_apply_changes_nothing_and_says_why() {
    let mut codex = Codex::default();
    put(&mut codex, "a", "1").expect("done");
    let root = codex.root();
    let (a, b) = (key("a"), key("b"));
    let refused = [
        (Write::Append { key: a.clone(), value: json("2") }, Refusal::NoList),
        (Write::Cas { key: a, expected: None, value: json("2") }, Refusal::Mismatch),
        (Write::Cas { key: b, expected: Some(json("1")), value: json("2") }, Refusal::Mismatch),
    ];
    for (write, why) in refused {
        assert_eq!(codex.apply(&write, &Anchors::default()), Err(why));
    }
    assert_eq!(codex.root(), root);
    codex.apply(&Write::Delete { key: key("nothing") }, &Anchors::default()).expect("nothing to do is done");
    assert_eq!(codex.root(), root);
}

fn anchors() -> Anchors {
    let anchor = |prefix: &str, rule: AnchorRule| Anchor { prefix: prefix.to_owned(), rule };
    let all = vec![
        anchor("fixed/", AnchorRule::Immutable),
        anchor("mode", AnchorRule::OneOf(vec![json(r#""on""#), json(r#""off""#)])),
        anchor("text/", AnchorRule::EqualsCanon),
        anchor("", AnchorRule::MaxBytes(9)),
    ];
    Anchors::new(all, BTreeMap::from([(key("text/1"), "arma".to_owned())]))
}

#[test]
fn each_anchor_holds_what_it_says() {
    let mut codex = Codex::default();
    let anchors = anchors();
    let mut does = |write: Write| codex.apply(&write, &anchors);
    let put = |name: &str, value: &str| Write::Put { key: key(name), value: json(value) };
    assert_eq!(does(put("fixed/a", "1")), Ok(()));
    assert_eq!(does(put("fixed/a", "1")), Ok(()), "the same once more is no change");
    assert_eq!(does(put("fixed/a", "2")), Err(Refusal::Anchor(0)));
    assert_eq!(does(Write::Delete { key: key("fixed/a") }), Err(Refusal::Anchor(0)));
    assert_eq!(does(put("mode", r#""on""#)), Ok(()));
    assert_eq!(does(put("mode", r#""maybe""#)), Err(Refusal::Anchor(1)));
    assert_eq!(does(Write::Delete { key: key("mode") }), Ok(()));
    assert_eq!(does(put("text/1", r#""arma""#)), Ok(()));
    assert_eq!(does(put("text/1", r#""Arma""#)), Err(Refusal::Anchor(2)));
    assert_eq!(does(put("text/1", "1")), Err(Refusal::Anchor(2)));
    assert_eq!(does(put("text/2", r#""arma""#)), Err(Refusal::Anchor(2)), "it has no canonical text");
    assert_eq!(does(put("b", r#""123456789""#)), Ok(()));
    assert_eq!(does(put("b", r#""éééé12""#)), Err(Refusal::Anchor(3)), "bytes are counted, not letters");
    assert_eq!(does(put("b", "[1,2,3,45]")), Err(Refusal::Anchor(3)));
}

#[test]
fn odd_keys_and_values_are_taken_or_refused() {
    assert_eq!(Key::new(""), Err(KeyError::Empty));
    assert_eq!(Key::new(&"k".repeat(1_000_000)), Err(KeyError::Long(1_000_000)));
    assert!(serde_json::from_str::<Key>("\"\"").is_err());
    for name in ["a\u{0}b", "e\u{301}", "é", "𝕏", " "] {
        let mut codex = Codex::default();
        put(&mut codex, name, "1").expect("done");
        assert_eq!(codex.get(&key(name)), Some(&json("1")));
    }
    let mut codex = Codex::default();
    put(&mut codex, "é", "1").expect("done");
    assert_eq!(codex.get(&key("e\u{301}")), None, "keys are their bytes");
    for odd in ["1.5", "1e3", "9223372036854775808", r#"{"a":1,"a":2}"#, &("[".repeat(40) + &"]".repeat(40))] {
        assert!(serde_json::from_str::<Value>(odd).is_err(), "{odd}");
    }
    let deep = |levels: usize| json(&("[".repeat(levels) + &"]".repeat(levels)));
    let append = Write::Append { key: key("é"), value: deep(MOST_NESTED) };
    let mut empty = Codex::default();
    assert_eq!(empty.apply(&append, &Anchors::default()), Err(Refusal::Nested));
}

/// The texts of values by which a call, an anchor and a key can differ.
const TEXTS: [&str; 8] = ["null", "1", "\"a\"", "\"abcdef\"", "[]", "[1]", "[1,[2]]", "{\"a\":1}"];

fn anchor_of_each_kind() -> Vec<Anchors> {
    let canon = BTreeMap::from([(key("k1"), "a".to_owned()), (key("other"), "b".to_owned())]);
    let rules = [
        AnchorRule::Immutable,
        AnchorRule::OneOf(vec![json("1"), json("[1]"), json("\"a\"")]),
        AnchorRule::EqualsCanon,
        AnchorRule::MaxBytes(5),
        AnchorRule::MaxBytes(0),
    ];
    let anchored = |rule| Anchors::new(vec![Anchor { prefix: "k".to_owned(), rule }], canon.clone());
    rules.into_iter().map(anchored).collect()
}

#[test]
fn anchors_forbid_what_the_checkers_take_them_to_forbid() {
    let values: Vec<Option<Value>> = [None].into_iter().chain(TEXTS.map(|text| Some(json(text)))).collect();
    let text = |value: &Option<Value>| value.as_ref().map(|value| ValueText::from(value.to_string()));
    for anchors in anchor_of_each_kind() {
        for (name, before, after) in ["k1", "k2", "other", "x"]
            .into_iter()
            .flat_map(|name| values.iter().flat_map(move |before| [(name, before)]).collect::<Vec<_>>())
            .flat_map(|(name, before)| values.iter().map(move |after| (name, before, after)))
        {
            let forbids = anchors.broken(&key(name), before.as_ref(), after.as_ref()).is_some();
            let seen = anchors.seen().any(|(prefix, rule)| {
                name.starts_with(&*prefix) && !twins::allows(&rule, name, text(before).as_ref(), text(after).as_ref())
            });
            assert_eq!(forbids, seen, "{anchors:?}: {name} from {before:?} to {after:?}");
        }
    }
}

#[test]
fn writes_leave_what_the_checkers_take_them_to_leave() {
    let deep = format!("{}{}", "[".repeat(MOST_NESTED), "]".repeat(MOST_NESTED));
    let texts: Vec<&str> = TEXTS.into_iter().chain([deep.as_str()]).collect();
    let (name, text) = (key("k"), |value: &Value| ValueText::from(value.to_string()));
    for before in [None].into_iter().chain(texts.iter().map(|text| Some(json(text)))) {
        let mut writes = vec![(Write::Delete { key: name.clone() }, StoreCall::Delete)];
        for value in texts.iter().map(|text| json(text)) {
            let (key, new) = (name.clone(), text(&value));
            writes.push((Write::Put { key: key.clone(), value: value.clone() }, StoreCall::Put { value: new.clone() }));
            let append = Write::Append { key: key.clone(), value: value.clone() };
            writes.push((append, StoreCall::Append { value: new.clone() }));
            for expected in [None].into_iter().chain(texts.iter().map(|text| Some(json(text)))) {
                let old = expected.as_ref().map(text);
                let cas = Write::Cas { key: key.clone(), expected, value: value.clone() };
                writes.push((cas, StoreCall::Cas { old, new: new.clone() }));
            }
        }
        for (write, call) in writes {
            let mut codex: Codex = before.iter().map(|value| (name.clone(), value.clone())).collect();
            let applied = codex.apply(&write, &Anchors::default()).is_ok();
            let outcome = applied.then(|| codex.get(&name).map(text));
            assert_eq!(outcome, twins::outcome(before.as_ref().map(text).as_ref(), &call), "{before:?}, {write:?}");
        }
    }
}

//! Classes, merges, views and resolutions as functions of sets.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;

use super::{Strategy, *};
use crate::clocks::{Dot, Dots};
use crate::codex::{Key, Value};
use crate::encoding;
use crate::identity::{Boot, Era, Incarnation, NodeId};
use crate::observation::ChoiceBasis;
use crate::signature::{Registry, Signature};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("a value")
}

fn dot(text: &str) -> Dot {
    text.parse().expect("a dot")
}

/// A sibling that owns its value.
type Owned = (Dot, u64, Value);

/// Versions of these values with stamps from 1.
fn written(values: &[&str]) -> Vec<Owned> {
    (1..).zip(values).map(|(stamp, value)| (dot(&format!("n1.{stamp}")), stamp, json(value))).collect()
}

fn siblings(all: &[Owned]) -> Vec<Sibling<'_>> {
    all.iter().map(|(dot, stamp, value)| Sibling { dot: *dot, stamp: *stamp, value }).collect()
}

fn class(values: &[&str]) -> Class {
    Class::of(&siblings(&written(values)))
}

fn merged(values: &[&str]) -> Value {
    merge(&siblings(&written(values))).expect("there are some")
}

/// Few values, so that many agree.
fn values() -> impl Generator<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        3 => (0..3_i64).prop_map(Value::Integer),
        2 => "[ab]".prop_map(|text| Value::text(&text)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let name = prop_oneof![Just("a"), Just("b"), Just(MEANING)].prop_map(ToOwned::to_owned);
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(|items| Value::List(items.into())),
            3 => prop::collection::btree_map(name, inner, 0..3).prop_map(|fields| Value::Map(fields.into())),
        ]
    })
}

fn dots() -> impl Generator<Value = Dot> {
    (0..2_u32, 1..3_u32, 1..3_u64)
        .prop_map(|(node, boot, number)| Dot::new(Incarnation::new(NodeId::new(node), Boot::new(boot)), Era(0), number))
}

/// A set of siblings; every second one over values of one shape.
fn sets() -> impl Generator<Value = Vec<Owned>> {
    let meaning = || prop_oneof![5 => Just(0), 1 => Just(1)];
    let alike = (0..3_i64, meaning(), meaning())
        .prop_map(|(a, b, own)| json(&format!(r#"{{"a":{a},"b":{{"$meaning":{b}}},"$meaning":{own}}}"#)));
    let set = |value: BoxedStrategy<Value>| prop::collection::btree_map(dots(), (1..4_u64, value), 0..6);
    let set = prop_oneof![set(values().boxed()), set(alike.boxed())];
    set.prop_map(|all| all.into_iter().map(|(dot, (stamp, value))| (dot, stamp, value)).collect())
}

/// A set, and its siblings in another order, some of them twice.
fn disordered() -> impl Generator<Value = (Vec<Owned>, Vec<Owned>)> {
    sets().prop_flat_map(|all| {
        let twice = prop::sample::subsequence(all.clone(), 0..=all.len());
        let other = (Just(all.clone()), twice).prop_map(|(all, twice)| [all, twice].concat()).prop_shuffle();
        (Just(all), other)
    })
}

const STRATEGIES: [Strategy; 5] =
    [Strategy::ByClass, Strategy::LastWriteWins, Strategy::Arbitration, Strategy::Vote, Strategy::Merge];

/// The kinds of all paths, and what the maps at them mean.
type Paths = (BTreeMap<Vec<String>, u8>, BTreeMap<Vec<String>, Option<Value>>);

fn paths(value: &Value, path: &[String], into: &mut Paths) {
    let kind = match value {
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Text(_) => 0,
        Value::List(_) => 1,
        Value::Map(_) => 2,
    };
    into.0.insert(path.to_vec(), kind);
    if let Value::Map(fields) = value {
        into.1.insert(path.to_vec(), fields.get(MEANING).cloned());
        for (name, inner) in fields.iter().filter(|(name, _)| *name != MEANING) {
            paths(inner, &[path, std::slice::from_ref(name)].concat(), into);
        }
    }
}

/// The class by the paths of every pair.
fn class_by_paths(all: &[Owned]) -> Class {
    let paths: Vec<Paths> = all
        .iter()
        .map(|(_, _, value)| {
            let mut found = Paths::default();
            paths(value, &[], &mut found);
            found
        })
        .collect();
    let agree =
        |alike: &dyn Fn(usize, usize) -> bool| (0..all.len()).all(|one| (0..one).all(|other| alike(one, other)));
    match () {
        () if agree(&|one, other| all[one].2 == all[other].2) => Class::None,
        () if !agree(&|one, other| paths[one].0 == paths[other].0) => Class::Structural,
        () if !agree(&|one, other| paths[one].1 == paths[other].1) => Class::Semantic,
        () => Class::Value,
    }
}

#[test]
fn a_class_is_one_of_the_whole_set() {
    assert_eq!(class(&[]), Class::None);
    assert_eq!(class(&["1"]), Class::None);
    assert_eq!(class(&["[1]", "[1]"]), Class::None);
    assert_eq!(class(&["1", r#""text""#, "null"]), Class::Value);
    assert_eq!(class(&["[1]", "[[], {}]"]), Class::Value);
    assert_eq!(class(&["1", "[1]"]), Class::Structural);
    assert_eq!(class(&["1", "1", "2", "{}"]), Class::Structural);
    assert_eq!(class(&[r#"{"a":1}"#, r#"{"b":1}"#]), Class::Structural);
    assert_eq!(class(&[r#"{"a":{"b":1}}"#, r#"{"a":{"b":[]}}"#]), Class::Structural);
    assert_eq!(class(&[r#"{"a":1}"#, r#"{"a":1,"$meaning":"m"}"#]), Class::Semantic);
    assert_eq!(class(&[r#"{"a":{"$meaning":[1]}}"#, r#"{"a":{"$meaning":{}}}"#]), Class::Semantic);
    assert_eq!(class(&[r#"{"a":1,"$meaning":"m"}"#, r#"{"a":2,"$meaning":"m"}"#]), Class::Value);
    assert_eq!(class(&[r#"[{"$meaning":1}]"#, r#"[{"$meaning":2}]"#]), Class::Value);
}

#[test]
fn a_merge_goes_path_by_path() {
    assert_eq!(merge(&[]), None);
    assert_eq!(merged(&["1", "2"]), json("2"));
    assert_eq!(merged(&["[3,1]", "[2,1]"]), json("[1,2,3]"));
    assert_eq!(merged(&[r#"{"a":1,"b":1}"#, r#"{"b":2,"c":2}"#]), json(r#"{"a":1,"b":2,"c":2}"#));
    assert_eq!(merged(&[r#"{"a":{"b":[1]}}"#, r#"{"a":{"b":[2],"c":0}}"#]), json(r#"{"a":{"b":[1,2],"c":0}}"#));
}

#[test]
fn what_is_equal_stays_as_it_is() {
    assert_eq!(merged(&["[2,1,1]"]), json("[2,1,1]"));
    assert_eq!(merged(&["[2,1,1]", "[2,1,1]"]), json("[2,1,1]"));
    assert_eq!(merged(&[r#"{"a":[2,1],"b":1}"#, r#"{"a":[2,1],"b":2}"#]), json(r#"{"a":[2,1],"b":2}"#));
    assert_eq!(merged(&["7", "[2,1]"]), json("[2,1]"), "of the kind of the last there is one only");
}

#[test]
fn the_greatest_rank_fixes_the_kind_at_every_path() {
    assert_eq!(merged(&["[1]", "7", "[2]"]), json("[1,2]"));
    assert_eq!(merged(&["[1]", "[2]", "7"]), json("7"));
    assert_eq!(
        merged(&[r#"{"a":[1],"b":{"x":1}}"#, r#"{"a":7}"#, r#"{"a":[2],"b":{"y":2}}"#, r#"{"b":[3]}"#]),
        json(r#"{"a":[1,2],"b":[3]}"#)
    );
}

#[test]
fn a_map_s_meaning_belongs_to_its_kind() {
    assert_eq!(
        merged(&[r#"{"$meaning":"m","a":1}"#, r#"{"b":2}"#, r#"{"$meaning":"m","c":3}"#]),
        json(r#"{"$meaning":"m","a":1,"c":3}"#)
    );
    assert_eq!(
        merged(&[r#"{"a":{"$meaning":1,"x":1}}"#, r#"{"a":{"$meaning":2,"y":2},"b":0}"#]),
        json(r#"{"a":{"$meaning":2,"y":2},"b":0}"#)
    );
}

/// The first two merge to the number, which was written later than the first list; so the first list is lost before the
/// second comes.
#[test]
fn a_fold_of_pairs_is_another_function() {
    let all = written(&["[1]", "7", "[2]"]);
    let first = merge(&siblings(&all[..2])).expect("there are some");
    let folded = [(all[1].0, all[1].1, first), all[2].clone()];
    assert_eq!(merge(&siblings(&folded)), Some(json("[2]")));
    assert_eq!(merge(&siblings(&all)), Some(json("[1,2]")));
}

#[test]
fn a_merge_that_is_not_allowed_falls_to_the_last_write() {
    let all = written(&["[1]", "[2]"]);
    let of = |allows: fn(&Value) -> bool| view(&siblings(&all), Strategy::Merge, None, allows);
    let merged = View { value: Some(json("[1,2]")), dot: None, open: false, class: Class::Value };
    assert_eq!(of(|_| true), merged);
    assert_eq!(of(|_| false), View { value: Some(json("[2]")), dot: Some(dot("n1.2")), ..merged });
}

#[test]
fn a_polled_conflict_is_open_and_shows_the_local_rule() {
    let all = written(&[r#""word""#, r#""ward""#, r#""sword""#]);
    let of = |strategy, canon| {
        let view = view(&siblings(&all), strategy, canon, |_| true);
        (view.dot.expect("it is a version").number, view.open)
    };
    assert_eq!(of(Strategy::ByClass, None), (3, true));
    assert_eq!(of(Strategy::ByClass, Some("word")), (1, false));
    assert_eq!(of(Strategy::Vote, Some("warden")), (2, true));
    assert_eq!(of(Strategy::LastWriteWins, Some("word")), (3, false));
    let equal = written(&["[2,1]", "[2,1]"]);
    let shown = View { value: Some(json("[2,1]")), dot: Some(dot("n1.2")), open: false, class: Class::None };
    for strategy in STRATEGIES {
        assert_eq!(view(&siblings(&equal), strategy, Some("word"), |_| true), shown);
    }
}

#[test]
fn of_an_immutable_key_the_first_write_is_shown() {
    let mut all = written(&["3", "1", "2"]);
    all[0].1 = 9;
    let first = View { value: Some(json("1")), dot: Some(dot("n1.2")), open: false, class: Class::Value };
    assert_eq!(view_of_immutable(&siblings(&all)), first);
    all[2].1 = 2;
    assert_eq!(view_of_immutable(&siblings(&all)), first, "of equal stamps the least dot");
    assert_eq!(view_of_immutable(&[]), View { value: None, dot: None, open: false, class: Class::None });
}

#[test]
fn equally_near_values_are_ordered_by_rank() {
    let all = written(&[r#""ward""#, r#""wore""#, "7"]);
    assert_eq!(most_accurate(&siblings(&all), "word").map(|sibling| sibling.dot), Some(dot("n1.2")));
    assert_eq!(most_accurate(&siblings(&all), "xyz!").map(|sibling| sibling.dot), Some(dot("n1.3")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn everything_shown_is_a_function_of_the_set((all, other) in disordered(), canon in prop::option::of("[ab]{0,3}")) {
        let (all, other) = (siblings(&all), siblings(&other));
        prop_assert_eq!(Class::of(&all), Class::of(&other));
        prop_assert_eq!(merge(&all), merge(&other));
        prop_assert_eq!(view_of_immutable(&all), view_of_immutable(&other));
        for strategy in STRATEGIES {
            let of = |set: &[Sibling<'_>]| view(set, strategy, canon.as_deref(), |value| value.nesting() < 2);
            prop_assert_eq!(of(&all), of(&other));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_class_is_that_of_the_paths(all in sets()) {
        prop_assert_eq!(Class::of(&siblings(&all)), class_by_paths(&all));
    }

    #[test]
    fn a_view_shows_a_version_or_an_allowed_merge(all in sets(), canon in prop::option::of("[ab]{0,3}"), allowed in any::<bool>()) {
        let all = siblings(&all);
        for strategy in STRATEGIES {
            let shown = view(&all, strategy, canon.as_deref(), |_| allowed);
            let route = strategy.route(Class::of(&all), canon.as_deref());
            prop_assert_eq!(shown.open, route.poll.is_some());
            prop_assert_eq!(shown.value.is_none(), all.is_empty());
            let of_dot = all.iter().find(|sibling| Some(sibling.dot) == shown.dot).map(|sibling| sibling.value.clone());
            let is_merge = route.local == Local::Merge && allowed;
            prop_assert_eq!(shown.value, if is_merge { merge(&all) } else { of_dot });
        }
        let first = view_of_immutable(&all);
        prop_assert!(!first.open);
        prop_assert!(all.iter().all(|sibling| earliest(&all).is_some_and(|first| first.rank() <= sibling.rank())));
        prop_assert_eq!(first.dot, earliest(&all).map(|sibling| sibling.dot));
    }

    #[test]
    fn a_merge_adds_nothing_of_its_own(all in sets(), alone in values()) {
        let held = siblings(&all);
        let of_one = Sibling { dot: dot("n1.1"), stamp: 1, value: &alone };
        prop_assert_eq!(merge(&[of_one]), Some(alone.clone()));
        let Some(merged) = merge(&held) else { return Ok(()) };
        prop_assert!(merged.nesting() <= held.iter().map(|sibling| sibling.value.nesting()).max().unwrap_or(0));
        let mut found = (Paths::default(), Paths::default());
        paths(&merged, &[], &mut found.0);
        held.iter().for_each(|sibling| paths(sibling.value, &[], &mut found.1));
        prop_assert!(found.0.0.keys().all(|path| found.1.0.contains_key(path)));
        // Once merged there is nothing more to join.
        let last = latest(&held).expect("there are some").rank();
        let again = [&held[..], &[Sibling { dot: dot("n9.9"), stamp: last.0 + 1, value: &merged }]].concat();
        prop_assert_eq!(merge(&again).map(sorted), Some(sorted(merged)));
    }
}

/// A value whose lists are sorted sets: a merge leaves the order of a list alone where all agree.
fn sorted(value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Text(_) => value,
        Value::List(items) => {
            let all: std::collections::BTreeSet<Value> = items.iter().cloned().collect();
            Value::List(all.into_iter().collect::<Vec<_>>().into())
        }
        Value::Map(fields) => {
            let inner = |(name, value): (&String, &Value)| {
                let value = if name == MEANING { value.clone() } else { sorted(value.clone()) };
                (name.clone(), value)
            };
            Value::Map(fields.iter().map(inner).collect::<BTreeMap<_, _>>().into())
        }
    }
}

fn resolution(name: Dot, stamp: u64, replaces: Dots) -> Resolution {
    Resolution {
        key: Key::new("k").expect("a key"),
        dot: name,
        stamp,
        chosen: dot("n1.1"),
        basis: ChoiceBasis::Poll,
        settled: [dot("n1.1"), dot("n2.1")].into_iter().collect(),
        replaces,
        signature: Signature::default(),
    }
}

/// Resolutions whose stamps exceed those of what they replace.
fn minted() -> impl Generator<Value = Vec<Resolution>> {
    prop::collection::vec((0..3_u32, 1..6_u64, any::<u8>()), 0..8).prop_map(|all| {
        let name = |place: usize| {
            Dot::new(Incarnation::new(NodeId::new(all[place].0), Boot::new(1)), Era(0), place as u64 + 1)
        };
        let known = |place: usize| -> Dots {
            let (_, stamp, mask) = all[place];
            (0..all.len()).filter(|other| mask >> other & 1 == 1 && all[*other].1 < stamp).map(name).collect()
        };
        (0..all.len()).map(|place| resolution(name(place), all[place].1, known(place))).collect()
    })
}

#[test]
fn a_resolution_that_another_replaces_is_gone() {
    let old = resolution(dot("n1.5"), 7, Dots::new());
    let new = resolution(dot("n2.5"), 8, [old.dot].into_iter().collect());
    let beside = resolution(dot("n3.5"), 7, Dots::new());
    assert_eq!(winner([&old, &new, &beside]), Some(&new));
    assert_eq!(winner([&old, &beside]), Some(&beside));
    assert_eq!(winner([]), None);
}

/// Why a stamp exceeds those of what its resolution replaces: else what stays depends on which two meet first.
#[test]
fn a_stamp_below_that_of_what_it_replaces_would_make_the_grouping_matter() {
    let old = resolution(dot("n1.5"), 9, Dots::new());
    let beside = resolution(dot("n2.5"), 8, Dots::new());
    let wrong = resolution(dot("n3.5"), 7, [old.dot].into_iter().collect());
    assert_eq!(winner([&old, &beside, &wrong]), Some(&beside));
    let first = winner([&old, &beside]).expect("one stays");
    assert_eq!(winner([first, &wrong]), Some(&wrong));
}

#[test]
fn a_resolution_is_void_once_its_choice_was_here_and_is_gone() {
    let of = |names: &[&str]| names.iter().map(|name| dot(name)).collect::<Dots>();
    let one = resolution(dot("n3.5"), 7, Dots::new());
    let held = |name: &'static str| move |held: Dot| held == dot(name);
    assert!(!one.is_void(&of(&[]), held("n2.1")), "its choice is still under way");
    assert!(!one.is_void(&of(&["n1.1", "n2.1"]), held("n1.1")));
    assert!(one.is_void(&of(&["n1.1", "n2.1"]), held("n2.1")));
}

#[test]
fn a_resolution_shows_its_choice_and_what_it_does_not_settle() {
    let one = resolution(dot("n3.5"), 7, Dots::new());
    assert_eq!(["n1.1", "n2.1", "n2.2"].map(|name| one.shows(dot(name))), [true, false, true]);
}

#[test]
fn a_resolution_is_written_down_and_signed_whole() {
    let registry = Registry::new(3);
    let mut one = resolution(dot("n3.5"), 7, Dots::new());
    one.signature = registry.sign(one.arbiter(), &one.signed());
    let mut bytes = Vec::new();
    encoding::write(&one, &mut bytes);
    assert_eq!(encoding::read(&bytes), Ok(one.clone()));
    let text = serde_json::to_string(&one).expect("written");
    assert_eq!(serde_json::from_str::<Resolution>(&text).expect("read"), one);
    let other = Resolution { chosen: dot("n2.1"), ..one.clone() };
    assert_ne!(registry.sign(other.arbiter(), &other.signed()), one.signature);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn the_resolution_that_stays_is_found_in_any_grouping(all in minted(), groups in prop::collection::vec(any::<u8>(), 3)) {
        let stays = winner(&all);
        prop_assert_eq!(stays, all.iter().max_by_key(|one| one.rank()));
        prop_assert_eq!(stays, winner(all.iter().rev()));
        prop_assert_eq!(stays, winner(all.iter().chain(&all)));
        prop_assert_eq!(stays, winner(stays));
        let is_in = |mask: u8, place: usize| mask >> place & 1 == 1;
        let group = |mask: u8| winner(all.iter().enumerate().filter(move |(place, _)| is_in(mask, *place)).map(|(_, one)| one));
        let rest = !groups.iter().fold(0, |all, mask| all | mask);
        let apart = groups.iter().copied().chain([rest]).filter_map(group);
        prop_assert_eq!(stays, winner(apart));
        let folded = groups.iter().copied().chain([rest]).fold(None, |held, mask| winner(held.into_iter().chain(group(mask))));
        prop_assert_eq!(stays, folded);
    }
}

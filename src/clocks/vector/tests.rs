use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::encoding;

/// The deliberately dumb reference: a map, every key of either asked for by name.
type Twin = BTreeMap<Incarnation, u64>;

fn twin(clock: &VectorClock) -> Twin {
    clock.iter().collect()
}

fn compare_twins(left: &Twin, right: &Twin) -> Causality {
    let below = |one: &Twin, other: &Twin| one.iter().all(|(who, count)| *count <= *other.get(who).unwrap_or(&0));
    match (below(left, right), below(right, left)) {
        (true, true) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) => Causality::Concurrent,
    }
}

fn merge_twins(left: &Twin, right: &Twin) -> Twin {
    let mut merged = left.clone();
    for (who, count) in right {
        let own = merged.entry(*who).or_default();
        *own = (*own).max(*count);
    }
    merged
}

/// Reads what `Display` writes.
fn clock(text: &str) -> VectorClock {
    let entry = |entry: &str| {
        let (who, count) = entry.split_once(':').expect("an entry");
        (who.parse().expect("an incarnation"), count.parse().expect("a count"))
    };
    text.split_whitespace().map(entry).collect()
}

fn incarnation() -> impl Strategy<Value = Incarnation> {
    (0..4_u32, 1..3_u32).prop_map(|(node, boot)| Incarnation::new(NodeId::new(node), Boot::new(boot)))
}

/// Few incarnations and low counts, so that clocks are often comparable; up to eight entries, so that some spill.
fn any_clock() -> impl Strategy<Value = VectorClock> {
    vec((incarnation(), 0..3_u64), 0..12).prop_map(VectorClock::from_iter)
}

fn is_valid(clock: &VectorClock) -> bool {
    clock.entries.is_sorted_by(|left, right| left.0 < right.0) && clock.entries.iter().all(|(_, count)| *count > 0)
}

fn merged(left: &VectorClock, right: &VectorClock) -> VectorClock {
    let mut merged = left.clone();
    merged.merge(right);
    merged
}

#[test]
fn disjoint_clocks_are_concurrent_and_equal_ones_equal() {
    assert_eq!(clock("n1:1").compare(&clock("n2:1")), Causality::Concurrent);
    assert_eq!(clock("n1:1").compare(&clock("n1:1")), Causality::Equal);
    assert_eq!(clock("").compare(&clock("")), Causality::Equal);
    assert_eq!(clock("n2:1").compare(&clock("n1:4 n2:1")), Causality::Before);
    assert_eq!(clock("n1:4 n2:1").compare(&clock("n1:4")), Causality::After);
}

#[test]
fn two_boots_of_a_node_count_apart() {
    let mut clock = VectorClock::new();
    let node = NodeId::new(1);
    assert_eq!([1, 1, 2].map(|boot| clock.tick(node, Boot::new(boot))), [1, 2, 1]);
    assert_eq!(clock.to_string(), "n2:2 n2/2:1");
    assert_eq!(clock.get(node, Boot::new(1)), 2);
    assert_eq!(clock.get(node, Boot::new(3)), 0);
}

#[test]
fn the_empty_clock_shows_nothing() {
    assert_eq!(VectorClock::new().to_string(), "");
    assert!(VectorClock::new().is_empty());
}

#[test]
fn changes_leave_out_what_stands_still_and_what_only_the_other_has() {
    let changes = clock("n1:3 n2:7 n3/2:1").changes_since(&clock("n1:2 n2:7 n4:1"));
    assert_eq!(changes, clock("n1:3 n3/2:1"));
}

#[test]
fn json_is_a_map_in_the_order_of_the_nodes() {
    let json = serde_json::to_string(&clock("n10:1 n2/2:5 n2:4 n1:3")).expect("written");
    assert_eq!(json, r#"{"n1":3,"n2":4,"n2/2":5,"n10":1}"#);
}

#[test]
fn json_may_be_sorted_by_another_hand() {
    let read: VectorClock = serde_json::from_str(r#"{"n10": 1, "n2/2": 5, "n2": 4}"#).expect("read");
    assert_eq!(read, clock("n2:4 n2/2:5 n10:1"));
    assert!(is_valid(&read));
}

#[test]
fn json_of_no_clock_is_refused_with_the_reason() {
    for (json, reason) in [
        (r#"{"n1":3,"n2":1,"n1":3}"#, "`n1` stands twice in one vector clock"),
        (r#"{"n1":0}"#, "`n1` has the count 0; leave it out"),
        (r#"{"n1/1":1}"#, "`n1/1` is not of the form"),
        (r#"{"n1":-1}"#, "invalid value: integer `-1`"),
        (r#"{"n1":1.0}"#, "invalid type: floating point"),
        ("[]", "expected a vector clock such as"),
    ] {
        let error = serde_json::from_str::<VectorClock>(json).expect_err(json).to_string();
        assert!(error.contains(reason), "{json}: {error}");
    }
}

/// The encoding of these entries: node, boot, count.
fn binary(entries: &[[u32; 3]]) -> Vec<u8> {
    let packed: Vec<u8> = entries.iter().flatten().map(|number| u8::try_from(*number).expect("small")).collect();
    framed(&packed)
}

/// These bytes as the encoding has them: behind their length.
fn framed(packed: &[u8]) -> Vec<u8> {
    let length = u32::try_from(packed.len()).expect("few").to_le_bytes();
    length.into_iter().chain(packed.iter().copied()).collect()
}

#[test]
fn numbers_take_as_few_bytes_as_they_need_and_no_more_are_read() {
    for (count, packed) in [
        (127, &[0, 1, 0x7f][..]),
        (128, &[0, 1, 0x80, 1]),
        (u64::MAX, &[0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
    ] {
        let clock = VectorClock::from_iter([(Incarnation::new(NodeId::new(0), Boot::new(1)), count)]);
        let mut bytes = Vec::new();
        encoding::write(&clock, &mut bytes);
        assert_eq!(bytes, framed(packed));
        assert_eq!(encoding::read(&bytes), Ok(clock));
    }
    for (packed, reason) in [
        (&[0, 1, 0x80][..], "cut short"),
        (&[0, 1], "cut short"),
        (&[0, 1, 0x80, 0], "longer than it need be"),
        (&[0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], "longer than it need be"),
        (&[0xff, 0xff, 0xff, 0xff, 0x1f, 1, 1], "out of range"),
    ] {
        let error = encoding::read::<VectorClock>(&framed(packed)).expect_err(reason);
        assert!(error.complaint().contains(reason), "{}", error.complaint());
    }
}

#[test]
fn binary_of_no_clock_is_refused_with_the_reason() {
    assert_eq!(encoding::read(&binary(&[[0, 1, 3], [1, 2, 5]])), Ok(clock("n1:3 n2/2:5")));
    for (entries, reason) in [
        (&[[1, 2, 5], [0, 1, 3]][..], "`n1` stands out of order in a vector clock"),
        (&[[0, 1, 3], [0, 1, 3]], "`n1` stands twice in one vector clock"),
        (&[[0, 1, 0]], "`n1` has the count 0; leave it out"),
    ] {
        let error = encoding::read::<VectorClock>(&binary(entries)).expect_err(reason);
        assert_eq!(error.complaint(), reason);
    }
}

#[test]
fn an_answer_is_written_in_lower_case() {
    let answers = [Causality::Before, Causality::After, Causality::Equal, Causality::Concurrent];
    let json = serde_json::to_string(&answers).expect("written");
    assert_eq!(json, r#"["before","after","equal","concurrent"]"#);
    assert_eq!(serde_json::from_str::<[Causality; 4]>(&json).expect("read"), answers);
    assert_eq!(answers.map(|answer| answer.to_string()), ["before", "after", "equal", "concurrent"]);
}

#[test]
#[should_panic(expected = "counts to 64 bits")]
fn a_count_at_its_end_does_not_wrap() {
    let (node, boot) = (NodeId::new(0), Boot::new(1));
    VectorClock::from_iter([(Incarnation::new(node, boot), u64::MAX)]).tick(node, boot);
}

proptest! {
    #[test]
    fn compare_and_merge_equal_their_dumb_twins(a in any_clock(), b in any_clock()) {
        prop_assert_eq!(a.compare(&b), compare_twins(&twin(&a), &twin(&b)));
        prop_assert_eq!(twin(&merged(&a, &b)), merge_twins(&twin(&a), &twin(&b)));
    }

    #[test]
    fn compare_is_a_partial_order(a in any_clock(), b in any_clock(), c in any_clock()) {
        prop_assert_eq!(a.compare(&a.clone()), Causality::Equal);
        prop_assert_eq!(a.compare(&b), b.compare(&a).reversed());
        prop_assert_eq!(a.compare(&b) == Causality::Equal, a == b);
        // Three random clocks are seldom a chain: these are one.
        let (above, top) = (merged(&a, &b), merged(&merged(&a, &b), &c));
        for (a, b, c) in [(&a, &b, &c), (&a, &above, &top)] {
            if b.dominates(a) && c.dominates(b) {
                prop_assert_eq!(a.compare(c), Causality::Before);
            }
            if b.covers(a) && c.covers(b) {
                prop_assert!(c.covers(a));
            }
        }
    }

    #[test]
    fn covering_is_being_after_or_equal(a in any_clock(), b in any_clock()) {
        let answer = a.compare(&b);
        prop_assert_eq!(a.covers(&b), matches!(answer, Causality::After | Causality::Equal));
        prop_assert_eq!(a.dominates(&b), a.covers(&b) && a != b);
    }

    #[test]
    fn a_merge_is_the_least_upper_bound(a in any_clock(), b in any_clock(), c in any_clock()) {
        let join = merged(&a, &b);
        prop_assert!(is_valid(&join));
        prop_assert!(join.covers(&a) && join.covers(&b));
        prop_assert_eq!(c.covers(&join), c.covers(&a) && c.covers(&b));
        let bound = merged(&c, &join);
        prop_assert!(bound.covers(&join), "of the bounds, the join is the least");
        prop_assert_eq!(&join, &merged(&b, &a));
        prop_assert_eq!(bound, merged(&merged(&c, &a), &b));
        prop_assert_eq!(merged(&a, &a), a);
    }

    #[test]
    fn a_tick_raises_one_count_by_one(before in any_clock(), who in incarnation()) {
        let mut after = before.clone();
        let count = after.tick(who.node, who.boot);
        prop_assert!(is_valid(&after));
        prop_assert!(after.dominates(&before));
        prop_assert_eq!(count, before.get(who.node, who.boot) + 1);
        prop_assert_eq!(after.changes_since(&before), VectorClock::from_iter([(who, count)]));
    }

    #[test]
    fn changes_bring_who_knew_the_past_up_to_date(past in any_clock(), news in any_clock()) {
        let now = merged(&past, &news);
        let changes = now.changes_since(&past);
        prop_assert!(is_valid(&changes));
        prop_assert!(changes.iter().all(|(who, count)| past.get(who.node, who.boot) < count));
        prop_assert_eq!(merged(&past, &changes), now);
    }

    #[test]
    fn entries_are_collected_by_the_greater_count(entries in vec((incarnation(), 0..3_u64), 0..12)) {
        let clock = VectorClock::from_iter(entries.clone());
        prop_assert!(is_valid(&clock));
        for (who, _) in &entries {
            let most = entries.iter().filter(|(other, _)| other == who).map(|(_, count)| *count).max();
            prop_assert_eq!(Some(clock.get(who.node, who.boot)), most);
        }
    }

    #[test]
    fn a_clock_survives_json_text_and_binary(a in any_clock()) {
        let json = serde_json::to_string(&a).expect("written");
        prop_assert_eq!(&serde_json::from_str::<VectorClock>(&json).expect("read"), &a);
        prop_assert_eq!(&clock(&a.to_string()), &a);
        let mut binary = Vec::new();
        encoding::write(&a, &mut binary);
        prop_assert_eq!(encoding::read(&binary), Ok(a));
    }

    #[test]
    fn no_bytes_make_an_invalid_clock(entries in vec([0..3_u32, 0..3, 0..3], 0..5)) {
        let bytes = binary(&entries);
        if let Ok(clock) = encoding::read::<VectorClock>(&bytes) {
            prop_assert!(is_valid(&clock));
            let mut again = Vec::new();
            encoding::write(&clock, &mut again);
            prop_assert_eq!(again, bytes, "a clock has one binary form");
        }
    }
}

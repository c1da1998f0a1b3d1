//! The same by trying everything, on small histories.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Serializability;
use super::tests::{begun, decided, installed};
use crate::check::history::History;

/// A transaction: the keys that it reads, with versions, and those that it writes.
#[derive(Clone, Debug)]
struct Small {
    reads: Vec<(usize, u64)>,
    writes: Vec<usize>,
}

const KEYS: usize = 3;

/// What transactions do: each writes the next version of its keys in the order in which they are listed, and reads some version
/// that there is when it commits.
fn smalls() -> impl Strategy<Value = Vec<Small>> {
    let one = (prop::collection::btree_set(0..KEYS, 0..3), prop::collection::vec((0..KEYS, 0..4_u64), 0..3));
    prop::collection::vec(one, 1..6).prop_map(|drawn| {
        let mut last = [0_u64; KEYS];
        let mut small = |(writes, reads): (std::collections::BTreeSet<usize>, Vec<(usize, u64)>)| {
            let reads: BTreeMap<usize, u64> =
                reads.into_iter().map(|(key, back)| (key, last[key].saturating_sub(back))).collect();
            writes.iter().for_each(|key| last[*key] += 1);
            Small { reads: reads.into_iter().collect(), writes: writes.into_iter().collect() }
        };
        drawn.into_iter().map(&mut small).collect()
    })
}

/// The versions that each transaction writes, if they write in the order in which they are listed.
fn versions(all: &[Small]) -> Vec<BTreeMap<usize, u64>> {
    let mut last = [0; KEYS];
    let mut of = |small: &Small| {
        small
            .writes
            .iter()
            .map(|key| {
                last[*key] += 1;
                (*key, last[*key])
            })
            .collect()
    };
    all.iter().map(&mut of).collect()
}

/// Whether some order of all transactions gives the same reads, and the same versions.
fn has_order(all: &[Small], written: &[BTreeMap<usize, u64>], done: &mut Vec<usize>, state: [u64; KEYS]) -> bool {
    if done.len() == all.len() {
        return true;
    }
    (0..all.len()).filter(|next| !done.contains(next)).collect::<Vec<_>>().into_iter().any(|next| {
        let reads = all[next].reads.iter().all(|(key, version)| state[*key] == *version);
        let follows = written[next].iter().all(|(key, version)| state[*key] + 1 == *version);
        if !reads || !follows {
            return false;
        }
        let mut after = state;
        written[next].iter().for_each(|(key, version)| after[*key] = *version);
        done.push(next);
        let found = has_order(all, written, done, after);
        done.pop();
        found
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_graph_without_cycles_is_an_order(all in smalls()) {
        let written = versions(&all);
        let mut history = History::default();
        for (place, small) in all.iter().enumerate() {
            let (name, op) = (format!("n1.t{}", place + 1), format!("c{}#1", place + 1));
            history.on("n1", begun(&name, &op, "n1 w"));
            let reads: Vec<String> = small.reads.iter().map(|(key, version)| format!("k{key} {version}")).collect();
            history.on("n1", decided(&name, true, &reads.join(", ")));
            for (key, version) in &written[place] {
                history.on("n1", installed(&name, &format!("k{key}"), *version, "1"));
            }
        }
        let holds = history.judged_by(Serializability::default()).violation().is_none();
        prop_assert_eq!(holds, has_order(&all, &written, &mut Vec::new(), [0; KEYS]));
    }
}

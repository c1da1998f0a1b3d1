//! Polls: who asks the voters, and what follows from their answers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Poll, Sibling, latest, most_accurate};
use crate::clocks::{Dot, Dots};
use crate::codex::Key;
use crate::encoding;
use crate::identity::NodeId;
use crate::observation::ChoiceBasis;

/// What the answers to a poll come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// No majority of the configured voters has answered: nothing may be resolved yet.
    Short,
    /// Enough have answered, and too few of them agree.
    Split,
    /// Enough have named this dot.
    Named(Dot),
}

/// What an arbiter chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The chosen version.
    pub dot: Dot,
    /// Why it was chosen.
    pub basis: ChoiceBasis,
}

/// What these answers, each a dot that a configured voter named, come to among so many configured voters.
///
/// Two dots never have enough at once: two-thirds of the answers, and a half of the voters with one more, meet in one
/// answer.
#[must_use]
pub fn decide(answers: &BTreeMap<NodeId, Dot>, voters: u32, poll: Poll) -> Tally {
    let (answered, voters) = (answers.len() as u64, u64::from(voters));
    if answered * 2 <= voters {
        return Tally::Short;
    }
    let mut counts: BTreeMap<Dot, u64> = BTreeMap::new();
    answers.values().for_each(|dot| *counts.entry(*dot).or_default() += 1);
    let is_enough = |count: u64| match poll {
        Poll::Arbitration => count * 3 >= answered * 2,
        Poll::Vote => count * 2 > voters,
    };
    let named = counts.into_iter().find(|(_, count)| is_enough(*count));
    named.map_or(Tally::Split, |(dot, _)| Tally::Named(dot))
}

/// What an arbiter chooses of the siblings that it asked about, for a key with this canonical text, if it has one. Nothing
/// without the answers of a majority.
#[must_use]
pub fn choose(tally: Tally, siblings: &[Sibling<'_>], canon: Option<&str>) -> Option<Choice> {
    match (tally, canon) {
        (Tally::Short, _) => None,
        (Tally::Named(dot), _) => Some(Choice { dot, basis: ChoiceBasis::Poll }),
        (Tally::Split, Some(canon)) => {
            most_accurate(siblings, canon).map(|sibling| Choice { dot: sibling.dot, basis: ChoiceBasis::Canon })
        }
        (Tally::Split, None) => latest(siblings).map(|sibling| Choice { dot: sibling.dot, basis: ChoiceBasis::Local }),
    }
}

/// Who polls the voters about these siblings of a key: the voters that are not suspected, in the order of their weight by a
/// hash of key, dots and voter (Thaler and Ravishankar 1998, *rendezvous hashing*). The first of them is the arbiter; one that
/// comes to no end is followed by the next.
///
/// Nodes that suspect different voters may name different arbiters: that costs a second poll, and no more.
#[must_use]
pub fn arbiters(
    key: &Key,
    siblings: &Dots,
    voters: impl IntoIterator<Item = NodeId>,
    is_suspected: impl Fn(NodeId) -> bool,
) -> Vec<NodeId> {
    let mut conflict = Vec::new();
    encoding::write(&(key, siblings), &mut conflict);
    let weight = |voter: &NodeId| Reverse((xxh3_64_with_seed(&conflict, voter.index() as u64), *voter));
    let mut arbiters: Vec<NodeId> = voters.into_iter().filter(|voter| !is_suspected(*voter)).collect();
    arbiters.sort_unstable_by_key(weight);
    arbiters
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::codex::Value;

    fn dot(number: u64) -> Dot {
        format!("n1.{number}").parse().expect("a dot")
    }

    /// Answers of the first voters, each the number of a dot.
    fn answers(named: &[u64]) -> BTreeMap<NodeId, Dot> {
        (0..).map(NodeId::new).zip(named.iter().copied().map(dot)).collect()
    }

    #[test]
    fn nothing_follows_without_a_majority_of_the_configured_voters() {
        for poll in [Poll::Arbitration, Poll::Vote] {
            assert_eq!(decide(&answers(&[]), 0, poll), Tally::Short);
            assert_eq!(decide(&answers(&[1, 1]), 4, poll), Tally::Short);
            assert_eq!(decide(&answers(&[1, 1]), 5, poll), Tally::Short);
            assert_eq!(decide(&answers(&[1]), 1, poll), Tally::Named(dot(1)));
            assert_eq!(decide(&answers(&[1, 1, 1]), 5, poll), Tally::Named(dot(1)));
        }
    }

    #[test]
    fn arbitration_needs_two_thirds_of_the_answers() {
        let of = |named: &[u64]| decide(&answers(named), 5, Poll::Arbitration);
        assert_eq!(of(&[1, 2, 1]), Tally::Named(dot(1)));
        assert_eq!(of(&[1, 2, 1, 2]), Tally::Split);
        assert_eq!(of(&[1, 1, 1, 2]), Tally::Named(dot(1)));
        assert_eq!(of(&[1, 1, 1, 2, 2]), Tally::Split);
        assert_eq!(of(&[2, 2, 1, 2, 2]), Tally::Named(dot(2)));
    }

    #[test]
    fn a_vote_needs_more_than_half_of_the_voters() {
        let of = |named: &[u64], voters| decide(&answers(named), voters, Poll::Vote);
        assert_eq!(of(&[1, 1, 2], 5), Tally::Split);
        assert_eq!(of(&[1, 1, 2, 1], 5), Tally::Named(dot(1)));
        assert_eq!(of(&[1, 1, 1, 2, 2], 5), Tally::Named(dot(1)));
        assert_eq!(of(&[1, 1, 2, 2], 4), Tally::Split);
        assert_eq!(of(&[1, 1, 2], 4), Tally::Split);
    }

    #[test]
    fn a_split_poll_falls_to_the_canon_and_without_one_to_the_last_write() {
        let (near, far) = (Value::text("word"), Value::text("sword"));
        let siblings =
            [Sibling { dot: dot(1), stamp: 1, value: &near }, Sibling { dot: dot(2), stamp: 2, value: &far }];
        let of = |tally, canon| choose(tally, &siblings, canon).map(|choice| (choice.dot, choice.basis));
        assert_eq!(of(Tally::Short, Some("word")), None);
        assert_eq!(of(Tally::Split, Some("word")), Some((dot(1), ChoiceBasis::Canon)));
        assert_eq!(of(Tally::Split, None), Some((dot(2), ChoiceBasis::Local)));
        assert_eq!(of(Tally::Named(dot(1)), None), Some((dot(1), ChoiceBasis::Poll)));
    }

    #[test]
    fn arbiters_are_spread_over_the_voters() {
        let mut polls = [0; 5];
        for number in 1..=1_000 {
            let key = Key::new(&format!("k{number}")).expect("a key");
            let arbiters = arbiters(&key, &[dot(1), dot(2)].into_iter().collect(), NodeId::all(5), |_| false);
            polls[arbiters[0].index()] += 1;
        }
        assert!(polls.iter().all(|count| (150..250).contains(count)), "{polls:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_tally_names_a_dot_with_enough_answers(named in prop::collection::vec(1..4_u64, 0..8), more in 0..8_u32) {
            let (answers, voters) = (answers(&named), named.len() as u32 + more);
            let count = |dot: Dot| answers.values().filter(|named| **named == dot).count() as u32;
            for poll in [Poll::Arbitration, Poll::Vote] {
                let enough = |dot: &Dot| match poll {
                    Poll::Arbitration => count(*dot) * 3 >= named.len() as u32 * 2,
                    Poll::Vote => count(*dot) > voters / 2,
                };
                let named: BTreeSet<Dot> = answers.values().copied().filter(enough).collect();
                let is_majority = answers.len() as u32 > voters / 2;
                match decide(&answers, voters, poll) {
                    Tally::Short => prop_assert!(!is_majority),
                    Tally::Split => prop_assert!(is_majority && named.is_empty()),
                    Tally::Named(dot) => prop_assert!(is_majority && named == BTreeSet::from([dot])),
                }
            }
        }

        #[test]
        fn suspicion_moves_only_the_conflicts_of_the_suspected(name in "[a-z]{1,9}", suspected in prop::collection::btree_set(0..5_u32, 0..6)) {
            let key = Key::new(&name).expect("a key");
            let dots: Dots = [dot(1), dot(3)].into_iter().collect();
            let suspects = |node: NodeId| suspected.contains(&(node.index() as u32));
            let all = arbiters(&key, &dots, NodeId::all(5), |_| false);
            let heirs = arbiters(&key, &dots, NodeId::all(5), suspects);
            prop_assert_eq!(&heirs, &arbiters(&key, &dots, NodeId::all(5).rev(), suspects));
            let trusted: Vec<NodeId> = all.into_iter().filter(|voter| !suspects(*voter)).collect();
            prop_assert_eq!(heirs, trusted);
        }
    }
}

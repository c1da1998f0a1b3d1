//! The ways in which a network falls apart: who reaches whom.

use std::collections::BTreeSet;

use stemmata::fault::{Fault, Partition, Shape};

use super::player::Act::{Send, Set};
use super::player::Cue::{Start, Timer};
use super::stage::{Stage, nodes};

/// Whom each node reaches, itself included, in a cluster of `count` that is cut.
fn reached(count: u32, shape: Option<Shape>, groups: &[&[u32]]) -> Vec<Vec<u32>> {
    let to_all: Vec<_> = (1..=count).map(|to| Send(to, 1)).collect();
    let groups = groups.iter().map(|group| nodes(group)).collect();
    let cut = Fault::Partition(Partition { groups, shape, ..Partition::default() });
    let seen = Stage::new(count).all_on(Start(1), &[Set(1, 5)]).all_on(Timer(1), &to_all).at(1, cut).run();
    (1..=count).map(|from| seen.heard(from)).collect()
}

#[test]
fn halves_a_lone_node_a_minority_and_groups_reach_their_own() {
    assert_eq!(reached(3, Some(Shape::Halves), &[&[1, 3]]), [vec![1, 3], vec![2], vec![1, 3]]);
    assert_eq!(reached(3, Some(Shape::IsolateOne), &[&[2]]), [vec![1, 3], vec![2], vec![1, 3]]);
    let split = [vec![1, 2], vec![1, 2], vec![3, 4, 5], vec![3, 4, 5], vec![3, 4, 5]];
    assert_eq!(reached(5, Some(Shape::Minority), &[&[1, 2]]), split);
    let thirds = [vec![1], vec![2, 3], vec![2, 3], vec![4, 5], vec![4, 5]];
    assert_eq!(reached(5, None, &[&[1], &[2, 3]]), thirds, "who is in no group is in one more");
}

#[test]
fn a_bridge_reaches_both_sides() {
    let all = vec![1, 2, 3, 4, 5];
    let sides = [vec![1, 2, 3], vec![1, 2, 3], all, vec![3, 4, 5], vec![3, 4, 5]];
    assert_eq!(reached(5, Some(Shape::Bridge), &[&[1, 2], &[4, 5]]), sides);
}

#[test]
fn on_a_ring_of_majorities_each_reaches_a_majority_and_no_two_the_same() {
    for count in 4..=12 {
        let order: Vec<_> = (1..=count).map(|n| n * 7 % (count + 1)).collect();
        let order = if order.iter().collect::<BTreeSet<_>>().len() < count as usize || order.contains(&0) {
            (1..=count).rev().collect()
        } else {
            order
        };
        let reached = reached(count, Some(Shape::MajoritiesRing), &[&order]);
        let different: BTreeSet<_> = reached.iter().collect();
        assert_eq!(different.len(), count as usize, "{count}: {reached:?}");
        for (node, others) in (1..).zip(&reached) {
            assert!(others.contains(&node) && others.len() > count as usize / 2, "{count}: {reached:?}");
            assert!(others.len() < count as usize, "{count}: something is cut");
            assert!(others.iter().all(|other| reached[*other as usize - 1].contains(&node)), "both ways");
        }
    }
}

#[test]
fn neighbours_on_the_ring_reach_each_other() {
    let five = [vec![1, 2, 4], vec![1, 2, 5], vec![3, 4, 5], vec![1, 3, 4], vec![2, 3, 5]];
    assert_eq!(reached(5, Some(Shape::MajoritiesRing), &[&[3, 4, 1, 2, 5]]), five);
}

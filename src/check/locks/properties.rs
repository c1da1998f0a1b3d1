//! The checkers of locks compared with twins that look at every pair of events: on random histories, which no lock
//! manager would produce, both find the first violation in the same record, or none.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::{DeadlockFreedom, FairOrder, LockExclusion, NoStarvation, gray};
use crate::check::history::*;
use crate::check::{Checker, Common, Shown};
use crate::clocks::LamportClock;
use crate::identity::{ClientId, NodeId, OpId};
use crate::observation::{Claims, LockSeen, LockStamp};

const NODES: u32 = 3;
const CLIENTS: u32 = 4;
const CLAIMS: [&str; 10] = ["a x", "a s", "a ix", "a six", "a/b x", "a/b s", "b x", "b s", "a/b x, b s", "a/b s, b x"];

/// The number of acts of a short history, and of one in which a request may wait for long.
const SHORT: usize = 50;
const LONG: usize = 250;

/// The next fact; requests are picked among those for which it is possible.
#[derive(Clone, Debug)]
enum Act {
    Ask {
        node: u32,
        client: u32,
        claims: usize,
    },
    Request {
        which: usize,
        time: u64,
    },
    Grant(usize),
    /// The node, then how: released, withdrawn or refused.
    End(usize, u8),
    Kill(u32),
}

/// A line of the history, as the twins read it.
#[derive(Clone, Debug)]
struct Line {
    node: NodeId,
    /// `None` if the node crashed.
    seen: Option<LockSeen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestState {
    Asked,
    Open(LockStamp),
    Granted,
}

fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let ask = (0..NODES, 0..CLIENTS, 0..CLAIMS.len());
    let act = prop_oneof![
        8 => ask.prop_map(|(node, client, claims)| Act::Ask { node, client, claims }),
        8 => (0..100_usize, 0..60_u64).prop_map(|(which, time)| Act::Request { which, time }),
        6 => (0..100_usize).prop_map(Act::Grant),
        5 => (0..100_usize, 0..12_u8).prop_map(|(which, how)| Act::End(which, how)),
        1 => (0..NODES).prop_map(Act::Kill),
    ];
    vec(act, 0..most)
}

/// The history of these acts. Each request is asked, sent, granted and ended in this order; the times, and the other
/// events in between, are random.
fn lines(acts: &[Act]) -> Vec<Line> {
    let mut live: Vec<(NodeId, OpId, Claims, RequestState)> = Vec::new();
    let (mut lines, mut asked) = (Vec::new(), 0);
    for act in acts {
        let pick = |which: usize, fits: &dyn Fn(RequestState) -> bool| {
            let fitting: Vec<usize> = (0..live.len()).filter(|place| fits(live[*place].3)).collect();
            (!fitting.is_empty()).then(|| fitting[which % fitting.len()])
        };
        let mut note = |node, seen| lines.push(Line { node, seen: Some(seen) });
        match *act {
            Act::Ask { node, client, claims } => {
                asked += 1;
                let (node, claims) = (NodeId::new(node), claims_of(CLAIMS[claims]));
                let op = OpId { client: ClientId::new(client), number: asked };
                note(node, LockSeen::Asked { op, claims: claims.clone(), turn: None });
                live.push((node, op, claims, RequestState::Asked));
            }
            Act::Request { which, time } => {
                // An open request may be sent again.
                let Some(place) = pick(which, &|state| state != RequestState::Granted) else { continue };
                let (node, op, claims, state) = &mut live[place];
                let stamp = LockStamp { time: LamportClock::new(time), node: *node, op: *op };
                *state = RequestState::Open(stamp);
                note(*node, LockSeen::Requested { stamp, claims: claims.clone() });
            }
            Act::Grant(which) => {
                let Some(place) = pick(which, &|state| matches!(state, RequestState::Open(_))) else { continue };
                let (node, _, claims, state) = &mut live[place];
                let RequestState::Open(stamp) = *state else { continue };
                *state = RequestState::Granted;
                note(*node, LockSeen::Granted { stamp, claims: claims.clone() });
            }
            Act::End(which, how) => {
                let Some(place) = pick(which, &|state| how < 2 || state == RequestState::Granted) else { continue };
                let (node, op, _, state) = live.remove(place);
                let end = match (state, how) {
                    (RequestState::Granted, _) => LockSeen::Released { op },
                    (_, 0) => LockSeen::Withdrawn { op },
                    (_, _) => LockSeen::Refused { op, reason: None },
                };
                note(node, end);
            }
            Act::Kill(node) => {
                let node = NodeId::new(node);
                live.retain(|(at, ..)| *at != node);
                lines.push(Line { node, seen: None });
            }
        }
    }
    lines
}

/// The line at which the checker finds a violation.
fn found(lines: &[Line], mut checker: impl Checker<()>) -> Option<usize> {
    let mut history = History::default();
    for Line { node, seen } in lines {
        history.on(&node.to_string(), seen.clone().map_or_else(killed, lock));
    }
    history.records.iter().position(|record| checker.see(&Shown::new(record, None, &Common::default())).is_err())
}

/// A grant: its line, its node, its stamp and its claims.
type Grant<'l> = (usize, NodeId, LockStamp, &'l Claims);

fn grants(lines: &[Line]) -> impl Iterator<Item = Grant<'_>> + Clone {
    lines.iter().enumerate().filter_map(|(place, line)| {
        let Some(LockSeen::Granted { stamp, claims }) = &line.seen else { return None };
        Some((place, line.node, *stamp, claims))
    })
}

/// All pairs of incompatible grants, in the order of the lines.
fn conflicting(lines: &[Line]) -> impl Iterator<Item = (Grant<'_>, Grant<'_>)> {
    let pairs = grants(lines).flat_map(|one| grants(lines).map(move |other| (one, other)));
    pairs.filter(|((first, .., mine), (second, .., theirs))| first < second && gray::conflict(mine, theirs))
}

/// The line after `from` at which an operation of a node ends: by a crash, by its client or its node, or, if `granted`
/// is true, by its grant.
fn end(lines: &[Line], from: usize, node: NodeId, op: OpId, granted: bool) -> usize {
    let ends = |line: &Line| match &line.seen {
        None => true,
        Some(
            LockSeen::Released { op: ended } | LockSeen::Withdrawn { op: ended } | LockSeen::Refused { op: ended, .. },
        ) => *ended == op,
        Some(LockSeen::Granted { stamp, .. }) => granted && stamp.op == op,
        Some(LockSeen::Asked { .. } | LockSeen::Requested { .. } | LockSeen::Deferred { .. }) => false,
        Some(LockSeen::Called { .. }) => false,
    };
    let after = (from + 1..lines.len()).find(|place| lines[*place].node == node && ends(&lines[*place]));
    after.unwrap_or(lines.len())
}

fn first_overlap(lines: &[Line]) -> Option<usize> {
    let overlaps = |((first, node, stamp, _), (second, ..)): &(Grant<'_>, Grant<'_>)| {
        end(lines, *first, *node, stamp.op, false) > *second
    };
    conflicting(lines).filter(overlaps).map(|(_, (second, ..))| second).min()
}

fn first_out_of_order(lines: &[Line]) -> Option<usize> {
    let out_of_order = |((_, _, mine, _), (_, _, theirs, _)): &(Grant<'_>, Grant<'_>)| mine > theirs;
    conflicting(lines).filter(out_of_order).map(|(_, (second, ..))| second).min()
}

fn first_third_passage(lines: &[Line]) -> Option<usize> {
    let mut thirds = Vec::new();
    for (sent, line) in lines.iter().enumerate() {
        let Some(LockSeen::Requested { stamp, claims }) = &line.seen else { continue };
        let end = end(lines, sent, line.node, stamp.op, true);
        for (resource, mode) in claims.iter() {
            for passing in NodeId::all(NODES).filter(|node| *node != line.node) {
                let clashes = |held: &Claims| held.mode(resource).is_some_and(|held| !gray::is_compatible(held, mode));
                let passes = |(place, node, _, held): &Grant<'_>| {
                    *node == passing && *place > sent && *place < end && clashes(held)
                };
                let passed: Vec<usize> = grants(lines).filter(passes).map(|(place, ..)| place).collect();
                let dies = |line: &Line| line.node == passing && line.seen.is_none();
                let in_one_life = |three: &&[usize]| !lines[three[0]..three[2]].iter().any(dies);
                thirds.extend(passed.windows(3).find(in_one_life).map(|three| three[2]));
            }
        }
    }
    thirds.into_iter().min()
}

/// The requests that are live after these lines.
fn live(lines: &[Line]) -> Vec<(OpId, &Claims, RequestState)> {
    let mut live: Vec<(NodeId, OpId, &Claims, RequestState)> = Vec::new();
    for (place, Line { node, seen }) in lines.iter().enumerate() {
        let (op, claims, state) = match seen {
            Some(LockSeen::Asked { op, claims, .. }) => (*op, claims, RequestState::Asked),
            Some(LockSeen::Requested { stamp, claims }) => (stamp.op, claims, RequestState::Open(*stamp)),
            Some(LockSeen::Granted { stamp, claims }) => (stamp.op, claims, RequestState::Granted),
            Some(LockSeen::Released { .. } | LockSeen::Withdrawn { .. } | LockSeen::Refused { .. }) | None => continue,
            Some(LockSeen::Deferred { .. } | LockSeen::Called { .. }) => continue,
        };
        live.retain(|(_, known, ..)| *known != op);
        if end(lines, place, *node, op, false) == lines.len() {
            live.push((*node, op, claims, state));
        }
    }
    live.into_iter().map(|(_, op, claims, state)| (op, claims, state)).collect()
}

fn has_circle(lines: &[Line]) -> bool {
    let live = live(lines);
    let waits = |(mine, claims, state): &(OpId, &Claims, RequestState),
                 (other, held, others): &(OpId, &Claims, RequestState)| match (state, others) {
        (RequestState::Asked | RequestState::Open(_), RequestState::Granted) => gray::conflict(claims, held),
        (RequestState::Open(stamp), RequestState::Open(earlier)) => earlier < stamp && gray::conflict(claims, held),
        (RequestState::Granted, RequestState::Asked | RequestState::Open(_)) => {
            mine.client == other.client && mine.number < other.number
        }
        (RequestState::Asked, RequestState::Asked | RequestState::Open(_))
        | (RequestState::Open(_), RequestState::Asked) => false,
        (RequestState::Granted, RequestState::Granted) => false,
    };
    let mut reaches: Vec<Vec<bool>> =
        live.iter().map(|one| live.iter().map(|other| waits(one, other)).collect()).collect();
    for via in 0..live.len() {
        for from in 0..live.len() {
            for to in 0..live.len() {
                reaches[from][to] |= reaches[from][via] && reaches[via][to];
            }
        }
    }
    (0..live.len()).any(|one| reaches[one][one])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_overlap_is_found_where_it_begins(acts in acts(SHORT)) {
        let lines = lines(&acts);
        prop_assert_eq!(found(&lines, LockExclusion::default()), first_overlap(&lines));
    }

    #[test]
    fn a_grant_out_of_order_is_found(acts in acts(SHORT)) {
        let lines = lines(&acts);
        prop_assert_eq!(found(&lines, FairOrder::default()), first_out_of_order(&lines));
    }

    #[test]
    fn the_third_passage_is_found(acts in acts(LONG)) {
        let lines = lines(&acts);
        prop_assert_eq!(found(&lines, NoStarvation::default()), first_third_passage(&lines));
    }

    #[test]
    fn a_circle_is_found_where_it_closes(acts in acts(SHORT)) {
        let lines = lines(&acts);
        let closes = (0..lines.len()).find(|place| has_circle(&lines[..=*place]));
        prop_assert_eq!(found(&lines, DeadlockFreedom::default()), closes);
    }
}

/// How many of 400 random histories have a violation.
fn broken_of(most: usize, first: impl Fn(&[Line]) -> Option<usize>) -> usize {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut history = || lines(&acts(most).new_tree(&mut runner).expect("a history").current());
    (0..400).filter(|_| first(&history()).is_some()).count()
}

#[test]
fn random_histories_break_each_invariant_and_keep_it() {
    let circle = |lines: &[Line]| (0..lines.len()).find(|place| has_circle(&lines[..=*place]));
    let broken = [
        broken_of(SHORT, first_overlap),
        broken_of(SHORT, first_out_of_order),
        broken_of(LONG, first_third_passage),
        broken_of(SHORT, circle),
    ];
    assert!(broken.iter().all(|count| (40..360).contains(count)), "{broken:?}");
}

//! Tests: random histories of replicas, judged by the checkers and by brute force.

use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::collection::vec;
use proptest::prelude::*;

use super::brute_force::{self, Records};
use super::stories::*;
use super::{CausalPrecedence, NoLostUpdate, NoRegression, NoResurrection, ResolutionUniqueness};
use crate::check::history::*;
use crate::check::{Checker, Common, End, Parts, Shown};
use crate::clocks::Dot;
use crate::identity::{Boot, Era, Incarnation, LaneId, NodeId};
use crate::observation::{Basis, Observation, ReplicaSeen, ValueId};
use crate::time::Time;
use crate::trace::{Event, Kinds, Verdict};

/// What happens next, by four numbers.
type Dice = (u8, u8, u8, u8);

const KEYS: [&str; 2] = ["j", "k"];

/// Three replicas that write, settle, accept, drop, crash and lose their disks, mostly as they should.
#[derive(Default)]
struct Cluster {
    history: History,
    boots: [u32; 3],
    counts: [u64; 3],
    /// By node: the writes whose facts wait for the disk.
    waiting: [Vec<Event<'static>>; 3],
}

impl Cluster {
    fn new() -> Self {
        let mut cluster = Self::default();
        (0..3).for_each(|node| cluster.start(node, 0, 0));
        cluster
    }

    fn records(&self) -> Records<'_> {
        &self.history.records
    }

    fn on(&mut self, node: usize, event: Event<'static>) {
        self.history.on(&format!("n{}", node + 1), event);
    }

    fn state(&self, node: usize) -> brute_force::State {
        brute_force::state(self.records(), NodeId::new(node as u32))
    }

    /// The node starts, and tells truly what it holds, but for `forgotten` versions.
    fn start(&mut self, node: usize, intact: u32, forgotten: u64) {
        self.boots[node] += 1;
        self.counts[node] = 0;
        self.waiting[node].clear();
        self.on(node, start_from(self.boots[node], intact, 0));
        let state = self.state(node);
        let (vector, held) = (state.covered.iter().copied().collect(), state.held.len() as u64);
        self.on(node, fact_of(ReplicaSeen::Started { vector, held: held.saturating_sub(forgotten), lost: false }));
    }

    fn durable(&self, node: usize) -> u32 {
        brute_force::durable(self.records(), NodeId::new(node as u32)) as u32
    }

    /// The node's next dot.
    fn mint(&mut self, node: usize) -> Dot {
        self.counts[node] += 1;
        let incarnation = Incarnation::new(NodeId::new(node as u32), Boot::new(self.boots[node]));
        Dot::new(incarnation, Era(0), self.counts[node])
    }

    fn write(&mut self, node: usize, key: &'static str, (kind, pick): (u8, u8)) {
        let dot = self.mint(node);
        let known = self.known(key);
        let read = known.iter().enumerate().filter(|(place, _)| pick >> (place % 6) & 1 == 1).map(|(_, dot)| *dot);
        let (basis, read): (Basis, Vec<Dot>) = match pick >> 6 {
            0 => (Basis::Nothing, Vec::new()),
            1 => (Basis::Read(read.clone().collect()), read.collect()),
            _ => (Basis::Held, self.state(node).of_key(key)),
        };
        let mut context: Vec<Dot> = read.clone();
        read.iter().for_each(|dot| context.extend(brute_force::context(self.records(), *dot)));
        if pick.is_multiple_of(5) {
            context.truncate(1);
        } else if pick.is_multiple_of(11) {
            context.extend(known);
        }
        let (key, value) = (key.into(), (kind > 0).then_some(ValueId(7)));
        let context = context.into_iter().collect();
        self.append(node, ReplicaSeen::WroteVersion { key, dot, stamp: 0, context, value });
        let (op, key) = (format!("c1#{}", self.history.records.len()), self.history_key(dot));
        self.waiting[node].push(written(&op, &key, &dot.to_string(), basis, value.map(|value| value.0)));
        if !pick.is_multiple_of(3) {
            self.sync(node);
        }
    }

    /// The node settles a key: it chooses any of its versions, and replaces what it holds, or any that were settled.
    fn settle(&mut self, node: usize, key: &'static str, pick: u8) {
        let state = self.state(node);
        let from = if pick.is_multiple_of(8) { self.known(key) } else { state.of_key(key) };
        let Some(chosen) = Self::pick(&from, pick / 8) else { return };
        let held = state.choices.get(key).map(|((_, dot), _)| *dot);
        let older: Vec<Dot> = if pick.is_multiple_of(3) { self.settled(key) } else { held.into_iter().collect() };
        let (name, stamp) = (self.mint(node).to_string(), u64::from(pick % 5));
        let older: Vec<String> = older.iter().filter(|_| !pick.is_multiple_of(7)).map(ToString::to_string).collect();
        self.on(node, resolved(key, &name, stamp, &chosen.to_string(), &older.join(" ")));
        self.waiting[node].push(settled_by(key, &name, stamp, &chosen.to_string()));
        if !pick.is_multiple_of(4) {
            self.sync(node);
        }
    }

    fn history_key(&self, name: Dot) -> String {
        let Some((_, ReplicaSeen::WroteVersion { key, .. })) = brute_force::wrote(self.records(), name) else {
            unreachable!("it was written");
        };
        key.to_string()
    }

    fn append(&mut self, node: usize, seen: ReplicaSeen) {
        self.on(node, Event::Append { entry: said(vec![Observation::Replica(seen)]) });
    }

    fn sync(&mut self, node: usize) {
        self.sync_while(node, |_| {});
    }

    /// The disk syncs what was written before something else happens.
    fn sync_while(&mut self, node: usize, happens: impl FnOnce(&mut Self)) {
        self.on(node, Event::Sync);
        let sync = self.history.records.last().expect("the sync").id.number;
        happens(self);
        self.on(node, Event::Synced { sync });
        std::mem::take(&mut self.waiting[node]).into_iter().for_each(|fact| self.on(node, fact));
    }

    /// The versions of a key that were acknowledged.
    fn known(&self, at: &str) -> Vec<Dot> {
        let seen = self.records().iter().flat_map(brute_force::seen_in).filter_map(|seen| {
            let ReplicaSeen::Written { dot, key, .. } = seen else { return None };
            (**key == *at).then_some(*dot)
        });
        seen.collect()
    }

    /// The durable resolutions of a key.
    fn settled(&self, at: &str) -> Vec<Dot> {
        let seen = self.records().iter().flat_map(brute_force::seen_in).filter_map(|seen| {
            let ReplicaSeen::Settled { dot, key, .. } = seen else { return None };
            (**key == *at).then_some(*dot)
        });
        seen.collect()
    }

    fn deliver(&mut self, node: usize, name: Dot, again: bool) {
        if again || !self.state(node).covered.contains(&name) {
            let (_, seen) = brute_force::wrote(self.records(), name).expect("it was written");
            self.append(node, seen.clone());
        }
    }

    fn pick(dots: &[Dot], pick: u8) -> Option<Dot> {
        dots.get(usize::from(pick).checked_rem(dots.len())?).copied()
    }

    fn step(&mut self, (kind, node, key, pick): Dice) {
        let (node, key) = (usize::from(node % 3), KEYS[usize::from(key % 2)]);
        match kind % 26 {
            kind @ 0..20 => self.step_of_versions(kind, node, key, pick),
            20..=22 => self.settle(node, key, pick),
            23 | 24 => {
                if let Some(dot) = Self::pick(&self.settled(key), pick / 8) {
                    self.deliver(node, dot, pick.is_multiple_of(8));
                }
            }
            _ => match pick % 8 {
                0 => self.on(node, opened(key, "")),
                1 => self.on(node, ruled(key, "", None)),
                2 => (0..3).for_each(|node| self.on(node, ruled(key, "", Some("n1.1")))),
                _ => self.on(node, closed(key)),
            },
        }
    }

    fn step_of_versions(&mut self, kind: u8, node: usize, key: &'static str, pick: u8) {
        let (known, held) = (self.known(key), self.state(node).of_key(key));
        match kind {
            kind @ 0..=4 => self.write(node, key, (kind, pick)),
            5..=10 => {
                if let Some(dot) = Self::pick(&known, pick / 8) {
                    self.deliver(node, dot, pick.is_multiple_of(8));
                }
            }
            kind @ 11..=12 => {
                let choice = self.state(node).choices.get(key).map(|((_, dot), _)| *dot);
                let from = if pick.is_multiple_of(8) { known } else { held.into_iter().chain(choice).collect() };
                if let Some(dot) = Self::pick(&from, pick / 8) {
                    self.drop(node, key, dot, (pick % 16 == 15).then_some(kind == 12));
                }
            }
            13 => {
                let vector = known.into_iter().enumerate().filter(|(place, _)| pick >> (place % 8) & 1 == 1);
                let vector = vector.map(|(_, dot)| dot).collect();
                self.append(node, ReplicaSeen::WroteJoined { vector });
            }
            14 => self.sync(node),
            15 => self.sync_while(node, |cluster| {
                if let Some(dot) = Self::pick(&known, pick) {
                    cluster.deliver(node, dot, false);
                }
            }),
            16 | 17 => {
                self.on(node, killed());
                let intact = if pick.is_multiple_of(4) { 0 } else { self.durable(node) };
                self.start(node, intact, u64::from(pick % 16 == 1));
            }
            18 => self.lose(node, !pick.is_multiple_of(8)),
            _ => {
                let dots = if pick.is_multiple_of(8) { known } else { held };
                let names: Vec<String> = dots.iter().map(ToString::to_string).collect();
                let choice = self.state(node).choices.get(key).map(|((_, dot), _)| format!("={dot}"));
                let choice = choice.filter(|_| !pick.is_multiple_of(16)).unwrap_or_default();
                self.on(node, shown(key, &(names.join(" ") + &choice)));
            }
        }
    }

    /// The node collects tombstones, and drops puts; or the other way round.
    fn drop(&mut self, node: usize, key: &str, dot: Dot, collects: Option<bool>) {
        let is_tombstone = self.state(node).held.get(&dot).is_some_and(|(_, is_tombstone)| *is_tombstone);
        let (key, dots) = (key.into(), vec![dot]);
        let collected = collects.unwrap_or(is_tombstone);
        let dropped =
            if collected { ReplicaSeen::WroteCollected { key, dots } } else { ReplicaSeen::WroteDropped { key, dots } };
        self.append(node, dropped);
    }

    /// The node restarts with nothing; if it can, because its disk is damaged.
    fn lose(&mut self, node: usize, damages: bool) {
        self.on(node, killed());
        let durable = self.durable(node);
        let damaged = u32::from(damages && durable > 0);
        if damaged > 0 {
            self.on(node, Event::Damaged { file: LaneId::new(0), entry: 1 });
        }
        self.boots[node] += 1;
        self.counts[node] = 0;
        self.waiting[node].clear();
        self.on(node, start_from(self.boots[node], durable - damaged, damaged));
        self.on(node, began_lost());
    }

    /// Every replica accepts what it lacks.
    fn spread(&mut self) {
        (0..3).for_each(|node| self.sync(node));
        for (node, key) in (0..3).flat_map(|node| KEYS.map(|key| (node, key))) {
            self.known(key).into_iter().for_each(|dot| self.deliver(node, dot, false));
            self.settled(key).into_iter().for_each(|dot| self.deliver(node, dot, false));
            self.on(node, closed(key));
        }
    }
}

fn story(dice: &[Dice], spreads: bool) -> History {
    let mut cluster = Cluster::new();
    dice.iter().for_each(|dice| cluster.step(*dice));
    if spreads {
        cluster.spread();
    }
    cluster.history
}

/// The place of the record at which the checker finds a violation; and whether it finds one at the end.
fn fast<C: Checker<()> + Default>(history: &History) -> (Option<usize>, bool) {
    let (mut checker, mut common) = (C::default(), Common::of(C::READS));
    for (place, record) in history.records.iter().enumerate() {
        let kinds = Kinds::of(&record.event);
        common.see(record, kinds);
        if C::WANTS.meets(kinds) && checker.see(&Shown::new(record, None, &common)).is_err() {
            return (Some(place), true);
        }
    }
    let end = End { time: Time::ZERO, common: &common };
    (None, matches!(checker.conclude(&end), Verdict::Violated(_)))
}

/// The hash of the common state after two writes, with this many events before each, and one more version or not.
fn memory(events: usize, more: bool) -> u64 {
    let mut history = replicas(&["n1", "n2"]);
    (0..events).for_each(|_| _ = history.on("n1", timer()).on("n2", timer()));
    history.on("n1", put("k", "n1.1", "")).on("n2", delete("k", "n2.1", "n1.1"));
    history.on("n1", resolved("k", "n1.2", 0, "n1.1", ""));
    if more {
        history.on("n1", delete("k", "n2.1", "n1.1"));
    }
    let mut common = Common::of(Parts::REPLICAS);
    history.records.iter().for_each(|record| common.see(record, Kinds::of(&record.event)));
    let mut state = DefaultHasher::new();
    common.hash(&mut state);
    state.finish()
}

#[test]
fn what_only_names_events_is_not_remembered_and_what_is_held_is() {
    assert_eq!(memory(0, false), memory(3, false));
    assert_ne!(memory(0, false), memory(0, true));
}

#[test]
fn a_delete_without_a_tombstone_counts_at_its_replica() {
    let mut history = replicas(&["n1"]);
    history.on("n1", put("k", "n2.1", "")).on("n1", removed("k", "n2.1")).on("n1", Event::Sync);
    history.on("n1", Event::Synced { sync: 5 });
    history.on("n1", written("c1#1", "k", "n1.1", Basis::Read(dots("n2.1")), None)).on("n1", put("k", "n2.1", ""));
    let sentence = "n1 holds n2.1 of `k`, and has accepted n1.1, the delete of c1#1, which names it";
    assert_broken(&history, NoResurrection::default(), sentence, "n1#8 n1#7");
}

#[test]
fn an_origin_that_writes_after_others_have_accepted_names_what_it_says() {
    let mut history = replicas(&["n1", "n2"]);
    history.on("n2", put("k", "n1.1", "n2.1")).on("n1", put("k", "n1.1", "")).on("n2", put("k", "n2.1", ""));
    assert_holds(&history, CausalPrecedence::default(), 1);
}

fn dice() -> impl Strategy<Value = Vec<Dice>> {
    vec(any::<Dice>(), 1..22)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn regressions_are_found_as_by_brute_force(dice in dice()) {
        let history = story(&dice, false);
        prop_assert_eq!(fast::<NoRegression>(&history).0, brute_force::regression(&history.records));
    }

    #[test]
    fn precedence_is_judged_as_by_brute_force(dice in dice(), spreads in any::<bool>()) {
        let history = story(&dice, spreads);
        prop_assert_eq!(fast::<CausalPrecedence>(&history).0, brute_force::precedence(&history.records, false));
        prop_assert_eq!(fast::<NoResurrection>(&history).0, brute_force::precedence(&history.records, true));
    }

    #[test]
    fn the_end_is_judged_as_by_brute_force(dice in dice(), spreads in any::<bool>()) {
        let mut history = story(&dice, spreads);
        history.on("env", Event::Calm);
        let records = &history.records;
        prop_assert_eq!(fast::<NoLostUpdate>(&history).1, brute_force::loses(records));
        for (verdict, deletes) in [(fast::<CausalPrecedence>(&history), false), (fast::<NoResurrection>(&history), true)] {
            let expected = brute_force::outlives_at_the_end(records, deletes);
            prop_assert!(verdict.0.is_some() || verdict.1 == expected, "{verdict:?} {expected}");
        }
    }

    #[test]
    fn resolutions_are_judged_as_by_brute_force(before in dice(), after in dice(), spreads in any::<bool>()) {
        let mut cluster = Cluster::new();
        before.iter().for_each(|dice| cluster.step(*dice));
        cluster.history.on("env", Event::Calm);
        after.iter().for_each(|dice| cluster.step(*dice));
        if spreads {
            cluster.spread();
        }
        let disagrees = brute_force::disagrees(cluster.records());
        prop_assert_eq!(fast::<ResolutionUniqueness>(&cluster.history).1, disagrees);
        prop_assert_eq!(settled(&cluster.history, ResolutionUniqueness::default()), !disagrees);
    }
}

//! Random runs of a few replicas that exchange versions and chunks, crash and go on from their journals: what each holds is
//! compared with what it may hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::codex::{Prefix, Value};
use crate::identity::{Boot, Era, Incarnation};
use crate::observation::ChoiceBasis;
use crate::signature::Registry;
use crate::signature::Signature;

const NODES: u32 = 3;
const KEYS: u8 = 3;

/// One step of a run; numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
enum Step {
    Read { at: u8, key: u8 },
    Put { at: u8, key: u8, reads: bool },
    Delete { at: u8, key: u8 },
    Offer { to: u8, version: u8 },
    Resolve { at: u8, key: u8, choice: u8 },
    OfferResolution { to: u8, resolution: u8 },
    BeginFull { to: u8, from: u8, room: u16 },
    Compare { to: u8, from: u8 },
    Report { of: u8, to: u8 },
    Collect { at: u8 },
    Sync { at: u8 },
    Crash { at: u8 },
    Compact { at: u8 },
}

/// A replica with its disk.
struct Node {
    store: VersionStore,
    disk: Vec<Change>,
    unsynced: Vec<Change>,
    boot: u32,
    written: u64,
    reports: BTreeMap<usize, Dots>,
    full: Option<usize>,
}

struct Run {
    nodes: Vec<Node>,
    versions: Vec<Arc<Version>>,
    resolutions: Vec<Arc<Resolution>>,
    /// What each dot's writer knew, with all that that knew.
    known: BTreeMap<Dot, BTreeSet<Dot>>,
    read: BTreeMap<(usize, u8), CausalContext>,
    registry: Registry,
    lax: Lax,
}

fn key(number: u8) -> Key {
    Key::new(&format!("k{}", number % KEYS)).expect("a key")
}

impl Run {
    fn new(lax: Lax) -> Self {
        let node = |_| Node {
            store: VersionStore::new(4, lax),
            disk: Vec::new(),
            unsynced: Vec::new(),
            boot: 1,
            written: 0,
            reports: BTreeMap::new(),
            full: None,
        };
        Self {
            nodes: (0..NODES).map(node).collect(),
            versions: Vec::new(),
            resolutions: Vec::new(),
            known: BTreeMap::new(),
            read: BTreeMap::new(),
            registry: Registry::new(NODES),
            lax,
        }
    }

    fn change(&mut self, at: usize, change: Change) {
        self.nodes[at].store.apply(&change);
        self.nodes[at].unsynced.push(change);
    }

    fn sync(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.disk.append(&mut node.unsynced);
    }

    fn is_reported(&self, at: usize, dot: Dot) -> bool {
        let all = (0..self.nodes.len()).filter(|node| *node != at);
        self.nodes[at].store.vector().contains(dot)
            && all.into_iter().all(|node| self.nodes[at].reports.get(&node).is_some_and(|vector| vector.contains(dot)))
    }

    fn write(&mut self, at: usize, number: u8, value: Option<Value>, context: CausalContext) {
        self.nodes[at].written += 1;
        let node = &self.nodes[at];
        let dot = Dot::new(Incarnation::new(NodeId::new(at as u32), Boot::new(node.boot)), Era(0), node.written);
        let known: BTreeSet<Dot> =
            context.held.iter().flat_map(|held| self.known[held].iter().copied().chain([*held])).collect();
        self.known.insert(dot, known);
        let stamp = node.store.stamp().max(context.stamp) + 1;
        let version = Version::signed(key(number), value, dot, stamp, context.covered, &self.registry);
        self.versions.push(Arc::clone(&version));
        self.change(at, Change::Version(version));
        self.sync(at);
    }

    fn offer(&mut self, to: usize, item: Item) {
        if self.nodes[to].store.is_news(&item) {
            self.change(to, item.into());
        }
    }

    /// A replica chooses one of the live versions that it holds of a key.
    fn resolve(&mut self, at: usize, number: u8, choice: u8) {
        let store = &self.nodes[at].store;
        let (key, held) = (key(number), store.held(&key(number)));
        let live: Vec<Dot> = held.iter().filter(|version| !version.is_tombstone()).map(|version| version.dot).collect();
        let Some(chosen) = live.get(usize::from(choice) % live.len().max(1)).copied() else { return };
        let (settled, stamp) = (held.iter().map(|version| version.dot).collect(), store.stamp() + 1);
        let replaces = store.resolution(&key).iter().map(|resolution| resolution.dot).collect();
        self.nodes[at].written += 1;
        let node = &self.nodes[at];
        let dot = Dot::new(Incarnation::new(NodeId::new(at as u32), Boot::new(node.boot)), Era(0), node.written);
        let (basis, signature) = (ChoiceBasis::Poll, Signature::default());
        let resolution = Arc::new(Resolution { key, dot, stamp, chosen, basis, settled, replaces, signature });
        self.resolutions.push(Arc::clone(&resolution));
        self.change(at, Change::Resolution(resolution));
        self.sync(at);
    }

    fn context(&self, at: usize, number: u8) -> CausalContext {
        self.nodes[at].store.context(&key(number), |dot| self.is_reported(at, dot))
    }

    /// One chunk of a sync of the whole store.
    fn chunk(&mut self, to: usize, from: usize, room: usize) {
        let done = self.nodes[to].store.claim(ClaimId::Full).and_then(|claim| claim.upto);
        let first = done.map_or(Some(Path::FIRST), Path::next).unwrap_or(Path::LAST);
        self.sync(from);
        let chunk = self.nodes[from].store.chunk(PathRange { from: first, to: Path::LAST }, None, room);
        let claim = match self.nodes[to].store.claim(ClaimId::Full) {
            Some(claim) if chunk.vector.covers(&claim.start) => (**claim).clone(),
            Some(_) if done.is_some() => return self.change(to, Change::Claimed(None)),
            _ => Claim { start: Arc::clone(&chunk.vector), upto: None, late: BTreeSet::new() },
        };
        self.change(to, Change::Claimed(Some(Arc::new(claim))));
        chunk.items.iter().for_each(|item| self.offer(to, item.clone()));
        for change in self.nodes[to].store.absent(&chunk) {
            self.change(to, change);
        }
        if !self.nodes[to].store.has_all(&chunk) {
            return;
        }
        let mut claim = (**self.nodes[to].store.claim(ClaimId::Full).expect("it was set")).clone();
        claim.upto = Some(chunk.range.to);
        self.change(to, Change::Claimed(Some(Arc::new(claim))));
        if chunk.range.to == Path::LAST {
            for change in self.nodes[to].store.join(ClaimId::Full) {
                self.change(to, change);
            }
        }
    }

    fn step(&mut self, step: Step) {
        let node = |number: u8| usize::from(number) % NODES as usize;
        match step {
            Step::Read { at, key } => {
                self.sync(node(at));
                let context = self.context(node(at), key % KEYS);
                self.read.insert((node(at), key % KEYS), context);
            }
            Step::Put { at, key, reads } => {
                let context = if reads { self.read.get(&(node(at), key % KEYS)).cloned() } else { None };
                let value = Value::Integer(self.versions.len() as i64);
                self.write(node(at), key % KEYS, Some(value), context.unwrap_or_default());
            }
            Step::Delete { at, key } => {
                let context = self.context(node(at), key % KEYS);
                self.write(node(at), key % KEYS, None, context);
            }
            Step::Offer { to, version } => {
                if let Some(version) = self.versions.get(usize::from(version) % self.versions.len().max(1)).cloned() {
                    self.offer(node(to), version.into());
                }
            }
            Step::Resolve { at, key, choice } => self.resolve(node(at), key, choice),
            Step::OfferResolution { to, resolution } => {
                let place = usize::from(resolution) % self.resolutions.len().max(1);
                if let Some(resolution) = self.resolutions.get(place).cloned() {
                    self.offer(node(to), Item::Resolution(resolution));
                }
            }
            Step::BeginFull { to, from, room } => {
                if node(to) != node(from) {
                    self.nodes[node(to)].full = Some(node(from));
                    self.chunk(node(to), node(from), usize::from(room));
                }
            }
            Step::Compare { to, from } => self.compare(node(to), node(from)),
            Step::Report { of, to } => {
                self.report(node(of), node(to));
            }
            Step::Collect { at } => {
                let at = node(at);
                (0..NODES as usize).filter(|of| *of != at).for_each(|of| self.report(of, at));
                for change in self.nodes[at].store.collectable(|dot| self.is_reported(at, dot)) {
                    self.change(at, change);
                }
            }
            Step::Sync { at } => self.sync(node(at)),
            Step::Crash { at } => self.crash(node(at)),
            Step::Compact { at } => {
                let at = node(at);
                self.sync(at);
                self.nodes[at].disk = self.nodes[at].store.journal();
            }
        }
    }

    /// A replica reports what it covers, durably.
    fn report(&mut self, of: usize, to: usize) {
        self.sync(of);
        let vector = (**self.nodes[of].store.vector()).clone();
        self.nodes[to].reports.entry(of).or_default().merge(&vector);
    }

    /// Equal roots are a complete sync.
    fn compare(&mut self, to: usize, from: usize) {
        self.sync(from);
        if self.nodes[to].store.root() == self.nodes[from].store.root() {
            let vector = Arc::clone(self.nodes[from].store.vector());
            self.change(to, Change::Joined { vector });
        }
    }

    fn crash(&mut self, at: usize) {
        let lax = self.lax;
        let node = &mut self.nodes[at];
        node.unsynced.clear();
        (node.boot, node.written) = (node.boot + 1, 0);
        node.reports.clear();
        node.store = VersionStore::new(4, lax);
        node.disk.iter().for_each(|change| node.store.apply(change));
        self.read.retain(|(node, _), _| *node != at);
    }

    /// No version is lost, none has come back, and what is held is what was written.
    fn judge(&self) -> Result<(), String> {
        for (at, node) in self.nodes.iter().enumerate() {
            for resolution in (0..KEYS).filter_map(|number| node.store.resolution(&key(number))) {
                if resolution.is_void(node.store.vector(), |dot| node.store.version(dot).is_some()) {
                    return Err(format!("n{} holds {}, whose choice is gone", at + 1, resolution.dot));
                }
            }
            for version in &self.versions {
                let covered = node.store.vector().contains(version.dot);
                let held = node.store.version(version.dot).is_some();
                if held && !covered {
                    return Err(format!("n{} holds {} and does not cover it", at + 1, version.dot));
                }
                let named = self.known.values().any(|known| known.contains(&version.dot));
                if covered && !held && !named && !version.is_tombstone() {
                    return Err(format!("n{} covers {}, holds it not, and nobody has read it", at + 1, version.dot));
                }
                let replaces = |(later, known): (&Dot, &BTreeSet<Dot>)| {
                    known.contains(&version.dot) && node.store.vector().contains(*later)
                };
                let replaced = self.known.iter().any(replaces);
                if held && replaced && !version.is_tombstone() {
                    return Err(format!("n{} holds {} and covers what replaced it", at + 1, version.dot));
                }
            }
        }
        Ok(())
    }

    /// Everything is exchanged until all are the same.
    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..6 {
            for to in 0..NODES as usize {
                for from in (0..NODES as usize).filter(|from| *from != to) {
                    self.change(to, Change::Claimed(None));
                    for _ in 0..40 {
                        self.chunk(to, from, 100_000);
                        if self.nodes[to].store.claim(ClaimId::Full).is_none() {
                            break;
                        }
                    }
                }
            }
        }
        let roots: BTreeSet<Root> = self.nodes.iter().map(|node| node.store.root()).collect();
        let vectors: BTreeSet<Dots> = self.nodes.iter().map(|node| (**node.store.vector()).clone()).collect();
        if roots.len() > 1 || vectors.len() > 1 {
            return Err(format!("{} roots and {} vectors at the end", roots.len(), vectors.len()));
        }
        self.judge()
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (n, k, v) = (0..NODES as u8, 0..KEYS, any::<u8>());
    let step = prop_oneof![
        3 => (n.clone(), k.clone()).prop_map(|(at, key)| Step::Read { at, key }),
        3 => (n.clone(), k.clone(), any::<bool>()).prop_map(|(at, key, reads)| Step::Put { at, key, reads }),
        1 => (n.clone(), k).prop_map(|(at, key)| Step::Delete { at, key }),
        6 => (n.clone(), v).prop_map(|(to, version)| Step::Offer { to, version }),
        2 => (n.clone(), 0..KEYS, v).prop_map(|(at, key, choice)| Step::Resolve { at, key, choice }),
        3 => (n.clone(), v).prop_map(|(to, resolution)| Step::OfferResolution { to, resolution }),
        3 => (n.clone(), n.clone(), 0..600_u16).prop_map(|(to, from, room)| Step::BeginFull { to, from, room }),
        1 => (n.clone(), n.clone()).prop_map(|(to, from)| Step::Compare { to, from }),
        3 => (n.clone(), n.clone()).prop_map(|(of, to)| Step::Report { of, to }),
        1 => n.clone().prop_map(|at| Step::Collect { at }),
        1 => n.clone().prop_map(|at| Step::Sync { at }),
        1 => n.clone().prop_map(|at| Step::Crash { at }),
        1 => n.prop_map(|at| Step::Compact { at }),
    ];
    vec(step, 1..60)
}

fn failure(steps: &[Step], lax: Lax) -> Option<String> {
    let mut run = Run::new(lax);
    for (number, step) in steps.iter().enumerate() {
        run.step(*step);
        if let Err(why) = run.judge() {
            return Some(format!("{why}, after step {number}"));
        }
    }
    run.settle().err()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn replicas_neither_lose_nor_resurrect_anything(steps in steps()) {
        prop_assert_eq!(failure(&steps, Lax::default()), None);
    }

    #[test]
    fn a_journal_replayed_gives_the_same_replica(steps in steps()) {
        let mut run = Run::new(Lax::default());
        for step in steps {
            run.step(step);
            for at in 0..NODES as usize {
                run.sync(at);
                let mut again = VersionStore::new(4, Lax::default());
                run.nodes[at].disk.iter().for_each(|change| again.apply(change));
                prop_assert_eq!(&again, &run.nodes[at].store);
                let mut compacted = VersionStore::new(4, Lax::default());
                run.nodes[at].store.journal().iter().for_each(|change| compacted.apply(change));
                prop_assert_eq!(&compacted, &run.nodes[at].store);
            }
        }
    }
}

/// How many of 400 random runs fail when a guard is left out.
fn failures(lax: Lax) -> usize {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let tree = |runner: &mut TestRunner| steps().new_tree(runner).expect("steps").current();
    (0..400).filter(|_| failure(&tree(&mut runner), lax).is_some()).count()
}

#[test]
fn guards_of_contexts_are_needed() {
    let all = Lax::default();
    for (name, lax) in [
        ("context-uncovered", Lax { context_uncovered: true, ..all }),
        ("context-filled", Lax { context_filled: true, ..all }),
        ("context-trimmed", Lax { context_trimmed: true, ..all }),
        ("void-kept", Lax { void_kept: true, ..all }),
        ("no-tombstones", Lax { no_tombstones: true, news_by_holding: true, ..all }),
    ] {
        assert!(failures(lax) > 0, "{name} changes nothing");
    }
}

/// Fails with `lax`, and with that alone.
fn assert_needed(steps: &[Step], lax: Lax) {
    assert_eq!(failure(steps, Lax::default()), None);
    assert!(failure(steps, lax).is_some(), "{lax:?}");
}

/// n3 has put a key and deleted it, n1 has joined that because both hold nothing, and n2 has heard nothing.
const GONE: [Step; 3] =
    [Step::Put { at: 2, key: 0, reads: false }, Step::Delete { at: 2, key: 0 }, Step::Compare { to: 0, from: 2 }];

/// The tombstone is collected everywhere, and the first version arrives again.
#[test]
fn what_is_held_does_not_say_what_is_news() {
    let mut steps = GONE.to_vec();
    steps.extend((0..2).map(|to| Step::Offer { to, version: 1 }));
    steps.extend([2, 0, 1].map(|at| Step::Collect { at }));
    steps.push(Step::Offer { to: 1, version: 0 });
    assert_needed(&steps, Lax { news_by_holding: true, ..Lax::default() });
}

/// n2 holds what n1 covers and no longer holds.
#[test]
fn what_a_chunk_lacks_is_dropped() {
    let mut steps = GONE.to_vec();
    steps.extend([Step::Offer { to: 1, version: 0 }, Step::BeginFull { to: 1, from: 0, room: 100 }]);
    assert_needed(&steps, Lax { absence_ignored: true, ..Lax::default() });
}

/// It arrives at n2 from elsewhere when its key is done, and before the sync ends.
#[test]
fn a_join_drops_what_came_late() {
    let mut keys: Vec<u8> = (0..KEYS).collect();
    keys.sort_by_key(|number| Path::of(&key(*number)));
    let [first, second, third] = keys[..] else { panic!("three keys") };
    let steps = [
        Step::Put { at: 2, key: first, reads: false },
        Step::Delete { at: 2, key: first },
        Step::Compare { to: 0, from: 2 },
        Step::Put { at: 0, key: second, reads: false },
        Step::Put { at: 0, key: third, reads: false },
        Step::BeginFull { to: 1, from: 0, room: 0 },
        Step::Offer { to: 1, version: 0 },
        Step::BeginFull { to: 1, from: 0, room: 0 },
    ];
    assert_needed(&steps, Lax { late_kept: true, ..Lax::default() });
}

#[test]
fn a_range_is_that_of_its_prefix() {
    assert_eq!(Prefix::TOP.range(), PathRange::ALL);
    let whole = (0..32).fold(Prefix::TOP, |prefix, way| prefix.follow(way % 16));
    assert_eq!(whole.range().from, whole.range().to);
    let json = serde_json::to_string(&[Prefix::TOP, whole, Prefix::TOP.follow(10)]).expect("written");
    assert_eq!(json, r#"["*","0123456789abcdef0123456789abcdef","a"]"#);
    assert_eq!(serde_json::from_str::<[Prefix; 3]>(&json).expect("read")[1], whole);
}

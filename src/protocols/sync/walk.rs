//! The walk down a peer's trie.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::machine::{Session, Stage};
use super::{Given, Got, Shown, Sync, SyncMessage, SyncTimer, Walk};
use crate::clocks::Dots;
use crate::codex::{Chunk, Claim, ClaimId, PathRange, Place, Prefix, Root};
use crate::identity::{Boot, NodeId};
use crate::observation::SyncEnd;
use crate::protocols::Port;
use crate::protocols::replica::Replica;

/// A walk: what was asked and not answered, and what was given and not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Walking {
    /// The peer's boot, with which it ends.
    boot: Boot,
    /// The places that were asked for.
    prefixes: BTreeSet<Prefix>,
    /// The ranges that were asked for.
    ranges: BTreeSet<PathRange>,
    /// What was given.
    gives: BTreeMap<PathRange, Chunk>,
    /// How often in a row it was asked in vain.
    vain: u32,
}

/// A message asks for so many places at the most.
const PLACES: usize = 64;
/// A message shows so many bytes of nodes at the most.
const NODES_ROOM: usize = 32 * 1_024;
/// A way takes so many bytes, and a node beside its ways.
const WAY: usize = 17;
const NODE: usize = 21;

/// What has to be asked next.
#[derive(Default)]
struct Next {
    prefixes: Vec<Prefix>,
    ranges: Vec<PathRange>,
    gives: Vec<Chunk>,
}

impl Sync {
    /// What this node shows at these places, in messages of bounded size.
    pub(super) fn show(
        &self,
        number: u64,
        prefixes: &[Prefix],
        beyond: Option<&Dots>,
        replica: &Replica,
    ) -> Vec<Shown> {
        let vector = replica.store().vector();
        let empty = || Shown { number, boot: self.boot, vector: Arc::clone(vector), nodes: Vec::new(), leaf: None };
        let (mut parts, mut nodes, mut room) = (Vec::new(), empty(), NODES_ROOM);
        for prefix in prefixes {
            match replica.store().trie().at(*prefix) {
                Place::Branch(branch) => {
                    let ways: Vec<(u8, Root)> = branch.taken().collect();
                    let size = NODE + WAY * ways.len();
                    if size > room {
                        parts.push(std::mem::replace(&mut nodes, empty()));
                        room = NODES_ROOM;
                    }
                    room -= size;
                    nodes.nodes.push((*prefix, ways));
                }
                Place::Leaf(_) | Place::Nothing => {
                    let chunk = replica.store().chunk(prefix.range(), beyond, self.rules.room);
                    parts.push(Shown { leaf: Some((prefix.range(), chunk)), ..empty() });
                }
            }
        }
        if !nodes.nodes.is_empty() {
            parts.push(nodes);
        }
        parts
    }

    /// A peer walks down this node's trie.
    pub(super) fn on_walk(&mut self, from: NodeId, walk: &Walk, replica: &mut Replica, port: &mut impl Port<Self>) {
        replica.report(from, &walk.vector);
        let Walk { number, vector, prefixes, ranges } = walk;
        let mut parts = self.show(*number, prefixes, Some(vector), replica);
        let own = replica.store().vector();
        for range in ranges {
            let chunk = replica.store().chunk(*range, Some(vector), self.rules.room);
            let leaf = Some((*range, chunk));
            parts.push(Shown { number: *number, boot: self.boot, vector: Arc::clone(own), nodes: Vec::new(), leaf });
        }
        replica.persist(port);
        for part in parts {
            port.send(from, SyncMessage::Place(Arc::new(part)));
        }
    }

    /// A walk begins with what stands at the top of the peer's trie.
    pub(super) fn begin_walk(
        &mut self,
        from: NodeId,
        shown: &Shown,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        let top = match &shown.leaf {
            Some((range, _)) => Walking { ranges: [*range].into(), ..Walking::new(shown.boot) },
            None => Walking { prefixes: [Prefix::TOP].into(), ..Walking::new(shown.boot) },
        };
        let Some(session) = self.sessions.get_mut(&from) else { return };
        session.stage = Stage::Walking(top);
        let number = session.number;
        replica.store_mut().begin_walk(from, Arc::clone(&shown.vector));
        self.take_place(from, &Shown { number, ..shown.clone() }, replica, port);
    }

    fn walking(&mut self, peer: NodeId, number: u64) -> Option<&mut Walking> {
        let session = self.sessions.get_mut(&peer).filter(|session| session.number == number)?;
        if let Stage::Walking(walking) = &mut session.stage { Some(walking) } else { None }
    }

    /// A peer shows what stands at a place that was asked for.
    pub(super) fn on_place(&mut self, from: NodeId, shown: &Shown, replica: &mut Replica, port: &mut impl Port<Self>) {
        replica.report(from, &shown.vector);
        if self.walking(from, shown.number).is_some() {
            self.answered(from);
            self.take_place(from, shown, replica, port);
        }
    }

    fn take_place(&mut self, from: NodeId, shown: &Shown, replica: &mut Replica, port: &mut impl Port<Self>) {
        let by_index = self.rules.flaws.e05;
        let Some(walking) = self.walking(from, shown.number) else { return };
        walking.vain = 0;
        let start = replica.store().claim(ClaimId::Walk(from)).map(|claim| Arc::clone(&claim.start));
        let covers_start = start.is_some_and(|start| shown.vector.covers(&start));
        if walking.boot != shown.boot || !covers_start {
            return self.end(from, SyncEnd::Broken, replica, port);
        }
        let mut next = Next::default();
        for (prefix, ways) in &shown.nodes {
            if walking.prefixes.remove(prefix) {
                if by_index {
                    compare_by_index(*prefix, ways, replica, &mut next);
                } else {
                    compare(from, *prefix, ways, replica, &mut next);
                }
            }
        }
        if !self.take_leaf(from, shown, &mut next, replica, port) {
            return self.end(from, SyncEnd::Broken, replica, port);
        }
        if self.rules.flaws.y02 {
            // Flaw y02: what the sender covers by now.
            let claim = replica.store().claim(ClaimId::Walk(from)).cloned();
            let later = claim.map(|claim| Arc::new(Claim { start: Arc::clone(&shown.vector), ..(*claim).clone() }));
            replica.store_mut().set_claim(ClaimId::Walk(from), later);
        }
        self.go_on(from, shown.number, next, replica, port);
    }

    /// Takes in what a peer holds of a range that was asked for; returns whether all of it could be believed.
    fn take_leaf(
        &mut self,
        from: NodeId,
        shown: &Shown,
        next: &mut Next,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) -> bool {
        let (Some((asked, chunk)), Some(walking)) = (&shown.leaf, self.walking(from, shown.number)) else {
            return true;
        };
        let asked = *asked;
        let by_prefix = walking.prefixes.iter().find(|prefix| prefix.range() == asked).copied();
        let was_asked = match by_prefix {
            Some(prefix) => walking.prefixes.remove(&prefix),
            None => walking.ranges.remove(&asked),
        };
        if !was_asked {
            return true;
        }
        if chunk.range.from != asked.from || chunk.range.to > asked.to || !self.take(from, &chunk.items, replica, port)
        {
            return false;
        }
        for change in replica.store().absent(chunk) {
            replica.change(change, port);
        }
        if !replica.store().has_all(chunk) {
            next.ranges.push(asked);
            return true;
        }
        replica.store_mut().settle_walk(from, chunk.range);
        if chunk.range.to < asked.to
            && let Some(rest) = chunk.range.to.next()
        {
            next.ranges.push(PathRange { from: rest, to: asked.to });
        }
        if replica.store().differs(chunk) {
            next.gives.extend(gives(chunk.range, &chunk.vector, self.rules.room, replica));
        }
        true
    }

    /// Asks what has to be asked next, or ends the walk.
    fn go_on(&mut self, peer: NodeId, number: u64, next: Next, replica: &mut Replica, port: &mut impl Port<Self>) {
        let resend = self.rules.resend;
        let Some(walking) = self.walking(peer, number) else { return };
        walking.prefixes.extend(&next.prefixes);
        walking.ranges.extend(&next.ranges);
        walking.gives.extend(next.gives.iter().map(|chunk| (chunk.range, chunk.clone())));
        if walking.is_done() {
            for change in replica.store().join(ClaimId::Walk(peer)) {
                replica.change(change, port);
            }
            self.end(peer, SyncEnd::Complete, replica, port);
        } else {
            replica.persist(port);
            ask(peer, number, &next, replica, port);
            port.set_timer(SyncTimer::Again(peer), resend);
        }
        replica.settle(port);
    }

    /// A peer has not answered for a while.
    pub(super) fn on_again(&mut self, peer: NodeId, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Some(Session { number, stage: Stage::Walking(walking), .. }) = self.sessions.get_mut(&peer) else { return };
        walking.vain += 1;
        let after = self.rules.resend_after(walking.vain);
        let again = Next {
            prefixes: walking.prefixes.iter().copied().collect(),
            ranges: walking.ranges.iter().copied().collect(),
            gives: walking.gives.values().cloned().collect(),
        };
        replica.persist(port);
        ask(peer, *number, &again, replica, port);
        port.set_timer(SyncTimer::Again(peer), after);
    }

    /// A peer gives what it holds of a range in which this node differs.
    pub(super) fn on_give(&mut self, from: NodeId, given: &Given, replica: &mut Replica, port: &mut impl Port<Self>) {
        let chunk = &given.chunk;
        replica.report(from, &chunk.vector);
        for item in &chunk.items {
            replica.offer(item, port);
        }
        let absent = if self.rules.flaws.e31 {
            // Flaw e31: what is given is all that there is.
            replica.store().absent(&Chunk { vector: Arc::clone(replica.store().vector()), ..chunk.clone() })
        } else {
            replica.store().absent(chunk)
        };
        for change in absent {
            replica.change(change, port);
        }
        let lacks = (!replica.store().has_all(chunk)).then(|| Arc::clone(replica.store().vector()));
        replica.settle(port);
        port.send(from, SyncMessage::Got(Arc::new(Got { number: given.number, range: chunk.range, lacks })));
    }

    /// A peer has accepted what it was given.
    pub(super) fn on_got(&mut self, from: NodeId, got: &Got, replica: &mut Replica, port: &mut impl Port<Self>) {
        let room = self.rules.room;
        let Some(walking) = self.walking(from, got.number) else { return };
        if walking.gives.remove(&got.range).is_none() {
            return;
        }
        walking.vain = 0;
        self.answered(from);
        let more = got.lacks.as_ref().map_or_else(Vec::new, |vector| gives(got.range, vector, room, replica));
        self.go_on(from, got.number, Next { gives: more, ..Next::default() }, replica, port);
    }
}

impl Walking {
    const fn new(boot: Boot) -> Self {
        Self { boot, prefixes: BTreeSet::new(), ranges: BTreeSet::new(), gives: BTreeMap::new(), vain: 0 }
    }

    fn is_done(&self) -> bool {
        self.prefixes.is_empty() && self.ranges.is_empty() && self.gives.is_empty()
    }
}

/// Compares a node of the peer's trie with what is here at the same place.
fn compare(peer: NodeId, prefix: Prefix, ways: &[(u8, Root)], replica: &mut Replica, next: &mut Next) {
    let nothing = Root([0; 16]);
    for way in 0..16 {
        let below = prefix.follow(way);
        let theirs = ways.iter().find(|(known, _)| *known == way).map_or(nothing, |(_, root)| *root);
        if replica.store().trie().root_at(below) == theirs {
            replica.store_mut().settle_walk(peer, below.range());
        } else {
            next.prefixes.push(below);
        }
    }
}

/// Flaw e05: the children that stand here are paired with the peer's by their index.
fn compare_by_index(prefix: Prefix, ways: &[(u8, Root)], replica: &Replica, next: &mut Next) {
    let trie = replica.store().trie();
    let local = (0..16).filter(|way| trie.root_at(prefix.follow(*way)) != Root([0; 16]));
    for (way, (_, theirs)) in local.zip(ways) {
        if trie.root_at(prefix.follow(way)) != *theirs {
            next.prefixes.push(prefix.follow(way));
        }
    }
}

/// All that is held here in a range, in messages of bounded size, for a peer that covers `beyond`.
fn gives(range: PathRange, beyond: &Dots, room: usize, replica: &Replica) -> Vec<Chunk> {
    let (mut all, mut rest) = (Vec::new(), Some(range));
    while let Some(range) = rest {
        let chunk = replica.store().chunk(range, Some(beyond), room);
        let ends = chunk.range.to >= range.to;
        rest = chunk.range.to.next().filter(|_| !ends).map(|from| PathRange { from, to: range.to });
        all.push(chunk);
    }
    all
}

fn ask(peer: NodeId, number: u64, next: &Next, replica: &Replica, port: &mut impl Port<Sync>) {
    let vector = replica.store().vector();
    let mut ranges = next.ranges.chunks(PLACES);
    for prefixes in next.prefixes.chunks(PLACES) {
        let ranges = ranges.next().unwrap_or_default().to_vec();
        let walk = Walk { number, vector: Arc::clone(vector), prefixes: prefixes.to_vec(), ranges };
        port.send(peer, SyncMessage::Walk(Arc::new(walk)));
    }
    for ranges in ranges {
        let walk = Walk { number, vector: Arc::clone(vector), prefixes: Vec::new(), ranges: ranges.to_vec() };
        port.send(peer, SyncMessage::Walk(Arc::new(walk)));
    }
    for chunk in &next.gives {
        port.send(peer, SyncMessage::Give(Arc::new(Given { number, chunk: chunk.clone() })));
    }
}

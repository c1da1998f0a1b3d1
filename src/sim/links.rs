//! The network at work: what becomes of each message, as a function of its own key and of the faults in force.

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use crate::chance::{Chance, Key, Seed};
use crate::fault::{Direction, Partition, Shape, Target};
use crate::identity::{MessageId, NodeId};
use crate::measure::Share;
use crate::network::{Delay, Link, Network, PinnedFate};
use crate::sim::tally::Tally;
use crate::time::{Span, Time};

/// What becomes of one copy of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    /// How long it takes.
    pub(crate) delay: Span,
    /// Whether it is lost by chance.
    pub(crate) lost: bool,
    /// Which bit flips, if one does.
    pub(crate) flip: Option<u64>,
}

/// What becomes of a message, and which faults had a hand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) copies: SmallVec<[Passage; 2]>,
}

/// Links that a fault changes.
#[derive(Clone, Debug)]
struct Change {
    fault: u32,
    from: Option<FixedBitSet>,
    to: Option<FixedBitSet>,
    what: Changed,
}

/// What a fault changes of a link.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Changed {
    Delay(Delay),
    Loss(Share),
    Duplicate(Share),
    Reorder(Share),
    Corrupt(Share),
}

/// Links that are cut or clogged until some time.
#[derive(Clone, Debug)]
struct Barred {
    fault: u32,
    until: Time,
    links: LinkSet,
}

/// A set of links.
#[derive(Clone, Debug)]
enum LinkSet {
    /// Between groups: the group of each node, and for each pair of groups whether messages between them are stopped.
    Groups { group: Vec<u16>, stopped: FixedBitSet, groups: usize },
    /// Between these senders and these receivers; all, where not given.
    Ends { from: Option<FixedBitSet>, to: Option<FixedBitSet> },
    /// On a ring, each node's place, and how far it reaches.
    Ring { place: Vec<u32>, reach: u32 },
}

/// The state of the network. A message's fate is a function of (seed, from, to, lane, n-th on that lane).
#[derive(Clone, Debug)]
pub(crate) struct Links {
    lanes: Vec<Key>,
    network: Network,
    exceptions: BTreeMap<(NodeId, NodeId), Link>,
    carried: Tally,
    changes: Vec<Change>,
    cuts: Vec<Barred>,
    clogs: Vec<Barred>,
    pinned: BTreeMap<MessageId, PinnedFate>,
    calm: bool,
}

/// Where in a message's draws each decision lies: another decision's draws never move them.
mod draw {
    pub(super) const DELAY: u64 = 0;
    pub(super) const LOSS: u64 = 4;
    pub(super) const DUPLICATE: u64 = 5;
    pub(super) const LAG: u64 = 6;
    pub(super) const REORDER: u64 = 7;
    pub(super) const CORRUPT: u64 = 9;
}

impl Links {
    pub(crate) fn new(seed: Seed, lanes: &[&str], network: Network, pinned: BTreeMap<MessageId, PinnedFate>) -> Self {
        let key = seed.key("fate");
        Self {
            lanes: lanes.iter().map(|lane| key.text(lane)).collect(),
            exceptions: network.links.iter().map(|link| ((link.from, link.to), link.link)).collect(),
            network,
            carried: Tally::default(),
            changes: Vec::new(),
            cuts: Vec::new(),
            clogs: Vec::new(),
            pinned,
            calm: false,
        }
    }

    /// Draws the fate of the next message on a link's lane; counts it in `touched` for each fault that had a hand in it.
    #[inline]
    pub(crate) fn fate(&mut self, to: NodeId, id: MessageId, touched: &mut [u64]) -> Fate {
        let ends = (id.sender.index() as u64) << 32 | to.index() as u64;
        let lane_key = self.lanes[id.lane.index()];
        let number = self.carried.next(ends ^ (id.lane.index() as u64) << 56);
        let key = lane_key.with(ends).with(u64::from(number));
        if self.exceptions.is_empty() && self.changes.is_empty() && self.pinned.is_empty() {
            self.plain_fate(key)
        } else {
            self.altered_fate(key, to, id, touched)
        }
    }

    /// The fate on a link like all others.
    #[inline]
    fn plain_fate(&self, key: Key) -> Fate {
        let link = &self.network.link;
        let mut delay = link.delay.sample(&mut key.draws_from(draw::DELAY));
        if self.calm {
            delay = delay.min(self.network.calm_delay);
            return Fate { copies: SmallVec::from_slice(&[Passage { delay, lost: false, flip: None }]) };
        }
        passages(link, delay, key)
    }

    #[cold]
    fn altered_fate(&self, key: Key, to: NodeId, id: MessageId, touched: &mut [u64]) -> Fate {
        let base = *self.exceptions.get(&(id.sender, to)).unwrap_or(&self.network.link);
        let mut link = if self.calm { Link { delay: base.delay, ..Link::default() } } else { base };
        let mut causes: SmallVec<[(u32, Changed); 4]> = SmallVec::new();
        for change in self.changes.iter().filter(|change| within(&change.from, &change.to, id.sender, to)) {
            change.what.apply(&mut link);
            causes.push((change.fault, change.what));
        }
        let mut delay = link.delay.sample(&mut key.draws_from(draw::DELAY));
        if self.calm {
            delay = delay.min(self.network.calm_delay);
        }
        let mut fate = passages(&link, delay, key);
        if !causes.is_empty() {
            let without = passages(&base, base.delay.sample(&mut key.draws_from(draw::DELAY)), key);
            for (fault, what) in causes {
                touched[fault as usize] += u64::from(what.shows(&fate, &without));
            }
        }
        if let Some(pinned) = self.pinned.get(&id) {
            pin(*pinned, &mut fate);
        }
        fate
    }

    /// The fault that cuts a link now, or cut it since `sent`.
    #[inline]
    pub(crate) fn cut(&self, from: NodeId, to: NodeId, sent: Time) -> Option<u32> {
        if self.cuts.is_empty() {
            return None;
        }
        self.cuts.iter().find(|cut| cut.until > sent && cut.links.holds(from, to)).map(|cut| cut.fault)
    }

    /// The fault that clogs a link now.
    #[inline]
    pub(crate) fn clogged(&self, from: NodeId, to: NodeId) -> Option<u32> {
        self.clogs.iter().find(|clog| clog.links.holds(from, to)).map(|clog| clog.fault)
    }

    pub(crate) fn start_cut(&mut self, fault: u32, nodes: u32, partition: &Partition) {
        let links = LinkSet::of_partition(nodes, partition);
        self.cuts.push(Barred { fault, until: Time::MAX, links });
    }

    pub(crate) fn start_clog(&mut self, fault: u32, from: Option<&Target>, to: Option<&Target>) {
        let links = LinkSet::Ends { from: bits(from), to: bits(to) };
        self.clogs.push(Barred { fault, until: Time::MAX, links });
    }

    pub(crate) fn start_change(&mut self, fault: u32, from: Option<&Target>, to: Option<&Target>, what: Changed) {
        self.changes.push(Change { fault, from: bits(from), to: bits(to), what });
    }

    /// Ends what `fault` did, if it is in force. A cut stays known, since it fell on what was sent before.
    pub(crate) fn end(&mut self, fault: u32, now: Time) {
        for cut in self.cuts.iter_mut().filter(|cut| cut.fault == fault && cut.until == Time::MAX) {
            cut.until = now;
        }
        self.clogs.retain(|clog| clog.fault != fault);
        self.changes.retain(|change| change.fault != fault);
    }

    /// Ends every cut and clog; how many there were.
    pub(crate) fn heal(&mut self, now: Time) -> u64 {
        let mut healed = self.clogs.len() as u64;
        self.clogs.clear();
        for cut in self.cuts.iter_mut().filter(|cut| cut.until == Time::MAX) {
            cut.until = now;
            healed += 1;
        }
        healed
    }

    /// Ends everything that disturbs, for good.
    pub(crate) fn calm(&mut self, now: Time) {
        self.heal(now);
        self.changes.clear();
        self.calm = true;
    }
}

/// What a link does to a message with these draws.
#[inline]
fn passages(link: &Link, delay: Span, key: Key) -> Fate {
    let happens = |share: Share, at: u64| !share.is_none() && key.draws_from(at).happens(share);
    let mut first = Passage { delay, lost: happens(link.loss, draw::LOSS), flip: None };
    if happens(link.reorder, draw::REORDER) {
        first.delay += key.draws_from(draw::REORDER + 1).span(Span::ZERO, link.reorder_lag.0);
    }
    if happens(link.corrupt, draw::CORRUPT) {
        first.flip = Some(key.draws_from(draw::CORRUPT + 1).bits());
    }
    let mut copies = SmallVec::new();
    copies.push(first);
    if happens(link.duplicate, draw::DUPLICATE) {
        let lag = key.draws_from(draw::LAG).span(Span::ZERO, link.duplicate_lag.0);
        copies.push(Passage { delay: first.delay + lag, lost: false, flip: None });
    }
    Fate { copies }
}

fn pin(pinned: PinnedFate, fate: &mut Fate) {
    let delay = fate.copies[0].delay;
    let whole = |delay| Passage { delay, lost: false, flip: None };
    match pinned {
        PinnedFate::Lost => fate.copies = SmallVec::from_slice(&[Passage { lost: true, ..whole(delay) }]),
        PinnedFate::Delay(delay) => fate.copies = SmallVec::from_slice(&[whole(delay)]),
        PinnedFate::Copies(count) => {
            fate.copies = (0..count.max(1)).map(|copy| whole(delay.times(u64::from(copy) + 1))).collect();
        }
    }
}

impl Changed {
    fn apply(self, link: &mut Link) {
        match self {
            Self::Delay(delay) => link.delay = delay,
            Self::Loss(share) => link.loss = link.loss.max(share),
            Self::Duplicate(share) => link.duplicate = link.duplicate.max(share),
            Self::Reorder(share) => link.reorder = link.reorder.max(share),
            Self::Corrupt(share) => link.corrupt = link.corrupt.max(share),
        }
    }

    /// Whether the change shows in what became of a message.
    fn shows(self, fate: &Fate, without: &Fate) -> bool {
        let (now, then) = (&fate.copies[0], &without.copies[0]);
        match self {
            Self::Delay(_) | Self::Reorder(_) => now.delay != then.delay,
            Self::Loss(_) => now.lost != then.lost,
            Self::Duplicate(_) => fate.copies.len() != without.copies.len(),
            Self::Corrupt(_) => now.flip != then.flip,
        }
    }
}

impl LinkSet {
    fn of_partition(nodes: u32, partition: &Partition) -> Self {
        let count = nodes as usize;
        if partition.shape == Some(Shape::MajoritiesRing) {
            let order = partition.groups.first().map_or(&[][..], Vec::as_slice);
            let mut place = vec![0; count];
            for (at, node) in (0..).zip(order) {
                place[node.index()] = at;
            }
            return Self::Ring { place, reach: ring_reach(nodes) };
        }
        let groups = partition.groups.len() + 1;
        let mut group = vec![partition.groups.len() as u16; count];
        for (number, members) in (0..).zip(&partition.groups) {
            for node in members {
                group[node.index()] = number;
            }
        }
        let bridged = partition.shape == Some(Shape::Bridge);
        let mut stopped = FixedBitSet::with_capacity(groups * groups);
        for from in 0..groups {
            for to in 0..groups {
                let over_bridge = bridged && (from == groups - 1 || to == groups - 1);
                let that_way = match partition.direction {
                    Direction::Both => true,
                    Direction::To => to == 0,
                    Direction::From => from == 0,
                };
                stopped.set(from * groups + to, from != to && that_way && !over_bridge);
            }
        }
        Self::Groups { group, stopped, groups }
    }

    fn holds(&self, from: NodeId, to: NodeId) -> bool {
        match self {
            Self::Groups { group, stopped, groups } => {
                stopped.contains(group[from.index()] as usize * groups + group[to.index()] as usize)
            }
            Self::Ends { from: senders, to: receivers } => within(senders, receivers, from, to),
            Self::Ring { place, reach } => {
                let apart = place[from.index()].abs_diff(place[to.index()]);
                let around = place.len() as u32 - apart;
                apart.min(around) > *reach && from != to
            }
        }
    }
}

/// How many neighbours on each side a node of a ring reaches, so that they and it are a majority.
pub(crate) const fn ring_reach(nodes: u32) -> u32 {
    let others = nodes / 2;
    others.div_ceil(2)
}

fn bits(target: Option<&Target>) -> Option<FixedBitSet> {
    let Some(Target::Nodes(nodes)) = target else {
        return None;
    };
    Some(nodes.iter().map(|node| node.index()).collect())
}

fn within(from: &Option<FixedBitSet>, to: &Option<FixedBitSet>, sender: NodeId, receiver: NodeId) -> bool {
    from.as_ref().is_none_or(|set| set.contains(sender.index()))
        && to.as_ref().is_none_or(|set| set.contains(receiver.index()))
}

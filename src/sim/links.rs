//! The network: determines the fate of each message, as a function of its key and of the faults in force.

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use crate::chance::{Chance, Draws, Key, Seed};
use crate::fault::{Direction, Partition, Shape, Target};
use crate::identity::{MessageId, NodeId};
use crate::measure::Share;
use crate::network::{Delay, Link, Network, PinnedFate};
use crate::sim::message_counters::MessageCounters;
use crate::time::{Span, Time};

/// The fate of one copy of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    /// How long it is under way.
    pub(crate) delay: Span,
    pub(crate) luck: Luck,
}

/// The random outcome of a copy's transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Luck {
    Whole,
    Lost,
    /// This bit of its encoding flips.
    Flipped(u64),
}

/// The fate of a message: that of its only copy, or of each copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Single(Passage),
    Several(SmallVec<[Passage; 2]>, Course),
}

/// What determines a copy's time under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// Its link's delay and nothing else.
    Plain,
    /// Faults, or properties of its link other than delay and loss.
    Altered(Drawn),
    /// The scenario fixes it.
    Fixed,
}

/// The position of a message's draws, and the changes of its link that applied to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// The ordinal of the message on its link's lane.
    nth: u32,
    /// The number of changes that had begun by then.
    changes: u32,
}

/// Links that a fault changes.
#[derive(Clone, Debug)]
struct Change {
    fault: u32,
    /// The number of changes that began before it.
    ordinal: u32,
    from: Option<FixedBitSet>,
    to: Option<FixedBitSet>,
    what: Changed,
}

/// The property of a link that a fault changes.
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
    /// Between these senders and these receivers; a side that is not given includes all nodes.
    Ends { from: Option<FixedBitSet>, to: Option<FixedBitSet> },
    /// On a ring: each node's place, and its reach.
    Ring { place: Vec<u32>, reach: u32 },
}

/// The state of the network. A message's fate is a function of (seed, from, to, lane, n-th on that lane).
#[derive(Clone, Debug)]
pub(crate) struct Links {
    lanes: Vec<Key>,
    network: Network,
    exceptions: BTreeMap<(NodeId, NodeId), Link>,
    carried: MessageCounters,
    changes: Vec<Change>,
    /// The number of changes that have ever begun.
    begun: u32,
    cuts: Vec<Barred>,
    clogs: Vec<Barred>,
    pinned: BTreeMap<MessageId, PinnedFate>,
    calm: Option<Calm>,
    is_plain: bool,
}

/// The offset of each decision among a message's draws: the draws of one decision never shift those of another.
mod draw {
    /// The distance between the draws of a message and those of the next on the same link's lane.
    pub(super) const APART: u64 = 16;
    pub(super) const DELAY: u64 = 0;
    pub(super) const LOSS: u64 = 4;
    pub(super) const DUPLICATE: u64 = 5;
    pub(super) const LAG: u64 = 6;
    pub(super) const REORDER: u64 = 7;
    pub(super) const CORRUPT: u64 = 9;
}

impl Links {
    pub(crate) fn new(
        seed: Seed,
        nodes: u32,
        lanes: &[&str],
        network: Network,
        pinned: BTreeMap<MessageId, PinnedFate>,
    ) -> Self {
        let key = seed.key("fate");
        let mut links = Self {
            lanes: lanes.iter().map(|lane| key.text(lane)).collect(),
            exceptions: network.links.iter().map(|link| ((link.from, link.to), link.link)).collect(),
            network,
            carried: MessageCounters::new(nodes, lanes.len()),
            changes: Vec::new(),
            begun: 0,
            cuts: Vec::new(),
            clogs: Vec::new(),
            pinned,
            calm: None,
            is_plain: false,
        };
        links.settle();
        links
    }

    /// Draws the fate of the next message on a link's lane; counts it in `touched` for each fault that changed it.
    #[inline(always)]
    pub(crate) fn fate(&mut self, to: NodeId, id: &MessageId, touched: &mut [u64]) -> Fate {
        let nth = self.carried.next(id.sender, to, id.lane);
        let draws = self.draws(to, id, nth);
        if self.is_plain {
            let Link { delay, loss, .. } = &self.network.link;
            return Fate::Single(draws.passage(*delay, *loss));
        }
        self.altered_fate(nth, to, id, touched)
    }

    #[inline(always)]
    fn draws(&self, to: NodeId, id: &MessageId, nth: u32) -> Fortune {
        let ends = (id.sender.index() as u64) << 32 | to.index() as u64;
        let key = self.lanes[id.lane.index()].with(ends);
        Fortune { key, first: u64::from(nth) * draw::APART }
    }

    fn base(&self, from: NodeId, to: NodeId) -> Link {
        *self.exceptions.get(&(from, to)).unwrap_or(&self.network.link)
    }

    /// Updates whether all links only delay and lose messages, all with the same parameters.
    fn settle(&mut self) {
        let Self { exceptions, changes, pinned, calm, network, .. } = self;
        let everywhere = exceptions.is_empty() && changes.is_empty() && pinned.is_empty();
        self.is_plain = everywhere && calm.is_none() && !network.link.is_unruly();
    }

    #[cold]
    fn altered_fate(&mut self, nth: u32, to: NodeId, id: &MessageId, touched: &mut [u64]) -> Fate {
        let draws = self.draws(to, id, nth);
        let base = self.base(id.sender, to);
        let calm = self.is_calm(id.sender, to);
        let mut link = if calm { Link { delay: base.delay, ..Link::default() } } else { base };
        let mut causes: SmallVec<[(u32, Changed); 4]> = SmallVec::new();
        for change in self.changes.iter().filter(|change| !calm && within(&change.from, &change.to, id.sender, to)) {
            change.what.apply(&mut link);
            causes.push((change.fault, change.what));
        }
        let mut passages = all_passages(&link, draws);
        if calm {
            passages[0].delay = passages[0].delay.min(self.network.calm_delay);
        }
        if !causes.is_empty() {
            let without = all_passages(&base, draws);
            for (fault, what) in causes {
                let mut alone = base;
                what.apply(&mut alone);
                let had_a_hand = what.shows(&passages, &without) && what.shows(&all_passages(&alone, draws), &without);
                touched[fault as usize] += u64::from(had_a_hand);
            }
        }
        if let Some(pinned) = self.pinned.remove(id) {
            return Fate::Several(pin(pinned, passages[0].delay), Course::Fixed);
        }
        let plain = draws.delay(base.delay);
        let is_plain = calm || passages.iter().all(|passage| passage.delay == plain);
        let drawn = Drawn { nth, changes: self.begun };
        Fate::Several(passages, if is_plain { Course::Plain } else { Course::Altered(drawn) })
    }

    /// A copy's time under way, recomputed from the start with only those changes that applied to it and are still in
    /// force.
    pub(crate) fn delay_again(&self, id: &MessageId, to: NodeId, copy: u16, drawn: Drawn) -> Span {
        let draws = self.draws(to, id, drawn.nth);
        let mut link = self.base(id.sender, to);
        if self.is_calm(id.sender, to) {
            return draws.delay(link.delay).min(self.network.calm_delay);
        }
        let met = self.changes.iter().filter(|change| change.ordinal < drawn.changes);
        for change in met.filter(|change| within(&change.from, &change.to, id.sender, to)) {
            change.what.apply(&mut link);
        }
        let first = draws.first_delay(&link);
        if copy == 0 { first } else { first + draws.lag(&link) }
    }

    /// On a link that quiescence has healed, the maximum time under way of something with this delay.
    pub(crate) fn capped(&self, from: NodeId, to: NodeId, delay: Span) -> Option<Span> {
        self.is_calm(from, to).then(|| delay.min(self.network.calm_delay))
    }

    /// Whether quiescence has healed this link.
    #[inline]
    fn is_calm(&self, from: NodeId, to: NodeId) -> bool {
        self.calm.as_ref().is_some_and(|calm| calm.covers(from, to))
    }

    /// Whether no link is cut, has been cut, or is clogged.
    #[inline]
    pub(crate) const fn are_open(&self) -> bool {
        self.cuts.is_empty() && self.clogs.is_empty()
    }

    /// The fault that cuts a link now, or has cut it since `sent`.
    pub(crate) fn cut(&self, from: NodeId, to: NodeId, sent: Time) -> Option<u32> {
        let healed = self.calm.as_ref().filter(|calm| calm.covers(from, to)).map_or(Time::MAX, |calm| calm.since);
        self.cuts.iter().find(|cut| cut.until.min(healed) > sent && cut.links.holds(from, to)).map(|cut| cut.fault)
    }

    /// The fault that clogs a link now.
    pub(crate) fn clogged(&self, from: NodeId, to: NodeId) -> Option<u32> {
        let mut clogs = self.clogs.iter().filter(|_| !self.is_calm(from, to));
        clogs.find(|clog| clog.links.holds(from, to)).map(|clog| clog.fault)
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
        self.changes.push(Change { fault, ordinal: self.begun, from: bits(from), to: bits(to), what });
        self.begun += 1;
        self.settle();
    }

    /// The messages with a fixed fate that were not sent yet.
    pub(crate) fn unmet(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.pinned.keys().copied()
    }

    /// Ends what `fault` does, if it is in force. A cut remains recorded, because it affects messages that were sent
    /// before its end.
    pub(crate) fn end(&mut self, fault: u32, now: Time) {
        for cut in self.cuts.iter_mut().filter(|cut| cut.fault == fault && cut.until == Time::MAX) {
            cut.until = now;
        }
        self.clogs.retain(|clog| clog.fault != fault);
        self.changes.retain(|change| change.fault != fault);
        self.settle();
    }

    /// Ends every cut and clog; returns how many there were.
    pub(crate) fn heal(&mut self, now: Time) -> u64 {
        let mut healed = self.clogs.len() as u64;
        self.clogs.clear();
        for cut in self.cuts.iter_mut().filter(|cut| cut.until == Time::MAX) {
            cut.until = now;
            healed += 1;
        }
        healed
    }

    /// Ends every disturbance for good: of all links, or of those within the core.
    pub(crate) fn quiesce(&mut self, now: Time, core: Option<&FixedBitSet>) {
        self.calm = Some(Calm { since: now, core: core.cloned() });
        if core.is_none() {
            self.heal(now);
            self.changes.clear();
        }
        self.settle();
    }
}

/// The links that quiescence has healed.
#[derive(Clone, Debug)]
struct Calm {
    since: Time,
    /// The nodes between which they are; all, if none.
    core: Option<FixedBitSet>,
}

impl Calm {
    fn covers(&self, from: NodeId, to: NodeId) -> bool {
        self.core.as_ref().is_none_or(|core| core.contains(from.index()) && core.contains(to.index()))
    }
}

/// The draws of one message.
#[derive(Clone, Copy, Debug)]
struct Fortune {
    /// The key of the link's lane.
    key: Key,
    first: u64,
}

impl Fortune {
    #[inline]
    const fn of(self, decision: u64) -> Draws {
        self.key.draws_from(self.first + decision)
    }

    #[inline]
    fn happens(self, decision: u64, share: Share) -> bool {
        !share.is_none() && self.of(decision).happens(share)
    }

    /// The fate of the message on a link that only delays and loses.
    #[inline(always)]
    fn passage(self, delay: Delay, loss: Share) -> Passage {
        let delay = self.delay(delay);
        let luck = if self.happens(draw::LOSS, loss) { Luck::Lost } else { Luck::Whole };
        Passage { delay, luck }
    }

    #[inline(always)]
    fn delay(self, delay: Delay) -> Span {
        delay.sample(&mut self.of(draw::DELAY))
    }

    /// The delay of the first copy.
    fn first_delay(self, link: &Link) -> Span {
        let mut delay = self.delay(link.delay);
        if self.happens(draw::REORDER, link.reorder) {
            delay += self.of(draw::REORDER + 1).span(Span::ZERO, link.reorder_lag.0);
        }
        delay
    }

    /// The additional delay of the second copy, if there is one.
    fn lag(self, link: &Link) -> Span {
        self.of(draw::LAG).span(Span::ZERO, link.duplicate_lag.0)
    }
}

/// The fate of the message on a link with these draws: that of its first copy, and perhaps of a second.
fn all_passages(link: &Link, draws: Fortune) -> SmallVec<[Passage; 2]> {
    let luck = if draws.happens(draw::LOSS, link.loss) { Luck::Lost } else { Luck::Whole };
    let mut first = Passage { delay: draws.first_delay(link), luck };
    if draws.happens(draw::CORRUPT, link.corrupt) && first.luck == Luck::Whole {
        first.luck = Luck::Flipped(draws.of(draw::CORRUPT + 1).bits());
    }
    let mut passages = SmallVec::from_slice(&[first]);
    if draws.happens(draw::DUPLICATE, link.duplicate) {
        passages.push(Passage { delay: first.delay + draws.lag(link), luck: Luck::Whole });
    }
    passages
}

/// The passages of a message with a fixed fate.
fn pin(pinned: PinnedFate, delay: Span) -> SmallVec<[Passage; 2]> {
    let whole = |delay| Passage { delay, luck: Luck::Whole };
    match pinned {
        PinnedFate::Lost => SmallVec::from_slice(&[Passage { delay, luck: Luck::Lost }]),
        PinnedFate::Delay(delay) => SmallVec::from_slice(&[whole(delay)]),
        PinnedFate::Copies(count) => (1..=count.max(1)).map(|copy| whole(delay.times(u64::from(copy)))).collect(),
        PinnedFate::Again(later) => SmallVec::from_slice(&[whole(delay), whole(delay + later)]),
        PinnedFate::Flip(bit) => SmallVec::from_slice(&[Passage { delay, luck: Luck::Flipped(bit) }]),
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

    /// Whether the change affected the fate of a message.
    fn shows(self, with: &[Passage], without: &[Passage]) -> bool {
        let (now, then) = (&with[0], &without[0]);
        match self {
            Self::Delay(_) | Self::Reorder(_) => now.delay != then.delay,
            Self::Loss(_) => (now.luck == Luck::Lost) != (then.luck == Luck::Lost),
            Self::Duplicate(_) => with.len() != without.len(),
            Self::Corrupt(_) => now.luck != then.luck && matches!(now.luck, Luck::Flipped(_)),
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

/// The number of neighbours on each side that a node of a ring reaches, so that they and the node are a majority.
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

//! The agenda: what is still to happen, in its total order: by time, then receiver, sender, lane and number, never by
//! insertion.

use crate::identity::{ClientId, LaneId, MessageId, NodeId};
use crate::time::Time;

/// One entry of the agenda. Small and `Copy`: messages are stored in slots elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    time: u64,
    /// Receiver and sender.
    ends: u64,
    /// Lane, number and copy.
    order: u64,
    /// The slot of its message or timer.
    pub(crate) slot: u32,
    pub(crate) kind: Kind,
}

/// What happens. 32 bits wide, so that an [`Item`] has no padding, which would be copied byte by byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    Fault,
    FaultEnd,
    Quiesce,
    Deliver,
    /// Some bits of the message were flipped on its way.
    DeliverCorrupted,
    /// Some bits were flipped, and the result cannot be decoded.
    DeliverGarbage,
    /// The message does not arrive.
    Lose,
    Timer,
    Disk,
    Ask,
    Patience,
}

/// The values in the upper or lower half of `ends`: the environment, then nodes, then clients.
const NODES: u64 = 1;
const CLIENTS: u64 = 1 << 31;
const COPY_BITS: u32 = 12;
/// Greater than the number of any copy.
const COPY_MASK: u64 = (1 << COPY_BITS) - 1;
const NUMBER_BITS: u32 = 44;

impl Item {
    /// The beginning or end of a fault, or quiescence: before everything else at its instant, in the order of `place`.
    pub(crate) const fn environment(time: Time, kind: Kind, slot: u32, place: u64) -> Self {
        Self { time: time.as_nanos(), ends: 0, order: place, slot, kind }
    }

    /// The arrival of a copy of a message, or its loss, according to `kind`.
    #[inline]
    pub(crate) fn delivery(time: Time, id: MessageId, to: NodeId, copy: u16, kind: Kind, slot: u32) -> Self {
        let ends = ((to.index() as u64 + NODES) << 32) | (id.sender.index() as u64 + NODES);
        let order = lane_bits(id.lane) | (u64::from(id.number) << COPY_BITS) | u64::from(copy);
        Self { time: time.as_nanos(), ends, order, slot, kind }
    }

    /// A timer of a node: ordered as if the node had sent it to itself, after the message with its number that it did
    /// send.
    pub(crate) fn timer(time: Time, node: NodeId, lane: LaneId, number: u32, slot: u32) -> Self {
        let end = node.index() as u64 + NODES;
        let order = lane_bits(lane) | (u64::from(number) << COPY_BITS) | COPY_MASK;
        Self { time: time.as_nanos(), ends: (end << 32) | end, order, slot, kind: Kind::Timer }
    }

    /// The answer of a node's disk: before messages from other nodes.
    pub(crate) fn disk(time: Time, node: NodeId, boot: u32, sync: u32) -> Self {
        let ends = (node.index() as u64 + NODES) << 32;
        Self { time: time.as_nanos(), ends, order: u64::from(sync), slot: boot, kind: Kind::Disk }
    }

    /// An event of a client's own: an operation that is due, or a timeout.
    pub(crate) fn client(time: Time, client: ClientId, kind: Kind, slot: u32) -> Self {
        let ends = (client.index() as u64 + CLIENTS) << 32;
        let place = if matches!(kind, Kind::Ask) { 1 << 40 } else { 0 };
        Self { time: time.as_nanos(), ends, order: place | u64::from(slot), slot, kind }
    }

    pub(crate) const fn time(&self) -> Time {
        Time::from_nanos(self.time)
    }

    /// The node at which it happens.
    pub(crate) const fn node(&self) -> NodeId {
        NodeId::new(((self.ends >> 32) - NODES) as u32)
    }

    /// The sender of the message.
    #[inline]
    pub(crate) const fn sender(&self) -> NodeId {
        NodeId::new(((self.ends & 0xffff_ffff) - NODES) as u32)
    }

    /// The message that arrives.
    #[inline]
    pub(crate) const fn message(&self) -> MessageId {
        MessageId { sender: self.sender(), lane: self.lane(), number: self.number() }
    }

    /// The client at which it happens.
    pub(crate) const fn client_id(&self) -> ClientId {
        ClientId::new(((self.ends >> 32) - CLIENTS) as u32)
    }

    pub(crate) const fn lane(&self) -> LaneId {
        LaneId::new((self.order >> (NUMBER_BITS + COPY_BITS)) as u8)
    }

    /// The message's, timer's or sync's number.
    pub(crate) const fn number(&self) -> u32 {
        (self.order >> COPY_BITS) as u32
    }

    /// The number of the sync that a disk answers.
    pub(crate) const fn sync(&self) -> u32 {
        self.order as u32
    }

    pub(crate) const fn copy(&self) -> u16 {
        (self.order & COPY_MASK) as u16
    }

    /// The same item at another time.
    pub(crate) const fn at(self, time: Time) -> Self {
        Self { time: time.as_nanos(), ..self }
    }

    /// Times are compared without a branch, because a branch predictor cannot predict the comparisons of a heap.
    #[inline(always)]
    fn before(&self, other: &Self) -> bool {
        if self.time == other.time {
            is_first_of_one_instant(self.ends, self.order, other.ends, other.order)
        } else {
            self.time < other.time
        }
    }
}

/// By value and apart: an item whose address is taken lies in memory, where it costs 5 ns to write and to read again.
#[cold]
#[inline(never)]
const fn is_first_of_one_instant(ends: u64, order: u64, other_ends: u64, other_order: u64) -> bool {
    ends < other_ends || (ends == other_ends && order < other_order)
}

const fn lane_bits(lane: LaneId) -> u64 {
    (lane.index() as u64) << (NUMBER_BITS + COPY_BITS)
}

/// A heap in which each node has four children. Removing the first item sinks the hole to a leaf along the least
/// children and lets the last item rise into it (bottom-up heapsort; Wegener 1993), which saves the comparison with an
/// item that belongs at the bottom anyway.
///
/// Siblings share a [`Group`]. The places behind the last item hold [`NEVER`], so that the least of four is found
/// without a branch, even at the bottom.
#[derive(Clone, Debug)]
pub(crate) struct Agenda {
    groups: Vec<Group>,
    /// The place behind the last item.
    end: usize,
}

/// Four siblings, in exactly two cache lines.
#[derive(Clone, Copy, Debug)]
#[repr(align(128))]
struct Group([Item; ARITY]);

impl Group {
    /// The index of the first of the four. The lesser times of two pairs are compared as values: reading them again
    /// from the place that was found would cost one more memory access per level of the heap.
    #[inline(always)]
    fn least(&self) -> usize {
        let Self([a, b, c, d]) = self;
        let (left, right) = (usize::from(b.before(a)), 2 + usize::from(d.before(c)));
        let (left_time, right_time) = (a.time.min(b.time), c.time.min(d.time));
        let is_right =
            if left_time == right_time { self.0[right].before(&self.0[left]) } else { right_time < left_time };
        if is_right { right } else { left }
    }
}

const ARITY: usize = 4;
/// The first item is the last one of its group, so that its children begin the next group.
const ROOT: usize = ARITY - 1;
/// After every item.
const NEVER: Item = Item { time: u64::MAX, ends: u64::MAX, order: u64::MAX, slot: 0, kind: Kind::Quiesce };
const NEVERS: Group = Group([NEVER; ARITY]);

impl Default for Agenda {
    fn default() -> Self {
        Self { groups: vec![NEVERS; 2], end: ROOT }
    }
}

impl Agenda {
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.end - ROOT
    }

    /// All items, in no meaningful order, except that early items tend to come early.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Item> {
        (ROOT..self.end).map(|place| &self.groups[place / ARITY].0[place % ARITY])
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, item: Item) {
        let place = self.end;
        if place == self.groups.len() * ARITY {
            self.grow();
        }
        self.end += 1;
        self.rise(place, item);
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<Item> {
        if self.end == ROOT {
            return None;
        }
        let first = *self.at(ROOT);
        self.end -= 1;
        let last = std::mem::replace(self.at(self.end), NEVER);
        if self.end > ROOT {
            let hole = self.sink();
            self.rise(hole, last);
        }
        Some(first)
    }

    /// Gives each item the time that `when` returns.
    #[cold]
    pub(crate) fn reschedule(&mut self, mut when: impl FnMut(&Item) -> Time) {
        let Self { groups, end } = std::mem::take(self);
        for item in groups.iter().flat_map(|group| &group.0).take(end).skip(ROOT) {
            self.push(item.at(when(item)));
        }
    }

    #[cold]
    fn grow(&mut self) {
        self.groups.push(NEVERS);
    }

    #[inline]
    fn at(&mut self, place: usize) -> &mut Item {
        &mut self.groups[place / ARITY].0[place % ARITY]
    }

    /// Moves the least children up along a path from the root; returns the free place at its end.
    #[inline(always)]
    fn sink(&mut self) -> usize {
        let mut hole = ROOT;
        loop {
            let children = hole - (ROOT - 1);
            if children * ARITY >= self.end {
                return hole;
            }
            let group = &self.groups[children];
            let least = group.least();
            *self.at(hole) = group.0[least];
            hole = children * ARITY + least;
        }
    }

    #[inline(always)]
    fn rise(&mut self, mut hole: usize, item: Item) {
        while hole > ROOT {
            let parent = hole / ARITY + (ROOT - 1);
            let above = *self.at(parent);
            if !item.before(&above) {
                break;
            }
            *self.at(hole) = above;
            hole = parent;
        }
        *self.at(hole) = item;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};

    #[test]
    fn items_come_in_their_order_however_they_were_put_in() {
        let mut draws = Seed(1).key("agenda").draws();
        for size in [0, 1, 2, 3, 5, 6, 100, 5_000] {
            let mut items: Vec<Item> = (0..size)
                .map(|n| {
                    let time = Time::from_nanos(draws.below(50));
                    let node = |draws: &mut crate::chance::Draws| NodeId::new(draws.below(9) as u32);
                    let (to, from) = (node(&mut draws), node(&mut draws));
                    let id = MessageId { sender: from, lane: LaneId::new(draws.below(3) as u8), number: n };
                    Item::delivery(time, id, to, 0, Kind::Deliver, n)
                })
                .collect();
            let mut agenda = Agenda::default();
            for item in &items {
                agenda.push(*item);
            }
            items.sort_by_key(|item| (item.time, item.node(), item.sender(), item.lane(), item.number()));
            assert_eq!(agenda.len(), items.len());
            let popped: Vec<Item> = std::iter::from_fn(|| agenda.pop()).collect();
            assert_eq!(popped, items);
        }
    }

    #[test]
    fn what_is_rescheduled_comes_in_its_new_order() {
        let item = |n: u32| Item::disk(Time::from_nanos(u64::from(n)), NodeId::new(n % 3), 1, n);
        let late = |item: &Item| Time::from_nanos(item.time % 7);
        let mut agenda = Agenda::default();
        (0..100).for_each(|n| agenda.push(item(n)));
        agenda.reschedule(late);
        let mut items: Vec<Item> = (0..100).map(|n| item(n).at(late(&item(n)))).collect();
        items.sort_by_key(|item| (item.time, item.ends, item.order));
        let popped: Vec<Item> = std::iter::from_fn(|| agenda.pop()).collect();
        assert_eq!(popped, items);
    }

    #[test]
    fn an_item_gives_back_what_it_was_made_of() {
        let (to, from) = (NodeId::new(999_999), NodeId::new(3));
        let id = MessageId { sender: from, lane: LaneId::new(9), number: 1_000_000 };
        let item = Item::delivery(Time::from_nanos(7), id, to, 2, Kind::Deliver, 5);
        assert_eq!((item.message(), item.node(), item.copy(), item.slot), (id, to, 2, 5));
        let client = Item::client(Time::ZERO, ClientId::new(4), Kind::Ask, 0);
        assert_eq!(client.client_id(), ClientId::new(4));
    }

    #[test]
    fn at_one_instant_faults_act_first_and_the_disk_answers_before_messages_arrive() {
        let node = NodeId::new(0);
        let mut agenda = Agenda::default();
        let id = MessageId { sender: node, lane: LaneId::new(0), number: 1 };
        let delivery = Item::delivery(Time::ZERO, id, node, 0, Kind::Deliver, 0);
        let disk = Item::disk(Time::ZERO, node, 1, 9);
        let fault = Item::environment(Time::ZERO, Kind::Fault, 0, 7);
        let ask = Item::client(Time::ZERO, ClientId::new(0), Kind::Ask, 0);
        for item in [ask, delivery, disk, fault] {
            agenda.push(item);
        }
        let order: Vec<Kind> = std::iter::from_fn(|| agenda.pop()).map(|item| item.kind).collect();
        assert_eq!(order, [Kind::Fault, Kind::Disk, Kind::Deliver, Kind::Ask]);
    }
}

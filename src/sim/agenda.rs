//! What is to happen, in its total order: by time, then receiver, sender, lane and number, never by insertion.

use crate::identity::{ClientId, LaneId, NodeId};
use crate::time::Time;

/// One thing to happen. Small and `Copy`: messages lie elsewhere, in slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    time: u64,
    /// Receiver and sender.
    ends: u64,
    /// Lane, number and copy.
    order: u64,
    /// Where its message or timer lies.
    pub(crate) slot: u32,
    pub(crate) kind: Kind,
}

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Fault,
    FaultEnd,
    Calm,
    Deliver,
    Timer,
    Disk,
    Ask,
    Patience,
}

/// In the upper or lower half of `ends`: the environment, then nodes, then clients.
const NODES: u64 = 1;
const CLIENTS: u64 = 1 << 31;
const COPY_BITS: u32 = 12;
const NUMBER_BITS: u32 = 44;

impl Item {
    /// A fault's beginning or end, or the calm: before all else of its instant, in the order of `place`.
    pub(crate) const fn environment(time: Time, kind: Kind, slot: u32, place: u64) -> Self {
        Self { time: time.as_nanos(), ends: 0, order: place, slot, kind }
    }

    /// The arrival of a copy of a message.
    pub(crate) fn delivery(
        time: Time,
        to: NodeId,
        from: NodeId,
        lane: LaneId,
        number: u32,
        copy: u16,
        slot: u32,
    ) -> Self {
        let ends = ((to.index() as u64 + NODES) << 32) | (from.index() as u64 + NODES);
        let order = (lane_bits(lane)) | (u64::from(number) << COPY_BITS) | u64::from(copy);
        Self { time: time.as_nanos(), ends, order, slot, kind: Kind::Deliver }
    }

    /// A timer of a node: as if the node had sent it to itself.
    pub(crate) fn timer(time: Time, node: NodeId, lane: LaneId, number: u64, slot: u32) -> Self {
        let end = node.index() as u64 + NODES;
        let order = lane_bits(lane) | (number << COPY_BITS & ((1 << (NUMBER_BITS + COPY_BITS)) - 1));
        Self { time: time.as_nanos(), ends: (end << 32) | end, order, slot, kind: Kind::Timer }
    }

    /// The answer of a node's disk: before what others send it.
    pub(crate) fn disk(time: Time, node: NodeId, boot: u32, sync: u32) -> Self {
        let ends = (node.index() as u64 + NODES) << 32;
        Self { time: time.as_nanos(), ends, order: u64::from(sync), slot: boot, kind: Kind::Disk }
    }

    /// Something that a client does by itself.
    pub(crate) fn client(time: Time, client: ClientId, kind: Kind, slot: u32) -> Self {
        let ends = (client.index() as u64 + CLIENTS) << 32;
        let place = if matches!(kind, Kind::Ask) { 1 << 40 } else { 0 };
        Self { time: time.as_nanos(), ends, order: place | u64::from(slot), slot, kind }
    }

    pub(crate) const fn time(&self) -> Time {
        Time::from_nanos(self.time)
    }

    /// The node that it happens to.
    pub(crate) const fn node(&self) -> NodeId {
        NodeId::new(((self.ends >> 32) - NODES) as u32)
    }

    /// The node that sent it.
    pub(crate) const fn sender(&self) -> NodeId {
        NodeId::new(((self.ends & 0xffff_ffff) - NODES) as u32)
    }

    /// The client that it happens to.
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
        (self.order & ((1 << COPY_BITS) - 1)) as u16
    }

    /// The same thing at another time.
    pub(crate) const fn at(self, time: Time) -> Self {
        Self { time: time.as_nanos(), ..self }
    }

    /// Without branches: the comparisons of a heap are coin tosses to a branch predictor.
    #[inline]
    const fn before(&self, other: &Self) -> bool {
        let mine = ((self.time as u128) << 64) | self.ends as u128;
        let theirs = ((other.time as u128) << 64) | other.ends as u128;
        (mine < theirs) | ((mine == theirs) & (self.order < other.order))
    }
}

fn lane_bits(lane: LaneId) -> u64 {
    (lane.index() as u64) << (NUMBER_BITS + COPY_BITS)
}

/// A heap of four children a node. Taking the first sinks the hole to a leaf along the least children and lets the last
/// item rise into it (bottom-up heapsort; Wegener 1993), which saves the comparison with an item that belongs at the
/// bottom anyway.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    heap: Vec<Item>,
}

const ARITY: usize = 4;

impl Agenda {
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, item: Item) {
        self.heap.push(item);
        self.rise(self.heap.len() - 1, item);
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Item> {
        let last = self.heap.pop()?;
        let Some(&first) = self.heap.first() else {
            return Some(last);
        };
        let hole = self.sink();
        self.rise(hole, last);
        Some(first)
    }

    /// Moves the least children up along a path from the root; the place at its end is free.
    #[inline]
    fn sink(&mut self) -> usize {
        let heap = self.heap.as_mut_slice();
        let mut hole = 0;
        loop {
            let first = hole * ARITY + 1;
            let least = match heap.get(first..first + ARITY) {
                Some(children) => {
                    let left = usize::from(children[1].before(&children[0]));
                    let right = 2 + usize::from(children[3].before(&children[2]));
                    first + if children[right].before(&children[left]) { right } else { left }
                }
                None => match (first..heap.len()).reduce(|a, b| if heap[b].before(&heap[a]) { b } else { a }) {
                    Some(least) => least,
                    None => return hole,
                },
            };
            heap[hole] = heap[least];
            hole = least;
        }
    }

    #[inline]
    fn rise(&mut self, mut hole: usize, item: Item) {
        let heap = self.heap.as_mut_slice();
        while hole > 0 {
            let parent = (hole - 1) / ARITY;
            if !item.before(&heap[parent]) {
                break;
            }
            heap[hole] = heap[parent];
            hole = parent;
        }
        heap[hole] = item;
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
                    Item::delivery(time, to, from, LaneId::new(draws.below(3) as u8), n, 0, n)
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
    fn an_item_gives_back_what_it_was_made_of() {
        let (to, from) = (NodeId::new(999_999), NodeId::new(3));
        let item = Item::delivery(Time::from_nanos(7), to, from, LaneId::new(9), 1_000_000, 2, 5);
        assert_eq!((item.node(), item.sender(), item.lane()), (to, from, LaneId::new(9)));
        assert_eq!((item.number(), item.copy(), item.slot), (1_000_000, 2, 5));
        let client = Item::client(Time::ZERO, ClientId::new(4), Kind::Ask, 0);
        assert_eq!(client.client_id(), ClientId::new(4));
    }

    #[test]
    fn at_one_instant_faults_act_first_and_the_disk_answers_before_messages_arrive() {
        let node = NodeId::new(0);
        let mut agenda = Agenda::default();
        let delivery = Item::delivery(Time::ZERO, node, node, LaneId::new(0), 1, 0, 0);
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

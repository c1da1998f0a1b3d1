//! A timed run is a path of the exploration: step by step, with the same records.

mod locks;
mod paths;
mod steady;
mod symmetry_classes;

use crate::identity::{Boot, LaneId, MessageId, NodeId};
use crate::network::Discipline;
use crate::process::Lane as _;
use crate::sim::explore::state::{Flight, queued};
use steady::{Message, Steady};

/// The `number`-th bell from the first node to another one.
fn bell(number: u32, to: u32) -> Flight<Message> {
    let from = NodeId::new(0);
    let message = Message::Bell { from, boot: Boot::new(1), number };
    let id = MessageId { sender: from, lane: message.lane(), number };
    Flight::new(id, NodeId::new(to), 0, message)
}

#[test]
fn the_order_in_a_queue_counts_and_that_between_two_does_not() {
    assert_eq!(bell(1, 1).id.lane, LaneId::new(1));
    let fingerprint =
        |flights: &[Flight<Message>]| queued::<Steady>(flights.iter(), &[Discipline::Datagram, Discipline::Fifo]);
    assert_ne!(fingerprint(&[bell(1, 1), bell(2, 1)]), fingerprint(&[bell(2, 1), bell(1, 1)]));
    assert_eq!(fingerprint(&[bell(1, 1), bell(2, 2)]), fingerprint(&[bell(2, 2), bell(1, 1)]));
}

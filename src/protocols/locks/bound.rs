//! How long the lock manager may take after quiescence.

use crate::protocols::{Bound, Load};
use crate::subject::{Turn, World};
use crate::time::Span;

/// The number of messages between any two nodes for one request, its grant and its end: the request, the answer, and
/// both again when a peer restarts.
const MESSAGES: u64 = 4;

/// Until every open operation has ended, if the channel delivers waiting payloads in no time. In the worst case all
/// clients want the same lock, one after another. An operation goes to a node, from there to another node and back,
/// with a sync on each; no more than that lies between the end of one grant and the start of the next.
pub(super) fn bound(load: &Load, world: &World) -> Bound {
    let operation = world.round_trip();
    let written = (0..world.written).map(|_| Turn { hold: Span::ZERO, operations: 1 });
    let turns = load.turns.iter().copied().chain(written);
    let ended = turns.fold(Span::ZERO, |all, turn| all + turn.hold + operation.times(turn.operations + 2));
    Bound { payloads: MESSAGES * world.open(), ended: world.late + world.timeout + ended, ..Bound::default() }
}

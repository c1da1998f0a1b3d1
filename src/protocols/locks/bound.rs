//! How long the lock manager may take after quiescence.

use crate::subject::World;
use crate::time::Span;

/// What one client may do at the worst with what it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How long it holds it, without the answers that it waits for meanwhile.
    pub hold: Span,
    /// How many operations it waits for meanwhile.
    pub operations: u64,
}

/// How many messages one request, its grant and its end make between any two nodes: the request, the answer, and both
/// once more where a peer is born again.
pub const MESSAGES: u64 = 4;

/// Until all that is open has come to an end, where the channel delivers in no time what waits for it. At the worst all
/// clients want the same, so that one has it after another. An operation goes to a node, from there to another and back,
/// with a sync on each; from the end of one grant to the beginning of the next it is no more.
#[must_use]
pub fn bound(turns: impl Iterator<Item = Turn>, world: &World) -> Span {
    let operation = world.round_trip();
    turns.fold(Span::ZERO, |all, turn| all + turn.hold + operation.times(turn.operations + 2))
}

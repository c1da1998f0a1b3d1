//! How long causal broadcast may take after quiescence.

use super::messages::Command;
use super::outbox::Pace;
use crate::process::{ClientPlan, Script};
use crate::subject::{Setup, World};
use crate::time::Span;

/// Until every broadcast is delivered, and until nothing is sent any more.
pub(super) struct Bound {
    pub(super) delivered: Span,
    pub(super) quiet: Span,
}

/// What was lost, or fell to a node that was down, is asked again when a client's patience or an origin's has run out;
/// nothing is lost any more then. At the worst a node lacks all that was ever asked: it comes in windows, each of which
/// takes a round trip, and each broadcast takes a sync at its origin and one where it is delivered, one after another.
/// A window may be put off once more by a silent peer's patience, which has begun to grow before.
pub(super) fn bound(pace: Pace, setup: &Setup, clients: &[ClientPlan<Script<Command>>], world: &World) -> Bound {
    let asked: u64 = clients.iter().map(|client| client.machine.rest().len() as u64).sum();
    let broadcasts = asked + world.written;
    let patience = world.timer(pace.cap + pace.cap.divided_by(4));
    let windows = broadcasts.div_ceil(pace.window) + 4;
    let syncs = 2 * (broadcasts + u64::from(setup.nodes()));
    let delivered =
        world.late + world.timeout + patience.times(2) + world.round_trip().times(windows) + world.sync.times(syncs);
    Bound { delivered, quiet: delivered + patience + world.round_trip().times(2) }
}

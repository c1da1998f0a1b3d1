//! How long the codex node may take after quiescence: the bounds of its protocols, together.

use super::client::Client;
use super::spec::Settings;
use crate::check;
use crate::process::ClientPlan;
use crate::protocols::consensus;
use crate::protocols::locks::{self, Turn};
use crate::subject::World;
use crate::time::Span;

/// By when what each liveness claim waits for must have come. Where both the lock manager and consensus run, they share
/// disks, so that each may hold up the other by all that it takes itself.
pub(super) fn bounds(settings: &Settings, clients: &[ClientPlan<Client>], world: &World) -> Vec<(&'static str, Span)> {
    let Settings { channel, locks, consensus } = settings;
    let (mut ended, mut quiet) = (Span::ZERO, Span::ZERO);
    if locks.is_some() {
        ended += world.late + world.timeout;
        ended += channel.delivers_within(locks::MESSAGES * (world.clients + world.written), world);
        ended += locks::bound(turns(clients, world), world);
        quiet += channel.quiet_within(world);
    }
    let mut bounds = Vec::new();
    if let Some(settings) = consensus {
        let bound = consensus::bound(settings, world.clients + world.written, world);
        bounds.push((check::DURABILITY.name, ended + bound.applied));
        ended += bound.answered;
        quiet += bound.quiet - bound.answered;
    }
    bounds.extend([(check::TERMINATION.name, ended), (check::QUIET.name, ended + quiet)]);
    bounds
}

/// What each client may do with a grant that it waits for at quiescence, and each written operation.
fn turns(clients: &[ClientPlan<Client>], world: &World) -> impl Iterator<Item = Turn> {
    let written = (0..world.written).map(|_| Turn { hold: Span::ZERO, operations: 1 });
    clients.iter().filter_map(|client| client.machine.longest_turn()).chain(written)
}

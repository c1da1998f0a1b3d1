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
        ended += channel.delivers_within(locks::MESSAGES * world.open(), world);
        ended += locks::bound(turns(clients, world), world);
        quiet += channel.quiet_within(world);
    }
    let mut bounds = Vec::new();
    if let Some(settings) = consensus {
        let bound = consensus::bound(settings, world.open(), world);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Seed;
    use crate::node::Message;
    use crate::process::Lane as _;
    use crate::run::{self, Keep};
    use crate::scenario;
    use crate::trace::{Body, Event};

    #[test]
    fn the_labels_of_periodic_messages_are_those_of_the_messages_that_are() {
        let codex = run::codex();
        let file = scenario::load("consensus-storm", &[codex.profile]).expect("it is built in");
        let outcome = codex.run(&file.resolve(Seed(0)).expect("nothing clashes"), Keep::Trace);
        let trace = outcome.trace.expect("it was kept");
        let mut seen = [0, 0];
        for record in trace.raw_records() {
            let Event::Send { said, .. } = &record.event else { continue };
            let Body::Encoded(bytes) = &said.body else { panic!("it was recorded live") };
            let message: Message = crate::encoding::read(bytes).expect("a message");
            let label = crate::trace::label_of(&message);
            let is_periodic = consensus::PERIODIC.iter().any(|periodic| label.is(periodic));
            assert_eq!(message.is_periodic(), is_periodic, "{label}");
            seen[usize::from(is_periodic)] += 1;
        }
        assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
    }
}

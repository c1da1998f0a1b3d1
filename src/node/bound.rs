//! How long the codex node may take after quiescence: the bounds of its protocols, together.

use super::hosted::{Client, Settings};
use crate::check;
use crate::process::ClientPlan;
use crate::protocols::replica::PreloadSettings;
use crate::protocols::{Bound, Load, Written};
use crate::subject::World;
use crate::time::Span;

/// A version of a scripted operation takes about so many bytes.
const VERSION: u64 = 1_024;

/// The bound of each liveness claim. Protocols share disks, so each may delay every other by all the time that it takes
/// itself.
pub(super) fn bounds(settings: &Settings, clients: &[ClientPlan<Client>], world: &World) -> Vec<(&'static str, Span)> {
    let scripted = Written { versions: world.written, bytes: world.written * VERSION };
    let preload = settings.replica.as_ref().and_then(|replica| replica.preload.as_ref());
    let preloaded = preload.map(PreloadSettings::written).unwrap_or_default();
    let load = Load {
        turns: clients.iter().filter_map(|client| client.machine.longest_turn()).collect(),
        written: clients.iter().map(|client| client.machine.written()).fold(scripted, Written::and).and(preloaded),
        quieted: Span::ZERO,
    };
    let all = settings.bounds(load, world);
    let payloads: u64 = all.iter().map(|bound| bound.payloads).sum();
    let (mut ended, mut quiet) = (Span::ZERO, Span::ZERO);
    if settings.carries() {
        ended += settings.channel.delivers_within(payloads, world);
        quiet += settings.channel.quiet_within(world);
    }
    let mut bounds = Vec::new();
    for Bound { payloads: _, ended: own, claims, quiet: more } in all {
        bounds.extend(claims.into_iter().map(|(claim, own)| (claim, ended + own)));
        ended += own;
        quiet += more;
    }
    bounds.extend([(check::TERMINATION.name, ended), (check::QUIET.name, ended + quiet)]);
    bounds
}

#[cfg(test)]
mod tests {
    use super::super::{Body, hosted};
    use crate::chance::Seed;
    use crate::process::Lane as _;
    use crate::protocols::Datagram;
    use crate::run::{self, Keep};
    use crate::scenario;
    use crate::trace::{self, Event};

    #[test]
    fn the_labels_of_periodic_messages_are_those_of_the_messages_that_are() {
        let codex = run::codex();
        let file = scenario::load("consensus-storm", &[codex.profile]).expect("it is built in");
        let outcome = codex.run(&file.resolve(Seed(0)).expect("nothing clashes"), Keep::Trace);
        let trace = outcome.trace.expect("it was kept");
        let mut seen = [0, 0];
        for record in trace.raw_records() {
            let Event::Send { said, .. } = &record.event else { continue };
            let trace::Body::Encoded(bytes) = &said.body else { panic!("it was recorded live") };
            let message: Datagram<Body> = crate::encoding::read(bytes).expect("a message");
            let label = trace::label_of(&message);
            let periodic = hosted::ROWS.iter().flat_map(|row| row.periodic);
            let is_periodic = periodic.into_iter().any(|periodic| label.is(periodic));
            assert_eq!(message.is_periodic(), is_periodic, "{label}");
            seen[usize::from(is_periodic)] += 1;
        }
        assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
    }
}

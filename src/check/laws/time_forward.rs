//! `time-forward`: the trace's time never goes back, and no record's name is given twice.

use crate::check::numbers::{Numbers, Put};
use crate::check::slots::Slots;
use crate::check::{Checker, broken};
use crate::identity::{Actor, EventId};
use crate::time::Time;
use crate::trace::{Record, Verdict, Violation};

/// Says that there is no time travel: times never decrease along the trace, and every actor counts its own records
/// from 1, giving no number twice. Exercised by every record.
///
/// Numbers of one node may come out of order, since effects wait for the disk.
#[derive(Clone, Debug, Default)]
pub struct TimeForward {
    last: Option<(Time, EventId)>,
    environment: Numbers,
    nodes: Slots<Numbers>,
    clients: Slots<Numbers>,
    records: u64,
}

impl TimeForward {
    fn numbers(&mut self, actor: Actor) -> &mut Numbers {
        match actor {
            Actor::Environment => &mut self.environment,
            Actor::Node(node) => self.nodes.at(node.index()),
            Actor::Client(client) => self.clients.at(client.index()),
        }
    }
}

impl<F> Checker<F> for TimeForward {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        if let Some((time, before)) = self.last
            && record.time < time
        {
            let sentence = format!("{} at {} stands after {before} at {time}", record.id, record.time);
            return Err(broken(record, sentence, &[record.id, before]));
        }
        self.last = Some((record.time, record.id));
        self.records += 1;
        let numbers = self.numbers(record.id.actor);
        let sentence = match numbers.put(record.id.number) {
            Put::New => return Ok(()),
            Put::Again if record.id.number == 0 => format!("{} has the number 0; numbers count from 1", record.id),
            Put::Again => format!("two records are named {}", record.id),
            Put::TooFar => {
                let actor = record.id.actor;
                format!("{} is far ahead of {actor}#{}, which is missing", record.id, numbers.missing())
            }
        };
        Err(broken(record, sentence, &[record.id]))
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::Holds { exercised: self.records }
    }
}

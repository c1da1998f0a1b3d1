//! `time-forward`: time never decreases in the trace, and no record's id occurs twice.

use crate::check::number_set::{Insertion, NumberSet};
use crate::check::slots::Slots;
use crate::check::{Checker, End, Shown, broken};
use crate::identity::{Actor, EventId};
use crate::time::Time;
use crate::trace::{Verdict, Violation};

/// Checks that times never decrease along the trace, and that every actor numbers its own records from 1, each number
/// once. Exercised by every record.
///
/// The numbers of one node may be out of order, because effects wait for the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TimeForward {
    last: Option<(Time, EventId)>,
    environment: NumberSet,
    nodes: Slots<NumberSet>,
    clients: Slots<NumberSet>,
    records: u64,
}

impl TimeForward {
    fn numbers(&mut self, actor: Actor) -> &mut NumberSet {
        match actor {
            Actor::Environment => &mut self.environment,
            Actor::Node(node) => self.nodes.at(node.index()),
            Actor::Client(client) => self.clients.at(client.index()),
        }
    }
}

impl<F> Checker<F> for TimeForward {
    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        if let Some((time, before)) = self.last
            && record.time < time
        {
            let sentence = format!("{} at {}ms stands after {before} at {time}ms", record.id, record.time);
            return Err(broken(record, sentence, &[record.id, before]));
        }
        self.last = Some((record.time, record.id));
        self.records += 1;
        let numbers = self.numbers(record.id.actor);
        let sentence = match numbers.insert(record.id.number) {
            Insertion::New => return Ok(()),
            Insertion::Again if record.id.number == 0 => {
                format!("{} has the number 0; numbers count from 1", record.id)
            }
            Insertion::Again => format!("two records are named {}", record.id),
            Insertion::TooFar => {
                let actor = record.id.actor;
                format!("{} is far ahead of {actor}#{}, which is missing", record.id, numbers.missing())
            }
        };
        Err(broken(record, sentence, &[record.id]))
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::Holds { exercised: self.records }
    }
}

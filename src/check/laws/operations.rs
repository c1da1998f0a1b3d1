//! `operations`: a client's operation is invoked once, and ends at most once.

use smallvec::SmallVec;

use crate::check::ledger::{Known, Ledger};
use crate::check::slots::Slots;
use crate::check::{Checker, End, Shown, broken};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that a client invokes an operation once, retries it with attempts 2, 3, … while it is open, and that it ends
/// at most once: returned, after a node has replied to it, or given up; that only the invoking client ends it; and that
/// nodes handle only operations that were sent to them, and answer only operations that were invoked. Exercised by
/// operations.
///
/// A node may handle or answer an operation after its end: a retry may be late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Operations {
    clients: Slots<Ledger<Open>>,
    operations: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Open {
    /// The number of the event that invoked it.
    invoked: u32,
    attempts: u32,
    /// The nodes that were asked.
    asked: SmallVec<[NodeId; 2]>,
    replied: bool,
}

/// A client's event of an open operation.
enum Turn {
    Retry(u32, NodeId),
    Return,
    GiveUp,
}

impl Operations {
    fn invoke(&mut self, record: &Record<'_>, op: OpId, to: NodeId) -> Result<(), Violation> {
        by_its_client(record, op)?;
        self.operations += 1;
        let open = Open { invoked: record.id.number, attempts: 1, asked: SmallVec::from_elem(to, 1), replied: false };
        if self.clients.at(op.client.index()).open(op.number, open) {
            return Ok(());
        }
        Err(broken(record, format!("{} invokes {op}, which had been invoked before", record.id), &[record.id]))
    }

    fn turn(&mut self, record: &Record<'_>, op: OpId, turn: &Turn) -> Result<(), Violation> {
        by_its_client(record, op)?;
        let ledger = self.clients.at(op.client.index());
        let verb = match turn {
            Turn::Retry(..) => "retries",
            Turn::Return => "returns",
            Turn::GiveUp => "gives up",
        };
        let open = match ledger.get(op.number) {
            Known::Live(open) => open,
            Known::No => return refuse(record, format!("{verb} {op}, which was never invoked"), None),
            Known::Ended => return refuse(record, format!("{verb} {op}, which had ended"), None),
        };
        let invoked = Some(EventId { actor: record.id.actor, number: open.invoked });
        match *turn {
            Turn::Retry(attempt, _) if attempt != open.attempts + 1 => {
                let text = format!("counts attempt {attempt} of {op} after attempt {}", open.attempts);
                return refuse(record, text, invoked);
            }
            Turn::Retry(attempt, to) => {
                open.attempts = attempt;
                if !open.asked.contains(&to) {
                    open.asked.push(to);
                }
            }
            Turn::Return if !open.replied => {
                return refuse(record, format!("returns {op}, to which no node has replied"), invoked);
            }
            Turn::Return | Turn::GiveUp => {
                ledger.end(op.number);
            }
        }
        Ok(())
    }

    fn at_node(&mut self, record: &Record<'_>, op: OpId, replied: bool) -> Result<(), Violation> {
        match self.clients.at(op.client.index()).get(op.number) {
            Known::Live(open) if replied => open.replied = true,
            Known::Live(open) => {
                if !open.asked.iter().any(|node| record.id.actor == Actor::Node(*node)) {
                    let invoked = EventId { actor: Actor::Client(op.client), number: open.invoked };
                    return refuse(record, format!("handles {op}, which was asked of other nodes"), Some(invoked));
                }
            }
            Known::Ended => {}
            Known::No => {
                let verb = if replied { "answers" } else { "handles" };
                return refuse(record, format!("{verb} {op}, which was never invoked"), None);
            }
        }
        Ok(())
    }
}

fn by_its_client(record: &Record<'_>, op: OpId) -> Result<(), Violation> {
    if record.id.actor == Actor::Client(op.client) {
        return Ok(());
    }
    refuse(record, format!("speaks for {op}, which is another's"), None)
}

fn refuse(record: &Record<'_>, what: String, before: Option<EventId>) -> Result<(), Violation> {
    let witnesses: Vec<_> = [record.id].into_iter().chain(before).collect();
    Err(broken(record, format!("{} {what}", record.id), &witnesses))
}

impl<F> Checker<F> for Operations {
    const WANTS: Kinds = Kinds::INVOKED
        .with(Kinds::RETRIED)
        .with(Kinds::RETURNED)
        .with(Kinds::GAVE_UP)
        .with(Kinds::COMMAND)
        .with(Kinds::REPLY);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        match record.event {
            Event::Invoked { op, to, .. } => self.invoke(record, op, to),
            Event::Retried { op, to, attempt } => self.turn(record, op, &Turn::Retry(attempt, to)),
            Event::Returned { op, .. } => self.turn(record, op, &Turn::Return),
            Event::GaveUp { op } => self.turn(record, op, &Turn::GiveUp),
            Event::Command { op } => self.at_node(record, op, false),
            Event::Reply { op, .. } => self.at_node(record, op, true),
            Event::Start { .. }
            | Event::Receive { .. }
            | Event::Timer { .. }
            | Event::Synced { .. }
            | Event::Send { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Fact { .. }
            | Event::Dropped { .. }
            | Event::Lost { .. }
            | Event::Garbled { .. }
            | Event::Held { .. }
            | Event::Killed { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::IoError
            | Event::Damaged { .. }
            | Event::Panicked { .. }
            | Event::Fault { .. }
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Core { .. }
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => Ok(()),
        }
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::Holds { exercised: self.operations }
    }
}

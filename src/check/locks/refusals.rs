//! Checks that a node refuses its clients' calls only with a valid reason.

use super::Told;
use super::calls::Calls;
use super::gray;
use super::requests::{Live, Requests};
use crate::check::broken;
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{LockCall, LockRefusal, LockSeen, Resource};
use crate::trace::{Record, Violation};

/// The clients' calls, and the grants that their nodes hold for them.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Refusals {
    calls: Calls,
    requests: Requests,
}

impl Refusals {
    /// Processes a client's record.
    #[inline]
    pub(super) fn see(&mut self, record: &Record<'_>) {
        self.calls.see(record);
    }

    /// Processes a node's report.
    ///
    /// # Errors
    /// If it refuses something without a valid reason, or treats a request as withdrawn that it has granted.
    pub(super) fn hear(&mut self, record: &Record<'_>, told: &Told<'_>) -> Result<(), Violation> {
        match told {
            Told::Seen(node, LockSeen::Refused { op, reason: Some(reason) }) => {
                self.refused(record, *node, *op, *reason)?;
            }
            Told::Seen(node, LockSeen::Withdrawn { op }) => self.withdrawn(record, *node, *op)?,
            Told::Seen(..) | Told::Death(_) => {}
        }
        self.requests.see(told, record.id);
        Ok(())
    }

    fn refused(&self, record: &Record<'_>, node: NodeId, op: OpId, reason: LockRefusal) -> Result<(), Violation> {
        let Some((call, asked)) = self.calls.get(op) else { return Ok(()) };
        let reasons = self.reasons(node, op, call);
        if reasons.contains(&reason) {
            return Ok(());
        }
        let right = if reasons.is_empty() { "nothing".to_owned() } else { list(&reasons) };
        let sentence = format!("{node} refuses {op}: {}, where {right} speaks against it", list(&[reason]));
        let own = self.own(node, op).map(|live| *live.event);
        let witnesses: Vec<EventId> = [asked].into_iter().chain(own).chain([record.id]).collect();
        Err(broken(record, sentence, &witnesses))
    }

    /// A granted request can be released, and not withdrawn.
    fn withdrawn(&self, record: &Record<'_>, node: NodeId, op: OpId) -> Result<(), Violation> {
        let Some(granted) = self.requests.get(node, op).filter(|live| live.is_granted()) else { return Ok(()) };
        let sentence = format!("{node} takes {op} for withdrawn, which it has granted and not released");
        Err(broken(record, sentence, &[*granted.event, record.id]))
    }

    /// The valid reasons for refusing a call.
    fn reasons(&self, node: NodeId, op: OpId, call: &LockCall) -> Vec<LockRefusal> {
        match call {
            LockCall::Acquire { wanted, .. } => {
                if let Err(reasons) = gray::claims(wanted) {
                    return reasons;
                }
                let mut own = self.own(node, op).peekable();
                if own.peek().is_none() {
                    return Vec::new();
                }
                let named = |live: &Live| wanted.keys().any(|path| live.claims.mode(&Resource::new(path)).is_some());
                vec![if own.any(named) { LockRefusal::ConversionRefused } else { LockRefusal::AlreadyHolds }]
            }
            LockCall::Release { acquire } => {
                let held = self.requests.get(node, *acquire).is_some_and(Live::is_granted);
                not_held(held && acquire.client == op.client)
            }
            LockCall::Withdraw { acquire } => {
                not_held(self.requests.get(node, *acquire).is_some() && acquire.client == op.client)
            }
        }
    }

    /// The grants and waiting requests of an operation's client at its node.
    fn own(&self, node: NodeId, op: OpId) -> impl Iterator<Item = &Live> {
        self.requests.at(node).filter(move |(other, _)| other.client == op.client).map(|(_, live)| live)
    }
}

fn not_held(is_held: bool) -> Vec<LockRefusal> {
    (!is_held).then_some(LockRefusal::NotHeld).into_iter().collect()
}

fn list(reasons: &[LockRefusal]) -> String {
    let word = |reason: &LockRefusal| crate::encoding::variant_name(reason).to_owned();
    reasons.iter().map(word).collect::<Vec<_>>().join(" or ")
}

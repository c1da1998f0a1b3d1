//! Whether what a node refuses its clients is refused for a reason.

use std::hash::Hasher;

use super::Told;
use super::calls::Calls;
use super::gray;
use super::requests::{Live, Requests};
use crate::check::broken;
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{Access, LockCall, LockRefusal, LockSeen, LockStamp, Resource};
use crate::trace::{Event, Record, Violation};

/// What clients ask, and what their nodes hold for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals {
    calls: Calls,
    requests: Requests,
}

impl Refusals {
    /// Takes in what a client does.
    #[inline]
    pub(super) fn see(&mut self, record: &Record<'_>) {
        self.calls.see(record);
    }

    /// Takes in what a node tells.
    ///
    /// # Errors
    /// If it refuses something for a reason that is none, or takes for withdrawn what it has granted.
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
        let own = self.own(node, op).map(|live| live.event);
        let witnesses: Vec<EventId> = [asked].into_iter().chain(own).chain([record.id]).collect();
        Err(broken(record, sentence, &witnesses))
    }

    /// What is granted is released, and never withdrawn.
    fn withdrawn(&self, record: &Record<'_>, node: NodeId, op: OpId) -> Result<(), Violation> {
        let Some(granted) = self.requests.get(node, op).filter(|live| live.is_granted()) else { return Ok(()) };
        let sentence = format!("{node} takes {op} for withdrawn, which it has granted and not released");
        Err(broken(record, sentence, &[granted.event, record.id]))
    }

    /// Every reason for which a node may refuse a call.
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
            LockCall::Read { key, token } => self.not_covered(node, *token, key, Access::Read),
            LockCall::Write { key, token, .. } => self.not_covered(node, *token, key, Access::Write),
        }
    }

    /// What the client of an operation holds at its node, or waits for.
    fn own(&self, node: NodeId, op: OpId) -> impl Iterator<Item = &Live> {
        self.requests.at(node).filter(move |(other, _)| other.client == op.client).map(|(_, live)| live)
    }

    fn not_covered(&self, node: NodeId, token: LockStamp, key: &Resource, access: Access) -> Vec<LockRefusal> {
        let grant = self.requests.stamped(token).filter(|grant| grant.is_granted() && token.node == node);
        let lacks = grant.is_some_and(|grant| !gray::covers(&grant.claims, key, access));
        lacks.then_some(LockRefusal::NotCovered).into_iter().collect()
    }

    /// Writes what is remembered.
    pub(super) fn memory(&self, state: &mut dyn Hasher) {
        self.calls.memory(state);
        self.requests.memory(state);
    }

    /// Whether such an event of a client can change its memory.
    pub(super) const fn heeds(event: &Event<'_>) -> bool {
        Calls::heeds(event)
    }
}

fn not_held(is_held: bool) -> Vec<LockRefusal> {
    (!is_held).then_some(LockRefusal::NotHeld).into_iter().collect()
}

fn list(reasons: &[LockRefusal]) -> String {
    let word = |reason: &LockRefusal| crate::encoding::variant_name(reason).to_owned();
    reasons.iter().map(word).collect::<Vec<_>>().join(" or ")
}

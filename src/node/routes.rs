//! Where protocols meet: routes the outcomes of one protocol to others. No protocol knows another; only this file names
//! two of them.

use super::desk::Desk;
use super::hosted::{Hosted, Outcome, Reply, Shared};
use crate::codex::{Key, Refusal, StoreCommand, StoreReply};
use crate::identity::OpId;
use crate::observation::{Access, LockStamp, Resource};
use crate::protocols::consensus::ConsensusOutcome;
#[cfg(test)]
use crate::protocols::herald::{self, HeraldOutcome};

impl Hosted {
    /// Routes an outcome to the protocols that need it.
    #[cfg_attr(not(test), expect(unused_variables, clippy::unused_self, reason = "nobody hears of another yet"))]
    pub(super) fn route(&mut self, outcome: Outcome, desk: &mut Desk<'_, '_>) {
        match outcome {
            Outcome::Locks(never) => match never {},
            #[cfg(test)]
            Outcome::Consensus(outcome) if self.herald.is_some() => self.herald_hears(outcome, desk),
            Outcome::Consensus(
                ConsensusOutcome::Decreed { .. }
                | ConsensusOutcome::Installed { .. }
                | ConsensusOutcome::Answered { .. },
            ) => {}
            #[cfg(test)]
            Outcome::Ping(never) => match never {},
            #[cfg(test)]
            Outcome::Herald(HeraldOutcome::Wanted { op, word }) => {
                let (Some(herald), Some(consensus)) = (&mut self.herald, &mut self.consensus) else { return };
                herald.on_asked(op, consensus.decree(herald::write(&word), false, desk));
            }
        }
    }

    #[cfg(test)]
    fn herald_hears(&mut self, outcome: ConsensusOutcome, desk: &mut Desk<'_, '_>) {
        let Some(herald) = &mut self.herald else { return };
        match outcome {
            ConsensusOutcome::Decreed { writes, .. } => herald.on_decreed(&writes, desk),
            ConsensusOutcome::Answered { ticket, answer } => {
                herald.on_answered(ticket, matches!(answer, StoreReply::Done), desk);
            }
            ConsensusOutcome::Installed { .. } => {}
        }
    }

    /// A client sends an operation on a key, or opens a session: the protocol that owns the key answers.
    pub(super) fn on_store(
        &mut self,
        op: OpId,
        command: StoreCommand,
        shared: &mut Shared<'_>,
        desk: &mut Desk<'_, '_>,
    ) {
        if let Some(reason) = self.refusal(&command, shared) {
            return desk.ctx.reply(op, Reply::Store(StoreReply::Refused { reason }));
        }
        if let Some(consensus) = &mut self.consensus {
            consensus.on_store(op, command, desk);
        }
    }

    /// Why a command is refused before it reaches its owner: clients may not use a reserved key, and a token that this
    /// node's lock manager knows must cover the key.
    fn refusal(&self, command: &StoreCommand, shared: &Shared<'_>) -> Option<Refusal> {
        let (key, within) = command.target()?;
        if key.is_reserved() {
            return Some(Refusal::Reserved);
        }
        let access = if matches!(command, StoreCommand::Read { .. }) { Access::Read } else { Access::Write };
        let covers = self.covers(key, within.token?, access, shared);
        (covers == Some(false)).then_some(Refusal::NotCovered)
    }

    fn covers(&self, key: &Key, token: LockStamp, access: Access, shared: &Shared<'_>) -> Option<bool> {
        let path = shared.keyspaces.fenced_path(key)?;
        self.locks.as_ref()?.covers(token, &Resource::new(path), access)
    }
}

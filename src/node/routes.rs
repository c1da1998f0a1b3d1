//! Where protocols meet: routes the outcomes of one protocol to others. No protocol knows another; only this file names
//! two of them.

use super::desk::Desk;
use super::hosted::{Hosted, Outcome, Reply, Shared};
use crate::codex::{Key, Refusal, StoreCommand, StoreReply};
use crate::identity::OpId;
use crate::observation::{Access, LockStamp, Resource};
use crate::protocols::conflicts::ConflictOutcome;
use crate::protocols::consensus::{Consensus, ConsensusOutcome};
use crate::protocols::gossip::GossipOutcome;
#[cfg(test)]
use crate::protocols::herald::{self, HeraldOutcome};
use crate::protocols::sync::SyncOutcome;

impl Hosted {
    /// Routes an outcome to the protocols that need it.
    pub(super) fn route(&mut self, outcome: Outcome, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) {
        match outcome {
            Outcome::Locks(never) | Outcome::Replica(never) | Outcome::Transactions(never) => match never {},
            Outcome::Sync(SyncOutcome::Asked { op }) => {
                let log = self.consensus.as_deref().map(Consensus::standing);
                if let Some(sync) = &self.sync {
                    sync.tell_status(op, log, shared.replica(), desk);
                }
            }
            Outcome::Gossip(GossipOutcome::Differs { peer }) => {
                if let Some(sync) = &mut self.sync {
                    sync.begin(peer, shared.replica(), desk);
                }
            }
            Outcome::Gossip(GossipOutcome::Blessed { from, blessed }) => {
                let (Some(gossip), Some(consensus)) = (&mut self.gossip, &mut self.consensus) else { return };
                if consensus.on_certified(from, &blessed.decided, desk) {
                    gossip.on_blessed(&blessed, desk);
                }
            }
            Outcome::Gossip(GossipOutcome::Suspects { peer, suspected }) => {
                if let Some(conflicts) = &mut self.conflicts {
                    conflicts.on_suspicion(peer, suspected);
                }
            }
            Outcome::Conflicts(ConflictOutcome::Minted { item }) => {
                if let Some(gossip) = &mut self.gossip {
                    gossip.on_written(&item, shared.replica(), desk);
                }
            }
            Outcome::Consensus(ConsensusOutcome::Certified { decided }) => {
                if let Some(gossip) = &mut self.gossip {
                    gossip.on_certified(&decided, desk);
                }
            }
            #[cfg(test)]
            Outcome::Consensus(outcome) if self.herald.is_some() => self.herald_hears(outcome, desk),
            Outcome::Consensus(
                ConsensusOutcome::Decreed { writes, .. } | ConsensusOutcome::Installed { entries: writes, .. },
            ) => {
                if let Some(conflicts) = &mut self.conflicts {
                    conflicts.on_decreed(&writes, shared.replica(), desk);
                }
            }
            Outcome::Consensus(ConsensusOutcome::Answered { ticket, answer }) => {
                if let Some(conflicts) = &mut self.conflicts {
                    conflicts.on_answered(ticket, matches!(answer, StoreReply::Done), desk);
                }
            }
            Outcome::Conflicts(ConflictOutcome::Wanted { op, write }) => {
                let (Some(conflicts), Some(consensus)) = (&mut self.conflicts, &mut self.consensus) else { return };
                conflicts.on_asked(op, consensus.decree(write, false, desk));
            }
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
            ConsensusOutcome::Certified { .. } | ConsensusOutcome::Installed { .. } => {}
        }
    }

    /// The end of a step: what is new at the replica may open a conflict or close one, and is streamed.
    pub(super) fn settle(&mut self, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) {
        if let (Some(conflicts), Some(replica)) = (&mut self.conflicts, &mut shared.replica) {
            conflicts.on_changed(replica, desk);
        }
        if let (Some(sync), Some(replica)) = (&mut self.sync, &mut shared.replica) {
            sync.on_changed(replica, desk);
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
        if let Some(replica) = &mut shared.replica
            && command.key().is_some_and(|key| replica.owns(key))
        {
            return self.on_replicated(op, command, shared, desk);
        }
        if let Some(consensus) = &mut self.consensus {
            consensus.on_store(op, command, desk);
        }
    }

    /// A client sends an operation on a replicated key: it is done here, and spread.
    fn on_replicated(&mut self, op: OpId, command: StoreCommand, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) {
        let replica = shared.replica();
        if let Some(reply) = replica.answer(op) {
            return desk.answer_replicated(op, reply.clone());
        }
        let (key, value, seen) = match command {
            StoreCommand::Read { key, .. } => {
                let reply = replica.read(op, &key, desk);
                return desk.answer_replicated(op, reply);
            }
            StoreCommand::Put { key, value, seen, .. } => (key, Some(value), seen),
            StoreCommand::Delete { key, seen, .. } => (key, None, seen),
            StoreCommand::Open | StoreCommand::Cas { .. } | StoreCommand::Append { .. } => {
                let reply = StoreReply::Refused { reason: Refusal::NotOffered };
                return desk.answer_replicated(op, reply);
            }
        };
        let wall = desk.ctx.wall();
        match replica.write(op, key, value, seen.and_then(|seen| seen.context).as_deref(), wall, desk) {
            Err(reason) => desk.answer_replicated(op, StoreReply::Refused { reason }),
            Ok(version) => {
                let reply = StoreReply::Written { dot: version.dot, stamp: version.stamp };
                replica.answered(op, reply.clone());
                desk.answer_replicated(op, reply);
                if let Some(gossip) = &mut self.gossip {
                    gossip.on_written(&version.clone().into(), replica, desk);
                }
                replica.settle(desk);
            }
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

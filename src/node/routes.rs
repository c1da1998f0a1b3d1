//! Where protocols meet: what one tells, and whom the node lets hear of it.

use super::hosted::Hosted;
use super::words::Outcome;
use crate::observation::Resource;
use crate::protocols::consensus::ConsensusOutcome;
use crate::protocols::register::{Presented, RegisterCommand};

/// What the node does for a protocol that has told something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// It writes the log anew, and tells consensus.
    Install,
}

/// What comes of an outcome.
pub(super) const fn route(outcome: Outcome) -> Call {
    match outcome {
        Outcome::Consensus(ConsensusOutcome::Install) => Call::Install,
    }
}

impl Hosted {
    /// What a client asks of the register, with what the lock manager says to its token.
    pub(super) fn presented(&self, command: RegisterCommand) -> Presented {
        let (key, token, access) = command.target();
        let covered = self.locks.as_ref().and_then(|locks| locks.covers(token, &Resource::new(key), access));
        Presented { command, covered }
    }
}

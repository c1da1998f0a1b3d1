//! A client of the codex node, of whatever kind.

use super::lock_client::LockClient;
use super::store_client::StoreClient;
use super::words::{Command, Reply};
use crate::process::{self, Ask, Outcome};
use crate::protocols::locks::Turn;

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// It locks.
    Locks(LockClient),
    /// It reads and writes keys.
    Store(StoreClient),
}

impl Client {
    /// The most that it does with one grant, if it locks.
    pub(super) fn longest_turn(&self) -> Option<Turn> {
        match self {
            Self::Locks(client) => client.longest_turn(),
            Self::Store(_) => None,
        }
    }
}

impl process::Client<Command, Reply> for Client {
    fn next(&mut self, last: Option<Outcome<'_, Reply>>) -> Option<Ask<Command>> {
        match self {
            Self::Locks(client) => client.next(last),
            Self::Store(client) => client.next(last),
        }
    }

    fn winds_up(&self, command: &Command) -> bool {
        match self {
            Self::Locks(client) => client.winds_up(command),
            Self::Store(_) => false,
        }
    }

    fn wind_up(&mut self) -> Option<Ask<Command>> {
        match self {
            Self::Locks(client) => client.wind_up(),
            Self::Store(_) => None,
        }
    }
}

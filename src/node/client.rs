//! A client of the codex node, of whatever kind.

use super::lock_client::LockClient;
use super::store_client::StoreClient;
use super::words::{Command, Reply};
use crate::process::{self, Ask, Outcome};

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// It locks.
    Locks(LockClient),
    /// It reads and writes keys.
    Store(StoreClient),
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

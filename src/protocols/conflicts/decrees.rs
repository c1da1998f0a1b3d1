//! The strategy of a keyspace as replicated configuration: a decree of the log, which every replica follows.

use std::collections::BTreeMap;

use super::{ConflictFact, ConflictReply, Conflicts};
use crate::codex::conflict::Strategy;
use crate::codex::{Key, Value, Write};
use crate::identity::OpId;
use crate::protocols::Port;
use crate::protocols::replica::Replica;
use crate::subject::{Needs, Owner};

/// How the keys begin under which strategies are decreed: before the prefix of the keyspace.
const KEYS: &str = "~strategy/";

/// What clients have asked for, by the ticket of each decree.
pub(super) type Asked = BTreeMap<u32, OpId>;

/// What the log is to decide, so that the keyspace of this prefix has this strategy. None if no key is as long.
#[must_use]
pub fn decree(keyspace: &str, strategy: Strategy) -> Option<Write> {
    let key = Key::new(&format!("{KEYS}{keyspace}")).ok()?;
    Some(Write::Put { key, value: Value::text(strategy.name()) })
}

/// What it takes to change the strategy of a keyspace: the log decides it, and replicas follow.
pub(super) fn needs(keyspace: &str) -> Needs {
    Needs {
        protocols: vec![super::ROW.name, "consensus"],
        keys: vec![keyspace.to_owned()],
        whole: true,
        owner: Some(Owner::Only("gossip")),
        ..Needs::default()
    }
}

impl Conflicts {
    /// The log was asked for what this operation wants, under this ticket.
    pub fn on_asked(&mut self, op: OpId, ticket: u32) {
        self.wanted.insert(ticket, op);
    }

    /// What was asked for under this ticket was decided, or may have been.
    pub fn on_answered(&mut self, ticket: u32, is_decided: bool, port: &mut impl Port<Self>) {
        if let Some(op) = self.wanted.remove(&ticket) {
            port.reply(op, if is_decided { ConflictReply::Adopted } else { ConflictReply::Unknown });
        }
    }

    /// The log has decided something under the system's keys, or this node is told all that stands there.
    pub fn on_decreed(&mut self, writes: &[(Key, Option<Value>)], replica: &mut Replica, port: &mut impl Port<Self>) {
        for (key, value) in writes {
            let Some(keyspace) = key.as_str().strip_prefix(KEYS) else { continue };
            let Some(Value::Text(name)) = value else { continue };
            if let Some(strategy) = Strategy::named(name) {
                self.adopt(keyspace, strategy, replica, port);
            }
        }
    }

    pub(super) fn adopt(
        &mut self,
        keyspace: &str,
        strategy: Strategy,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        if replica.adopt(keyspace, strategy) {
            port.note(ConflictFact::Adopted { keyspace: keyspace.to_owned(), strategy });
        }
    }
}

//! A client that reads and writes keys, in a session that it opens first.

use std::collections::BTreeMap;

use super::words::{Command, Reply};
use crate::codex::{Key, Value, Write};
use crate::identity::{ClientId, OpId};
use crate::observation::Slot;
use crate::process::{Ask, Outcome};
use crate::protocols::consensus::{Answer, ConsensusCommand, Within};
use crate::time::Span;

/// One operation of a client, before it is known what the client has seen by then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Errand {
    /// How long it rests first.
    pub think: Span,
    /// On which key.
    pub key: Key,
    /// What it does.
    pub deed: Deed,
}

/// What a client does to a key. What it writes is named by the operation, and so no two write the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// It reads.
    Read,
    /// It writes.
    Put,
    /// It writes, if nobody has since it read or wrote last.
    Cas,
    /// It adds to a list.
    Append,
    /// It deletes.
    Delete,
    /// It writes so many bytes.
    PutLong(u32),
}

/// A client's place in its errands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoreClient {
    me: ClientId,
    errands: Vec<Errand>,
    next: usize,
    /// How many operations it has asked.
    asked: u32,
    session: Option<Slot>,
    /// What each key held when it saw or wrote it last.
    known: BTreeMap<Key, Option<Value>>,
}

impl StoreClient {
    /// A client that goes through these errands.
    #[must_use]
    pub const fn new(me: ClientId, errands: Vec<Errand>) -> Self {
        Self { me, errands, next: 0, asked: 0, session: None, known: BTreeMap::new() }
    }

    /// Takes in what became of the operation that it asked last.
    fn learn(&mut self, answer: &Answer) {
        match answer {
            Answer::Opened { session } => self.session = Some(*session),
            Answer::Expired => self.session = None,
            Answer::Value { value } => {
                if let Some(errand) = self.next.checked_sub(1).and_then(|last| self.errands.get(last)) {
                    self.known.insert(errand.key.clone(), value.clone());
                }
            }
            Answer::Done | Answer::Refused { .. } => {}
        }
    }

    fn command(&self, errand: &Errand, session: Slot) -> ConsensusCommand {
        let op = OpId { client: self.me, number: self.asked };
        let (within, key) = (Within { session, lowest: op.number }, errand.key.clone());
        let value = Value::text(&op.to_string());
        let write = match errand.deed {
            Deed::Read => return ConsensusCommand::Read { within, key },
            Deed::Put => Write::Put { key, value },
            Deed::Cas => {
                let expected = self.known.get(&key).cloned().flatten();
                Write::Cas { key, expected, value }
            }
            Deed::Append => Write::Append { key, value },
            Deed::Delete => Write::Delete { key },
            Deed::PutLong(bytes) => {
                let text = op.to_string();
                let filled = format!("{text}{}", "-".repeat((bytes as usize).saturating_sub(text.len())));
                Write::Put { key, value: Value::text(&filled) }
            }
        };
        ConsensusCommand::Write { within, write }
    }

    /// What it asks next, given what became of the last.
    pub(super) fn next(&mut self, last: Option<Outcome<'_, Reply>>) -> Option<Ask<Command>> {
        if let Some(Outcome::Answered(Reply::Consensus(answer))) = last {
            self.learn(answer);
        }
        self.asked += 1;
        let Some(session) = self.session else {
            let more = self.next < self.errands.len();
            return more.then(|| Ask { after: Span::ZERO, command: ConsensusCommand::Open.into() });
        };
        let errand = self.errands.get(self.next)?;
        let command = self.command(errand, session);
        if let ConsensusCommand::Write { write: Write::Put { key, value } | Write::Cas { key, value, .. }, .. } =
            &command
        {
            self.known.insert(key.clone(), Some(value.clone()));
        }
        let after = errand.think;
        self.next += 1;
        Some(Ask { after, command: command.into() })
    }
}

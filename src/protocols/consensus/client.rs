//! A client that reads and writes keys, in a session that it opens first.

use std::collections::BTreeMap;

use super::Answer;
use crate::codex::{Key, StoreCommand, Value, Within, Write};
use crate::identity::{ClientId, OpId};
use crate::observation::Slot;
use crate::process::{Ask, Client, Outcome};
use crate::protocols::AsStore;
use crate::time::Span;

/// One operation of a client, planned before the client knows the value of the key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Errand {
    /// The pause before it.
    pub think: Span,
    /// The key.
    pub key: Key,
    /// The kind of operation.
    pub deed: Deed,
}

/// What a client does to a key. Each written value is named by its operation, so all written values differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// It reads.
    Read,
    /// It writes.
    Put,
    /// It writes, if the key is unchanged since its last read or write.
    Cas,
    /// It adds to a list.
    Append,
    /// It deletes.
    Delete,
    /// It writes this many bytes.
    PutLong(u32),
}

/// A client's place in its planned operations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoreClient {
    me: ClientId,
    errands: Vec<Errand>,
    next: usize,
    /// The number of operations that it has sent.
    asked: u32,
    session: Option<Slot>,
    /// The value of each key when the client last read or wrote it.
    known: BTreeMap<Key, Option<Value>>,
}

impl StoreClient {
    /// A client that performs these operations in order.
    #[must_use]
    pub const fn new(me: ClientId, errands: Vec<Errand>) -> Self {
        Self { me, errands, next: 0, asked: 0, session: None, known: BTreeMap::new() }
    }

    /// Records the outcome of the last operation.
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

    fn command(&self, errand: &Errand, session: Slot) -> StoreCommand {
        let op = OpId { client: self.me, number: self.asked };
        let (within, key) = (Within { session, lowest: op.number, token: None }, errand.key.clone());
        let value = Value::text(&op.to_string());
        let write = match errand.deed {
            Deed::Read => return StoreCommand::Read { key, within },
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
        StoreCommand::write(write, within)
    }
}

impl<C: From<StoreCommand>, R: AsStore> Client<C, R> for StoreClient {
    fn next(&mut self, last: Option<Outcome<'_, R>>) -> Option<Ask<C>> {
        if let Some(Outcome::Answered(reply)) = last
            && let Some(answer) = reply.as_store()
        {
            self.learn(answer);
        }
        self.asked += 1;
        let Some(session) = self.session else {
            let more = self.next < self.errands.len();
            return more.then(|| Ask { after: Span::ZERO, command: StoreCommand::Open.into() });
        };
        let errand = self.errands.get(self.next)?;
        let command = self.command(errand, session);
        if let StoreCommand::Put { key, value, .. } | StoreCommand::Cas { key, value, .. } = &command {
            self.known.insert(key.clone(), Some(value.clone()));
        }
        let after = errand.think;
        self.next += 1;
        Some(Ask { after, command: command.into() })
    }
}

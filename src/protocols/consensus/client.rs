//! A client that reads and writes keys: in a session that it opens first, or where keys are replicated without one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Answer;
use crate::codex::{Key, Seen, StoreCommand, Value, Within, Write};
use crate::identity::{ClientId, OpId};
use crate::observation::Slot;
use crate::process::{Ask, Client, Outcome};
use crate::protocols::{AsStore, Written};
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
    standing: Standing,
    /// The value of each key when the client last read or wrote it.
    known: BTreeMap<Key, Option<Value>>,
}

/// What ties a client's operations together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Standing {
    /// The session with the replicated log, once it is open.
    Session(Option<Slot>),
    /// What the client's last read of each replicated key showed, if it has not written the key since.
    Contexts(BTreeMap<Key, Seen>),
}

/// A replicated version takes about so many bytes.
const VERSION: u64 = 1_024;

impl StoreClient {
    /// A client that performs these operations in order, in a session with the replicated log.
    #[must_use]
    pub const fn new(me: ClientId, errands: Vec<Errand>) -> Self {
        Self { me, errands, next: 0, asked: 0, standing: Standing::Session(None), known: BTreeMap::new() }
    }

    /// The same without sessions: with each write it brings along what it last read of the key.
    #[must_use]
    pub const fn of_replicas(me: ClientId, errands: Vec<Errand>) -> Self {
        Self { me, errands, next: 0, asked: 0, standing: Standing::Contexts(BTreeMap::new()), known: BTreeMap::new() }
    }

    /// What it may write, if its keys are replicated.
    pub(super) fn written(&self) -> Written {
        let versions = match self.standing {
            Standing::Session(_) => 0,
            Standing::Contexts(_) => self.errands.len() as u64,
        };
        Written { versions, bytes: versions * VERSION }
    }

    /// Takes up a session, or leaves it.
    const fn stand(&mut self, now: Option<Slot>) {
        match &mut self.standing {
            Standing::Session(session) => *session = now,
            Standing::Contexts(_) => {}
        }
    }

    /// The operation that was sent last, unless that opened a session.
    fn last(&self) -> Option<&Errand> {
        self.next.checked_sub(1).and_then(|last| self.errands.get(last))
    }

    /// Records the outcome of the last operation.
    fn learn(&mut self, answer: &Answer) {
        match answer {
            Answer::Opened { session } => self.stand(Some(*session)),
            Answer::Expired => self.stand(None),
            Answer::Value { value } => {
                if let Some(key) = self.last().map(|errand| errand.key.clone()) {
                    self.known.insert(key, value.clone());
                }
            }
            Answer::View { seen, .. } => {
                let key = self.last().map(|errand| errand.key.clone());
                let of = OpId { client: self.me, number: self.asked };
                if let (Standing::Contexts(contexts), Some(key)) = (&mut self.standing, key) {
                    contexts.insert(key, Seen { of, context: Some(Arc::clone(seen)) });
                }
            }
            Answer::Done | Answer::Refused { .. } | Answer::Written { .. } => {}
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

    /// The command without a session: every write is a plain put or a delete, and brings what was last read of the key.
    fn replicated(planned: StoreCommand, contexts: &mut BTreeMap<Key, Seen>) -> StoreCommand {
        let within = Within::default();
        match planned {
            StoreCommand::Open => StoreCommand::Open,
            StoreCommand::Read { key, .. } => StoreCommand::Read { key, within },
            StoreCommand::Delete { key, .. } => StoreCommand::Delete { within, seen: contexts.remove(&key), key },
            StoreCommand::Put { key, value, .. }
            | StoreCommand::Cas { key, value, .. }
            | StoreCommand::Append { key, value, .. } => {
                StoreCommand::Put { value, within, seen: contexts.remove(&key), key }
            }
        }
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
        let session = match self.standing {
            Standing::Session(Some(session)) => session,
            Standing::Session(None) => {
                let more = self.next < self.errands.len();
                return more.then(|| Ask { after: Span::ZERO, command: StoreCommand::Open.into() });
            }
            Standing::Contexts(_) => Slot::default(),
        };
        let errand = self.errands.get(self.next)?;
        let planned = self.command(errand, session);
        let command = match &mut self.standing {
            Standing::Session(_) => planned,
            Standing::Contexts(contexts) => Self::replicated(planned, contexts),
        };
        if let StoreCommand::Put { key, value, .. } | StoreCommand::Cas { key, value, .. } = &command {
            self.known.insert(key.clone(), Some(value.clone()));
        }
        let after = errand.think;
        self.next += 1;
        Some(Ask { after, command: command.into() })
    }
}

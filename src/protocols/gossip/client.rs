//! A client of replicated keys: it reads, and brings along with its writes what it has read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::content::Content;
use crate::codex::{Key, Seen, StoreCommand, StoreReply, Value, Within};
use crate::identity::{ClientId, OpId};
use crate::process::{Ask, Client, Outcome};
use crate::protocols::{AsStore, Written};
use crate::time::Span;

/// One operation of a client, planned before the client knows what the key holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Planned {
    /// The pause before it.
    pub think: Span,
    /// The key.
    pub key: Key,
    /// What the client does to it.
    pub act: Act,
}

/// What a client does to a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// It reads.
    Read,
    /// It puts this.
    Put(Content, Brought),
    /// It deletes.
    Delete(Brought),
}

/// Which context a write brings along, and to which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Brought {
    /// That of the client's last read of the key, unless it has written the key since.
    Kept,
    /// None, whatever it read.
    Dropped,
    /// The kept one, to another of its homes, with this index: what it brings need not have arrived there.
    Carried(usize),
}

/// A client's place in its planned operations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplicaClient {
    me: ClientId,
    plan: Vec<Planned>,
    next: usize,
    /// What its last read of each key showed, if it has not written the key since.
    read: BTreeMap<Key, Shown>,
}

/// What a read shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shown {
    value: Option<Value>,
    seen: Seen,
}

impl ReplicaClient {
    /// A client that performs these operations in order.
    #[must_use]
    pub const fn new(me: ClientId, plan: Vec<Planned>) -> Self {
        Self { me, plan, next: 0, read: BTreeMap::new() }
    }

    /// Its operations, those that it has sent included.
    #[must_use]
    pub fn plan(&self) -> &[Planned] {
        &self.plan
    }

    /// What it may write.
    pub(super) fn written(&self) -> Written {
        let sizes = self.plan.iter().map(|planned| match &planned.act {
            Act::Read => Written::default(),
            Act::Delete(_) => Written { versions: 1, bytes: VERSION },
            Act::Put(content, _) => Written { versions: 1, bytes: VERSION + content.size() },
        });
        sizes.fold(Written::default(), Written::and)
    }

    /// The operation that it decided last.
    fn last(&self) -> Option<&Planned> {
        self.next.checked_sub(1).and_then(|last| self.plan.get(last))
    }

    /// Remembers what the last operation showed.
    fn learn(&mut self, reply: &StoreReply) {
        match reply {
            StoreReply::View { value, seen, open: _ } => {
                let number = u32::try_from(self.next).expect("a plan is bounded");
                let of = OpId { client: self.me, number };
                let shown = Shown { value: value.clone(), seen: Seen { of, context: Some(Arc::clone(seen)) } };
                if let Some(key) = self.last().map(|planned| planned.key.clone()) {
                    self.read.insert(key, shown);
                }
            }
            StoreReply::Opened { .. }
            | StoreReply::Value { .. }
            | StoreReply::Done
            | StoreReply::Refused { .. }
            | StoreReply::Expired
            | StoreReply::Written { .. } => {}
        }
    }
}

/// A version takes about so many bytes beside its value.
const VERSION: u64 = 512;

/// The command of a planned operation. A client that writes a key must read it again to know more of it than before the
/// write.
fn command(planned: &Planned, op: OpId, read: &mut BTreeMap<Key, Shown>) -> StoreCommand {
    let (key, within) = (planned.key.clone(), Within::default());
    match &planned.act {
        Act::Read => StoreCommand::Read { key, within },
        Act::Put(content, brought) => {
            let shown = read.remove(&key);
            let value = content.value(op, shown.as_ref().and_then(|shown| shown.value.as_ref()));
            StoreCommand::Put { key, value, within, seen: brought.context(shown) }
        }
        Act::Delete(brought) => {
            let seen = brought.context(read.remove(&key));
            StoreCommand::Delete { key, within, seen }
        }
    }
}

impl Act {
    /// Which of the client's homes is asked first.
    const fn home(&self) -> usize {
        match self {
            Self::Read => 0,
            Self::Put(_, brought) | Self::Delete(brought) => match brought {
                Brought::Kept | Brought::Dropped => 0,
                Brought::Carried(home) => *home,
            },
        }
    }
}

impl Brought {
    fn context(self, shown: Option<Shown>) -> Option<Seen> {
        match self {
            Self::Kept | Self::Carried(_) => shown.map(|shown| shown.seen),
            Self::Dropped => None,
        }
    }
}

impl<C: From<StoreCommand>, R: AsStore> Client<C, R> for ReplicaClient {
    fn next(&mut self, last: Option<Outcome<'_, R>>) -> Option<Ask<C>> {
        if let Some(Outcome::Answered(reply)) = last
            && let Some(reply) = reply.as_store()
        {
            self.learn(reply);
        }
        let planned = self.plan.get(self.next)?;
        self.next += 1;
        let number = u32::try_from(self.next).expect("a plan is bounded");
        let command = command(planned, OpId { client: self.me, number }, &mut self.read);
        Some(Ask { after: planned.think, command: command.into() })
    }

    fn home(&self) -> usize {
        self.last().map_or(0, |planned| planned.act.home())
    }
}

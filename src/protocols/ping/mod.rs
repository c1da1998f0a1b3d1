//! A protocol for tests of the node: a node pings a peer until it echoes. It shows what a protocol is made of: datagrams, a
//! timer, a fact, an invariant with a checker of its own, a flaw, and a workload. It is the last but one in the table, so
//! that every run of the others shows that a row which is added changes nothing of theirs.

mod spec;
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use spec::{PingSettings, PingWorkload, ROW};

use crate::check::AnyChecker;
use crate::identity::{NodeId, OpId};
use crate::observation::Observe;
use crate::process::{Never, Script, Stored};
use crate::protocols::{Bound, FactOf, Given, Load, Periodic, Port, Protocol, Words};
use crate::subject::{Row, World};
use crate::time::Span;
use spec::{EchoedOnce, Rules};

/// What a client of it does: it asks for one ping after another.
pub type PingClient<C> = Script<C>;

/// What nodes say to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PingMessage {
    /// Is anybody there?
    Ping(OpId),
    /// Yes.
    Echo(OpId),
}

impl Periodic for PingMessage {}

/// Until a ping is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Again(pub OpId);

impl Periodic for Again {}

/// A client asks for a ping of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PingCommand {
    /// Whom to ping.
    pub to: NodeId,
}

impl Observe for PingCommand {}

/// It has echoed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Echoed;

impl Observe for Echoed {}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PingFact {
    /// A ping of this node was echoed.
    Echoed {
        /// For which operation.
        op: OpId,
    },
}

impl Observe for PingFact {}

/// One node's pings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ping {
    rules: Rules,
    open: BTreeMap<OpId, NodeId>,
    echoed: BTreeSet<OpId>,
}

impl Words for Ping {
    type Message = PingMessage;
    type Payload = Never;
    type Timer = Again;
    type Completion = Never;
    type Command = PingCommand;
    type Reply = Echoed;
    type Entry = Never;
    type Fact = PingFact;
    type Outcome = Never;
}

impl Protocol for Ping {
    const ROW: Row = ROW;
    type Settings = PingSettings;
    type Rules = Rules;
    type Kept = ();
    type Sees<'a> = ();

    fn rules(settings: &PingSettings, _given: Given<'_>) -> Rules {
        settings.rules()
    }

    fn read((): &mut (), _stored: Stored<&Never>) {}

    fn start(rules: &Arc<Rules>, (): (), (): (), _port: &mut impl Port<Self>) -> Self {
        Self { rules: **rules, open: BTreeMap::new(), echoed: BTreeSet::new() }
    }

    fn on_message(&mut self, from: NodeId, message: PingMessage, (): (), port: &mut impl Port<Self>) {
        match message {
            PingMessage::Ping(op) => port.send(from, PingMessage::Echo(op)),
            PingMessage::Echo(op) => {
                // Flaw t01: an echo is told of whatever was told before.
                if self.open.remove(&op).is_some() || self.rules.t01 {
                    self.echoed.insert(op);
                    port.cancel_timer(Again(op));
                    port.note(PingFact::Echoed { op });
                    port.reply(op, Echoed);
                }
            }
        }
    }

    fn on_payload(&mut self, _from: NodeId, payload: Never, (): (), _port: &mut impl Port<Self>) {
        match payload {}
    }

    fn on_timer(&mut self, Again(op): Again, (): (), port: &mut impl Port<Self>) {
        if let Some(peer) = self.open.get(&op) {
            port.send(*peer, PingMessage::Ping(op));
            port.set_timer(Again(op), self.rules.again);
        }
    }

    fn on_synced(&mut self, completion: Never, (): (), _port: &mut impl Port<Self>) {
        match completion {}
    }

    fn on_command(&mut self, op: OpId, PingCommand { to }: PingCommand, (): (), port: &mut impl Port<Self>) {
        if self.echoed.contains(&op) {
            return port.reply(op, Echoed);
        }
        if self.open.insert(op, to).is_none() {
            self.on_timer(Again(op), (), port);
        }
    }

    fn bound(_settings: &PingSettings, _load: &Load, world: &World) -> Bound {
        Bound { ended: world.late + world.timeout, quiet: Span::from_secs(3_600), ..Bound::default() }
    }

    fn checker<F: FactOf<Self>>(_invariant: &str) -> Option<AnyChecker<F>> {
        Some(AnyChecker::new(EchoedOnce::default()))
    }
}

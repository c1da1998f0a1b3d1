//! Settings, workload, claims and flaws of pings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ping, PingClient, PingCommand, PingFact};
use crate::chance::Dice;
use crate::check::{Checker, End, Invariant, Shown, Witness};
use crate::identity::{Actor, ClientId, EventId, NodeId, OpId};
use crate::process::{Ask, ClientPlan, Data, Script};
use crate::protocols::{CommandOf, FactOf, Settings, Work};
use crate::subject::{Flaw, Flaws, Needs, Row, Setup};
use crate::time::Span;
use crate::trace::{Event, Kinds, Verdict, Violation};

/// Settings of pings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PingSettings {
    /// The time after which a ping is sent again.
    pub again: Span,
    /// Flaws that are switched on: `t01`.
    pub flaws: Flaws,
}

impl Default for PingSettings {
    fn default() -> Self {
        Self { again: Span::from_millis(20), flaws: Flaws::default() }
    }
}

impl Settings for PingSettings {}

/// The settings, as the machine reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    pub(super) again: Span,
    pub(super) t01: bool,
}

impl PingSettings {
    pub(super) fn rules(&self) -> Rules {
        Rules { again: self.again, t01: self.flaws.has("t01") }
    }
}

/// Pings.
pub const ROW: Row = Row {
    lanes: &["ping"],
    claims: &[Invariant::safety("echoed-once", "a node reports the echo of a ping at most once in each incarnation")],
    flaws: &[Flaw::new(
        "t01",
        "echoed-once",
        "An echo that arrives again is reported again.",
        "a message that is duplicated",
    )],
    ..Row::new("ping", "Nodes ping each other.")
};

/// Clients that ping the node after their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PingWorkload {
    /// The number of clients.
    pub clients: u32,
    /// The number of pings of each client.
    pub pings: u32,
}

impl Default for PingWorkload {
    fn default() -> Self {
        Self { clients: 2, pings: 5 }
    }
}

impl<C: CommandOf<Ping> + Data, R> Work<C, R> for PingWorkload {
    type Client = PingClient<C>;

    fn clients(&self) -> u32 {
        self.clients
    }

    fn client(&self, _client: ClientId, home: NodeId, setup: &Setup, _dice: &mut Dice) -> ClientPlan<PingClient<C>> {
        let to = NodeId::new((home.index() as u32 + 1) % setup.nodes());
        let ask = Ask { after: Span::from_millis(10), command: C::of(PingCommand { to }) };
        ClientPlan::new(home, Script::new(vec![ask; self.pings as usize]))
    }

    fn needs(&self) -> Needs {
        Needs { protocols: vec![ROW.name], ..Needs::default() }
    }
}

/// Checks `echoed-once`.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct EchoedOnce {
    /// The echoes that each node has reported in its current incarnation, and the events.
    told: BTreeMap<(NodeId, OpId), Witness<EventId>>,
}

impl<F: FactOf<Ping>> Checker<F> for EchoedOnce {
    const WANTS: Kinds = Kinds::FACT.with(Kinds::START);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let Actor::Node(node) = record.id.actor else { return Ok(()) };
        if matches!(record.event, Event::Start { .. }) {
            self.told.retain(|(told, _), _| *told != node);
        }
        let Some(PingFact::Echoed { op }) = shown.fact.and_then(FactOf::get) else { return Ok(()) };
        let Some(before) = self.told.insert((node, *op), Witness(record.id)) else { return Ok(()) };
        let sentence = format!("{node} told twice that the ping of {op} was echoed");
        Err(Violation { time: record.time, sentence, witnesses: vec![before.0, record.id] })
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.told.len() as u64, "no ping was echoed")
    }
}

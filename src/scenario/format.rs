//! The words of a scenario file, typed: everything has a default, and nothing is unknown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cluster::Nodes;
use super::entry::FaultEntry;
use super::operation::OperationEntry;
use super::swarm::Swarm;
use super::wires::Wires;
use crate::chance::Seed;
use crate::fault::Budget;
use crate::measure::Share;
use crate::network::{Delay, PinnedFate};
use crate::subject::Setup;
use crate::time::{Span, Time};

/// A scenario without ranges: what one run is made from. It serialises to a valid scenario file, with all defaults
/// spelled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Where the JSON Schema of this file is, for editors; read by nobody else.
    #[serde(rename = "$schema", skip_serializing)]
    pub schema: Option<String>,
    /// The name in traces and run ids; the file's own name if left out.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// Which process runs.
    pub subject: String,
    /// How many nodes there are.
    pub nodes: Nodes,
    /// How long it runs.
    pub run: Run,
    /// What links do before any fault.
    pub network: Wires,
    /// How good the nodes' clocks are before any fault.
    pub clocks: Clocks,
    /// How good the nodes' disks are before any fault.
    pub disk: Disk,
    /// The settings of the subject's protocols.
    pub protocols: Value,
    /// Which path owns the writes of which keys, by how they begin; without any, keys begin as they like.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keyspaces: BTreeMap<String, String>,
    /// What clients ask.
    pub workload: Vec<Value>,
    /// What clients ask, operation by operation, in place of a workload.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<OperationEntry>,
    /// What goes wrong.
    pub faults: Vec<FaultEntry>,
    /// The bounds of what `--swarm` draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swarm: Option<Swarm>,
    /// What becomes of single messages, by their ids: `n1.broadcast#7`.
    pub fates: BTreeMap<String, PinnedFate>,
    /// What must come of it.
    pub expect: Expect,
    /// How much may go wrong on one way through an exploration; a run does not ask.
    #[serde(skip_serializing_if = "is_default")]
    pub explore: Budget,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            schema: None,
            name: String::new(),
            about: String::new(),
            subject: "codex".to_owned(),
            nodes: Nodes::default(),
            run: Run::default(),
            network: Wires::default(),
            clocks: Clocks::default(),
            disk: Disk::default(),
            protocols: Value::Object(serde_json::Map::new()),
            keyspaces: BTreeMap::new(),
            workload: Vec::new(),
            operations: Vec::new(),
            faults: Vec::new(),
            swarm: None,
            fates: BTreeMap::new(),
            expect: Expect::default(),
            explore: Budget::default(),
        }
    }
}

/// How long a run is, and from which seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// When it ends. If left out: `10s`; or, with `quiesce_at`, as soon as all that must come to an end has and nothing
    /// is pending but what is periodic, or else when all of it should have.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// When faults and clients' new operations end; never if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiesce_at: Option<Span>,
    /// The seed, where neither a flag nor the environment gives one.
    pub seed: Seed,
}

impl Scenario {
    /// What the subject and its checkers are told about the run.
    #[must_use]
    pub fn setup(&self) -> Setup {
        Setup { voters: self.nodes.voters, observers: self.nodes.observers, calm: Time::ZERO + self.run.calm() }
    }

    /// Whether a flaw is switched on.
    #[must_use]
    pub fn has_flaws(&self) -> bool {
        let settings = self.protocols.as_object().into_iter().flat_map(|protocols| protocols.values());
        settings.filter_map(|settings| settings["flaws"].as_array()).any(|flaws| !flaws.is_empty())
    }

    /// The same scenario with no flaw switched on.
    #[must_use]
    pub fn without_flaws(&self) -> Self {
        let mut sound = self.clone();
        let settings = sound.protocols.as_object_mut().into_iter().flat_map(|protocols| protocols.values_mut());
        for settings in settings.filter_map(Value::as_object_mut) {
            settings.remove("flaws");
        }
        sound
    }
}

impl Run {
    /// How long a run lasts that says nothing.
    pub const USUAL: Span = Span::from_secs(10);

    /// When it ends, if that is known before it begins.
    #[must_use]
    pub fn ends(&self) -> Option<Span> {
        self.lasts.or_else(|| self.quiesce_at.is_none().then_some(Self::USUAL))
    }

    /// When faults end: at quiescence, or with the run.
    #[must_use]
    pub fn calm(&self) -> Span {
        self.quiesce_at.or(self.lasts).unwrap_or(Self::USUAL)
    }

    /// The end, if it is known and this time is not before it.
    pub(super) fn end_before(&self, at: Span) -> Option<Span> {
        self.ends().filter(|end| at >= *end)
    }
}

/// How good clocks are before any fault; each node's error is drawn from the seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Clocks {
    /// How far a wall clock is off at most, either way.
    pub offset: Span,
    /// How much too fast or too slow a wall clock runs at most.
    pub drift: Share,
    /// How much too fast or too slow a monotonic clock runs at most.
    pub monotonic_drift: Share,
}

/// How good disks are before any fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Disk {
    /// How long a sync takes.
    pub sync: Delay,
}

impl Default for Disk {
    fn default() -> Self {
        Self { sync: Delay::Uniform { min: Span::from_micros(100), max: Span::from_millis(2) } }
    }
}

/// What must come of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// The invariants that must hold; all that the subject claims if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<Vec<String>>,
    /// The invariants that must fall.
    pub violates: Vec<String>,
    /// How long after the calm an invariant has until it must hold.
    pub within: BTreeMap<String, Span>,
    /// The facts that must occur; in a sweep in one seed at least.
    pub sometimes: Vec<String>,
}

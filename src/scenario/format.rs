//! The types of a scenario file: everything has a default, and unknown keys are errors.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cluster::Nodes;
use super::core::Core;
use super::entry::FaultEntry;
use super::links::NetworkSettings;
use super::operation::OperationEntry;
use super::swarm::Swarm;
use crate::chance::Seed;
use crate::check;
use crate::codex::Keyspaces;
use crate::fault::Budget;
use crate::fault::FaultKind;
use crate::identity::NodeId;
use crate::measure::Share;
use crate::network::{Delay, PinnedFate};
use crate::subject::Setup;
use crate::time::{Span, Time};

/// A scenario without ranges, which describes one run. It serialises to a valid scenario file with all defaults written
/// out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Where the JSON Schema of this file is, for editors only.
    #[serde(rename = "$schema", skip_serializing)]
    pub schema: Option<String>,
    /// The name in traces and run ids; by default the file name.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// The subject that runs.
    pub subject: String,
    /// The number of nodes.
    pub nodes: Nodes,
    /// How long it runs.
    pub run: Run,
    /// The properties of the links, without faults.
    pub network: NetworkSettings,
    /// The errors of the nodes' clocks, without faults.
    pub clocks: Clocks,
    /// The speed of the nodes' disks, without faults.
    pub disk: Disk,
    /// The settings of the subject's protocols.
    pub protocols: Value,
    /// The keyspaces by prefix: who owns the keys, and what must stay true of them; if empty, keys may have any prefix.
    #[serde(skip_serializing_if = "Keyspaces::is_empty")]
    pub keyspaces: Keyspaces,
    /// What clients do.
    pub workload: Vec<Value>,
    /// Single scripted operations, instead of a workload.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<OperationEntry>,
    /// The faults.
    pub faults: Vec<FaultEntry>,
    /// The limits for the draws of `--swarm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swarm: Option<Swarm>,
    /// The outcomes of single messages, by their ids: `n1.broadcast#7`.
    pub fates: BTreeMap<String, PinnedFate>,
    /// The expected verdicts.
    pub expect: Expect,
    /// The budget of faults for each path of an exploration; other commands ignore it.
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
            network: NetworkSettings::default(),
            clocks: Clocks::default(),
            disk: Disk::default(),
            protocols: Value::Object(serde_json::Map::new()),
            keyspaces: Keyspaces::default(),
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

/// The length and the seed of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// When the run ends. The default is `10s`; with `quiesce_at`, the run ends as soon as everything has finished and only
    /// periodic work is pending, or at the latest when the bounds for that have passed.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// When quiescence begins: faults end, and clients start no new operations. The default is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiesce_at: Option<Span>,
    /// The nodes that quiescence heals: a list, or `"majority"`, drawn from the seed. What is broken of the others then
    /// stays broken for good, and liveness is judged for these nodes and their clients. The default is all nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core: Option<Core>,
    /// The seed, if neither a flag nor the environment gives one.
    pub seed: Seed,
}

impl Scenario {
    /// What the subject and its checkers know about the run.
    #[must_use]
    pub fn setup(&self) -> Setup {
        Setup {
            voters: self.nodes.voters,
            observers: self.nodes.observers,
            quiescence: Time::ZERO + self.run.quiescence(),
            keyspaces: self.keyspaces.clone(),
            core: self.core(),
            corrupts: self.corrupts(),
        }
    }

    /// Whether links or faults may flip bits of messages.
    fn corrupts(&self) -> bool {
        let links = self.network.links.iter().map(|exception| exception.corrupt.unwrap_or_default());
        let flips = |kind: FaultKind| kind == FaultKind::Corrupt;
        !self.network.corrupt.is_none()
            || links.into_iter().any(|share| !share.is_none())
            || self.faults.iter().any(|entry| {
                let written = entry.fault.as_ref().is_some_and(|fault| flips(fault.kind()));
                written || entry.draw.as_ref().is_some_and(|draw| draw.kinds.iter().any(|kind| flips(*kind)))
            })
    }

    /// The nodes that quiescence heals, if not all; the first voters, if they are not drawn yet.
    fn core(&self) -> Option<Vec<NodeId>> {
        let mut core = match self.run.core.as_ref()? {
            Core::Nodes(nodes) => nodes.clone(),
            Core::Majority => NodeId::all(self.nodes.majority()).collect(),
        };
        core.sort_unstable();
        core.dedup();
        (core.len() < self.nodes.count() as usize).then_some(core)
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
    /// The default length of a run.
    pub const USUAL: Span = Span::from_secs(10);

    /// When it ends, if that is known before it begins.
    #[must_use]
    pub fn ends(&self) -> Option<Span> {
        self.lasts.or_else(|| self.quiesce_at.is_none().then_some(Self::USUAL))
    }

    /// When faults end: at quiescence, or at the end of the run.
    #[must_use]
    pub fn quiescence(&self) -> Span {
        self.quiesce_at.or(self.lasts).unwrap_or(Self::USUAL)
    }

    /// The end, if it is known and not after this time.
    pub(super) fn end_before(&self, at: Span) -> Option<Span> {
        self.ends().filter(|end| at >= *end)
    }
}

/// The errors of clocks, without faults; each node's errors are drawn from the seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Clocks {
    /// The maximum offset of a wall clock, in either direction.
    pub offset: Span,
    /// The maximum drift of a wall clock, in either direction.
    pub drift: Share,
    /// The maximum drift of a monotonic clock, in either direction.
    pub monotonic_drift: Share,
}

/// The speed of disks, without faults.
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

/// The expected verdicts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// The invariants that must hold; by default all that the subject claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<Vec<String>>,
    /// The invariants that must be violated.
    pub violates: Vec<String>,
    /// The bounds of liveness invariants: how long after quiescence they must hold.
    pub within: BTreeMap<String, Span>,
    /// The facts that must occur; in a sweep, in at least one seed.
    pub sometimes: Vec<String>,
    /// How many operations must be answered while named faults last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<AnsweredDuring>,
    /// How often facts may occur: `{ "consensus.elected": 3 }`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub at_most: BTreeMap<String, u64>,
    /// How long a client may wait for an answer, with all its retries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_wait: Option<Span>,
}

/// Operations that must be answered while a fault lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnsweredDuring {
    /// The name of scripted faults. Each time that one acts counts for itself.
    pub during: String,
    /// The number of operations; 1 by default.
    #[serde(default = "one")]
    pub at_least: u64,
}

const fn one() -> u64 {
    1
}

impl Expect {
    /// The invariants that it states itself.
    pub(crate) fn own(&self) -> impl Iterator<Item = &'static str> + Clone {
        let answered = (!self.answered.is_empty()).then_some(check::ANSWERED.name);
        let at_most = (!self.at_most.is_empty()).then_some(check::AT_MOST.name);
        let longest_wait = self.longest_wait.map(|_| check::LONGEST_WAIT.name);
        [answered, at_most, longest_wait].into_iter().flatten()
    }

    /// Only what it states of the invariant `name`: what it is, if the scenario states it itself, and its bound.
    pub(crate) fn stated(&self, name: &str) -> Self {
        let within = self.within.iter().filter(|(bounded, _)| *bounded == name);
        let within = within.map(|(bounded, span)| (bounded.clone(), *span)).collect();
        let mut stated = Self { within, ..Self::default() };
        if name == check::ANSWERED.name {
            stated.answered.clone_from(&self.answered);
        } else if name == check::AT_MOST.name {
            stated.at_most.clone_from(&self.at_most);
        } else if name == check::LONGEST_WAIT.name {
            stated.longest_wait = self.longest_wait;
        }
        stated
    }
}

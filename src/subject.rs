//! What makes a process a subject: its name, settings, workload, claims, flaws and checkers.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chance::Dice;
use crate::check::Checker;
pub use crate::check::Invariant;
use crate::identity::NodeId;
use crate::process::{ClientPlan, Process};
use crate::symmetry::Symmetry;
use crate::time::{Span, Time};

mod profile;
mod row;
mod world;

pub use profile::Profile;
pub use row::{Bearing, Role, Row};
pub use world::World;

/// A process that scenarios can name.
pub trait Subject: Process {
    /// The word of `"subject"` in a scenario.
    const NAME: &'static str;
    /// What it is, in one sentence.
    const ABOUT: &'static str;
    /// Its protocols.
    const ROWS: &'static [Row];

    /// What stands under `"protocols"`: one field a protocol, each with everything defaulted. A protocol with flaws has
    /// a field `flaws` of type [`Flaws`]. No object here or in a workload has just the keys `min` and `max`, or `one_of`
    /// alone: that is a range, and what was drawn from it is read in its place.
    type Settings: Clone + Debug + Default + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// One entry of `"workload"`.
    type Workload: Clone + Debug + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;

    /// What the cluster is given.
    fn config(setup: &Setup, settings: &Self::Settings) -> Self::Config;

    /// The clients that a workload needs, and what they ask; all chance comes from `dice`.
    fn clients(setup: &Setup, workload: &[Self::Workload], dice: &mut Dice) -> Vec<ClientPlan<Self::Client>>;

    /// The checker of an invariant that a row claims.
    fn checker(setup: &Setup, settings: &Self::Settings, invariant: &str) -> Option<Box<dyn Checker<Self::Fact>>>;

    /// How long after quiescence each liveness claim may take at most, by the name of its invariant, for a plan that is
    /// known: for these settings and clients in a world that is no worse. A claim that is still open before is undecided,
    /// and violated after; one without a bound is judged at the end of the run.
    fn bounds(
        _setup: &Setup,
        _settings: &Self::Settings,
        _clients: &[ClientPlan<Self::Client>],
        _world: &World,
    ) -> Vec<(&'static str, Span)> {
        Vec::new()
    }

    /// What an entry of the workload cannot do without.
    fn needs(_workload: &Self::Workload) -> Needs {
        Needs::default()
    }

    /// What a command cannot do without.
    fn command_needs(_command: &Self::Command) -> Needs {
        Needs::default()
    }

    /// Whether the protocol of this name runs with these settings.
    fn runs(_settings: &Self::Settings, _protocol: &str) -> bool {
        true
    }

    /// Whether an invariant that the row of a running protocol claims is claimed with these settings.
    fn claims(_settings: &Self::Settings, _invariant: &Invariant) -> bool {
        true
    }

    /// What keeps it from working with these settings, if anything does: then the scenario is refused when it is read, and
    /// what was drawn from ranges is drawn again. A setting that is wrong whatever the others are is better refused where
    /// it is deserialized.
    fn objection(_setup: &Setup, _settings: &Self::Settings) -> Option<Objection> {
        None
    }

    /// Why its decisions hang on elapsed time with these settings, if they do: it is not explored then, since clocks stand
    /// still in an exploration and timers run out at any moment.
    fn decides_by_time(_settings: &Self::Settings) -> Option<&'static str> {
        None
    }

    /// What the cluster is given in an exploration, in place of `config`: where nodes are to leave out what is taken for
    /// granted there, such as a channel under lanes that are queues; unless its `frames` themselves are to be explored.
    fn explored(config: Self::Config, _frames: bool) -> Self::Config {
        config
    }

    /// The timer that runs out at a node, though it was not set, where an exploration loses something out of the queue
    /// that comes from `peer`: how the node learns that the session is over. Without one it does not.
    fn session_over(_peer: NodeId) -> Option<Self::Timer> {
        None
    }

    /// Which nodes may change places, if any may: an exploration takes states for one that differ only in that, where
    /// neither clients nor checkers know those nodes by their names.
    fn symmetry(_setup: &Setup, _settings: &Self::Settings) -> Option<Symmetry<Self>> {
        None
    }

    /// What a node's disk holds before its first boot.
    fn fresh_disk(_setup: &Setup, _settings: &Self::Settings, _node: NodeId) -> Vec<Self::Entry> {
        Vec::new()
    }
}

/// What a subject and its checkers are told about the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// How many nodes vote; they are the first ones.
    pub voters: u32,
    /// How many only learn.
    pub observers: u32,
    /// When faults and clients' new operations end; the end of the run if never.
    pub calm: Time,
}

impl Setup {
    /// All nodes: voters, then observers.
    #[must_use]
    pub const fn nodes(&self) -> u32 {
        self.voters + self.observers
    }
}

/// A defect that a scenario can switch on: it removes one guard, or puts a wrong line in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// A letter and two digits: `e09`.
    pub id: &'static str,
    /// What is wrong, in a sentence.
    pub about: &'static str,
    /// The invariant that falls.
    pub violates: &'static str,
}

impl Flaw {
    /// A flaw, the invariant that falls with it, and what is wrong.
    #[must_use]
    pub const fn new(id: &'static str, violates: &'static str, about: &'static str) -> Self {
        Self { id, about, violates }
    }
}

/// Settings with which a subject cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The settings that cannot work together, each as `protocol.setting`; the first that the scenario writes is shown.
    pub places: &'static [&'static str],
    /// What is wrong, and why it cannot work.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What clients' work takes for granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// A protocol, which runs for it though nobody names it.
    pub protocol: Option<&'static str>,
    /// How all the keys begin that it names.
    pub keys: Option<String>,
}

/// The settings of a subject that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// The flaws that are switched on in one protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Flaws(Vec<String>);

impl Flaws {
    /// Whether the flaw `id` is on.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|flaw| flaw == id)
    }

    /// Those that are on.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// What is wrong in a part of a scenario, and where inside that part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The way from the part to the place: keys, and indices as numbers.
    pub path: Vec<String>,
    /// What is wrong, as serde says it.
    pub message: String,
}

/// Settings that were read before; their defaults where they could not be.
fn read<T: Default + DeserializeOwned>(settings: &Value) -> T {
    T::deserialize(settings).unwrap_or_default()
}

fn fill<T: Serialize + DeserializeOwned>(part: &Value) -> Result<Value, Misfit> {
    let read: T = serde_path_to_error::deserialize(part).map_err(|error| Misfit {
        path: error.path().iter().map(ToString::to_string).collect(),
        message: error.inner().to_string(),
    })?;
    serde_json::to_value(read).map_err(|error| Misfit { path: Vec::new(), message: error.to_string() })
}

//! What makes a process a subject: its name, settings, workload, claims, flaws and checkers.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chance::Dice;
use crate::check::AnyChecker;
pub use crate::check::Invariant;
use crate::codex::Keyspaces;
use crate::identity::NodeId;
use crate::process::{ClientPlan, Process};
use crate::symmetry::Symmetry;
use crate::time::{Span, Time};

pub use super::profile::Profile;
pub use super::row::{Bearing, LivesOn, Role, Row};
pub(crate) use super::strict::read_strictly;
pub use super::world::{Turn, World};

/// A process that scenarios can name.
pub trait Subject: Process {
    /// Its name under `"subject"` in a scenario.
    const NAME: &'static str;
    /// What it is, in one sentence.
    const ABOUT: &'static str;
    /// Its protocols.
    const ROWS: &'static [Row];

    /// The settings under `"protocols"`: one field per protocol, each with defaults for everything. A protocol with
    /// flaws has a field `flaws` of type [`Flaws`]. No object here or in a workload may have just the keys `min` and
    /// `max`, or `one_of` alone: that is a range, and is replaced by the value that was drawn from it.
    type Settings: Clone + Debug + Default + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// One entry of `"workload"`.
    type Workload: Clone + Debug + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;

    /// The configuration of the cluster.
    fn config(setup: &Setup, settings: &Self::Settings) -> Self::Config;

    /// The clients of a workload, and their operations; all randomness comes from `dice`.
    fn clients(setup: &Setup, workload: &[Self::Workload], dice: &mut Dice) -> Vec<ClientPlan<Self::Client>>;

    /// The checker of an invariant that a row claims.
    fn checker(setup: &Setup, settings: &Self::Settings, invariant: &str) -> Option<AnyChecker<Self::Fact>>;

    /// The bound of each liveness claim by the name of its invariant: how long after quiescence it may take at most,
    /// for a known plan, with these settings and clients in a world that is no worse. A claim that is still open before
    /// its bound is undecided, and violated after it; one without a bound is judged at the end of the run.
    fn bounds(
        _setup: &Setup,
        _settings: &Self::Settings,
        _clients: &[ClientPlan<Self::Client>],
        _world: &World,
    ) -> Vec<(&'static str, Span)> {
        Vec::new()
    }

    /// What an entry of the workload requires.
    fn needs(_workload: &Self::Workload) -> Needs {
        Needs::default()
    }

    /// Why an entry of the workload can't be done, if it can't.
    fn workload_objection(_workload: &Self::Workload) -> Option<String> {
        None
    }

    /// What a command requires.
    fn command_needs(_command: &Self::Command) -> Needs {
        Needs::default()
    }

    /// Whether the protocol of this name runs with these settings.
    fn runs(_settings: &Self::Settings, _protocol: &str) -> bool {
        true
    }

    /// Whether an invariant that the row of a running protocol claims is claimed in this cluster with these settings.
    fn claims(_setup: &Setup, _settings: &Self::Settings, _invariant: &Invariant) -> bool {
        true
    }

    /// Why the subject cannot work with these settings, if it cannot: then the scenario is refused when it is read, and
    /// settings from ranges are drawn again. A setting that is invalid on its own is better refused when it is
    /// deserialized.
    fn objection(_setup: &Setup, _settings: &Self::Settings) -> Option<Objection> {
        None
    }

    /// Why its decisions depend on elapsed time with these settings, if they do: then it is not explored, because
    /// clocks stand still in an exploration and timers expire at any time.
    fn decides_by_time(_settings: &Self::Settings) -> Option<&'static str> {
        None
    }

    /// The configuration of the cluster in an exploration, instead of `config`: nodes omit what the exploration
    /// guarantees, such as a channel under lanes that are queues; unless its `frames` themselves are explored.
    fn explored(config: Self::Config, _frames: bool) -> Self::Config {
        config
    }

    /// The timer that expires at a node, though it was not set, when an exploration loses a message in the queue from
    /// `peer`: it tells the node that the session has ended. Without such a timer the node is not told.
    fn session_over(_peer: NodeId) -> Option<Self::Timer> {
        None
    }

    /// The interchangeable nodes, if any: an exploration identifies states that differ only by a permutation of them,
    /// if neither clients nor checkers know those nodes by name.
    fn symmetry(_setup: &Setup, _settings: &Self::Settings) -> Option<Symmetry<Self>> {
        None
    }

    /// The entries on a node's disk before its first boot.
    fn fresh_disk(_config: &Self::Config, _node: NodeId) -> Vec<Self::Entry> {
        Vec::new()
    }
}

/// The information about the run for a subject and its checkers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The number of nodes that vote; they come first.
    pub voters: u32,
    /// The number of nodes that only learn.
    pub observers: u32,
    /// When faults and clients' new operations end; the end of the run if never.
    pub quiescence: Time,
    /// The keyspaces of the scenario.
    pub keyspaces: Keyspaces,
    /// The nodes that quiescence heals, in order, if not all: what is broken of the others stays broken for good, and
    /// liveness is judged for these.
    pub core: Option<Vec<NodeId>>,
    /// Whether messages may be corrupted on their way.
    pub corrupts: bool,
}

impl Setup {
    /// All nodes: voters, then observers.
    #[must_use]
    pub const fn nodes(&self) -> u32 {
        self.voters + self.observers
    }

    /// Whether quiescence heals this node.
    #[must_use]
    pub fn heals(&self, node: NodeId) -> bool {
        self.core.as_ref().is_none_or(|core| core.contains(&node))
    }

    /// The number of nodes that quiescence does not heal.
    #[must_use]
    pub fn outside(&self) -> u32 {
        self.core.as_ref().map_or(0, |core| self.nodes() - core.len() as u32)
    }
}

/// A defect that a scenario can switch on: it removes one guard, or replaces a line by a wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// A letter and two digits: `e09`.
    pub id: &'static str,
    /// The defect, in a sentence.
    pub about: &'static str,
    /// The invariant that is violated.
    pub violates: &'static str,
    /// What a run must have for the flaw to act, in half a sentence: "reads by index".
    pub needs: &'static str,
}

impl Flaw {
    /// A flaw with its id, the violated invariant, a sentence, and what a run must have for it to act.
    #[must_use]
    pub const fn new(id: &'static str, violates: &'static str, about: &'static str, needs: &'static str) -> Self {
        Self { id, about, violates, needs }
    }
}

/// Settings with which a subject cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The settings that cannot work together, each as `protocol.setting`; the first that the scenario writes is shown.
    pub places: &'static [&'static str],
    /// Why they cannot work together.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The requirements of clients' operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Protocols, which then run even if the scenario does not name them.
    pub protocols: Vec<&'static str>,
    /// How the keys begin that it names: each of its keys with one of these.
    pub keys: Vec<String>,
    /// Whether these must be the prefixes of keyspaces themselves.
    pub whole: bool,
    /// Which protocol owns these keys; it runs too.
    pub owner: Option<Owner>,
    /// Whether it presents tokens for these keys.
    pub fenced: bool,
}

/// Which protocol must own the keys that clients use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The one that their keyspace names, whichever that is.
    Declared {
        /// The one that owns them in no keyspace.
        otherwise: &'static str,
    },
    /// The one that owns keyspaces by this word, and theirs must say it.
    Only(&'static str),
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

    /// The ids that are on.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// An error in a part of a scenario, and its place in that part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The path from the part to the place: keys, and indices as numbers.
    pub path: Vec<String>,
    /// Serde's message.
    pub message: String,
}

/// Reads settings that were checked before; the defaults if they cannot be read.
pub(super) fn read<T: Default + DeserializeOwned>(settings: &Value) -> T {
    T::deserialize(settings).unwrap_or_default()
}

/// Reads a part of a scenario, and returns it with all defaults filled in.
pub(crate) fn fill<T: Serialize + DeserializeOwned>(part: &Value) -> Result<Value, Misfit> {
    serde_json::to_value(read_strictly::<T>(part)?)
        .map_err(|error| Misfit { path: Vec::new(), message: error.to_string() })
}

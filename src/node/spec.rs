//! What scenarios can say about the codex node, what it claims, and which faults it bears.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bound::bounds;
use super::client::Client;
use super::machine::CodexNode;
use super::words::{Command, Entry, Fact, Timer};
use super::workload::{RegisterWorkload, Workload, clients};
use crate::chance::Dice;
use crate::check::{self, Checker, Invariant, Quiet};
use crate::identity::NodeId;
use crate::process::ClientPlan;
use crate::protocols::Registry;
use crate::protocols::channel::{self, ChannelSettings, ChannelTimer};
use crate::protocols::consensus::{self, ConsensusSettings, Rules};
use crate::protocols::locks::{self, LockSettings};
use crate::subject::{Needs, Objection, Row, Setup, Subject, World};
use crate::time::Span;

/// What the cluster is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// As the scenario says.
    pub settings: Settings,
    /// The nodes' secrets.
    pub registry: Registry,
    /// Whether links are queues that keep what the channel promises, so that there is no channel.
    pub promised: bool,
    /// What consensus goes by, if it runs.
    pub consensus: Option<Arc<Rules>>,
}

impl Config {
    /// Whether operations for the proposer are taken whoever signed them: a flaw of consensus.
    pub(super) fn trusts_forwards(&self) -> bool {
        self.consensus.as_ref().is_some_and(|rules| rules.trusts_forwards())
    }
}

/// What stands under `protocols`. A protocol runs if it is named there, or required by a workload, a keyspace, a written
/// operation or another protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The channel under the lock manager.
    pub channel: ChannelSettings,
    /// The lock manager, and the register that its locks guard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locks: Option<LockSettings>,
    /// The replicated log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consensus: Option<ConsensusSettings>,
}

impl Subject for CodexNode {
    const NAME: &'static str = "codex";
    const ABOUT: &'static str = "The codex node: a replicated log, decided by a quorum-based three-phase commit (Skeen \
                                 1982, Keidar and Dolev 1998), with a store of keys and values; the lock manager \
                                 (Ricart and Agrawala 1981, in Gray's five modes) over reliable channels, and a \
                                 register that its locks guard.";
    const ROWS: &'static [Row] = &[channel::ROW, locks::ROW, consensus::ROW];

    type Settings = Settings;
    type Workload = Workload;

    fn config(setup: &Setup, settings: &Settings) -> Config {
        let registry = Registry::new(setup.nodes());
        let rules = |settings: &ConsensusSettings| Arc::new(Rules::new(settings, setup.voters, registry.clone()));
        let consensus = settings.consensus.as_ref().map(rules);
        Config { settings: settings.clone(), registry, promised: false, consensus }
    }

    fn needs(workload: &Workload) -> Needs {
        match workload {
            Workload::Locks(_) => Needs { protocol: Some("locks"), keys: None },
            Workload::Registers(RegisterWorkload { keyspace, .. }) => {
                Needs { protocol: Some("consensus"), keys: Some(keyspace.clone()) }
            }
        }
    }

    fn command_needs(command: &Command) -> Needs {
        match command {
            Command::Locks(_) | Command::Register(_) => Needs { protocol: Some("locks"), keys: None },
            Command::Consensus(command) => {
                Needs { protocol: Some("consensus"), keys: command.key().map(ToString::to_string) }
            }
        }
    }

    fn runs(settings: &Settings, protocol: &str) -> bool {
        let Settings { channel: _, locks, consensus } = settings;
        match protocol {
            "channel" => false, // it has nothing to do of its own
            "locks" => locks.is_some(),
            "consensus" => consensus.is_some(),
            other => unreachable!("{other} has no row"),
        }
    }

    /// Of the running protocols' claims, one hangs on a setting: without anchors none can be broken.
    fn claims(settings: &Settings, invariant: &Invariant) -> bool {
        let has_anchors = settings.consensus.as_ref().is_some_and(|settings| !settings.anchors.is_empty());
        has_anchors || invariant.name != check::ANCHOR_SAFETY.name
    }

    fn objection(_setup: &Setup, settings: &Settings) -> Option<Objection> {
        let Settings { channel, locks: _, consensus } = settings;
        channel.objection().or_else(|| consensus.as_ref().and_then(ConsensusSettings::objection))
    }

    fn fresh_disk(setup: &Setup, settings: &Settings, node: NodeId) -> Vec<Entry> {
        let voter = settings.consensus.as_ref().and_then(|_| consensus::fresh_disk(node, setup.voters));
        voter.into_iter().map(Entry::Consensus).collect()
    }

    fn clients(setup: &Setup, workload: &[Workload], dice: &mut Dice) -> Vec<ClientPlan<Client>> {
        clients(setup, workload, dice)
    }

    fn checker(_setup: &Setup, _settings: &Settings, invariant: &str) -> Option<Box<dyn Checker<Fact>>> {
        if invariant == check::QUIET.name {
            return Some(Box::new(Quiet::but_for(&consensus::PERIODIC)));
        }
        check::checker(invariant)
    }

    fn bounds(
        _setup: &Setup,
        settings: &Settings,
        clients: &[ClientPlan<Client>],
        world: &World,
    ) -> Vec<(&'static str, Span)> {
        bounds(settings, clients, world)
    }

    fn explored(config: Config, frames: bool) -> Config {
        Config { promised: !frames, ..config }
    }

    fn session_over(peer: NodeId) -> Option<Timer> {
        Some(Timer::Channel(ChannelTimer::Over(peer)))
    }
}

//! What scenarios can set for the codex node: combined from the rows of its protocols.

use super::bound::bounds;
use super::hosted::{self, Client, Command, Entry, Fact, ROWS, Rules, Settings, Timer, Workload};
use super::machine::CodexNode;
use crate::chance::Dice;
use crate::check::{self, AnyChecker, Invariant, Quiet};
use crate::codex::Keyspaces;
use crate::identity::{ClientId, NodeId};
use crate::process::ClientPlan;
use crate::protocols::channel::ChannelTimer;
use crate::protocols::gossip::GossipSettings;
use crate::protocols::{Given, Registry};
use crate::subject::{Needs, Objection, Row, Setup, Subject, World};
use crate::time::Span;

/// The configuration of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The scenario's settings.
    pub settings: Settings,
    /// The scenario's keyspaces.
    pub keyspaces: Keyspaces,
    /// The nodes' secrets.
    pub registry: Registry,
    /// Whether links are queues with the channel's guarantees, so that there is no channel.
    pub promised: bool,
    /// The rules of the protocols that run.
    pub(super) rules: Rules,
}

impl Subject for CodexNode {
    const NAME: &'static str = "codex";
    const ABOUT: &'static str = "The codex node: a replicated log, decided by a quorum-based three-phase commit (Skeen \
                                 1982, Keidar and Dolev 1998), with a store of keys and values; a lock manager \
                                 (Ricart and Agrawala 1981, in Gray's five modes) over reliable channels, whose tokens \
                                 fence keys of the store; replicated keys (Almeida, Shoker and Baquero 2014) under \
                                 gossip, four kinds of state sync, and polls about conflicts; and transactions by \
                                 two-phase commit (Gray 1978).";
    const ROWS: &'static [Row] = ROWS;

    type Settings = Settings;
    type Workload = Workload;

    fn config(setup: &Setup, settings: &Settings) -> Config {
        let registry = Registry::new(setup.nodes());
        let rules = settings.rules(Given { setup, registry: &registry });
        let (settings, keyspaces) = (settings.clone(), setup.keyspaces.clone());
        Config { settings, keyspaces, registry, promised: false, rules }
    }

    fn needs(workload: &Workload) -> Needs {
        workload.needs()
    }

    fn workload_objection(workload: &Workload) -> Option<String> {
        workload.objection()
    }

    fn command_needs(command: &Command) -> Needs {
        command.needs()
    }

    fn runs(settings: &Settings, protocol: &str) -> bool {
        settings.names(protocol)
    }

    /// Some claims depend on the scenario: without anchors none can be broken, without fenced keys no token is presented,
    /// without corruption no signature is wrong, and without relays no copy has a hop less than another.
    fn claims(setup: &Setup, settings: &Settings, invariant: &Invariant) -> bool {
        if invariant.name == check::ANCHOR_SAFETY.name {
            return setup.keyspaces.iter().any(|(_, keyspace)| !keyspace.anchors.is_empty());
        }
        if [check::FIFO.name, check::SESSION.name].contains(&invariant.name) {
            return settings.carries();
        }
        if invariant.name == check::AUTHENTICITY.name {
            return setup.corrupts;
        }
        if invariant.name == check::TTL_BOUND.name {
            return setup.nodes() > 2 && settings.gossip.as_ref().is_some_and(GossipSettings::relays);
        }
        if invariant.name == check::FENCING.name {
            return setup.keyspaces.iter().any(|(_, keyspace)| keyspace.fenced);
        }
        true
    }

    fn objection(setup: &Setup, settings: &Settings) -> Option<Objection> {
        let misplaced = || settings.replica.as_ref()?.misplaced(&setup.keyspaces);
        let preloaded = || settings.transactions.as_ref()?.misplaced(&setup.keyspaces);
        settings.objection().or_else(misplaced).or_else(preloaded)
    }

    fn fresh_disk(config: &Config, node: NodeId) -> Vec<Entry> {
        config.rules.fresh_disk(node)
    }

    fn clients(setup: &Setup, workload: &[Workload], dice: &mut Dice) -> Vec<ClientPlan<Client>> {
        let entries = workload.iter().flat_map(|entry| (0..entry.clients()).map(move |_| entry));
        let homes = NodeId::all(setup.nodes()).cycle();
        let numbered = entries.zip(homes).zip((0..).map(ClientId::new));
        numbered.map(|((entry, home), client)| entry.client(client, home, setup, dice)).collect()
    }

    fn checker(_setup: &Setup, _settings: &Settings, invariant: &str) -> Option<AnyChecker<Fact>> {
        if invariant == check::QUIET.name {
            let periodic = ROWS.iter().flat_map(|row| row.periodic).copied();
            return Some(AnyChecker::new(Quiet::but_for(periodic)));
        }
        hosted::checker(invariant)
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

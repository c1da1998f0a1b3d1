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
use crate::fault::{DiskFault, Fault, Harm, Target};
use crate::identity::{LaneId, NodeId};
use crate::network::Discipline;
use crate::process::ClientPlan;
use crate::protocols::channel::{self, ChannelSettings, ChannelTimer};
use crate::protocols::consensus::{self, ConsensusSettings, Rules};
use crate::protocols::locks::{self, LockSettings};
use crate::protocols::{CHANNEL, CONSENSUS, Registry};
use crate::subject::{Flaw, Needs, Objection, Setup, Subject, World};
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

/// What stands under `protocols`. A protocol runs if it is named, there or by what clients need; if none is, the lock
/// manager does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Named")]
#[schemars(from = "Named")]
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

/// The protocols that a scenario names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Named {
    /// The channel under the lock manager.
    channel: ChannelSettings,
    /// The lock manager, and the register that its locks guard. It runs if it is named, or nothing else is.
    locks: Option<LockSettings>,
    /// The replicated log. It runs if it is named.
    consensus: Option<ConsensusSettings>,
}

impl From<Named> for Settings {
    fn from(Named { channel, locks, consensus }: Named) -> Self {
        let locks = locks.or_else(|| consensus.is_none().then(LockSettings::default));
        Self { channel, locks, consensus }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Named::default().into()
    }
}

const INVARIANTS: [Invariant; 19] =
    joined(joined::<_, 3, 7, 10>(channel::INVARIANTS, locks::INVARIANTS), consensus::INVARIANTS);
const FLAWS: [Flaw; 39] = joined(joined::<_, 3, 11, 14>(channel::FLAWS, locks::FLAWS), consensus::FLAWS);

/// One array behind the other.
const fn joined<T: Copy, const A: usize, const B: usize, const C: usize>(first: [T; A], second: [T; B]) -> [T; C] {
    assert!(A + B == C && A > 0, "the joined array has room for both");
    let mut all = [first[0]; C];
    let mut at = 0;
    while at < C {
        all[at] = if at < A { first[at] } else { second[at - A] };
        at += 1;
    }
    all
}

impl Subject for CodexNode {
    const NAME: &'static str = "codex";
    const ABOUT: &'static str = "The codex node: a replicated log, decided by a quorum-based three-phase commit (Skeen \
                                 1982, Keidar and Dolev 1998), with a store of keys and values; the lock manager \
                                 (Ricart and Agrawala 1981, in Gray's five modes) over reliable channels, and a \
                                 register that its locks guard.";
    const INVARIANTS: &'static [Invariant] = &INVARIANTS;
    const FLAWS: &'static [Flaw] = &FLAWS;
    const ELECTED: Option<&'static str> = Some("consensus.elected");

    const OWNERS: &'static [(&'static str, &'static str)] = &[("consensus", "consensus")];

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

    fn claims(settings: &Settings, invariant: &Invariant) -> bool {
        let Settings { channel: _, locks, consensus } = settings;
        match invariant.protocol {
            _ if invariant.name == check::ANCHOR_SAFETY.name => {
                consensus.as_ref().is_some_and(|settings| !settings.anchors.is_empty())
            }
            "consensus" => consensus.is_some(),
            _ if [check::TERMINATION.name, check::QUIET.name].contains(&invariant.name) => true,
            _ => locks.is_some(),
        }
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

    fn discipline(lane: LaneId, frames: bool) -> Discipline {
        match lane {
            _ if frames => Discipline::Datagram,
            CONSENSUS => Discipline::Datagram,
            CHANNEL => Discipline::Sure,
            _ => Discipline::Fifo,
        }
    }

    fn speaks_on(lane: LaneId, settings: &Settings) -> bool {
        if lane == CONSENSUS { settings.consensus.is_some() } else { settings.locks.is_some() }
    }

    fn session_over(peer: NodeId) -> Option<Timer> {
        Some(Timer::Channel(ChannelTimer::Over(peer)))
    }

    fn spends<'f>(fault: &'f Fault, settings: &Settings) -> Option<&'f Target> {
        let target = match fault {
            Fault::Restart(restart) if restart.wipe => &restart.target,
            Fault::Disk(DiskFault { target, harm: Harm::Damage }) => target,
            Fault::Restart(_)
            | Fault::Disk(_)
            | Fault::Clock(_)
            | Fault::Kill(_)
            | Fault::Pause(_)
            | Fault::Resume(_)
            | Fault::Partition(_)
            | Fault::Heal(_)
            | Fault::Clog(_)
            | Fault::Delay(_)
            | Fault::Loss(_)
            | Fault::Duplicate(_)
            | Fault::Reorder(_)
            | Fault::Corrupt(_) => return None,
        };
        settings.consensus.as_ref().map(|_| target)
    }

    fn beyond(fault: &Fault, settings: &Settings) -> Option<&'static str> {
        let locks = settings.locks.is_some();
        match fault {
            Fault::Restart(restart) if restart.wipe && locks => {
                Some("a wiped node forgets which stamps it has answered, and could be granted what another holds")
            }
            Fault::Disk(disk) => match disk.harm {
                Harm::Damage if locks => Some("which stamps a node has answered is on its own disk alone"),
                Harm::Damage => None,
                Harm::Torn | Harm::IoError | Harm::Slow(_) => None,
            },
            Fault::Clock(clock) if clock.monotonic_freeze => Some("a node whose timers stand still never sends again"),
            Fault::Restart(_)
            | Fault::Clock(_)
            | Fault::Kill(_)
            | Fault::Pause(_)
            | Fault::Resume(_)
            | Fault::Partition(_)
            | Fault::Heal(_)
            | Fault::Clog(_)
            | Fault::Delay(_)
            | Fault::Loss(_)
            | Fault::Duplicate(_)
            | Fault::Reorder(_)
            | Fault::Corrupt(_) => None,
        }
    }
}

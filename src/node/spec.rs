//! What scenarios can say about the codex node, what it claims, and which faults it bears.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lock_client::LockClient;
use super::machine::CodexNode;
use super::words::{Fact, Timer};
use super::workload::{Workload, clients};
use crate::chance::Dice;
use crate::check::{self, Checker, Invariant};
use crate::fault::{Fault, Harm};
use crate::identity::{LaneId, NodeId};
use crate::network::Discipline;
use crate::process::ClientPlan;
use crate::protocols::channel::{self, ChannelSettings, ChannelTimer};
use crate::protocols::locks::{self, LockSettings};
use crate::protocols::{CHANNEL, Registry};
use crate::subject::{Flaw, Setup, Subject};

/// What the cluster is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// As the scenario says.
    pub settings: Settings,
    /// The nodes' secrets.
    pub registry: Registry,
    /// Whether links are queues that keep what the channel promises, so that there is no channel.
    pub promised: bool,
}

/// What stands under `protocols`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The channel under the protocols.
    pub channel: ChannelSettings,
    /// The lock manager, and the register that its locks guard.
    pub locks: LockSettings,
}

const INVARIANTS: [Invariant; 9] = joined(channel::INVARIANTS, locks::INVARIANTS);
const FLAWS: [Flaw; 13] = joined(channel::FLAWS, locks::FLAWS);

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
    const ABOUT: &'static str = "The codex node: the lock manager (Ricart and Agrawala 1981, in Gray's five modes) over \
                                 reliable channels, and a register that its locks guard.";
    const INVARIANTS: &'static [Invariant] = &INVARIANTS;
    const FLAWS: &'static [Flaw] = &FLAWS;

    type Settings = Settings;
    type Workload = Workload;

    fn config(setup: &Setup, settings: &Settings) -> Config {
        Config { settings: settings.clone(), registry: Registry::new(setup.nodes()), promised: false }
    }

    fn clients(setup: &Setup, workload: &[Workload], dice: &mut Dice) -> Vec<ClientPlan<LockClient>> {
        clients(setup, workload, dice)
    }

    fn checker(_setup: &Setup, _settings: &Settings, invariant: &str) -> Option<Box<dyn Checker<Fact>>> {
        check::checker(invariant)
    }

    fn explored(config: Config, frames: bool) -> Config {
        Config { promised: !frames, ..config }
    }

    fn discipline(lane: LaneId, frames: bool) -> Discipline {
        match lane {
            _ if frames => Discipline::Datagram,
            CHANNEL => Discipline::Sure,
            _ => Discipline::Fifo,
        }
    }

    fn session_over(peer: NodeId) -> Option<Timer> {
        Some(Timer::Channel(ChannelTimer::Over(peer)))
    }

    fn beyond(fault: &Fault) -> Option<&'static str> {
        match fault {
            Fault::Restart(restart) if restart.wipe => {
                Some("a wiped node forgets which stamps it has answered, and could be granted what another holds")
            }
            Fault::Disk(disk) => match disk.harm {
                Harm::Damage => Some("which stamps a node has answered is on its own disk alone"),
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

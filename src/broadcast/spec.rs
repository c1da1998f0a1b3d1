//! Settings, claims and flaws of causal broadcast.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bound::{Bound, bound};
use super::facts::Fact;
use super::machine::Broadcaster;
use super::messages::Command;
use super::outbox::Pace;
use super::workload::{Workload, clients};
use crate::chance::Dice;
use crate::check::{self, AnyChecker};
use crate::fault::Taken;
use crate::process::{ClientPlan, Script};
use crate::protocols::clocks::{self, ClocksSettings};
use crate::protocols::{Registry, resending};
use crate::subject::{Bearing, Flaw, Flaws, Objection, Row, Setup, Subject, World};
use crate::time::Span;

/// The configuration of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The scenario's settings.
    pub settings: Settings,
    /// The nodes' secrets.
    pub registry: Registry,
}

/// The settings under `protocols`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The broadcast.
    pub broadcast: BroadcastSettings,
    /// The nodes' clocks.
    pub clocks: ClocksSettings,
}

/// Settings of the broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BroadcastSettings {
    /// How long a peer may owe an acknowledgement before a broadcast is sent again, at least 1ms; doubled after each
    /// resend, and extended by up to a quarter, drawn anew each time.
    pub resend: Span,
    /// The limit of the doubling, not less than `resend`.
    pub resend_cap: Span,
    /// The maximum number of unacknowledged broadcasts to a peer, and of broadcasts of an origin that wait for their
    /// causes.
    pub window: NonZeroU32,
    /// Flaws that are switched on: `b01` to `b06`.
    pub flaws: Flaws,
}

impl Default for BroadcastSettings {
    fn default() -> Self {
        Self {
            resend: Span::from_millis(50),
            resend_cap: Span::from_secs(1),
            window: const { NonZeroU32::new(16).expect("16 is not zero") },
            flaws: Flaws::default(),
        }
    }
}

impl Config {
    /// A cluster of `nodes` with these settings.
    #[must_use]
    pub fn new(nodes: u32, settings: Settings) -> Self {
        Self { settings, registry: Registry::new(nodes) }
    }

    pub(super) fn pace(&self) -> Pace {
        self.settings.broadcast.pace()
    }
}

impl BroadcastSettings {
    fn pace(&self) -> Pace {
        let Self { resend, resend_cap, window, flaws: _ } = self;
        let resend = (*resend).max(Span::from_millis(1));
        Pace { window: window.get().into(), resend, cap: resend.max(*resend_cap) }
    }
}

const BROADCAST: Row = Row {
    lanes: &["broadcast"],
    claims: &[check::CAUSAL_DELIVERY, check::NO_DUPLICATION, check::RELIABLE_DELIVERY, check::QUIET],
    flaws: &[
        Flaw::new(
            "b01",
            "causal-delivery",
            "A broadcast is delivered in the order of its origin; its causes are ignored.",
            "a broadcast that is made after another one was delivered, and overtakes it",
        ),
        Flaw::new(
            "b02",
            "no-duplication",
            "Deliveries are acknowledged before they are written to disk: a restarted node delivers again.",
            "a kill between a delivery and its sync",
        ),
        Flaw::new("b03", "reliable-delivery", "Lost broadcasts are never sent again.", "a broadcast that is lost"),
        Flaw::new(
            "b04",
            "no-duplication",
            "A broadcast is sent before it is on disk: a crash loses it, and its number is used again.",
            "a kill between a broadcast and its sync",
        ),
        Flaw::new(
            "b05",
            "causality",
            "Signatures are not verified: a corrupted message is accepted, and its clock is merged.",
            "a message that is corrupted",
        ),
        Flaw::new(
            "b06",
            "quiet",
            "A complete acknowledgement is ignored: the last broadcast is sent again forever.",
            "an acknowledgement of all that a node has broadcast",
        ),
    ],
    bears: |fault| match fault.takes() {
        Some(Taken::Disk) => {
            Bearing::Beyond("a wiped node forgets which numbers it has used and what it has delivered")
        }
        Some(Taken::Entry) => Bearing::Beyond("only a node's own disk holds what it has broadcast and delivered"),
        Some(Taken::Timers) => Bearing::Beyond("a node whose timers have stopped never sends again"),
        None => Bearing::Borne,
    },
    ..Row::new(
        "broadcast",
        "Causal broadcast (Birman, Schiper and Stephenson 1991): every node delivers every broadcast once, after all \
         its causes.",
    )
};

impl Subject for Broadcaster {
    const NAME: &'static str = "broadcast";
    const ABOUT: &'static str = "Causal broadcast (Birman, Schiper and Stephenson 1991): every node delivers every \
                                 broadcast once, after all its causes.";
    const ROWS: &'static [Row] = &[BROADCAST, clocks::ROW];

    type Settings = Settings;
    type Workload = Workload;

    fn config(setup: &Setup, settings: &Settings) -> Config {
        Config::new(setup.nodes(), settings.clone())
    }

    fn clients(setup: &Setup, workload: &[Workload], dice: &mut Dice) -> Vec<ClientPlan<Script<Command>>> {
        clients(setup, workload, dice)
    }

    fn checker(_setup: &Setup, _settings: &Settings, invariant: &str) -> Option<AnyChecker<Fact>> {
        check::checker(invariant)
    }

    fn objection(_setup: &Setup, settings: &Settings) -> Option<Objection> {
        let BroadcastSettings { resend, resend_cap, window: _, flaws: _ } = &settings.broadcast;
        resending::objection(*resend, *resend_cap, &["broadcast.resend", "broadcast.resend_cap"])
    }

    fn bounds(
        setup: &Setup,
        settings: &Settings,
        clients: &[ClientPlan<Script<Command>>],
        world: &World,
    ) -> Vec<(&'static str, Span)> {
        let Bound { delivered, quiet } = bound(settings.broadcast.pace(), setup, clients, world);
        vec![(check::RELIABLE_DELIVERY.name, delivered), (check::QUIET.name, quiet)]
    }
}

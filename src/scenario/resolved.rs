//! A scenario resolved by a seed: the input of one run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::core::Core;
use super::entry::FaultEntry;
use super::format::{Clocks, Scenario};
use super::operation::OperationEntry;
use super::repair::Repair;
use super::{ALWAYS, plan, rules, swarm, worst_case};
use crate::chance::{Chance, Seed};
use crate::fault::FaultPlan;
use crate::identity::{MessageId, NodeId};
use crate::measure::{Drift, Offset, Share};
use crate::network::{Delay, Network, PinnedFate};
use crate::sim::ClockError;
use crate::subject::{Flaw, Profile, Row, Setup, World};
use crate::time::{Span, Time};

/// Everything that is known about a run before it starts.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The scenario with its ranges drawn and every default written out; it serialises to a scenario file.
    pub scenario: Arc<Scenario>,
    /// The seed that it was drawn from.
    pub seed: Seed,
    /// The subject that runs.
    pub profile: Profile,
    /// The size of the cluster, and the time of quiescence.
    pub setup: Setup,
    /// When the run ends, if the scenario fixes it; otherwise it ends when nothing is owed and nothing is pending, or when
    /// the bounds have passed.
    pub end: Option<Time>,
    /// The links, without faults.
    pub network: Network,
    /// The planned faults.
    pub plan: FaultPlan,
    /// The outcomes of single messages.
    pub fates: BTreeMap<MessageId, PinnedFate>,
    /// The expected verdicts.
    pub expected: Expected,
}

/// The expected verdicts of a run, with known names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The invariants that must hold, without those in `violates`; those that the scenario states itself are among them.
    /// [`ALWAYS`] must hold in addition.
    pub holds: Vec<&'static str>,
    /// The invariants that must be violated.
    pub violates: Vec<&'static str>,
    /// The bounds of liveness invariants: how long after quiescence they must hold.
    pub within: BTreeMap<&'static str, Span>,
    /// The facts that must occur.
    pub sometimes: Vec<String>,
}

impl Resolved {
    pub(super) fn new(mut scenario: Arc<Scenario>, profile: Profile, seed: Seed) -> Self {
        if scenario.run.core == Some(Core::Majority) {
            let core = plan::core(&scenario, &profile, seed);
            Arc::make_mut(&mut scenario).run.core = Some(Core::Nodes(core));
        }
        let fates = scenario.fates.iter();
        let fates = fates.filter_map(|(id, fate)| Some((rules::expectations::message(id, &profile).ok()?, *fate)));
        Self {
            seed,
            profile,
            setup: scenario.setup(),
            end: scenario.run.ends().map(|end| Time::ZERO + end),
            network: scenario.network.network(),
            plan: plan::draw(&scenario, &profile, seed),
            fates: fates.collect(),
            expected: Expected::new(&scenario, &profile),
            scenario,
        }
    }

    /// A run of one seed of a swarm; its scenario lists everything that was drawn.
    pub(super) fn of_swarm(scenario: &Scenario, profile: Profile, seed: Seed) -> Self {
        let varied = Arc::new(swarm::vary(scenario, &profile, seed));
        let mut resolved = Self::new(varied, profile, seed);
        let faults =
            resolved.plan.faults.iter().map(|planned| FaultEntry::of(planned, &scenario.protocols, &profile)).collect();
        Arc::make_mut(&mut resolved.scenario).faults = faults;
        resolved
    }

    /// A run of a scenario without a file, with its own seed; `None` if it breaks a rule, or its settings are incompatible.
    #[must_use]
    pub fn of(scenario: Scenario, profile: Profile) -> Option<Self> {
        let reads = scenario.operations.iter().all(|entry| (profile.command)(&entry.command).is_ok());
        let works = |scenario: &Scenario| (profile.objection)(&scenario.setup(), &scenario.protocols).is_none();
        let sound =
            reads && rules::check(&scenario, &profile, &Repair::new(Value::Null)).is_empty() && works(&scenario);
        let seed = scenario.run.seed;
        sound.then(|| Self::new(Arc::new(scenario), profile, seed))
    }

    /// The settings of the subject, for its own type to read.
    #[must_use]
    pub fn settings(&self) -> &Value {
        &self.scenario.protocols
    }

    /// The flaws that are on.
    pub fn flaws(&self) -> impl Iterator<Item = &'static Flaw> + '_ {
        let is_on = |(row, flaw): &(&Row, &Flaw)| {
            let on = self.settings().get(row.name).and_then(|settings| settings.get("flaws")?.as_array());
            on.is_some_and(|on| on.iter().any(|on| on == flaw.id))
        };
        self.profile.flaws().filter(is_on).map(|(_, flaw)| flaw)
    }

    /// The same run without this flaw.
    #[must_use]
    pub fn without_flaw(&self, flaw: &Flaw) -> Self {
        let mut run = self.clone();
        let protocols = Arc::make_mut(&mut run.scenario).protocols.as_object_mut();
        for settings in protocols.into_iter().flat_map(|protocols| protocols.values_mut()) {
            if let Some(on) = settings.get_mut("flaws").and_then(Value::as_array_mut) {
                on.retain(|on| on != flaw.id);
            }
        }
        run
    }

    /// The entries of the workload, for the subject's own type to read.
    #[must_use]
    pub fn workload(&self) -> &[Value] {
        &self.scenario.workload
    }

    /// The scripted operations; the subject's own type reads their commands.
    #[must_use]
    pub fn operations(&self) -> &[OperationEntry] {
        &self.scenario.operations
    }

    /// Whether faults and clients' new operations end before the run does.
    #[must_use]
    pub fn is_quiescent(&self) -> bool {
        self.end.is_none_or(|end| self.setup.quiescence < end)
    }

    /// The worst case of its network, disks, clocks, faults and scripted operations.
    #[must_use]
    pub fn world(&self) -> World {
        worst_case::of(self)
    }

    /// How long a disk takes to sync.
    #[must_use]
    pub fn sync_delay(&self) -> Delay {
        self.scenario.disk.sync
    }

    /// The errors of each node's clocks without faults, independent of the number of nodes; empty if all clocks are exact.
    #[must_use]
    pub fn clock_errors(&self) -> Vec<ClockError> {
        let clocks = self.scenario.clocks;
        if clocks == Clocks::default() {
            return Vec::new();
        }
        NodeId::all(self.setup.nodes()).map(|node| clock_error(clocks, self.seed, node)).collect()
    }
}

fn clock_error(clocks: Clocks, seed: Seed, node: NodeId) -> ClockError {
    {
        let key = seed.key("clocks").with(node.index() as u64);
        let drift = |label: &str, bound: Share| {
            let ppb = either_way(&mut key.text(label).draws(), bound.as_ppb().into());
            Drift::from_ppb(i32::try_from(ppb).expect("a share fits"))
        };
        ClockError {
            offset: Offset::from_nanos(either_way(&mut key.text("offset").draws(), clocks.offset.as_nanos())),
            drift: drift("drift", clocks.drift),
            monotonic_drift: drift("monotonic_drift", clocks.monotonic_drift),
        }
    }
}

/// A number from −`bound` to `bound`.
pub(super) fn either_way(chance: &mut impl Chance, bound: u64) -> i64 {
    let bound = bound.min(i64::MAX.unsigned_abs() / 2);
    chance.between(0, bound * 2).cast_signed() - bound.cast_signed()
}

impl Expected {
    fn new(scenario: &Scenario, profile: &Profile) -> Self {
        let expect = &scenario.expect;
        let claims = profile.claims(&scenario.setup(), &scenario.protocols);
        let claimed = || claims.iter().map(|invariant| invariant.name);
        let known = |name: &String| claimed().chain(ALWAYS).chain(expect.own()).find(|known| known == name);
        let violates: Vec<_> = expect.violates.iter().filter_map(known).collect();
        let mut holds: Vec<_> = match &expect.holds {
            Some(holds) => holds.iter().filter_map(known).collect(),
            None => claimed().filter(|name| !violates.contains(name)).collect(),
        };
        let stated: Vec<_> = expect.own().filter(|name| !violates.contains(name) && !holds.contains(name)).collect();
        holds.extend(stated);
        let within = expect.within.iter().filter_map(|(name, span)| Some((known(name)?, *span)));
        Self { holds, violates, within: within.collect(), sometimes: expect.sometimes.clone() }
    }
}

//! A timed run of the lock manager, without its frames, is a path of the exploration in which links are queues.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::chance::Seed;
use crate::codex::Keyspaces;
use crate::fault::Budget;
use crate::identity::{Actor, LaneId, NodeId};
use crate::measure::Share;
use crate::node::{CodexNode, Fact, Workload};
use crate::process::Process;
use crate::protocols::locks::LockFact;
use crate::sim::explore::{Ears, Rules};
use crate::sim::{Cast, Conditions, Simulation, Witness};
use crate::subject::{Profile, Setup, Subject};
use crate::time::{LocalTime, Time};
use crate::trace::{Event, Record};

const NODES: u32 = 3;
const END: Time = Time::from_nanos(300_000_000);

/// The actions of clients and disks, and the facts of the lock manager; not how messages were transmitted.
#[derive(Clone, Debug, Default)]
struct Deeds(Vec<(Actor, String)>);

impl Witness<Fact> for Deeds {
    fn see(&mut self, record: &Record<'_>, fact: Option<&Fact>) -> ControlFlow<()> {
        let is_kept = matches!(
            record.event,
            Event::Invoked { .. }
                | Event::Command { .. }
                | Event::Reply { .. }
                | Event::Returned { .. }
                | Event::Append { .. }
                | Event::Sync
        );
        // The number of the synced event depends on the frames.
        if matches!(record.event, Event::Synced { .. }) {
            self.0.push((record.id.actor, "Synced".to_owned()));
        }
        match fact {
            Some(fact @ Fact::Locks(_)) => {
                self.0.push((record.id.actor, format!("{:?}", timeless(fact.clone()))));
            }
            Some(_) => {}
            None if is_kept => self.0.push((record.id.actor, format!("{:?}", record.event))),
            None => {}
        }
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        true
    }
}

/// The same fact without its time: clocks stand still in an exploration.
fn timeless(mut fact: Fact) -> Fact {
    if let Fact::Locks(LockFact::Asked { turn, .. }) = &mut fact {
        turn.since = LocalTime::default();
    }
    fact
}

/// Each of three clients requests one lock once, or twice.
fn cast(seed: Seed, promised: bool) -> Cast<CodexNode> {
    let setup = Setup {
        voters: NODES,
        observers: 0,
        quiescence: END,
        keyspaces: Keyspaces::default(),
        core: None,
        corrupts: false,
    };
    let workload = r#"{ "locks": { "operations": 2, "tree": { "width": 1 }, "think": "2ms", "hold": "5ms" } }"#;
    let workload: Workload = serde_json::from_str(workload).expect("a workload");
    let settings = serde_json::from_str(r#"{ "locks": {} }"#).expect("settings");
    let config = CodexNode::config(&setup, &settings);
    let config = if promised { CodexNode::explored(config, false) } else { config };
    let clients = CodexNode::clients(&setup, &[workload], &mut seed.dice("workload"));
    Cast { config, nodes: NODES, disk: Box::new(|_: NodeId| Vec::new()), clients }
}

fn timed(seed: Seed) -> Deeds {
    let mut conditions = Conditions::plain(seed, END);
    conditions.network.link.loss = Share::from_percent(20);
    conditions.network.link.duplicate = Share::from_percent(10);
    Simulation::new(conditions, cast(seed, false), Deeds::default()).run().1
}

/// Whether some path of the exploration has exactly these events.
fn is_a_way(seed: Seed, Deeds(run): &Deeds) -> bool {
    let budget = Budget { timers: Some(0), ..Budget::default() };
    let lanes = (0..).map(LaneId::new).take(CodexNode::LANES.len());
    let disciplines = lanes.map(|lane| Profile::of::<CodexNode>().discipline(lane, false)).collect();
    let rules = Rules::new(seed, cast(seed, true), &[], budget, disciplines);
    let mut builder = rules.builder(Ears::Recording);
    let mut told = Deeds::default();
    let root = builder.root(&rules, &mut told);
    assert_eq!(told.0, run[..told.0.len()]);
    let (mut open, mut known) = (vec![(root, told.0.len())], BTreeSet::new());
    while let Some((state, at)) = open.pop() {
        if at == run.len() {
            return true;
        }
        rules.each(&mut builder, &state, Deeds::default, |builder, Deeds(told), _, _| {
            if run[at..].starts_with(&told) {
                let (next, at) = (builder.make(&state), at + told.len());
                if known.insert((next.fingerprint(&rules), at)) {
                    open.push((next, at));
                }
            }
        });
    }
    false
}

#[test]
fn every_timed_run_of_locks_less_its_frames_is_a_way_through_the_exploration() {
    let mut lines = 0;
    for seed in (0..25).map(Seed) {
        let run = timed(seed);
        assert!(is_a_way(seed, &run), "seed {seed}: {run:#?}");
        lines += run.0.len();
    }
    assert!(lines > 25 * 40, "{lines}");
}

#[test]
fn what_no_run_tells_is_no_way() {
    let seed = Seed(1);
    let run = timed(seed);
    for at in (0..run.0.len() - 1).step_by(5) {
        let mut without = run.clone();
        let gone = without.0.remove(at);
        // At the very end one line may be missing, because the run ended before the events after it.
        assert!(!is_a_way(seed, &without), "without {gone:?}");
    }
}

//! Where a play is given: conditions, faults, clients; and what was seen of it.

use std::ops::RangeInclusive;

use stemmata::chance::Seed;
use stemmata::fault::{Crash, Fault, LinkShare, OfNodes, Partition, PlannedFault, Restart, Target, Trigger};
use stemmata::identity::{Actor, MessageId, NodeId};
use stemmata::measure::Share;
use stemmata::network::Delay;
use stemmata::process::{ClientPlan, Operation, Process};
use stemmata::sim::{Cast, Conditions, Simulation};
use stemmata::time::{Span, Time};
use stemmata::trace::{Codec, Detail, Event, Record, Recorder, Tape, text};

use super::player::{Act, Asker, Command, Cue, Entry, Play, Player};

/// A cluster under conditions. Every message takes 10 ms, every sync 5 ms, and the run ends after a second.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) conditions: Conditions,
    pub(crate) clients: Vec<ClientPlan<Asker>>,
    pub(crate) operations: Vec<Operation<Command>>,
    nodes: u32,
    play: Play,
    disk: Vec<u8>,
}

/// The instant so many milliseconds after the beginning.
pub(crate) fn at(millis: u64) -> Time {
    Time::ZERO + Span::from_millis(millis)
}

impl Stage {
    pub(crate) fn new(nodes: u32) -> Self {
        let mut conditions = Conditions::plain(Seed(1), at(1_000));
        conditions.network.link.delay = Delay::Constant(Span::from_millis(10));
        conditions.sync = Delay::Constant(Span::from_millis(5));
        Self { conditions, clients: Vec::new(), operations: Vec::new(), nodes, play: Vec::new(), disk: Vec::new() }
    }

    /// At `cue`, node `node` (from 1) does `acts`.
    pub(crate) fn on(mut self, node: u32, cue: Cue, acts: impl Into<Vec<Act>>) -> Self {
        self.play.push((NodeId::new(node - 1), cue, acts.into()));
        self
    }

    /// Every node does `acts` at its first start.
    pub(crate) fn all_on(mut self, cue: Cue, acts: &[Act]) -> Self {
        self.play.extend(NodeId::all(self.nodes).map(|node| (node, cue, acts.to_vec())));
        self
    }

    /// Every disk holds these lines before the first boot.
    pub(crate) fn with_disks(mut self, lines: &[u8]) -> Self {
        self.disk = lines.to_vec();
        self
    }

    pub(crate) fn with_client(mut self, client: ClientPlan<Asker>) -> Self {
        self.clients.push(client);
        self
    }

    /// A written operation of a client, asked at an instant of a node; patient for 20 ms.
    pub(crate) fn asks(mut self, op: &str, millis: u64, to: &[u32], command: Command) -> Self {
        let (op, to, timeout) = (op.parse().expect("an operation"), nodes(to), Span::from_millis(20));
        self.operations.push(Operation { op, at: at(millis), to, command, timeout, retries: 1 });
        self
    }

    fn plan(mut self, when: Trigger, lasts: Option<u64>, fault: Fault) -> Self {
        let lasts = lasts.map(Span::from_millis);
        self.conditions.faults.faults.push(PlannedFault { name: None, when, lasts, fault, drawn: false });
        self
    }

    /// A fault at an instant, in milliseconds, that nothing but another fault or quiescence ends.
    pub(crate) fn at(self, millis: u64, fault: Fault) -> Self {
        self.plan(Trigger::At(at(millis)), None, fault)
    }

    /// A fault from one instant to another, in milliseconds.
    pub(crate) fn during(self, millis: RangeInclusive<u64>, fault: Fault) -> Self {
        let (from, to) = millis.into_inner();
        self.plan(Trigger::At(at(from)), Some(to - from), fault)
    }

    /// A fault at the `n`-th alarm.
    pub(crate) fn at_alarm(self, n: u32, fault: Fault) -> Self {
        self.plan(Trigger::Fact { fact: "alarm".to_owned(), n }, None, fault)
    }

    /// The same, for so many milliseconds.
    pub(crate) fn at_alarm_for(self, n: u32, millis: u64, fault: Fault) -> Self {
        self.plan(Trigger::Fact { fact: "alarm".to_owned(), n }, Some(millis), fault)
    }

    pub(crate) fn calm_at(mut self, millis: u64) -> Self {
        self.conditions.quiescence = Some(at(millis));
        self
    }

    pub(crate) fn run(self) -> Seen {
        let Self { conditions, clients, operations, nodes, play, disk } = self;
        let disk = Box::new(move |_| disk.iter().copied().map(Entry::Line).collect());
        let cast = Cast { config: play, nodes, disk, clients };
        let simulation = Simulation::<Player, _>::new(conditions, cast, Recorder::keeping());
        let (_, recorder) = simulation.with_operations(operations).run();
        Seen(recorder.finish().1.expect("it was kept"))
    }
}

/// The records of a run.
pub(crate) struct Seen(Tape);

impl Seen {
    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.0.records()
    }

    /// What an actor (`n1`, `c1`, or `env`) did and suffered, a line each, such as `15ms synced`.
    pub(crate) fn of(&self, actor: &str) -> Vec<String> {
        let lanes: Vec<_> = Player::LANES.iter().map(ToString::to_string).collect();
        let renderer = text::Renderer::new(&lanes, Detail::All);
        let codec = Codec::of::<Player>();
        let own = self.records().filter(|record| record.id.actor.to_string() == actor);
        own.map(|record| {
            let time = Span::from_nanos(record.time.as_nanos());
            let line = renderer.alone(&codec.explain(record));
            let what = line.trim_start().splitn(3, ' ').nth(2).expect("time, actor, event").to_owned();
            format!("{time} {what}")
        })
        .collect()
    }

    /// Those of an actor's lines that contain `word`.
    pub(crate) fn lines(&self, actor: &str, word: &str) -> Vec<String> {
        self.of(actor).into_iter().filter(|line| line.contains(word)).collect()
    }

    /// How many messages, nodes or answers each fault touched.
    pub(crate) fn touched(&self) -> Vec<u64> {
        self.records()
            .filter_map(|record| if let Event::Touched { count, .. } = record.event { Some(count) } else { None })
            .collect()
    }

    /// How many copies of messages from one node to others arrived whole, by the receiver's number from 1.
    pub(crate) fn heard(&self, from: u32) -> Vec<u32> {
        let from = NodeId::new(from - 1);
        let got = |record: Record<'_>| match (record.id.actor, record.event) {
            (Actor::Node(to), Event::Receive { message, .. }) if message.sender == from => Some(number(to)),
            _ => None,
        };
        let mut heard: Vec<_> = self.records().filter_map(got).collect();
        heard.sort_unstable();
        heard
    }

    /// The numbers of an actor's records, sorted.
    pub(crate) fn numbers(&self, actor: &str) -> Vec<u32> {
        let own = self.records().filter(|record| record.id.actor.to_string() == actor);
        let mut numbers: Vec<_> = own.map(|record| record.id.number).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// The number of a node, from 1.
pub(crate) fn number(node: NodeId) -> u32 {
    u32::try_from(node.index()).expect("few nodes") + 1
}

/// A message by its sender and number on the first lane.
pub(crate) fn word(sender: u32, number: u32) -> MessageId {
    MessageId { sender: NodeId::new(sender - 1), lane: stemmata::identity::LaneId::new(0), number }
}

/// Nodes by their numbers from 1.
pub(crate) fn nodes(numbers: &[u32]) -> Vec<NodeId> {
    numbers.iter().map(|number| NodeId::new(number - 1)).collect()
}

pub(crate) fn target(numbers: &[u32]) -> Target {
    Target::Nodes(nodes(numbers))
}

pub(crate) fn kill(node: u32) -> Fault {
    Fault::Kill(Crash { target: target(&[node]), after_effects: None })
}

pub(crate) fn kill_after(node: u32, effects: u32) -> Fault {
    Fault::Kill(Crash { target: target(&[node]), after_effects: Some(effects) })
}

pub(crate) fn restart(node: u32) -> Fault {
    Fault::Restart(Restart { target: target(&[node]), wipe: false, after_effects: None })
}

pub(crate) fn wipe(node: u32) -> Fault {
    Fault::Restart(Restart { target: target(&[node]), wipe: true, after_effects: None })
}

pub(crate) fn pause(node: u32) -> Fault {
    Fault::Pause(OfNodes { target: target(&[node]) })
}

pub(crate) fn split(groups: &[&[u32]]) -> Fault {
    Fault::Partition(Partition { groups: groups.iter().map(|group| nodes(group)).collect(), ..Partition::default() })
}

/// Something for all messages from one node to another.
pub(crate) fn always(from: u32, to: u32) -> LinkShare {
    LinkShare { share: Share::from_percent(100), from: Some(target(&[from])), to: Some(target(&[to])) }
}

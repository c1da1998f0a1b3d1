//! Faults as data: what may be done to nodes, links, clocks and disks, and the plan that says when.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::identity::NodeId;
use crate::measure::{Drift, Offset, Share};
use crate::network::Delay;
use crate::time::{Span, Time};

/// All that will be done to the cluster in one run: drawn before the run, printed with it, and shrinkable.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultPlan {
    /// In the order in which those of one instant act.
    pub faults: Vec<PlannedFault>,
}

/// One fault and its time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    /// When it acts.
    pub when: Trigger,
    /// How long it lasts; what can end ends then (a killed node starts again), or at the calm.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// What it does.
    pub fault: Fault,
    /// Whether it was drawn from the seed; one that was written must touch something, or the run proves nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drawn: bool,
}

/// When a fault acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trigger {
    /// At an instant, before everything else of that instant.
    At(Time),
    /// Right after the record of the `n`-th such fact, before the step's next effect.
    Fact {
        /// The fact's name: `broadcast.delivered`.
        fact: String,
        /// How many of them must have been recorded, from 1.
        n: u32,
    },
}

/// What is done. The words are those of scenario files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// Kills nodes: all that is volatile or not synced is lost. They start again when the fault ends.
    Kill(Crash),
    /// Kills nodes and starts them again at once.
    Restart(Restart),
    /// Stops nodes between two steps; what arrives waits.
    Pause(OfNodes),
    /// Ends a pause.
    Resume(OfNodes),
    /// Cuts links: what is sent into them and what is under way is lost.
    Partition(Partition),
    /// Ends every partition and clog.
    Heal(Nothing),
    /// Holds what would arrive until the fault ends.
    Clog(Clog),
    /// Replaces the delay of links.
    Delay(SlowLinks),
    /// Raises the loss of links.
    Loss(LinkShare),
    /// Raises how often messages arrive twice.
    Duplicate(LinkShare),
    /// Raises how often messages are held up and overtaken.
    Reorder(LinkShare),
    /// Raises how often a bit of a message flips.
    Corrupt(LinkShare),
    /// Moves or bends nodes' clocks.
    Clock(ClockFault),
    /// Makes nodes' disks fail.
    Disk(DiskFault),
}

/// The kinds of faults, by name; a drawn fault names the kinds to draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Kills nodes.
    Kill,
    /// Restarts nodes.
    Restart,
    /// Stops nodes for a while.
    Pause,
    /// Ends a pause.
    Resume,
    /// Cuts links.
    Partition,
    /// Ends partitions and clogs.
    Heal,
    /// Holds messages.
    Clog,
    /// Changes delays.
    Delay,
    /// Loses messages.
    Loss,
    /// Doubles messages.
    Duplicate,
    /// Lets messages overtake.
    Reorder,
    /// Flips bits of messages.
    Corrupt,
    /// Moves or bends clocks.
    Clock,
    /// Makes disks fail.
    Disk,
}

impl FaultKind {
    /// Every kind, in the order of the words of scenario files.
    pub const ALL: [Self; 14] = [
        Self::Kill,
        Self::Restart,
        Self::Pause,
        Self::Resume,
        Self::Partition,
        Self::Heal,
        Self::Clog,
        Self::Delay,
        Self::Loss,
        Self::Duplicate,
        Self::Reorder,
        Self::Corrupt,
        Self::Clock,
        Self::Disk,
    ];

    /// The word of scenario files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Partition => "partition",
            Self::Heal => "heal",
            Self::Clog => "clog",
            Self::Delay => "delay",
            Self::Loss => "loss",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Corrupt => "corrupt",
            Self::Clock => "clock",
            Self::Disk => "disk",
        }
    }

    /// What it does, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Kill => "nodes die: what is volatile or not synced is lost; they start again when the fault ends",
            Self::Restart => "nodes die and start again at once, with `wipe` on an empty disk",
            Self::Pause => "nodes stop between two steps; what arrives waits, and late timers fire in order",
            Self::Resume => "a pause ends",
            Self::Partition => "links are cut: what is sent into them and what is under way is lost",
            Self::Heal => "every partition and clog ends",
            Self::Clog => "what would arrive is held until the fault ends",
            Self::Delay => "links take another time",
            Self::Loss => "links lose more messages",
            Self::Duplicate => "links deliver more messages twice, the second perhaps much later",
            Self::Reorder => "links hold messages up so that later ones overtake them",
            Self::Corrupt => "links flip a bit of a message's encoding",
            Self::Clock => "clocks are moved (offset, bump), bent (drift) or frozen",
            Self::Disk => "disks lose or tear the unsynced tail, damage a synced entry, fail, or answer slowly",
        }
    }
}

impl Fault {
    /// Which kind it is.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::Kill(_) => FaultKind::Kill,
            Self::Restart(_) => FaultKind::Restart,
            Self::Pause(_) => FaultKind::Pause,
            Self::Resume(_) => FaultKind::Resume,
            Self::Partition(_) => FaultKind::Partition,
            Self::Heal(_) => FaultKind::Heal,
            Self::Clog(_) => FaultKind::Clog,
            Self::Delay(_) => FaultKind::Delay,
            Self::Loss(_) => FaultKind::Loss,
            Self::Duplicate(_) => FaultKind::Duplicate,
            Self::Reorder(_) => FaultKind::Reorder,
            Self::Corrupt(_) => FaultKind::Corrupt,
            Self::Clock(_) => FaultKind::Clock,
            Self::Disk(_) => FaultKind::Disk,
        }
    }
}

/// Which nodes. In a file a word (`"one"`), a name (`"n1"`) or a list of names; in a plan always a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// These.
    Nodes(Vec<NodeId>),
    /// One, drawn from the seed.
    One,
    /// As many as can be missing while a majority is left, drawn from the seed.
    Minority,
    /// The fewest that are a majority, drawn from the seed.
    Majority,
    /// Every node.
    All,
}

/// Nothing further to say: `{}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A fault of nodes and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfNodes {
    /// Which nodes.
    pub target: Target,
}

/// How nodes die.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Which nodes.
    pub target: Target,
    /// If given: not at once, but inside the next step that has more effects than this, after so many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_effects: Option<u32>,
}

/// How nodes die and come back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// Which nodes.
    pub target: Target,
    /// Whether the disk is empty afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wipe: bool,
    /// If given: not at once, but inside the next step that has more effects than this, after so many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_effects: Option<u32>,
}

/// Which messages a partition stops, seen from the first group.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Both ways, between any two groups.
    #[default]
    Both,
    /// Only those to the first group.
    To,
    /// Only those from the first group.
    From,
}

/// The ways in which a network falls apart that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Two halves, the first the greater by one if the number is odd.
    Halves,
    /// One node against the rest.
    IsolateOne,
    /// As many as can be missing against a majority.
    Minority,
    /// Two halves and one node that reaches both.
    Bridge,
    /// Every node reaches a majority, no two the same one: neighbours on a ring.
    MajoritiesRing,
}

/// A partition of the network: between which groups links are cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Partition {
    /// Who stands where. Without a shape: the groups; nodes in none of them form one more. For `bridge`: the two sides.
    /// For `majorities-ring`: one list, the order on the ring. With a shape it may be left out, and is drawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Vec<NodeId>>,
    /// The way in which the network falls apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// Which messages are stopped.
    pub direction: Direction,
}

/// Links by their ends; all of them if neither end is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Clog {
    /// The senders' ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// The receivers' ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
}

/// Links that take another time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowLinks {
    /// How long they take.
    pub delay: Delay,
    /// The senders' ends; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// The receivers' ends; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
}

/// Links that do something to a share of their messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkShare {
    /// To how many of the messages; the greater of this and the link's own holds.
    pub share: Share,
    /// The senders' ends; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// The receivers' ends; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
}

/// Moves or bends clocks; what is given holds while the fault lasts, a bump for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockFault {
    /// Whose clocks.
    pub target: Target,
    /// How far the wall clock is off, added to its own offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<Offset>,
    /// How much too fast the wall clock runs, in place of its own drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// How much too fast the monotonic clock runs, in place of its own drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic_drift: Option<Drift>,
    /// A jump of the wall clock; it stays when the fault ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bump: Option<Offset>,
    /// Whether the wall clock stands still.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub freeze: bool,
    /// Whether the monotonic clock, and so every timer, stands still.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub monotonic_freeze: bool,
}

/// Makes disks fail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiskFault {
    /// Whose disks.
    pub target: Target,
    /// How.
    pub harm: Harm,
}

/// What a disk can do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Harm {
    /// The next crash leaves the first unsynced entry torn in place of nothing.
    Torn,
    /// One synced entry, drawn from the seed, can't be read at the next start.
    Damage,
    /// The next append, rewrite or sync fails, and the node with it.
    IoError,
    /// A sync takes this long.
    Slow(Span),
}

const WORDS: [(&str, Target); 4] =
    [("one", Target::One), ("minority", Target::Minority), ("majority", Target::Majority), ("all", Target::All)];

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(nodes) => f.write_str(&names(nodes)),
            Self::One => f.write_str("one"),
            Self::Minority => f.write_str("minority"),
            Self::Majority => f.write_str("majority"),
            Self::All => f.write_str("all"),
        }
    }
}

fn names(nodes: &[NodeId]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nodes(nodes) => nodes.serialize(serializer),
            Self::One | Self::Minority | Self::Majority | Self::All => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrNodes;
        impl<'de> de::Visitor<'de> for WordOrNodes {
            type Value = Target;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`one`, `minority`, `majority`, `all`, a node such as `n1`, or a list of nodes")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
                if let Some((_, target)) = WORDS.into_iter().find(|(word, _)| *word == text) {
                    return Ok(target);
                }
                let node = text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))?;
                Ok(Target::Nodes(vec![node]))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut nodes: A) -> Result<Target, A::Error> {
                let mut all = Vec::new();
                while let Some(node) = nodes.next_element()? {
                    all.push(node);
                }
                Ok(Target::Nodes(all))
            }
        }
        deserializer.deserialize_any(WordOrNodes)
    }
}

impl schemars::JsonSchema for Target {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Which nodes: a word, a name, or a list of names.",
            "anyOf": [
                { "enum": ["one", "minority", "majority", "all"] },
                { "type": "string", "pattern": "^n[1-9][0-9]*$" },
                { "type": "array", "items": { "type": "string", "pattern": "^n[1-9][0-9]*$" } }
            ]
        })
    }
}

/// As the head of a trace says it: `at 5s for 8s partition {n1,n2} | {n3}`.
impl fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.when {
            Trigger::At(time) => write!(f, "at {}ms", time)?,
            Trigger::Fact { fact, n } => write!(f, "when {fact} n={n}")?,
        }
        option(f, "for", self.lasts)?;
        write!(f, " {}", self.fault)?;
        flag(f, "drawn", self.drawn)
    }
}

/// As a trace says it: `partition {n1,n2} | {n3}`, `kill n1 after_effects=2`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind().name())?;
        match self {
            Self::Kill(crash) => {
                write!(f, " {}", crash.target)?;
                option(f, "after_effects", crash.after_effects)
            }
            Self::Restart(restart) => {
                write!(f, " {}", restart.target)?;
                option(f, "after_effects", restart.after_effects)?;
                flag(f, "wipe", restart.wipe)
            }
            Self::Pause(of) | Self::Resume(of) => write!(f, " {}", of.target),
            Self::Partition(partition) => write!(f, " {partition}"),
            Self::Heal(Nothing {}) => Ok(()),
            Self::Clog(Clog { from, to }) => ends(f, from.as_ref(), to.as_ref()),
            Self::Delay(SlowLinks { delay, from, to }) => {
                write!(f, " {delay}")?;
                ends(f, from.as_ref(), to.as_ref())
            }
            Self::Loss(links) | Self::Duplicate(links) | Self::Reorder(links) | Self::Corrupt(links) => {
                write!(f, " {}", links.share)?;
                ends(f, links.from.as_ref(), links.to.as_ref())
            }
            Self::Clock(clock) => {
                write!(f, " {}", clock.target)?;
                option(f, "offset", clock.offset)?;
                option(f, "drift", clock.drift)?;
                option(f, "monotonic_drift", clock.monotonic_drift)?;
                option(f, "bump", clock.bump)?;
                flag(f, "freeze", clock.freeze)?;
                flag(f, "monotonic_freeze", clock.monotonic_freeze)
            }
            Self::Disk(DiskFault { target, harm }) => match harm {
                Harm::Torn => write!(f, " {target} torn"),
                Harm::Damage => write!(f, " {target} damage"),
                Harm::IoError => write!(f, " {target} io-error"),
                Harm::Slow(span) => write!(f, " {target} slow={span}"),
            },
        }
    }
}

fn option(f: &mut fmt::Formatter<'_>, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {name}={value}"))
}

fn flag(f: &mut fmt::Formatter<'_>, name: &str, on: bool) -> fmt::Result {
    if on { write!(f, " {name}") } else { Ok(()) }
}

fn ends(f: &mut fmt::Formatter<'_>, from: Option<&Target>, to: Option<&Target>) -> fmt::Result {
    option(f, "from", from)?;
    option(f, "to", to)
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.groups.iter().map(|group| format!("{{{}}}", names(group))).collect::<Vec<_>>().join(" | ");
        f.write_str(&groups)?;
        let shape = match self.shape {
            None => "",
            Some(Shape::Halves) => "halves",
            Some(Shape::IsolateOne) => "isolate-one",
            Some(Shape::Minority) => "minority",
            Some(Shape::Bridge) => "bridge",
            Some(Shape::MajoritiesRing) => "majorities-ring",
        };
        let space = if shape.is_empty() || groups.is_empty() { "" } else { " " };
        write!(f, "{space}{shape}")?;
        match self.direction {
            Direction::Both => Ok(()),
            Direction::To => f.write_str(" direction=to"),
            Direction::From => f.write_str(" direction=from"),
        }
    }
}

//! A process that does nothing, with words of every shape in its six vocabularies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::identity::{Boot, NodeId, OpId};
use crate::observation::{Observation, Observe};
use crate::process::{Lane, Process, Script, Stored};
use crate::time::Time;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Chatter;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Message {
    Consensus(Vote),
    Rumour { text: String, heard: Vec<NodeId>, sure: bool, origin: Option<NodeId> },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Vote {
    Elect { ballot: String, from: u64 },
    Promise(BTreeMap<u64, Shape>),
    Refuse,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shape {
    Empty,
    Held { by: Option<NodeId>, until: Time },
    Pair(i8, char),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Timer {
    Consensus(Alarm),
    Retry(NodeId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Alarm {
    Election,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Command {
    Put { key: String, value: String },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reply {
    Done,
    Token(u64),
}

/// A structure, not an enumeration; and one that JSON can't say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) slots: BTreeMap<(u8, u8), u128>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fact {
    Delivered { origin: NodeId, number: u64 },
    Said(String),
    Loud(bool),
}

impl Lane for Message {}
impl Lane for Timer {}
impl Lane for Entry {}
impl Observe for Command {}
impl Observe for Reply {}
impl Observe for Entry {}

impl Observe for Fact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        match self {
            Self::Delivered { origin, number } => {
                seen.push(Observation::Delivered { origin: *origin, number: *number });
            }
            Self::Said(_) | Self::Loud(_) => {}
        }
    }
}

impl Process for Chatter {
    const LANES: &'static [&'static str] = &["consensus", "rumours"];
    type Config = ();
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Reply = Reply;
    type Entry = Entry;
    type Completion = ();
    type Fact = Fact;
    type Client = Script<Command>;

    fn start(_: Boot, _: &[Stored<Entry>], _: &mut Context<'_, Self>) -> Self {
        Self
    }
    fn on_message(&mut self, _: NodeId, _: Message, _: &mut Context<'_, Self>) {}
    fn on_timer(&mut self, _: Timer, _: &mut Context<'_, Self>) {}
    fn on_command(&mut self, _: OpId, _: Command, _: &mut Context<'_, Self>) {}
}

//! A protocol for tests of the node: clients have words proclaimed, which consensus decides under one of the system's own
//! keys; each node writes down what it hears, and tells of it when its disk has answered. It shows how two protocols meet:
//! what this one tells, consensus is asked for, and what consensus tells comes here; neither knows the other. It sees the
//! keyspaces, and asks for completions. It is the last in the table.

mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::codex::{Key, Keyspaces, Value, Write};
use crate::identity::{NodeId, OpId};
use crate::observation::Observe;
use crate::process::{Never, Stored};
use crate::protocols::{Given, Port, Protocol, Settings, Words};
use crate::subject::Row;

/// Heralds.
pub const ROW: Row = Row {
    lanes: &["herald"],
    needs: &["consensus"],
    ..Row::new("herald", "What is proclaimed at one node is heard at all, in one order.")
};

/// Settings of heralds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeraldSettings {}

impl Settings for HeraldSettings {}

/// A client has a word proclaimed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Proclaim {
    /// The word.
    pub word: String,
}

impl Observe for Proclaim {}

/// It was decided, or may have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proclaimed {
    /// It was.
    Decided,
    /// Nobody knows.
    Unknown,
}

impl Observe for Proclaimed {}

/// What was heard, in the order of the slots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heard {
    /// On the disk.
    Word {
        /// The word.
        word: String,
        /// How many keyspaces the node has.
        keyspaces: u32,
    },
}

impl Observe for Heard {}

/// What it tells the node.
#[derive(Debug)]
pub enum HeraldOutcome {
    /// It asks for this to be decided for its operation.
    Wanted {
        /// For which operation.
        op: OpId,
        /// What.
        word: String,
    },
}

/// One node's herald.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Herald {
    /// What it has asked for, by the ticket of each.
    asked: BTreeMap<u32, OpId>,
    /// What it has heard, and how much of it is on the disk.
    heard: Vec<String>,
    told: u32,
}

impl Words for Herald {
    type Message = Never;
    type Payload = Never;
    type Timer = Never;
    /// How much it has heard.
    type Completion = u32;
    type Command = Proclaim;
    type Reply = Proclaimed;
    type Entry = String;
    type Fact = Heard;
    type Outcome = HeraldOutcome;
}

impl Protocol for Herald {
    const ROW: Row = ROW;
    type Settings = HeraldSettings;
    type Rules = ();
    type Kept = Vec<String>;
    type Sees<'a> = &'a Keyspaces;

    fn rules(_settings: &HeraldSettings, _given: Given<'_>) {}

    fn read(kept: &mut Vec<String>, stored: Stored<&String>) {
        if let Stored::Intact(word) = stored {
            kept.push(word.clone());
        }
    }

    fn start(_rules: &Arc<()>, heard: Vec<String>, _sees: &Keyspaces, _port: &mut impl Port<Self>) -> Self {
        let told = heard.len() as u32;
        Self { asked: BTreeMap::new(), heard, told }
    }

    fn on_message(&mut self, _from: NodeId, message: Never, _sees: &Keyspaces, _port: &mut impl Port<Self>) {
        match message {}
    }

    fn on_payload(&mut self, _from: NodeId, payload: Never, _sees: &Keyspaces, _port: &mut impl Port<Self>) {
        match payload {}
    }

    fn on_timer(&mut self, timer: Never, _sees: &Keyspaces, _port: &mut impl Port<Self>) {
        match timer {}
    }

    fn on_synced(&mut self, heard: u32, keyspaces: &Keyspaces, port: &mut impl Port<Self>) {
        for word in &self.heard[self.told as usize..heard as usize] {
            port.note(Heard::Word { word: word.clone(), keyspaces: keyspaces.iter().len() as u32 });
        }
        self.told = heard;
    }

    fn on_command(&mut self, op: OpId, Proclaim { word }: Proclaim, _sees: &Keyspaces, port: &mut impl Port<Self>) {
        port.tell(HeraldOutcome::Wanted { op, word });
    }
}

impl Herald {
    /// Consensus was asked for what this operation wants, under this ticket.
    pub(crate) fn on_asked(&mut self, op: OpId, ticket: u32) {
        self.asked.insert(ticket, op);
    }

    /// What was asked for under this ticket was decided, or may have been.
    pub(crate) fn on_answered(&mut self, ticket: u32, is_decided: bool, port: &mut impl Port<Self>) {
        if let Some(op) = self.asked.remove(&ticket) {
            port.reply(op, if is_decided { Proclaimed::Decided } else { Proclaimed::Unknown });
        }
    }

    /// Something was decided under the system's keys.
    pub(crate) fn on_decreed(&mut self, writes: &[(Key, Option<Value>)], port: &mut impl Port<Self>) {
        for (key, value) in writes {
            if let (KEY, Some(Value::Text(word))) = (key.as_str(), value) {
                port.append(word.to_string());
                self.heard.push(word.to_string());
            }
        }
        port.sync_then(self.heard.len() as u32);
    }
}

/// Under which of the system's keys.
const KEY: &str = "~proclaimed";

/// What is asked of consensus.
pub(crate) fn write(word: &str) -> Write {
    Write::Put { key: Key::new(KEY).expect("a key"), value: Value::text(word) }
}

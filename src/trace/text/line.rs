//! One record as a line, without its clock.

use std::fmt;

use serde_json::Value;

use super::super::{Body, Cause, EffectKind, Event, Label, Record, Said};
use super::value::{Content, Plain, Quoted};
use crate::identity::{Actor, LaneId, MessageId};

/// Shows a record: time, actor, what happened.
pub(super) struct Line<'a> {
    pub(super) record: &'a Record<'a>,
    /// The printable names of the lanes.
    pub(super) lanes: &'a [String],
    /// Whether messages show their envelope.
    pub(super) envelope: bool,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { time, id, stamp: _, event } = self.record;
        write!(f, "{time:>10} ")?;
        match id.actor {
            Actor::Environment => f.write_str("-- ")?,
            Actor::Node(_) | Actor::Client(_) => write!(f, "{} ", id.actor)?,
        }
        self.event(event, f)
    }
}

impl Line<'_> {
    fn event(&self, event: &Event<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match event {
            Event::Start { boot, intact, torn, damaged } => {
                write!(f, "start boot={boot}")?;
                [("damaged", damaged), ("intact", intact), ("torn", torn)]
                    .into_iter()
                    .try_for_each(|(name, count)| some(f, name, *count))
            }
            Event::Receive { message, copy, corrupted } => {
                self.copy(f, "recv", *message, *copy)?;
                corrupted.as_ref().map_or(Ok(()), |said| write!(f, " corrupted{}", self.message(said)))
            }
            Event::Timer { timer } => write!(f, "timer{}", Words::all(timer)),
            Event::Command { op } => write!(f, "command {op}"),
            Event::Synced { sync: _ } => f.write_str("synced"),
            Event::Send { message, to, copies, said } => {
                write!(f, "send {}", self.name(*message))?;
                if *copies != 1 {
                    write!(f, " x{copies}")?;
                }
                write!(f, " -> {to}{}", self.message(said))
            }
            Event::Append { entry } => write!(f, "append{}", Words::all(entry)),
            Event::Rewrite { file, entries } => write!(f, "rewrite {} entries={entries}", self.lane(*file)),
            Event::Sync => f.write_str("sync"),
            Event::Reply { op, reply } => write!(f, "reply {op}{}", Words::all(reply)),
            Event::Fact { fact } => write!(f, "fact{}", Words::all(fact)),
            Event::Dropped { effect, message } => {
                write!(f, "dropped {}", effect_name(*effect))?;
                message.map_or(Ok(()), |message| write!(f, " {}", self.name(message)))
            }
            Event::Lost { message, copy, cause } => {
                self.copy(f, "lost", *message, *copy)?;
                write!(f, " ({})", cause_name(*cause))
            }
            Event::Garbled { message, copy } => self.copy(f, "garbled", *message, *copy),
            Event::Held { message, copy } => self.copy(f, "held", *message, *copy),
            Event::Killed { unsynced } => {
                f.write_str("killed")?;
                some(f, "unsynced", *unsynced)
            }
            Event::Paused => f.write_str("paused"),
            Event::Unpaused => f.write_str("unpaused"),
            Event::IoError => f.write_str("io-error"),
            Event::Damaged { file, entry } => write!(f, "damaged {} entry={entry}", self.lane(*file)),
            Event::Panicked { reason } => write!(f, "panicked {}", Quoted(reason)),
            Event::Invoked { op, to, command } => write!(f, "invoked {op} -> {to}{}", Words::all(command)),
            Event::Retried { op, to, attempt } => write!(f, "retried {op} -> {to} attempt={attempt}"),
            Event::Returned { op, reply } => write!(f, "returned {op}{}", Words::all(reply)),
            Event::GaveUp { op } => write!(f, "gave-up {op}"),
            Event::Fault { fault: _, what } => write!(f, "fault {}", Plain(what)),
            Event::FaultEnded { fault } => write!(f, "fault {fault} ended"),
            Event::Calm => f.write_str("calm"),
            Event::Core { nodes } => {
                let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
                write!(f, "core {}", nodes.join(","))
            }
            Event::Touched { fault, count } => write!(f, "fault {fault} touched {count}"),
            Event::Stuck { events } => write!(f, "stuck events={events}"),
            Event::Unmet { message } => write!(f, "unmet {}", self.name(*message)),
            Event::Pending { count } => write!(f, "pending {count}"),
        }
    }

    /// A message without its protocol's name, which is in its id.
    const fn message<'a>(&self, said: &'a Said<'a>) -> Words<'a> {
        Words { said, last_only: true, envelope: self.envelope }
    }

    fn copy(&self, f: &mut fmt::Formatter<'_>, word: &str, message: MessageId, copy: u16) -> fmt::Result {
        write!(f, "{word} {}", self.name(message))?;
        some(f, "copy", u32::from(copy))
    }

    fn lane(&self, lane: LaneId) -> &str {
        self.lanes.get(lane.index()).map_or("?", String::as_str)
    }

    fn name(&self, message: MessageId) -> impl fmt::Display {
        let MessageId { sender, lane, number } = message;
        let name = self.lane(lane);
        fmt::from_fn(move |f| write!(f, "{sender}.{name}#{number}"))
    }
}

/// A count that is mostly zero.
fn some(f: &mut fmt::Formatter<'_>, name: &str, count: u32) -> fmt::Result {
    if count == 0 { Ok(()) } else { write!(f, " {name}={count}") }
}

const fn effect_name(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::Send => "send",
        EffectKind::Append => "append",
        EffectKind::Rewrite => "rewrite",
        EffectKind::Sync => "sync",
        EffectKind::Reply => "reply",
        EffectKind::Fact => "fact",
    }
}

const fn cause_name(cause: Cause) -> &'static str {
    match cause {
        Cause::Loss => "loss",
        Cause::Partition => "partition",
        Cause::Down => "down",
    }
}

/// A value: its label, then its fields or its content, with a space before each.
struct Words<'a> {
    said: &'a Said<'a>,
    /// Whether to omit the protocol's name, which is in the message's id.
    last_only: bool,
    /// Whether to show what goes around every message: its tag and its signature.
    envelope: bool,
}

impl<'a> Words<'a> {
    const fn all(said: &'a Said<'a>) -> Self {
        Self { said, last_only: false, envelope: true }
    }
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Said { label, observations: _, body } = self.said;
        match body {
            Body::Encoded(bytes) => write!(f, " ({} bytes)", bytes.len()),
            Body::Json(value) => {
                f.write_str(" ")?;
                match &label.inner {
                    Some(inner) if !self.last_only => write!(f, "{}.{}", Plain(&label.outer), Plain(inner))?,
                    Some(_) | None => Plain(label.word()).fmt(f)?,
                }
                let Some(body) = opened(value) else {
                    return Content { value: inside(label, value), hidden: &[] }.fmt(f);
                };
                Content { value: inside(label, body), hidden: &[] }.fmt(f)?;
                if self.envelope { Content { value, hidden: &["body"] }.fmt(f) } else { Ok(()) }
            }
        }
    }
}

/// What is in an envelope, if it is one.
fn opened(value: &Value) -> Option<&Value> {
    let fields = value.as_object()?;
    fields.get("body").filter(|_| fields.contains_key("signature"))
}

/// The JSON without the words of the label.
fn inside<'a>(label: &Label<'_>, value: &'a Value) -> &'a Value {
    let outer = untagged(&label.outer, value);
    label.inner.as_deref().map_or(outer, |inner| untagged(inner, outer))
}

/// The content of an externally tagged variant: null if it has none, the value itself if it is not such a variant.
fn untagged<'a>(word: &str, value: &'a Value) -> &'a Value {
    match value {
        Value::String(text) if text == word => &Value::Null,
        Value::Object(fields) if fields.len() == 1 => fields.get(word).unwrap_or(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            value
        }
    }
}

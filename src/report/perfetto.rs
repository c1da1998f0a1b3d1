//! A trace as Chrome trace events, which Perfetto and chrome://tracing show on a timeline.
//!
//! Each node, each client and the environment have a track. The records of an actor at one instant are one slice, which is
//! named after the first record and lists all of them; arrows lead from a send to its receipts. Faults with an end have
//! their own track.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use super::ReportError;
use super::error::each;
use crate::identity::{Actor, MessageId};
use crate::time::Time;
use crate::trace::text::Renderer;
use crate::trace::{Detail, Event, Record, Source};

/// Writes a trace as a JSON document of trace events.
///
/// # Errors
/// If the trace can't be read, or the document can't be written.
pub fn write(source: &mut dyn Source, detail: Detail, out: &mut dyn io::Write) -> Result<(), ReportError> {
    let header = source.header();
    let about = json!({ "scenario": header.scenario, "seed": header.seed });
    let renderer = Renderer::new(&header.lanes, detail);
    out.write_all(format!("{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":[").as_bytes())?;
    let mut timeline = Timeline {
        out,
        first: true,
        renderer,
        slices: BTreeMap::new(),
        sent: BTreeMap::new(),
        faults: BTreeMap::new(),
        flows: 0,
    };
    for (place, name) in PROCESSES {
        timeline.put(&json!({ "ph": "M", "name": "process_name", "pid": place, "args": { "name": name } }))?;
    }
    each(source, &mut |record| timeline.see(record))?;
    for (actor, slice) in std::mem::take(&mut timeline.slices) {
        timeline.close(actor, &slice, None)?;
    }
    Ok(out.write_all(b"\n]}\n")?)
}

const PROCESSES: [(u32, &str); 3] = [(1, "environment"), (2, "nodes"), (3, "clients")];

/// The length of a slice, if the next one does not start earlier.
const LONGEST: u64 = 100_000;

/// The records of an actor at one instant.
struct Slice {
    at: Time,
    lines: Vec<String>,
}

struct Timeline<'o> {
    out: &'o mut dyn io::Write,
    first: bool,
    renderer: Renderer,
    /// The last slice of each actor, which is written when the next one starts.
    slices: BTreeMap<Actor, Slice>,
    sent: BTreeMap<MessageId, Time>,
    faults: BTreeMap<u32, (Time, String)>,
    flows: u64,
}

impl Timeline<'_> {
    fn see(&mut self, record: &Record<'_>) -> io::Result<()> {
        let (actor, now) = (record.id.actor, record.time);
        match &record.event {
            Event::Send { message, .. } => {
                self.sent.insert(*message, now);
            }
            Event::Fault { fault, what } => {
                self.faults.insert(*fault, (now, what.to_string()));
            }
            Event::Receive { .. }
            | Event::FaultEnded { .. }
            | Event::Start { .. }
            | Event::Timer { .. }
            | Event::Command { .. }
            | Event::Synced { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Reply { .. }
            | Event::Fact { .. }
            | Event::Dropped { .. }
            | Event::Lost { .. }
            | Event::Garbled { .. }
            | Event::Held { .. }
            | Event::Killed { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::IoError
            | Event::Damaged { .. }
            | Event::Panicked { .. }
            | Event::Invoked { .. }
            | Event::Retried { .. }
            | Event::Returned { .. }
            | Event::GaveUp { .. }
            | Event::Calm
            | Event::Core { .. }
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => {}
        }
        if let Event::FaultEnded { fault } = &record.event
            && let Some((began, what)) = self.faults.remove(fault)
        {
            self.span(*fault, &what, began, now)?;
        }
        let Some(line) = self.renderer.line(record) else { return Ok(()) };
        let line = words(&line).to_owned();
        match self.slices.get_mut(&actor) {
            Some(slice) if slice.at == now => slice.lines.push(line),
            Some(_) | None => {
                let before = self.slices.insert(actor, Slice { at: now, lines: vec![line] });
                match before {
                    Some(before) => self.close(actor, &before, Some(now))?,
                    None => self.name(actor)?,
                }
            }
        }
        if let Event::Receive { message, .. } = &record.event {
            self.arrow(*message, actor, now)?;
        }
        Ok(())
    }

    /// Writes a slice, which ends at the latest when the next one starts.
    fn close(&mut self, actor: Actor, slice: &Slice, next: Option<Time>) -> io::Result<()> {
        let Slice { at, lines } = slice;
        let length = next.map_or(LONGEST, |next| next.since(*at).as_nanos().min(LONGEST));
        let (pid, tid) = track(actor);
        let args: serde_json::Map<String, Value> =
            (1..).zip(lines).map(|(place, line): (u32, _)| (format!("{place:03}"), json!(line))).collect();
        self.put(&json!({
            "ph": "X", "name": lines[0], "pid": pid, "tid": tid, "ts": micros(at.as_nanos()), "dur": micros(length),
            "args": args,
        }))
    }

    fn name(&mut self, actor: Actor) -> io::Result<()> {
        let (pid, tid) = track(actor);
        let name = actor.to_string();
        self.put(&json!({ "ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": { "name": name } }))
    }

    /// An arrow from the send of a message to its receipt.
    fn arrow(&mut self, message: MessageId, to: Actor, now: Time) -> io::Result<()> {
        let Some(sent) = self.sent.get(&message).copied() else { return Ok(()) };
        self.flows += 1;
        for (phase, actor, at) in [("s", Actor::Node(message.sender), sent), ("f", to, now)] {
            let (pid, tid) = track(actor);
            self.put(&json!({
                "ph": phase, "bp": "e", "id": self.flows, "cat": "message", "name": "message", "pid": pid, "tid": tid,
                "ts": micros(at.as_nanos()),
            }))?;
        }
        Ok(())
    }

    /// A fault from its start to its end.
    fn span(&mut self, fault: u32, what: &str, began: Time, ended: Time) -> io::Result<()> {
        for (phase, at) in [("b", began), ("e", ended)] {
            self.put(&json!({
                "ph": phase, "id": fault, "cat": "fault", "name": what, "pid": 1, "tid": 0, "ts": micros(at.as_nanos()),
            }))?;
        }
        Ok(())
    }

    fn put(&mut self, event: &Value) -> io::Result<()> {
        let comma = if std::mem::take(&mut self.first) { "" } else { "," };
        write!(self.out, "{comma}\n{event}")
    }
}

/// The process and the thread of an actor.
fn track(actor: Actor) -> (u32, usize) {
    match actor {
        Actor::Environment => (1, 0),
        Actor::Node(node) => (2, node.index() + 1),
        Actor::Client(client) => (3, client.index() + 1),
    }
}

/// Trace events count microseconds; a fraction is exact to the nanosecond for the first hundred days.
fn micros(nanos: u64) -> Value {
    if nanos.is_multiple_of(1_000) { json!(nanos / 1_000) } else { json!(nanos as f64 / 1_000.0) }
}

/// A line without its time and its actor.
fn words(line: &str) -> &str {
    let after = |text: &'_ str| text.find(' ').map_or(text.len(), |place| place + 1);
    let line = line.trim_start();
    let line = &line[after(line)..];
    &line[after(line)..]
}

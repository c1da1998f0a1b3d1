//! A trace as a Mermaid sequence diagram, for web pages.
//!
//! An arrow shows where a message arrives; an arrow that ends in a cross shows where it was lost. Mermaid refuses texts that
//! are longer than [`LONGEST`], and so does [`write()`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use super::ReportError;
use super::error::each;
use crate::identity::{Actor, MessageId};
use crate::trace::text::Renderer;
use crate::trace::{Detail, Event, Record, Source};

/// The default maximum length of a Mermaid text, in characters.
pub const LONGEST: usize = 50_000;

/// Writes a trace as a sequence diagram.
///
/// # Errors
/// If the trace can't be read, the diagram can't be written, or it is too long.
pub fn write(source: &mut dyn Source, detail: Detail, out: &mut dyn io::Write) -> Result<(), ReportError> {
    let header = source.header();
    let title = format!("{}, seed {}", header.scenario, header.seed);
    let mut diagram = Diagram {
        renderer: Renderer::new(&header.lanes, detail),
        steps: String::new(),
        actors: BTreeSet::new(),
        said: BTreeMap::new(),
    };
    each(source, &mut |record| {
        diagram.see(record);
        Ok(())
    })?;
    let mut text = format!("---\ntitle: \"{}\"\n---\nsequenceDiagram\n", title.replace(['"', '\\'], "'"));
    for actor in &diagram.actors {
        let kind = if matches!(actor, Actor::Client(_)) { "actor" } else { "participant" };
        writeln!(text, "    {kind} {actor}").expect("a string takes all that is written");
    }
    text.push_str(&diagram.steps);
    if text.len() > LONGEST {
        return Err(ReportError::TooLong(format!(
            "the diagram is too large: Mermaid accepts at most {LONGEST} characters"
        )));
    }
    Ok(out.write_all(text.as_bytes())?)
}

struct Diagram {
    renderer: Renderer,
    steps: String,
    actors: BTreeSet<Actor>,
    /// The label of each message.
    said: BTreeMap<MessageId, String>,
}

impl Diagram {
    fn see(&mut self, record: &Record<'_>) {
        if let Event::Send { message, said, .. } = &record.event {
            self.said.insert(*message, said.label.word().to_owned());
            return;
        }
        let Some(line) = self.renderer.line(record) else { return };
        let Some(step) = self.step(record, &escaped(line.trim_start())) else { return };
        // The diagram will be refused, so the rest is not stored.
        if self.steps.len() <= LONGEST {
            writeln!(self.steps, "    {step}").expect("a string takes all that is written");
        }
    }

    fn step(&mut self, record: &Record<'_>, line: &str) -> Option<String> {
        let actor = record.id.actor;
        match &record.event {
            Event::Receive { message, .. } => Some(self.arrow(actor, *message, "-)", line)),
            Event::Lost { message, .. } | Event::Garbled { message, .. } => {
                Some(self.arrow(actor, *message, "-x", line))
            }
            Event::Invoked { to, .. } | Event::Retried { to, .. } => {
                self.actors.extend([actor, Actor::Node(*to)]);
                Some(format!("{actor}->>{to}: {line}"))
            }
            Event::Start { .. }
            | Event::Timer { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Synced { .. }
            | Event::Fact { .. }
            | Event::Dropped { .. }
            | Event::Held { .. }
            | Event::Killed { .. }
            | Event::Paused
            | Event::Unpaused
            | Event::IoError
            | Event::Damaged { .. }
            | Event::Panicked { .. }
            | Event::Returned { .. }
            | Event::GaveUp { .. } => {
                self.actors.insert(actor);
                Some(format!("Note over {actor}: {line}"))
            }
            Event::Fault { .. } | Event::FaultEnded { .. } | Event::Core { .. } | Event::Calm | Event::Stuck { .. } => {
                let over = self.everybody()?;
                Some(format!("Note over {over}: {line}"))
            }
            // The client's own records and the final sums repeat these.
            Event::Command { .. }
            | Event::Reply { .. }
            | Event::Send { .. }
            | Event::Touched { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => None,
        }
    }

    fn arrow(&mut self, to: Actor, message: MessageId, head: &str, line: &str) -> String {
        let from = Actor::Node(message.sender);
        self.actors.extend([from, to]);
        let said = self.said.get(&message).map(|said| format!(": {}", escaped(said))).unwrap_or_default();
        format!("{from}{head}{to}: {line}{said}")
    }

    /// From the first to the last node that has taken part so far.
    fn everybody(&self) -> Option<String> {
        let mut nodes = self.actors.iter().filter(|actor| matches!(actor, Actor::Node(_)));
        let first = nodes.next()?;
        Some(nodes.next_back().map_or_else(|| first.to_string(), |last| format!("{first},{last}")))
    }
}

/// Escapes the special characters of Mermaid.
fn escaped(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            '#' | ';' | '%' | '<' | '>' | '`' => {
                write!(plain, "#{};", u32::from(letter)).expect("a string takes all that is written");
            }
            letter => plain.push(letter),
        }
    }
    plain
}

//! The first event in which two traces of one run differ.

use std::collections::VecDeque;
use std::io::BufRead;

use serde::Serialize;

use crate::chance::Seed;
use crate::cli::shell::{BAD, FAINT, STRONG};
use crate::identity::{Actor, EventId};
use crate::trace::jsonl::{ReadError, Reader};
use crate::trace::text::Renderer;
use crate::trace::{Detail, Digest, Record};

/// Where two traces part.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Difference {
    pub(super) seed: Seed,
    /// In this process, and in the other.
    digests: [Digest; 2],
    /// The event, unless the traces agreed when they were recorded.
    event: Option<String>,
    /// The event in this process, and in the other; none where its trace has ended.
    lines: [Option<String>; 2],
    /// What happened at the same node before.
    before: Vec<String>,
}

/// So many lines are shown of what happened before.
const BEFORE: usize = 5;

impl Difference {
    /// Both traces were the same when they were recorded, though the digests had differed.
    pub(super) const fn vanished(seed: Seed, digests: [Digest; 2]) -> Self {
        Self { seed, digests, event: None, lines: [None, None], before: Vec::new() }
    }

    /// Goes through two traces until they part; `None` if they don't.
    pub(super) fn find(
        mut here: Reader<impl BufRead>,
        mut there: Reader<impl BufRead>,
        seed: Seed,
        digests: [Digest; 2],
    ) -> Result<Option<Self>, ReadError> {
        let renderer = Renderer::new(&here.header().lanes, Detail::All);
        let mut passed: VecDeque<(Actor, String)> = VecDeque::new();
        loop {
            let (mine, theirs) = (here.next_record()?, there.next_record()?);
            if mine == theirs {
                let Some(record) = mine else {
                    return Ok(None);
                };
                passed.push_back((record.id.actor, renderer.alone(&record)));
                if passed.len() > REMEMBERED {
                    passed.pop_front();
                }
                continue;
            }
            let id = |record: &Option<Record<'_>>| record.as_ref().map(|record| record.id);
            let event: Option<EventId> = id(&mine).or_else(|| id(&theirs));
            let line = |record: &Record<'_>| format!("{} | {}", record.id, renderer.alone(record).trim_start());
            let mut lines = [mine.as_ref().map(line), theirs.as_ref().map(line)];
            if lines[0] == lines[1] {
                // They differ in what the text leaves out, such as a hybrid clock.
                let whole = |record| serde_json::to_string(record).expect("a record is plain data");
                lines = [mine.as_ref().map(whole), theirs.as_ref().map(whole)];
            }
            let mut before: Vec<String> = Vec::new();
            if let Some(event) = event {
                let same = passed.iter().rev().filter(|(actor, _)| *actor == event.actor);
                before.extend(same.take(BEFORE).map(|(_, line)| line.clone()));
                before.reverse();
            }
            return Ok(Some(Self { seed, digests, event: event.map(|id| id.to_string()), lines, before }));
        }
    }

    /// The difference for people.
    pub(super) fn text(&self) -> String {
        let Self { seed, digests: [here, there], event, lines, before } = self;
        let mut text = format!("seed {seed}: {here} in this process, {there} in the other\n");
        let Some(event) = event else {
            text.push_str("the traces that were recorded then agree: the difference comes and goes\n");
            return text;
        };
        text.push_str(&format!("first differing event: {STRONG}{event}{STRONG:#}\n\n"));
        for line in before {
            text.push_str(&format!("           {FAINT}{}{FAINT:#}\n", line.trim_start()));
        }
        for (which, line) in ["here ", "there"].into_iter().zip(lines) {
            let line = line.as_deref().unwrap_or("(its trace has ended)");
            text.push_str(&format!("  {BAD}>{BAD:#} {which}  {line}\n"));
        }
        text
    }
}

/// So many lines are remembered, of all nodes.
const REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broadcast::Broadcaster;
    use crate::run::{Keep, subject};
    use crate::scenario;

    fn saved(seed: u64) -> Vec<u8> {
        let subject = subject::<Broadcaster>();
        let file = scenario::load("hello", &[subject.profile]).expect("a built-in scenario");
        let resolved = file.resolve(Seed(seed)).expect("it resolves");
        let trace = subject.run(&resolved, Keep::Trace).trace.expect("it was kept");
        let mut lines = Vec::new();
        trace.write_jsonl(&mut lines).expect("memory takes it");
        lines
    }

    fn between(here: &[u8], there: &[u8]) -> Option<Difference> {
        let open = |lines| Reader::open(lines).expect("it was just written");
        Difference::find(open(here), open(there), Seed(0), [Digest(1), Digest(2)]).expect("both are whole")
    }

    #[test]
    fn the_first_differing_event_is_named_with_both_lines() {
        assert!(between(&saved(7), &saved(7)).is_none());
        let difference = between(&saved(7), &saved(8)).expect("two seeds, two traces");
        let event = difference.event.clone().expect("an event");
        let text = difference.text();
        assert!(text.contains("first differing event") && text.contains(&event), "{text}");
        assert_eq!(difference.lines.iter().flatten().count(), 2, "{text}");
        assert_ne!(difference.lines[0], difference.lines[1]);
    }

    #[test]
    fn what_the_text_leaves_out_is_shown_too_where_nothing_else_differs() {
        let here = String::from_utf8(saved(7)).expect("a trace is text");
        let end = here.rfind(",\"content\"").expect("a last line");
        let moved = here[..end].replacen("\"hybrid\":{\"wall\":\"", "\"hybrid\":{\"wall\":\"9", 1);
        let hash = xxhash_rust::xxh3::xxh3_64(moved.as_bytes());
        let there = format!("{moved},\"content\":\"{hash:016x}\"}}\n");
        let difference = between(here.as_bytes(), there.as_bytes()).expect("a clock is another");
        assert_ne!(difference.lines[0], difference.lines[1]);
        assert!(difference.text().contains("hybrid"), "{}", difference.text());
    }
}

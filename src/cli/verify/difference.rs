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
            let line = |record: Option<Record<'_>>| {
                record.map(|record| format!("{} | {}", record.id, renderer.alone(&record).trim_start()))
            };
            let lines = [line(mine), line(theirs)];
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

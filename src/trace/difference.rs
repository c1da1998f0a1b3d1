//! The first event in which two traces differ; events are aligned by id, not by line.

use std::io::BufRead;

use serde_json::Value;

use super::jsonl::{ReadError, Reader};
use super::text::Renderer;
use super::{Causes, Detail, Record};
use crate::identity::EventId;
use crate::time::Time;

/// Where two traces diverge: the first event, in time, that is missing in one of them or differs. Events of one
/// instant may be in another order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which event.
    pub event: EventId,
    /// The event's line in each trace, without its id; none if it is missing.
    pub lines: [Option<String>; 2],
    /// The number of records before that instant, the same in both.
    pub agreed: u64,
    /// The end of its causal past, in the order of the trace.
    pub causes: Vec<EventId>,
}

/// Why two traces can't be compared: which of them (0 or 1) can't be read, and why.
pub type Unreadable = (usize, ReadError);

/// The maximum number of events of the causal past.
const CAUSES: usize = 8;

/// Compares two traces to their ends; `None` if they do not diverge.
///
/// # Errors
/// If one of them can't be read, or was changed after it was written.
pub fn difference<A: BufRead, B: BufRead>(
    one: &mut Reader<A>,
    other: &mut Reader<B>,
) -> Result<Option<Difference>, Unreadable> {
    let renderer = Renderer::new(&one.header().lanes, Detail::All);
    let mut one = Side { reader: one, which: 0, next: None, renderer: &renderer };
    let mut other = Side { reader: other, which: 1, next: None, renderer: &renderer };
    let mut causes = Causes::default();
    let mut agreed = 0;
    loop {
        agreed += pass_the_same(&mut one, &mut other, &mut causes)?;
        let Some(now) = [one.time(&mut causes)?, other.time(&mut causes)?].into_iter().flatten().min() else {
            return Ok(None);
        };
        let told = [one.instant(now, &mut causes)?, other.instant(now, &mut causes)?];
        let Some(event) = first(&told) else {
            agreed += told[0].len() as u64;
            continue;
        };
        let [mine, theirs] = told.map(|told| told.into_iter().find(|told| told.id == event));
        let roots: Vec<EventId> = [&mine, &theirs].into_iter().flatten().flat_map(|told| told.causes.clone()).collect();
        let lines = [one.line_of(event, mine)?, other.line_of(event, theirs)?];
        return Ok(Some(Difference { event, lines, agreed, causes: causes.past(roots, CAUSES) }));
    }
}

/// A record that is kept until the other trace has reached it.
struct Told {
    id: EventId,
    time: Time,
    /// All of it.
    record: Value,
    line: String,
    causes: Vec<EventId>,
}

impl Told {
    fn of(record: &Record<'_>, causes: &mut Causes, renderer: &Renderer) -> Self {
        causes.see(record);
        Self {
            id: record.id,
            time: record.time,
            record: serde_json::to_value(record).expect("what was read from JSON can be written so"),
            line: renderer.alone(record),
            causes: causes.of(record.id).collect(),
        }
    }
}

/// One of the two traces.
struct Side<'r, R> {
    reader: &'r mut Reader<R>,
    which: usize,
    /// The records that were read and not compared yet.
    next: Option<Told>,
    renderer: &'r Renderer,
}

impl<R: BufRead> Side<'_, R> {
    /// The time of the next record.
    fn time(&mut self, causes: &mut Causes) -> Result<Option<Time>, Unreadable> {
        if self.next.is_none() {
            let record = self.reader.next_record().map_err(|error| (self.which, error))?;
            self.next = record.map(|record| Told::of(&record, causes, self.renderer));
        }
        Ok(self.next.as_ref().map(|told| told.time))
    }

    /// The records up to this time.
    fn instant(&mut self, now: Time, causes: &mut Causes) -> Result<Vec<Told>, Unreadable> {
        let mut told = Vec::new();
        while self.time(causes)?.is_some_and(|time| time <= now) {
            told.extend(self.next.take());
        }
        Ok(told)
    }

    /// The line of an event that was read, or that comes later; reads the trace to its end.
    fn line_of(&mut self, event: EventId, found: Option<Told>) -> Result<Option<String>, Unreadable> {
        let mut line = found.or(self.next.take().filter(|told| told.id == event)).map(|told| told.line);
        while let Some(record) = self.reader.next_record().map_err(|error| (self.which, error))? {
            if line.is_none() && record.id == event {
                line = Some(self.renderer.alone(&record));
            }
        }
        Ok(line)
    }
}

/// Skips records that are the same in both, line by line, and counts them.
fn pass_the_same<A: BufRead, B: BufRead>(
    one: &mut Side<'_, A>,
    other: &mut Side<'_, B>,
    causes: &mut Causes,
) -> Result<u64, Unreadable> {
    let mut passed = 0;
    while one.next.is_none() && other.next.is_none() {
        let mine = one.reader.next_record().map_err(|error| (0, error))?;
        let theirs = other.reader.next_record().map_err(|error| (1, error))?;
        match (mine, theirs) {
            (None, None) => break,
            (Some(mine), Some(theirs)) if mine == theirs => {
                causes.see(&mine);
                passed += 1;
            }
            (mine, theirs) => {
                one.next = mine.map(|record| Told::of(&record, causes, one.renderer));
                other.next = theirs.map(|record| Told::of(&record, causes, other.renderer));
            }
        }
    }
    Ok(passed)
}

/// The first event of an instant that is not in both. One that is nowhere in the first trace may be why what it has
/// differs, and goes before.
fn first([mine, theirs]: &[Vec<Told>; 2]) -> Option<EventId> {
    let found = |told: &Told, among: &[Told]| among.iter().any(|other| other.id == told.id);
    let same = |told: &Told, among: &[Told]| among.iter().any(|other| other.record == told.record);
    let of_mine = mine.iter().find(|told| !same(told, theirs));
    let of_theirs = theirs.iter().find(|told| !same(told, mine));
    let added = of_theirs.filter(|told| !found(told, mine) && of_mine.is_some_and(|first| found(first, theirs)));
    added.or(of_mine).or(of_theirs).map(|told| told.id)
}

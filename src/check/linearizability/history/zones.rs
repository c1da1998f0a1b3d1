//! Registers in which each value is written once: judged in polynomial time by the zones of their values (Gibbons and
//! Korach, *Testing shared memories*, 1997, section 4), extended to compare-and-set: a value that replaces another one
//! directly follows it.

use std::collections::{BTreeMap, BTreeSet};

use super::timeline::{Judged, Proof, Span, Timeline};
use super::values::ValueId;
use super::{Act, End, History, Op};

/// The operations on one value.
#[derive(Clone, Debug, Default)]
struct Of {
    /// What wrote it; nothing wrote the initial value.
    writer: Option<Span>,
    /// The value that the writer replaced, if it was a cas.
    replaced: Option<ValueId>,
    readers: Vec<Span>,
}

/// A value, and those that replaced one another from it on: nothing can come between them.
#[derive(Clone, Debug)]
struct Chain {
    values: Vec<ValueId>,
    /// The operation that ends first; none for the initial value.
    first_end: Option<Span>,
    /// The operation that is called last.
    last_call: Option<Span>,
}

/// Judges the operations of one key.
pub(super) fn judge(history: &History, timeline: &Timeline) -> Judged {
    match Register::read(history, timeline) {
        Err(judged) => judged,
        Ok(register) => register.judge().unwrap_or_else(Judged::Broken),
    }
}

struct Register<'h> {
    history: &'h History,
    values: BTreeMap<ValueId, Of>,
}

impl<'h> Register<'h> {
    /// The values with their operations, as far as they must have had an effect.
    fn read(history: &'h History, timeline: &Timeline) -> Result<Self, Judged> {
        let mut values: BTreeMap<ValueId, Of> = BTreeMap::from([(history.start, Of::default())]);
        let mut seen: Vec<(ValueId, Span)> = Vec::new();
        for (span, operation, end) in timeline.effective(history) {
            let (value, replaced) = match operation.act {
                Act::Read => {
                    if let Some(End::Read(value)) = end {
                        seen.push((*value, span));
                        values.entry(*value).or_default().readers.push(span);
                    }
                    continue;
                }
                Act::Put(value) => (value, None),
                Act::Cas { old, new } => {
                    if !span.is_open() {
                        seen.push((old, span));
                    }
                    (new, Some(old))
                }
                Act::Append(_) => return Err(Judged::Unfit),
            };
            let of = values.entry(value).or_default();
            if value == history.start || of.writer.is_some() || replaced == Some(value) {
                return Err(Judged::Unfit);
            }
            (of.writer, of.replaced) = (Some(span), replaced);
        }
        let mut register = Self { history, values };
        register.drop_what_had_no_effect(seen).map_err(Judged::Broken)?;
        Ok(register)
    }

    /// An open write had an effect only if somebody saw its value.
    fn drop_what_had_no_effect(&mut self, mut seen: Vec<(ValueId, Span)>) -> Result<(), Proof> {
        let mut had: BTreeSet<ValueId> = BTreeSet::from([self.history.start]);
        while let Some((value, by)) = seen.pop() {
            if !had.insert(value) {
                continue;
            }
            let Some(Of { writer: Some(writer), replaced, .. }) = self.values.get(&value) else {
                let why = format!("nothing that took effect wrote {}", self.text(value));
                return Err(Proof { of: by.op, why, ops: Vec::new() });
            };
            if let Some(replaced) = replaced {
                seen.push((*replaced, *writer));
            }
        }
        self.values.retain(|value, of| had.contains(value) || of.writer.is_some_and(|writer| !writer.is_open()));
        Ok(())
    }

    fn judge(&self) -> Result<Judged, Proof> {
        let mut chains = Vec::new();
        for values in self.rows()? {
            chains.extend(self.chain(values)?);
        }
        self.order(chains)
    }

    /// Every value, behind the one that it replaced.
    fn rows(&self) -> Result<Vec<Vec<ValueId>>, Proof> {
        let mut next: BTreeMap<ValueId, (ValueId, Span)> = BTreeMap::new();
        for (value, of) in &self.values {
            let (Some(replaced), Some(writer)) = (of.replaced, of.writer) else { continue };
            if let Some((_, other)) = next.insert(replaced, (*value, writer)) {
                let (first, second) = if other.ended < writer.ended { (other, writer) } else { (writer, other) };
                let why = format!("another one replaced {} too, which was written once", self.text(replaced));
                return Err(Proof { of: second.op, why, ops: vec![first.op] });
            }
        }
        let first = |(_, of): &(&ValueId, &Of)| of.replaced.is_none();
        let rows = self.values.iter().filter(first).map(|(value, _)| {
            std::iter::successors(Some(*value), |value| next.get(value).map(|(next, _)| *next)).collect()
        });
        let rows: Vec<Vec<ValueId>> = rows.collect();
        if rows.iter().map(Vec::len).sum::<usize>() < self.values.len() {
            let reached: BTreeSet<&ValueId> = rows.iter().flatten().collect();
            let lost = self.values.iter().filter(|(value, _)| !reached.contains(value));
            let mut round: Vec<Span> = lost.filter_map(|(_, of)| of.writer).collect();
            round.sort_unstable_by_key(|span| span.ended);
            let last = round.pop().expect("a round has a writer");
            let ops = round.iter().map(|span| span.op).collect();
            return Err(Proof { of: last.op, why: "each of these replaced what another one wrote".to_owned(), ops });
        }
        Ok(rows)
    }

    /// The zone of values that follow one another; `None` for an initial value that nobody saw.
    fn chain(&self, values: Vec<ValueId>) -> Result<Option<Chain>, Proof> {
        let parts = values.iter().flat_map(|value| {
            let of = &self.values[value];
            [of.writer.as_slice(), of.readers.as_slice()]
        });
        let mut later: Option<Span> = None;
        let mut last_call: Option<Span> = None;
        for part in parts.rev() {
            if let Some(later) = later
                && let Some(early) = part.iter().find(|span| later.precedes(span))
            {
                let why = "it ended before that was called of which it has, or is behind, the effect".to_owned();
                return Err(Proof { of: later.op, why, ops: vec![early.op] });
            }
            later = part.iter().chain(&later).min_by_key(|span| span.ended).copied();
            last_call = part.iter().chain(&last_call).max_by_key(|span| span.called).copied();
        }
        let is_initial = values.first() == Some(&self.history.start);
        let first_end = later.filter(|_| !is_initial);
        Ok(last_call.map(|_| Chain { values, first_end, last_call }))
    }

    /// Orders the chains, or proves that two of them are each before the other.
    fn order(&self, chains: Vec<Chain>) -> Result<Judged, Proof> {
        let (mut wide, narrow): (Vec<Chain>, Vec<Chain>) =
            chains.into_iter().partition(|chain| chain.start() < chain.end());
        wide.sort_unstable_by_key(Chain::start);
        for pair in wide.windows(2) {
            if pair[1].start() < pair[0].end() {
                return Err(self.contradiction(&pair[0], &pair[1]));
            }
        }
        // By place: twice the step at which a chain stands, and one more for what stands right behind a wide one.
        let mut places: Vec<(i64, Chain)> = Vec::new();
        for chain in narrow {
            let (from, until) = (chain.end(), chain.start());
            let before = wide.partition_point(|wide| wide.start() < from);
            let within = before.checked_sub(1).map(|index| &wide[index]).filter(|wide| from < wide.end());
            match within {
                Some(wide) if until < wide.end() => return Err(self.contradiction(wide, &chain)),
                Some(wide) => places.push((wide.end() * 2 + 1, chain)),
                None => places.push((from * 2, chain)),
            }
        }
        places.extend(wide.into_iter().map(|chain| (chain.start() * 2, chain)));
        places.sort_by_key(|(place, _)| *place);
        let values = places.iter().flat_map(|(_, chain)| &chain.values);
        Ok(Judged::Holds(values.filter_map(|value| Some(self.values[value].writer?.op)).collect()))
    }

    /// One operation of `one` ends before one of `other` is called, and the other way round.
    fn contradiction(&self, one: &Chain, other: &Chain) -> Proof {
        let spans = |before: &Chain, behind: &Chain| (before.first_end, behind.last_call.expect("it has operations"));
        let (first, second) = (spans(one, other), spans(other, one));
        // What was called last is what can't be.
        let ((early, late), (before, of)) =
            if first.1.called < second.1.called { (first, second) } else { (second, first) };
        let Some(before) = before else {
            // The initial value is read after something else was written and seen.
            let early = early.expect("only one chain begins with the initial value");
            return self.stale(early.op, late.op, Vec::new());
        };
        let extra = early.into_iter().chain([late]).map(|span| span.op);
        let writer = |op: Op| !matches!(self.history.operation(op).act, Act::Read);
        let simple = early.is_none_or(|early| writer(early.op));
        let extra = if simple { Vec::new() } else { extra.collect() };
        self.stale(before.op, of.op, extra)
    }

    fn stale(&self, before: Op, of: Op, extra: Vec<Op>) -> Proof {
        let mut ops = vec![before];
        extra.into_iter().for_each(|op| {
            if op != of && !ops.contains(&op) {
                ops.push(op);
            }
        });
        let why = match ops.as_slice() {
            [_] => "what had ended before it was called has replaced that value".to_owned(),
            _ => "by these, its value was both before and behind another one".to_owned(),
        };
        Proof { of, why, ops }
    }

    fn text(&self, value: ValueId) -> &str {
        self.history.values.text(value)
    }
}

impl Chain {
    /// When it must have begun: the first end of its operations.
    fn start(&self) -> i64 {
        self.first_end.map_or(-1, |span| span.ended.into())
    }

    /// Until when it must last: the last call of its operations.
    fn end(&self) -> i64 {
        self.last_call.map_or(-1, |span| span.called.into())
    }
}

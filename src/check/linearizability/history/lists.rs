//! Lists to which each value is appended once: their longest read gives the order of all that was seen, so one pass judges
//! them.

use std::collections::BTreeMap;

use super::timeline::{Judged, Proof, Span, Timeline};
use super::values::ValueId;
use super::{Act, End, History, Op};

/// The place of an append of which no read tells: behind all that were read.
const UNSEEN: u64 = u64::MAX;

/// Judges the operations of one key.
pub(super) fn judge(history: &History, timeline: &Timeline) -> Judged {
    let mut appends: BTreeMap<ValueId, Span> = BTreeMap::new();
    let mut reads: Vec<(Span, &[ValueId])> = Vec::new();
    for (span, operation, end) in timeline.effective(history) {
        match (operation.act, end) {
            (Act::Append(value), _) if appends.insert(value, span).is_some() => return Judged::Unfit,
            (_, Some(End::ReadList(list))) => reads.push((span, list)),
            (Act::Append(_) | Act::Read | Act::Put(_) | Act::Cas { .. }, _) => {}
        }
    }
    judge_all(history, &appends, &reads).map_or_else(Judged::Broken, Judged::Holds)
}

fn judge_all(
    history: &History,
    appends: &BTreeMap<ValueId, Span>,
    reads: &[(Span, &[ValueId])],
) -> Result<Vec<Op>, Proof> {
    let longest = reads.iter().max_by_key(|(_, list)| list.len());
    let (teller, order) = longest.map_or((None, &[][..]), |(span, list)| (Some(*span), *list));
    let mut places: BTreeMap<ValueId, u64> = BTreeMap::new();
    for (item, place) in order.iter().zip(1..) {
        let teller = teller.expect("it tells something").op;
        if !appends.contains_key(item) {
            let why = format!("nothing that took effect appended {}", history.values.text(*item));
            return Err(Proof { of: teller, why, ops: Vec::new() });
        }
        if places.insert(*item, place * 2).is_some() {
            let why = format!("{} was appended once, and is there twice", history.values.text(*item));
            return Err(Proof { of: teller, why, ops: vec![appends[item].op] });
        }
    }
    for (span, list) in reads {
        if let Some(at) = list.iter().zip(order).position(|(one, other)| one != other) {
            let item = |list: &[ValueId]| history.values.text(list[at]).to_owned();
            let teller = teller.expect("it tells something");
            let here = (*span, item(list));
            let there = (teller, item(order));
            let ((first, before), (second, after)) =
                if span.ended < teller.ended { (here, there) } else { (there, here) };
            let why = format!("in place {} it tells {after}, and the other read {before}", at + 1);
            return Err(Proof { of: second.op, why, ops: vec![first.op] });
        }
    }
    let mut placed: Vec<(Span, u64)> = reads.iter().map(|(span, list)| (*span, list.len() as u64 * 2 + 1)).collect();
    let seen = appends.iter().filter(|(item, span)| places.contains_key(item) || !span.is_open());
    placed.extend(seen.map(|(item, span)| (*span, places.get(item).copied().unwrap_or(UNSEEN))));
    in_time(history, &placed, teller)?;
    let mut order: Vec<(u64, u32, Op)> = placed
        .iter()
        .filter(|(span, _)| !matches!(history.operation(span.op).act, Act::Read))
        .map(|(span, place)| (*place, span.ended, span.op))
        .collect();
    order.sort_unstable();
    Ok(order.into_iter().map(|(.., op)| op).collect())
}

/// Whether no operation ended before one was called that stands before it.
fn in_time(history: &History, placed: &[(Span, u64)], teller: Option<Span>) -> Result<(), Proof> {
    let mut steps: Vec<(u32, bool, usize)> = Vec::with_capacity(placed.len() * 2);
    for (index, (span, _)) in placed.iter().enumerate() {
        steps.push((span.called, false, index));
        if !span.is_open() {
            steps.push((span.ended, true, index));
        }
    }
    steps.sort_unstable();
    let mut furthest: Option<usize> = None;
    for (_, ends, index) in steps {
        let place = placed[index].1;
        if ends {
            if furthest.is_none_or(|furthest| placed[furthest].1 < place) {
                furthest = Some(index);
            }
        } else if let Some(before) = furthest.filter(|before| placed[*before].1 > place) {
            return Err(out_of_time(history, placed[before].0, placed[index].0, teller));
        }
    }
    Ok(())
}

/// `before` ended before `of` was called, and stands behind it.
fn out_of_time(history: &History, before: Span, of: Span, teller: Option<Span>) -> Proof {
    let is_read = |span: &Span| matches!(history.operation(span.op).act, Act::Read);
    let item = |span: &Span| match history.operation(span.op).act {
        Act::Append(value) => history.values.text(value).to_owned(),
        Act::Read | Act::Put(_) | Act::Cas { .. } => String::new(),
    };
    let also = teller.filter(|teller| teller.op != before.op && teller.op != of.op).map(|teller| teller.op);
    let (why, also) = match (is_read(&before), is_read(&of)) {
        (true, true) => ("a read that had ended before it was called tells more".to_owned(), None),
        (false, true) => (format!("the append of {} had ended before it was called", item(&before)), None),
        (true, false) => (format!("a read that had ended before it was called tells {}", item(&of)), None),
        (false, false) => {
            (format!("it was called after the append of {} had ended, and stands before it", item(&before)), also)
        }
    };
    Proof { of: of.op, why, ops: [before.op].into_iter().chain(also).collect() }
}

//! The story of a failure on one page: the violation, the necessary parts, and the events that led to it.

use super::causal_past::CausalPast;
use crate::check::Census;
use crate::fault::PlannedFault;
use crate::hunt::{Need, Part, Shrunk, Size, Without};
use crate::scenario::Resolved;

/// The maximum number of events in a story.
const LINES: usize = 60;

/// The story of a shrunk run as Markdown, and its causal past. `picture` is the file of the diagram next to it.
#[must_use]
pub fn story(shrunk: &Shrunk, needs: &[Need], name: &str, picture: &str) -> (String, CausalPast) {
    let trace = shrunk.outcome.trace.as_ref().expect("a shrunk run keeps its trace");
    let past = CausalPast::of(&mut &*trace, &shrunk.violation, LINES).expect("a trace in memory can be read");
    let Shrunk { kind, violation, before, after, .. } = shrunk;
    let mut text = format!("# {name} breaks {}\n\n{}.\n\n", kind.invariant, violation.sentence);
    text.push_str(&format!("The run has {}; before shrinking it had {}.\n", size(after), size(before)));
    let causes = causes(shrunk, needs);
    if !causes.is_empty() {
        text.push_str(&format!("\n## What was necessary\n\n{causes}"));
    }
    text.push_str("\n## What led to the violation\n\n");
    if past.left_out > 0 {
        text.push_str(&format!("({} earlier events are omitted.)\n\n", past.left_out));
    }
    text.push_str("```text\n");
    text.push_str(&lines(&past));
    text.push_str(&format!("```\n\n![What led to the violation]({picture})\n"));
    (text, past)
}

/// The events, one line each; the cited events are marked.
#[must_use]
pub fn lines(past: &CausalPast) -> String {
    let width = past.events.iter().map(|event| event.line.find(' ').unwrap_or_default()).max().unwrap_or_default();
    let line = |event: &super::causal_past::PastEvent| {
        let mark = if event.is_witness { '>' } else { ' ' };
        let (time, what) = event.line.split_once(' ').unwrap_or_default();
        format!("{mark} {time:>width$} {what}\n")
    };
    past.events.iter().map(line).collect()
}

fn size(size: &Size) -> String {
    let Size { nodes, faults, operations, messages, records } = size;
    let counted = |count: u64, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let parts = [
        counted((*nodes).into(), "node"),
        counted(*operations, "operation"),
        counted(*faults, "fault"),
        counted(*messages, "message"),
        counted(*records, "record"),
    ];
    parts.join(", ")
}

fn causes(shrunk: &Shrunk, needs: &[Need]) -> String {
    let resolved = &shrunk.resolved;
    needs
        .iter()
        .map(|need| format!("- {}: {}\n", part(resolved, &shrunk.outcome.census, &need.part), without(&need.without)))
        .collect()
}

/// A part of a run, in words; `census` is the run's.
#[must_use]
pub fn part(resolved: &Resolved, census: &Census, part: &Part) -> String {
    match part {
        Part::Fault(place) => {
            resolved.plan.faults.get(*place).map_or_else(String::new, |planned| told(planned, *place, census))
        }
        Part::Chance(name) => format!("the `{name}` of links"),
        Part::Fate(message) => {
            let lane = resolved.profile.lanes.get(message.lane.index()).copied().unwrap_or_default();
            format!("the fate of {}.{lane}#{}", message.sender, message.number)
        }
        Part::Operation(op) => format!("the operation {op}"),
    }
}

/// The fault at a place of the plan, with the nodes that it acted on.
fn told(planned: &PlannedFault, place: usize, census: &Census) -> String {
    let number = u32::try_from(place + 1).expect("the faults of a plan have numbers");
    planned.told((census.fault(number).acted > 0).then(|| census.targets(number)))
}

/// The outcome of a run without one of its parts, in words.
#[must_use]
pub fn without(without: &Without) -> String {
    match without {
        Without::Same => "the run fails in the same way without it".to_owned(),
        Without::Holds => "without it, the invariant holds".to_owned(),
        Without::Open(why) => format!("without it, the invariant is not decided or not exercised: {why}"),
        Without::Otherwise { invariant, sentence } => {
            format!("without it, {invariant} is violated in another way: {sentence}")
        }
    }
}

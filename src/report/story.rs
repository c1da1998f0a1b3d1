//! The story of a failure: one page of what broke, by what, and what led to it.

use super::cone::Cone;
use crate::hunt::{Need, Part, Shrunk, Size, Without};
use crate::scenario::Resolved;

/// The most events that a story tells.
const LINES: usize = 60;

/// The story of a shrunk run as Markdown, and the past that it tells. `picture` is the file of the diagram beside it.
#[must_use]
pub fn story(shrunk: &Shrunk, needs: &[Need], name: &str, picture: &str) -> (String, Cone) {
    let trace = shrunk.outcome.trace.as_ref().expect("a shrunk run keeps its trace");
    let cone = Cone::of(&mut &*trace, &shrunk.violation, LINES).expect("a trace in memory can be read");
    let Shrunk { kind, violation, before, after, .. } = shrunk;
    let mut text = format!("# {name} breaks {}\n\n{}.\n\n", kind.invariant, violation.sentence);
    text.push_str(&format!("It has {}; the run that it was cut from has {}.\n", size(after), size(before)));
    let causes = causes(shrunk, needs);
    if !causes.is_empty() {
        text.push_str(&format!("\n## What it needs\n\n{causes}"));
    }
    text.push_str("\n## What led to it\n\n");
    if cone.left_out > 0 {
        text.push_str(&format!("({} earlier events are left out.)\n\n", cone.left_out));
    }
    text.push_str("```text\n");
    text.push_str(&lines(&cone));
    text.push_str(&format!("```\n\n![What led to it]({picture})\n"));
    (text, cone)
}

/// The deeds, a line each; those that the violation cites are marked.
#[must_use]
pub fn lines(cone: &Cone) -> String {
    let width = cone.deeds.iter().map(|deed| deed.line.find(' ').unwrap_or_default()).max().unwrap_or_default();
    let line = |deed: &super::cone::Deed| {
        let mark = if deed.is_witness { '>' } else { ' ' };
        let (time, what) = deed.line.split_once(' ').unwrap_or_default();
        format!("{mark} {time:>width$} {what}\n")
    };
    cone.deeds.iter().map(line).collect()
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
    needs.iter().map(|need| format!("- {}: {}\n", part(resolved, &need.part), without(&need.without))).collect()
}

/// What a part of a run is, in words.
#[must_use]
pub fn part(resolved: &Resolved, part: &Part) -> String {
    match part {
        Part::Fault(place) => resolved.plan.faults.get(*place).map_or_else(String::new, ToString::to_string),
        Part::Chance(name) => format!("the {name} of links"),
        Part::Fate(message) => {
            let lane = resolved.profile.lanes.get(message.lane.index()).copied().unwrap_or_default();
            format!("the fate of {}.{lane}#{}", message.sender, message.number)
        }
        Part::Operation(op) => format!("the operation {op}"),
    }
}

/// What becomes of a run without a part of it, in words.
#[must_use]
pub fn without(without: &Without) -> String {
    match without {
        Without::Same => "not needed; it breaks without it too".to_owned(),
        Without::Holds => "without it all is well".to_owned(),
        Without::Open(why) => format!("without it nothing is put to the test: {why}"),
        Without::Otherwise { invariant, sentence } => format!("without it {invariant} breaks otherwise: {sentence}"),
    }
}

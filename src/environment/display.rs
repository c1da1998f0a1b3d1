//! The text of faults in a trace.

use std::fmt;

use super::fault::{
    Clog, Direction, DiskFault, Fault, Harm, Nothing, Partition, PlannedFault, Shape, SlowLinks, Target, Trigger,
};
use super::target::names;
use crate::identity::NodeId;
use crate::time::Time;

/// As in the header of a trace: `at 5s for 8s partition {n1,n2} | {n3}`.
impl fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.when {
            Trigger::At(time) => write!(f, "at {}", time.since(Time::ZERO))?,
            Trigger::Fact { fact, n } => write!(f, "when {fact} n={n}")?,
        }
        if let Some(lasts) = self.lasts {
            write!(f, " for {lasts}")?;
        }
        write!(f, " {}", self.fault)?;
        flag(f, "drawn", self.drawn)
    }
}

impl PlannedFault {
    /// As in a report: its time as in the lines of a trace, and if it acted, the nodes that had the role which is its target:
    /// `at 5000.000ms for 8s kill proposer (n2)`.
    #[must_use]
    pub fn told(&self, acted_on: Option<&[NodeId]>) -> String {
        let when = match &self.when {
            Trigger::At(time) => format!("at {time}ms"),
            Trigger::Fact { fact, n } => format!("when {fact} n={n}"),
        };
        let lasts = self.lasts.map(|lasts| format!(" for {lasts}")).unwrap_or_default();
        let fault = match (self.fault.target(), acted_on) {
            (Some(role @ Target::Proposer), Some(nodes)) => {
                let resolved = format!(" {role} ({})", shortened(nodes));
                self.fault.to_string().replacen(&format!(" {role}"), &resolved, 1)
            }
            (Some(_) | None, Some(_) | None) => self.fault.to_string(),
        };
        let drawn = if self.drawn { " drawn" } else { "" };
        format!("{when}{lasts} {fault}{drawn}")
    }
}

/// The names of nodes, if there are many only the first two.
fn shortened(nodes: &[NodeId]) -> String {
    let list = |nodes: &[NodeId]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match nodes {
        [] => "no node".to_owned(),
        [first, second, _, _, ..] => format!("{} and {} more", list(&[*first, *second]), nodes.len() - 2),
        few => list(few),
    }
}

/// As in a trace: `partition {n1,n2} | {n3}`, `kill n1 after_effects=2`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind().name())?;
        match self {
            Self::Kill(crash) => {
                write!(f, " {}", crash.target)?;
                option(f, "after_effects", crash.after_effects)
            }
            Self::Restart(restart) => {
                write!(f, " {}", restart.target)?;
                option(f, "after_effects", restart.after_effects)?;
                flag(f, "wipe", restart.wipe)
            }
            Self::Pause(of) | Self::Resume(of) => write!(f, " {}", of.target),
            Self::Partition(partition) => write!(f, " {partition}"),
            Self::Heal(Nothing {}) => Ok(()),
            Self::Clog(Clog { from, to }) => ends(f, from.as_ref(), to.as_ref()),
            Self::Delay(SlowLinks { delay, from, to }) => {
                write!(f, " {delay}")?;
                ends(f, from.as_ref(), to.as_ref())
            }
            Self::Loss(links) | Self::Duplicate(links) | Self::Reorder(links) | Self::Corrupt(links) => {
                write!(f, " {}", links.share)?;
                ends(f, links.from.as_ref(), links.to.as_ref())
            }
            Self::Clock(clock) => {
                write!(f, " {}", clock.target)?;
                option(f, "offset", clock.offset)?;
                option(f, "drift", clock.drift)?;
                option(f, "monotonic_drift", clock.monotonic_drift)?;
                option(f, "bump", clock.bump)?;
                flag(f, "freeze", clock.freeze)?;
                flag(f, "monotonic_freeze", clock.monotonic_freeze)
            }
            Self::Disk(DiskFault { target, harm }) => match harm {
                Harm::Torn => write!(f, " {target} torn"),
                Harm::Damage => write!(f, " {target} damage"),
                Harm::IoError => write!(f, " {target} io-error"),
                Harm::Slow(span) => write!(f, " {target} slow={span}"),
            },
        }
    }
}

fn option(f: &mut fmt::Formatter<'_>, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {name}={value}"))
}

fn flag(f: &mut fmt::Formatter<'_>, name: &str, on: bool) -> fmt::Result {
    if on { write!(f, " {name}") } else { Ok(()) }
}

fn ends(f: &mut fmt::Formatter<'_>, from: Option<&Target>, to: Option<&Target>) -> fmt::Result {
    option(f, "from", from)?;
    option(f, "to", to)
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.groups.iter().map(|group| format!("{{{}}}", names(group))).collect::<Vec<_>>().join(" | ");
        f.write_str(&groups)?;
        let shape = match self.shape {
            None => "",
            Some(Shape::Halves) => "halves",
            Some(Shape::IsolateOne) => "isolate-one",
            Some(Shape::Minority) => "minority",
            Some(Shape::Bridge) => "bridge",
            Some(Shape::MajoritiesRing) => "majorities-ring",
        };
        let space = if shape.is_empty() || groups.is_empty() { "" } else { " " };
        write!(f, "{space}{shape}")?;
        match self.direction {
            Direction::Both => Ok(()),
            Direction::To => f.write_str(" direction=to"),
            Direction::From => f.write_str(" direction=from"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fault::Crash;
    use super::*;

    #[test]
    fn a_report_tells_whom_a_fault_with_a_role_as_target_hit() {
        let fault = Fault::Kill(Crash { target: Target::Proposer, after_effects: Some(2) });
        let planned = PlannedFault {
            name: None,
            when: Trigger::At(Time::from_nanos(5_000_123_456)),
            lasts: None,
            fault,
            drawn: true,
        };
        let nodes: Vec<NodeId> = NodeId::all(5).collect();
        let told = [None, Some(&nodes[..0]), Some(&nodes[1..2]), Some(&nodes[..])].map(|nodes| planned.told(nodes));
        insta::assert_snapshot!(told.join("\n"), @"
        at 5000.123ms kill proposer after_effects=2 drawn
        at 5000.123ms kill proposer (no node) after_effects=2 drawn
        at 5000.123ms kill proposer (n2) after_effects=2 drawn
        at 5000.123ms kill proposer (n1, n2 and 3 more) after_effects=2 drawn
        ");
    }
}

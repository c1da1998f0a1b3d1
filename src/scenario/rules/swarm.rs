//! Rules of `"swarm"`: there is something to draw.

use crate::scenario::diagnostic::Finding;
use crate::scenario::format::Scenario;
use crate::scenario::path::Path;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let Some(swarm) = &scenario.swarm else {
        return Vec::new();
    };
    let path = Path::of("swarm");
    let mut findings = Vec::new();
    if swarm.kinds.as_ref().is_some_and(Vec::is_empty) {
        let help = "such as [\"kill\"]; leave `kinds` out to draw from all of them";
        findings.push(Finding::new(path.key("kinds"), "nothing can be drawn from no kinds").help(help));
    }
    if let Some(rate) = swarm.rate
        && rate.mean_gap().is_none_or(|gap| scenario.run.calm().as_nanos() / gap.max(1) > super::MOST_FAULTS)
    {
        let help = format!("at least one, and at most {} until the calm", super::MOST_FAULTS);
        findings.push(Finding::new(path.key("rate"), "this is no number of faults that a run could have").help(help));
    }
    findings
}

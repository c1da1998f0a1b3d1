//! The voters that scripted faults remove permanently: at most a minority, and none without which the core has no
//! majority, unless the entry has `"exceed": true`.

use std::collections::BTreeSet;

use crate::fault::Target;
use crate::identity::NodeId;
use crate::scenario::core::Core;
use crate::scenario::diagnostic::Finding;
use crate::scenario::format::Scenario;
use crate::scenario::path::Path;
use crate::subject::Profile;

pub(super) fn check(scenario: &Scenario, profile: &Profile) -> Option<Finding> {
    let (minority, majority) = (scenario.nodes.minority() as usize, scenario.nodes.majority() as usize);
    let voter = |node: &NodeId| node.index() < scenario.nodes.voters as usize;
    // A core that is drawn avoids the voters that are lost.
    let is_named = matches!(scenario.run.core, Some(Core::Nodes(_)));
    let core = scenario.setup().core.filter(|_| is_named);
    let (mut named, mut others) = (BTreeSet::new(), 0);
    for (index, entry) in scenario.faults.iter().enumerate().filter(|(_, entry)| !entry.exceed) {
        let Some(fault) = &entry.fault else { continue };
        match profile.loses_voters(fault, &scenario.protocols) {
            None => continue,
            Some(Target::Nodes(nodes)) => named.extend(nodes.iter().copied().filter(voter)),
            Some(Target::One | Target::Proposer) => others += 1,
            Some(Target::Minority) => others += minority,
            Some(Target::Majority) => others += majority,
            Some(Target::All) => others += scenario.nodes.voters as usize,
        }
        let kind = fault.kind().name();
        let left = |core: &Vec<NodeId>| core.iter().filter(|node| voter(node) && !named.contains(node)).count();
        if core.as_ref().is_some_and(|core| left(core) < majority + others) {
            let message = format!("this `{kind}` permanently removes a voter without which the core has no majority");
            let finding = Finding::new(Path::of("faults").index(index).key("fault"), message);
            return Some(finding.help(
                "name a voter outside `run.core`, let the core have one voter more, or add \"exceed\": true to the entry",
            ));
        }
        if named.len() + others > minority {
            let voters = scenario.nodes.voters;
            let message = format!("this `{kind}` permanently removes more than a minority of {voters} voters");
            let finding = Finding::new(Path::of("faults").index(index).key("fault"), message);
            return Some(finding.help("add \"exceed\": true to the entry if this is intended"));
        }
    }
    None
}

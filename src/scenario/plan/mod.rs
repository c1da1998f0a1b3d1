//! The faults of one run: scripted faults, and faults that the seed draws.
//!
//! Each entry draws from its own streams, so that another entry changes none of its faults. A drawn fault that would
//! contradict a scripted one, or an earlier drawn one, is dropped, and the others do not change.

mod drawn;
mod lost_voters;
mod node_chooser;
mod occupancy;
mod scripted;
mod variants;

use self::lost_voters::LostVoters;
use self::node_chooser::NodeChooser;
use self::occupancy::Occupancy;
pub(super) use self::variants::log_uniform;
use super::format::Scenario;
use crate::chance::Seed;
use crate::fault::{FaultPlan, PlannedFault, Target};
use crate::identity::NodeId;
use crate::subject::Profile;

/// The nodes that quiescence heals, if they are drawn: a smallest majority of the voters, without those that scripted faults
/// remove permanently.
pub(super) fn core(scenario: &Scenario, profile: &Profile, seed: Seed) -> Vec<NodeId> {
    let mut lost = LostVoters::new(scenario, profile);
    scripted(scenario, seed).iter().flatten().for_each(|fault| lost.add(&fault.fault));
    let chooser = NodeChooser { nodes: scenario.nodes, free: &|node| !lost.has(node) };
    chooser.target(&Target::Majority, &mut seed.key("core").draws())
}

/// The scripted faults of each entry.
fn scripted(scenario: &Scenario, seed: Seed) -> Vec<Vec<PlannedFault>> {
    let entries = scenario.faults.iter().enumerate();
    entries.map(|(index, entry)| scripted::expand(entry, scenario, seed.key("fault").with(index as u64))).collect()
}

/// The plan of `scenario` for one seed.
pub(super) fn draw(scenario: &Scenario, profile: &Profile, seed: Seed) -> FaultPlan {
    let written = scripted(scenario, seed);
    let mut occupancy = Occupancy::new(scenario.run.quiescence());
    written.iter().flatten().for_each(|fault| occupancy.occupy(fault));
    let mut lost_voters = LostVoters::new(scenario, profile);
    written.iter().flatten().for_each(|fault| lost_voters.add(&fault.fault));
    let mut faults = Vec::new();
    for (index, (entry, written)) in scenario.faults.iter().zip(written).enumerate() {
        faults.extend(written);
        if let Some(draw) = &entry.draw {
            let mut dice = seed.dice(&format!("faults {index}"));
            let drawn = drawn::faults(entry, draw, scenario, profile, &mut dice);
            faults.extend(drawn.into_iter().filter(|fault| {
                let taken = (entry.exceed || lost_voters.allows(&fault.fault)) && occupancy.occupy_if_free(fault);
                if taken {
                    lost_voters.add(&fault.fault);
                }
                taken
            }));
        }
    }
    FaultPlan { faults }
}

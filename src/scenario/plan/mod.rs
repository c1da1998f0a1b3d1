//! The faults of one run, from those that are written and those that the seed draws.
//!
//! Each entry draws from streams of its own, so that another entry moves none of its faults. A drawn fault that would
//! contradict a written one, or an earlier drawn one, is left out, and the others stay where they are.

mod among;
mod claims;
mod drawn;
mod sorts;
mod spending;
mod written;

use self::claims::Claims;
pub(super) use self::sorts::log_uniform;
use self::spending::Spending;
use super::format::Scenario;
use crate::chance::Seed;
use crate::fault::{FaultPlan, PlannedFault};
use crate::subject::Profile;

/// The plan of `scenario` for one seed.
pub(super) fn draw(scenario: &Scenario, profile: &Profile, seed: Seed) -> FaultPlan {
    let written: Vec<Vec<PlannedFault>> = scenario
        .faults
        .iter()
        .enumerate()
        .map(|(index, entry)| written::expand(entry, scenario, seed.key("fault").with(index as u64)))
        .collect();
    let mut claims = Claims::new(scenario.run.calm());
    written.iter().flatten().for_each(|fault| claims.take(fault));
    let mut spending = Spending::new(scenario, profile);
    written.iter().flatten().for_each(|fault| spending.spend(&fault.fault));
    let mut faults = Vec::new();
    for (index, (entry, written)) in scenario.faults.iter().zip(written).enumerate() {
        faults.extend(written);
        if let Some(draw) = &entry.draw {
            let mut dice = seed.dice(&format!("faults {index}"));
            let drawn = drawn::faults(entry, draw, scenario, profile, &mut dice);
            faults.extend(drawn.into_iter().filter(|fault| {
                let taken = (entry.exceed || spending.allows(&fault.fault)) && claims.take_if_free(fault);
                if taken {
                    spending.spend(&fault.fault);
                }
                taken
            }));
        }
    }
    FaultPlan { faults }
}

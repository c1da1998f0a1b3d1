//! Ranges are drawn per seed, each from its own place.

use super::fake::{good, wrong};
use crate::chance::Seed;
use crate::measure::{Drift, Rate, Share};
use crate::scenario::Scenario;
use crate::time::Span;

fn draw(keys: &str, seed: u64) -> Scenario {
    (*good(keys).resolve(Seed(seed)).expect("nothing is wrong").scenario).clone()
}

#[test]
fn every_quantity_may_be_a_range_and_stays_within_it() {
    let keys = r#""run": { "for": { "min": "10s", "max": "11s" } },
        "network": { "loss": { "min": "1%", "max": "2%" }, "delay": { "uniform": { "min": "1ms", "max": "5ms" } } },
        "protocols": { "gossip": { "resend": { "min": "1ms", "max": "1ms" }, "think": { "exponential":
            { "mean": { "min": "1ms", "max": "9ms" } } } } },
        "workload": [{ "writes": { "rate": { "min": "0.5/s", "max": "100/s" } } }],
        "faults": [{ "at": "1s", "fault": { "clock": { "target": "n1",
            "bump": { "min": "-3s", "max": "1s" }, "drift": { "min": "-100ppm", "max": "1%" } } } }]"#;
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let scenario = draw(keys, seed);
        let lasts = scenario.run.lasts.expect("it says so");
        lengths.insert(lasts);
        assert!((Span::from_secs(10)..=Span::from_secs(11)).contains(&lasts));
        assert!((Share::from_percent(1)..=Share::from_percent(2)).contains(&scenario.network.loss));
        assert_eq!(scenario.protocols["gossip"]["resend"], "1ms");
        let rate: Rate = scenario.workload[0]["writes"]["rate"].as_str().expect("text").parse().expect("a rate");
        assert!((500_000_000..=100_000_000_000).contains(&rate.as_nanohertz()));
        let Some(crate::fault::Fault::Clock(clock)) = &scenario.faults[0].fault else { panic!("a clock fault") };
        let (bump, drift) = (clock.bump.expect("drawn"), clock.drift.expect("drawn"));
        assert!((-3_000_000_000..=1_000_000_000).contains(&bump.as_nanos()));
        assert!((Drift::from_ppb(-100_000)..=Drift::from_ppb(10_000_000)).contains(&drift));
    }
    assert!(lengths.len() > 45, "{}", lengths.len());
}

#[test]
fn another_range_does_not_move_a_draw() {
    let one = draw(r#""network": { "loss": { "min": "1%", "max": "90%" } }"#, 5);
    let two = draw(
        r#""disk": { "sync": { "constant": { "min": "1ms", "max": "9ms" } } },
        "network": { "corrupt": { "min": "1%", "max": "90%" }, "loss": { "min": "1%", "max": "90%" } }"#,
        5,
    );
    assert_eq!(one.network.loss, two.network.loss);
    assert_ne!(two.network.corrupt, two.network.loss);
}

#[test]
fn both_ends_are_checked() {
    let late = r#""faults": [{ "at": { "min": "1s", "max": "12s" }, "fault": { "kill": { "target": "n1" } } }]"#;
    assert!(wrong(late).starts_with("error: at 12s the run is over"), "{}", wrong(late));
    let early = r#""faults": [{ "at": "9s", "fault": { "kill": { "target": "n1" } } }],
        "run": { "for": { "min": "8s", "max": "10s" } }"#;
    assert!(wrong(early).starts_with("error: at 9s the run is over"), "{}", wrong(early));
}

#[test]
fn draws_that_do_not_go_together_name_the_seed() {
    let file = good(
        r#""faults": [{ "at": { "min": "2s", "max": "8s" }, "fault": { "kill": { "target": "n1" } } }],
        "run": { "for": { "min": "3s", "max": "9s" } }"#,
    );
    let seeds: Vec<_> = (0..50).map(Seed).collect();
    let problem = seeds.iter().find_map(|seed| file.resolve(*seed).err()).expect("some seed draws a short run");
    assert!(problem.to_string().contains("(in the ranges that seed 0x"), "{problem}");
}

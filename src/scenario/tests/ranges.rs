//! Ranges are drawn per seed, each from its own place.

use std::collections::BTreeSet;

use super::fake::{FAKE, good, wrong};
use crate::chance::Seed;
use crate::measure::{Drift, Rate, Share};
use crate::scenario::range::{self, Pick};
use crate::scenario::{Resolved, Scenario};
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
    let mut lengths = BTreeSet::new();
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
    assert!(wrong(late).starts_with("error: 12s is after the end of the run"), "{}", wrong(late));
    let early = r#""faults": [{ "at": "9s", "fault": { "kill": { "target": "n1" } } }],
        "run": { "for": { "min": "8s", "max": "10s" } }"#;
    assert!(wrong(early).starts_with("error: 9s is after the end of the run"), "{}", wrong(early));
}

#[test]
fn counts_and_choices_are_drawn_anywhere() {
    let keys = r#""nodes": { "voters": { "min": 3, "max": 5 }, "observers": { "one_of": [0, 2] } },
        "network": { "delay": { "one_of": [{ "constant": "5ms" }, { "uniform": { "min": "1ms", "max": "9ms" } }] } },
        "protocols": { "gossip": { "fanout": { "min": 1, "max": 64 } } },
        "workload": [{ "writes": { "clients": { "min": 1, "max": 2 } } }],
        "faults": [{ "at": "1s", "fault": { "kill": { "target": { "one_of": ["one", "n3"] } } } }]"#;
    let (mut nodes, mut delays, mut fanouts, mut faults) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for seed in 0..200 {
        let scenario = draw(keys, seed);
        nodes.insert((scenario.nodes.voters, scenario.nodes.observers));
        delays.insert(format!("{:?}", scenario.network.delay));
        fanouts.insert(scenario.protocols["gossip"]["fanout"].as_u64().expect("a count"));
        faults.insert(format!("{:?}", scenario.faults[0].fault));
        assert!((1..=2).contains(&scenario.workload[0]["writes"]["clients"].as_u64().expect("a count")));
    }
    assert_eq!(nodes, [3, 4, 5].into_iter().flat_map(|voters| [(voters, 0), (voters, 2)]).collect());
    assert_eq!((delays.len(), faults.len()), (2, 2));
    assert!(fanouts.contains(&1) && fanouts.contains(&64) && fanouts.len() > 25, "{fanouts:?}");
}

#[test]
fn the_number_of_nodes_is_drawn_whole_or_by_parts() {
    let sizes = |nodes: &str| (0..50).map(|seed| draw(nodes, seed).nodes.count()).collect::<BTreeSet<_>>();
    assert_eq!(sizes(r#""nodes": { "min": 3, "max": 6 }"#), [3, 4, 5, 6].into());
    assert_eq!(sizes(r#""nodes": { "one_of": [3, { "voters": 5, "observers": 2 }] }"#), [3, 7].into());
}

#[test]
fn a_target_must_be_there_in_the_smallest_cluster() {
    let problem = wrong(
        r#""nodes": { "min": 3, "max": 5 }, "faults": [{ "at": "1s", "fault": { "kill": { "target": "n4" } } }]"#,
    );
    assert!(problem.starts_with("error: there is no node n4"), "{problem}");
    let problem = wrong(
        r#""nodes": { "one_of": [5, 1, 4] },
        "faults": [{ "at": "1s", "fault": { "kill": { "target": "minority" } } }]"#,
    );
    assert!(problem.starts_with("error: `minority` is empty, because the number of voters is 1"), "{problem}");
}

#[test]
fn an_option_that_is_wrong_is_shown_where_it_stands() {
    let problem =
        wrong(r#""faults": [{ "at": "1s", "fault": { "one_of": [{ "kil": { "target": "n1" } }, "heal"] } }]"#);
    assert!(problem.contains("unknown word `kil`") && problem.contains("did you mean `kill`?"), "{problem}");
    for fanouts in [r#"[1, "two", 3]"#, r#"["one", 2, 3]"#, r#"[1, 2, "three"]"#] {
        let problem = wrong(&format!(r#""protocols": {{ "gossip": {{ "fanout": {{ "one_of": {fanouts} }} }} }}"#));
        let word = fanouts.split('"').nth(1).expect("one is a word");
        let marks = format!("{} found string", "^".repeat(word.len() + 2));
        assert!(
            problem.contains("expected a whole number from 0 to 4294967295") && problem.contains(&marks),
            "{problem}"
        );
    }
}

#[test]
fn what_is_no_range_says_why() {
    let cases = [
        (r#"{ "min": 5, "max": 2 }"#, "`min` is greater than `max`: 5 > 2", "swap the two"),
        (r#"{ "min": 1, "max": "5ms" }"#, "its ends are of different kinds", "quantities of one kind, or two counts"),
        (r#"{ "min": "5ms", "max": 7 }"#, "its ends are of different kinds", "quantities of one kind, or two counts"),
        (r#"{ "min": 0.5, "max": 2 }"#, "a count must be a whole number, not 0.5", "two counts"),
        (r#"{ "min": -1, "max": 2 }"#, "a count must be a whole number, not -1", "two counts"),
        (r#"{ "min": 1.5, "max": 2.5 }"#, "a count must be a whole number, not 1.5", "two counts"),
        (r#"{ "one_of": [] }"#, "`one_of` is empty", "at least one option"),
        (r#"{ "one_of": 5 }"#, "`one_of` must be a list", "{ \"one_of\": [ … ] }"),
        (r#"{ "one_of": [1, { "min": 2, "max": 3 }] }"#, "a range can't contain another range", "`one_of` with every"),
        (r#"{ "one_of": [1, { "one_of": [2] }] }"#, "a range can't contain another range", "`one_of` with every"),
        (r#"{ "min": { "min": 1, "max": 2 }, "max": 3 }"#, "a range can't contain another range", "write one value"),
        (r#"{ "min": 1, "max": { "one_of": [2] } }"#, "a range can't contain another range", "write one value"),
        (
            r#"{ "min": { "one_of": [1] }, "max": { "one_of": [2] } }"#,
            "a range can't contain another range",
            "write one",
        ),
    ];
    for (range, why, cure) in cases {
        let problem = wrong(&format!(r#""protocols": {{ "gossip": {{ "fanout": {range} }} }}"#));
        assert!(
            problem.contains(why) && problem.contains(cure) && problem.contains("test.json:3:"),
            "{range}: {problem}"
        );
    }
    let many = format!(r#""nodes": {{ "one_of": [{}3] }}"#, "3, ".repeat(100));
    assert!(wrong(&many).contains("too many options: at most 100 are allowed"), "{}", wrong(&many));
}

#[test]
fn what_a_sweep_goes_by_is_the_same_for_every_seed() {
    let fixed = [
        (r#""run": { "seed": { "min": 1, "max": 9 } }"#, "the default seed is"),
        (r#""about": { "one_of": ["a", "b"] }"#, "`$schema`, `name` and `about` are"),
        (r#""protocols": { "one_of": [{}] }"#, "the set of protocols is"),
        (r#""protocols": { "gossip": { "one_of": [{}] } }"#, "the set of protocols is"),
        (r#""protocols": { "gossip": { "flaws": { "one_of": [["e01"], []] } } }"#, "flaws are"),
        (r#""protocols": { "gossip": { "flaws": [{ "one_of": ["e01", "e02"] }] } }"#, "flaws are"),
        (r#""expect": { "violates": [{ "one_of": ["convergence"] }] }"#, "an expectation is"),
    ];
    for (keys, what) in fixed {
        let problem = wrong(keys);
        assert!(problem.starts_with(&format!("error: {what} the same for every seed")), "{problem}");
        assert!(problem.contains("help: write one value"), "{problem}");
    }
    good(
        r#""run": { "for": "20s", "quiesce_at": "10s" },
        "expect": { "within": { "convergence": { "min": "1s", "max": "2s" } } }"#,
    );
}

#[test]
fn an_anchor_s_rule_and_a_uniform_delay_are_no_ranges() {
    let value = serde_json::json!({
        "keyspaces": { "a": { "owner": "x", "anchors": [{ "one_of": [1, { "min": 1, "max": 2 }] }] } },
        "delay": { "uniform": { "min": "1ms", "max": "5ms" } },
        "canon": { "one_of": "a text" }
    });
    assert_eq!(range::find(&value), Ok(Vec::new()));
}

#[test]
fn what_cannot_work_is_drawn_again() {
    let keys = r#""faults": [{ "at": { "min": "2s", "max": "8s" }, "fault": { "kill": { "target": "n1" } } }],
        "run": { "for": { "min": "5s", "max": "9s" } }"#;
    let file = good(keys);
    let mut again = 0;
    for seed in (0..300).map(Seed) {
        let drawn = file.resolve(seed).unwrap_or_else(|problem| panic!("{problem}"));
        assert!(drawn.scenario.faults[0].at < drawn.scenario.run.lasts);
        let mut first = file.value.clone();
        range::fill(&mut first, &file.ranges, Pick::Drawn(seed, 0));
        again += u32::from(first["run"]["for"] != drawn.scenario.run.ends().expect("it says so").to_string());
    }
    assert!((10..150).contains(&again), "{again}");
}

#[test]
fn a_file_whose_ranges_seldom_work_is_refused() {
    let problem = wrong(
        r#""protocols": { "gossip": { "resend": { "min": "1s", "max": "7s" } } },
        "run": { "for": { "min": "2s", "max": "4s" } }"#,
    );
    assert!(problem.starts_with("error: the ranges draw incompatible settings in "), "{problem}");
    assert!(problem.contains("of 64 seeds: gossip would resend after ") && problem.contains("help: resend sooner"));
    // The minimum of both cannot work, but most draws can.
    good(
        r#""protocols": { "gossip": { "resend": { "min": "2s", "max": "3s" } } },
        "run": { "for": { "min": "2s", "max": "9s" } }"#,
    );
}

#[test]
fn constants_that_cannot_work_are_refused() {
    let problem = wrong(r#""protocols": { "gossip": { "resend": "10s" } }"#);
    assert!(problem.starts_with("error: gossip would resend after 10s, when all is calm"), "{problem}");
    assert!(problem.contains("test.json:3:") && problem.contains(r#"resend": "10s""#), "{problem}");
}

#[test]
fn what_was_drawn_is_a_file_that_gives_the_same_run() {
    let file = good(
        r#""nodes": { "min": 3, "max": 6 }, "protocols": { "gossip": { "fanout": { "min": 1, "max": 64 } } },
        "network": { "loss": { "min": "0%", "max": "5%" } }, "workload": [{ "writes": { "clients": { "one_of": [1, 4] } } }],
        "faults": [{ "draw": { "kinds": { "one_of": [["kill"], ["pause", "kill"]] }, "rate": "1/s" } }]"#,
    );
    for seed in (0..20).map(Seed) {
        let drawn = file.resolve(seed).expect("nothing is wrong");
        let text = serde_json::to_string_pretty(&*drawn.scenario).expect("plain data");
        let again = super::fake::read(&text).unwrap_or_else(|problem| panic!("{problem}"));
        assert!(again.ranges.is_empty());
        let again = again.resolve(seed).expect("nothing is wrong");
        assert_eq!((again.scenario, again.plan), (drawn.scenario, drawn.plan));
    }
}

#[test]
fn a_scenario_that_stands_in_no_file_must_work_too() {
    let lasting = |lasts| {
        let mut scenario = draw(r#""nodes": 3"#, 1);
        scenario.run.quiesce_at = Some(lasts);
        Resolved::of(scenario, FAKE)
    };
    assert!(lasting(Span::from_millis(101)).is_some());
    assert!(lasting(Span::from_millis(100)).is_none(), "gossip resends after 100ms");
}

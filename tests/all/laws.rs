//! The kernel's laws and every claim, on random scenarios: sizes, networks and faults drawn at random.

use proptest::prelude::*;
use stemmata::run::{Keep, RunVerdict};

use crate::support::{parse, run};

fn scenario() -> impl Strategy<Value = String> {
    let kinds = proptest::sample::subsequence(
        vec![
            "kill",
            "restart",
            "pause",
            "partition",
            "clog",
            "delay",
            "loss",
            "duplicate",
            "reorder",
            "corrupt",
            "clock",
            "disk",
        ],
        1..8,
    );
    let delay = prop_oneof![
        Just(r#"{ "constant": "3ms" }"#),
        Just(r#"{ "uniform": { "min": "1ms", "max": "30ms" } }"#),
        Just(r#"{ "exponential": { "mean": "5ms" } }"#),
        Just(r#"{ "log-normal": { "median": "4ms", "sigma": "100%" } }"#),
        Just(r#"{ "bimodal": { "fast": "1ms", "slow": "200ms", "share": "5%" } }"#),
    ];
    (1_u32..7, delay, 0_u32..30, 0_u32..10, 0_u32..20, 0_u32..5, kinds, 0_u32..4).prop_map(
        |(nodes, delay, loss, duplicate, reorder, corrupt, kinds, rate)| {
            format!(
                r#"{{ "subject": "broadcast", "nodes": {nodes}, "run": {{ "for": "9s", "quiesce_at": "3s" }},
                "network": {{ "delay": {delay}, "loss": "{loss}%", "duplicate": "{duplicate}%", "duplicate_lag": "1s",
                              "reorder": "{reorder}%", "corrupt": "{corrupt}%" }},
                "clocks": {{ "offset": "200ms", "drift": "300ppm", "monotonic_drift": "200ppm" }},
                "workload": [ {{ "texts": {{ "clients": 3, "rate": "15/s" }} }} ],
                "faults": [ {{ "from": "100ms", "until": "2500ms",
                               "draw": {{ "kinds": {kinds:?}, "rate": "{rate}/s" }} }} ] }}"#
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_law_and_claim_holds_on_random_scenarios(text in scenario(), seed in any::<u64>()) {
        let file = parse(&text);
        let (resolved, outcome) = run(&file, seed, Keep::Verdicts);
        let standing = outcome.verdict(&resolved);
        prop_assert!(standing != RunVerdict::Broken, "seed {seed}: {:?}\n{text}", outcome.shortfalls(&resolved));
    }
}

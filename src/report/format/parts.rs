//! The parts of a scenario file, each with an example.

/// A part of a scenario file.
pub(super) struct Part {
    /// Its name, behind `format.`.
    pub(super) name: &'static str,
    /// Its keys at the top of the file.
    pub(super) keys: &'static [&'static str],
    /// What it says, in a few words.
    pub(super) about: &'static str,
    /// A whole scenario that uses it.
    pub(super) example: &'static str,
}

pub(super) const PARTS: [Part; 15] = [
    Part {
        name: "scenario",
        keys: &["$schema", "name", "about", "subject"],
        about: "what the file is, and which subject runs",
        example: r#"{
  "$schema": "scenario.schema.json",
  "about": "Three nodes broadcast texts, and nothing goes wrong.",
  "subject": "broadcast",
  "workload": [{ "texts": {} }]
}"#,
    },
    Part {
        name: "nodes",
        keys: &["nodes"],
        about: "how many nodes there are",
        example: r#"{
  "nodes": { "voters": { "min": 3, "max": 7 }, "observers": 1 },
  "workload": [{ "registers": {} }]
}"#,
    },
    Part {
        name: "run",
        keys: &["run"],
        about: "how long a run lasts, when faults end and for whom, and its seed",
        example: r#"{
  "nodes": 5,
  "run": { "quiesce_at": "8s", "core": ["n1", "n2", "n4"], "seed": 42 },
  "workload": [{ "registers": {} }]
}"#,
    },
    Part {
        name: "network",
        keys: &["network"],
        about: "what links do to messages, without faults",
        example: r#"{
  "network": {
    "delay": { "log-normal": { "median": "5ms", "sigma": "50%" } },
    "loss": { "min": "0%", "max": "5%" },
    "duplicate": "1%",
    "links": [{ "from": "n1", "to": "n2", "delay": { "constant": "80ms" } }]
  },
  "workload": [{ "registers": {} }]
}"#,
    },
    Part {
        name: "clocks",
        keys: &["clocks"],
        about: "the errors of the nodes' clocks, without faults",
        example: r#"{
  "clocks": { "offset": "50ms", "drift": "100ppm", "monotonic_drift": "20ppm" },
  "workload": [{ "registers": {} }]
}"#,
    },
    Part {
        name: "disk",
        keys: &["disk"],
        about: "the speed of the nodes' disks, without faults",
        example: r#"{
  "disk": { "sync": { "bimodal": { "fast": "1ms", "slow": "40ms", "share": "2%" } } },
  "workload": [{ "registers": {} }]
}"#,
    },
    Part {
        name: "protocols",
        keys: &["protocols"],
        about: "which protocols run, with which settings and flaws",
        example: r#"{
  "protocols": {
    "consensus": { "election": "300ms", "reads": "index" },
    "clocks": {},
    "locks": { "flaws": ["e20"] }
  },
  "workload": [{ "registers": {} }, { "locks": {} }]
}"#,
    },
    Part {
        name: "keyspaces",
        keys: &["keyspaces"],
        about: "who owns the keys with a prefix, and what writes may do",
        example: r#"{
  "keyspaces": {
    "notes/": "consensus",
    "ledger/": { "owner": "consensus", "anchors": ["immutable", { "max_bytes": 100 }] },
    "laws/": { "owner": "consensus", "anchors": ["equals_canon"], "canon": { "laws/k1": "a text" } }
  },
  "workload": [{ "registers": { "keyspace": "notes/" } }, { "registers": { "keyspace": "ledger/" } }]
}"#,
    },
    Part {
        name: "workload",
        keys: &["workload"],
        about: "what clients do",
        example: r#"{
  "workload": [
    { "registers": { "clients": 3, "keys": 2, "reads": "60%" } },
    { "locks": { "clients": 4, "modes": ["x", "s"], "tree": { "width": 2, "levels": 2 } } }
  ]
}"#,
    },
    Part {
        name: "operations",
        keys: &["operations"],
        about: "single operations, instead of a workload",
        example: r#"{
  "operations": [
    { "at": "1ms", "op": "c1#1", "to": "n1",
      "command": { "locks": { "acquire": { "priority": 0, "wanted": { "a": "x" } } } } },
    { "at": "2s", "op": "c2#1", "to": ["n2", "n3"],
      "command": { "store": { "put": { "key": "k1", "value": "x" } } } }
  ]
}"#,
    },
    Part {
        name: "fates",
        keys: &["fates"],
        about: "what happens to single messages",
        example: r#"{
  "subject": "broadcast",
  "workload": [{ "texts": {} }],
  "fates": { "n1.broadcast#1": "lost", "n1.broadcast#2": { "delay": "30ms" }, "n2.broadcast#1": { "copies": 2 } }
}"#,
    },
    Part {
        name: "faults",
        keys: &["faults"],
        about: "what goes wrong, and when",
        example: r#"{
  "nodes": 5,
  "run": { "quiesce_at": "10s" },
  "workload": [{ "registers": {} }],
  "faults": [
    { "at": "2s", "for": "3s", "fault": { "partition": { "shape": "halves" } } },
    { "at": "6s", "every": "1s", "fault": { "restart": { "target": "one" } } },
    { "from": "1s", "until": "9s", "draw": { "kinds": ["pause", "clog"], "rate": "0.5/s" } },
    { "when": { "fact": "consensus.elected", "n": 2 }, "for": "300ms", "fault": { "kill": { "target": "proposer" } } },
    { "at": "7s", "for": "1s", "fault": { "disk": { "target": "n1", "harm": { "slow": "50ms" } } } }
  ]
}"#,
    },
    Part {
        name: "swarm",
        keys: &["swarm"],
        about: "the limits of what `--swarm` draws",
        example: r#"{
  "run": { "quiesce_at": "8s" },
  "workload": [{ "registers": {} }],
  "swarm": { "kinds": ["kill", "partition", "clock"], "loss": "5%", "rate": "1/s" }
}"#,
    },
    Part {
        name: "expect",
        keys: &["expect"],
        about: "which invariants must hold or be violated, and what else a run must do",
        example: r#"{
  "run": { "quiesce_at": "6s" },
  "workload": [{ "registers": {} }],
  "faults": [
    { "name": "cut", "at": "1s", "for": "3s", "fault": { "partition": { "shape": "isolate-one" } } }
  ],
  "expect": {
    "holds": ["agreement", "linearizability", "termination"],
    "within": { "termination": "5s" },
    "sometimes": ["consensus.committed"],
    "answered": [{ "during": "cut", "at_least": 5 }],
    "at_most": { "consensus.elected": 10 },
    "longest_wait": "4s"
  }
}"#,
    },
    Part {
        name: "explore",
        keys: &["explore"],
        about: "the faults that `explore` may spend on a path",
        example: r#"{
  "subject": "broadcast",
  "nodes": 2,
  "workload": [{ "texts": { "clients": 2, "operations": 1 } }],
  "explore": { "loss": 1, "crashes": 1, "timers": 1 }
}"#,
    },
];

/// An example of values that are drawn.
pub(super) const DRAWN: &str = r#"{
  "nodes": { "voters": { "min": 3, "max": 7 }, "observers": { "one_of": [0, 2] } },
  "network": { "delay": { "uniform": { "min": "1ms", "max": "20ms" } }, "loss": { "min": "0%", "max": "5%" } },
  "protocols": { "consensus": { "reads": { "one_of": ["log", "index"] } } },
  "workload": [{ "registers": { "think": { "min": "5ms", "max": "50ms" } } }]
}"#;

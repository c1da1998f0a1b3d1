//! Errors are shown with their places and corrections.

use super::fake::{read, with, wrong};
use crate::scenario::Problem;

/// The rendered errors of these scenarios, one after another.
fn all_wrong(scenarios: &[&str]) -> String {
    scenarios.iter().map(|keys| wrong(keys)).collect::<Vec<_>>().join("\n")
}

/// The errors of scenarios with one fault each: these entries.
fn wrong_faults(entries: &[&str]) -> String {
    entries.iter().map(|entry| wrong(&format!("\"faults\": [\n    {entry}\n  ]"))).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_unknown_key_is_named_with_what_was_probably_meant() {
    insta::assert_snapshot!(wrong(r#""network": { "dealy": { "constant": "5ms" } }"#), @r#"
    error: unknown key `dealy`
     --> test.json:3:16
      |
    3 |   "network": { "dealy": { "constant": "5ms" } }
      |                ^^^^^^^ unknown key
      |
      = help: did you mean `delay`?
    "#);
}

#[test]
fn a_text_that_is_not_json_is_marked_where_it_breaks() {
    let broken =
        "{\n  \"subject\": \"fake\",\n  // a comment\n  \"run\": {\n    \"for\": \"10s\"\n  },\n  \"nodes\" 3\n}\n";
    let all = ["", "[]", "{", "{ \"a\": 1, }", "{ \"a\": 1, \"a\": 2 }", "{ \"a\": 1e999 }", broken];
    let all: Vec<_> = all.iter().map(|text| read(text).expect_err(text).render(false, Problem::WIDTH)).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn quantities_that_are_none_say_what_would_be_one() {
    insta::assert_snapshot!(all_wrong(&[
        r#""run": { "for": "5" }"#,
        r#""run": { "for": 5 }"#,
        r#""run": { "for": "-3ms" }"#,
        r#""run": { "for": "5 parsecs" }"#,
        r#""network": { "loss": "101%" }"#,
        r#""network": { "loss": { "min": "10%", "max": "1%" } }"#,
        r#""network": { "loss": { "min": "10%", "max": "1s" } }"#,
        r#""network": { "delay": { "uniform": { "min": "10ms", "max": "1ms" } } }"#,
        r#""network": { "delay": "5ms" }"#,
        r#""workload": [{ "writes": { "rate": "5" } }]"#,
    ]));
}

#[test]
fn words_and_names_that_are_not_known_have_a_suggestion() {
    insta::assert_snapshot!(all_wrong(&[
        r#""network": { "delay": { "constatn": "5ms" } }"#,
        r#""protocols": { "gosip": {} }"#,
        r#""protocols": { "gossip": { "flaws": ["e20"] }, "locks": { "flaws": ["e21"] } }"#,
        r#""workload": [{ "writes": { "rat": "5/s" } }]"#,
        r#""workload": ["writes"]"#,
        r#""expect": { "holds": ["convergense"], "within": { "x": "5s" }, "sometimes": ["lock.granted"] }"#,
        r#""expect": { "holds": ["convergence"], "violates": ["convergence"] }"#,
        r#""fates": { "n1.gosip#7": "lost", "n9.gossip#1": "lost", "gossip": { "copies": 2 } }"#,
    ]));
    let subject = read("{ \"subject\": \"fkae\" }").expect_err("no such subject");
    assert_eq!(subject.to_string(), "test.json:1:14: there is no subject `fkae` (did you mean `fake`?)");
    let several =
        read("{ \"subject\": \"fkae\", \"nodez\": 3, \"run\": { \"for\": \"5\" }, \"workload\": [{ \"none\": {} }] }");
    let several = several.expect_err("three mistakes").to_string();
    assert_eq!(several.lines().count(), 3, "{several}");
    let none = read("{}").expect_err("the codex is not given");
    assert_eq!(none.to_string(), "test.json:1:1: there is no subject `codex` (known are `fake`)");
}

#[test]
fn what_a_scenario_states_itself_must_be_there_to_be_judged() {
    let cut = r#""faults": [{ "name": "cut", "at": "1s", "fault": { "partition": { "shape": "halves" } } }, { "name": "now", "at": "1s", "fault": { "heal": {} } }]"#;
    let stated = [
        r#""answered": [{ "during": "cat" }, { "during": "now" }, { "during": "cut", "at_least": 0 }, { "during": "cut" }]"#,
        r#""at_most": { "lock.granted": 1 }, "longest_wait": "0s""#,
        r#""violates": ["at-most"], "holds": ["longest-wait"]"#,
    ];
    let stated = stated.map(|expect| format!("{cut}, \"expect\": {{ {expect} }}"));
    insta::assert_snapshot!(all_wrong(&stated.each_ref().map(String::as_str)));
    insta::assert_snapshot!(all_wrong(&[
        r#""expect": { "answered": [{ "during": "cut" }] }"#,
        r#""faults": [{ "name": "some", "draw": { "kinds": ["kill"], "rate": "1/s" } }]"#,
    ]));
}

#[test]
fn a_list_is_no_object() {
    insta::assert_snapshot!(all_wrong(&[
        r#""protocols": [], "workload": [{ "writes": { "rate": "5/s" } }]"#,
        r#""protocols": { "gossip": null, "locks": [] }"#,
        r#""run": ["5s", "2s"], "clocks": [], "nodes": [3, 0]"#,
        r#""workload": [{ "writes": ["5/s"] }], "faults": [["1s"], { "at": "1s", "fault": { "pause": ["n1"] } }]"#,
    ]));
}

#[test]
fn a_core_has_nodes_and_a_quiescence() {
    insta::assert_snapshot!(all_wrong(&[
        r#""run": { "for": "5s", "core": ["n1"] }"#,
        r#""run": { "quiesce_at": "5s", "core": ["n9"] }"#,
        r#""run": { "quiesce_at": "5s", "core": [] }"#,
        r#""run": { "quiesce_at": "5s", "core": "one" }"#,
        r#""run": { "quiesce_at": "5s", "core": ["n1", "n2"] }"#,
        r#""run": { "quiesce_at": "5s", "core": 5 }"#,
        r#""run": { "quiesce_at": "5s", "cor": "majority" }, "faults": [{ "at": "1s", "fault": { "kill": { "target": "n9" } } }]"#,
    ]));
}

#[test]
fn a_cluster_and_a_run_have_sane_sizes() {
    insta::assert_snapshot!(all_wrong(&[
        r#""nodes": 0"#,
        r#""nodes": 1000000000"#,
        r#""nodes": -1"#,
        r#""nodes": { "voters": 0, "observers": 3 }"#,
        r#""run": { "for": "10s", "quiesce_at": "11s" }"#,
        r#""clocks": { "drift": "51%" }"#,
        r#""network": { "links": [{ "from": "n1" }] }"#,
        r#""network": { "links": [{ "from": "n1", "to": "n4" }, { "from": "n2", "to": "n2" }] }"#,
        r#""name": "a b""#,
    ]));
}

#[test]
fn faults_name_nodes_that_are_there_each_once() {
    insta::assert_snapshot!(wrong_faults(&[
        r#"{ "at": "1s", "fault": { "kill": { "target": "n9" } } }"#,
        r#"{ "at": "1s", "fault": { "kill": { "target": [] } } }"#,
        r#"{ "at": "1s", "fault": { "kill": { "target": "on" } } }"#,
        r#"{ "at": "1s", "fault": { "clog": { "from": "n1", "to": "n1" } } }"#,
        r#"{ "at": "1s", "fault": { "partition": { "groups": [["n1", "n2"], ["n2", "n9"]] } } }"#,
        r#"{ "at": "1s", "fault": { "partition": { "groups": [["n1"], []] } } }"#,
        r#"{ "at": "1s", "fault": { "partition": {} } }"#,
        r#"{ "at": "1s", "fault": { "partition": { "shape": "majorities-ring" } } }"#,
        r#"{ "at": "1s", "fault": { "partition": { "shape": "halves", "groups": [["n1"]] } } }"#,
        r#"{ "at": "1s", "fault": { "heal": {}, "kill": { "target": "n1" } } }"#,
        r#"{ "at": "1s", "fault": "heal" }"#,
        r#"{ "at": "1s", "fault": { "restart": [] } }"#,
    ]));
}

#[test]
fn faults_say_when_they_act_and_in_time() {
    insta::assert_snapshot!(wrong_faults(&[
        r#"{ "at": "12s", "fault": { "kill": { "target": "n1" } } }"#,
        r#"{ "fault": { "kill": { "target": "n1" } } }"#,
        r#"{ "at": "1s" }"#,
        r#"{ "at": "1s", "draw": { "kinds": ["kill"], "rate": "1/s" } }"#,
        r#"{ "at": "1s", "until": "2s", "fault": { "kill": { "target": "n1" } } }"#,
        r#"{ "at": "1s", "for": "2s", "fault": { "restart": { "target": "n1" } } }"#,
        r#"{ "at": "1s", "every": "1ns", "fault": { "restart": { "target": "n1" } } }"#,
        r#"{ "from": "2s", "until": "1s", "draw": { "kinds": [], "rate": "1/s" } }"#,
        r#"{ "draw": { "kinds": ["klog"], "rate": "1/s" } }"#,
        r#"{ "draw": { "kinds": ["pause"], "rate": "100000/s" } }"#,
        r#"{ "when": { "fact": "locks.grantde" }, "fault": { "kill": { "target": "n1" } } }"#,
    ]));
    let quiescence = r#""run": { "quiesce_at": "5s" }, "faults": [{ "at": "6s", "fault": { "heal": {} } }]"#;
    assert!(
        wrong(quiescence).starts_with("error: 6s is after quiescence, when no fault acts"),
        "{}",
        wrong(quiescence)
    );
}

#[test]
fn written_faults_do_not_contradict_each_other() {
    let pairs = [
        r#"{ "at": "1s", "for": "3s", "fault": { "kill": { "target": "n1" } } },
    { "at": "2s", "fault": { "kill": { "target": "all" } } }"#,
        r#"{ "at": "1s", "fault": { "kill": { "target": "n1" } } },
    { "at": "2s", "fault": { "pause": { "target": "n1" } } }"#,
        r#"{ "at": "1s", "for": "1s", "fault": { "pause": { "target": "n1" } } },
    { "at": "2s", "fault": { "resume": { "target": "n1" } } }"#,
        r#"{ "at": "1s", "for": "1s", "fault": { "partition": { "shape": "halves" } } },
    { "at": "2s", "fault": { "heal": {} } }"#,
        r#"{ "at": "1s", "fault": { "delay": { "delay": { "constant": "1s" }, "from": "n1" } } },
    { "at": "2s", "fault": { "delay": { "delay": { "constant": "2s" }, "to": "n2" } } }"#,
        r#"{ "at": "1s", "fault": { "clock": { "target": ["n1", "n2"], "offset": "1s" } } },
    { "at": "2s", "fault": { "clock": { "target": "n2", "offset": "-1s" } } }"#,
        r#"{ "at": "1s", "every": "1s", "for": "2s", "fault": { "pause": { "target": "n1" } } }"#,
    ];
    insta::assert_snapshot!(wrong_faults(&pairs));
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_in_the_order_of_the_text() {
    let problem = with(
        r#""nodez": 3, "clocks": { "drift": "51%" },
  "network": { "delay": { "constant": "5" }, "loss": "200%", "loss": "1%" },
  "protocols": { "gossip": { "fanout": "two", "resend": 5, "share": { "min": "2%", "max": "1%" } }, "lockz": {} },
  "workload": [{ "writes": { "rate": "5", "clients": -1 } }, { "writez": {} }, { "writes": { "rat": "5/s" } }],
  "faults": [
    { "at": "1s", "fault": { "kill": { "target": "n9" } } },
    { "at": "1s", "fault": { "kill": { "tarket": "n1" } } },
    { "at": "1", "fault": { "pause": { "target": 5 } } },
    { "at": "1s", "fault": { "pause": { "target": "n8" } } },
    { "when": { "n": 1 }, "fault": { "heal": {}, "kill": {} } }
  ]"#,
    );
    insta::assert_snapshot!(problem.expect_err("it is refused").to_string());
}

#[test]
fn what_follows_from_a_mistake_is_no_mistake() {
    let once = [
        r#""nodes": "five", "faults": [{ "at": "1s", "fault": { "kill": { "target": "n5" } } }]"#,
        r#""run": { "for": "60" }, "faults": [{ "at": "50s", "fault": { "heal": {} } }]"#,
        r#""faults": [{ "at": "1", "fault": { "heal": {} } }]"#,
        r#""faults": [{ "at": "1s", "fault": { "kil": { "target": "n1" } } }]"#,
        r#""faults": [{ "at": "1s", "fault": { "kill": { "target": 7 } } }]"#,
        r#""faults": [{ "at": "1s", "fault": { "kill": { "tarket": "n1" } } }]"#,
        r#""faults": [{ "from": "1s", "draw": { "kinds": ["kill"], "rate": 5 } }]"#,
        r#""protocols": { "gosip": {} }, "expect": { "holds": ["convergense"] }"#,
        r#""network": { "loss": { "min": "2%", "max": "1%" } }"#,
        r#""operations": [{ "at": "1s", "op": "c1#1", "to": 5, "command": { "write": { "key": "k" } } },
            { "at": "2s", "op": "c1#2", "to": "n1", "command": { "write": { "key": "k" } } }]"#,
        r#""operations": [{ "at": "1s", "op": "c1#1", "to": "n1", "command": { "write": { "value": 1 } } }]"#,
    ];
    for keys in once {
        let problem = with(keys).expect_err("it is refused");
        assert_eq!(problem.diagnostics.len(), 1, "{problem}");
    }
}

#[test]
fn no_more_than_fifty_mistakes_are_read() {
    let entries = vec![r#"{ "at": 1 }"#; 10_000].join(", ");
    let problem = with(&format!("\"faults\": [{entries}]")).expect_err("it is refused");
    assert_eq!(problem.diagnostics.len(), 50);
}

#[test]
fn a_bracket_that_does_not_match_is_marked() {
    let texts = [
        "{\n  \"run\": {\n    \"for\": \"10s\"\n  ,\n  \"nodes\": 3\n}\n",
        "{\n  \"run\": {\n    \"for\": \"10s\"\n",
        "{ \"faults\": [ { \"at\": \"1s\" }, \"nodes\": 3 }",
        "{ \"faults\": [ { \"at\": \"1s\" ], \"nodes\": 3 }",
        "{ \"nodes\": 3 ]",
        "{ \"nodes\": 3 } }",
        "{ \"name\": \"a } b \\\" ]\", // a comment }\n /* ] */ \"nodes\": [ 3 }",
    ];
    let all = texts.map(|text| read(text).expect_err(text).render(false, Problem::WIDTH));
    insta::assert_snapshot!(all.join("\n"));
    for text in ["{ \"nodes\": \"3 }", "{ /* \"nodes\": 3 }", "{ 'a': 3 }"] {
        let problem = read(text).expect_err(text).to_string();
        assert!(problem.contains("this is not JSON"), "{problem}");
    }
}

#[test]
fn long_messages_are_wrapped_at_words() {
    let problem = with(r#""name": "a b", "about": "Something that is long, and goes on beyond the edge.", "nodes": 0"#);
    let problem = problem.expect_err("it is refused").render(false, 60);
    assert!(problem.lines().all(|line| line.chars().count() <= 60), "{problem}");
    insta::assert_snapshot!(problem);
}

#[test]
fn a_problem_is_data_too() {
    let problem = with("\"nodes\": 0").expect_err("no nodes");
    insta::assert_snapshot!(serde_json::to_string_pretty(&problem).expect("plain data"), @r#"
    {
      "file": "test.json",
      "stage": "checking",
      "diagnostics": [
        {
          "message": "a cluster needs at least one node",
          "path": "nodes",
          "place": {
            "line": 3,
            "column": 12
          },
          "help": "without `nodes` it has 3"
        }
      ]
    }
    "#);
}

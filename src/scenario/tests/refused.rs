//! What is wrong is said with its place and its cure.

use super::fake::{good, read, wrong};

#[test]
fn an_unknown_key_is_named_with_what_was_probably_meant() {
    insta::assert_snapshot!(wrong(r#""network": { "dealy": { "constant": "5ms" } }"#), @r#"
    error: unknown key `dealy`
     --> test.json:3:16
      |
    3 |   "network": { "dealy": { "constant": "5ms" } }
      |                ^^^^^^^ not known here
      |
      = help: did you mean `delay`?
    "#);
}

#[test]
fn a_subject_that_is_not_there_is_named_with_those_that_are() {
    let problem = read("{}").expect_err("the codex is not given");
    assert_eq!(problem.to_string(), "test.json:1:1: there is no subject `codex` (there is `fake`)");
    assert_eq!(good(r#""nodes": 3"#).scenario().nodes.count(), 3);
}

//! Which stream has what, with how much colour, and what a closed pipe does.

use std::process::Stdio;

use super::program::{command, ran, stemmata, with};

#[cfg(unix)]
#[test]
fn a_closed_pipe_keeps_the_verdicts_code_and_says_nothing() {
    let cases: [(&[&str], i32); 5] = [
        (&["run", "broadcast-split", "--trace", "-", "-q"], 0),
        (&["replay", "broadcast-split", "--detail", "all"], 0),
        (&["replay", "hello", "--flaw", "e10"], 1),
        (&["export", "--help"], 0),
        (&["schema"], 0),
    ];
    for (arguments, code) in cases {
        let mut child = command()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let ran = ran(arguments.join(" "), output).exits(code);
        assert!(!ran.stderr.contains("error"), "{}", ran.stderr);
        assert!(!ran.stderr.to_lowercase().contains("pipe"), "{}", ran.stderr);
    }
}

#[test]
fn colour_is_for_those_who_want_it() {
    let coloured = |variables: &[(&str, &str)], more: &[&str]| {
        let ran = with(variables, &[&["run", "errata/e09"], more].concat()).exits(0);
        ran.stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "a pipe is no terminal");
    assert!(coloured(&[], &["--color", "always"]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
}

#[test]
fn quiet_says_the_verdict_alone() {
    let ran = stemmata(&["run", "broadcast-split", "-q"]).exits(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    let ran = stemmata(&["sweep", "hello", "--count", "3", "-q"]).exits(0);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1, ""), "{}", ran.stdout);
    stemmata(&["run", "broadcast-split", "-v"]).exits(0).says("broadcast.delivered");
}

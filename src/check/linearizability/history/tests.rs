//! Histories in the format of files.

use super::{Findings, HistoryError, Linearizability, Objects, read};
use crate::check::linearizability::BUDGET;

/// One line of an operation: `1 invoke put x 3`.
fn line(short: &str) -> String {
    let words: Vec<&str> = short.splitn(5, ' ').collect();
    let mut line = format!(r#"{{"process":{},"type":"{}""#, words[0], words[1]);
    for (field, word) in [("f", words.get(2)), ("key", words.get(3))] {
        if let Some(word) = word {
            line.push_str(&format!(r#","{field}":"{word}""#));
        }
    }
    if let Some(value) = words.get(4) {
        line.push_str(&format!(r#","value":{value}"#));
    }
    line + "}\n"
}

fn file(lines: &[&str]) -> String {
    lines.iter().map(|short| line(short)).collect()
}

fn judge(lines: &[&str], objects: Option<Objects>, observe_failures: bool) -> Findings {
    read(file(lines).as_bytes(), objects).expect("a history").judge(observe_failures, BUDGET)
}

fn refused(text: &str, objects: Option<Objects>) -> String {
    read(text.as_bytes(), objects).expect_err("it is none").to_string()
}

#[test]
fn a_stale_read_is_told_with_its_line_and_an_order() {
    let findings = judge(
        &[
            "1 invoke put x 1",
            "1 ok",
            "2 invoke read x",
            "3 invoke put x 2",
            "2 ok read x 2",
            "1 invoke read x",
            "1 ok read x 1",
            "3 ok put x 2",
            "1 invoke read y",
            "1 ok read y null",
        ],
        None,
        false,
    );
    assert_eq!(findings.verdict(), Linearizability::Violated);
    assert_eq!((findings.operations, findings.done, findings.keys), (5, 5, 2));
    let [broken] = &findings.broken[..] else { panic!("{findings:?}") };
    assert_eq!((broken.key.as_str(), broken.line), ("x", 7));
    assert_eq!(broken.sentence, "line 6: process 1 read 1, answered on line 7; possible was 2");
    assert_eq!(broken.order, ["line 1: process 1 put 1", "line 4: process 3 put 2", "line 3: process 2 read 2"]);
}

#[test]
fn a_failed_cas_did_not_happen_or_saw_another_value() {
    let lines = ["1 invoke put x 1", "1 ok", "2 invoke cas x [1,2]", "2 fail", "2 invoke read x", "2 ok read x 1"];
    assert_eq!(judge(&lines, None, false).verdict(), Linearizability::Holds);
    let findings = judge(&lines, None, true);
    assert_eq!(
        findings.broken[0].sentence,
        "line 3: process 2 cas 1 to 2, failed, answered on line 4; possible was success"
    );
    let seen = ["1 invoke put x 1", "2 invoke read x", "2 ok read x 1", "1 fail"];
    let findings = judge(&seen, None, false);
    assert_eq!(
        findings.broken[0].sentence,
        "line 1: process 1 put 1, failed, but its effect was seen before it ended on line 4"
    );
}

#[test]
fn lists_are_read_whole() {
    let lines = ["1 invoke append x 1", "2 invoke append x 2", "1 info", "2 ok", "3 invoke read x"];
    let with = |value| judge(&[&lines[..], &[value]].concat(), None, false);
    for value in ["3 ok read x [2]", "3 ok read x [1,2]", "3 ok read x [2,1]"] {
        assert_eq!(with(value).verdict(), Linearizability::Holds, "{value}");
    }
    let findings = with("3 ok read x [1]");
    assert_eq!(
        findings.broken[0].sentence,
        "line 5: process 3 read [1], answered on line 6; possible was [2], [1,2] or [2,1]"
    );
    assert_eq!(with("3 ok read x null").verdict(), Linearizability::Violated);
}

#[test]
fn what_is_open_at_the_end_may_have_happened_or_not() {
    for value in ["null", "1"] {
        let lines = ["1 invoke put x 1", "2 invoke read x", &format!("2 ok read x {value}")];
        assert_eq!(judge(&lines, None, false).verdict(), Linearizability::Holds);
    }
    assert_eq!(judge(&["1 invoke put x 1", "2 invoke read x"], None, false).verdict(), Linearizability::Vacuous);
}

#[test]
fn what_is_done_tells_the_model_where_none_is_named() {
    let objects = |lines: &[&str]| read(file(lines).as_bytes(), None).expect("a history").objects;
    assert_eq!(objects(&["1 invoke put x 1"]), Objects::Registers);
    assert_eq!(objects(&["1 invoke put x 1", "2 invoke cas x [1,2]"]), Objects::CasRegisters);
    assert_eq!(objects(&["1 invoke read x", "2 invoke append x 1"]), Objects::Lists);
}

#[test]
fn a_line_that_is_none_is_named() {
    let put = line("1 invoke put x 1");
    let cases = [
        (String::new(), "there is no line"),
        ("\n \n".to_owned(), "there is no line"),
        (format!("{put}\n{{\"process\":1,\"ty"), "line 3: the line is cut off"),
        (format!("{put}[1]\n"), "line 2: column"),
        (format!("{put}\u{0}\n"), "line 2: column"),
        (line("1 ok put x 1"), "line 1: process 1 ends an operation, and has none that is open"),
        (put.clone() + &line("1 invoke read x"), "line 2: process 1 is still busy with the operation of line 1"),
        (line("1 invoke delete x"), "line 1: unknown operation `delete`: there are read, put, cas, append"),
        (line("1 began put x 1"), "line 1: column 27: unknown variant `began`, expected one of `invoke`"),
        (r#"{"process":1,"type":"invoke","key":"x"}"#.to_owned(), "line 1: an operation needs an `f`"),
        (line("1 invoke read"), "line 1: an operation needs a `key`"),
        (line("1 invoke cas x 3"), "line 1: a cas has the value [old, new], and not 3"),
        (line("-1 invoke read x"), "line 1: column 13: invalid value: integer `-1`"),
        (put.clone() + &line("1 ok put y 1"), "line 2: another key than that of the operation"),
        (put.clone() + &line("1 ok read x 1"), "line 2: process 1 ends another operation than the put"),
        (put.clone() + &line("1 ok put x 2"), "line 2: another value than that of the operation"),
        (put.clone() + &line("2 invoke append x 1"), "line 1: unknown operation `put` of the model append"),
        (
            file(&["1 invoke append x 1", "2 invoke read x", "2 ok read x 1"]),
            "line 3: a read of the model append tells a list, and not 1",
        ),
    ];
    for (text, why) in cases {
        let told = refused(&text, None);
        assert!(told.contains(why), "{text}\nshould say `{why}`, and says `{told}`");
    }
    let cas = file(&["1 invoke cas x [1,2]"]);
    let told = refused(&cas, Some(Objects::Registers));
    assert_eq!(told, "line 1: unknown operation `cas` of the model register");
}

#[test]
fn an_input_that_fails_is_no_line() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let failed = read(std::io::BufReader::new(Broken), None);
    assert!(matches!(failed, Err(HistoryError::Io(_))));
}

//! Histories in the format of files.

use super::{BUDGET, Findings, HistoryError, Linearizability, Objects, read};

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
    read(file(lines).as_bytes(), objects, None).expect("a history").judge(observe_failures, BUDGET, &|| true)
}

fn refused(text: &str, objects: Option<Objects>) -> String {
    read(text.as_bytes(), objects, None).expect_err("it is none").to_string()
}

#[test]
fn a_stale_read_is_told_with_its_line_and_what_it_should_have_seen() {
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
    let why = "what had ended before it was called has replaced that value";
    assert_eq!(broken.sentence, format!("line 6: process 1 read 1, answered on line 7; {why}"));
    assert_eq!(broken.order, ["line 3: process 2 read 2, answered on line 5"]);
}

#[test]
fn an_initial_value_is_not_read_after_another_one_was_written() {
    let put = ["1 invoke put x 1", "1 ok", "2 invoke read x"];
    for rest in [&["2 ok read x null"][..], &["3 invoke read x", "3 ok read x 1", "2 ok read x null"]] {
        let findings = judge(&[&put[..], rest].concat(), None, false);
        let [broken] = &findings.broken[..] else { panic!("{findings:?}") };
        assert!(broken.sentence.starts_with("line 3: process 2 read null, answered on line "), "{broken:?}");
        assert_eq!(broken.order, ["line 1: process 1 put 1, answered on line 2"]);
    }
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
        "line 2: process 2 read 1, answered on line 3; nothing that took effect wrote 1"
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
        "line 5: process 3 read [1], answered on line 6; the append of 2 had ended before it was called"
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
    let objects = |lines: &[&str]| read(file(lines).as_bytes(), None, None).expect("a history").objects[0];
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
        (line("1 invoke delete x"), "line 1: unknown operation `delete`: there are read, put (or write), cas, append"),
        (line("1 began put x 1"), "line 1: unknown type `began`: there are invoke, ok, fail and info"),
        (r#"{"process":1,"type":"invoke","key":"x"}"#.to_owned(), "line 1: an operation needs an `f`"),
        (line("1 invoke cas x 3"), "line 1: a cas has the value [old, new], and not 3"),
        (line("1 invoke put x"), "line 1: a put needs a `value`"),
        (line("1 invoke put x 1e99999"), "line 1: the number 1e99999 is too large"),
        (line("1 invoke read x") + &line("1 ok read x"), "line 2: a read that is ok needs a `value`"),
        (line("[1] invoke read x"), "line 1: a process and a key are numbers or texts"),
        (line("1 invoke txn x [[\"r\",1,null]]"), "line 1: transactions are not judged"),
        (put.clone() + &line("1 ok put y 1"), "line 2: another key than that of the operation"),
        (put.clone() + &line("1 ok read x 1"), "line 2: process 1 ends another operation than the put"),
        (put.clone() + &line("1 ok put x 2"), "line 2: another value than that of the operation"),
        (put.clone() + &line("2 invoke append x 1"), "line 1: unknown operation `put` of the model append"),
        (put.clone() + &format!("{{\"index\":1,{}", &line("1 ok")[1..]), "line 2: either all lines have an `index`"),
        (
            format!("{{\"index\":1,{}", &line("1 invoke put x 1")[1..])
                + &format!("{{\"time\":2,{}", &line("1 ok")[1..]),
            "line 2: either all lines have an `index`",
        ),
        (
            format!("{{\"index\":1,{}", &line("1 invoke put x 1")[1..]) + &line("1 ok"),
            "line 2: either all lines have an `index`",
        ),
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

/// What others write: each of these was refused once, or read wrongly.
#[test]
fn histories_of_others_are_read() {
    let judged = |text: &str, initial: Option<&str>| {
        let history = read(text.as_bytes(), None, initial).expect("a history");
        (history.models(), history.skipped(), history.judge(false, BUDGET, &|| true).verdict())
    };
    let holds = |text: &str| assert_eq!(judged(text, None).2, Linearizability::Holds, "{text}");
    let violated = |text: &str| assert_eq!(judged(text, None).2, Linearizability::Violated, "{text}");
    // Processes and keys of any kind, no key, a byte order mark, lines of Windows.
    holds(
        "\u{feff}{\"process\":-1,\"type\":\"invoke\",\"f\":\"write\",\"key\":7,\"value\":1}\r\n{\"process\":-1,\"type\":\"ok\"}\r\n",
    );
    holds(
        r#"{"process":"a","type":"invoke","f":"write","value":[1]}
{"process":"a","type":"ok","f":"write","value":[1]}
{"process":"b","type":"invoke","f":"read"}
{"process":"b","type":"ok","f":"read","value":[1.0]}"#,
    );
    let rounded = |told: &str| {
        format!(
            "{}{}{}{}",
            line("1 invoke put x 9007199254740993"),
            line("1 ok"),
            line("1 invoke read x"),
            line(&format!("1 ok read x {told}"))
        )
    };
    holds(&rounded("9007199254740993.0"));
    violated(&rounded("9007199254740992"));
    let nemesis = r#"{"process":"nemesis","type":"info","f":"start-partition","value":"n1"}"#;
    let (_, skipped, verdict) =
        judged(&format!("{nemesis}\n{}{}{nemesis}\n", line("1 invoke put x 1"), line("1 ok")), None);
    assert_eq!((skipped, verdict), (2, Linearizability::Holds));
    let both = file(&["1 invoke append l 1", "1 ok", "1 invoke put r 1", "1 ok", "1 invoke read l", "1 ok read l [1]"]);
    assert_eq!(judged(&both, None), ("append, register".to_owned(), 0, Linearizability::Holds));
    let first = file(&["1 invoke read x", "1 ok read x 5"]);
    assert_eq!(judged(&first, Some("5")).2, Linearizability::Holds);
    violated(&first);
    // The order is that of the index.
    let indexed = |at: u32, short: &str| format!("{{\"index\":{at},{}", &line(short)[1..]);
    let lines = [
        indexed(2, "1 invoke read x"),
        indexed(0, "1 invoke put x 1"),
        indexed(3, "1 ok read x 1"),
        indexed(1, "1 ok"),
    ];
    holds(&lines.concat());
    let edn = "{:type :invoke, :f :write, :value 3, :process 0, :time 10, :index 0}\n{:type :ok, :f :write, :value 3, \
               :process 0, :time 20, :index 1}\n{:type :info, :f :kill, :process :nemesis, :time 25, :index 2}\n{:type :invoke, \
               :f :read, :value nil, :process 1, :time 30, :index 3}\n{:type :ok, :f :read, :value 3, :process 1, :time 40, \
               :index 4}\n";
    assert_eq!(judged(edn, None), ("register".to_owned(), 1, Linearizability::Holds));
    violated(&edn.replace(":f :read, :value 3", ":f :read, :value 4"));
}

#[test]
fn what_a_stopped_check_has_not_judged_is_undecided() {
    let lines = ["1 invoke put x 1", "1 ok", "1 invoke read y", "1 ok read y 7"];
    let history = read(file(&lines).as_bytes(), None, None).expect("a history");
    let findings = history.judge(false, BUDGET, &|| false);
    assert_eq!((findings.verdict(), findings.undecided.len()), (Linearizability::Undecided, 2));
    assert_eq!((findings.undecided[0].line, findings.undecided[0].why.as_str()), (None, "the check was stopped"));
}

/// Each of these took minutes, gigabytes, or was given up.
#[test]
fn many_open_operations_take_no_time() {
    let mut lines: Vec<String> = (0..30).map(|process| format!("{process} invoke append x {process}")).collect();
    lines.extend(["99 invoke read x".to_owned(), "99 ok read x [9]".to_owned()]);
    let judged = |lines: &[String]| judge(&lines.iter().map(String::as_str).collect::<Vec<_>>(), None, false);
    assert_eq!(judged(&lines).verdict(), Linearizability::Holds);
    lines.push("98 invoke read x".to_owned());
    lines.push("98 ok read x [8]".to_owned());
    let findings = judged(&lines);
    assert!(findings.broken[0].sentence.ends_with("in place 1 it tells 8, and the other read 9"), "{findings:?}");
    let mut lines: Vec<String> = (0..30).map(|process| format!("{process} invoke put x {process}")).collect();
    lines.extend((100..130).map(|process| format!("{process} invoke read x")));
    lines.extend((100..130).map(|process| format!("{process} ok read x {}", process - 100)));
    assert_eq!(judged(&lines).verdict(), Linearizability::Holds);
    lines.extend(["200 invoke read x".to_owned(), "200 ok read x 5".to_owned()]);
    lines.extend(["201 invoke read x".to_owned(), "201 ok read x 7".to_owned()]);
    lines.extend(["202 invoke read x".to_owned(), "202 ok read x 5".to_owned()]);
    assert_eq!(judged(&lines).verdict(), Linearizability::Violated);
}

/// Each value is put twice, at any time, and read `reads` times.
fn hard(key: &str, values: u32, reads: u32) -> Vec<String> {
    let mut lines = Vec::new();
    for process in 0..values * 2 {
        lines.push(format!("{key}{process} invoke put {key} {}", process / 2));
    }
    for read in 0..values * reads {
        lines.push(format!("{key}-read invoke read {key}"));
        lines.push(format!("{key}-read ok read {key} {}", read % values));
    }
    (0..values * 2).for_each(|process| lines.push(format!("{key}{process} ok")));
    lines.iter().map(|line| format!("\"{}", line.replacen(' ', "\" ", 1))).collect()
}

fn judge_within(lines: &[String], budget: usize) -> Findings {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    read(file(&lines).as_bytes(), None, None).expect("a history").judge(false, budget, &|| true)
}

#[test]
fn a_crowd_that_writes_the_same_values_is_decided() {
    assert_eq!(judge_within(&hard("x", 31, 1), 1_000).verdict(), Linearizability::Holds);
    assert_eq!(judge_within(&hard("x", 31, 2), 1_000).verdict(), Linearizability::Holds);
    let findings = judge_within(&hard("x", 5, 3), BUDGET);
    let sentence = "line 31: process x-read read 0, answered on line 32; possible was 4";
    assert_eq!(findings.broken[0].sentence, sentence);
}

#[test]
fn a_search_that_has_used_up_its_steps_says_so_and_how_far_all_is_well() {
    let findings = judge_within(&hard("x", 14, 3), 1_000);
    let [undecided] = &findings.undecided[..] else { panic!("{findings:?}") };
    assert_eq!(undecided.line, Some(28 + 2 * 28 + 2));
    assert!(undecided.why.starts_with("the steps of the search are used up"), "{undecided:?}");
}

#[test]
fn a_hard_key_takes_no_steps_from_one_that_is_not() {
    let mut lines = hard("x", 14, 3);
    // Another key, with more operations, on which a value is written again.
    for _ in 0..100 {
        lines.extend(["1 invoke put y 1", "1 ok"].map(str::to_owned));
    }
    lines.extend(["1 invoke read y", "1 ok read y 2"].map(str::to_owned));
    let findings = judge_within(&lines, 10_000);
    assert_eq!((findings.undecided.len(), findings.undecided[0].key.as_str()), (1, "x"));
    assert_eq!(findings.broken[0].sentence, "line 341: process 1 read 2, answered on line 342; possible was 1");
}

#[test]
fn a_search_can_be_stopped_and_what_it_knows_is_kept() {
    let lines = hard("x", 14, 3);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let history = read(file(&lines).as_bytes(), None, None).expect("a history");
    let asked = std::cell::Cell::new(0);
    let findings = history.judge(false, usize::MAX, &|| {
        asked.set(asked.get() + 1);
        asked.get() < 5
    });
    let [undecided] = &findings.undecided[..] else { panic!("{findings:?}") };
    assert_eq!((undecided.line, undecided.why.as_str()), (Some(86), "the check was stopped"));
}

#[test]
fn an_input_that_fails_is_no_line() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let failed = read(std::io::BufReader::new(Broken), None, None);
    assert!(matches!(failed, Err(HistoryError::Io(_))));
}

/// Random histories of one key, right and wrong ones: calls overlap, some are open, some fail.
mod twins {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::{Act, End, History, Objects, Op, Operation, Step};
    use super::*;
    use crate::check::linearizability::history::texts::Texts;
    use crate::check::linearizability::history::values::Values;

    /// What each operation does, in numbers to draw from.
    type Drawn = (u8, u8, u8, u8);

    /// A history of these operations on one key. The object runs for real, so that many histories are right; `lie` of
    /// a hundred answers are drawn instead.
    fn history(drawn: &[Drawn], lie: u8, lists: bool, again: bool) -> History {
        let mut values = Values::new();
        let ids: Vec<_> = (0..=drawn.len()).map(|number| values.id(&number.to_string())).collect();
        let (mut operations, mut steps) = (Vec::new(), Vec::new());
        let (mut value, mut list) = (Values::NULL, Vec::new());
        let mut open: Vec<usize> = Vec::new();
        let mut ends: Vec<(usize, End)> = Vec::new();
        let mut take = |index: usize, operations: &mut Vec<Operation>, ends: &mut Vec<(usize, End)>, salt: u8| {
            let lies = salt % 100 < lie;
            let end = match operations[index].act {
                Act::Read if lists => {
                    let cut = if lies { usize::from(salt) % (list.len() + 1) } else { list.len() };
                    End::ReadList(list[..cut].to_vec())
                }
                Act::Read => End::Read(if lies { ids[usize::from(salt) % ids.len()] } else { value }),
                Act::Put(new) => {
                    value = new;
                    End::Done
                }
                Act::Append(item) => {
                    list.push(item);
                    if lies {
                        list.reverse()
                    }
                    End::Done
                }
                Act::Cas { old, new } => {
                    if old == value || lies {
                        value = new;
                        End::Done
                    } else {
                        End::Failed
                    }
                }
            };
            ends.push((index, end));
        };
        for (number, (what, pick, salt, fate)) in drawn.iter().enumerate() {
            let fresh = ids[if again { usize::from(*pick) % ids.len().min(3) } else { number + 1 }];
            let act = match what % 4 {
                0 | 1 => Act::Read,
                _ if lists => Act::Append(fresh),
                2 => Act::Put(fresh),
                _ => Act::Cas { old: ids[usize::from(*pick) % (number + 1)], new: fresh },
            };
            let index = operations.len();
            operations.push(Operation { process: number as u32, line: number as u64 + 1, key: 0, act, end: None });
            steps.push(Step::Called(Op(index as u32)));
            open.push(index);
            // Some take effect now, and some of those are answered.
            for _ in 0..fate % 3 {
                if !open.is_empty() {
                    let index = open.remove(usize::from(*salt) % open.len());
                    take(index, &mut operations, &mut ends, *salt);
                }
            }
            if fate % 5 > 0 && !ends.is_empty() {
                let (index, end) = ends.remove(usize::from(*pick) % ends.len());
                operations[index].end = Some((end, 100 + number as u64));
                steps.push(Step::Ended(Op(index as u32)));
            }
        }
        let objects = if lists { Objects::Lists } else { Objects::CasRegisters };
        History {
            objects: vec![objects],
            operations,
            steps,
            keys: texts(&["x".to_owned()]),
            processes: texts(&(0..drawn.len()).map(|process| process.to_string()).collect::<Vec<_>>()),
            values,
            start: Values::NULL,
            skipped: 0,
        }
    }

    fn texts(all: &[String]) -> Texts {
        let mut texts = Texts::default();
        all.iter().for_each(|text| _ = texts.place(text));
        texts
    }

    /// Some thousands, or as many as `PROPTEST_CASES` says.
    fn config() -> ProptestConfig {
        let config = ProptestConfig::default();
        ProptestConfig { cases: config.cases.max(4_000), failure_persistence: None, ..config }
    }

    proptest! {
        #![proptest_config(config())]
        #[test]
        fn zones_and_lists_judge_as_the_search_does(
            drawn in vec(any::<Drawn>(), 1..9),
            lie in prop_oneof![Just(0_u8), Just(8), Just(30)],
            lists in any::<bool>(),
            again in prop_oneof![9 => Just(false), 1 => Just(true)],
            observe in any::<bool>(),
        ) {
            let history = history(&drawn, lie, lists, again);
            let fast = history.judge(observe, BUDGET, &|| true);
            let slow = history.judge_by_search(observe, BUDGET);
            let lines = |findings: &Findings| findings.broken.iter().map(|broken| broken.line).collect::<Vec<_>>();
            prop_assert_eq!(fast.verdict(), slow.verdict(), "{:?} {:?}", fast, slow);
            // The search tells at an answer what the zones may know at a call. But it knows ahead which cas will succeed,
            // and the zones can't judge two writes of one value of which one fails later until it has failed.
            let is_cas = |operation: &Operation| matches!(operation.act, Act::Cas { .. });
            let foreseen = again || history.operations.iter().any(is_cas);
            for (fast, slow) in lines(&fast).iter().zip(lines(&slow)) {
                prop_assert!(*fast <= slow || foreseen, "{} {}", fast, slow);
            }
        }
    }
}

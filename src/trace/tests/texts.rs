//! The text form.

use super::story::{ODD, Teller, bytes, everything, header, node, said};
use crate::time::Time;
use crate::trace::tests::chatter::Fact;
use crate::trace::text::{Renderer, end};
use crate::trace::{Detail, Digest, Event, Footer, Judgement, Label, Trace, Verdict, Violation};

#[test]
fn everything_reads_as_a_play() {
    insta::assert_snapshot!(everything().text(Detail::All), @r#"
    # stemmata trace v2
    # scenario tale
    # subject chatter
    # seed 0x000000000000002a
    # {
    #   "about": "A tale of \u00abtwo\u00bb nodes.",
    #   "nodes": 3
    # }
    # fault 1 at 5s partition {n1,n2} | {n3}
         0.000 n1 start boot=1
       150.212 n1 timer consensus.election
       150.212 n1 append Entry "Entry { slots: {(1, 2): 340282366920938463463374607431768211455} }"
       150.212 n1 sync
       150.612 n1 synced
       150.612 n1 send n1.consensus#1 x2 -> n2 elect ballot=1.n1 from=0 @ n1:3
       150.612 n1 send n1.consensus#2 -> n2 promise 2={held:{until:7}} 10={pair:[-1,"\u2028"]} 18446744073709551615=empty @ n1:4
       150.612 n1 send n1.consensus#3 x0 -> n2 refuse @ n1:5
       155.612 n2 recv n1.consensus#1 @ n1:3 n2:1
       155.613 n2 fact delivered number=1 origin=n2
       155.614 n2 recv n1.consensus#1 copy=1 corrupted elect ballot=9.n1 from=0 @ n2:2
       155.615 n3 lost n1.consensus#2 (partition)
       155.616 n2 lost n1.consensus#2 copy=1 (down)
       155.617 n2 garbled n1.consensus#2 copy=2
       155.618 n2 held n1.consensus#2 copy=3
       155.619 n2 rewrite consensus entries=2
       155.620 n2 killed unsynced=1
       155.620 n2 dropped send n1.consensus#1
       155.620 n2 dropped fact
       155.621 n2 start boot=2 damaged=2 intact=3 torn=1 @ n1:0 n2:0 n2/2:1
       155.622 c1 invoked c1#1 -> n1 put key=ledger/a value="two words"
       155.631 n1 command c1#1
       155.632 n1 reply c1#1 token 7
       155.633 c1 retried c1#1 -> n2 attempt=2
       155.634 c1 returned c1#1 done
       155.635 c1 gave-up c1#2
       155.636 n2 send n2.r\u00fcmours#1 -> n1 rumour heard=[n1,n2] sure=true
       155.637 n2 send n2.r\u00fcmours#1 -> n1 rumour heard=[n1,n2] sure=true text="null"
       155.638 n2 send n2.r\u00fcmours#1 -> n1 rumour heard=[n1,n2] sure=true text="a b"
       155.639 n2 send n2.r\u00fcmours#1 -> n1 rumour heard=[n1,n2] sure=true text="\"quoted\\"
       155.640 n2 send n2.r\u00fcmours#1 -> n1 rumour heard=[n1,n2] sure=true text="line\nend\r\t\u0000\u007f"
       155.641 n2 send n2.r\u00fcmours#1 -> n1 rumour heard=[n1,n2] sure=true text="\u0085\u2028\u2029\ufeff"
       155.642 n2 send n2.r\u00fcmours#1 -> n1 rumour heard=[n1,n2] sure=true text="\u202e\u05d0\u05d1"
       155.643 n2 send n2.r\u00fcmours#1 -> n1 rumour heard=[n1,n2] sure=true text="\ud83e\udd80e\u0301\udbff\udfff"
       155.644 n2 send n2.r\u00fcmours#1 -> n1 rumour heard=[n1,n2] sure=true text="@ x,y"
       155.645 n2 fact said ""
       155.646 n2 fact loud false
       155.647 n2 fact said "\u05d0"
       155.648 n3 timer retry n2
       155.649 -- fault partition {n1,n2} | {n3}
       155.650 -- fault 1 ended
       155.651 n1 paused
       155.652 n1 unpaused
       155.653 n1 io-error
       155.653 n1 damaged r\u00fcmours entry=3
       155.654 n3 panicked "no\nway: \ud83e\udd80"
    10000155.654 -- calm
    10000155.655 -- stuck events=1000000
    10000155.656 -- fault 1 touched 34
    # end vacuous no-panic t=10000155.656
    # digest 0714679cfdaa381d
    "#);
}

fn actors_and_words(trace: &Trace, detail: Detail) -> Vec<String> {
    let text = trace.text(detail);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_whitespace().nth(2).expect("a word for the event").to_owned()).collect()
}

#[test]
fn a_lower_detail_leaves_lines_out_and_changes_none() {
    let trace = everything();
    let all = trace.text(Detail::All);
    for detail in [Detail::Facts, Detail::Messages] {
        let fewer = trace.text(detail);
        let mut lines = all.lines();
        for line in fewer.lines() {
            let bare = line.split(" @").next().expect("a first part");
            assert!(lines.any(|full| full.split(" @").next() == Some(bare)), "{line}");
        }
    }
    let words = actors_and_words(&trace, Detail::Facts);
    assert!(
        words.iter().all(|word| !["send", "recv", "timer", "append", "sync"].contains(&word.as_str())),
        "{words:?}"
    );
    assert!(words.contains(&"fact".to_owned()));
    let words = actors_and_words(&trace, Detail::Messages);
    assert!(words.iter().all(|word| !["append", "sync", "synced", "rewrite"].contains(&word.as_str())), "{words:?}");
    assert!(words.contains(&"send".to_owned()));
}

#[test]
fn all_of_it_is_printable_ascii() {
    let mut story = Teller::new();
    for text in ODD {
        story.tell(1, node(0), Event::Fact { fact: said(&bytes(&Fact::Said((*text).to_owned()))) }, &[]);
        story.tell(1, node(0), Event::Panicked { reason: (*text).into() }, &[]);
        story.tell(1, node(0), Event::Fault { fault: 1, what: (*text).into() }, &[]);
    }
    let mut trace = story.trace(Vec::new());
    trace.header.scenario = ODD.concat();
    trace.header.faults = vec![ODD.concat()];
    trace.header.lanes = vec![ODD.concat()];
    let text = trace.text(Detail::All);
    assert!(text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)));
    let heads = text.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(text.lines().count() - heads, 3 * ODD.len(), "one line an event");
}

#[test]
fn a_clock_shows_what_changed_and_what_is_gone() {
    let mut story = Teller::new();
    let fact = bytes(&Fact::Loud(true));
    let clocks: [&[_]; 5] = [&[(0, 3), (2, 1)], &[(0, 3), (2, 1)], &[], &[(0, 4), (2, 1), (9, 5)], &[(0, 1)]];
    for clock in clocks {
        story.tell(1, node(0), Event::Fact { fact: said(&fact) }, clock);
    }
    let trace = story.trace(Vec::new());
    let mut renderer = Renderer::new(&trace.header.lanes, Detail::Facts);
    let alone: Vec<_> = trace.records().map(|record| renderer.alone(&record)).collect();
    let lines: Vec<_> = trace.records().filter_map(|record| renderer.line(&record)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    0.001 n1 fact loud true @ n1:3 n3:1
    0.002 n1 fact loud true
    0.003 n1 fact loud true
    0.004 n1 fact loud true @ n1:4 n2/2:5
    0.005 n1 fact loud true @ n1:1 n2/2:0 n3:0
    "#);
    insta::assert_snapshot!(alone.join("\n"), @r#"
    0.001 n1 fact loud true @ n1:3 n3:1
    0.002 n1 fact loud true @ n1:3 n3:1
    0.003 n1 fact loud true
    0.004 n1 fact loud true @ n1:4 n2/2:5 n3:1
    0.005 n1 fact loud true @ n1:1
    "#);
}

#[test]
fn the_end_names_the_gravest_verdict() {
    let judgement = |invariant: &str, verdict| Judgement { invariant: invariant.to_owned(), verdict };
    let violated =
        || Verdict::Violated(Violation { time: Time::ZERO, sentence: "n1 is two".to_owned(), witnesses: Vec::new() });
    let ends = |judgements| {
        let footer = Footer { time: Time::from_nanos(157_731_000), records: 0, digest: Digest(1), judgements };
        end(&footer).lines().next().expect("a first line").to_owned()
    };
    let holds = judgement("a", Verdict::Holds { exercised: 1 });
    let vacuous = judgement("v", Verdict::Vacuous { why: String::new() });
    let undecided = judgement("u", Verdict::Undecided { why: String::new() });
    assert_eq!(ends(vec![]), "# end unjudged t=157.731");
    assert_eq!(ends(vec![holds.clone(), holds.clone()]), "# end holds t=157.731");
    assert_eq!(ends(vec![holds.clone(), vacuous.clone()]), "# end vacuous v t=157.731");
    assert_eq!(ends(vec![vacuous.clone(), undecided.clone()]), "# end undecided u t=157.731");
    let all = vec![judgement("x", violated()), undecided, vacuous, holds, judgement("y", violated())];
    assert_eq!(ends(all), "# end violated x y t=157.731");
}

#[test]
fn what_is_still_encoded_shows_its_length() {
    let fact = bytes(&Fact::Loud(true));
    let record = crate::trace::Record {
        time: Time::ZERO,
        id: crate::identity::EventId { actor: node(0), number: 1 },
        stamp: None,
        event: Event::Fact { fact: said(&fact) },
    };
    let line = Renderer::new(&header().lanes, Detail::Facts).alone(&record);
    assert_eq!(line, "     0.000 n1 fact (2 bytes)");
}

#[test]
fn a_label_is_what_it_is_written_as_and_nothing_else() {
    let labels =
        [("fact", None), ("", None), ("consensus", Some("beat")), ("a", Some("b")), ("", Some("b")), ("é", Some("é"))];
    let labels = labels.map(|(outer, inner)| Label { outer: outer.into(), inner: inner.map(Into::into) });
    let others =
        ["consensus.bea", "consensus.beats", "consensusXbeat", "xonsensus.beat", "consensus.", "a", "ab", "a.c", "."];
    for label in &labels {
        let written = label.to_string();
        assert!(label.is(&written), "{written}");
        let all = labels.iter().map(ToString::to_string).chain(others.map(str::to_owned));
        for other in all.filter(|other| *other != written) {
            assert!(!label.is(&other), "{written} and {other}");
        }
    }
}

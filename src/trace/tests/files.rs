//! JSON Lines.

use std::io::{self, BufReader, Write};
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::story::{Teller, bytes, everything, node, said};
use crate::trace::jsonl::{LONGEST_LINE, ReadError, Reader, Writer};
use crate::trace::tests::chatter::Fact;
use crate::trace::{Event, Footer, Header, Record, Source, Trace};

fn written(trace: &Trace) -> Vec<u8> {
    let mut file = Vec::new();
    trace.write_jsonl(&mut file).expect("memory takes all");
    file
}

/// Reads all of it, and counts.
fn read(file: &[u8]) -> Result<(Header, u64, Footer), ReadError> {
    let mut reader = Reader::open(file)?;
    let mut records = 0;
    let footer = reader.for_each(&mut |_| records += 1)?.clone();
    Ok((reader.header().clone(), records, footer))
}

fn fault(file: &[u8]) -> String {
    read(file).expect_err("it is no whole trace").to_string()
}

/// The file with the first `old` replaced.
fn edited(old: &str, new: &str) -> Vec<u8> {
    let text = String::from_utf8(written(&everything())).expect("UTF-8");
    assert!(text.contains(old), "{old}");
    text.replacen(old, new, 1).into_bytes()
}

#[test]
fn what_was_written_is_read_whatever_was_said() {
    let trace = everything();
    let file = written(&trace);
    // A small buffer, so that lines are read in parts.
    let mut reader = Reader::open(BufReader::with_capacity(7, &*file)).expect("a trace");
    assert_eq!(*reader.header(), trace.header);
    for expected in trace.records() {
        assert_eq!(reader.footer(), None);
        assert_eq!(reader.next_record().expect("readable"), Some(expected));
    }
    assert_eq!(reader.next_record().expect("readable"), None);
    assert_eq!(reader.footer(), Some(&trace.footer));
    assert_eq!(reader.next_record().expect("still at the end"), None);
}

#[test]
fn memory_and_file_are_walked_alike() {
    fn lines(mut source: impl Source) -> (Vec<String>, Footer) {
        let mut lines = Vec::new();
        let footer = source.for_each(&mut |record| lines.push(format!("{record:?}"))).expect("readable").clone();
        (lines, footer)
    }
    let trace = everything();
    let file = written(&trace);
    assert_eq!(lines(&trace), lines(Reader::open(&*file).expect("a trace")));
}

#[test]
fn a_walk_can_be_broken_off_and_taken_up() {
    let file = written(&everything());
    let mut reader = Reader::open(&*file).expect("a trace");
    let mut times = 0;
    let stop = |_: &Record<'_>| ControlFlow::Break(());
    assert_eq!(reader.walk(&mut { stop }).expect("readable"), None);
    let footer = reader.for_each(&mut |_| times += 1).expect("readable").records;
    assert_eq!(times + 1, footer);
}

#[test]
fn the_form_is_what_is_documented() {
    let mut story = Teller::new();
    story.tell(
        150_212,
        node(0),
        Event::Fact { fact: said(&bytes(&Fact::Delivered { origin: super::story::N2, number: 7 })) },
        &[(0, 3)],
    );
    let file = written(&story.trace(Vec::new()));
    insta::assert_snapshot!(String::from_utf8(file).expect("UTF-8"), @r#"
    {"stemmata":"trace","version":2,"header":{"scenario":"tale","subject":"chatter","seed":"0x000000000000002a","nodes":3,"lanes":["consensus","rümours"],"resolved":{"about":"A tale of «two» nodes.","nodes":3},"faults":["at 5s partition {n1,n2} | {n3}"]}}
    {"time":"150212000","id":"n1#1","stamp":{"vector":{"n1":3},"hybrid":{"wall":"150212000","count":3}},"event":{"fact":{"fact":{"label":"delivered","sees":[{"delivered":{"origin":"n2","number":7}}],"body":{"delivered":{"number":7,"origin":"n2"}}}}}}
    {"end":{"time":"150212000","records":1,"digest":"44f8e0e7a4de0faf","judgements":[]},"content":"26fa79cab52e8eb5"}
    "#);
}

#[test]
fn what_is_no_trace_is_told_apart() {
    let told = [
        fault(b""),
        fault(b"\x7fELF\x02\x01\x01\0\0\n\xff\xfe"),
        fault(b"\n\n"),
        fault(b"{\"name\":\"split-brain\"}\n"),
        fault(&"[".repeat(1 << 20).into_bytes()),
        fault(b"{\"stemmata\":\"res\xc2\x9bults\",\"version\":2}\n"),
        fault(&edited("\"version\":2", "\"version\":3")),
        fault(&edited("\"version\":2", "\"version\":0")),
        fault(&edited("\"version\":2", "\"version\":18446744073709551615,\"novelty\":[]")),
        fault(b"{\"stemmata\":\"trace\",\"version\":2,\"hea"),
        fault(b"{\"stemmata\":\"trace\",\"version\":2}\n"),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    not a stemmata trace: it is empty
    not a stemmata trace: it does not begin with `{"stemmata":"trace",`
    not a stemmata trace: it does not begin with `{"stemmata":"trace",`
    not a stemmata trace: it does not begin with `{"stemmata":"trace",`
    not a stemmata trace: it does not begin with `{"stemmata":"trace",`
    not a trace, but stemmata's `res\u009bults`
    a trace of version 3, but this build reads version 2: use a newer build
    a trace of version 0, but this build reads version 2: record the run again
    a trace of version 18446744073709551615, but this build reads version 2: use a newer build
    line 1: the trace is truncated here, after 0 complete records
    line 1, column 32: not a line of a trace: missing field `header`
    "#);
}

#[test]
fn what_was_cut_or_changed_is_told_where() {
    let file = written(&everything());
    let lines: Vec<_> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let told = [
        fault(&lines[..1].concat()),
        fault(&lines[..9].concat()),
        fault(&file[..lines[..9].concat().len() + 17]),
        fault(&file[..file.len() - 1]),
        fault(&[&lines[..4], &lines[5..]].concat().concat()),
        fault(&[&lines[..], &lines[1..2]].concat().concat()),
        fault(&[&file[..], b"\n"].concat()),
        fault(&edited("\"copies\":2", "\"copies\":3")),
        fault(&edited("\"exercised\":3", "\"exercised\":4")),
        fault(&edited("\"copies\":2", "\"copies\":\"\\u001b[31m\"")),
        fault(&edited("\"copies\":2", "\"copies\":-1")),
        fault(&edited("\"copies\":2", "\"cop\u{1b}[31mies\":2")),
        fault(&edited("\"consensus.election\"", "\"\"")),
        fault(&edited("\"n1#2\"", "\"n0#2\"")),
        fault(&edited(",\"content\"", ", \"content\"")),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    line 2: the trace is truncated here, after 0 complete records
    line 10: the trace is truncated here, after 8 complete records
    line 10: the trace is truncated here, after 8 complete records
    line 51: the trace is truncated here, after 49 complete records
    the trace's last line says 49 records, but there are 48
    line 52: the trace has already ended
    line 52: the trace has already ended
    the trace was changed after it was written: the hash on its last line does not match
    the trace was changed after it was written: the hash on its last line does not match
    line 7, column 194: not a line of a trace: invalid type: string "\u{1b}[31m", expected u16
    line 7, column 184: not a line of a trace: invalid value: integer `-1`, expected u16
    line 7, column 178: not a line of a trace: control character (\u0000-\u001F) found while parsing a string
    line 3, column 116: not a line of a trace: a label has a name
    line 3, column 31: not a line of a trace: `n0#2` is not of the form `n1#12`
    the trace was changed after it was written: the hash on its last line does not match
    "#);
}

/// What editors and checkouts change is not the trace.
#[test]
fn the_line_ends_and_the_mark_of_windows_are_read() {
    let text = String::from_utf8(written(&everything())).expect("UTF-8");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(read(windows.as_bytes()).expect("a trace"), read(text.as_bytes()).expect("a trace"));
}

#[test]
fn a_line_without_end_takes_bounded_memory() {
    let mut file = edited("nothing", "nothing");
    let head = file.iter().position(|byte| *byte == b'\n').expect("a first line") + 1;
    file.truncate(head);
    file.resize(head + LONGEST_LINE + 1, b' ');
    assert!(matches!(read(&file), Err(ReadError::Long { line: 2 })));
    assert!(matches!(read(&file[head..]), Err(ReadError::Foreign)));
}

/// A disk that is full after so many bytes, and an input that fails there.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.0.min(bytes.len());
        self.0 -= taken;
        if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Read for Full {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[test]
fn what_the_system_refuses_is_an_error() {
    for room in [0, 10, 5_000] {
        let error = everything().write_jsonl(Full(room)).expect_err("no room");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
    let error = Reader::open(BufReader::new(Full(0))).expect_err("no access");
    assert_eq!(error.to_string(), "the trace can't be read: permission denied");
}

#[test]
fn what_is_still_encoded_is_not_written() {
    let trace = everything();
    let mut writer = Writer::new(Vec::new(), &trace.header).expect("memory takes all");
    let fact = bytes(&Fact::Loud(true));
    let mut record = trace.records().next().expect("a record");
    record.event = Event::Fact { fact: said(&fact) };
    let error = writer.record(&record).expect_err("its types are not at hand");
    assert_eq!(error.to_string(), "a record is decoded before it is written as JSON");
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn a_trace_cut_anywhere_is_noticed() {
    let file = written(&everything());
    for end in 0..file.len() {
        assert!(read(&file[..end]).is_err(), "cut at {end}");
    }
}

proptest! {
    #![proptest_config(config(2_048))]

    #[test]
    fn a_changed_trace_is_noticed(places in prop::collection::vec((any::<prop::sample::Index>(), 1..=u8::MAX), 1..4)) {
        let mut file = written(&everything());
        let whole = file.clone();
        for (place, flips) in places {
            let place = place.index(file.len());
            file[place] ^= flips;
        }
        prop_assert!(file == whole || read(&file).is_err());
    }

    #[test]
    fn a_trace_in_another_order_is_noticed(
        from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), length in 1..200_usize,
    ) {
        let whole = written(&everything());
        let mut file = whole.clone();
        let from = from.index(file.len());
        let part: Vec<_> = file.drain(from..file.len().min(from + length)).collect();
        let to = to.index(file.len() + 1);
        file.splice(to..to, part);
        prop_assert!(file == whole || read(&file).is_err());
    }

    #[test]
    fn bytes_that_nobody_wrote_are_refused(
        known in any::<bool>(), bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'"'), any::<u8>()], 0..256),
    ) {
        let mut file = Vec::new();
        if known {
            file = written(&everything());
            let head = file.iter().position(|byte| *byte == b'\n').expect("a first line");
            file.truncate(head + 1);
        }
        file.extend_from_slice(&bytes);
        prop_assert!(read(&file).is_err());
    }
}

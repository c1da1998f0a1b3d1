//! What is damaged, and what reads it.

use std::cell::Cell;

use serde_json::Value;
use stemmata::chance::{Chance, Dice, Seed};
use stemmata::hunt::RunId;
use stemmata::run::{self, Keep};
use stemmata::scenario::{self, Problem, Resolved, ScenarioFile};
use stemmata::trace::jsonl::{ReadError, Reader};
use stemmata::trace::text::{self, Renderer};
use stemmata::trace::{Detail, Source};

use super::damage;
use crate::support::{parse, run, subjects};

/// A short run with every kind of fault, so that its trace has every kind of record.
const STORM: &str = r#"{
  "subject": "broadcast", "nodes": { "voters": 3, "observers": 1 },
  "run": { "for": "2s", "quiesce_at": { "min": "900ms", "max": "1s" }, "seed": 7 },
  "network": {
    "delay": { "bimodal": { "fast": "1ms", "slow": "50ms", "share": "5%" } }, "loss": { "min": "1%", "max": "5%" },
    "duplicate": "5%", "duplicate_lag": "100ms", "reorder": "5%", "reorder_lag": "10ms", "corrupt": "3%",
    "links": [ { "from": "n1", "to": "n2", "delay": { "log-normal": { "median": "5ms", "sigma": "50%" } } } ]
  },
  "clocks": { "offset": "50ms", "drift": "100ppm" },
  "disk": { "sync": { "uniform": { "min": "100us", "max": "2ms" } } },
  "protocols": { "broadcast": { "resend": "50ms", "window": 4 } },
  "workload": [ { "texts": { "clients": 3, "rate": "20/s" } } ],
  "faults": [
    { "at": "100ms", "for": "100ms", "fault": { "partition": { "groups": [["n1", "n2"], ["n3", "n4"]] } } },
    { "at": "250ms", "every": "200ms", "for": "50ms", "fault": { "kill": { "target": "one", "after_effects": 2 } } },
    { "when": { "fact": "broadcast.delivered", "n": 3 }, "for": "50ms", "fault": { "pause": { "target": "n3" } } },
    { "at": "300ms", "fault": { "clock": { "target": "n2", "bump": "-20ms" } } },
    { "from": "350ms", "until": "850ms", "draw": {
      "kinds": ["restart", "clog", "delay", "loss", "duplicate", "corrupt", "reorder", "clock", "disk"], "rate": "8/s" } }
  ],
  "fates": { "n1.broadcast#2": "lost", "n2.broadcast#1": { "delay": "5ms" }, "n3.broadcast#1": { "copies": 2 } },
  "expect": { "holds": ["causality", "reliable-delivery"], "within": { "reliable-delivery": "1s" },
              "sometimes": ["broadcast.delivered"] }
}"#;

const RUN_ID: &str = "stm2:errata/e09@fd9b134a:0x0000000000000007:flaws=e09,b01=e1b78b315b1b826e";

/// Where the last line's hash begins.
const CONTENT: &str = ",\"content\":\"";

/// Sound files.
pub(super) struct Corpus {
    scenarios: Vec<String>,
    traces: Vec<String>,
}

/// What reads a damaged file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Scenario,
    Trace,
    RunId,
}

/// What became of a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Refused,
    Read,
    Ran,
}

impl Corpus {
    pub(super) fn new() -> Self {
        let mut scenarios = vec![STORM.to_owned()];
        scenarios.extend(scenario::built_in().map(|known| known.text.to_owned()));
        let locks = r#"{ "run": { "for": "1s" }, "workload": [ { "locks": { "paths": 2, "odd": "10%" } } ] }"#;
        let traces = [STORM, locks, r#"{ "protocols": { "locks": {} } }"#].map(|text| {
            let trace = run(&parse(text), 7, Keep::Trace).1.trace.expect("it was kept");
            let mut file = Vec::new();
            trace.write_jsonl(&mut file).expect("memory takes all");
            String::from_utf8(file).expect("a trace is text")
        });
        Self { scenarios, traces: traces.into() }
    }

    /// The file of a case.
    pub(super) fn damaged(&self, number: u64) -> (Target, Vec<u8>) {
        let dice = &mut Seed(number).dice("fuzz");
        match dice.below(10) {
            0..2 => (Target::Scenario, bytes(choose(&self.scenarios, dice), dice)),
            2..5 => (Target::Scenario, document(choose(&self.scenarios, dice), dice)),
            5..7 => (Target::Trace, bytes(choose(&self.traces, dice), dice)),
            7..9 => (Target::Trace, forged(choose(&self.traces, dice), dice)),
            _ => (Target::RunId, bytes(RUN_ID, dice)),
        }
    }
}

fn choose<'a>(files: &'a [String], dice: &mut Dice) -> &'a str {
    &files[damage::below(files.len(), dice)]
}

fn bytes(sound: &str, dice: &mut Dice) -> Vec<u8> {
    let mut file = sound.as_bytes().to_vec();
    damage::bytes(&mut file, dice);
    file
}

fn document(sound: &str, dice: &mut Dice) -> Vec<u8> {
    let file = parse(sound);
    let mut document = serde_json::to_value(file.scenario()).expect("a scenario is plain data");
    damage::document(&mut document, dice);
    document.to_string().into_bytes()
}

/// A trace with records, head or end changed by somebody who also wrote the right hash under it.
fn forged(sound: &str, dice: &mut Dice) -> Vec<u8> {
    let end = sound.rfind(CONTENT).expect("a last line");
    let mut lines: Vec<String> = sound[..end].lines().map(str::to_owned).collect();
    for _ in 0..dice.between(1, 3) {
        let at = damage::below(lines.len(), dice);
        lines[at] = match (at, dice.below(4)) {
            (0, _) => inside(&lines[0], ",\"header\":", dice),
            (at, _) if at + 1 == lines.len() => {
                inside(&lines[at], "\"end\":", dice).trim_end_matches('}').to_owned() + "}"
            }
            (at, 0) => lines[damage::below(at, dice).max(1)].clone(),
            (at, _) => inside(&lines[at], "", dice),
        };
    }
    let text = lines.join("\n");
    let hash = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
    format!("{text}{CONTENT}{hash:016x}\"}}\n").into_bytes()
}

/// A line with what follows `mark` damaged.
fn inside(line: &str, mark: &str, dice: &mut Dice) -> String {
    let begin = line.find(mark).map_or(0, |at| at + mark.len());
    let mut values = serde_json::Deserializer::from_str(&line[begin..]).into_iter::<Value>();
    let Some(Ok(mut value)) = values.next() else { return line.to_owned() };
    let rest = &line[begin + values.byte_offset()..];
    damage::document(&mut value, dice);
    format!("{}{value}{rest}", &line[..begin])
}

impl Target {
    /// How the name of a file that it reads ends.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Scenario => "json",
            Self::Trace => "jsonl",
            Self::RunId => "txt",
        }
    }

    /// Reads a file, and does with it what the commands do.
    pub(super) fn survives(self, file: &[u8], number: u64) -> Fate {
        match self {
            Self::Scenario => scenario(&String::from_utf8_lossy(file), Seed(number)),
            Self::Trace => trace(file).map_or_else(|error| refused(&error), |()| Fate::Read),
            Self::RunId => run_id(&String::from_utf8_lossy(file)),
        }
    }
}

fn refused(error: &ReadError) -> Fate {
    assert!(!error.to_string().is_empty());
    Fate::Refused
}

fn scenario(text: &str, seed: Seed) -> Fate {
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    let file = match ScenarioFile::parse("damaged.json", "damaged", text, &profiles) {
        Ok(file) => file,
        Err(problem) => {
            assert!(
                !problem.render(false, Problem::WIDTH).is_empty() && !problem.render(true, Problem::WIDTH).is_empty()
            );
            return Fate::Refused;
        }
    };
    let Ok(resolved) = file.resolve(seed) else { return Fate::Read };
    let printed = serde_json::to_string(&*resolved.scenario).expect("a scenario is plain data");
    let again = ScenarioFile::parse("again.json", "again", &printed, &profiles).expect("what is printed can be read");
    let again = again.resolve(seed).expect("and be resolved");
    assert_eq!(serde_json::to_string(&*again.scenario).expect("plain data"), printed);
    assert_eq!(again.plan, resolved.plan);
    if resolved.setup.nodes() > 20 {
        return Fate::Read;
    }
    begin(&resolved);
    Fate::Ran
}

/// Runs a scenario's first thousands of records.
fn begin(resolved: &Resolved) {
    let all = subjects();
    let subject = all.iter().find(|subject| subject.profile.name == resolved.profile.name).expect("one of ours");
    let patience = Cell::new(4);
    let go_on = || patience.replace(patience.get() - 1) > 1;
    let outcome = subject.run_while(resolved, Keep::Verdicts, &go_on);
    let broken = outcome.judgements.iter().filter(|judged| judged.verdict.violation().is_some());
    for judged in broken {
        assert!(!stemmata::check::is_law(&judged.invariant), "a law of the kernel fell: {judged:?}");
    }
}

/// Judges a trace as its subject's and as a stranger's, and writes it out as text.
fn trace(file: &[u8]) -> Result<(), ReadError> {
    let mut reader = Reader::open(file)?;
    let header = reader.header().clone();
    let profiles: Vec<_> = subjects().iter().map(|subject| subject.profile).collect();
    let mut renderer = Renderer::new(&header.lanes, Detail::All);
    let mut told = text::head(&header);
    let footer = reader.for_each(&mut |record| told.extend(renderer.line(record)))?.clone();
    told.push_str(&text::end(&footer));
    assert!(told.is_ascii());
    let everything: Vec<String> = stemmata::check::invariants().map(|invariant| invariant.name.to_owned()).collect();
    run::judge_unknown(&mut Reader::open(file)?, &everything, &[])?;
    let resolved = ScenarioFile::parse("head", "head", &header.resolved.to_string(), &profiles).ok();
    if let Some(resolved) = resolved.and_then(|file| file.resolve(header.seed).ok()) {
        let all = subjects();
        let subject = all.iter().find(|subject| subject.profile.name == resolved.profile.name).expect("one of ours");
        subject.judge(&resolved, &mut Reader::open(file)?, &everything)?;
    }
    Ok(())
}

fn run_id(text: &str) -> Fate {
    assert!(RunId::resembles(RUN_ID));
    match text.parse::<RunId>() {
        Ok(id) => {
            assert_eq!(id.to_string().parse(), Ok(id));
            Fate::Read
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            Fate::Refused
        }
    }
}

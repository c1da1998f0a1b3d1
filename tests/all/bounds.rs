//! What is owed after quiescence is due at a bound that is known before the run; a run that does not say how long it
//! lasts ends when it has come to rest.

use stemmata::check::{QUIET, Quiet};
use stemmata::prelude::*;
use stemmata::run::{self, AnySubject, Keep, Outcome};
use stemmata::scenario::ScenarioFile;

use crate::support::{load, parse, subject_of};

fn verdict<'a>(outcome: &'a Outcome, invariant: &str) -> &'a Verdict {
    let judged = outcome.judgements.iter().find(|judged| judged.invariant == invariant);
    &judged.unwrap_or_else(|| panic!("nobody judged {invariant}")).verdict
}

fn one(file: &ScenarioFile, subject: AnySubject, seed: u64) -> Outcome {
    subject.run(&file.resolve(Seed(seed)).expect("nothing clashes"), Keep::Trace)
}

/// That no seed of a swarm violates anything, or is undecided, and how many came to rest before the bounds had passed.
fn at_rest(name: &str, seeds: u64) -> u64 {
    let file = load(name).with_swarm(true);
    assert_eq!(file.scenario().run.lasts, None, "{name}");
    let subject = subject_of(&file);
    let mut rested = 0;
    for seed in 0..seeds {
        let outcome = subject.run(&file.resolve(Seed(seed)).expect("nothing clashes"), Keep::Verdicts);
        for judged in &outcome.judgements {
            let decided = matches!(judged.verdict, Verdict::Holds { .. } | Verdict::Vacuous { .. });
            assert!(decided, "{name}, seed {seed}: {judged:?}");
        }
        rested += u64::from(outcome.rested);
    }
    rested
}

#[test]
fn a_swarm_that_has_the_time_that_its_bounds_ask_for_holds_and_comes_to_rest() {
    assert_eq!(at_rest("hello", 500), 500);
    assert_eq!(at_rest("locks-hundred", 30), 30);
}

/// The broadcasts of n1 reach nobody before quiescence, and after it nobody before so long.
const CUT: &str = r#"{
    "subject": "broadcast", "nodes": 3, "run": { RUN },
    "workload": [ { "texts": { "clients": 1, "rate": "20/s" } } ],
    "faults": [ { "at": "0s", "fault": { "partition": { "groups": [ ["n1"] ] } } } ]
}"#;

#[test]
fn what_is_open_before_its_bound_has_passed_is_undecided() {
    let file = parse(&CUT.replace("RUN", r#""for": "1001ms", "quiesce_at": "1s""#));
    let subject = subject_of(&file);
    let resolved = file.resolve(Seed(0)).expect("nothing clashes");
    let (_, due) = subject.deadlines(&resolved).missed(&resolved).expect("it is too short");
    assert!(due > Time::from_nanos(2_000_000_000) && due < Time::from_nanos(10_000_000_000), "{due}");
    let outcome = subject.run(&resolved, Keep::Verdicts);
    for (invariant, open) in [("reliable-delivery", "not delivered"), ("quiet", "pending")] {
        let Verdict::Undecided { why } = verdict(&outcome, invariant) else { panic!("{:?}", outcome.judgements) };
        assert!(why.contains(open) && why.contains("the run ends at 1001.000ms, and it has until "), "{why}");
    }
    assert_eq!(outcome.verdict(&resolved), run::RunVerdict::Unproven);
}

#[test]
fn the_same_run_without_an_end_goes_on_until_all_is_delivered() {
    let file = parse(&CUT.replace("RUN", r#""quiesce_at": "1s""#));
    let outcome = one(&file, subject_of(&file), 0);
    assert!(outcome.rested && outcome.end > Time::from_nanos(1_000_000_000), "{}", outcome.end);
    assert!(matches!(verdict(&outcome, "reliable-delivery"), Verdict::Holds { .. }), "{:?}", outcome.judgements);
}

#[test]
fn what_never_comes_is_violated_as_soon_as_its_bound_has_passed_however_long_the_run() {
    for run in [r#""quiesce_at": "1s""#, r#""for": "60s", "quiesce_at": "1s""#] {
        let file = parse(&CUT.replace("RUN", run)).with_flaws(&["b03"]).expect("a known flaw");
        let subject = subject_of(&file);
        let resolved = file.resolve(Seed(0)).expect("nothing clashes");
        let due = subject.deadlines(&resolved).due("reliable-delivery").expect("it is bounded");
        let outcome = subject.run(&resolved, Keep::Verdicts);
        let violation = verdict(&outcome, "reliable-delivery").violation().expect("nothing is sent again");
        assert_eq!(violation.time, due, "{run}");
    }
}

#[test]
fn a_saved_trace_of_a_run_that_came_to_rest_has_the_same_verdicts() {
    for name in ["hello", "locks-crash", "consensus-storm"] {
        let file = load(name);
        let subject = subject_of(&file);
        let resolved = file.resolve(Seed(3)).expect("nothing clashes");
        let (live, again) = (subject.run(&resolved, Keep::Trace), subject.run(&resolved, Keep::Verdicts));
        assert_eq!((live.digest, live.end), (again.digest, again.end), "{name}");
        let trace = live.trace.expect("it was kept");
        let judged = subject.judge(&resolved, &mut &trace, &[]).expect("a whole trace");
        assert_eq!(judged.outcome.judgements, live.judgements, "{name}");
        assert_eq!((judged.outcome.end, judged.outcome.rested), (live.end, live.rested), "{name}");
    }
}

/// Asks until it is answered, or for ever; and beats.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Nagger {
    heard: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Question,
    Answer,
    Beat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Alarm {
    Ask,
    Beat,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    nagger: NaggerSettings,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct NaggerSettings {
    /// Whether it goes on asking though it was answered.
    deaf: bool,
}

impl Lane for Word {
    fn is_periodic(&self) -> bool {
        *self == Self::Beat
    }
}

impl Lane for Alarm {
    fn is_periodic(&self) -> bool {
        *self == Self::Beat
    }
}

impl Process for Nagger {
    const LANES: &'static [&'static str] = &["nagger"];
    type Config = bool;
    type Message = Word;
    type Timer = Alarm;
    type Command = ();
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = ();
    type Client = Script<()>;

    fn start(_: Boot, _: &[Stored<()>], ctx: &mut Context<'_, Self>) -> Self {
        if ctx.me() == NodeId::new(0) {
            ctx.set_timer(Alarm::Ask, Span::from_millis(970));
            ctx.set_timer(Alarm::Beat, Span::from_millis(50));
        }
        Self { heard: false }
    }

    fn on_message(&mut self, from: NodeId, message: Word, ctx: &mut Context<'_, Self>) {
        match message {
            Word::Question => ctx.send(from, Word::Answer),
            Word::Answer => self.heard = !ctx.config(),
            Word::Beat => {}
        }
    }

    fn on_timer(&mut self, timer: Alarm, ctx: &mut Context<'_, Self>) {
        let peer = NodeId::new(1);
        match timer {
            Alarm::Ask if self.heard => {}
            Alarm::Ask => {
                ctx.send(peer, Word::Question);
                ctx.set_timer(Alarm::Ask, Span::from_millis(70));
            }
            Alarm::Beat => {
                ctx.send(peer, Word::Beat);
                ctx.set_timer(Alarm::Beat, Span::from_millis(50));
            }
        }
    }

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}

impl Subject for Nagger {
    const NAME: &'static str = "nagger";
    const ABOUT: &'static str = "One node asks another until it is answered.";
    const ROWS: &'static [Row] = &[Row { lanes: Self::LANES, claims: &[QUIET], ..Row::new("nagger", Self::ABOUT) }];
    type Settings = Settings;
    type Workload = ();

    fn config(_: &Setup, settings: &Settings) -> bool {
        settings.nagger.deaf
    }

    fn clients(_: &Setup, _: &[()], _: &mut Dice) -> Vec<ClientPlan<Script<()>>> {
        Vec::new()
    }

    fn checker(_: &Setup, _: &Settings, _: &str) -> Option<AnyChecker<()>> {
        Some(AnyChecker::new(Quiet::but_for(["beat"])))
    }

    fn bounds(_: &Setup, _: &Settings, _: &[ClientPlan<Script<()>>], world: &World) -> Vec<(&'static str, Span)> {
        assert_eq!(world.delay, Span::from_millis(10), "the usual one");
        vec![(QUIET.name, Span::from_secs(1))]
    }
}

fn nagger(run: &str, deaf: bool) -> Outcome {
    let subject = run::subject::<Nagger>();
    let text = r#"{ "subject": "nagger", "nodes": 2, "run": { RUN }, "protocols": { "nagger": { "deaf": DEAF } } }"#;
    let text = text.replace("RUN", run).replace("DEAF", if deaf { "true" } else { "false" });
    let file = ScenarioFile::parse("test.json", "test", &text, &[subject.profile]);
    one(&file.unwrap_or_else(|problem| panic!("{problem}")), subject, 0)
}

#[test]
fn a_run_ends_at_rest_though_something_periodic_goes_on_for_ever() {
    let outcome = nagger(r#""quiesce_at": "1s""#, false);
    assert!(outcome.rested, "{}", outcome.end);
    assert!(outcome.end > Time::ZERO + Span::from_millis(1_030), "its timer has run out once more");
    assert!(outcome.end < Time::ZERO + Span::from_millis(1_120), "{}", outcome.end);
    assert_eq!(*verdict(&outcome, "quiet"), Verdict::Holds { exercised: 2 });
    let whole = nagger(r#""for": "3s", "quiesce_at": "1s""#, false);
    assert!(!whole.rested && whole.end == Time::ZERO + Span::from_secs(3), "what says how long it lasts lasts so long");
}

#[test]
fn what_is_sent_for_ever_violates_quiet_once_its_bound_has_passed() {
    let outcome = nagger(r#""quiesce_at": "1s""#, true);
    let violation = verdict(&outcome, "quiet").violation().expect("it asks for ever");
    let late = violation.time.since(Time::ZERO + Span::from_secs(2));
    assert!(!late.is_zero() && late < Span::from_millis(71), "{late}");
    assert!(violation.sentence.starts_with("n1 sends question to n2, "), "{}", violation.sentence);
    let short = nagger(r#""for": "1500ms", "quiesce_at": "1s""#, true);
    assert!(matches!(verdict(&short, "quiet"), Verdict::Undecided { .. }), "{:?}", verdict(&short, "quiet"));
}

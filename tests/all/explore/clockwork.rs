//! A subject that says that it decides by time, if it is told to.

use stemmata::prelude::*;
use stemmata::run::explore::ExploreError;
use stemmata::run::{AnySubject, subject};
use stemmata::scenario::{Resolved, ScenarioFile};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Clockwork;

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Settings {
    leases: bool,
    /// No node knows which it is.
    twins: bool,
}

impl Process for Clockwork {
    const LANES: &'static [&'static str] = &["none"];
    type Config = Settings;
    type Message = ();
    type Timer = ();
    type Command = ();
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = ();
    type Client = Script<()>;

    fn start(_: Boot, _: &[Stored<()>], ctx: &mut Context<'_, Self>) -> Self {
        ctx.set_timer((), Span::from_secs(1));
        Self
    }

    fn on_message(&mut self, _: NodeId, (): (), _: &mut Context<'_, Self>) {}

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        ctx.note(());
        assert!(ctx.config().twins || ctx.me() != NodeId::new(1), "the second node rang");
    }

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}

/// Says that no node notes anything.
#[derive(Clone, Debug, Default, Hash)]
struct Silence;

impl Checker<()> for Silence {
    const WANTS: Kinds = Kinds::FACT;
    const EXPLORED: Exploring = Exploring::Always;
    const NAMES_NODES: bool = false;

    fn see(&mut self, shown: &Shown<'_, ()>) -> Result<(), Violation> {
        let record = shown.record;
        let noted = shown.fact.map(|()| format!("{} notes something", record.id));
        noted.map_or(Ok(()), |sentence| Err(Violation { time: record.time, sentence, witnesses: vec![record.id] }))
    }

    fn conclude(&mut self, _: &End<'_>) -> Verdict {
        Verdict::Holds { exercised: 1 }
    }
}

impl Subject for Clockwork {
    const NAME: &'static str = "clockwork";
    const ABOUT: &'static str = "Rings.";
    const ROWS: &'static [Row] = &[Row {
        lanes: Self::LANES,
        claims: &[Invariant::safety("silence", "nobody notes anything")],
        ..Row::new("clockwork", Self::ABOUT)
    }];
    type Settings = Settings;
    type Workload = u32;

    fn config(_: &Setup, settings: &Settings) -> Settings {
        settings.clone()
    }

    fn symmetry(setup: &Setup, settings: &Settings) -> Option<Symmetry<Self>> {
        settings.twins.then(|| Symmetry::new(NodeId::all(setup.nodes()), |_, _| Self, |(), _| ()))
    }

    fn clients(_: &Setup, _: &[u32], _: &mut Dice) -> Vec<ClientPlan<Script<()>>> {
        Vec::new()
    }

    fn checker(_: &Setup, _: &Settings, _: &str) -> Option<AnyChecker<()>> {
        Some(AnyChecker::new(Silence))
    }

    fn decides_by_time(settings: &Settings) -> Option<&'static str> {
        settings.leases.then_some("a lease runs out by the clock")
    }
}

fn resolved(keys: &str) -> (AnySubject, Resolved) {
    let subject = subject::<Clockwork>();
    let text = format!(r#"{{ "subject": "clockwork", "nodes": 2, {keys} }}"#);
    let file = ScenarioFile::parse("clockwork.json", "clockwork", &text, &[subject.profile]);
    let file = file.unwrap_or_else(|problem| panic!("{problem}"));
    (subject, file.resolve(Seed(0)).expect("no ranges"))
}

#[test]
fn a_subject_that_decides_by_time_is_not_explored() {
    let (subject, timed) = resolved(r#""protocols": { "leases": true }"#);
    let refusal = subject.explore(&timed).expect_err("it decides by time");
    assert_eq!(refusal, ExploreError::DecidesByTime("a lease runs out by the clock"));
    assert!(refusal.to_string().contains("clocks stand still"));
}

#[test]
fn the_first_violation_on_a_way_ends_its_run_and_what_is_expected_to_fall_is_waited_for() {
    // The first node's note breaks silence at once.
    let (subject, any) = resolved(r#""protocols": {}"#);
    let exploration = subject.explore(&any).expect("it decides by nothing");
    assert_eq!(exploration.judged, ["no-panic", "silence"]);
    let path = super::path(&exploration);
    assert_eq!(path.len(), 1);
    let outcome = exploration.retrace(&path);
    assert_eq!(fallen(&outcome), ["silence"]);
    // The second node's panic takes the note along; so both fall only after a step of each.
    let (subject, both) = resolved(r#""expect": { "violates": ["silence", "no-panic"] }"#);
    let exploration = subject.explore(&both).expect("it decides by nothing");
    let path = super::path(&exploration);
    assert_eq!(path.len(), 2);
    let outcome = exploration.retrace(&path);
    assert_eq!(fallen(&outcome), ["no-panic", "silence"]);
}

fn fallen(outcome: &stemmata::run::Outcome) -> Vec<&str> {
    let fallen = outcome.judgements.iter().filter(|judged| judged.verdict.violation().is_some());
    fallen.map(|judged| judged.invariant.as_str()).collect()
}

#[test]
fn nodes_change_places_where_nobody_can_tell_them_apart() {
    let interchangeable = |keys: &str| {
        let (subject, resolved) = resolved(keys);
        subject.explore(&resolved).expect("it decides by nothing").interchangeable
    };
    assert_eq!(interchangeable(r#""protocols": { "twins": true }"#), [NodeId::new(0), NodeId::new(1)]);
    assert_eq!(interchangeable(r#""protocols": { "twins": true }, "clocks": { "offset": "1ms" }"#), []);
    assert_eq!(interchangeable(r#""protocols": {}"#), []);
}

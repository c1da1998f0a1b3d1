//! A subject that no node runs, for tests of scenarios.

use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::check::Invariant;
use crate::fault::{Fault, Harm};
use crate::measure::{Rate, Share};
use crate::network::Delay;
use crate::scenario::{Problem, ScenarioFile};
use crate::subject::{Bearing, Flaw, Flaws, Needs, Objection, Profile, Row, Setup, fill};
use crate::time::{Span, Time};

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    gossip: Gossip,
    locks: Locks,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Gossip {
    resend: Span,
    fanout: u32,
    share: Share,
    think: Delay,
    flaws: Flaws,
}

impl Default for Gossip {
    fn default() -> Self {
        Self {
            resend: Span::from_millis(100),
            fanout: 2,
            share: Share::ALL,
            think: Delay::default(),
            flaws: Flaws::default(),
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Locks {
    flaws: Flaws,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Work {
    Writes(Writes),
}

/// The commands of clients.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Asked {
    Write {
        key: String,
        #[serde(default)]
        value: u64,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Writes {
    clients: u32,
    rate: Rate,
}

impl Default for Writes {
    fn default() -> Self {
        Self { clients: 1, rate: Rate::per_second(10) }
    }
}

fn bears(fault: &Fault) -> Bearing {
    let says = |bad, why| if bad { Bearing::Beyond(why) } else { Bearing::Borne };
    match fault {
        Fault::Disk(disk) => says(disk.harm == Harm::Damage, "a damaged entry is lost for good"),
        Fault::Restart(restart) => says(restart.wipe, "an empty disk forgets promises"),
        Fault::Clock(clock) => says(clock.monotonic_drift.is_some(), "timers are trusted"),
        Fault::Kill(_) | Fault::Pause(_) | Fault::Resume(_) | Fault::Partition(_) | Fault::Heal(_) | Fault::Clog(_) => {
            Bearing::Borne
        }
        Fault::Delay(_) | Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) => Bearing::Borne,
        Fault::Corrupt(_) => Bearing::Beyond("messages are not signed"),
    }
}

/// It cannot work if it would resend after quiescence.
fn objection(setup: &Setup, settings: &Value) -> Option<Objection> {
    let resend: Span = settings["gossip"]["resend"].as_str()?.parse().ok()?;
    (Time::ZERO + resend >= setup.quiescence).then(|| Objection {
        places: &["gossip.resend"],
        message: format!("gossip would resend after {resend}, when all is calm"),
        help: "resend sooner".to_owned(),
    })
}

const fn flaw(id: &'static str) -> Flaw {
    Flaw { id, about: "A defect.", violates: "convergence", needs: "a chance" }
}

const ROWS: [Row; 2] = [
    Row {
        lanes: &["gossip"],
        claims: &[Invariant::liveness("convergence", "A sentence.")],
        flaws: &[flaw("e01"), flaw("e02")],
        owns: &["gossip"],
        bears,
        ..Row::new("gossip", "Nothing.")
    },
    Row {
        lanes: &["locks"],
        claims: &[Invariant::liveness("lock-exclusion", "A sentence.")],
        flaws: &[flaw("e20")],
        ..Row::new("locks", "Nothing.")
    },
];

/// The profile of the subject `fake`.
pub(super) const FAKE: Profile = Profile {
    name: "fake",
    about: "Nothing that runs.",
    lanes: &["gossip", "locks"],
    rows: &ROWS,
    facts: || vec!["gossip.merged".to_owned(), "locks.granted".to_owned(), "locks.deferred".to_owned()],
    settings: fill::<Settings>,
    workload: fill::<Work>,
    command: fill::<Asked>,
    needs: |_| Needs::default(),
    command_needs: |_| Needs::default(),
    settings_schema: SchemaGenerator::subschema_for::<Settings>,
    workload_schema: SchemaGenerator::subschema_for::<Work>,
    running: |_| ROWS.iter().collect(),
    claims_of: |_, _, _| true,
    objection,
};

/// Reads a scenario of the fake subject, named `test.json`.
pub(super) fn read(text: &str) -> Result<ScenarioFile, Problem> {
    ScenarioFile::parse("test.json", "test", text, &[FAKE])
}

/// A scenario of the fake subject with these additional keys.
pub(super) fn with(keys: &str) -> Result<ScenarioFile, Problem> {
    read(&format!("{{\n  \"subject\": \"fake\",\n  {keys}\n}}"))
}

/// The same, for a valid scenario.
pub(super) fn good(keys: &str) -> ScenarioFile {
    with(keys).unwrap_or_else(|problem| panic!("{problem}"))
}

/// The rendered errors of an invalid scenario.
pub(super) fn wrong(keys: &str) -> String {
    with(keys).expect_err("something is wrong here").render(false, Problem::WIDTH)
}

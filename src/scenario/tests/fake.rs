//! A subject that no node runs, for tests of scenarios.

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::{Fault, Harm};
use crate::measure::{Rate, Share};
use crate::network::Delay;
use crate::scenario::{Problem, ScenarioFile};
use crate::subject::{Flaw, Flaws, Invariant, Misfit, Needs, Objection, Profile, Setup};
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

/// What a client asks.
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

fn fill<T: Serialize + DeserializeOwned>(part: &Value) -> Result<Value, Misfit> {
    let read: T = serde_path_to_error::deserialize(part).map_err(|error| Misfit {
        path: error.path().iter().map(ToString::to_string).collect(),
        message: error.inner().to_string(),
    })?;
    Ok(serde_json::to_value(read).expect("plain data"))
}

fn beyond(fault: &Fault, _settings: &Value) -> Option<&'static str> {
    let says = |bad, why| if bad { Some(why) } else { None };
    match fault {
        Fault::Disk(disk) => says(disk.harm == Harm::Damage, "a damaged entry is lost for good"),
        Fault::Restart(restart) => says(restart.wipe, "an empty disk forgets promises"),
        Fault::Clock(clock) => says(clock.monotonic_drift.is_some(), "timers are trusted"),
        Fault::Kill(_) | Fault::Pause(_) | Fault::Resume(_) | Fault::Partition(_) | Fault::Heal(_) | Fault::Clog(_) => {
            None
        }
        Fault::Delay(_) | Fault::Loss(_) | Fault::Duplicate(_) | Fault::Reorder(_) => None,
        Fault::Corrupt(_) => Some("messages are not signed"),
    }
}

/// It cannot work where it would resend after quiescence.
fn objection(setup: &Setup, settings: &Value) -> Option<Objection> {
    let resend: Span = settings["gossip"]["resend"].as_str()?.parse().ok()?;
    (Time::ZERO + resend >= setup.calm).then(|| Objection {
        places: &["gossip.resend"],
        message: format!("gossip would resend after {resend}, when all is calm"),
        help: "resend sooner".to_owned(),
    })
}

const fn invariant(name: &'static str, protocol: &'static str) -> Invariant {
    Invariant::liveness(name, protocol, "A sentence.")
}

const fn flaw(id: &'static str, protocol: &'static str) -> Flaw {
    Flaw { id, protocol, about: "A defect.", violates: "convergence" }
}

const INVARIANTS: [Invariant; 2] = [invariant("convergence", "gossip"), invariant("lock-exclusion", "locks")];

/// The profile of the subject `fake`.
pub(super) const FAKE: Profile = Profile {
    name: "fake",
    about: "Nothing that runs.",
    lanes: &["gossip", "locks"],
    invariants: &INVARIANTS,
    flaws: &[flaw("e01", "gossip"), flaw("e02", "gossip"), flaw("e20", "locks")],
    elected: None,
    facts: || vec!["gossip.merged".to_owned(), "locks.granted".to_owned(), "locks.deferred".to_owned()],
    settings: fill::<Settings>,
    workload: fill::<Work>,
    command: fill::<Asked>,
    owners: &[("gossip", "gossip")],
    needs: |_| Needs::default(),
    command_needs: |_| Needs::default(),
    settings_schema: SchemaGenerator::subschema_for::<Settings>,
    workload_schema: SchemaGenerator::subschema_for::<Work>,
    claims: |_| INVARIANTS.iter().collect(),
    beyond,
    speaks_on: |_, _| true,
    objection,
    spends: |_, _| None,
};

/// Reads a scenario of the fake subject, named `test.json`.
pub(super) fn read(text: &str) -> Result<ScenarioFile, Problem> {
    ScenarioFile::parse("test.json", "test", text, &[FAKE])
}

/// A scenario of the fake subject with these further keys.
pub(super) fn with(keys: &str) -> Result<ScenarioFile, Problem> {
    read(&format!("{{\n  \"subject\": \"fake\",\n  {keys}\n}}"))
}

/// The same, where nothing is wrong.
pub(super) fn good(keys: &str) -> ScenarioFile {
    with(keys).unwrap_or_else(|problem| panic!("{}", problem.render(false)))
}

/// The same, where something is wrong, as it is shown.
pub(super) fn wrong(keys: &str) -> String {
    with(keys).expect_err("something is wrong here").render(false)
}

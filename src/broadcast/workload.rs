//! Clients that ask nodes to broadcast texts.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::messages::Command;
use crate::chance::{Chance, Dice};
use crate::identity::NodeId;
use crate::measure::{Rate, at_most, positive};
use crate::process::{Ask, ClientPlan, Pace, Script};
use crate::subject::Setup;
use crate::time::{Span, Time};

/// One entry of a scenario's workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Workload {
    /// Clients that broadcast texts, each at one node; the clients of all entries go around the nodes.
    Texts(#[serde(deserialize_with = "possible")] Texts),
}

/// Clients that broadcast texts until quiescence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// The number of clients, at most a million.
    #[serde(deserialize_with = "at_most::<MOST_CLIENTS, _>")]
    #[schemars(range(max = MOST_CLIENTS))]
    pub clients: u32,
    /// The average rate of operations of all clients together, independent of the answers. `10/s` if no `pause` is
    /// given either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Instead of a rate: the pause of a client after an answer before its next operation, drawn from half to one and a
    /// half times this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Span>,
    /// The maximum number of operations of each client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<u32>,
    /// How long a client waits for an answer before it retries.
    #[serde(deserialize_with = "positive")]
    pub timeout: Span,
    /// The number of retries before a client gives up.
    pub retries: u32,
}

impl Default for Texts {
    fn default() -> Self {
        Self { clients: 3, rate: None, pause: None, operations: None, timeout: Span::from_millis(500), retries: 10 }
    }
}

/// Reads a workload of texts, checks it, and fills in the rate.
fn possible<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
    let mut texts = Texts::deserialize(deserializer)?;
    match (texts.rate, texts.pause) {
        (None, None) => texts.rate = Some(Rate::per_second(10)),
        (Some(_), Some(_)) => {
            return Err(de::Error::custom("give a `rate`, or a `pause` after each answer, but not both"));
        }
        (None, Some(Span::ZERO)) => return Err(de::Error::custom("a `pause` takes some time")),
        (Some(_), None) | (None, Some(_)) => {}
    }
    Ok(texts)
}

/// The maximum number of clients: as many as a cluster may have nodes.
const MOST_CLIENTS: u32 = 1_000_000;

/// The maximum number of operations of one client in a run.
const MOST_OPERATIONS: u32 = 100_000;

/// The maximum number of operations, or of clients, of an entry in total.
const MOST_OPERATIONS_TOGETHER: u32 = 1_000_000;

/// The words of the clients' texts: the beginning of the *Aeneid*.
const WORDS: [&str; 8] = ["arma", "virumque", "cano", "Troiae", "qui", "primus", "ab", "oris"];

/// The clients of a workload, in order.
pub(super) fn clients(setup: &Setup, workload: &[Workload], dice: &mut Dice) -> Vec<ClientPlan<Script<Command>>> {
    let texts = workload.iter().flat_map(|Workload::Texts(texts)| (0..texts.clients).map(move |_| texts));
    let homes = NodeId::all(setup.nodes()).cycle();
    texts.zip(homes).map(|(texts, home)| texts.client(home, setup.quiescence, dice)).collect()
}

impl Texts {
    fn client(&self, home: NodeId, quiescence: Time, dice: &mut Dice) -> ClientPlan<Script<Command>> {
        let (pace, mean) = match (self.pause, self.rate.and_then(Rate::mean_gap)) {
            (Some(pause), _) => (Pace::Closed, Some(pause)),
            (None, gap) => (Pace::Open, gap.map(|gap| Span::from_nanos(gap).times(self.clients.into()))),
        };
        let machine = Script::new(mean.map(|mean| self.asks(pace, mean, quiescence, dice)).unwrap_or_default());
        ClientPlan {
            homes: vec![home],
            begins: Span::ZERO,
            timeout: self.timeout,
            retries: self.retries,
            pace,
            machine,
        }
    }

    /// Operations that fill the time until quiescence, even if every answer is immediate.
    fn asks(&self, pace: Pace, mean: Span, quiescence: Time, dice: &mut Dice) -> Vec<Ask<Command>> {
        let bound = MOST_OPERATIONS.min(MOST_OPERATIONS_TOGETHER / self.clients);
        let most = self.operations.unwrap_or(bound).min(bound);
        let mut time = Time::from_nanos(0);
        let mut asks = Vec::new();
        for _ in 0..most {
            let after = match pace {
                Pace::Open => dice.exponential(mean),
                Pace::Closed => dice.span(mean.divided_by(2), mean + mean.divided_by(2)),
            };
            time += after;
            if time >= quiescence {
                break;
            }
            let word = dice.pick(&WORDS).expect("there are words");
            asks.push(Ask { after, command: Command::Broadcast { text: (*word).to_owned() } });
        }
        asks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Seed;

    fn setup() -> Setup {
        let quiescence = Time::from_nanos(10_000_000_000);
        Setup {
            voters: 3,
            observers: 1,
            quiescence,
            keyspaces: crate::codex::Keyspaces::default(),
            core: None,
            corrupts: false,
        }
    }

    fn planned(json: &str) -> Vec<ClientPlan<Script<Command>>> {
        let workload: Workload = serde_json::from_str(json).expect("a workload");
        clients(&setup(), &[workload], &mut Seed(7).dice("test"))
    }

    #[test]
    fn the_rate_is_that_of_all_clients_together() {
        let plans = planned(r#"{ "texts": { "clients": 5, "rate": "20/s" } }"#);
        let homes: Vec<usize> = plans.iter().map(|plan| plan.homes[0].index()).collect();
        assert_eq!(homes, [0, 1, 2, 3, 0]);
        let asked: usize = plans.iter().map(|plan| format!("{:?}", plan.machine).matches("Ask ").count()).sum();
        assert!((160..240).contains(&asked), "{asked}");
    }

    #[test]
    fn a_workload_says_how_it_is_paced_once() {
        let both = r#"{ "texts": { "rate": "20/s", "pause": "1ms" } }"#;
        let error = serde_json::from_str::<Workload>(both).expect_err("both");
        assert!(error.to_string().starts_with("give a `rate`, or a `pause`"), "{error}");
        let filled: Workload = serde_json::from_str(r#"{ "texts": {} }"#).expect("all defaults");
        let json = serde_json::to_string(&filled).expect("written");
        assert_eq!(json, r#"{"texts":{"clients":3,"rate":"10/s","timeout":"500ms","retries":10}}"#);
        assert_eq!(serde_json::from_str::<Workload>(&json).expect("read"), filled);
    }

    #[test]
    fn many_clients_that_ask_very_often_take_bounded_memory() {
        let plans = planned(r#"{ "texts": { "clients": 50000, "rate": "18446744073/s" } }"#);
        assert_eq!(plans.len(), 50_000);
        assert!(plans.iter().all(|plan| format!("{:?}", plan.machine).matches("Ask ").count() == 20));
    }

    #[test]
    fn a_client_in_a_closed_loop_asks_no_more_than_it_may() {
        let plans = planned(r#"{ "texts": { "clients": 1, "pause": "10ms", "operations": 4 } }"#);
        assert_eq!(plans[0].pace, Pace::Closed);
        assert_eq!(format!("{:?}", plans[0].machine).matches("Ask ").count(), 4);
    }
}

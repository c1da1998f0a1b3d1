//! Clients that read and write keys of the replicated log's codex.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::client::{Deed, Errand, StoreClient};
use crate::chance::{Chance, Dice};
use crate::codex::{Key, KeyError, StoreCommand};
use crate::identity::{ClientId, NodeId};
use crate::measure::{Share, at_most, positive};
use crate::process::{ClientPlan, Pace};
use crate::protocols::{AsStore, Work};
use crate::subject::{Needs, Setup};
use crate::time::{Span, Time};

/// Clients that read and write keys, one operation after another, until quiescence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RegisterWorkload {
    /// The number of clients, up to ten thousand.
    #[serde(deserialize_with = "at_most::<MOST_CLIENTS, _>")]
    #[schemars(range(max = MOST_CLIENTS))]
    pub clients: u32,
    /// The prefix of all its keys: one of the scenario's keyspaces, if there are any.
    #[serde(deserialize_with = "keyspace")]
    pub keyspace: String,
    /// The number of keys: `k1`, `k2`, …, and of lists `l1`, `l2`, ….
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub keys: u32,
    /// The pause between two operations of a client, drawn from half to one and a half times this.
    pub think: Span,
    /// The share of reads.
    pub reads: Share,
    /// The share of writes that succeed only if the key is unchanged since the client last saw it.
    pub cas: Share,
    /// The share of appends to a list.
    pub appends: Share,
    /// The share of deletes.
    pub deletes: Share,
    /// The share of writes of a value of 200 bytes, which an anchor may forbid.
    pub long: Share,
    /// The maximum number of operations of each client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<u32>,
    /// How long a client waits for an answer before it asks the next node.
    #[serde(deserialize_with = "positive")]
    pub timeout: Span,
    /// The number of retries of a patient client before it gives up.
    pub retries: u32,
    /// The share of clients that are impatient: they retry once, and then never learn the outcome.
    pub impatient: Share,
}

impl Default for RegisterWorkload {
    fn default() -> Self {
        Self {
            clients: 3,
            keyspace: String::new(),
            keys: 5,
            think: Span::from_millis(50),
            reads: Share::from_percent(40),
            cas: Share::from_percent(15),
            appends: Share::from_percent(10),
            deletes: Share::from_percent(5),
            long: Share::NONE,
            operations: None,
            timeout: Span::from_millis(500),
            retries: 1_000,
            impatient: Share::from_percent(25),
        }
    }
}

/// The maximum number of operations of one client in a run.
const MOST_ROUNDS: u32 = 10_000;

/// The maximum number of operations of all clients of an entry together.
const MOST_NAMED: u32 = 10_000_000;

const MOST_CLIENTS: u32 = 10_000;

/// The number of bytes of a long value.
const LONG: u32 = 200;

impl<C: From<StoreCommand>, R: AsStore> Work<C, R> for RegisterWorkload {
    type Client = StoreClient;

    fn clients(&self) -> u32 {
        self.clients
    }

    fn client(&self, client: ClientId, home: NodeId, setup: &Setup, dice: &mut Dice) -> ClientPlan<StoreClient> {
        let homes = NodeId::all(setup.nodes()).cycle().skip(home.index()).take(setup.nodes() as usize).collect();
        let retries = if dice.happens(self.impatient) { 1 } else { self.retries };
        ClientPlan {
            homes,
            begins: Span::ZERO,
            timeout: self.timeout,
            retries,
            pace: Pace::Closed,
            machine: StoreClient::new(client, self.errands(setup.quiescence, dice)),
        }
    }

    fn objection(&self) -> Option<String> {
        let shares = [self.reads, self.cas, self.appends, self.deletes, self.long];
        let sum: u64 = shares.iter().map(|share| u64::from(share.as_ppb())).sum();
        let hundredths = sum / 100_000;
        (sum > 1_000_000_000).then(|| {
            format!(
                "the shares of reads, cas, appends, deletes and long values add up to {}.{:02} %: at most 100 %",
                hundredths / 100,
                hundredths % 100
            )
        })
    }

    fn needs(&self) -> Needs {
        Needs { protocols: vec!["consensus"], keys: Some(self.keyspace.clone()), fenced: false }
    }
}

impl RegisterWorkload {
    /// Operations that fill the time until quiescence, even if every answer is immediate.
    fn errands(&self, quiescence: Time, dice: &mut Dice) -> Vec<Errand> {
        let bound = (MOST_NAMED / self.clients.max(1)).clamp(1, MOST_ROUNDS);
        let most = self.operations.unwrap_or(bound).min(bound);
        let mut time = Time::ZERO;
        let mut errands = Vec::new();
        while errands.len() < most as usize && time < quiescence {
            let errand = self.errand(dice);
            time += errand.think + Span::from_micros(1);
            errands.push(errand);
        }
        errands
    }

    fn errand(&self, dice: &mut Dice) -> Errand {
        let think = dice.span(self.think.divided_by(2), self.think + self.think.divided_by(2));
        let mut lot = dice.below(u64::from(Share::from_percent(100).as_ppb()));
        let shares = [
            (self.reads, Deed::Read),
            (self.cas, Deed::Cas),
            (self.appends, Deed::Append),
            (self.deletes, Deed::Delete),
            (self.long, Deed::PutLong(LONG)),
        ];
        let mut deed = Deed::Put;
        for (share, drawn) in shares {
            let share = u64::from(share.as_ppb());
            if lot < share {
                deed = drawn;
                break;
            }
            lot -= share;
        }
        let number = 1 + dice.below(u64::from(self.keys.max(1)));
        let is_list = matches!(deed, Deed::Append) || (matches!(deed, Deed::Read) && dice.below(5) == 0);
        let key = key(&self.keyspace, if is_list { 'l' } else { 'k' }, number).expect("its keyspace leaves room");
        Errand { think, key, deed }
    }
}

fn key(keyspace: &str, kind: char, number: u64) -> Result<Key, KeyError> {
    Key::new(&format!("{keyspace}{kind}{number}"))
}

/// Reads a prefix of keys, after which the longest name of a key has room.
fn keyspace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let keyspace = String::deserialize(deserializer)?;
    key(&keyspace, 'k', u32::MAX.into()).map(|_| keyspace).map_err(de::Error::custom)
}

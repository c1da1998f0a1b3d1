//! Clients that read and write keys of the replicated log's codex.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::ROW;
use super::client::{Deed, Errand, StoreClient};
use crate::chance::{Chance, Dice};
use crate::codex::{Key, KeyError, StoreCommand};
use crate::identity::{ClientId, NodeId};
use crate::measure::{Share, at_most, positive};
use crate::process::{ClientPlan, Pace};
use crate::protocols::{AsStore, Work, Written};
use crate::subject::{Needs, Owner, Setup};
use crate::time::{Span, Time};

/// Clients that read and write keys, one operation after another, until quiescence. In a keyspace that the replicated log
/// does not own they open no sessions, and appends and writes on a condition are plain writes.
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
        let errands = self.errands(setup.quiescence, dice);
        ClientPlan {
            homes,
            begins: Span::ZERO,
            timeout: self.timeout,
            retries,
            pace: Pace::Closed,
            machine: if self.is_logged(setup) {
                StoreClient::new(client, errands)
            } else {
                StoreClient::of_replicas(client, errands)
            },
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

    fn written(client: &StoreClient) -> Written {
        client.written()
    }

    fn needs(&self) -> Needs {
        let owner = Owner::Declared { otherwise: ROW.name };
        Needs { keys: vec![self.keyspace.clone()], owner: Some(owner), ..Needs::default() }
    }
}

impl RegisterWorkload {
    /// Whether the replicated log decides the writes of its keys, and not the owner of another kind of keyspace.
    fn is_logged(&self, setup: &Setup) -> bool {
        setup.keyspaces.of(&self.keyspace).is_none_or(|(_, keyspace)| ROW.owns.contains(&keyspace.owner.as_str()))
    }

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chance::Seed;
    use crate::codex::{CausalContext, Keyspace, Keyspaces, StoreReply, Within};
    use crate::process::{Ask, Client, Outcome};

    struct Reply(StoreReply);

    impl AsStore for Reply {
        fn as_store(&self) -> Option<&StoreReply> {
            Some(&self.0)
        }
    }

    fn client(owner: &str) -> StoreClient {
        let keyspaces: Keyspaces = [("r/".to_owned(), Keyspace::of(owner))].into_iter().collect();
        let setup = Setup { voters: 3, observers: 0, quiescence: Time::MAX, keyspaces, core: None, corrupts: false };
        let workload = RegisterWorkload { keyspace: "r/".to_owned(), operations: Some(500), ..Default::default() };
        let mut dice = Seed(1).dice("workload");
        Work::<StoreCommand, Reply>::client(&workload, ClientId::new(0), NodeId::new(0), &setup, &mut dice).machine
    }

    fn next(client: &mut StoreClient, last: Option<&Reply>) -> Option<StoreCommand> {
        let ask: Option<Ask<StoreCommand>> = client.next(last.map(Outcome::Answered));
        ask.map(|ask| ask.command)
    }

    #[test]
    fn a_client_of_the_log_opens_a_session_first() {
        assert_eq!(next(&mut client("consensus"), None), Some(StoreCommand::Open));
    }

    #[test]
    fn a_client_of_replicas_opens_no_session_and_brings_what_it_has_read() {
        let (mut client, mut last, mut read) = (client("gossip"), None, std::collections::BTreeSet::new());
        let seen = Arc::new(CausalContext { stamp: 7, ..CausalContext::default() });
        let mut brought = 0;
        while let Some(command) = next(&mut client, last.as_ref()) {
            let (key, within) = command.target().expect("no session is opened");
            assert_eq!(*within, Within::default());
            match &command {
                StoreCommand::Read { .. } => {
                    read.insert(key.clone());
                }
                StoreCommand::Put { seen: known, .. } | StoreCommand::Delete { seen: known, .. } => {
                    assert_eq!(
                        known.clone().and_then(|known| known.context),
                        read.remove(key).then(|| Arc::clone(&seen))
                    );
                    brought += usize::from(known.is_some());
                }
                StoreCommand::Open | StoreCommand::Cas { .. } | StoreCommand::Append { .. } => {
                    panic!("{command:?} is not offered")
                }
            }
            last = Some(Reply(StoreReply::View { value: None, seen: Arc::clone(&seen), open: false }));
            if !matches!(command, StoreCommand::Read { .. }) {
                last = Some(Reply(StoreReply::Done));
            }
        }
        assert!(brought > 50, "{brought}");
    }
}

//! Clients that lock, use what they have locked, and release it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::client::Client;
use super::lock_client::{LockClient, Oddity, Round, Use};
use super::store_client::{Deed, Errand, StoreClient};
use crate::chance::{Chance, Dice};
use crate::codex::{Key, KeyError};
use crate::identity::{ClientId, NodeId};
use crate::measure::{Share, at_most, between, positive};
use crate::observation::{Access, LockMode};
use crate::process::{ClientPlan, Pace};
use crate::protocols::locks::Wanted;
use crate::subject::Setup;
use crate::time::{Span, Time};

/// One entry of a scenario's workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Workload {
    /// Clients that lock, each at one node; the clients of all entries go around the nodes.
    Locks(LockWorkload),
    /// Clients that read and write keys of the replicated log's codex; each begins at one node, and asks the next one
    /// when it gets no answer.
    Registers(RegisterWorkload),
}

/// Clients that read and write keys, one operation after another, until the calm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RegisterWorkload {
    /// How many clients, up to ten thousand.
    #[serde(deserialize_with = "at_most::<MOST_CLIENTS, _>")]
    #[schemars(range(max = MOST_CLIENTS))]
    pub clients: u32,
    /// How all its keys begin: one of the scenario's keyspaces, if there are any.
    #[serde(deserialize_with = "keyspace")]
    pub keyspace: String,
    /// How many keys: `k1`, `k2`, …, and as many lists `l1`, `l2`, ….
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub keys: u32,
    /// How long a client rests between two operations, drawn from half to one and a half.
    pub think: Span,
    /// How often it reads.
    pub reads: Share,
    /// How often it writes only if nobody has since it looked.
    pub cas: Share,
    /// How often it adds to a list.
    pub appends: Share,
    /// How often it deletes.
    pub deletes: Share,
    /// How often it writes a value of 200 bytes, which an anchor may forbid.
    pub long: Share,
    /// How many operations each client makes, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<u32>,
    /// How long a client waits for an answer before it asks the next node.
    #[serde(deserialize_with = "positive")]
    pub timeout: Span,
    /// How often a patient client asks again before it gives up.
    pub retries: u32,
    /// How many of the clients are impatient: they ask again once, and then never learn what came of it.
    pub impatient: Share,
}

/// Clients that lock resources of a tree, one request after another, until the calm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LockWorkload {
    /// How many clients, up to ten thousand.
    #[serde(deserialize_with = "at_most::<MOST_CLIENTS, _>")]
    #[schemars(range(max = MOST_CLIENTS))]
    pub clients: u32,
    /// What there is to lock.
    pub tree: Tree,
    /// In which modes, one at least; each request draws one for each of its paths.
    #[serde(deserialize_with = "some_modes")]
    #[schemars(length(min = 1))]
    pub modes: Vec<LockMode>,
    /// How many paths a request names, at most; up to a hundred.
    #[serde(deserialize_with = "between::<1, MOST_PATHS, _>")]
    #[schemars(range(min = 1, max = MOST_PATHS))]
    pub paths: u32,
    /// How long a client rests between two requests, drawn from half to one and a half.
    pub think: Span,
    /// How long it holds what it got, drawn from half to one and a half.
    pub hold: Span,
    /// How often it reads or writes the guarded register meanwhile, up to a hundred times.
    #[serde(deserialize_with = "at_most::<MOST_PATHS, _>")]
    #[schemars(range(max = MOST_PATHS))]
    pub uses: u32,
    /// How many priorities there are.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub priorities: u8,
    /// How often a client with a lock asks for another, which is refused.
    pub greedy: Share,
    /// How often a client asks for what makes no sense, which is refused.
    pub odd: Share,
    /// How many requests each client makes, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<u32>,
    /// How long a client waits for an answer before it asks again.
    #[serde(deserialize_with = "positive")]
    pub timeout: Span,
    /// How often it asks again before it takes a request back.
    pub retries: u32,
}

/// Resources by levels: on the first `a1`, `a2`, …, below each `b1`, `b2`, …, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tree {
    /// How many levels, up to 20.
    #[serde(deserialize_with = "between::<1, MOST_LEVELS, _>")]
    #[schemars(range(min = 1, max = MOST_LEVELS))]
    pub levels: u32,
    /// How many resources stand under each of the level above.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub width: u32,
}

impl Default for Tree {
    fn default() -> Self {
        Self { levels: 1, width: 3 }
    }
}

impl Default for LockWorkload {
    fn default() -> Self {
        Self {
            clients: 3,
            tree: Tree::default(),
            modes: vec![LockMode::X],
            paths: 1,
            think: Span::from_millis(50),
            hold: Span::from_millis(10),
            uses: 1,
            priorities: 3,
            greedy: Share::NONE,
            odd: Share::NONE,
            operations: None,
            timeout: Span::from_millis(500),
            retries: 10,
        }
    }
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

/// No client makes more requests than this in one run.
const MOST_ROUNDS: u32 = 10_000;

/// Nor do all clients of an entry together name more paths and uses than this, or make one request each.
const MOST_NAMED: u32 = 10_000_000;

const MOST_CLIENTS: u32 = 10_000;
/// The most levels of a tree.
const MOST_LEVELS: u32 = 20;
/// The most paths and uses of one request.
const MOST_PATHS: u32 = 100;

/// The clients of a workload, in order.
pub(super) fn clients(setup: &Setup, workload: &[Workload], dice: &mut Dice) -> Vec<ClientPlan<Client>> {
    let each = |entry: &Workload| match entry {
        Workload::Locks(locks) => locks.clients,
        Workload::Registers(registers) => registers.clients,
    };
    let entries = workload.iter().flat_map(|entry| (0..each(entry)).map(move |_| entry));
    let homes = NodeId::all(setup.nodes()).cycle();
    let numbered = entries.zip(homes).zip((0..).map(ClientId::new));
    let client = |((entry, home), client): ((&Workload, NodeId), ClientId)| match entry {
        Workload::Locks(locks) => locks.client(client, home, setup.calm, dice),
        Workload::Registers(registers) => registers.client(client, home, setup, dice),
    };
    numbered.map(client).collect()
}

impl RegisterWorkload {
    fn client(&self, client: ClientId, home: NodeId, setup: &Setup, dice: &mut Dice) -> ClientPlan<Client> {
        let homes = NodeId::all(setup.nodes()).cycle().skip(home.index()).take(setup.nodes() as usize).collect();
        let retries = if dice.happens(self.impatient) { 1 } else { self.retries };
        ClientPlan {
            homes,
            begins: Span::ZERO,
            timeout: self.timeout,
            retries,
            pace: Pace::Closed,
            machine: Client::Store(StoreClient::new(client, self.errands(setup.calm, dice))),
        }
    }

    /// Operations that fill the time until the calm, even if every answer comes at once.
    fn errands(&self, calm: Time, dice: &mut Dice) -> Vec<Errand> {
        let bound = (MOST_NAMED / self.clients.max(1)).clamp(1, MOST_ROUNDS);
        let most = self.operations.unwrap_or(bound).min(bound);
        let mut time = Time::ZERO;
        let mut errands = Vec::new();
        while errands.len() < most as usize && time < calm {
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

/// Reads how keys begin, where all that it may be followed by has room.
fn keyspace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let keyspace = String::deserialize(deserializer)?;
    key(&keyspace, 'k', u32::MAX.into()).map(|_| keyspace).map_err(de::Error::custom)
}

/// Reads the modes of a workload: there is one to draw.
fn some_modes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<LockMode>, D::Error> {
    let modes = Vec::deserialize(deserializer)?;
    if modes.is_empty() { Err(de::Error::custom("a request locks in some mode: name one at least")) } else { Ok(modes) }
}

/// So many bytes a long value has.
const LONG: u32 = 200;

impl LockWorkload {
    fn client(&self, client: ClientId, home: NodeId, calm: Time, dice: &mut Dice) -> ClientPlan<Client> {
        ClientPlan {
            homes: vec![home],
            begins: Span::ZERO,
            timeout: self.timeout,
            retries: self.retries,
            pace: Pace::Closed,
            machine: Client::Locks(LockClient::new(client, self.rounds(calm, dice))),
        }
    }

    /// Requests that fill the time until the calm, even if every answer comes at once.
    fn rounds(&self, calm: Time, dice: &mut Dice) -> Vec<Round> {
        let named = self.clients * (self.paths + self.uses).max(1);
        let bound = (MOST_NAMED / named).clamp(1, MOST_ROUNDS);
        let most = self.operations.unwrap_or(bound).min(bound);
        let mut time = Time::ZERO;
        let mut rounds = Vec::new();
        while rounds.len() < most as usize && time < calm {
            let round = self.round(dice);
            time += round.think + round.hold + Span::from_micros(1);
            rounds.push(round);
        }
        rounds
    }

    fn round(&self, dice: &mut Dice) -> Round {
        let around = |dice: &mut Dice, mean: Span| dice.span(mean.divided_by(2), mean + mean.divided_by(2));
        let (think, hold) = (around(dice, self.think), around(dice, self.hold));
        let wanted: Vec<(String, LockMode)> = (0..dice.between(1, u64::from(self.paths.max(1))))
            .map(|_| (self.tree.path(dice), *dice.pick(&self.modes).unwrap_or(&LockMode::X)))
            .collect();
        let uses = (0..self.uses).filter_map(|_| {
            let (key, mode) = dice.pick(&wanted).expect("a request names a path");
            let access = match mode {
                LockMode::X => Access::Write,
                LockMode::S | LockMode::Six => Access::Read,
                LockMode::Is | LockMode::Ix => return None,
            };
            Some(Use { key: key.clone(), access })
        });
        let uses = uses.collect();
        let written = |mode: LockMode| mode.to_string().to_lowercase();
        Round {
            think,
            hold,
            wanted: Wanted(wanted.into_iter().map(|(path, mode)| (path, written(mode))).collect()),
            priority: u8::try_from(dice.below(u64::from(self.priorities.max(1)))).expect("it is below a small number"),
            uses,
            greedy: dice.happens(self.greedy).then(|| Wanted::one(&self.tree.path(dice), "x")),
            oddity: dice.happens(self.odd).then(|| *dice.pick(&Oddity::ALL).expect("there are some")),
        }
    }
}

impl Tree {
    /// A resource of any level.
    fn path(self, dice: &mut Dice) -> String {
        let levels = dice.between(1, u64::from(self.levels.clamp(1, MOST_LEVELS)));
        let name =
            |(letter, dice): (char, &mut Dice)| format!("{letter}{}", 1 + dice.below(u64::from(self.width.max(1))));
        let mut path = String::new();
        for letter in ('a'..).take(usize::try_from(levels).expect("few levels")) {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&name((letter, dice)));
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Seed;

    #[test]
    fn a_workload_takes_bounded_memory() {
        let read = |text: &str| serde_json::from_str::<LockWorkload>(text);
        for field in ["clients", "paths", "uses"] {
            let error = read(&format!(r#"{{ "{field}": 4294967295 }}"#)).expect_err("too many");
            assert!(error.to_string().starts_with("4294967295 are too many"), "{error}");
        }
        let busy = read(r#"{ "clients": 10000, "paths": 100, "uses": 100, "think": "0ms", "hold": "0ms" }"#);
        let rounds = busy.expect("as much as may be").rounds(Time::MAX, &mut Seed(7).dice("test"));
        assert_eq!(rounds.len(), 5);
    }
}

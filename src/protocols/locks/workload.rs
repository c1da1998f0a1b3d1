//! Clients that lock, use what they have locked, and release it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::client::{LockClient, Oddity, Round, Use};
use super::{Locks, Wanted};
use crate::chance::{Chance, Dice};
use crate::codex::{Key, KeyError, StoreCommand};
use crate::identity::{ClientId, NodeId};
use crate::measure::{Share, at_most, between, positive};
use crate::observation::{Access, LockMode};
use crate::process::{ClientPlan, Pace};
use crate::protocols::{CommandOf, ReplyOf, Work};
use crate::subject::{Needs, Setup, Turn};
use crate::time::{Span, Time};

/// Clients that lock resources of a tree, one request after another, until quiescence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LockWorkload {
    /// The number of clients, up to ten thousand.
    #[serde(deserialize_with = "at_most::<MOST_CLIENTS, _>")]
    #[schemars(range(max = MOST_CLIENTS))]
    pub clients: u32,
    /// The resources.
    pub tree: Tree,
    /// The modes, at least one; each request draws one for each of its paths.
    #[serde(deserialize_with = "some_modes")]
    #[schemars(length(min = 1))]
    pub modes: Vec<LockMode>,
    /// The maximum number of paths in a request, up to a hundred.
    #[serde(deserialize_with = "between::<1, MOST_PATHS, _>")]
    #[schemars(range(min = 1, max = MOST_PATHS))]
    pub paths: u32,
    /// The pause between two requests of a client, drawn from half to one and a half times this.
    pub think: Span,
    /// How long a client holds a lock, drawn from half to one and a half times this.
    pub hold: Span,
    /// The fenced keyspace of the keys that a client reads and writes while it holds locks. Each key is named by the
    /// path that covers it.
    #[serde(deserialize_with = "keyspace")]
    pub keyspace: String,
    /// The number of operations on such keys per grant, up to a hundred.
    #[serde(deserialize_with = "at_most::<MOST_PATHS, _>")]
    #[schemars(range(max = MOST_PATHS))]
    pub uses: u32,
    /// The number of priorities.
    #[serde(deserialize_with = "positive")]
    #[schemars(range(min = 1))]
    pub priorities: u8,
    /// The share of grants during which the client requests another lock, which is refused.
    pub greedy: Share,
    /// The share of requests that follow an invalid one, which is refused.
    pub odd: Share,
    /// The maximum number of requests of each client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<u32>,
    /// How long a client waits for an answer before it retries.
    #[serde(deserialize_with = "positive")]
    pub timeout: Span,
    /// The number of retries before a client withdraws its request.
    pub retries: u32,
}

/// A tree of resources: `a1`, `a2`, … on the first level, `b1`, `b2`, … below each of them, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tree {
    /// The number of levels, up to 20.
    #[serde(deserialize_with = "between::<1, MOST_LEVELS, _>")]
    #[schemars(range(min = 1, max = MOST_LEVELS))]
    pub levels: u32,
    /// The number of resources under each one of the level above.
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
            keyspace: "fenced/".to_owned(),
            uses: 0,
            priorities: 3,
            greedy: Share::NONE,
            odd: Share::NONE,
            operations: None,
            timeout: Span::from_millis(500),
            retries: 10,
        }
    }
}

/// The maximum number of requests of one client in a run.
const MOST_ROUNDS: u32 = 10_000;

/// The maximum number of paths and uses, or of requests, of all clients of an entry together.
const MOST_NAMED: u32 = 10_000_000;

const MOST_CLIENTS: u32 = 10_000;
/// The maximum number of levels of a tree.
const MOST_LEVELS: u32 = 20;
/// The maximum number of paths, and of uses, of one request.
const MOST_PATHS: u32 = 100;

impl<C, R> Work<C, R> for LockWorkload
where
    C: CommandOf<Locks> + From<StoreCommand>,
    R: ReplyOf<Locks>,
{
    type Client = LockClient;

    fn clients(&self) -> u32 {
        self.clients
    }

    fn client(&self, client: ClientId, home: NodeId, setup: &Setup, dice: &mut Dice) -> ClientPlan<LockClient> {
        ClientPlan {
            homes: vec![home],
            begins: Span::ZERO,
            timeout: self.timeout,
            retries: self.retries,
            pace: Pace::Closed,
            machine: LockClient::new(client, self.rounds(setup.quiescence, dice)),
        }
    }

    fn needs(&self) -> Needs {
        let fenced = self.uses > 0;
        let protocols = if fenced { vec!["locks", "consensus"] } else { vec!["locks"] };
        Needs {
            protocols,
            keys: fenced.then(|| self.keyspace.clone()).into_iter().collect(),
            fenced,
            ..Needs::default()
        }
    }

    fn longest_turn(client: &LockClient) -> Option<Turn> {
        client.longest_turn()
    }
}

impl LockWorkload {
    /// Requests that fill the time until quiescence, even if every answer is immediate.
    fn rounds(&self, quiescence: Time, dice: &mut Dice) -> Vec<Round> {
        let named = self.clients * (self.paths + self.uses).max(1);
        let bound = (MOST_NAMED / named).clamp(1, MOST_ROUNDS);
        let most = self.operations.unwrap_or(bound).min(bound);
        let mut time = Time::ZERO;
        let mut rounds = Vec::new();
        while rounds.len() < most as usize && time < quiescence {
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
            Some(Use { key: key_of(&self.keyspace, key).expect("its keyspace leaves room"), access })
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
    /// A path of any level.
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

/// The key that a path covers in a keyspace.
fn key_of(keyspace: &str, path: &str) -> Result<Key, KeyError> {
    Key::new(&format!("{keyspace}{path}"))
}

/// Reads a prefix of keys, after which the longest path of a tree has room.
fn keyspace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let keyspace = String::deserialize(deserializer)?;
    let longest = vec!["a4294967295"; MOST_LEVELS as usize].join("/");
    key_of(&keyspace, &longest).map(|_| keyspace).map_err(de::Error::custom)
}

/// Reads the modes of a workload, of which there must be at least one.
fn some_modes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<LockMode>, D::Error> {
    let modes = Vec::deserialize(deserializer)?;
    if modes.is_empty() { Err(de::Error::custom("a request locks in some mode: name one at least")) } else { Ok(modes) }
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
            assert!(error.to_string().starts_with("4294967295 is too large"), "{error}");
        }
        let busy = read(r#"{ "clients": 10000, "paths": 100, "uses": 100, "think": "0ms", "hold": "0ms" }"#);
        let rounds = busy.expect("as much as may be").rounds(Time::MAX, &mut Seed(7).dice("test"));
        assert_eq!(rounds.len(), 5);
    }
}

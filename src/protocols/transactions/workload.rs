//! Clients that transact.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::OWNER;
use super::{Operation, ROW, TransactionCommand, Transactions};
use crate::chance::{Chance, Dice};
use crate::codex::{Key, Value};
use crate::identity::{ClientId, NodeId, OpId};
use crate::measure::{Share, at_most, between, positive};
use crate::process::{Ask, ClientPlan, Data, Pace, Script};
use crate::protocols::{CommandOf, Work};
use crate::subject::{Needs, Owner, Setup};
use crate::time::{Span, Time};

/// Clients of a bank: they move money between accounts, read accounts, and audit all accounts at once, until quiescence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BankWorkload {
    /// The number of clients, up to ten thousand.
    #[serde(deserialize_with = "at_most::<MOST_CLIENTS, _>")]
    #[schemars(range(max = MOST_CLIENTS))]
    pub clients: u32,
    /// How the names of the accounts begin, whose numbers from 1 on follow.
    pub accounts: String,
    /// The number of accounts, at least three.
    #[serde(deserialize_with = "between::<3, MOST_KEYS, _>")]
    #[schemars(range(min = 3, max = MOST_KEYS))]
    pub keys: u32,
    /// The pause between two operations of a client, drawn from half to one and a half times this.
    #[serde(deserialize_with = "positive")]
    pub think: Span,
    /// The share of reads of one or two accounts.
    pub reads: Share,
    /// The share of audits: reads of all accounts. All other transactions move 1 to 20 between two accounts, a tenth of them
    /// among three.
    pub audits: Share,
    /// The maximum number of operations of each client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<u32>,
    /// How long a client waits for an answer before it asks its node again.
    #[serde(deserialize_with = "positive")]
    pub timeout: Span,
    /// How often it asks again before it gives up.
    pub retries: u32,
}

impl Default for BankWorkload {
    fn default() -> Self {
        Self {
            clients: 4,
            accounts: "accounts/a".to_owned(),
            keys: 12,
            think: Span::from_millis(40),
            reads: Share::from_percent(20),
            audits: Share::from_percent(10),
            operations: None,
            timeout: Span::from_secs(2),
            retries: 3,
        }
    }
}

/// Clients that read and write many keys in transactions of one to four operations, until quiescence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OrderWorkload {
    /// The number of clients, up to ten thousand.
    #[serde(deserialize_with = "at_most::<MOST_CLIENTS, _>")]
    #[schemars(range(max = MOST_CLIENTS))]
    pub clients: u32,
    /// How the keys begin: items `i1`, `i2`, …, which hold values, and lists `l1`, `l2`, … follow.
    pub keyspace: String,
    /// The number of keys.
    #[serde(deserialize_with = "between::<1, MOST_KEYS, _>")]
    #[schemars(range(min = 1, max = MOST_KEYS))]
    pub keys: u32,
    /// The pause between two transactions of a client, drawn from half to one and a half times this.
    #[serde(deserialize_with = "positive")]
    pub think: Span,
    /// The share of operations on one of the first two keys.
    pub hot: Share,
    /// The share of transactions that only read.
    pub reads: Share,
    /// The maximum number of transactions of each client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<u32>,
    /// How long a client waits for an answer before it asks its node again.
    #[serde(deserialize_with = "positive")]
    pub timeout: Span,
    /// How often it asks again before it gives up.
    pub retries: u32,
}

impl Default for OrderWorkload {
    fn default() -> Self {
        Self {
            clients: 4,
            keyspace: "orders/".to_owned(),
            keys: 50,
            think: Span::from_millis(40),
            hot: Share::from_percent(20),
            reads: Share::from_percent(30),
            operations: None,
            timeout: Span::from_secs(2),
            retries: 3,
        }
    }
}

const MOST_CLIENTS: u32 = 10_000;
const MOST_KEYS: u32 = 1_000_000;
/// A client transacts so often at the most.
const MOST: usize = 10_000;
/// A transfer moves so much at the most.
const MOST_MOVED: u64 = 20;
/// A transaction of orders has so many operations at the most.
const MOST_OPERATIONS: u64 = 4;

/// The plan of a client of these habits.
struct Habits {
    think: Span,
    operations: Option<u32>,
    timeout: Span,
    retries: u32,
}

impl Habits {
    fn plan<C: CommandOf<Transactions> + Data>(
        &self,
        home: NodeId,
        quiescence: Time,
        dice: &mut Dice,
        mut drawn: impl FnMut(u32, &mut Dice) -> Vec<Operation>,
    ) -> ClientPlan<Script<C>> {
        let most = self.operations.map_or(MOST, |most| (most as usize).min(MOST));
        let (mut asks, mut time) = (Vec::new(), Time::ZERO);
        while asks.len() < most && time < quiescence {
            let after = dice.span(self.think.divided_by(2), self.think + self.think.divided_by(2));
            time += after + Span::from_micros(1);
            let number = u32::try_from(asks.len() + 1).expect("few operations");
            let operations = drawn(number, dice);
            asks.push(Ask { after, command: C::of(TransactionCommand::Transact { operations }) });
        }
        ClientPlan {
            homes: vec![home],
            begins: Span::ZERO,
            timeout: self.timeout,
            retries: self.retries,
            pace: Pace::Closed,
            machine: Script::new(asks),
        }
    }
}

fn needs(prefix: &str) -> Needs {
    Needs {
        protocols: vec![ROW.name],
        keys: vec![prefix.to_owned()],
        owner: Some(Owner::Only(OWNER)),
        ..Needs::default()
    }
}

/// Shares that add up to more than all.
fn too_many(shares: &[Share], what: &str) -> Option<String> {
    let sum: u64 = shares.iter().map(|share| u64::from(share.as_ppb())).sum();
    (sum > u64::from(Share::ALL.as_ppb())).then(|| format!("the shares of {what} add up to more than 100 %"))
}

impl<C: CommandOf<Transactions> + Data, R> Work<C, R> for BankWorkload {
    type Client = Script<C>;

    fn clients(&self) -> u32 {
        self.clients
    }

    fn client(&self, _client: ClientId, home: NodeId, setup: &Setup, dice: &mut Dice) -> ClientPlan<Script<C>> {
        let habits =
            Habits { think: self.think, operations: self.operations, timeout: self.timeout, retries: self.retries };
        habits.plan(home, setup.quiescence, dice, |_, dice| self.drawn(dice))
    }

    fn needs(&self) -> Needs {
        needs(&self.accounts)
    }

    fn objection(&self) -> Option<String> {
        too_many(&[self.reads, self.audits], "reads and audits")
    }
}

impl BankWorkload {
    fn account(&self, number: u64) -> Key {
        Key::new(&format!("{}{}", self.accounts, number + 1)).expect("its name leaves room")
    }

    fn drawn(&self, dice: &mut Dice) -> Vec<Operation> {
        let lot = dice.below(u64::from(Share::ALL.as_ppb()));
        let (reads, audits) = (u64::from(self.reads.as_ppb()), u64::from(self.audits.as_ppb()));
        let keys = u64::from(self.keys);
        if lot < audits {
            return (0..keys).map(|number| Operation::Read { key: self.account(number) }).collect();
        }
        let count = if lot < audits + reads { 1 + dice.below(2) } else { 2 + u64::from(dice.below(10) == 0) };
        let mut picked: Vec<u64> = Vec::new();
        while (picked.len() as u64) < count {
            let number = dice.below(keys);
            if !picked.contains(&number) {
                picked.push(number);
            }
        }
        if lot < audits + reads {
            return picked.into_iter().map(|number| Operation::Read { key: self.account(number) }).collect();
        }
        let (payer, payees) = picked.split_first().expect("two accounts at least");
        let mut paid = 0;
        let mut operations = Vec::new();
        for payee in payees {
            let amount = i64::try_from(1 + dice.below(MOST_MOVED)).expect("a small number");
            paid += amount;
            operations.push(Operation::Add { key: self.account(*payee), amount });
        }
        operations.insert(0, Operation::Add { key: self.account(*payer), amount: -paid });
        operations
    }
}

impl<C: CommandOf<Transactions> + Data, R> Work<C, R> for OrderWorkload {
    type Client = Script<C>;

    fn clients(&self) -> u32 {
        self.clients
    }

    fn client(&self, client: ClientId, home: NodeId, setup: &Setup, dice: &mut Dice) -> ClientPlan<Script<C>> {
        let habits =
            Habits { think: self.think, operations: self.operations, timeout: self.timeout, retries: self.retries };
        habits.plan(home, setup.quiescence, dice, |number, dice| self.drawn(OpId { client, number }, dice))
    }

    fn needs(&self) -> Needs {
        needs(&self.keyspace)
    }
}

impl OrderWorkload {
    fn drawn(&self, op: OpId, dice: &mut Dice) -> Vec<Operation> {
        let reads_only = dice.happens(self.reads);
        let mut operations: Vec<Operation> = Vec::new();
        for place in 0..1 + dice.below(MOST_OPERATIONS) {
            let keys = if dice.happens(self.hot) { u64::from(self.keys).min(2) } else { u64::from(self.keys) };
            let (number, lot) = (1 + dice.below(keys), dice.below(10));
            let key = |kind| Key::new(&format!("{}{kind}{number}", self.keyspace)).expect("its name leaves room");
            let value = || Value::text(&format!("{op}.{place}"));
            let operation = match lot {
                _ if reads_only => Operation::Read { key: key(if lot < 3 { 'l' } else { 'i' }) },
                0..3 => Operation::Append { key: key('l'), value: value() },
                3..6 => Operation::Read { key: key('i') },
                6 => Operation::Delete { key: key('i') },
                _ => Operation::Put { key: key('i'), value: value() },
            };
            if !operations.iter().any(|known| (known.key(), known.writes()) == (operation.key(), operation.writes())) {
                operations.push(operation);
            }
        }
        operations
    }
}

//! Tests of clients of replicated keys, and of their plans.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::chance::Seed;
use crate::clocks::Dot;
use crate::codex::conflict::{Class, MEANING, Sibling, distance};
use crate::codex::scripture::verses;
use crate::codex::{CausalContext, Key, Keyspaces, StoreCommand, StoreReply, Value, Within};
use crate::identity::{Boot, ClientId, Incarnation, OpId};
use crate::measure::Share;
use crate::process::{Ask, Client, ClientPlan, Outcome};
use crate::protocols::{AsStore, Work};
use crate::subject::Setup;
use crate::time::{Span, Time};

struct Reply(StoreReply);

impl AsStore for Reply {
    fn as_store(&self) -> Option<&StoreReply> {
        Some(&self.0)
    }
}

const NODES: u32 = 3;

fn planned<W: Work<StoreCommand, Reply, Client = ReplicaClient>>(workload: &W, seed: u64) -> ClientPlan<ReplicaClient> {
    let quiescence = Time::ZERO + Span::from_secs(1_000);
    let setup =
        Setup { voters: NODES, observers: 0, quiescence, keyspaces: Keyspaces::default(), core: None, corrupts: false };
    workload.client(ClientId::new(4), NodeId::new(1), &setup, &mut Seed(seed).dice("workload"))
}

/// A thousand operations of documents.
fn thousand() -> DocumentWorkload {
    DocumentWorkload { operations: Some(1_000), ..DocumentWorkload::default() }
}

/// The commands of a client that is answered so, each with the index of the home that it is sent to.
fn commands(mut client: ReplicaClient, answer: impl Fn(&StoreCommand) -> StoreReply) -> Vec<(StoreCommand, usize)> {
    let mut sent = Vec::new();
    let mut last = None;
    loop {
        let outcome = last.as_ref().map(Outcome::Answered);
        let Some(Ask { command, .. }) = Client::<StoreCommand, Reply>::next(&mut client, outcome) else { return sent };
        last = Some(Reply(answer(&command)));
        let home = Client::<StoreCommand, Reply>::home(&client);
        sent.push((command, home));
    }
}

fn dot(n: u64) -> Dot {
    Dot::new(Incarnation::new(NodeId::new(0), Boot::new(1)), crate::identity::Era::default(), n)
}

/// The context of the n-th write of a node.
fn context(n: u64) -> Arc<CausalContext> {
    Arc::new(CausalContext { held: vec![dot(n)], covered: [dot(n)].into_iter().collect(), stamp: n })
}

/// A replica that shows this of every key.
fn showing(value: Option<Value>) -> impl Fn(&StoreCommand) -> StoreReply {
    move |command| match command {
        StoreCommand::Read { .. } => StoreReply::View { value: value.clone(), seen: context(7), open: false },
        StoreCommand::Put { .. } | StoreCommand::Delete { .. } => StoreReply::Written { dot: dot(8), stamp: 8 },
        StoreCommand::Open | StoreCommand::Cas { .. } | StoreCommand::Append { .. } => panic!("no replica offers this"),
    }
}

fn values(sent: &[(StoreCommand, usize)]) -> Vec<Value> {
    let put = |command: &StoreCommand| match command {
        StoreCommand::Put { value, .. } => Some(value.clone()),
        StoreCommand::Open
        | StoreCommand::Read { .. }
        | StoreCommand::Delete { .. }
        | StoreCommand::Cas { .. }
        | StoreCommand::Append { .. } => None,
    };
    sent.iter().filter_map(|(command, _)| put(command)).collect()
}

const fn brought(act: &Act) -> Option<Brought> {
    match act {
        Act::Read => None,
        Act::Put(_, brought) | Act::Delete(brought) => Some(*brought),
    }
}

fn count<'p>(plan: &'p [Planned], is_one: impl Fn(&'p Planned) -> bool) -> usize {
    plan.iter().filter(|planned| is_one(planned)).count()
}

#[test]
fn a_plan_is_the_same_for_the_same_seed() {
    fn twice<W: Work<StoreCommand, Reply, Client = ReplicaClient>>(workload: &W) {
        assert_eq!(planned(workload, 5), planned(workload, 5));
        assert_ne!(planned(workload, 5).machine, planned(workload, 6).machine);
    }
    twice(&DocumentWorkload::default());
    twice(&SetWorkload::default());
    twice(&ScriptureWorkload::default());
}

#[test]
fn a_retry_goes_on_from_the_client_s_home_around_the_nodes() {
    assert_eq!(planned(&thousand(), 1).homes, [1, 2, 0].map(NodeId::new));
}

#[test]
fn the_shares_come_out_as_asked() {
    let ClientPlan { machine, .. } = planned(&thousand(), 1);
    let plan = machine.plan();
    assert_eq!(plan.len(), 1_000);
    let reads = count(plan, |planned| planned.act == Act::Read);
    let deletes = count(plan, |planned| matches!(planned.act, Act::Delete(_)));
    assert!((350..450).contains(&reads) && (110..190).contains(&deletes), "{reads} reads, {deletes} deletes");
    let of = |is_one: fn(Brought) -> bool| count(plan, |planned| brought(&planned.act).is_some_and(is_one));
    let kept = of(|brought| brought == Brought::Kept);
    let dropped = of(|brought| brought == Brought::Dropped);
    let carried = of(|brought| matches!(brought, Brought::Carried(home) if (1..NODES as usize).contains(&home)));
    assert_eq!(kept + dropped + carried, 1_000 - reads);
    assert!(
        (310..410).contains(&kept) && (85..155).contains(&dropped) && (85..155).contains(&carried),
        "{kept} {carried}"
    );
    let first = Key::new("documents/d1").expect("a key");
    let hot = count(plan, |planned| planned.key == first); // 20 % of all, and a fifth of the rest
    assert!((310..410).contains(&hot), "{hot}");
}

#[test]
fn shares_beyond_the_whole_are_refused() {
    let objection = |workload: &DocumentWorkload| Work::<StoreCommand, Reply>::objection(workload);
    assert_eq!(objection(&DocumentWorkload::default()), None);
    let kinds = DocumentWorkload { reads: Share::from_percent(86), ..DocumentWorkload::default() };
    assert_eq!(objection(&kinds).as_deref(), Some("the shares of reads and deletes add up to 101.00 %: at most 100 %"));
    let contexts = DocumentWorkload { dropped: Share::from_percent(21), ..DocumentWorkload::default() };
    assert!(objection(&contexts).is_some_and(|why| why.contains("kept, dropped and carried contexts")));
}

#[test]
fn every_document_is_another_and_all_kinds_of_conflicts_occur() {
    let sent = commands(planned(&thousand(), 1).machine, showing(None));
    let all = values(&sent);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert!(all.iter().all(|value| value.nesting() <= 3) && all.iter().any(|value| value.nesting() == 3));
    let meaning = |value: &Value| if let Value::Map(fields) = value { fields.get(MEANING).cloned() } else { None };
    assert_eq!(all.iter().filter_map(meaning).collect::<BTreeSet<_>>().len(), 3);
    let mut found = BTreeSet::new();
    for pair in all.windows(2) {
        let siblings: Vec<Sibling<'_>> =
            pair.iter().zip(1..).map(|(value, n)| Sibling { value, stamp: n, dot: dot(n) }).collect();
        found.insert(Class::of(&siblings));
    }
    assert_eq!(found, BTreeSet::from([Class::Value, Class::Structural, Class::Semantic]));
}

#[test]
fn a_document_is_filled_up() {
    let workload = DocumentWorkload { bytes: 5_000, operations: Some(20), ..DocumentWorkload::default() };
    let all = values(&commands(planned(&workload, 1).machine, showing(None)));
    assert!(!all.is_empty() && all.iter().all(|value| (5_000..5_300).contains(&value.to_string().len())));
}

#[test]
fn contexts_are_brought_as_planned() {
    let ClientPlan { machine, .. } = planned(&thousand(), 2);
    let plan = machine.plan().to_vec();
    let sent = commands(machine, showing(None));
    let mut read = BTreeSet::new();
    for (planned, (command, home)) in plan.iter().zip(&sent) {
        let key = command.key().expect("there is no session");
        let (_, within) = command.target().expect("it is about a key");
        assert_eq!((key, *within), (&planned.key, Within::default()));
        let known = read.contains(key);
        let expected = match brought(&planned.act) {
            None => {
                read.insert(key.clone());
                assert_eq!(*home, 0, "a client reads at home");
                continue;
            }
            Some(Brought::Kept) => (known, 0),
            Some(Brought::Dropped) => (false, 0),
            Some(Brought::Carried(home)) => (known, home),
        };
        read.remove(key);
        let (StoreCommand::Put { seen, .. } | StoreCommand::Delete { seen, .. }) = command else {
            panic!("{command:?} is no write")
        };
        assert_eq!((seen.clone().and_then(|seen| seen.context), *home), (expected.0.then(|| context(7)), expected.1));
    }
}

#[test]
fn a_set_grows_by_one_token_from_what_was_read() {
    let workload = SetWorkload { operations: Some(300), ..SetWorkload::default() };
    let held = Value::List(Arc::new(vec![Value::text("old")]));
    let sent = commands(planned(&workload, 3).machine, showing(Some(held)));
    let mut tokens = BTreeSet::new();
    let mut grown = 0;
    for value in values(&sent) {
        let Value::List(items) = value else { panic!("{value} is no list") };
        let (token, before) = items.split_last().expect("it has a token");
        assert!(tokens.insert(token.clone()), "{token} comes again");
        assert!(before.is_empty() || before == [Value::text("old")]);
        grown += usize::from(!before.is_empty());
    }
    assert!(grown > 20 && grown < tokens.len(), "{grown} of {}", tokens.len());
}

#[test]
fn a_token_names_its_operation() {
    let read = SetWorkload { operations: Some(3), reads: Share::NONE, deletes: Share::NONE, ..SetWorkload::default() };
    let sent = commands(planned(&read, 3).machine, showing(None));
    let name = |number: u32| Value::text(&OpId { client: ClientId::new(4), number }.to_string());
    let alone = |number: u32| Value::List(Arc::new(vec![name(number)]));
    assert_eq!(values(&sent), [alone(1), alone(2), alone(3)]);
}

#[test]
fn a_verse_has_a_few_letters_wrong() {
    let workload = ScriptureWorkload { operations: Some(1_000), ..ScriptureWorkload::default() };
    let sent = commands(planned(&workload, 4).machine, showing(None));
    let canon: Vec<(Key, &str)> = verses("canon/").collect();
    let mut distances = BTreeSet::new();
    for (command, _) in &sent {
        let text = values(&[(command.clone(), 0)]);
        let [Value::Text(text)] = &text[..] else { continue };
        let key = command.key().expect("a put has a key");
        let (_, verse) = canon.iter().find(|(name, _)| name == key).expect("it is the key of a verse");
        distances.insert(distance(text, verse));
    }
    assert_eq!(distances, (0..=5).collect());
}

#[test]
fn a_text_can_lose_all_its_letters() {
    let workload = ScriptureWorkload { edits: 100, verses: 1, operations: Some(2_000), ..ScriptureWorkload::default() };
    let first = verses("canon/").next().expect("a verse").1;
    for value in values(&commands(planned(&workload, 4).machine, showing(None))) {
        let Value::Text(text) = value else { panic!("{value} is no text") };
        assert!(distance(&text, first) <= 100);
    }
}

#[test]
fn a_workload_takes_bounded_memory() {
    let read = |text: &str| serde_json::from_str::<DocumentWorkload>(text).map_err(|error| error.to_string());
    for text in
        [r#"{"clients":10001}"#, r#"{"bytes":15001}"#, r#"{"meanings":0}"#, r#"{"meanings":9}"#, r#"{"keys":0}"#]
    {
        assert!(read(text).is_err(), "{text}");
    }
    let long = format!(r#"{{"keyspace":"{}"}}"#, "x".repeat(1_015));
    assert!(read(&long).expect_err("no room").contains("at most 1024"));
    let endless = DocumentWorkload { think: Span::ZERO, ..DocumentWorkload::default() };
    assert_eq!(planned(&endless, 1).machine.plan().len(), 10_000);
}

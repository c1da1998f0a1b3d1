//! One node on a bench: what it does, effect by effect.

use std::sync::Arc;

use super::machine::COMPACT_AFTER;
use super::*;
use crate::clocks::{Causality, HybridStamp, Stamp};
use crate::context::{Effect, Workbench};
use crate::encoding;
use crate::identity::{Boot, ClientId, LaneId, NodeId, OpId};
use crate::process::{Process, Stored};
use crate::protocols::clocks::{ClocksFact, Comparison};
use crate::protocols::{Datagram, Registry, Tag};
use crate::subject::{Flaws, Profile};
use crate::time::{LocalTime, Span};
use crate::trace::label_of;

const N1: NodeId = NodeId::new(0);
const N2: NodeId = NodeId::new(1);
const N3: NodeId = NodeId::new(2);

type Bench = Workbench<Broadcaster>;

/// The stamp of an event whose vector is written `n1:3 n2:1` and whose longest chain of causes has `count` events; the
/// wall clocks here stand at zero.
fn stamp(vector: &str, count: u32) -> Arc<Stamp> {
    let entry = |entry: &str| {
        let (life, count) = entry.split_once(':').expect("an entry");
        (life.parse().expect("an incarnation"), count.parse().expect("a count"))
    };
    let hybrid = HybridStamp { wall: LocalTime::default(), count };
    Arc::new(Stamp { vector: vector.split(' ').map(entry).collect(), hybrid })
}

fn op(number: u32) -> OpId {
    OpId { client: ClientId::new(0), number }
}

fn counts(entries: &[(NodeId, u64)]) -> Counts {
    let mut counts = Counts::default();
    for (origin, number) in entries {
        counts.raise(*origin, *number);
    }
    counts
}

fn text(number: u64, causes: &[(NodeId, u64)]) -> Arc<Broadcast> {
    let op = op(u32::try_from(number).expect("small"));
    Arc::new(Broadcast { number, causes: counts(causes), op, text: "arma".to_owned() })
}

fn registry() -> Registry {
    Registry::new(3)
}

type Message = Datagram<Body>;

/// The effects since the last call, behind the stamp of what the step handled.
pub(super) fn taken(bench: &mut Bench) -> Vec<Effect<Broadcaster>> {
    bench.take_own_stamp().map(Effect::Stamp).into_iter().chain(bench.take_effects()).collect()
}

fn comparison(left: &Stamp, right: &Stamp, answer: Causality) -> ClocksFact {
    let (left, right) = (left.vector.clone(), right.vector.clone());
    ClocksFact::Compared(Box::new(Comparison { left, right, answer }))
}

fn signed(from: NodeId, to: NodeId, body: Body, stamp: &Arc<Stamp>) -> Message {
    let tag = Tag { stamp: Some(Arc::clone(stamp)), ..Tag::default() };
    Datagram::signed(body, tag.shared(), from, to, &registry())
}

fn data(from: NodeId, to: NodeId, broadcast: &Arc<Broadcast>, stamp: &Arc<Stamp>) -> Message {
    signed(from, to, Body::Data { broadcast: Arc::clone(broadcast) }, stamp)
}

fn ack(from: NodeId, to: NodeId, upto: u64, stamp: &Arc<Stamp>) -> Message {
    signed(from, to, Body::Ack { upto }, stamp)
}

fn note(fact: impl Into<Fact>) -> Effect<Broadcaster> {
    Effect::Note(fact.into())
}

fn delivered(origin: NodeId, number: u64) -> Effect<Broadcaster> {
    note(BroadcastFact::Delivered { origin, number })
}

fn compared(left: &Stamp, right: &Stamp, answer: Causality) -> Effect<Broadcaster> {
    note(comparison(left, right, answer))
}

fn synced(stamp: &Arc<Stamp>) -> [Effect<Broadcaster>; 2] {
    [Effect::Append(Entry::Clock(Arc::clone(stamp))), Effect::Sync { completion: None }]
}

/// A node of three that has just started for the first time.
fn started(me: NodeId) -> (Bench, Broadcaster) {
    let mut bench = Bench::new(me, 3, Config::new(3, Settings::default()));
    let node = bench.step(|ctx| Broadcaster::start(ctx.boot(), &[], ctx));
    assert_eq!(taken(&mut bench), [Effect::Stamp(stamp(&format!("{me}:1"), 1))]);
    (bench, node)
}

fn ask(bench: &mut Bench, node: &mut Broadcaster, op: OpId) -> Vec<Effect<Broadcaster>> {
    bench.step(|ctx| node.on_command(op, Command::Broadcast { text: "arma".to_owned() }, ctx));
    taken(bench)
}

fn hear(bench: &mut Bench, node: &mut Broadcaster, from: NodeId, message: Message) -> Vec<Effect<Broadcaster>> {
    bench.step(|ctx| node.on_message(from, message, ctx));
    taken(bench)
}

fn facts(effects: &[Effect<Broadcaster>]) -> Vec<BroadcastFact> {
    let fact = |effect: &Effect<Broadcaster>| {
        if let Effect::Note(Fact::Broadcast(fact)) = effect { Some(fact.clone()) } else { None }
    };
    effects.iter().filter_map(fact).collect()
}

/// What is sent, without stamps: to whom, and the number of the broadcast or `upto` with a minus.
fn sends(effects: &[Effect<Broadcaster>]) -> Vec<(NodeId, i64)> {
    let send = |effect: &Effect<Broadcaster>| {
        let Effect::Send { to, message } = effect else { return None };
        match &message.body {
            Body::Data { broadcast } => Some((*to, broadcast.number.cast_signed())),
            Body::Ack { upto } => Some((*to, -upto.cast_signed())),
        }
    };
    effects.iter().filter_map(send).collect()
}

fn timer(effects: &[Effect<Broadcaster>]) -> Option<Span> {
    effects.iter().find_map(|effect| {
        if let Effect::SetTimer { timer: Timer::Resend, after } = effect { Some(*after) } else { None }
    })
}

/// The entries that the effects add to a disk, all of them synced.
fn disk(effects: &[Effect<Broadcaster>]) -> Vec<Stored<Entry>> {
    let entry = |effect: &Effect<Broadcaster>| {
        if let Effect::Append(entry) = effect { Some(Stored::Intact(entry.clone())) } else { None }
    };
    effects.iter().filter_map(entry).collect()
}

#[test]
fn a_broadcast_is_durable_before_it_leaves() {
    let (mut bench, mut node) = started(N1);
    let effects = ask(&mut bench, &mut node, op(1));
    let [invoked, first, second] = [2, 3, 4].map(|event| stamp(&format!("n1:{event}"), event));
    let mut expected = vec![Effect::Stamp(Arc::clone(&invoked)), Effect::Append(Entry::Broadcast(text(1, &[])))];
    expected.extend(synced(&invoked));
    expected.extend([
        note(BroadcastFact::Broadcast { number: 1, op: op(1) }),
        delivered(N1, 1),
        Effect::Reply { op: op(1), reply: Reply::Accepted { number: 1 } },
        Effect::Stamp(Arc::clone(&first)),
        Effect::Send { to: N2, message: data(N1, N2, &text(1, &[]), &first) },
        Effect::Stamp(Arc::clone(&second)),
        Effect::Send { to: N3, message: data(N1, N3, &text(1, &[]), &second) },
        Effect::SetTimer { timer: Timer::Resend, after: timer(&effects).expect("a timer") },
    ]);
    assert_eq!(effects, expected);
}

#[test]
fn a_retry_is_answered_without_a_second_broadcast() {
    let (mut bench, mut node) = started(N1);
    ask(&mut bench, &mut node, op(1));
    let again = ask(&mut bench, &mut node, op(1));
    let reply = Effect::Reply { op: op(1), reply: Reply::Accepted { number: 1 } };
    assert_eq!(again, [Effect::Stamp(stamp("n1:5", 5)), reply]);
}

#[test]
fn a_delivery_is_durable_before_it_is_told_or_acknowledged() {
    let (mut bench, mut node) = started(N2);
    let (sent, arrived, acked) = (stamp("n1:3", 3), stamp("n1:3 n2:2", 4), stamp("n1:3 n2:3", 5));
    let effects = hear(&mut bench, &mut node, N1, data(N1, N2, &text(1, &[]), &sent));
    let mut expected = vec![
        Effect::Stamp(Arc::clone(&arrived)),
        compared(&sent, &stamp("n2:1", 1), Causality::Concurrent),
        Effect::Append(Entry::Delivered { origin: N1, number: 1 }),
    ];
    expected.extend(synced(&arrived));
    expected.extend([
        delivered(N1, 1),
        Effect::Stamp(Arc::clone(&acked)),
        Effect::Send { to: N1, message: ack(N2, N1, 1, &acked) },
    ]);
    assert_eq!(effects, expected);
}

#[test]
fn a_message_waits_for_its_causes() {
    let (mut bench, mut node) = started(N3);
    let answer = data(N2, N3, &text(1, &[(N1, 1)]), &stamp("n2:4", 4));
    for copy in [answer.clone(), answer] {
        let effects = hear(&mut bench, &mut node, N2, copy);
        assert!(facts(&effects).is_empty() && sends(&effects).is_empty(), "{effects:?}");
    }
    let effects = hear(&mut bench, &mut node, N1, data(N1, N3, &text(1, &[]), &stamp("n1:4", 4)));
    let told = [(N1, 1), (N2, 1)].map(|(origin, number)| BroadcastFact::Delivered { origin, number });
    assert_eq!(facts(&effects), told);
    assert_eq!(sends(&effects), [(N1, -1), (N2, -1)]);
    assert_eq!(disk(&effects).len(), 3, "one sync for both, which ends with the clock");
}

#[test]
fn a_duplicate_is_acknowledged_again() {
    let (mut bench, mut node) = started(N2);
    let message = data(N1, N2, &text(1, &[]), &stamp("n1:3", 3));
    hear(&mut bench, &mut node, N1, message.clone());
    let effects = hear(&mut bench, &mut node, N1, message);
    assert!(facts(&effects).is_empty());
    assert_eq!(sends(&effects), [(N1, -1)]);
}

#[test]
fn a_forged_message_is_refused() {
    let (mut bench, mut node) = started(N2);
    let good = data(N1, N2, &text(1, &[]), &stamp("n1:3", 3));
    let mut bytes = Vec::new();
    encoding::write(&good, &mut bytes);
    let mut refused = 0;
    for bit in 0..8 * bytes.len() as u64 {
        let mut flipped = bytes.clone();
        encoding::flip_bit(&mut flipped, bit);
        let Ok(message) = encoding::read::<Message>(&flipped) else { continue };
        let effects = hear(&mut bench, &mut node, N1, message);
        refused += 1;
        let ticked = stamp(&format!("n2:{}", refused + 1), refused + 1);
        let fact = note(BroadcastFact::Forged { from: N1, count: refused.into() });
        assert_eq!(effects, [Effect::Stamp(ticked), fact], "bit {bit}");
    }
    assert!(refused > 300, "{refused}");
    let misdirected = data(N1, N3, &text(1, &[]), &stamp("n1:3", 3));
    assert!(matches!(facts(&hear(&mut bench, &mut node, N1, misdirected))[..], [BroadcastFact::Forged { .. }]));
    assert!(matches!(facts(&hear(&mut bench, &mut node, N3, good))[..], [BroadcastFact::Forged { .. }]));
}

#[test]
fn silence_is_met_with_the_oldest_ever_more_rarely_and_ends_with_the_acknowledgements() {
    let (mut bench, mut node) = started(N1);
    ask(&mut bench, &mut node, op(1));
    ask(&mut bench, &mut node, op(2));
    hear(&mut bench, &mut node, N3, ack(N3, N1, 2, &stamp("n3:5", 5)));
    let mut waits = Vec::new();
    let mut after = Span::from_millis(70);
    for _ in 0..7 {
        bench.monotonic = bench.monotonic + after;
        bench.step(|ctx| node.on_timer(Timer::Resend, ctx));
        let effects = taken(&mut bench);
        assert_eq!(sends(&effects), [(N2, 1)]);
        after = timer(&effects).expect("a timer");
        waits.push(after.as_nanos() / 1_000_000);
    }
    for (wait, least) in waits.iter().zip([100, 200, 400, 800, 1000, 1000, 1000]) {
        assert!((least..=least + least / 4).contains(wait), "{waits:?}");
    }
    let effects = hear(&mut bench, &mut node, N2, ack(N2, N1, 1, &stamp("n2:5", 5)));
    assert_eq!(sends(&effects), [(N2, 2)], "it goes on where the peer is");
    let effects = hear(&mut bench, &mut node, N2, ack(N2, N1, 2, &stamp("n2:6", 6)));
    assert_eq!(effects.last(), Some(&Effect::CancelTimer { timer: Timer::Resend }));
}

#[test]
fn a_peer_is_sent_no_more_than_its_window() {
    let (mut bench, mut node) = started(N1);
    let sent: usize = (1..=20).map(|n| sends(&ask(&mut bench, &mut node, op(n))).len()).sum();
    assert_eq!(sent, 2 * 16);
    let effects = hear(&mut bench, &mut node, N2, ack(N2, N1, 3, &stamp("n2:5", 5)));
    assert_eq!(sends(&effects), [(N2, 17), (N2, 18), (N2, 19)]);
}

#[test]
fn a_restarted_node_goes_on_from_its_disk() {
    let (mut bench, mut node) = started(N1);
    let mut kept = disk(&ask(&mut bench, &mut node, op(1)));
    kept.extend(disk(&hear(&mut bench, &mut node, N2, data(N2, N1, &text(1, &[]), &stamp("n2:4", 4)))));
    kept.extend(disk(&ask(&mut bench, &mut node, op(2))));
    kept.push(Stored::Torn(LaneId::new(0)));
    bench.boot = Boot::new(2);
    let mut node = bench.step(|ctx| Broadcaster::start(ctx.boot(), &kept, ctx));
    let effects = taken(&mut bench);
    let first = stamp("n1:7 n1/2:1 n2:4", 8);
    assert_eq!(effects[0], Effect::Stamp(first), "the clock goes on from the call of the last sync");
    let told = BroadcastFact::Broadcast { number: 2, op: op(2) };
    let resumed = BroadcastFact::Resumed { delivered: counts(&[(N1, 2), (N2, 1)]) };
    assert_eq!(facts(&effects), [told, resumed]);
    assert_eq!(sends(&effects), [(N2, 1), (N3, 1)], "the oldest asks each peer how far it is");
    let effects = hear(&mut bench, &mut node, N2, ack(N2, N1, 1, &stamp("n2:9", 9)));
    assert_eq!(sends(&effects), [(N2, 2)]);
    let again = ask(&mut bench, &mut node, op(1));
    assert_eq!(again.last(), Some(&Effect::Reply { op: op(1), reply: Reply::Accepted { number: 1 } }));
}

#[test]
fn a_delivery_after_the_last_broadcast_proves_that_its_fact_was_told() {
    let (mut bench, mut node) = started(N1);
    let mut kept = disk(&ask(&mut bench, &mut node, op(1)));
    kept.extend(disk(&hear(&mut bench, &mut node, N2, data(N2, N1, &text(1, &[]), &stamp("n2:4", 4)))));
    bench.boot = Boot::new(2);
    bench.step(|ctx| Broadcaster::start(ctx.boot(), &kept, ctx));
    assert!(matches!(facts(&taken(&mut bench))[..], [BroadcastFact::Resumed { .. }]));
}

#[test]
fn a_damaged_entry_is_told_and_its_clock_forgotten() {
    let (mut bench, mut node) = started(N1);
    let mut kept = disk(&ask(&mut bench, &mut node, op(1)));
    *kept.last_mut().expect("a clock") = Stored::Damaged(LaneId::new(0));
    bench.boot = Boot::new(2);
    bench.step(|ctx| Broadcaster::start(ctx.boot(), &kept, ctx));
    let effects = taken(&mut bench);
    assert_eq!(effects[0], Effect::Stamp(stamp("n1/2:1", 1)));
    assert_eq!(facts(&effects)[0], BroadcastFact::Damaged { entries: 1 });
}

#[test]
fn a_long_log_is_rewritten_to_what_is_owed() {
    let (mut bench, mut node) = started(N1);
    let mut rewritten = None;
    for number in 1..=150 {
        let effects = ask(&mut bench, &mut node, op(number));
        for peer in [N2, N3] {
            let stamp = stamp(&format!("{peer}:{number}"), number);
            hear(&mut bench, &mut node, peer, ack(peer, N1, u64::from(number) - u64::from(peer == N3), &stamp));
        }
        let log = effects.iter().find_map(|effect| {
            if let Effect::Rewrite { entries: log, .. } = effect { Some(log.clone()) } else { None }
        });
        if let Some(log) = log {
            assert!(matches!(effects[2], Effect::Append(Entry::Broadcast(_))), "what is new follows");
            rewritten = Some((number, log));
        }
    }
    let (number, log) = rewritten.expect("the log grew long");
    assert_eq!(number as usize, COMPACT_AFTER / 2 + 1);
    let [Entry::Retained(retained), Entry::Broadcast(owed)] = &log[..] else { panic!("{log:?}") };
    assert_eq!(retained.delivered, counts(&[(N1, 128)]));
    assert_eq!((retained.ops.len(), owed.number), (128, 128));
    let log: Vec<_> = log.into_iter().map(Stored::Intact).collect();
    bench.boot = Boot::new(2);
    bench.step(|ctx| Broadcaster::start(ctx.boot(), &log, ctx));
    assert_eq!(sends(&taken(&mut bench)), [(N2, 128), (N3, 128)]);
}

#[test]
fn a_receive_under_e10_does_not_tick() {
    let mut settings = Settings::default();
    settings.clocks.flaws = flaws(&["e10"]);
    let mut bench = Bench::new(N2, 3, Config::new(3, settings));
    let mut node = bench.step(|ctx| Broadcaster::start(ctx.boot(), &[], ctx));
    taken(&mut bench);
    let effects = hear(&mut bench, &mut node, N1, data(N1, N2, &text(1, &[]), &stamp("n1:3", 3)));
    assert_eq!(effects[0], Effect::Stamp(stamp("n1:3 n2:1", 4)));
}

pub(super) fn flaws(ids: &[&str]) -> Flaws {
    serde_json::from_value(serde_json::json!(ids)).expect("a list of flaws")
}

#[test]
fn messages_are_small_and_their_words_are_those_of_the_trace() {
    assert!(size_of::<Message>() <= 64, "{}", size_of::<Message>());
    assert!(size_of::<Effect<Broadcaster>>() <= 80, "{}", size_of::<Effect<Broadcaster>>());
    let facts = encoding::labels::<Fact>();
    let words = ["broadcast", "delivered", "resumed", "forged", "damaged"].map(|word| format!("broadcast.{word}"));
    assert_eq!(facts, words.into_iter().chain(["clocks.compared".to_owned()]).collect::<Vec<_>>());
    let at = stamp("n1:1", 1);
    assert_eq!(label_of(&Entry::Clock(Arc::clone(&at))).to_string(), "clock");
    assert_eq!(label_of(&Entry::Broadcast(text(1, &[]))).to_string(), "broadcast");
    let fact = Fact::from(comparison(&at, &at, Causality::Equal));
    assert_eq!(label_of(&fact).to_string(), "clocks.compared");
    let message = data(N1, N2, &text(2, &[(N3, 4)]), &at);
    let json = serde_json::to_string(&message).expect("written");
    assert_eq!(serde_json::from_str::<Message>(&json).expect("read"), message);
    let start =
        r#"{"body":{"data":{"broadcast":{"number":2,"causes":{"n3":4},"op":"c1#2","text":"arma"}}},"tag":{"era":null,"#;
    assert!(json.starts_with(start), "{json}");
}

#[test]
fn every_flaw_breaks_an_invariant_of_the_subject() {
    let profile = Profile::of::<Broadcaster>();
    for (_, flaw) in profile.flaws() {
        assert!(profile.invariants().any(|(_, invariant)| invariant.name == flaw.violates), "{}", flaw.id);
    }
}

//! One voter of three, its messages, timers and commands by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::Seal;
use super::messages::Report;
use super::*;
use crate::clocks::LamportClock;
use crate::codex::{AnchorRule, Key, Keyspace, Keyspaces, Refusal, StoreCommand, Value as Content, Within, Write};
use crate::identity::{Boot, ClientId, LaneId, NodeId, OpId};
use crate::observation::{Ballot, LockStamp, ProposalId, Round, Slot};
use crate::process::Stored;
use crate::protocols::test_port::{Did, TestPort};
use crate::protocols::{Protocol as _, Registry};
use crate::time::{LocalTime, Span};

fn n(number: u32) -> NodeId {
    NodeId::new(number - 1)
}

fn round(text: &str) -> Round {
    text.parse().expect("a round")
}

fn ballot(text: &str) -> Ballot {
    text.parse().expect("a ballot")
}

fn op(number: u32) -> OpId {
    OpId { client: ClientId::new(0), number }
}

fn put(value: &str) -> StoreCommand {
    let (key, value) = (Key::new("k").expect("a key"), Content::text(value));
    StoreCommand::Put { key, value, within: Within::default(), seen: None }
}

/// A value of one put.
fn value(text: &str) -> Value {
    Value::new(Proposal::Requests(vec![Request::new(op(1), put(text))]))
}

/// The state after a slot without writes.
fn empty(slot: u64) -> Snapshot {
    let (entries, sessions, fences) = (Arc::default(), Sessions::default(), BTreeMap::new());
    Snapshot { slot: Slot(slot), entries, sessions, fences }
}

fn registry() -> Registry {
    Registry::new(5)
}

fn bid(slot: u64, ballot_text: &str, value: &Value) -> ProposalId {
    ProposalId { slot: Slot(slot), ballot: ballot(ballot_text), value: value.id() }
}

fn seal(voter: u32, bid: ProposalId) -> Seal {
    Seal::new(n(voter), bid, &registry())
}

/// A decision that is sealed by these voters.
fn decided(slot: u64, ballot_text: &str, value: &Value, voters: &[u32]) -> Arc<Decided> {
    let bid = bid(slot, ballot_text, value);
    let seals = voters.iter().map(|voter| seal(*voter, bid)).collect();
    Arc::new(Decided { slot: Slot(slot), ballot: bid.ballot, value: value.clone(), seals })
}

/// n1 of three voters, with an observer n4.
struct Node {
    consensus: Consensus,
    port: TestPort<Consensus>,
}

impl Node {
    fn with(settings: &ConsensusSettings, disk: &[ConsensusEntry], boot: u32, damaged: bool) -> Self {
        Self::among(&Keyspaces::default(), settings, disk, boot, damaged)
    }

    fn among(
        keyspaces: &Keyspaces,
        settings: &ConsensusSettings,
        disk: &[ConsensusEntry],
        boot: u32,
        damaged: bool,
    ) -> Self {
        let mut kept = Kept::default();
        disk.iter().for_each(|entry| Consensus::read(&mut kept, Stored::Intact(entry)));
        if damaged {
            Consensus::read(&mut kept, Stored::Damaged(LaneId::new(0)));
        }
        let mut port = TestPort::new(0, 4);
        port.boot = Boot::new(boot);
        let rules = Arc::new(Rules::new(settings, 3, keyspaces, registry()));
        let consensus = Consensus::start(&rules, kept, (), &mut port);
        let mut node = Self { consensus, port };
        node.disk_answers();
        node
    }

    /// In its first boot, after its start.
    fn new() -> Self {
        Self::of(&ConsensusSettings::default())
    }

    fn of(settings: &ConsensusSettings) -> Self {
        let mut node = Self::with(settings, &Self::voter(&[]), 1, false);
        node.port.take();
        node
    }

    /// In its first boot, after its start, with an anchor of at most this many bytes for every key.
    fn anchored(most: u64) -> Self {
        let keyspace = Keyspace { anchors: vec![AnchorRule::MaxBytes(most)], ..Keyspace::of("consensus") };
        let keyspaces = [(String::new(), keyspace)].into_iter().collect();
        let mut node = Self::among(&keyspaces, &ConsensusSettings::default(), &Self::voter(&[]), 1, false);
        node.port.take();
        node
    }

    /// The disk of a voter, with these entries.
    fn voter(entries: &[ConsensusEntry]) -> Vec<ConsensusEntry> {
        let own = ConsensusEntry::Voter { node: n(1) };
        [own].into_iter().chain(entries.iter().cloned()).collect()
    }

    /// Receives a message; the disk answers at once.
    fn hears(&mut self, from: u32, message: ConsensusMessage) {
        self.consensus.on_message(n(from), message, (), &mut self.port);
        self.disk_answers();
    }

    fn asked(&mut self, number: u32, command: StoreCommand) {
        self.consensus.on_store(op(number), command, &mut self.port);
        self.disk_answers();
    }

    /// A timer expires.
    fn waits(&mut self, timer: ConsensusTimer) {
        self.consensus.on_timer(timer, (), &mut self.port);
        self.disk_answers();
    }

    fn disk_answers(&mut self) {
        while self.consensus.journal.is_open() {
            self.consensus.on_synced(Written, (), &mut self.port);
        }
    }

    fn elect(&mut self, from: u32, text: &str) {
        self.hears(from, ConsensusMessage::Elect { round: round(text), from: Slot(1), asked: LocalTime::default() });
    }

    fn propose(&mut self, from: u32, slot: u64, text: &str, value: &Value) {
        let (slot, ballot, value) = (Slot(slot), ballot(text), value.clone());
        self.hears(from, ConsensusMessage::Propose { slot, ballot, value });
    }

    fn pre_commit(&mut self, from: u32, slot: u64, text: &str, value: &Value) {
        let (slot, ballot, value) = (Slot(slot), ballot(text), value.clone());
        self.hears(from, ConsensusMessage::PreCommit { slot, ballot, value });
    }

    fn vote(&mut self, from: u32, bid: ProposalId, against: &[(RequestId, Refusal)]) {
        let against = Arc::new(against.to_vec());
        self.hears(from, ConsensusMessage::Vote { bid, against });
    }

    fn confirm(&mut self, from: u32, bid: ProposalId, seal: Seal) {
        self.hears(from, ConsensusMessage::Confirm { bid, seal: seal.signature });
    }

    fn commit(&mut self, from: u32, decided: &Arc<Decided>) {
        self.hears(from, ConsensusMessage::Commit { decided: Arc::clone(decided) });
    }

    fn promise(&mut self, from: u32, text: &str, compacted: u64, slots: Vec<(Slot, Reported)>) {
        let report = Arc::new(Report { compacted: Slot(compacted), slots });
        self.hears(from, ConsensusMessage::Promise { round: round(text), report, asked: LocalTime::default() });
    }

    fn stand(&mut self) {
        self.waits(ConsensusTimer::Election);
    }

    /// It stands for election, and n2 promises.
    fn lead(&mut self) {
        self.stand();
        self.promise(2, "1.n1", 0, Vec::new());
        self.port.take();
    }

    /// Its effects since the last call, without timers and what it tells of decisions: `+` to the disk, `!` a fact, `>` a
    /// message, `<` an answer.
    fn did(&mut self) -> Vec<String> {
        let said = |did| match did {
            Did::Send(to, message) => Some(format!("> {to} {}", spoken(&message))),
            Did::Append(entry) => Some(format!("+ {}", written(&entry))),
            Did::Rewrite(entries) => Some(format!("= {}", entries.iter().map(written).collect::<Vec<_>>().join(", "))),
            Did::Sync => Some("sync".to_owned()),
            Did::Note(fact) => Some(format!("! {}", told(&fact)?)),
            Did::Answer(op, answer) => Some(format!("< {op} {answer:?}")),
            Did::Reply(_, never) => match never {},
            Did::Post(_, never) => match never {},
            Did::Tell(ConsensusOutcome::Certified { .. }) => None,
            Did::Tell(outcome) => Some(format!("{outcome:?}")),
            Did::SetTimer(..) | Did::CancelTimer(_) => None,
            Did::Keep(_) | Did::RewriteReplica(_) | Did::NoteReplica(_) => unreachable!("it sees no replica"),
        };
        self.port.take().into_iter().filter_map(said).collect()
    }
}

fn spoken(message: &ConsensusMessage) -> String {
    match message {
        ConsensusMessage::Elect { round, .. } => format!("elect {round}"),
        ConsensusMessage::Promise { round, report, .. } => format!("promise {round} of {}", report.slots.len()),
        ConsensusMessage::Refuse { promised, .. } => format!("refuse {promised}"),
        ConsensusMessage::Propose { slot, ballot, .. } => format!("propose {slot} {ballot}"),
        ConsensusMessage::Vote { bid, against, .. } => format!("vote {} {} {}", bid.slot, bid.ballot, against.len()),
        ConsensusMessage::PreCommit { slot, ballot, .. } => format!("pre-commit {slot} {ballot}"),
        ConsensusMessage::Confirm { bid, .. } => format!("confirm {} {}", bid.slot, bid.ballot),
        ConsensusMessage::Commit { decided, .. } => format!("commit {} {}", decided.slot, decided.ballot),
        ConsensusMessage::Heartbeat { number, .. } => format!("heartbeat {number}"),
        ConsensusMessage::HeartbeatAck { number, .. } => format!("heartbeat-ack {number}"),
        ConsensusMessage::Fetch { from, .. } => format!("fetch {from}"),
        ConsensusMessage::Slots { decided, .. } => format!("slots {}", decided.len()),
        ConsensusMessage::State { snapshot, .. } => format!("state {}", snapshot.slot),
        ConsensusMessage::Forward { request, .. } => format!("forward {}", request.id.op().expect("a client's")),
        ConsensusMessage::Relay { request, .. } => format!("relay {}", request.id.op().expect("a client's")),
        ConsensusMessage::RelayRead { id, home } => {
            format!("relay-read {} of {home}", id.op().expect("a client's"))
        }
        ConsensusMessage::ReadAsk { id } => format!("read-ask {}", id.op().expect("a client's")),
        ConsensusMessage::ReadAt { id, slot } => format!("read-at {} {slot}", id.op().expect("a client's")),
    }
}

fn written(entry: &ConsensusEntry) -> String {
    match entry {
        ConsensusEntry::Voter { node } => format!("voter {node}"),
        ConsensusEntry::Lost => "lost".to_owned(),
        ConsensusEntry::Promised { round } => format!("promised {round}"),
        ConsensusEntry::Voted { slot, ballot, .. } => format!("voted {slot} {ballot}"),
        ConsensusEntry::Confirmed { slot, ballot, .. } => format!("confirmed {slot} {ballot}"),
        ConsensusEntry::Decided { decided } => format!("decided {} {}", decided.slot, decided.ballot),
        ConsensusEntry::State { compacted, snapshot } => format!("state {} {}", compacted, snapshot.slot),
    }
}

/// The facts that tests look at.
fn told(fact: &ConsensusFact) -> Option<String> {
    match fact {
        ConsensusFact::VoterLost => Some("voter-lost".to_owned()),
        ConsensusFact::Promised { round } => Some(format!("promised {round}")),
        ConsensusFact::Confirmed { bid } => Some(format!("confirmed {} {}", bid.slot, bid.ballot)),
        ConsensusFact::Committed { bid } => Some(format!("committed {} {}", bid.slot, bid.ballot)),
        ConsensusFact::Rejected { from } => Some(format!("rejected {from}")),
        ConsensusFact::Elected { recovered, filled, .. } => Some(format!("elected {recovered}+{filled}")),
        ConsensusFact::Started { .. }
        | ConsensusFact::Anchored { .. }
        | ConsensusFact::FencedSpace { .. }
        | ConsensusFact::Fenced { .. }
        | ConsensusFact::Candidate { .. }
        | ConsensusFact::SteppedDown { .. }
        | ConsensusFact::Proposed { .. }
        | ConsensusFact::Voted { .. }
        | ConsensusFact::Replaced { .. }
        | ConsensusFact::PreCommitted { .. }
        | ConsensusFact::Blessed { .. }
        | ConsensusFact::Applied { .. }
        | ConsensusFact::Installed { .. }
        | ConsensusFact::Decreed { .. }
        | ConsensusFact::Compacted { .. } => None,
    }
}

#[test]
fn a_candidate_s_own_promise_is_durable_before_it_asks() {
    let mut node = Node::new();
    node.stand();
    let did = node.did();
    assert_eq!(did, ["+ promised 1.n1", "sync", "! promised 1.n1", "> n2 elect 1.n1", "> n3 elect 1.n1"]);
}

#[test]
fn a_voter_refuses_all_below_its_promise() {
    let mut node = Node::new();
    node.elect(3, "2.n3");
    assert_eq!(node.did(), ["+ promised 2.n3", "sync", "! promised 2.n3", "> n3 promise 2.n3 of 0"]);
    let value = value("a");
    node.elect(2, "1.n2");
    node.propose(2, 1, "2.n2", &value);
    node.pre_commit(2, 1, "1.n2/3", &value);
    assert_eq!(node.did(), ["> n2 refuse 2.n3"; 3]);
}

#[test]
fn a_voter_that_starts_again_keeps_its_promise_and_stands_above_it() {
    let disk = Node::voter(&[ConsensusEntry::Promised { round: round("4.n3") }]);
    let mut node = Node::with(&ConsensusSettings::default(), &disk, 2, false);
    assert_eq!(node.did(), ["! promised 4.n3"]);
    node.elect(2, "4.n2");
    assert_eq!(node.did(), ["> n2 refuse 4.n3"]);
    node.stand();
    assert_eq!(node.did()[0], "+ promised 5.n1");
}

#[test]
fn what_it_voted_for_and_confirmed_is_a_promise_too() {
    let value = value("a");
    for entry in [
        ConsensusEntry::Voted { slot: Slot(1), ballot: ballot("3.n3"), value: value.clone() },
        ConsensusEntry::Confirmed { slot: Slot(1), ballot: ballot("3.n3"), value: value.clone() },
    ] {
        let mut node = Node::with(&ConsensusSettings::default(), &Node::voter(&[entry]), 2, false);
        node.did();
        node.elect(2, "3.n2");
        assert_eq!(node.did(), ["> n2 refuse 3.n3"]);
    }
}

#[test]
fn a_confirmation_is_durable_before_it_is_told_however_the_voter_advised() {
    let mut node = Node::anchored(1);
    let value = value("too long");
    node.propose(2, 1, "1.n2", &value);
    assert_eq!(node.did(), ["+ voted 1 1.n2", "sync", "> n2 vote 1 1.n2 1"]);
    node.pre_commit(2, 1, "1.n2", &value);
    assert_eq!(node.did(), ["+ confirmed 1 1.n2", "sync", "! confirmed 1 1.n2", "> n2 confirm 1 1.n2"]);
    node.pre_commit(2, 1, "1.n2", &value);
    assert_eq!(node.did(), ["> n2 confirm 1 1.n2"], "a copy is answered, and nothing is written again");
}

#[test]
fn recovery_takes_up_the_highest_ballot_and_fills_what_is_free_below() {
    let mut node = Node::new();
    let (low, high) = (value("low"), value("high"));
    node.pre_commit(2, 3, "1.n2", &low);
    node.port.take();
    node.stand();
    node.port.take();
    let confirmed = (Slot(3), Reported::Confirmed(ballot("1.n3"), high.clone()));
    let voted = (Slot(2), Reported::Voted(ballot("1.n3"), low.clone()));
    node.promise(3, "2.n1", 0, vec![voted, confirmed]);
    let sent = node.port.take_sent();
    let asked = |slot: u64, wanted: &Value| {
        sent.iter().any(|(_, message)| {
            matches!(
                message,
                ConsensusMessage::Propose { slot: at, value, .. } | ConsensusMessage::PreCommit { slot: at, value, .. }
                    if (*at, value) == (Slot(slot), wanted)
            )
        })
    };
    assert!(asked(3, &high) && !asked(3, &low), "the highest ballot");
    assert!(asked(1, &Value::noop()) && asked(2, &Value::noop()), "what was only voted on is free");
}

#[test]
fn a_decision_that_a_promise_tells_of_is_taken() {
    let mut node = Node::new();
    node.stand();
    node.port.take();
    let decided = decided(1, "1.n3", &value("a"), &[2, 3]);
    node.promise(2, "1.n1", 0, vec![(Slot(1), Reported::Decided(decided))]);
    let did = node.did();
    assert!(did.contains(&"! committed 1 1.n3".to_owned()) && did.contains(&"! elected 0+0".to_owned()), "{did:?}");
}

#[test]
fn below_a_compaction_nothing_is_free() {
    let mut node = Node::new();
    node.stand();
    node.port.take();
    node.promise(3, "1.n1", 7, Vec::new());
    assert_eq!(node.did(), ["> n3 fetch 1"], "the state comes first");
    let snapshot = empty(7);
    let message = ConsensusMessage::State { snapshot: Arc::new(snapshot) };
    node.hears(3, message);
    let did = node.did();
    assert_eq!(did[..2], ["= voter n1, promised 1.n1, state 7 7", "sync"], "{did:?}");
    assert!(did.contains(&"! elected 0+0".to_owned()), "{did:?}");
}

#[test]
fn if_who_compacted_is_gone_it_stands_again_without_it() {
    let mut node = Node::new();
    node.stand();
    node.promise(3, "1.n1", 7, Vec::new());
    node.port.take();
    node.stand();
    node.promise(2, "2.n1", 0, Vec::new());
    assert!(node.did().contains(&"! elected 0+0".to_owned()));
}

#[test]
fn what_a_quorum_advises_is_pre_committed_and_what_it_confirms_is_decided() {
    let mut node = Node::new();
    node.lead();
    node.asked(1, put("a"));
    let did = node.did();
    assert_eq!(did, ["> n2 propose 1 1.n1", "> n3 propose 1 1.n1", "+ voted 1 1.n1", "sync"]);
    let bid = bid(1, "1.n1", &value("a"));
    node.vote(2, bid, &[]);
    let did = node.did();
    let pre_committed = ["> n2 pre-commit 1 1.n1", "> n3 pre-commit 1 1.n1", "+ confirmed 1 1.n1", "sync"];
    assert_eq!(did, [&pre_committed[..], &["! confirmed 1 1.n1"]].concat());
    node.confirm(2, bid, seal(2, bid));
    let did = node.did();
    assert_eq!(did[..3], ["+ decided 1 1.n1", "sync", "! committed 1 1.n1"]);
    assert_eq!(did[3..], ["> n2 commit 1 1.n1", "> n3 commit 1 1.n1", "> n4 commit 1 1.n1", "< c1#1 Done"]);
}

#[test]
fn a_value_that_finds_no_quorum_is_replaced_before_a_pre_commit_and_never_behind() {
    let mut node = Node::new();
    node.lead();
    node.asked(1, put("a"));
    let first = bid(1, "1.n1", &value("a"));
    node.port.take();
    let against = [(op(1).into(), Refusal::Anchor(0))];
    node.vote(2, first, &against);
    node.vote(3, first, &against);
    assert!(node.did().contains(&"> n2 propose 1 1.n1/2".to_owned()), "under the next try");
    node.vote(2, first, &[]);
    assert_eq!(node.did(), [""; 0], "a vote on what was replaced counts for nothing");

    let mut node = Node::new();
    node.lead();
    node.asked(1, put("a"));
    node.vote(2, first, &[]);
    node.port.take();
    node.vote(3, first, &against);
    (0..50).for_each(|_| node.waits(ConsensusTimer::Ask));
    assert!(node.did().iter().all(|did| !did.contains("propose")), "it was pre-committed");
}

#[test]
fn a_confirmation_counts_once_and_only_for_what_was_asked() {
    let mut node = Node::of(&ConsensusSettings::default());
    node.lead();
    node.asked(1, put("a"));
    let asked = bid(1, "1.n1", &value("a"));
    node.vote(2, asked, &[]);
    node.port.take();
    let other = bid(1, "1.n1", &value("b"));
    let later = bid(9, "1.n1", &value("a"));
    node.confirm(2, other, seal(2, other));
    node.confirm(2, later, seal(2, later));
    assert_eq!(node.did(), [""; 0], "of another value, and of a slot that nobody asked about");
    node.confirm(2, asked, seal(2, other));
    node.confirm(2, asked, seal(3, asked));
    node.confirm(4, asked, seal(4, asked));
    assert_eq!(node.did(), ["! rejected n2", "! rejected n2", "! rejected n4"], "forged, another's, of no voter");
    node.vote(2, later, &[]);
    node.vote(4, asked, &[]);
    assert_eq!(node.did(), ["! rejected n4"]);
}

#[test]
fn a_certificate_is_taken_at_any_ballot_and_only_if_it_proves_something() {
    let value = value("a");
    let mut node = Node::new();
    node.elect(3, "9.n3");
    node.port.take();
    for voters in [&[2][..], &[2, 2], &[2, 4], &[2, 3, 5]] {
        node.commit(2, &decided(1, "1.n2", &value, voters));
        assert_eq!(node.did(), ["! rejected n2"], "{voters:?}");
    }
    let mut flipped = Decided::clone(&decided(1, "1.n2", &value, &[2, 3]));
    flipped.slot = Slot(2);
    node.commit(3, &Arc::new(flipped));
    assert_eq!(node.did(), ["! rejected n3"]);
    node.commit(2, &decided(1, "1.n2", &value, &[2, 3]));
    assert_eq!(node.did(), ["+ decided 1 1.n2", "! committed 1 1.n2"]);
    node.commit(2, &decided(1, "1.n2", &value, &[2, 3]));
    assert_eq!(node.did(), [""; 0], "once");
}

#[test]
fn nobody_speaks_under_another_s_round_and_no_observer_under_any() {
    let (mut node, value) = (Node::new(), value("a"));
    node.elect(2, "5.n3");
    node.propose(2, 1, "5.n3", &value);
    node.pre_commit(4, 1, "7.n4", &value);
    node.elect(4, "8.n4");
    assert_eq!(node.did(), ["! rejected n2", "! rejected n2", "! rejected n4", "! rejected n4"]);
    node.elect(2, "1.n2");
    assert_eq!(node.did()[0], "+ promised 1.n2", "none of them was a promise");
}

#[test]
fn a_decision_that_gossip_brings_is_taken_once_if_it_proves_something_and_not_told_on() {
    let value = requests(Vec::new());
    let mut node = Node::new();
    let mut brings = |decided: &Arc<Decided>| {
        let is_news = node.consensus.on_certified(n(3), decided, &mut node.port);
        assert!(node.port.take_told().is_empty(), "whoever brought it knows it");
        let facts =
            node.port.take().into_iter().filter_map(|did| if let Did::Note(fact) = did { Some(fact) } else { None });
        (is_news, facts.filter(|fact| told(fact).is_some() || matches!(fact, ConsensusFact::Blessed { .. })).collect())
    };
    let of_another_slot = Arc::new(Decided { slot: Slot(2), ..(*decided(1, "1.n2", &value, &[2, 3])).clone() });
    for unproven in [decided(1, "1.n2", &value, &[2]), decided(1, "1.n2", &value, &[2, 4]), of_another_slot] {
        assert_eq!(brings(&unproven), (false, vec![ConsensusFact::Rejected { from: n(3) }]));
    }
    let proven = decided(1, "1.n2", &value, &[2, 3]);
    let bid = proven.bid();
    assert_eq!(brings(&proven), (true, vec![ConsensusFact::Blessed { bid }, ConsensusFact::Committed { bid }]));
    assert_eq!(brings(&proven), (false, Vec::new()), "it is known");
    node.commit(2, &decided(2, "1.n2", &value, &[2, 3]));
    let decided = decided(2, "1.n2", &value, &[2, 3]);
    assert_eq!(node.port.take_told(), [ConsensusOutcome::Certified { decided }], "voters' own messages are told on");
}

#[test]
fn a_voter_of_a_damaged_disk_says_that_it_is_lost_and_never_votes() {
    let value = value("a");
    let cases: [(&[ConsensusEntry], bool); 2] =
        [(&Node::voter(&[ConsensusEntry::Promised { round: round("4.n3") }]), true), (&[], false)];
    for (disk, damaged) in cases {
        let mut node = Node::with(&ConsensusSettings::default(), disk, 2, damaged);
        assert_eq!(node.did(), ["+ lost", "sync", "! voter-lost"]);
        node.elect(2, "9.n2");
        node.propose(2, 1, "9.n2", &value);
        node.pre_commit(2, 1, "9.n2", &value);
        node.stand();
        assert_eq!(node.did(), [""; 0]);
        node.commit(2, &decided(1, "9.n2", &value, &[2, 3]));
        assert_eq!(node.did(), ["+ decided 1 9.n2", "! committed 1 9.n2"], "it learns");
    }
    let mut node = Node::with(&ConsensusSettings::default(), &[ConsensusEntry::Lost], 3, false);
    assert_eq!(node.did(), ["! voter-lost"], "it has said so before");
}

#[test]
fn a_damaged_disk_that_lacks_a_decision_below_its_state_is_not_set_back() {
    let settings = ConsensusSettings { compact_after: 1, keep: 2, ..ConsensusSettings::default() };
    let mut node = Node::of(&settings);
    for slot in 1..=3 {
        node.commit(2, &decided(slot, "1.n2", &Value::noop(), &[2, 3]));
    }
    node.consensus.compact(&mut node.port);
    let behind = {
        let mut behind = Node::new();
        (1..=2).for_each(|slot| behind.commit(2, &decided(slot, "1.n2", &Value::noop(), &[2, 3])));
        behind.consensus.learner.replica.snapshot()
    };
    let mut disk = node.consensus.retained();
    let entries: Vec<String> = disk.iter().map(written).collect();
    assert_eq!(entries, ["voter n1", "state 1 3", "decided 2 1.n2", "decided 3 1.n2"]);
    disk.remove(2);
    let mut node = Node::with(&settings, &disk, 2, true);
    node.port.take();
    let state = ConsensusMessage::State { snapshot: Arc::new(behind) };
    node.hears(2, state);
    assert_eq!(node.did(), [""; 0], "it has applied 3");
    node.hears(3, ConsensusMessage::Fetch { from: Slot(2) });
    assert_eq!(node.did(), ["> n3 state 3"], "it cannot send 2");
}

#[test]
fn compaction_keeps_the_promise_and_all_that_was_said_above() {
    let settings = ConsensusSettings { compact_after: 1, keep: 0, ..ConsensusSettings::default() };
    let (mut node, value) = (Node::of(&settings), value("a"));
    node.elect(3, "9.n3");
    node.pre_commit(3, 2, "9.n3", &value);
    node.commit(2, &decided(1, "1.n2", &value, &[2, 3]));
    node.consensus.compact(&mut node.port);
    let retained: Vec<String> = node.consensus.retained().iter().map(written).collect();
    assert_eq!(retained, ["voter n1", "promised 9.n3", "state 1 1", "confirmed 2 9.n3"]);
}

#[test]
fn a_client_is_told_once_it_is_applied_and_the_same_again() {
    let (mut node, value) = (Node::new(), value("a"));
    node.asked(1, put("a"));
    assert_eq!(node.did(), [""; 0], "nobody proposes");
    node.commit(2, &decided(2, "1.n2", &Value::noop(), &[2, 3]));
    assert!(node.did().iter().all(|did| !did.starts_with('<')));
    node.commit(2, &decided(1, "1.n2", &value, &[2, 3]));
    assert!(node.did().contains(&"< c1#1 Done".to_owned()));
    node.asked(1, put("a"));
    assert_eq!(node.did(), ["< c1#1 Done"], "from the session");
}

#[test]
fn a_read_by_index_waits_for_a_quorum_that_was_asked_behind_it() {
    let mut node = Node::of(&ConsensusSettings { reads: Reads::Index, ..ConsensusSettings::default() });
    node.lead();
    let (asked, round) = (LocalTime::default(), round("1.n1"));
    let ack = |number| ConsensusMessage::HeartbeatAck { round, number, asked };
    let key = Key::new("k").expect("a key");
    node.asked(1, StoreCommand::Read { key, within: Within::default() });
    node.hears(2, ack(1));
    assert_eq!(node.did(), [""; 0], "that was before the read");
    node.waits(ConsensusTimer::Beat);
    node.port.take();
    node.hears(2, ack(2));
    assert_eq!(node.did(), ["< c1#1 Value { value: None }"]);
}

/// n1 proposes for its first round, is deposed by 2.n2, and proposes for 3.n1.
fn re_elected() -> Node {
    let mut node = Node::of(&ConsensusSettings { reads: Reads::Index, ..ConsensusSettings::default() });
    node.lead();
    node.asked(1, put("a"));
    let first = bid(1, "1.n1", &value("a"));
    node.vote(2, first, &[]);
    node.elect(2, "2.n2");
    node.stand();
    node.promise(2, "3.n1", 0, Vec::new());
    node.port.take();
    node
}

#[test]
fn who_acknowledges_an_older_round_of_the_same_node_proves_no_read() {
    let mut node = re_elected();
    let (asked, key) = (LocalTime::default(), Key::new("x").expect("a key"));
    node.asked(2, StoreCommand::Read { key, within: Within::default() });
    node.waits(ConsensusTimer::Beat);
    node.port.take();
    node.hears(2, ConsensusMessage::HeartbeatAck { round: round("1.n1"), number: 9, asked });
    let confirmed = bid(1, "3.n1", &value("a"));
    node.confirm(2, confirmed, seal(2, confirmed));
    assert!(!node.did().iter().any(|did| did.starts_with("< c1#2")), "that was for the round before");
    node.hears(2, ConsensusMessage::HeartbeatAck { round: round("3.n1"), number: 9, asked });
    assert!(node.did().iter().any(|did| did.starts_with("< c1#2")));
}

#[test]
fn a_confirmation_for_an_older_round_of_the_same_node_counts_no_more() {
    let mut node = re_elected();
    let older = bid(1, "1.n1", &value("a"));
    node.confirm(2, older, seal(2, older));
    assert_eq!(node.did(), [""; 0]);
    let newer = bid(1, "3.n1", &value("a"));
    node.confirm(2, newer, seal(2, newer));
    assert!(node.did().contains(&"! committed 1 3.n1".to_owned()));
}

#[test]
fn who_lacks_slots_is_sent_them_and_who_lacks_what_is_not_kept_the_state() {
    let settings = ConsensusSettings { compact_after: 1, keep: 1, ..ConsensusSettings::default() };
    let mut node = Node::of(&settings);
    for slot in 1..=3 {
        node.commit(2, &decided(slot, "1.n2", &Value::noop(), &[2, 3]));
    }
    node.consensus.compact(&mut node.port);
    node.port.take();
    for (first, sent) in [(3, &["> n3 slots 1"][..]), (2, &["> n3 state 3"]), (4, &[])] {
        node.hears(3, ConsensusMessage::Fetch { from: Slot(first) });
        assert_eq!(node.did(), sent, "from {first}");
    }
}

#[test]
fn what_comes_while_the_disk_is_busy_goes_to_it_in_one_batch_and_nothing_is_told_before() {
    let mut node = Node::new();
    let propose = |slot| {
        let (slot, ballot, value) = (Slot(slot), ballot("1.n2"), Value::noop());
        ConsensusMessage::Propose { slot, ballot, value }
    };
    for slot in 1..=3 {
        node.consensus.on_message(n(2), propose(slot), (), &mut node.port);
    }
    assert_eq!(node.did(), ["+ voted 1 1.n2", "sync", "> n2 vote 1 1.n2 0"], "the kernel holds the vote back");
    node.consensus.on_synced(Written, (), &mut node.port);
    let batch = ["+ voted 2 1.n2", "+ voted 3 1.n2", "sync", "> n2 vote 2 1.n2 0", "> n2 vote 3 1.n2 0"];
    assert_eq!(node.did(), batch);
    node.consensus.on_synced(Written, (), &mut node.port);
    assert_eq!((node.did(), node.consensus.is_rewritable()), (Vec::new(), true));
}

#[test]
fn a_state_that_comes_while_something_is_gathered_is_installed_behind_it() {
    let mut node = Node::new();
    let propose = |slot| {
        let (slot, ballot, value) = (Slot(slot), ballot("1.n2"), Value::noop());
        ConsensusMessage::Propose { slot, ballot, value }
    };
    for slot in 1..=2 {
        node.consensus.on_message(n(2), propose(slot), (), &mut node.port);
    }
    let snapshot = Arc::new(empty(9));
    let state = ConsensusMessage::State { snapshot };
    node.consensus.on_message(n(2), state, (), &mut node.port);
    assert!(!node.consensus.is_rewritable());
    node.port.take();
    node.consensus.on_synced(Written, (), &mut node.port);
    let did = node.did();
    let place = |what: &str| did.iter().position(|did| did.starts_with(what)).expect("it is there");
    assert!(place("> n2 vote 2 1.n2 0") < place("= voter n1"), "what was gathered goes first: {did:?}");
}

#[test]
fn who_has_heard_nothing_because_its_own_disk_is_busy_does_not_stand() {
    let mut node = Node::new();
    let (slot, ballot, value) = (Slot(1), ballot("1.n2"), Value::noop());
    node.consensus.on_message(n(2), ConsensusMessage::Propose { slot, ballot, value }, (), &mut node.port);
    node.port.take();
    node.consensus.on_timer(ConsensusTimer::Election, (), &mut node.port);
    assert_eq!(node.did(), [""; 0]);
    node.disk_answers();
    node.waits(ConsensusTimer::Election);
    assert!(node.did().contains(&"! promised 2.n1".to_owned()));
}

#[test]
fn a_heartbeat_that_the_disk_held_up_tells_of_nothing_that_waits_behind_it() {
    let mut node = Node::new();
    node.lead();
    node.consensus.on_store(op(1), put("a"), &mut node.port);
    for slot in 1..=2 {
        let decided = decided(slot, "2.n2", &Value::noop(), &[2, 3]);
        node.consensus.on_message(n(2), ConsensusMessage::Commit { decided }, (), &mut node.port);
    }
    node.consensus.on_timer(ConsensusTimer::Beat, (), &mut node.port);
    node.port.take();
    node.consensus.on_synced(Written, (), &mut node.port);
    let shown: Vec<Slot> = node
        .port
        .take()
        .into_iter()
        .take_while(|did| !matches!(did, Did::Append(_)))
        .filter_map(|did| {
            if let Did::Send(_, ConsensusMessage::Heartbeat { decided, .. }) = did { Some(decided) } else { None }
        })
        .collect();
    assert_eq!(shown, [Slot(0); 3]);
}

#[test]
fn a_value_is_given_up_where_somebody_advised_against_it_and_not_because_voters_are_slow() {
    for (value_text, replaced) in [("a", false), ("too long", true)] {
        let mut node = Node::anchored(1);
        node.lead();
        node.asked(1, put(value_text));
        node.port.take();
        node.waits(ConsensusTimer::Ask);
        assert_eq!(node.did(), [""; 0], "the time for answers has just begun");
        (0..20).for_each(|_| node.waits(ConsensusTimer::Ask));
        let did = node.did();
        assert!(did.contains(&"> n3 propose 1 1.n1".to_owned()), "asked again");
        assert_eq!(did.contains(&"> n3 propose 1 1.n1/2".to_owned()), replaced, "{value_text}: {did:?}");
    }
}

#[test]
fn whether_a_list_is_too_long_a_voter_says_where_it_has_applied_all_that_goes_before() {
    let mut node = Node::anchored(9);
    let append = |number| {
        let write = Write::Append { key: Key::new("k").expect("a key"), value: Content::text("five5") };
        let command = StoreCommand::write(write, Within::default());
        Value::new(Proposal::Requests(vec![Request::new(op(number), command)]))
    };
    let long = Value::new(Proposal::Requests(vec![Request::new(op(3), put("longer than nine"))]));
    node.commit(2, &decided(1, "1.n2", &append(1), &[2, 3]));
    node.port.take();
    for (slot, value) in [(3, &append(2)), (2, &append(2)), (4, &long)] {
        node.propose(2, slot, "1.n2", value);
    }
    let votes: Vec<_> = node.did().into_iter().filter(|did| did.starts_with("> n2 vote")).collect();
    assert_eq!(votes, ["> n2 vote 3 1.n2 0", "> n2 vote 2 1.n2 1", "> n2 vote 4 1.n2 1"]);
}

#[test]
fn a_decision_that_is_learnt_makes_room_for_what_waits() {
    let mut node = Node::of(&ConsensusSettings { window: 1, batch: 1, ..ConsensusSettings::default() });
    node.lead();
    node.asked(1, put("a"));
    node.asked(2, put("b"));
    node.port.take();
    node.commit(2, &decided(1, "1.n1", &value("a"), &[2, 3]));
    assert!(node.did().contains(&"> n2 propose 2 1.n1".to_owned()));
}

#[test]
fn a_proposer_that_lacks_a_slot_of_which_nothing_is_kept_is_sent_the_state() {
    let settings = ConsensusSettings { compact_after: 1, keep: 0, ..ConsensusSettings::default() };
    let mut node = Node::of(&settings);
    for slot in 1..=2 {
        node.commit(2, &decided(slot, "1.n2", &Value::noop(), &[2, 3]));
    }
    node.consensus.compact(&mut node.port);
    node.port.take();
    node.pre_commit(3, 1, "2.n3", &value("a"));
    assert_eq!(node.did(), ["> n3 state 2"]);
}

#[test]
fn a_proposer_that_installs_a_state_asks_elsewhere_what_it_had_asked_in_slots_for_which_that_stands() {
    let mut node = Node::of(&ConsensusSettings { window: 1, batch: 1, ..ConsensusSettings::default() });
    node.lead();
    node.asked(1, put("a"));
    node.asked(2, put("b"));
    node.port.take();
    let snapshot = Arc::new(empty(4));
    let state = ConsensusMessage::State { snapshot };
    node.hears(2, state);
    assert!(node.did().contains(&"> n2 propose 5 1.n1".to_owned()));
    node.commit(2, &decided(5, "1.n1", &value("a"), &[2, 3]));
    assert!(node.did().contains(&"> n2 propose 6 1.n1".to_owned()), "and then the other");
}

#[test]
fn a_node_that_lacks_decisions_asks_for_them_once_until_time_is_up() {
    let mut node = Node::new();
    let beat = |number| ConsensusMessage::Heartbeat {
        round: round("1.n2"),
        decided: Slot(9),
        number,
        asked: LocalTime::default(),
        trip: Span::ZERO,
    };
    node.hears(2, beat(1));
    assert!(node.did().contains(&"> n2 fetch 1".to_owned()));
    node.hears(2, beat(2));
    assert_eq!(node.did(), ["> n2 heartbeat-ack 2"]);
    node.waits(ConsensusTimer::Fetch);
    node.hears(2, beat(3));
    assert!(node.did().contains(&"> n2 fetch 1".to_owned()), "what it asked, or the answer, is lost");
}

#[test]
fn what_a_client_waits_for_is_asked_again_and_again() {
    let mut node = Node::new();
    node.propose(2, 1, "1.n2", &Value::noop());
    node.asked(1, put("a"));
    for _ in 0..3 {
        let did = node.port.take();
        assert!(did.iter().any(|did| matches!(did, Did::Send(to, ConsensusMessage::Forward { .. }) if *to == n(2))));
        assert!(did.iter().any(|did| matches!(did, Did::SetTimer(ConsensusTimer::Again, _))));
        node.waits(ConsensusTimer::Again);
    }
}

#[test]
fn what_was_answered_elsewhere_or_has_expired_is_not_asked_for_ever() {
    let mut node = Node::new();
    let within = Within { session: Slot(1), lowest: 7, token: None };
    let write = || Write::Put { key: Key::new("k").expect("a key"), value: Content::text("a") };
    node.asked(7, StoreCommand::write(write(), within));
    node.commit(2, &decided(1, "1.n2", &Value::noop(), &[2, 3]));
    node.port.take();
    node.waits(ConsensusTimer::Again);
    assert_eq!(node.did(), ["< c1#7 Expired"], "there is no such session in this state");

    let mut node = Node::new();
    let standing = |lowest| Within { lowest, ..Within::default() };
    node.asked(7, StoreCommand::write(write(), standing(7)));
    let later = Request::new(op(8), StoreCommand::write(write(), standing(8)));
    node.commit(2, &decided(1, "1.n2", &Value::new(Proposal::Requests(vec![later])), &[2, 3]));
    node.port.take();
    node.waits(ConsensusTimer::Again);
    assert!(node.port.take().is_empty(), "its client waits for it no more: nothing is asked, and no timer set");
}

/// What a decree of n1 holds.
fn decree(text: &str) -> Write {
    Write::Put { key: Key::new("~rule").expect("a key"), value: Content::text(text) }
}

/// The entry that opens n1's own session, and then its decrees, by number.
fn own(number: u32, act: Act, barrier: bool) -> Request {
    let id = RequestId { origin: Origin::Node("n1".parse().expect("an incarnation")), number };
    Request { id, act, barrier }
}

fn own_write(number: u32, text: &str, barrier: bool) -> Request {
    let within = Within { session: Slot(1), lowest: number, token: None };
    own(number, Act::Write(within, decree(text)), barrier)
}

fn requests(requests: Vec<Request>) -> Value {
    Value::new(Proposal::Requests(requests))
}

/// What consensus has told since the last call, but for decisions.
fn told_of_decrees(node: &mut Node) -> Vec<ConsensusOutcome> {
    let told = node.port.take_told().into_iter();
    told.filter(|outcome| !matches!(outcome, ConsensusOutcome::Certified { .. })).collect()
}

#[test]
fn a_node_decrees_in_a_session_that_it_opens_and_hears_what_came_of_it_once() {
    let mut node = Node::new();
    let ticket = node.consensus.decree(decree("a"), false, &mut node.port);
    assert!(told_of_decrees(&mut node).is_empty());
    node.commit(2, &decided(1, "1.n2", &requests(vec![own(1, Act::Open, false)]), &[2, 3]));
    assert!(told_of_decrees(&mut node).is_empty(), "the session is open, and the decree under way");
    let value = requests(vec![own_write(2, "a", false)]);
    node.commit(2, &decided(2, "1.n2", &value, &[2, 3]));
    let writes = vec![(Key::new("~rule").expect("a key"), Some(Content::text("a")))];
    let answered = ConsensusOutcome::Answered { ticket, answer: Answer::Done };
    assert_eq!(told_of_decrees(&mut node), [ConsensusOutcome::Decreed { slot: Slot(2), writes }, answered]);
    node.commit(2, &decided(3, "1.n2", &value, &[2, 3]));
    assert!(told_of_decrees(&mut node).is_empty(), "decided twice, it takes effect once");
}

#[test]
fn who_starts_or_installs_hears_what_stands_under_the_system_s_keys() {
    let value = requests(vec![own(1, Act::Open, false), own_write(2, "a", false)]);
    let entry = ConsensusEntry::Decided { decided: decided(1, "1.n2", &value, &[2, 3]) };
    let mut node = Node::with(&ConsensusSettings::default(), &Node::voter(&[entry]), 2, false);
    let entries = vec![(Key::new("~rule").expect("a key"), Some(Content::text("a")))];
    assert_eq!(node.port.take_told(), [ConsensusOutcome::Installed { slot: Slot(1), entries: entries.clone() }]);
    let snapshot = Arc::new(node.consensus.learner.replica.snapshot());
    let mut behind = Node::new();
    behind.hears(2, ConsensusMessage::State { snapshot });
    assert_eq!(behind.port.take_told(), [ConsensusOutcome::Installed { slot: Slot(1), entries }]);
}

#[test]
fn nothing_is_proposed_behind_a_barrier_before_its_proposer_has_applied_it() {
    let mut node = Node::new();
    node.lead();
    node.consensus.decree(decree("a"), true, &mut node.port);
    node.disk_answers();
    let open = bid(1, "1.n1", &requests(vec![own(1, Act::Open, false)]));
    node.vote(2, open, &[]);
    node.confirm(2, open, seal(2, open));
    let value = requests(vec![own_write(2, "a", true)]);
    node.asked(7, put("b"));
    let did = node.did();
    assert!(did.contains(&"> n2 propose 2 1.n1".to_owned()), "the barrier: {did:?}");
    assert!(!did.iter().any(|did| did.starts_with("> n2 propose 3")), "what comes after it waits: {did:?}");
    let barrier = bid(2, "1.n1", &value);
    node.vote(2, barrier, &[]);
    assert!(!node.did().iter().any(|did| did.starts_with("> n2 propose 3")));
    node.confirm(2, barrier, seal(2, barrier));
    assert!(node.did().contains(&"> n2 propose 3 1.n1".to_owned()));
}

#[test]
fn a_fenced_key_takes_no_operation_without_a_token_nor_one_with_an_older_token() {
    let keyspace = Keyspace { fenced: true, ..Keyspace::of("consensus") };
    let keyspaces: Keyspaces = [("f/".to_owned(), keyspace)].into_iter().collect();
    let mut node = Node::among(&keyspaces, &ConsensusSettings::default(), &Node::voter(&[]), 1, false);
    node.lead();
    let token = |time| Some(LockStamp { time: LamportClock::new(time), ..LockStamp::default() });
    let ask = |number: u32, token| {
        let within = Within { token, ..Within::default() };
        let key = Key::new("f/a").expect("a key");
        if number.is_multiple_of(2) { StoreCommand::Read { key, within } } else { put_at(key, within) }
    };
    let mut slot = 0;
    for (number, token, answer) in [
        (1, None, "Refused { reason: NoToken }"),
        (3, token(5), "Done"),
        (4, token(4), "Refused { reason: Fenced }"),
        (6, token(9), "Value { value: Some(Text(\"x\")) }"),
        (5, token(7), "Refused { reason: Fenced }"),
        (8, token(7), "Value { value: Some(Text(\"x\")) }"),
        (7, token(9), "Done"),
    ] {
        slot += 1;
        let request = Request::new(op(number), ask(number, token));
        let value = requests(vec![request]);
        node.asked(number, ask(number, token));
        let bid = bid(slot, "1.n1", &value);
        node.vote(2, bid, &[]);
        node.confirm(2, bid, seal(2, bid));
        let did = node.did();
        assert!(did.contains(&format!("< c1#{number} {answer}")), "{number}: {did:?}");
    }
}

fn put_at(key: Key, within: Within) -> StoreCommand {
    StoreCommand::Put { key, value: Content::text("x"), within, seen: None }
}

/// An earlier slot is still open.
#[test]
fn a_barrier_that_is_decided_and_not_applied_holds_its_next_proposer_too() {
    let mut node = Node::new();
    node.stand();
    node.disk_answers();
    node.port.take();
    let barrier = decided(2, "1.n3", &requests(vec![own_write(2, "a", true)]), &[2, 3]);
    node.promise(2, "1.n1", 0, vec![(Slot(2), Reported::Decided(barrier))]);
    node.disk_answers();
    node.asked(7, put("b"));
    node.disk_answers();
    let did = node.did();
    assert!(did.contains(&"> n2 propose 1 1.n1".to_owned()), "{did:?}");
    assert_eq!(node.consensus.learner.replica.applied, Slot(0));
    assert!(!did.iter().any(|did| did.starts_with("> n2 propose 3")), "proposed behind an unapplied barrier: {did:?}");
}

/// The only voter decides at once.
#[test]
fn an_outcome_is_told_when_what_it_rests_on_is_durable() {
    let mut port: TestPort<Consensus> = TestPort::new(0, 1);
    let rules = Arc::new(Rules::new(&ConsensusSettings::default(), 1, &Keyspaces::default(), registry()));
    let mut kept = Kept::default();
    Consensus::read(&mut kept, Stored::Intact(&ConsensusEntry::Voter { node: n(1) }));
    let mut consensus = Consensus::start(&rules, kept, (), &mut port);
    consensus.on_timer(ConsensusTimer::Election, (), &mut port);
    while consensus.journal.is_open() {
        consensus.on_synced(Written, (), &mut port);
    }
    port.take();
    consensus.decree(decree("a"), false, &mut port);
    let done = port.take();
    let told = done.iter().any(|did| matches!(did, Did::Tell(ConsensusOutcome::Answered { .. })));
    let confirmed = done.iter().any(|did| matches!(did, Did::Append(ConsensusEntry::Confirmed { .. })));
    assert!(!told || confirmed, "told before anything is written: {done:?}");
}

#[test]
fn the_system_s_own_keys_are_in_no_keyspace() {
    let keyspace = Keyspace { fenced: true, ..Keyspace::of("consensus") };
    let keyspaces: Keyspaces = [(String::new(), keyspace)].into_iter().collect();
    let mut node = Node::among(&keyspaces, &ConsensusSettings::default(), &Node::voter(&[]), 1, false);
    node.port.take();
    node.consensus.decree(decree("a"), false, &mut node.port);
    node.commit(2, &decided(1, "1.n2", &requests(vec![own(1, Act::Open, false)]), &[2, 3]));
    node.commit(2, &decided(2, "1.n2", &requests(vec![own_write(2, "a", false)]), &[2, 3]));
    let told = node.port.take_told();
    assert!(told.iter().any(|it| matches!(it, ConsensusOutcome::Answered { answer: Answer::Done, .. })), "{told:?}");
}

#[test]
fn a_decree_whose_session_has_ended_unused_opens_another() {
    let settings = ConsensusSettings { session_slots: 3, ..ConsensusSettings::default() };
    let mut node = Node::of(&settings);
    let first = node.consensus.decree(decree("a"), false, &mut node.port);
    node.commit(2, &decided(1, "1.n2", &requests(vec![own(1, Act::Open, false)]), &[2, 3]));
    node.commit(2, &decided(2, "1.n2", &requests(vec![own_write(2, "a", false)]), &[2, 3]));
    assert_eq!(first, 1);
    for slot in 3..=6 {
        node.commit(2, &decided(slot, "1.n2", &Value::noop(), &[2, 3]));
    }
    node.port.take();
    node.consensus.decree(decree("b"), false, &mut node.port);
    let told = node.port.take_told();
    assert!(told.is_empty(), "nobody was asked, and it is told: {told:?}");
}

#[test]
fn what_an_earlier_incarnation_decreed_has_no_effect_once_its_successor_decrees() {
    let mut node = Node::new();
    let of = |boot: &str, number: u32, act: Act| Request {
        id: RequestId { origin: Origin::Node(boot.parse().expect("an incarnation")), number },
        act,
        barrier: false,
    };
    let write =
        |slot: u64, text: &str| Act::Write(Within { session: Slot(slot), lowest: 2, token: None }, decree(text));
    node.commit(2, &decided(1, "1.n2", &requests(vec![of("n3", 1, Act::Open)]), &[2, 3]));
    node.commit(2, &decided(2, "1.n2", &requests(vec![of("n3/2", 1, Act::Open)]), &[2, 3]));
    node.commit(2, &decided(3, "1.n2", &requests(vec![of("n3/2", 2, write(2, "new"))]), &[2, 3]));
    node.port.take();
    node.commit(2, &decided(4, "1.n2", &requests(vec![of("n3", 2, write(1, "old"))]), &[2, 3]));
    let told = told_of_decrees(&mut node);
    assert!(told.is_empty(), "a dead incarnation overwrites its successor: {told:?}");
}

#[test]
fn who_installs_a_state_without_reserved_keys_is_told_so() {
    let mut node = Node::new();
    let value = requests(vec![own(1, Act::Open, false), own_write(2, "a", false)]);
    node.commit(2, &decided(1, "1.n2", &value, &[2, 3]));
    node.port.take();
    node.hears(2, ConsensusMessage::State { snapshot: Arc::new(empty(9)) });
    let told = node.port.take_told();
    assert!(!told.is_empty(), "it still takes ~rule for a");
}

fn flawed(flaw: &str) -> ConsensusSettings {
    serde_json::from_value(serde_json::json!({ "flaws": [flaw] })).expect("settings")
}

/// A proposer that hears of no quorum for twice its patience makes way, and speaks no more.
#[test]
fn a_proposer_that_no_quorum_answers_steps_down() {
    let patience = ConsensusSettings::default().election.times(2);
    let beats = |node: &mut Node, after: Span| {
        node.port.now = node.port.now + after;
        node.waits(ConsensusTimer::Beat);
        node.did().iter().any(|did| did.starts_with("> n2 heartbeat"))
    };
    let mut node = Node::new();
    node.lead();
    assert!(beats(&mut node, patience - Span::from_millis(1)));
    let (round, asked) = (round("1.n1"), node.port.now);
    node.hears(4, ConsensusMessage::HeartbeatAck { round, number: 2, asked });
    assert!(!beats(&mut node, Span::from_millis(1)), "an observer backs nobody");
    let mut node = Node::new();
    node.lead();
    assert!(beats(&mut node, patience - Span::from_millis(1)));
    node.hears(3, ConsensusMessage::HeartbeatAck { round, number: 2, asked: node.port.now });
    assert!(beats(&mut node, patience - Span::from_millis(1)), "n3 has answered");
    assert!(!beats(&mut node, Span::from_millis(1)));
    let mut node = Node::of(&flawed("k20"));
    node.lead();
    assert!(beats(&mut node, patience.times(9)));
}

/// What the proposer sends may arrive while nothing reaches it.
#[test]
fn who_gets_no_answer_asks_the_other_voters_for_what_it_lacks() {
    let beat = |node: &mut Node| {
        let (round, asked) = (round("1.n2"), LocalTime::default());
        let trip = Span::ZERO;
        node.hears(2, ConsensusMessage::Heartbeat { round, decided: Slot(1), number: 1, asked, trip });
        node.did().into_iter().filter(|did| did.contains("fetch")).collect::<Vec<_>>()
    };
    let asks = |node: &mut Node| {
        let mut asked = Vec::new();
        for _ in 0..5 {
            asked.extend(beat(node));
            node.waits(ConsensusTimer::Fetch);
        }
        asked
    };
    let mut node = Node::new();
    assert_eq!(asks(&mut node), ["> n2 fetch 1", "> n2 fetch 1", "> n3 fetch 1", "> n2 fetch 1", "> n3 fetch 1"]);
    let mut node = Node::of(&flawed("k21"));
    assert_eq!(asks(&mut node), ["> n2 fetch 1"; 5]);
}

/// A candidate that never wins does not keep a voter from standing.
#[test]
fn only_a_few_promises_restart_the_wait_for_a_proposer() {
    let waits = |node: &mut Node, from: u32, number: u32| {
        node.elect(from, &format!("{number}.n{from}"));
        let set = |did: &Did<_, _, _, _, _, _, _>| matches!(did, Did::SetTimer(ConsensusTimer::Election, _));
        node.port.take().iter().any(set)
    };
    let mut node = Node::new();
    let restarted: Vec<bool> = (1..=6).map(|number| waits(&mut node, 2, number)).collect();
    assert_eq!(restarted, [true, true, true, true, false, false]);
    let (round, asked, trip) = (round("6.n2"), LocalTime::default(), Span::ZERO);
    node.hears(2, ConsensusMessage::Heartbeat { round, decided: Slot(0), number: 1, asked, trip });
    node.port.take();
    assert!(waits(&mut node, 3, 7), "there was a proposer meanwhile");
    let mut node = Node::of(&flawed("k22"));
    assert!((1..=6).all(|number| waits(&mut node, 2, number)));
}

/// What a node sends may not reach the proposer that it hears.
#[test]
fn an_operation_that_waits_for_long_goes_through_other_voters() {
    let patience = ConsensusSettings::default().election;
    let beat = |node: &mut Node| {
        let (round, asked, trip) = (round("1.n2"), node.port.now, Span::ZERO);
        node.hears(2, ConsensusMessage::Heartbeat { round, decided: Slot(0), number: 1, asked, trip });
        node.port.take();
    };
    let again = |node: &mut Node| {
        for _ in 0..3 {
            node.port.now = node.port.now + patience.divided_by(3);
            beat(node);
        }
        node.waits(ConsensusTimer::Again);
        node.did()
    };
    let mut node = Node::new();
    beat(&mut node);
    node.asked(1, put("v"));
    assert_eq!(node.did(), ["> n2 forward c1#1"]);
    assert_eq!(again(&mut node), ["> n2 forward c1#1"]);
    assert_eq!(again(&mut node), ["> n2 forward c1#1"]);
    assert_eq!(again(&mut node), ["> n2 forward c1#1", "> n3 relay c1#1"]);
    assert_eq!(again(&mut node), ["> n2 forward c1#1"], "it is n2's turn, which is asked anyway");
    let mut flawed_node = Node::of(&flawed("k23"));
    beat(&mut flawed_node);
    flawed_node.asked(1, put("v"));
    assert!((0..9).all(|_| again(&mut flawed_node).iter().all(|did| !did.contains("relay"))));
    // Who is asked to pass it on, sends it to the proposer that it follows, or proposes it.
    let request = Arc::new(Request::new(op(1), put("v")));
    let mut other = Node::new();
    beat(&mut other);
    other.hears(3, ConsensusMessage::Relay { request: Arc::clone(&request) });
    assert_eq!(other.did(), ["> n2 forward c1#1"]);
    let mut proposer = Node::new();
    proposer.lead();
    proposer.hears(3, ConsensusMessage::Relay { request });
    assert!(proposer.did().iter().any(|did| did.starts_with("> n2 propose")));
}

/// In the log it would be answered once more, and perhaps otherwise.
#[test]
fn a_read_by_index_that_waits_for_long_is_relayed_as_one() {
    let settings = ConsensusSettings { reads: Reads::Index, ..ConsensusSettings::default() };
    let patience = settings.election;
    let read = || StoreCommand::Read { key: Key::new("k").expect("a key"), within: Within::default() };
    let beat = |node: &mut Node| {
        let (round, asked, trip) = (round("1.n2"), node.port.now, Span::ZERO);
        node.hears(2, ConsensusMessage::Heartbeat { round, decided: Slot(0), number: 1, asked, trip });
        node.port.take();
    };
    let mut node = Node::of(&settings);
    beat(&mut node);
    node.asked(1, read());
    for _ in 0..9 {
        node.port.now = node.port.now + patience.divided_by(3);
        beat(&mut node);
    }
    node.waits(ConsensusTimer::Again);
    assert_eq!(node.did(), ["> n2 read-ask c1#1", "> n3 relay-read c1#1 of n1"]);
    let relayed = |home| ConsensusMessage::RelayRead { id: Request::new(op(1), read()).id, home };
    let mut other = Node::of(&settings);
    beat(&mut other);
    other.hears(3, relayed(n(3)));
    assert_eq!(other.did(), ["> n2 relay-read c1#1 of n3"]);
    other.hears(2, relayed(n(3)));
    assert!(other.did().is_empty(), "it has been passed on once");
    let mut proposer = Node::of(&settings);
    proposer.lead();
    proposer.hears(2, relayed(n(3)));
    proposer.waits(ConsensusTimer::Beat);
    let (round, asked) = (round("1.n1"), proposer.port.now);
    proposer.hears(2, ConsensusMessage::HeartbeatAck { round, number: 2, asked });
    assert!(proposer.did().contains(&"> n3 read-at c1#1 0".to_owned()));
}

/// Two nodes that lack the same slot would ask each other for ever.
#[test]
fn decisions_without_the_one_that_is_lacked_are_no_answer() {
    let mut node = Node::new();
    let later = decided(2, "1.n2", &value("b"), &[2, 3]);
    let beat = |node: &mut Node| {
        let (round, asked, trip) = (round("1.n2"), LocalTime::default(), Span::ZERO);
        node.hears(2, ConsensusMessage::Heartbeat { round, decided: Slot(2), number: 1, asked, trip });
        node.did().into_iter().filter(|did| did.contains("fetch")).collect::<Vec<_>>()
    };
    let mut asked = Vec::new();
    for _ in 0..4 {
        asked.extend(beat(&mut node));
        node.hears(3, ConsensusMessage::Slots { decided: Arc::new(vec![Arc::clone(&later)]) });
        node.waits(ConsensusTimer::Fetch);
        node.port.take();
    }
    assert_eq!(asked, ["> n2 fetch 1", "> n2 fetch 1", "> n3 fetch 1", "> n2 fetch 1"]);
    assert_eq!(beat(&mut node), ["> n3 fetch 1"]);
    node.hears(3, ConsensusMessage::Slots { decided: Arc::new(vec![decided(1, "1.n2", &value("a"), &[2, 3])]) });
    assert!(beat(&mut node).is_empty(), "nothing is lacked any more");
}

//! One voter of three, its messages, timers and commands by hand.

use std::sync::Arc;

use super::certificate::Seal;
use super::messages::Report;
use super::*;
use crate::codex::{Anchor, AnchorRule, Key, Refusal, Value as Content, Write};
use crate::identity::{Boot, ClientId, NodeId, OpId};
use crate::observation::{Ballot, Bid, Round, Slot};
use crate::protocols::bench::{Bench, Did};
use crate::protocols::{Protocol as _, Registry, Signature};
use crate::time::LocalTime;

const SIGNED: fn() -> Signature = Signature::default;

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

fn put(value: &str) -> ConsensusCommand {
    let (key, value) = (Key::new("k").expect("a key"), Content::text(value));
    ConsensusCommand::Write { within: Within::default(), write: Write::Put { key, value } }
}

/// A value that is one put.
fn value(text: &str) -> Value {
    Value::new(Proposal::Requests(vec![Request::new(op(1), put(text))]))
}

fn registry() -> Registry {
    Registry::new(5)
}

fn bid(slot: u64, ballot_text: &str, value: &Value) -> Bid {
    Bid { slot: Slot(slot), ballot: ballot(ballot_text), value: value.id() }
}

fn seal(voter: u32, bid: Bid) -> Seal {
    Seal::new(n(voter), bid, &registry())
}

/// A decision that these voters have sealed.
fn decided(slot: u64, ballot_text: &str, value: &Value, voters: &[u32]) -> Arc<Decided> {
    let bid = bid(slot, ballot_text, value);
    let seals = voters.iter().map(|voter| seal(*voter, bid)).collect();
    Arc::new(Decided { slot: Slot(slot), ballot: bid.ballot, value: value.clone(), seals })
}

/// n1 of three voters, with an observer n4.
struct Node {
    consensus: Consensus,
    port: Bench<Consensus>,
}

impl Node {
    fn with(settings: &ConsensusSettings, disk: &[ConsensusEntry], boot: u32, damaged: bool) -> Self {
        let mut kept = Kept::default();
        kept.damaged = damaged;
        disk.iter().for_each(|entry| kept.take(entry));
        let lost = kept.is_lost();
        let mut port = Bench::new(0, 4);
        port.boot = Boot::new(boot);
        let mut consensus = Consensus::start(n(1), Arc::new(Rules::new(settings, 3, registry())), kept);
        consensus.open(lost, &mut port);
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

    /// The disk of a voter, with these entries.
    fn voter(entries: &[ConsensusEntry]) -> Vec<ConsensusEntry> {
        let own = ConsensusEntry::Voter { node: n(1) };
        [own].into_iter().chain(entries.iter().cloned()).collect()
    }

    /// Takes in a message, and the disk answers at once.
    fn hears(&mut self, from: u32, message: ConsensusMessage) -> Option<ConsensusOutcome> {
        self.consensus.on_message(n(from), message, &mut self.port);
        let told = self.port.take_told().pop();
        self.disk_answers();
        told
    }

    fn asked(&mut self, number: u32, command: ConsensusCommand) {
        self.consensus.on_command(op(number), command, &mut self.port);
        self.disk_answers();
    }

    /// A timer runs out.
    fn waits(&mut self, timer: ConsensusTimer) {
        self.consensus.on_timer(timer, &mut self.port);
        self.disk_answers();
    }

    fn disk_answers(&mut self) {
        while self.consensus.journal.is_open() {
            self.consensus.on_synced(&mut self.port);
            assert!(self.port.take_told().is_empty());
        }
    }

    fn elect(&mut self, from: u32, text: &str) {
        self.hears(
            from,
            ConsensusMessage::Elect {
                round: round(text),
                from: Slot(1),
                asked: LocalTime::default(),
                signature: SIGNED(),
            },
        );
    }

    fn propose(&mut self, from: u32, slot: u64, text: &str, value: &Value) {
        let (slot, ballot, value) = (Slot(slot), ballot(text), value.clone());
        self.hears(from, ConsensusMessage::Propose { slot, ballot, value, signature: SIGNED() });
    }

    fn pre_commit(&mut self, from: u32, slot: u64, text: &str, value: &Value) {
        let (slot, ballot, value) = (Slot(slot), ballot(text), value.clone());
        self.hears(from, ConsensusMessage::PreCommit { slot, ballot, value, signature: SIGNED() });
    }

    fn vote(&mut self, from: u32, bid: Bid, against: &[(OpId, Refusal)]) {
        let against = Arc::new(against.to_vec());
        self.hears(from, ConsensusMessage::Vote { bid, against, signature: SIGNED() });
    }

    fn confirm(&mut self, from: u32, bid: Bid, seal: Seal) {
        self.hears(from, ConsensusMessage::Confirm { bid, seal, signature: SIGNED() });
    }

    fn commit(&mut self, from: u32, decided: &Arc<Decided>) {
        self.hears(from, ConsensusMessage::Commit { decided: Arc::clone(decided), signature: SIGNED() });
    }

    fn promise(&mut self, from: u32, text: &str, compacted: u64, slots: Vec<(Slot, Reported)>) {
        let report = Arc::new(Report { compacted: Slot(compacted), slots });
        self.hears(
            from,
            ConsensusMessage::Promise { round: round(text), report, asked: LocalTime::default(), signature: SIGNED() },
        );
    }

    fn stand(&mut self) {
        self.waits(ConsensusTimer::Election);
    }

    /// It stands, and n2 promises.
    fn lead(&mut self) {
        self.stand();
        self.promise(2, "1.n1", 0, Vec::new());
        self.port.take();
    }

    /// What it has done since the last look, but for timers: `+` to the disk, `!` a fact, `>` a message, `<` an answer.
    fn did(&mut self) -> Vec<String> {
        let said = |did| match did {
            Did::Send(to, message) => Some(format!("> {to} {}", spoken(&message))),
            Did::Append(entry) => Some(format!("+ {}", written(&entry))),
            Did::Sync => Some("sync".to_owned()),
            Did::Note(fact) => Some(format!("! {}", told(&fact)?)),
            Did::Reply(op, answer) => Some(format!("< {op} {answer:?}")),
            Did::Post(_, never) => match never {},
            Did::Tell(outcome) => Some(format!("{outcome:?}")),
            Did::SetTimer(..) | Did::CancelTimer(_) => None,
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
        ConsensusMessage::Loyal { number, .. } => format!("loyal {number}"),
        ConsensusMessage::Fetch { from, .. } => format!("fetch {from}"),
        ConsensusMessage::Slots { decided, .. } => format!("slots {}", decided.len()),
        ConsensusMessage::State { snapshot, .. } => format!("state {}", snapshot.slot),
        ConsensusMessage::Forward { request, .. } => format!("forward {}", request.op),
        ConsensusMessage::ReadAsk { op, .. } => format!("read-ask {op}"),
        ConsensusMessage::ReadAt { op, slot, .. } => format!("read-at {op} {slot}"),
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
        | ConsensusFact::Candidate { .. }
        | ConsensusFact::SteppedDown { .. }
        | ConsensusFact::Proposed { .. }
        | ConsensusFact::Voted { .. }
        | ConsensusFact::Replaced { .. }
        | ConsensusFact::PreCommitted { .. }
        | ConsensusFact::Applied { .. }
        | ConsensusFact::Installed { .. }
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
    let anchors = vec![Anchor { prefix: String::new(), rule: AnchorRule::MaxBytes(1) }];
    let mut node = Node::of(&ConsensusSettings { anchors, ..ConsensusSettings::default() });
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
    let snapshot = Snapshot { slot: Slot(7), entries: Arc::default(), sessions: Sessions::default() };
    let message = ConsensusMessage::State { snapshot: Arc::new(snapshot), signature: SIGNED() };
    assert_eq!(node.hears(3, message), Some(ConsensusOutcome::Install));
    node.consensus.installed(&mut node.port);
    let did = node.did();
    assert_eq!(did[0], "sync", "{did:?}");
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
    let against = [(op(1), Refusal::Anchor(0))];
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
    assert!(node.consensus.compacts(&mut node.port));
    let behind = {
        let mut behind = Node::new();
        (1..=2).for_each(|slot| behind.commit(2, &decided(slot, "1.n2", &Value::noop(), &[2, 3])));
        behind.consensus.replica.snapshot()
    };
    let mut disk = node.consensus.retained();
    let entries: Vec<String> = disk.iter().map(written).collect();
    assert_eq!(entries, ["voter n1", "state 1 3", "decided 2 1.n2", "decided 3 1.n2"]);
    disk.remove(2);
    let mut node = Node::with(&settings, &disk, 2, true);
    node.port.take();
    let state = ConsensusMessage::State { snapshot: Arc::new(behind), signature: SIGNED() };
    assert!(node.hears(2, state).is_none(), "it has applied 3");
    node.hears(3, ConsensusMessage::Fetch { from: Slot(2), signature: SIGNED() });
    assert_eq!(node.did(), ["> n3 state 3"], "it cannot send 2");
}

#[test]
fn compaction_keeps_the_promise_and_all_that_was_said_above() {
    let settings = ConsensusSettings { compact_after: 1, keep: 0, ..ConsensusSettings::default() };
    let (mut node, value) = (Node::of(&settings), value("a"));
    node.elect(3, "9.n3");
    node.pre_commit(3, 2, "9.n3", &value);
    node.commit(2, &decided(1, "1.n2", &value, &[2, 3]));
    assert!(node.consensus.compacts(&mut node.port));
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
    let loyal = |number| ConsensusMessage::Loyal { round, number, asked, signature: SIGNED() };
    let key = Key::new("k").expect("a key");
    node.asked(1, ConsensusCommand::Read { within: Within::default(), key });
    node.hears(2, loyal(1));
    assert_eq!(node.did(), [""; 0], "that was before the read");
    node.waits(ConsensusTimer::Beat);
    node.port.take();
    node.hears(2, loyal(2));
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
fn who_was_loyal_to_an_older_round_of_the_same_node_proves_no_read() {
    let mut node = re_elected();
    let (asked, key) = (LocalTime::default(), Key::new("x").expect("a key"));
    node.asked(2, ConsensusCommand::Read { within: Within::default(), key });
    node.waits(ConsensusTimer::Beat);
    node.port.take();
    node.hears(2, ConsensusMessage::Loyal { round: round("1.n1"), number: 9, asked, signature: SIGNED() });
    let confirmed = bid(1, "3.n1", &value("a"));
    node.confirm(2, confirmed, seal(2, confirmed));
    assert!(!node.did().iter().any(|did| did.starts_with("< c1#2")), "that was for the round before");
    node.hears(2, ConsensusMessage::Loyal { round: round("3.n1"), number: 9, asked, signature: SIGNED() });
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
    assert!(node.consensus.compacts(&mut node.port));
    node.port.take();
    for (first, sent) in [(3, &["> n3 slots 1"][..]), (2, &["> n3 state 3"]), (4, &[])] {
        node.hears(3, ConsensusMessage::Fetch { from: Slot(first), signature: SIGNED() });
        assert_eq!(node.did(), sent, "from {first}");
    }
}

#[test]
fn what_comes_while_the_disk_is_busy_goes_to_it_in_one_batch_and_nothing_is_told_before() {
    let mut node = Node::new();
    let propose = |slot| {
        let (slot, ballot, value, signature) = (Slot(slot), ballot("1.n2"), Value::noop(), SIGNED());
        ConsensusMessage::Propose { slot, ballot, value, signature }
    };
    for slot in 1..=3 {
        node.consensus.on_message(n(2), propose(slot), &mut node.port);
    }
    assert_eq!(node.did(), ["+ voted 1 1.n2", "sync", "> n2 vote 1 1.n2 0"], "the kernel holds the vote back");
    node.consensus.on_synced(&mut node.port);
    let batch = ["+ voted 2 1.n2", "+ voted 3 1.n2", "sync", "> n2 vote 2 1.n2 0", "> n2 vote 3 1.n2 0"];
    assert_eq!(node.did(), batch);
    node.consensus.on_synced(&mut node.port);
    assert_eq!((node.did(), node.consensus.is_rewritable()), (Vec::new(), true));
}

#[test]
fn a_state_that_comes_while_something_is_gathered_is_installed_behind_it() {
    let mut node = Node::new();
    let propose = |slot| {
        let (slot, ballot, value, signature) = (Slot(slot), ballot("1.n2"), Value::noop(), SIGNED());
        ConsensusMessage::Propose { slot, ballot, value, signature }
    };
    for slot in 1..=2 {
        node.consensus.on_message(n(2), propose(slot), &mut node.port);
    }
    let snapshot = Arc::new(Snapshot { slot: Slot(9), entries: Arc::default(), sessions: Sessions::default() });
    let state = ConsensusMessage::State { snapshot, signature: SIGNED() };
    node.consensus.on_message(n(2), state, &mut node.port);
    assert!(node.port.take_told().is_empty());
    assert!(!node.consensus.is_rewritable() && !node.consensus.compacts(&mut node.port));
    node.consensus.on_synced(&mut node.port);
    assert_eq!(node.port.take_told(), [ConsensusOutcome::Install]);
    assert_eq!(node.did().last().map(String::as_str), Some("> n2 vote 2 1.n2 0"), "what was gathered goes first");
}

#[test]
fn who_has_heard_nothing_because_its_own_disk_is_busy_does_not_stand() {
    let mut node = Node::new();
    let (slot, ballot, value, signature) = (Slot(1), ballot("1.n2"), Value::noop(), SIGNED());
    node.consensus.on_message(n(2), ConsensusMessage::Propose { slot, ballot, value, signature }, &mut node.port);
    node.port.take();
    node.consensus.on_timer(ConsensusTimer::Election, &mut node.port);
    assert_eq!(node.did(), [""; 0]);
    node.disk_answers();
    node.waits(ConsensusTimer::Election);
    assert!(node.did().contains(&"! promised 2.n1".to_owned()));
}

#[test]
fn a_heartbeat_that_the_disk_held_up_tells_of_nothing_that_waits_behind_it() {
    let mut node = Node::new();
    node.lead();
    node.consensus.on_command(op(1), put("a"), &mut node.port);
    for slot in 1..=2 {
        let decided = decided(slot, "2.n2", &Value::noop(), &[2, 3]);
        node.consensus.on_message(n(2), ConsensusMessage::Commit { decided, signature: SIGNED() }, &mut node.port);
    }
    node.consensus.on_timer(ConsensusTimer::Beat, &mut node.port);
    node.port.take();
    node.consensus.on_synced(&mut node.port);
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
    let anchor = Anchor { prefix: "k".to_owned(), rule: AnchorRule::MaxBytes(1) };
    let settings = ConsensusSettings { anchors: vec![anchor], ..ConsensusSettings::default() };
    for (value_text, replaced) in [("a", false), ("too long", true)] {
        let mut node = Node::of(&settings);
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
    let anchor = Anchor { prefix: "k".to_owned(), rule: AnchorRule::MaxBytes(9) };
    let mut node = Node::of(&ConsensusSettings { anchors: vec![anchor], ..ConsensusSettings::default() });
    let append = |number| {
        let write = Write::Append { key: Key::new("k").expect("a key"), value: Content::text("five5") };
        let command = ConsensusCommand::Write { within: Within::default(), write };
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
    assert!(node.consensus.compacts(&mut node.port));
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
    let snapshot = Arc::new(Snapshot { slot: Slot(4), entries: Arc::default(), sessions: Sessions::default() });
    let state = ConsensusMessage::State { snapshot, signature: SIGNED() };
    assert_eq!(node.hears(2, state), Some(ConsensusOutcome::Install));
    node.consensus.installed(&mut node.port);
    node.disk_answers();
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
        trip: crate::time::Span::ZERO,
        signature: SIGNED(),
    };
    node.hears(2, beat(1));
    assert!(node.did().contains(&"> n2 fetch 1".to_owned()));
    node.hears(2, beat(2));
    assert_eq!(node.did(), ["> n2 loyal 2"]);
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
    let within = Within { session: Slot(1), lowest: 7 };
    let write = || Write::Put { key: Key::new("k").expect("a key"), value: Content::text("a") };
    node.asked(7, ConsensusCommand::Write { within, write: write() });
    node.commit(2, &decided(1, "1.n2", &Value::noop(), &[2, 3]));
    node.port.take();
    node.waits(ConsensusTimer::Again);
    assert_eq!(node.did(), ["< c1#7 Expired"], "there is no such session in this state");

    let mut node = Node::new();
    let standing = |lowest| Within { session: Slot(0), lowest };
    node.asked(7, ConsensusCommand::Write { within: standing(7), write: write() });
    let later = Request::new(op(8), ConsensusCommand::Write { within: standing(8), write: write() });
    node.commit(2, &decided(1, "1.n2", &Value::new(Proposal::Requests(vec![later])), &[2, 3]));
    node.port.take();
    node.waits(ConsensusTimer::Again);
    assert!(node.port.take().is_empty(), "its client waits for it no more: nothing is asked, and no timer set");
}

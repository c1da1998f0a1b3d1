//! The conflicts that are open at one node, and the polls of those that it is the arbiter of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decrees;
use super::spec::Rules;
use super::{Answer, ConflictFact, ConflictMessage, ConflictOutcome, ConflictReply, ConflictTimer, Prayer};
use crate::clocks::{Dot, Dots};
use crate::codex::conflict::{Choice, Poll, Strategy, arbiters, choose, decide};
use crate::codex::{Item, Key};
use crate::identity::{NodeId, OpId};
use crate::protocols::Port;
use crate::protocols::replica::{Conflict, Replica};

/// One node's view of the conflicts about which voters are polled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conflicts {
    rules: Arc<Rules>,
    suspected: BTreeSet<NodeId>,
    open: BTreeMap<Key, Open>,
    /// The conflicts that a rule resolves: their versions, and which of them is shown, if it is one.
    ruled: BTreeMap<Key, (Vec<Dot>, Option<Dot>)>,
    /// How many polls this incarnation has begun.
    begun: u64,
    /// Whether the timer is set.
    looks: bool,
    /// The decrees that clients wait for.
    pub(super) wanted: decrees::Asked,
}

/// An open conflict.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Open {
    conflict: Conflict,
    /// What voters are asked.
    poll: Poll,
    /// How often it was looked at since it is as it is.
    looks: u32,
    /// If this node is its arbiter.
    asked: Option<Asked>,
}

/// A poll that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    number: u64,
    answers: BTreeMap<NodeId, Dot>,
    /// How often was asked.
    times: u32,
}

/// After so many times its patience an arbiter that has come to no end is followed by the next.
pub(super) const TURN: u32 = 4;

/// The most bytes of what an arbiter lacks in a message.
const ROOM: usize = 16 * 1_024;

impl Conflicts {
    pub(super) fn new(rules: &Arc<Rules>) -> Self {
        Self {
            rules: Arc::clone(rules),
            suspected: BTreeSet::new(),
            open: BTreeMap::new(),
            ruled: BTreeMap::new(),
            begun: 0,
            looks: false,
            wanted: decrees::Asked::new(),
        }
    }

    /// A client wants another strategy for a keyspace.
    pub(super) fn on_adopt(
        &mut self,
        op: OpId,
        keyspace: String,
        strategy: Strategy,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        // Flaw r04: it holds here alone.
        if self.rules.adopts_alone {
            self.adopt(&keyspace, strategy, replica, port);
            return port.reply(op, ConflictReply::Adopted);
        }
        match decrees::decree(&keyspace, strategy) {
            Some(write) => port.tell(ConflictOutcome::Wanted { op, write }),
            None => port.reply(op, ConflictReply::Unknown),
        }
    }

    /// A peer is suspected, or is no more: others may be arbiters now.
    pub fn on_suspicion(&mut self, peer: NodeId, suspected: bool) {
        if suspected {
            self.suspected.insert(peer);
        } else {
            self.suspected.remove(&peer);
        }
    }

    /// The store has changed: conflicts open, and close.
    pub fn on_changed(&mut self, replica: &mut Replica, port: &mut impl Port<Self>) {
        for key in replica.take_touched() {
            match replica.conflict(&key) {
                Some(conflict) => match conflict.poll {
                    Some(poll) => self.open(&key, &conflict, poll, port),
                    None => self.rule(&key, conflict, replica, port),
                },
                None => {
                    let was_open = self.open.remove(&key).is_some();
                    if self.ruled.remove(&key).is_some() || was_open {
                        port.note(ConflictFact::Closed { key });
                    }
                }
            }
        }
        if !self.looks && !self.open.is_empty() {
            self.looks = true;
            port.set_timer(ConflictTimer::Poll, self.rules.every);
        }
    }

    fn open(&mut self, key: &Key, conflict: &Conflict, poll: Poll, port: &mut impl Port<Self>) {
        if self.open.get(key).is_some_and(|open| open.conflict == *conflict) {
            return;
        }
        self.ruled.remove(key);
        let (class, siblings) = (conflict.class, conflict.siblings.clone());
        port.note(ConflictFact::Opened { key: key.clone(), class, siblings, poll });
        self.open.insert(key.clone(), Open { conflict: conflict.clone(), poll, looks: 0, asked: None });
    }

    fn rule(&mut self, key: &Key, conflict: Conflict, replica: &Replica, port: &mut impl Port<Self>) {
        self.open.remove(key);
        let Conflict { class, siblings, .. } = conflict;
        let rule = (siblings, replica.view(key).dot);
        if self.ruled.get(key) == Some(&rule) {
            return;
        }
        self.ruled.insert(key.clone(), rule.clone());
        let (siblings, shown) = rule;
        port.note(ConflictFact::Ruled { key: key.clone(), class, siblings, shown });
    }

    /// The open conflicts are looked at: an arbiter asks whoever has not answered.
    pub(super) fn on_poll(&mut self, replica: &mut Replica, port: &mut impl Port<Self>) {
        self.looks = !self.open.is_empty();
        if self.looks {
            port.set_timer(ConflictTimer::Poll, self.rules.every);
        }
        replica.persist(port);
        let keys: Vec<Key> = self.open.keys().cloned().collect();
        for key in keys {
            self.look_at(&key, replica, port);
        }
        replica.settle(port);
    }

    fn look_at(&mut self, key: &Key, replica: &mut Replica, port: &mut impl Port<Self>) {
        let is_arbiter = self.open.get(key).is_some_and(|open| self.is_arbiter(key, open, port.me()));
        let Some(open) = self.open.get_mut(key) else { return };
        open.looks = open.looks.saturating_add(1);
        if !is_arbiter {
            open.asked = None;
            return;
        }
        let open = &self.open[key];
        let voters = self.asked_by(&open.conflict, port.me());
        let (conflict, poll) = (open.conflict.clone(), open.poll);
        if open.asked.is_none() {
            self.begun += 1;
            let number = self.begun;
            port.note(ConflictFact::Asked { key: key.clone(), number, voters: voters.clone() });
            let own = named(key, &conflict.siblings, poll, replica).map(|dot| (port.me(), dot));
            let asked = Asked { number, answers: own.into_iter().collect(), times: 0 };
            self.open.get_mut(key).expect("it is open").asked = Some(asked);
        }
        let Some(asked) = self.open.get_mut(key).and_then(|open| open.asked.as_mut()) else { return };
        asked.times += 1;
        let Conflict { siblings, held, .. } = conflict;
        let prayer = Arc::new(Prayer { number: asked.number, key: key.clone(), siblings, held, poll });
        let me = port.me();
        let silent = voters.into_iter().filter(|voter| *voter != me && !asked.answers.contains_key(voter));
        for voter in silent {
            port.send(voter, ConflictMessage::PrayerRequest(Arc::clone(&prayer)));
        }
        self.decide(key, replica, port);
    }

    /// Whether this node polls: it is the first of those that it does not suspect, or these have come to no end for so long.
    fn is_arbiter(&self, key: &Key, open: &Open, me: NodeId) -> bool {
        let siblings: Dots = open.conflict.siblings.iter().copied().collect();
        let suspected = |voter| self.suspected.contains(&voter);
        let turn = (open.looks / self.rules.patience.saturating_mul(TURN)) as usize;
        // Flaw r01: nobody takes over. Flaw e08: everybody is an arbiter.
        let arbiters = if self.rules.no_heir {
            arbiters(key, &siblings, NodeId::all(self.rules.voters), |_| false).into_iter().take(1).collect()
        } else {
            arbiters(key, &siblings, NodeId::all(self.rules.voters), suspected)
        };
        arbiters.iter().position(|arbiter| *arbiter == me).is_some_and(|place| place <= turn || open.conflict.alone)
    }

    /// The voters that this node asks.
    fn asked_by(&self, conflict: &Conflict, me: NodeId) -> Vec<NodeId> {
        let voters = NodeId::all(self.rules.voters).filter(|voter| !self.suspected.contains(voter));
        // Flaw e08: only itself and the next one.
        let next = (me.index() as u32 + 1) % self.rules.voters;
        voters.filter(|voter| !conflict.alone || [me, NodeId::new(next)].contains(voter)).collect()
    }

    /// An arbiter asks which version this node names.
    pub(super) fn on_prayer(&self, from: NodeId, prayer: &Prayer, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Prayer { number, key, siblings, held, poll } = prayer;
        replica.persist(port);
        let lacked = lacked(key, held, replica);
        if !lacked.is_empty() {
            return port.send(from, ConflictMessage::Lacked(Arc::new(lacked)));
        }
        if let Some(named) = named(key, siblings, *poll, replica) {
            port.send(from, ConflictMessage::Answer(Arc::new(Answer { number: *number, key: key.clone(), named })));
        }
    }

    /// A voter names a version.
    pub(super) fn on_answer(
        &mut self,
        from: NodeId,
        answer: &Answer,
        replica: &mut Replica,
        port: &mut impl Port<Self>,
    ) {
        let Answer { number, key, named } = answer;
        let Some(Open { conflict, asked: Some(asked), .. }) = self.open.get_mut(key) else { return };
        if asked.number == *number
            && conflict.siblings.contains(named)
            && (from.index() as u64) < self.rules.voters.into()
        {
            asked.answers.insert(from, *named);
            self.decide(key, replica, port);
        }
        replica.settle(port);
    }

    /// A voter holds what this node lacked: the poll begins anew.
    pub(super) fn on_lacked(items: &[Item], replica: &mut Replica, port: &mut impl Port<Self>) {
        items.iter().for_each(|item| _ = replica.offer(item, port));
        replica.settle(port);
    }

    /// Mints a resolution, if all that are to answer have, or if a majority has and the rest was asked often enough.
    fn decide(&mut self, key: &Key, replica: &mut Replica, port: &mut impl Port<Self>) {
        let Some(Open { conflict, poll, asked: Some(asked), .. }) = self.open.get(key) else { return };
        let voters = self.asked_by(conflict, port.me());
        let is_complete = voters.iter().all(|voter| asked.answers.contains_key(voter));
        if !is_complete && asked.times <= self.rules.patience {
            return;
        }
        // Flaw e08: so few answers are enough.
        let counted = if conflict.alone { asked.answers.len() as u32 } else { self.rules.voters };
        let tally = decide(&asked.answers, counted, *poll);
        let choice = choose(tally, &replica.siblings(key), replica.canon(key));
        if let Some(choice) = choice {
            self.mint(key, choice, replica, port);
        }
    }

    fn mint(&mut self, key: &Key, choice: Choice, replica: &mut Replica, port: &mut impl Port<Self>) {
        let resolution = replica.resolve(key, choice, port.wall(), port);
        port.note(ConflictFact::Settled {
            key: key.clone(),
            dot: resolution.dot,
            stamp: resolution.stamp,
            chosen: resolution.chosen,
            settled: resolution.settled.clone(),
            basis: resolution.basis,
        });
        port.tell(ConflictOutcome::Minted { item: Item::Resolution(resolution) });
        self.on_changed(replica, port);
    }
}

/// The version that this node names, of these.
fn named(key: &Key, siblings: &[Dot], poll: Poll, replica: &Replica) -> Option<Dot> {
    match poll {
        Poll::Arbitration => replica.store().first_of(key, siblings),
        Poll::Vote => replica.most_borne(key, siblings),
    }
}

/// The siblings that this node holds of a key and an arbiter that holds so much of it lacks. Tombstones are none: a replica
/// may hold one that another one has dropped, for as long as not all have reported it.
fn lacked(key: &Key, held: &Dots, replica: &Replica) -> Vec<Item> {
    let mut room = ROOM;
    let siblings = replica.store().held(key).iter().filter(|version| !version.is_tombstone());
    let lacks = siblings.filter(|version| !held.contains(version.dot));
    let items = lacks.map(|version| Item::Version(Arc::clone(version)));
    let mut fits = |item: &Item| {
        let is_first = room == ROOM;
        let size = item.size();
        let fits = is_first || size <= room;
        room = room.saturating_sub(size);
        fits
    };
    items.take_while(|item| fits(item)).collect()
}

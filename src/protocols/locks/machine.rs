//! The lock manager's driver: what it does on every message and command.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bound::bound;
use super::messages::{LockCommand, LockEntry, LockFact, LockMessage, LockReply};
use super::queue::{Queue, Waiting};
use super::request::Request;
use super::reserve::Reserve;
use super::spec::{LockSettings, ROW, Rules};
use super::table::{Deferred, Open, Tables};
use super::wanted::{Refusal, Wanted};
use crate::clocks::LamportClock;
use crate::identity::{Boot, ClientId, NodeId, OpId};
use crate::observation::{Access, Claims, LockMode, LockStamp, Resource, Turn};
use crate::process::{Never, Stored};
use crate::protocols::{Bound, Given, Load, Port, Protocol, Words};
use crate::subject::{Row, World};

/// The lock manager of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Locks {
    rules: Rules,
    reserve: Reserve,
    tables: Tables,
    queue: Queue,
    /// The last answer to each client, for retries.
    answers: BTreeMap<ClientId, (u32, LockReply)>,
    /// The number of entries of the file.
    written: usize,
}

/// The contents of a node's file of the lock manager.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    below: LamportClock,
    entries: usize,
}

/// The file is rewritten when it has this many entries.
const COMPACT_AFTER: usize = 256;

impl Words for Locks {
    type Message = Never;
    type Payload = LockMessage;
    type Timer = Never;
    type Completion = Never;
    type Entry = LockEntry;
    type Fact = LockFact;
    type Command = LockCommand;
    type Reply = LockReply;
    type Outcome = Never;
}

impl Protocol for Locks {
    const ROW: Row = ROW;
    type Settings = LockSettings;
    type Rules = Rules;
    type Kept = Kept;
    type Sees<'a> = ();

    fn rules(settings: &LockSettings, _: Given<'_>) -> Rules {
        settings.rules()
    }

    /// The lock manager does not tolerate damage: the only readable entry may be an older reserve.
    fn read(kept: &mut Kept, stored: Stored<&LockEntry>) {
        kept.entries += 1;
        if let Stored::Intact(LockEntry::Reserve { below }) = stored {
            kept.below = kept.below.max(*below);
        }
    }

    /// Reports the clock that a crash has left, if there was one.
    fn start(rules: &Arc<Rules>, kept: Kept, (): (), port: &mut impl Port<Self>) -> Self {
        let reserve = Reserve::after(kept.below);
        if port.boot() > Boot::new(1) {
            port.note(LockFact::Recovered { clock: reserve.below() });
        }
        Self {
            rules: **rules,
            reserve,
            tables: Tables::default(),
            queue: Queue::default(),
            answers: BTreeMap::new(),
            written: kept.entries,
        }
    }

    fn on_message(&mut self, _: NodeId, message: Never, (): (), _: &mut impl Port<Self>) {
        match message {}
    }

    fn on_payload(&mut self, from: NodeId, message: LockMessage, (): (), port: &mut impl Port<Self>) {
        match message {
            LockMessage::Request(request) => self.on_request(from, request, port),
            LockMessage::Reply { boot, op } => self.on_reply(from, boot, op, port),
            LockMessage::Denied { boot, op } => self.on_denied(boot, op, port),
        }
    }

    /// Forgets the requests of the peer's previous incarnation, and asks the peer again for the answers that it did not
    /// give.
    fn on_reset(&mut self, peer: NodeId, (): (), port: &mut impl Port<Self>) {
        self.tables.forget(peer);
        // Flaw l07: the new incarnation is not asked for the answers that the previous one did not give.
        if self.rules.l07 {
            return;
        }
        for open in self.tables.open.values().filter(|open| open.missing.contains(&peer)) {
            port.post(peer, LockMessage::Request(Arc::clone(&open.request)));
        }
    }

    fn on_timer(&mut self, timer: Never, (): (), _: &mut impl Port<Self>) {
        match timer {}
    }

    fn on_synced(&mut self, completion: Never, (): (), _: &mut impl Port<Self>) {
        match completion {}
    }

    fn bound(_: &LockSettings, load: &Load, world: &World) -> Bound {
        bound(load, world)
    }

    fn on_command(&mut self, op: OpId, command: LockCommand, (): (), port: &mut impl Port<Self>) {
        if let Some((number, reply)) = self.answers.get(&op.client).filter(|(number, _)| *number >= op.number) {
            if *number == op.number {
                port.reply(op, *reply);
            }
            return;
        }
        match command {
            LockCommand::Acquire { wanted, priority } => self.acquire(op, &wanted, priority, port),
            LockCommand::Release { acquire } => self.release(op, acquire, port),
            LockCommand::Withdraw { acquire } => self.withdraw(op, acquire, port),
        }
    }
}

impl Locks {
    /// Whether the grant of this token covers an access to `key`; `None` if this node knows no such grant.
    #[must_use]
    pub fn covers(&self, token: LockStamp, key: &Resource, access: Access) -> Option<bool> {
        let grant = self.tables.grants.get(&token.op).filter(|grant| grant.stamp == token)?;
        let suffices = |resource: &Resource| match grant.claims.mode(resource) {
            Some(LockMode::X) => true,
            Some(LockMode::S | LockMode::Six) => access == Access::Read,
            Some(LockMode::Is | LockMode::Ix) | None => false,
        };
        Some(suffices(key) || key.ancestors().any(|above| suffices(&above)))
    }

    fn acquire(&mut self, op: OpId, wanted: &Wanted, priority: u8, port: &mut impl Port<Self>) {
        if self.tables.open.contains_key(&op) || self.queue.find(op).is_some() {
            return;
        }
        let claims = match wanted.claims() {
            Ok(claims) => claims,
            Err(reason) => return self.refuse(op, reason, port),
        };
        // Flaw l05: a client that holds something may ask for more.
        if let Some(reason) = self.hold_and_ask(op.client, wanted).filter(|_| !self.rules.l05) {
            return self.refuse(op, reason, port);
        }
        let turn = Turn { priority, since: port.monotonic(), ageing: self.rules.ageing };
        port.note(LockFact::Asked { op, claims: claims.clone(), turn });
        self.queue.add(Waiting { op, claims }, priority, turn.since, turn.ageing);
        self.pump(port);
    }

    /// Why a client that has a grant or a request already may not make this request.
    fn hold_and_ask(&self, client: ClientId, wanted: &Wanted) -> Option<Refusal> {
        let active = self.tables.of(client).map(|request| &request.claims);
        let has: Vec<&Claims> = active.chain(self.queue.of(client).map(|waiting| &waiting.claims)).collect();
        let same = |path: &String| has.iter().any(|claims| claims.mode(&Resource::new(path)).is_some());
        if has.is_empty() {
            None
        } else if wanted.0.keys().any(same) {
            Some(Refusal::ConversionRefused)
        } else {
            Some(Refusal::AlreadyHolds)
        }
    }

    fn release(&mut self, op: OpId, acquire: OpId, port: &mut impl Port<Self>) {
        if acquire.client != op.client || self.tables.grants.remove(&acquire).is_none() {
            return self.refuse(op, Refusal::NotHeld, port);
        }
        port.note(LockFact::Released { op: acquire });
        self.answer(op, LockReply::Released, port);
        self.go_on(port);
    }

    fn withdraw(&mut self, op: OpId, acquire: OpId, port: &mut impl Port<Self>) {
        let is_own = acquire.client == op.client;
        if !is_own || !(self.queue.remove(acquire) || self.tables.open.remove(&acquire).is_some()) {
            return self.release(op, acquire, port);
        }
        port.note(LockFact::Withdrawn { op: acquire });
        self.answer(op, LockReply::Withdrawn, port);
        self.go_on(port);
    }

    fn refuse(&mut self, op: OpId, reason: Refusal, port: &mut impl Port<Self>) {
        port.note(LockFact::Refused { op, reason });
        self.answer(op, LockReply::Refused { reason }, port);
    }

    fn answer(&mut self, op: OpId, reply: LockReply, port: &mut impl Port<Self>) {
        self.answers.insert(op.client, (op.number, reply));
        port.reply(op, reply);
    }

    fn on_request(&mut self, peer: NodeId, request: Arc<Request>, port: &mut impl Port<Self>) {
        // Flaw l01: the clock does not advance on a request that it answers. This node could then grant it, and send a
        // request with an earlier stamp.
        if !self.rules.l01 {
            self.reserve.see(request.stamp.time);
        }
        self.secure(port);
        let Some(behind) = self.obstacle(&request, port) else {
            return reply(peer, &request, port);
        };
        // Flaw e21: a request that a holder cannot grant is forgotten.
        if self.rules.e21 && self.tables.is_held(&request.claims) {
            let op = request.stamp.op;
            let boot = request.boot;
            return port.post(peer, LockMessage::Denied { boot, op });
        }
        port.note(LockFact::Deferred { stamp: request.stamp, behind });
        self.tables.defer(peer, request);
    }

    fn obstacle(&self, request: &Request, port: &impl Port<Self>) -> Option<LockStamp> {
        let now = port.wall();
        self.tables.obstacle(request, |mine| self.is_earlier(mine, request, now.as_nanos()), self.rules)
    }

    /// Whether an open request of this node goes before a peer's request.
    fn is_earlier(&self, mine: &Request, theirs: &Request, wall: u64) -> bool {
        if self.rules.e20 {
            // Flaw e20: a peer that is itself requesting grants anyway.
            false
        } else if self.rules.e32 {
            // Flaw e32: the wall clock is compared with the peer's logical one.
            wall < theirs.stamp.time.count()
        } else {
            mine.stamp < theirs.stamp
        }
    }

    fn on_reply(&mut self, from: NodeId, boot: Boot, op: OpId, port: &mut impl Port<Self>) {
        let mut answered = (boot == port.boot()).then_some(op).filter(|op| self.tables.open.contains_key(op));
        // Flaw l04: a reply to a request that has ended counts for the next one.
        if self.rules.l04 && answered.is_none() {
            let misses = |(_, open): &(&OpId, &Open)| open.missing.contains(&from);
            answered = self.tables.open.iter().find(misses).map(|(op, _)| *op);
        }
        let Some(op) = answered else { return };
        if let Some(open) = self.tables.open.get_mut(&op) {
            open.missing.remove(&from);
        }
        self.grant_if_due(op, port);
    }

    fn on_denied(&mut self, boot: Boot, op: OpId, port: &mut impl Port<Self>) {
        if boot == port.boot() && self.tables.open.remove(&op).is_some() {
            port.note(LockFact::Abandoned { op });
            self.go_on(port);
        }
    }

    /// A grant or request has ended: those that waited for it continue.
    fn go_on(&mut self, port: &mut impl Port<Self>) {
        let (rules, wall) = (self.rules, port.wall().as_nanos());
        let mut tables = std::mem::take(&mut self.tables);
        let free = tables.answerable(|tables, request| {
            tables.obstacle(request, |mine| self.is_earlier(mine, request, wall), rules).is_some()
        });
        self.tables = tables;
        for Deferred { peer, request } in free {
            reply(peer, &request, port);
        }
        for op in self.tables.open.keys().copied().collect::<Vec<_>>() {
            self.grant_if_due(op, port);
        }
        self.pump(port);
    }

    /// Sends the requests that need not wait for another request of this node.
    fn pump(&mut self, port: &mut impl Port<Self>) {
        while let Some(Waiting { op, claims }) = self.queue.take(|claims| self.tables.is_busy(claims)) {
            let stamp = LockStamp { time: self.reserve.tick(), node: port.me(), op };
            self.secure(port);
            port.note(LockFact::Requested { stamp, claims: claims.clone() });
            let request = Arc::new(Request { stamp, boot: port.boot(), claims });
            let missing: BTreeSet<NodeId> = port.peers().collect();
            for peer in &missing {
                port.post(*peer, LockMessage::Request(Arc::clone(&request)));
            }
            self.tables.open.insert(op, Open { request, missing });
            self.grant_if_due(op, port);
        }
    }

    /// Grants a request that all peers have answered, unless this node holds an incompatible grant.
    fn grant_if_due(&mut self, op: OpId, port: &mut impl Port<Self>) {
        let due = |open: &Open| open.missing.is_empty() && !self.tables.is_held(&open.request.claims);
        if !self.tables.open.get(&op).is_some_and(due) {
            return;
        }
        let Open { request, .. } = self.tables.open.remove(&op).expect("it was just there");
        let Request { stamp, ref claims, .. } = *request;
        port.note(LockFact::Granted { stamp, claims: claims.clone() });
        self.answer(op, LockReply::Granted { token: stamp }, port);
        self.tables.grants.insert(op, request);
        self.pump(port);
    }

    /// Before anything that reveals a stamp leaves, the disk must hold a higher bound.
    fn secure(&mut self, port: &mut impl Port<Self>) {
        // Flaw l03: the clock is not written to the disk.
        if let Some(below) = self.reserve.extend().filter(|_| !self.rules.l03) {
            let reserve = LockEntry::Reserve { below };
            if self.written < COMPACT_AFTER {
                self.written += 1;
                port.append(reserve);
            } else {
                self.written = 1;
                port.rewrite(vec![reserve]);
            }
            port.sync();
        }
    }
}

fn reply(peer: NodeId, request: &Request, port: &mut impl Port<Locks>) {
    port.post(peer, LockMessage::Reply { boot: request.boot, op: request.stamp.op });
}

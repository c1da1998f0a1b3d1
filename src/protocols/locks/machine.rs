//! The lock manager's driver: what it does on every message and command.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use super::messages::{LockCommand, LockEntry, LockFact, LockMessage, LockReply};
use super::queue::{Queue, Waiting};
use super::request::Request;
use super::reserve::Reserve;
use super::spec::{LockSettings, Rules};
use super::table::{Deferred, Open, Tables};
use super::wanted::{Refusal, Wanted};
use crate::clocks::LamportClock;
use crate::identity::{Boot, ClientId, NodeId, OpId};
use crate::observation::{Access, Claims, LockMode, LockStamp, Resource, Turn};
use crate::protocols::{Port, Protocol, Words};

/// The lock manager of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Locks {
    rules: Rules,
    reserve: Reserve,
    tables: Tables,
    queue: Queue,
    /// The last answer that each client got, for one that asks again.
    answers: BTreeMap<ClientId, (u32, LockReply)>,
}

impl Words for Locks {
    type Message = Infallible;
    type Payload = LockMessage;
    type Timer = Infallible;
    type Entry = LockEntry;
    type Fact = LockFact;
    type Command = LockCommand;
    type Reply = LockReply;
    type Outcome = Infallible;
}

impl Protocol for Locks {
    fn on_payload(&mut self, from: NodeId, message: LockMessage, port: &mut impl Port<Self>) {
        match message {
            LockMessage::Request(request) => self.on_request(from, request, port),
            LockMessage::Reply { boot, op } => self.on_reply(from, boot, op, port),
            LockMessage::Denied { boot, op } => self.on_denied(boot, op, port),
        }
    }

    /// What the peer's old life asked is gone, and what it had not answered is asked again.
    fn on_reset(&mut self, peer: NodeId, port: &mut impl Port<Self>) {
        self.tables.forget(peer);
        // Flaw l07: the new life is not asked what the old one did not answer.
        if self.rules.l07 {
            return;
        }
        for open in self.tables.open.values().filter(|open| open.missing.contains(&peer)) {
            port.post(peer, LockMessage::Request(Arc::clone(&open.request)));
        }
    }

    fn on_command(&mut self, op: OpId, command: LockCommand, port: &mut impl Port<Self>) {
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
    /// The lock manager of a node that starts, with the reserve that its disk holds.
    #[must_use]
    pub fn start(settings: &LockSettings, below: LamportClock) -> Self {
        Self {
            rules: settings.rules(),
            reserve: Reserve::after(below),
            tables: Tables::default(),
            queue: Queue::default(),
            answers: BTreeMap::new(),
        }
    }

    /// Tells what a crash has left, if there was one.
    pub fn resume(&self, port: &mut impl Port<Self>) {
        if port.boot() > Boot::new(1) {
            port.note(LockFact::Recovered { clock: self.reserve.below() });
        }
    }

    /// What must stand on the disk when the log is rewritten.
    #[must_use]
    pub const fn retained(&self) -> LockEntry {
        LockEntry::Reserve { below: self.reserve.below() }
    }

    /// Whether the grant that a token stands for covers an operation on `key`; `None` if this node knows no such grant.
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

    /// Why a client that has something already may not ask for this.
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
        // Flaw l01: the clock does not rise on what it answers. This node could then grant, and send a request that
        // beats the one it granted.
        if !self.rules.l01 {
            self.reserve.see(request.stamp.time);
        }
        self.secure(port);
        let Some(behind) = self.obstacle(&request, port) else {
            return reply(peer, &request, port);
        };
        // Flaw e21: what a holder can't grant, it forgets.
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

    /// Whether an open request of this node goes before a peer's.
    fn is_earlier(&self, mine: &Request, theirs: &Request, wall: u64) -> bool {
        if self.rules.e20 {
            // Flaw e20: who is asking itself grants anyway.
            false
        } else if self.rules.e32 {
            // Flaw e32: the wall clock is held against the other's logical one.
            wall < theirs.stamp.time.count()
        } else {
            mine.stamp < theirs.stamp
        }
    }

    fn on_reply(&mut self, from: NodeId, boot: Boot, op: OpId, port: &mut impl Port<Self>) {
        let mut answered = (boot == port.boot()).then_some(op).filter(|op| self.tables.open.contains_key(op));
        // Flaw l04: a reply to a request that has ended counts for another.
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

    /// Something ended: those who waited for it go on.
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

    /// Sends the requests that need not wait for another of this node's.
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

    /// Grants a request that all have answered, unless this node holds something that does not go together with it.
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

    /// Before anything leaves that tells of a stamp, the disk must hold more than it.
    fn secure(&mut self, port: &mut impl Port<Self>) {
        // Flaw l03: the disk hears nothing of the clock.
        if let Some(below) = self.reserve.extend().filter(|_| !self.rules.l03) {
            port.append(LockEntry::Reserve { below });
            port.sync();
        }
    }
}

fn reply(peer: NodeId, request: &Request, port: &mut impl Port<Locks>) {
    port.post(peer, LockMessage::Reply { boot: request.boot, op: request.stamp.op });
}

//! The table of protocols, with one row each. It generates everything that a node has for each protocol: the enums of
//! messages, timers and so on, the machines that run, and the dispatch of each message to its protocol.
//!
//! The order of the rows is part of every trace: new rows are added at the end only.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::group_commit::Waiting;
use crate::chance::Dice;
use crate::check::AnyChecker;
use crate::codex::{Keyspaces, StoreCommand, StoreReply};
use crate::identity::{Boot, ClientId, LaneId, NodeId, OpId};
use crate::observation::{Observation, Observe};
use crate::process::{self, Ask, ClientPlan, Lane, Never, Script, Stored};
use crate::protocols::channel::{self, ChannelFact, ChannelSettings, ChannelTimer, Frame};
use crate::protocols::clocks::{self, ClocksEntry, ClocksFact, ClocksSettings};
use crate::protocols::conflicts::{Conflicts, StrategyWorkload};
use crate::protocols::consensus::{Consensus, RegisterWorkload, StoreClient};
use crate::protocols::gossip::{DocumentWorkload, Gossip, ReplicaClient, ScriptureWorkload, SetWorkload};
#[cfg(test)]
use crate::protocols::herald::Herald;
use crate::protocols::locks::{LockClient, LockWorkload, Locks};
#[cfg(test)]
use crate::protocols::ping::{Ping, PingClient, PingWorkload};
use crate::protocols::replica::Replica;
use crate::protocols::sync::{SwitchWorkload, Sync};
use crate::protocols::transactions::{BankWorkload, OrderWorkload, Transactions};
use crate::protocols::{
    self, AsStore, Bound, CHANNEL, CLOCKS, CommandOf, FactOf, Given, Load, Periodic, Port, Protocol, ReplyOf,
    Settings as _, Words, Work, Written,
};
use crate::subject::{Needs, Objection, Owner, Row, Setup, Turn, World};
use crate::time::{LocalTime, Span};

/// The parts of the node that it lends to a protocol: all that the protocol may touch beside its own state.
pub(super) trait Lends<Q: Protocol> {
    /// Whether it is lent the replica: then what it says waits for the replica's disk.
    const REPLICA: bool = false;
    /// The lent part, for one call.
    fn lend(&mut self) -> Q::Sees<'_>;
}

/// The state that protocols share.
#[derive(Debug)]
pub(super) struct Shared<'s> {
    /// The keyspaces of the scenario.
    pub(super) keyspaces: &'s Keyspaces,
    /// The replica, which is in nobody's hands during a step.
    pub(super) replica: Option<Box<Replica>>,
}

impl Shared<'_> {
    /// The replica, for a protocol that needs one.
    pub(super) fn replica(&mut self) -> &mut Replica {
        self.replica.as_mut().expect("a replica runs where it is needed")
    }
}

impl Lends<Locks> for Shared<'_> {
    fn lend(&mut self) {}
}

impl Lends<Consensus> for Shared<'_> {
    fn lend(&mut self) {}
}

impl Lends<Replica> for Shared<'_> {
    fn lend(&mut self) {}
}

impl Lends<Transactions> for Shared<'_> {
    fn lend(&mut self) {}
}

impl Lends<Sync> for Shared<'_> {
    const REPLICA: bool = true;

    fn lend(&mut self) -> &mut Replica {
        self.replica()
    }
}

impl Lends<Gossip> for Shared<'_> {
    const REPLICA: bool = true;

    fn lend(&mut self) -> &mut Replica {
        self.replica()
    }
}

impl Lends<Conflicts> for Shared<'_> {
    const REPLICA: bool = true;

    fn lend(&mut self) -> &mut Replica {
        self.replica()
    }
}

#[cfg(test)]
impl Lends<Ping> for Shared<'_> {
    fn lend(&mut self) {}
}

#[cfg(test)]
impl Lends<Herald> for Shared<'_> {
    fn lend(&mut self) -> &Keyspaces {
        self.keyspaces
    }
}

/// The part of a port that is the same for every protocol.
macro_rules! through_desk {
    () => {
        fn me(&self) -> NodeId {
            self.ctx.me()
        }
        fn boot(&self) -> Boot {
            self.ctx.boot()
        }
        fn node_count(&self) -> u32 {
            self.ctx.node_count()
        }
        fn attempt(&self) -> u32 {
            self.ctx.attempt()
        }
        fn wall(&self) -> LocalTime {
            self.ctx.wall()
        }
        fn monotonic(&self) -> LocalTime {
            self.ctx.monotonic()
        }
        fn jitter(&mut self, label: &str, low: Span, high: Span) -> Span {
            self.ctx.jitter(label, low, high)
        }
        fn choose(&mut self, label: &str, n: u64) -> u64 {
            self.ctx.choose(label, n)
        }
        fn sync(&mut self) {
            self.write_clock();
            self.ctx.sync();
        }
        fn answer(&mut self, op: OpId, reply: StoreReply) {
            self.ctx.reply(op, Reply::Store(reply));
        }
    };
}

/// An enum with a variant for each protocol, after the node's own variants.
macro_rules! words {
    (
        $(#[$attr:meta])* $Enum:ident($kind:ident) { $($own:ident($word:ty): $own_doc:literal,)* }
        $($(#[cfg($cfg:meta)])? $doc:literal $Q:ident)+
    ) => {
        $(#[$attr])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $Enum {
            $(#[doc = $own_doc] $own($word),)*
            $($(#[cfg($cfg)])? #[doc = $doc] $Q(<$Q as Words>::$kind),)+
        }
    };
}

/// What checkers see of one of these enums.
macro_rules! seen {
    ($($Enum:ident { $($own:ident),* })+ => $rows:tt) => {
        $(seen!(@one $Enum { $($own),* } $rows);)+
    };
    (@one $Enum:ident { $($own:ident),* } [$($(#[cfg($cfg:meta)])? $Q:ident)+]) => {
        impl Observe for $Enum {
            fn observe(&self, seen: &mut Vec<Observation>) {
                match self {
                    $(Self::$own(word) => word.observe(seen),)*
                    $($(#[cfg($cfg)])? Self::$Q(word) => word.observe(seen),)+
                }
            }
        }
    };
}

macro_rules! hosted {
    ($(
        $(#[cfg($cfg:meta)])? $doc:literal $name:ident: $Q:ident {
            $($(#[cfg($work_cfg:meta)])? $work_doc:literal $W:ident($work:ty) => $client:ty,)*
        }
    )+) => {
        words! {
            /// A message between nodes, without its envelope.
            Body(Message) { Channel(Frame<Payload>): "A frame of the channel.", }
            $($(#[cfg($cfg)])? $doc $Q)+
        }
        words! {
            /// The payloads of the channel.
            Payload(Payload) {}
            $($(#[cfg($cfg)])? $doc $Q)+
        }
        words! {
            /// The timers of a node.
            #[derive(Copy)]
            Timer(Timer) { Channel(ChannelTimer): "Of the channel.", }
            $($(#[cfg($cfg)])? $doc $Q)+
        }
        words! {
            /// The completions of syncs.
            #[derive(Copy)]
            Completion(Completion) {}
            $($(#[cfg($cfg)])? $doc $Q)+
        }
        words! {
            /// The commands of clients.
            Command(Command) { Store(StoreCommand): "The store, whoever owns the key.", }
            $($(#[cfg($cfg)])? $doc $Q)+
        }
        words! {
            /// The replies to clients.
            Reply(Reply) { Store(StoreReply): "From the store.", }
            $($(#[cfg($cfg)])? $doc $Q)+
        }
        words! {
            /// The entries that a node writes to its disk.
            Entry(Entry) { Clocks(ClocksEntry): "Of the clocks.", }
            $($(#[cfg($cfg)])? $doc $Q)+
        }
        words! {
            /// The facts that a node notes.
            Fact(Fact) { Channel(ChannelFact): "On a channel.", Clocks(ClocksFact): "Of the clocks.", }
            $($(#[cfg($cfg)])? $doc $Q)+
        }
        seen! {
            Command { Store } Reply { Store } Entry { Clocks } Fact { Channel, Clocks }
            => [$($(#[cfg($cfg)])? $Q)+]
        }

        /// The outcomes that protocols report to the node, which routes them.
        #[derive(Debug)]
        pub(super) enum Outcome {
            $($(#[cfg($cfg)])? $Q(<$Q as Words>::Outcome),)+
        }

        /// The index of each protocol among the lanes and files.
        #[derive(Clone, Copy)]
        #[repr(u8)]
        enum Place {
            #[expect(dead_code, reason = "it counts the channel's place")]
            Channel,
            #[expect(dead_code, reason = "it counts the clocks' place")]
            Clocks,
            $($(#[cfg($cfg)])? $Q,)+
        }

        /// All rows, in the order of the lanes.
        pub(super) const ROWS: &[Row] =
            &[channel::ROW, clocks::ROW, $($(#[cfg($cfg)])? <$Q as Protocol>::ROW,)+];

        impl Lane for Body {
            fn lane(&self) -> LaneId {
                match self {
                    Self::Channel(frame) => frame.lane(),
                    $($(#[cfg($cfg)])? Self::$Q(_) => LaneId::new(Place::$Q as u8),)+
                }
            }

            fn is_periodic(&self) -> bool {
                match self {
                    Self::Channel(frame) => Periodic::is_periodic(frame),
                    $($(#[cfg($cfg)])? Self::$Q(message) => Periodic::is_periodic(message),)+
                }
            }
        }

        impl Lane for Payload {
            fn lane(&self) -> LaneId {
                match self {
                    $($(#[cfg($cfg)])? Self::$Q(_) => LaneId::new(Place::$Q as u8),)+
                }
            }
        }

        impl Lane for Timer {
            fn lane(&self) -> LaneId {
                match self {
                    Self::Channel(_) => CHANNEL,
                    $($(#[cfg($cfg)])? Self::$Q(_) => LaneId::new(Place::$Q as u8),)+
                }
            }

            fn is_periodic(&self) -> bool {
                match self {
                    Self::Channel(timer) => Periodic::is_periodic(timer),
                    $($(#[cfg($cfg)])? Self::$Q(timer) => Periodic::is_periodic(timer),)+
                }
            }
        }

        impl Lane for Entry {
            fn lane(&self) -> LaneId {
                match self {
                    Self::Clocks(_) => CLOCKS,
                    $($(#[cfg($cfg)])? Self::$Q(_) => LaneId::new(Place::$Q as u8),)+
                }
            }
        }

        $(
            $(#[cfg($cfg)])?
            impl CommandOf<$Q> for Command {
                fn of(command: <$Q as Words>::Command) -> Self {
                    Self::$Q(command)
                }

                fn get(&self) -> Option<&<$Q as Words>::Command> {
                    if let Self::$Q(command) = self { Some(command) } else { None }
                }
            }

            $(#[cfg($cfg)])?
            impl ReplyOf<$Q> for Reply {
                fn get(&self) -> Option<&<$Q as Words>::Reply> {
                    if let Self::$Q(reply) = self { Some(reply) } else { None }
                }
            }

            $(#[cfg($cfg)])?
            impl FactOf<$Q> for Fact {
                fn get(&self) -> Option<&<$Q as Words>::Fact> {
                    if let Self::$Q(fact) = self { Some(fact) } else { None }
                }
            }

            $(#[cfg($cfg)])?
            impl Port<$Q> for Desk<'_, '_> {
                through_desk!();

                fn send(&mut self, to: NodeId, message: <$Q as Words>::Message) {
                    if <Shared<'_> as Lends<$Q>>::REPLICA {
                        self.perform_or_wait(Waiting::Send(to, Body::$Q(message)));
                    } else {
                        self.send_body(to, Body::$Q(message));
                    }
                }
                fn post(&mut self, to: NodeId, payload: <$Q as Words>::Payload) {
                    if <Shared<'_> as Lends<$Q>>::REPLICA {
                        self.perform_or_wait(Waiting::Post(to, Payload::$Q(payload)));
                    } else {
                        self.post_payload(to, Payload::$Q(payload));
                    }
                }
                fn set_timer(&mut self, timer: <$Q as Words>::Timer, after: Span) {
                    self.ctx.set_timer(Timer::$Q(timer), after);
                }
                fn cancel_timer(&mut self, timer: <$Q as Words>::Timer) {
                    self.ctx.cancel_timer(Timer::$Q(timer));
                }
                fn append(&mut self, entry: <$Q as Words>::Entry) {
                    self.ctx.append(Entry::$Q(entry));
                }
                fn rewrite(&mut self, entries: Vec<<$Q as Words>::Entry>) {
                    let entries = entries.into_iter().map(Entry::$Q).collect();
                    self.ctx.rewrite_file(LaneId::new(Place::$Q as u8), entries);
                }
                fn sync_then(&mut self, completion: <$Q as Words>::Completion) {
                    self.write_clock();
                    self.ctx.sync_then(Completion::$Q(completion));
                }
                fn note(&mut self, fact: <$Q as Words>::Fact) {
                    if <Shared<'_> as Lends<$Q>>::REPLICA {
                        self.perform_or_wait(Waiting::Note(Fact::$Q(fact)));
                    } else {
                        self.ctx.note(Fact::$Q(fact));
                    }
                }
                fn reply(&mut self, op: OpId, reply: <$Q as Words>::Reply) {
                    if <Shared<'_> as Lends<$Q>>::REPLICA {
                        self.perform_or_wait(Waiting::Reply(op, Reply::$Q(reply)));
                    } else {
                        self.ctx.reply(op, Reply::$Q(reply));
                    }
                }
                fn tell(&mut self, outcome: <$Q as Words>::Outcome) {
                    self.told.push_back(Outcome::$Q(outcome));
                }
            }
        )+

        /// The machines of the protocols that run.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub(super) struct Hosted {
            $($(#[cfg($cfg)])? pub(super) $name: Option<Box<$Q>>,)+
        }

        /// The rules of the protocols that run.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub(super) struct Rules {
            $($(#[cfg($cfg)])? $name: Option<Arc<<$Q as Protocol>::Rules>>,)+
        }

        impl Rules {
            /// What stands on a node's disk before its first start.
            pub(super) fn fresh_disk(&self, node: NodeId) -> Vec<Entry> {
                let mut entries = Vec::new();
                $($(#[cfg($cfg)])? if let Some(rules) = &self.$name {
                    entries.extend(<$Q as Protocol>::fresh_disk(rules, node).into_iter().map(Entry::$Q));
                })+
                entries
            }
        }

        /// The contents of each file.
        #[derive(Debug, Default)]
        pub(super) struct Kept {
            /// None if the file cannot be read.
            pub(super) clock: Option<ClocksEntry>,
            $($(#[cfg($cfg)])? $name: <$Q as Protocol>::Kept,)+
        }

        /// The settings under `protocols`. A protocol runs if it is named there, or required by a workload, a keyspace,
        /// a scripted operation or another protocol.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct Settings {
            /// The channel under the protocols that have payloads.
            pub channel: ChannelSettings,
            /// The nodes' clocks.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub clocks: Option<ClocksSettings>,
            $(
                $(#[cfg($cfg)])?
                #[doc = $doc]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<<$Q as Protocol>::Settings>,
            )+
        }

        impl Settings {
            /// Whether the protocol of this name runs.
            pub(super) fn names(&self, protocol: &str) -> bool {
                if protocol == channel::ROW.name {
                    return false; // it has nothing to do of its own
                }
                if protocol == clocks::ROW.name {
                    return self.clocks.is_some();
                }
                $($(#[cfg($cfg)])? if protocol == <$Q as Protocol>::ROW.name {
                    return self.$name.is_some();
                })+
                unreachable!("{protocol} has no row")
            }

            /// Whether any running protocol has payloads for the channel.
            pub(super) fn carries(&self) -> bool {
                $($(#[cfg($cfg)])? if self.$name.as_ref().is_some_and(<$Q as Protocol>::carries) {
                    return true;
                })+
                false
            }

            pub(super) fn objection(&self) -> Option<Objection> {
                let mut objection = self.channel.objection();
                $($(#[cfg($cfg)])? if let Some(settings) = &self.$name {
                    objection = objection.or_else(|| settings.objection());
                })+
                objection
            }

            pub(super) fn rules(&self, given: Given<'_>) -> Rules {
                Rules {
                    $($(#[cfg($cfg)])? $name: self.$name.as_ref().map(|settings| {
                        Arc::new(<$Q as Protocol>::rules(settings, given))
                    }),)+
                }
            }

            /// The bounds of the running protocols, in order.
            pub(super) fn bounds(&self, mut load: Load, world: &World) -> Vec<Bound> {
                let mut bounds = Vec::new();
                $($(#[cfg($cfg)])? if let Some(settings) = &self.$name {
                    let bound = <$Q as Protocol>::bound(settings, &load, world);
                    load.quieted += bound.quiet;
                    bounds.push(bound);
                })+
                bounds
            }
        }

        /// The checker of an invariant, by the first row that claims it.
        pub(super) fn checker(invariant: &str) -> Option<AnyChecker<Fact>> {
            let claims = |row: &Row| row.claims.iter().any(|claim| claim.name == invariant);
            $($(#[cfg($cfg)])? if claims(&<$Q as Protocol>::ROW) {
                return <$Q as Protocol>::checker(invariant);
            })+
            crate::check::checker(invariant)
        }

        impl Kept {
            /// Reads the disk.
            pub(super) fn on(disk: &[Stored<Entry>]) -> Self {
                let mut kept = Self::default();
                for stored in disk {
                    match stored {
                        Stored::Intact(Entry::Clocks(entry)) => kept.clock = Some(entry.clone()),
                        $($(#[cfg($cfg)])? Stored::Intact(Entry::$Q(entry)) => {
                            <$Q as Protocol>::read(&mut kept.$name, Stored::Intact(entry));
                        })+
                        Stored::Torn(file) => kept.read_lost(*file, Stored::Torn(*file)),
                        Stored::Damaged(file) => kept.read_lost(*file, Stored::Damaged(*file)),
                    }
                }
                kept
            }

            /// Reads an entry that is lost: only its file is known.
            fn read_lost(&mut self, file: LaneId, lost: Stored<Never>) {
                if file == CLOCKS && matches!(lost, Stored::Damaged(_)) {
                    self.clock = None;
                }
                $($(#[cfg($cfg)])? if file.index() == Place::$Q as usize {
                    <$Q as Protocol>::read(&mut self.$name, unread(&lost));
                })+
            }
        }

        impl Hosted {
            /// Starts the running protocols, with the contents of their files.
            pub(super) fn start(rules: &Rules, kept: Kept, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) -> Self {
                let mut hosted = Self::default();
                $($(#[cfg($cfg)])? if let Some(rules) = &rules.$name {
                    let machine = <$Q as Protocol>::start(rules, kept.$name, Lends::<$Q>::lend(shared), desk);
                    hosted.$name = Some(Box::new(machine));
                    hosted.lend(shared);
                })+
                hosted
            }

            /// Whether a message is accepted whatever its signature: with a flaw only.
            pub(super) fn trusts(rules: &Rules, body: &Body) -> bool {
                match body {
                    Body::Channel(_) => false,
                    $($(#[cfg($cfg)])? Body::$Q(message) => {
                        rules.$name.as_ref().is_some_and(|rules| <$Q as Protocol>::trusts(rules, message))
                    })+
                }
            }

            /// Handles a datagram that is not the channel's.
            pub(super) fn on_message(&mut self, from: NodeId, body: Body, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) {
                match body {
                    Body::Channel(_) => unreachable!("frames are the channel's"),
                    $($(#[cfg($cfg)])? Body::$Q(message) => if let Some(machine) = &mut self.$name {
                        machine.on_message(from, message, Lends::<$Q>::lend(shared), desk);
                    })+
                }
            }

            /// Handles a payload that the channel has delivered.
            pub(super) fn on_payload(&mut self, from: NodeId, payload: Payload, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) {
                match payload {
                    $($(#[cfg($cfg)])? Payload::$Q(payload) => if let Some(machine) = &mut self.$name {
                        machine.on_payload(from, payload, Lends::<$Q>::lend(shared), desk);
                    })+
                }
            }

            /// Handles the end of the session with a peer.
            pub(super) fn on_reset(&mut self, peer: NodeId, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) {
                $($(#[cfg($cfg)])? if let Some(machine) = &mut self.$name {
                    machine.on_reset(peer, Lends::<$Q>::lend(shared), desk);
                })+
            }

            /// Handles a timer that is not the channel's.
            pub(super) fn on_timer(&mut self, timer: Timer, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) {
                match timer {
                    Timer::Channel(_) => unreachable!("these timers are the channel's"),
                    $($(#[cfg($cfg)])? Timer::$Q(timer) => if let Some(machine) = &mut self.$name {
                        machine.on_timer(timer, Lends::<$Q>::lend(shared), desk);
                    })+
                }
            }

            /// Handles the disk's answer to a sync.
            pub(super) fn on_synced(&mut self, completion: Completion, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) {
                match completion {
                    $($(#[cfg($cfg)])? Completion::$Q(completion) => if let Some(machine) = &mut self.$name {
                        machine.on_synced(completion, Lends::<$Q>::lend(shared), desk);
                    })+
                }
            }

            /// Handles a client's command that is not for the store.
            pub(super) fn on_command(&mut self, op: OpId, command: Command, shared: &mut Shared<'_>, desk: &mut Desk<'_, '_>) {
                match command {
                    Command::Store(_) => unreachable!("who owns the key is asked"),
                    $($(#[cfg($cfg)])? Command::$Q(command) => if let Some(machine) = &mut self.$name {
                        machine.on_command(op, command, Lends::<$Q>::lend(shared), desk);
                    })+
                }
            }
        }

        /// One entry of a scenario's workload.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        pub enum Workload {
            $($($(#[cfg($work_cfg)])? #[doc = $work_doc] $W($work),)*)+
        }

        /// A client, of any workload.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Client {
            $($($(#[cfg($work_cfg)])? #[doc = $work_doc] $W($client),)*)+
        }

        impl Workload {
            pub(super) fn clients(&self) -> u32 {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(work) => Work::<Command, Reply>::clients(work),)*)+
                }
            }

            pub(super) fn client(
                &self,
                client: ClientId,
                home: NodeId,
                setup: &Setup,
                dice: &mut Dice,
            ) -> ClientPlan<Client> {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(work) => {
                        Work::<Command, Reply>::client(work, client, home, setup, dice).map(Client::$W)
                    })*)+
                }
            }

            pub(super) fn objection(&self) -> Option<String> {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(work) => Work::<Command, Reply>::objection(work),)*)+
                }
            }

            pub(super) fn needs(&self) -> Needs {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(work) => Work::<Command, Reply>::needs(work),)*)+
                }
            }
        }

        impl Client {
            /// What it may write to replicated keys.
            pub(super) fn written(&self) -> Written {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(client) => <$work as Work<Command, Reply>>::written(client),)*)+
                }
            }

            /// The longest turn of its rounds: what it does while it holds or waits for something, if it ever holds
            /// anything.
            pub(super) fn longest_turn(&self) -> Option<Turn> {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(client) => {
                        <$work as Work<Command, Reply>>::longest_turn(client)
                    })*)+
                }
            }
        }

        impl process::Client<Command, Reply> for Client {
            fn next(&mut self, last: Option<process::Outcome<'_, Reply>>) -> Option<Ask<Command>> {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(client) => client.next(last),)*)+
                }
            }

            fn home(&self) -> usize {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(client) => {
                        process::Client::<Command, Reply>::home(client)
                    })*)+
                }
            }

            fn winds_up(&self, command: &Command) -> bool {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(client) => {
                        process::Client::<Command, Reply>::winds_up(client, command)
                    })*)+
                }
            }

            fn wind_up(&mut self) -> Option<Ask<Command>> {
                match self {
                    $($($(#[cfg($work_cfg)])? Self::$W(client) => {
                        process::Client::<Command, Reply>::wind_up(client)
                    })*)+
                }
            }
        }

        impl Command {
            /// What it requires.
            pub(super) fn needs(&self) -> Needs {
                match self {
                    Self::Store(command) => store_needs(command),
                    $($(#[cfg($cfg)])? Self::$Q(command) => <$Q as Protocol>::needs(command),)+
                }
            }
        }
    };
}

hosted! {
    "The lock manager." locks: Locks {
        "Clients that lock, each at one node; the clients of all entries go around the nodes."
        Locks(LockWorkload) => LockClient,
    }
    "The replicated log." consensus: Consensus {
        "Clients that read and write keys of the replicated log's codex; each begins at one node, and asks the next one when \
         it gets no answer."
        Registers(RegisterWorkload) => StoreClient,
    }
    "The replicas." replica: Replica {}
    "State sync." sync: Sync {
        "Clients that switch how their nodes sync."
        Switches(SwitchWorkload) => Script<Command>,
    }
    "Gossip." gossip: Gossip {
        "Clients that write documents into a gossip keyspace: maps, of which some differ in shape or in meaning."
        Documents(DocumentWorkload) => ReplicaClient,
        "Clients that write sets into a gossip keyspace: each adds to what it last read."
        Sets(SetWorkload) => ReplicaClient,
        "Clients that write verses into a gossip keyspace, with a few letters wrong."
        Scripture(ScriptureWorkload) => ReplicaClient,
    }
    "Polls about conflicts." conflicts: Conflicts {
        "Clients that change the strategy of a keyspace, by a decree of the replicated log."
        Strategies(StrategyWorkload) => Script<Command>,
    }
    "Transactions." transactions: Transactions {
        "Clients of a bank: they move money between accounts, read accounts, and audit all accounts at once."
        Bank(BankWorkload) => Script<Command>,
        "Clients that read and write many keys in transactions of one to four operations."
        Orders(OrderWorkload) => Script<Command>,
    }
    #[cfg(test)]
    "Pings, for tests." ping: Ping {
        #[cfg(test)]
        "Clients that ping."
        Ping(PingWorkload) => PingClient<Command>,
    }
    #[cfg(test)]
    "Heralds, for tests." herald: Herald {}
}

impl From<StoreCommand> for Command {
    fn from(command: StoreCommand) -> Self {
        Self::Store(command)
    }
}

impl AsStore for Reply {
    fn as_store(&self) -> Option<&StoreReply> {
        if let Self::Store(reply) = self { Some(reply) } else { None }
    }
}

/// The protocol that owns the key has to run; consensus, where no keyspace names an owner, and for sessions.
fn store_needs(command: &StoreCommand) -> Needs {
    const OTHERWISE: &str = "consensus";
    let Some((key, within)) = command.target() else {
        return Needs { protocols: vec![OTHERWISE], ..Needs::default() };
    };
    let (keys, fenced) = (vec![key.to_string()], within.token.is_some());
    Needs { owner: Some(Owner::Declared { otherwise: OTHERWISE }), keys, fenced, ..Needs::default() }
}

/// The replica's file.
pub(super) const REPLICA: LaneId = LaneId::new(Place::Replica as u8);

impl Hosted {
    /// Puts the replica where protocols are lent it from, for a step.
    pub(super) fn lend(&mut self, shared: &mut Shared<'_>) {
        if self.replica.is_some() {
            shared.replica = self.replica.take();
        }
    }
}

/// A torn or damaged entry, of any type.
const fn unread<'e, E>(lost: &Stored<Never>) -> Stored<&'e E> {
    match lost {
        Stored::Intact(never) => match *never {},
        Stored::Torn(file) => Stored::Torn(*file),
        Stored::Damaged(file) => Stored::Damaged(*file),
    }
}

/// Lanes and files are named by their index in the list that traces use.
const _: () = {
    assert!(ROWS.len() == protocols::LANES.len(), "each row has its place in `protocols::LANES`");
    let mut place = 0;
    while place < ROWS.len() {
        assert!(is_same(ROWS[place].name, protocols::LANES[place]), "`protocols::LANES` has the order of the rows");
        place += 1;
    }
};

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

//! A process that does what it is told: to every cue that a test names, the acts that the test names, in order.

use serde::{Deserialize, Serialize};
use stemmata::context::Context;
use stemmata::identity::{Boot, LaneId, NodeId, OpId};
use stemmata::observation::Observe;
use stemmata::process::{Ask, Client, Lane, Outcome, Process, Stored};
use stemmata::time::Span;

/// What a node reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cue {
    Start(u32),
    Heard(u8),
    Timer(u8),
    Asked(u8),
    Synced(u32),
}

/// One thing that a node does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends a word to a node, by its number from 1.
    Send(u32, u8),
    /// The same on the second lane.
    Whisper(u32, u8),
    /// Sets a timer, in milliseconds.
    Set(u8, u64),
    Cancel(u8),
    Append(u8),
    Rewrite(Vec<u8>),
    Sync,
    /// And to be told under this number.
    SyncThen(u32),
    Note(u8),
    /// A fact with a name of its own, for triggers.
    Alarm,
    /// Notes what the clocks read.
    Clocks,
    /// Answers the operation that came last.
    Reply(u8),
    Panic,
}

/// Which node does what at which cue; all acts of a cue that fits.
pub(crate) type Play = Vec<(NodeId, Cue, Vec<Act>)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Player {
    last: Option<OpId>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Message {
    Word(u8),
    Whisper(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Timer {
    Ring(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Entry {
    Line(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fact {
    Noted(u8),
    Alarm,
    /// What the clocks read, in nanoseconds.
    Clocks(u64, u64),
    /// What the disk held at a start: an entry's number, or the state of one that can't be read.
    Read(Vec<String>),
}

/// What a client asks, and what it knew of the operation before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Command {
    Ask(u8),
    AskKnowing(u8, u8),
    AskUnknowing(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    Answer(u8),
}

impl Observe for Entry {}
impl Observe for Fact {}
impl Observe for Command {}
impl Observe for Reply {}

impl Lane for Message {
    fn lane(&self) -> LaneId {
        LaneId::new(match self {
            Self::Word(_) => 0,
            Self::Whisper(_) => 1,
        })
    }
}

impl Lane for Timer {}

impl Lane for Entry {}

impl Command {
    const fn word(&self) -> u8 {
        match self {
            Self::Ask(word) | Self::AskKnowing(word, _) | Self::AskUnknowing(word) => *word,
        }
    }
}

/// A client that asks 1, 2, 3, … so many times, with a pause before each, and repeats what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asker {
    pub(crate) every: Span,
    pub(crate) asked: u8,
    pub(crate) times: u8,
}

impl Client<Command, Reply> for Asker {
    fn next(&mut self, last: Option<Outcome<'_, Reply>>) -> Option<Ask<Command>> {
        if self.asked == self.times {
            return None;
        }
        self.asked += 1;
        let command = match last {
            None => Command::Ask(self.asked),
            Some(Outcome::Answered(Reply::Answer(answer))) => Command::AskKnowing(self.asked, *answer),
            Some(Outcome::Unknown) => Command::AskUnknowing(self.asked),
        };
        Some(Ask { after: self.every, command })
    }
}

impl Player {
    fn play(&self, cue: Cue, ctx: &mut Context<'_, Self>) {
        let me = ctx.me();
        let acts: Vec<Act> =
            ctx.config().iter().filter(|part| part.0 == me && part.1 == cue).flat_map(|p| p.2.clone()).collect();
        for act in acts {
            self.act(act, ctx);
        }
    }

    fn act(&self, act: Act, ctx: &mut Context<'_, Self>) {
        match act {
            Act::Send(to, word) => ctx.send(NodeId::new(to - 1), Message::Word(word)),
            Act::Whisper(to, word) => ctx.send(NodeId::new(to - 1), Message::Whisper(word)),
            Act::Set(timer, after) => ctx.set_timer(Timer::Ring(timer), Span::from_millis(after)),
            Act::Cancel(timer) => ctx.cancel_timer(Timer::Ring(timer)),
            Act::Append(line) => ctx.append(Entry::Line(line)),
            Act::Rewrite(lines) => ctx.rewrite(lines.into_iter().map(Entry::Line).collect()),
            Act::Sync => ctx.sync(),
            Act::SyncThen(completion) => ctx.sync_then(completion),
            Act::Note(what) => ctx.note(Fact::Noted(what)),
            Act::Alarm => ctx.note(Fact::Alarm),
            Act::Clocks => {
                let (wall, monotonic) = (ctx.wall().as_nanos(), ctx.monotonic().as_nanos());
                ctx.note(Fact::Clocks(wall, monotonic));
            }
            Act::Reply(answer) => {
                let op = self.last.expect("a reply follows a command");
                ctx.reply(op, Reply::Answer(answer));
            }
            Act::Panic => panic!("as told"),
        }
    }
}

impl Process for Player {
    const LANES: &'static [&'static str] = &["words", "whispers"];
    type Config = Play;
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Reply = Reply;
    type Entry = Entry;
    type Completion = u32;
    type Fact = Fact;
    type Client = Asker;

    fn start(boot: Boot, disk: &[Stored<Entry>], ctx: &mut Context<'_, Self>) -> Self {
        let player = Self { last: None };
        if !disk.is_empty() {
            let read = disk.iter().map(|stored| match stored {
                Stored::Intact(Entry::Line(line)) => line.to_string(),
                Stored::Torn(_) => "torn".to_owned(),
                Stored::Damaged(_) => "damaged".to_owned(),
            });
            ctx.note(Fact::Read(read.collect()));
        }
        player.play(Cue::Start(boot.number()), ctx);
        player
    }

    fn on_message(&mut self, _: NodeId, message: Message, ctx: &mut Context<'_, Self>) {
        let (Message::Word(word) | Message::Whisper(word)) = message;
        self.play(Cue::Heard(word), ctx);
    }

    fn on_timer(&mut self, Timer::Ring(timer): Timer, ctx: &mut Context<'_, Self>) {
        self.play(Cue::Timer(timer), ctx);
    }

    fn on_command(&mut self, op: OpId, command: Command, ctx: &mut Context<'_, Self>) {
        self.last = Some(op);
        self.play(Cue::Asked(command.word()), ctx);
    }

    fn on_synced(&mut self, completion: u32, ctx: &mut Context<'_, Self>) {
        self.play(Cue::Synced(completion), ctx);
    }
}

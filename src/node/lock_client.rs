//! A client that locks: asks, uses what it got, releases it; and takes back what it gets no answer to.

use crate::identity::{ClientId, OpId};
use crate::observation::{Access, LockStamp};
use crate::process::{Ask, Outcome};
use crate::protocols::locks::{LockCommand, LockReply, Turn, Wanted};
use crate::protocols::register::RegisterCommand;
use crate::time::Span;

use super::words::{Command, Reply};

/// One request of a client, and what it does while it holds what it asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Round {
    /// How long it rests first.
    pub think: Span,
    /// What it locks.
    pub wanted: Wanted,
    /// How urgent it is.
    pub priority: u8,
    /// How long it holds it.
    pub hold: Span,
    /// What it does with the guarded register meanwhile.
    pub uses: Vec<Use>,
    /// What else it asks for while it holds that.
    pub greedy: Option<Wanted>,
    /// What makes no sense that it asks first.
    pub oddity: Option<Oddity>,
}

/// An operation on the guarded register.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Use {
    /// On which key.
    pub key: String,
    /// What it does.
    pub access: Access,
}

/// Something that no client should ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// Nothing at all.
    Nothing,
    /// A path with an empty name.
    EmptyName,
    /// A path of a thousand levels.
    Deep,
    /// A mode that there is not.
    UnknownMode,
    /// To release what it does not hold.
    ReleaseOfNothing,
}

impl Oddity {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Nothing, Self::EmptyName, Self::Deep, Self::UnknownMode, Self::ReleaseOfNothing];

    fn command(self, nobodys: OpId) -> LockCommand {
        let wanted = match self {
            Self::Nothing => Wanted::default(),
            Self::EmptyName => Wanted::one("a1//c1", "x"),
            Self::Deep => Wanted::one(&vec!["a1"; 1_000].join("/"), "x"),
            Self::UnknownMode => Wanted::one("a1", "exclusive"),
            Self::ReleaseOfNothing => return LockCommand::Release { acquire: nobodys },
        };
        LockCommand::Acquire { wanted, priority: 0 }
    }
}

/// A client's place in its rounds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockClient {
    me: ClientId,
    rounds: Vec<Round>,
    /// Which round it is in.
    round: usize,
    step: Step,
    /// How many operations it has asked.
    asked: u32,
    /// What it holds: the operations that asked for it, with their tokens.
    held: Vec<(OpId, LockStamp)>,
}

/// What it asked last, or will ask next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Odd,
    Acquire,
    Use(usize),
    Greedy,
    /// To take back what got no answer.
    Withdraw(OpId),
    Release,
}

impl Round {
    /// A part of the time for which its client holds what it holds: one for each thing that it does meanwhile, and one
    /// more.
    fn pause(&self) -> Span {
        self.hold.divided_by(1 + self.uses.len() as u64)
    }
}

impl LockClient {
    /// A client that goes through these rounds.
    #[must_use]
    pub const fn new(me: ClientId, rounds: Vec<Round>) -> Self {
        Self { me, rounds, round: 0, step: Step::Odd, asked: 0, held: Vec::new() }
    }

    /// The most that it does in one of its rounds from the grant on: it pauses before each use, before it is greedy, and
    /// before each release.
    pub(super) fn longest_turn(&self) -> Option<Turn> {
        let of = |round: &Round| {
            let operations = round.uses.len() as u64 + u64::from(round.greedy.is_some()) + 1;
            Turn { hold: round.pause().times(operations + 1), operations: operations + 1 }
        };
        self.rounds.iter().map(of).reduce(|one, other| Turn {
            hold: one.hold.max(other.hold),
            operations: one.operations.max(other.operations),
        })
    }

    /// The operation that it asked last.
    const fn last_op(&self) -> OpId {
        OpId { client: self.me, number: self.asked }
    }

    /// Where it goes, given what became of what it asked last.
    fn after(&mut self, outcome: Outcome<'_, Reply>) -> Step {
        match (self.step, outcome) {
            (Step::Odd, _) => Step::Acquire,
            (Step::Acquire | Step::Greedy, Outcome::Answered(Reply::Locks(LockReply::Granted { token }))) => {
                self.held.push((self.last_op(), *token));
                if self.step == Step::Acquire { Step::Use(0) } else { Step::Release }
            }
            (Step::Acquire | Step::Greedy, Outcome::Unknown) => Step::Withdraw(self.last_op()),
            (Step::Withdraw(op), Outcome::Unknown) => Step::Withdraw(op),
            (Step::Use(nth), _) => Step::Use(nth + 1),
            (Step::Release, Outcome::Unknown) => Step::Release,
            (Step::Release, Outcome::Answered(_)) => {
                self.held.pop();
                Step::Release
            }
            (Step::Acquire | Step::Greedy | Step::Withdraw(_), Outcome::Answered(_)) => Step::Release,
        }
    }

    /// Goes on to the first step from `step` on that has something to ask.
    fn settle(&mut self, step: Step) -> Option<Ask<Command>> {
        self.step = step;
        loop {
            let round = self.rounds.get(self.round)?;
            let ask = match self.step {
                Step::Odd => round.oddity.map(|oddity| (round.think, oddity.command(self.nobodys()).into())),
                Step::Acquire => {
                    let (wanted, priority) = (round.wanted.clone(), round.priority);
                    Some((round.think, LockCommand::Acquire { wanted, priority }.into()))
                }
                Step::Use(nth) => round.uses.get(nth).map(|used| (round.pause(), self.operation(used, nth))),
                Step::Greedy => round
                    .greedy
                    .clone()
                    .map(|wanted| (round.pause(), LockCommand::Acquire { wanted, priority: round.priority }.into())),
                Step::Withdraw(acquire) => Some((Span::ZERO, LockCommand::Withdraw { acquire }.into())),
                Step::Release => {
                    let held = self.held.last();
                    held.map(|(acquire, _)| (round.pause(), LockCommand::Release { acquire: *acquire }.into()))
                }
            };
            if let Some((after, command)) = ask {
                self.asked += 1;
                return Some(Ask { after, command });
            }
            self.step = match self.step {
                Step::Odd => Step::Acquire,
                Step::Use(_) => Step::Greedy,
                Step::Greedy => Step::Release,
                Step::Acquire | Step::Withdraw(_) | Step::Release => {
                    self.round += 1;
                    Step::Odd
                }
            };
        }
    }

    fn operation(&self, used: &Use, nth: usize) -> Command {
        let key = used.key.clone();
        let token = self.held.last().map(|(_, token)| *token).unwrap_or_default();
        let value = u64::from(self.asked) * 1_000 + nth as u64;
        Command::Register(match used.access {
            Access::Read => RegisterCommand::Read { key, token },
            Access::Write => RegisterCommand::Write { key, value, token },
        })
    }

    /// An operation that nobody asked.
    const fn nobodys(&self) -> OpId {
        OpId { client: self.me, number: 0 }
    }
}

impl LockClient {
    pub(super) fn next(&mut self, last: Option<Outcome<'_, Reply>>) -> Option<Ask<Command>> {
        let step = match last {
            None => Step::Odd,
            Some(outcome) => self.after(outcome),
        };
        self.settle(step)
    }

    /// In place of a new request: it releases what it holds.
    pub(super) fn wind_up(&mut self) -> Option<Ask<Command>> {
        if self.held.is_empty() { None } else { self.settle(Step::Release) }
    }

    /// All but a new request: what is held is used and released, and what has no answer is taken back.
    pub(super) fn winds_up(&self, command: &Command) -> bool {
        match command {
            Command::Locks(LockCommand::Acquire { .. }) | Command::Consensus(_) => false,
            Command::Locks(LockCommand::Release { .. } | LockCommand::Withdraw { .. }) | Command::Register(_) => true,
        }
    }
}

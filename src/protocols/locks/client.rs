//! A client that locks: it requests locks, uses and releases them, and withdraws a request that gets no answer.

use super::{LockCommand, LockReply, Locks, Wanted};
use crate::codex::{Key, StoreCommand, Value, Within};
use crate::identity::{ClientId, OpId};
use crate::observation::{Access, LockStamp};
use crate::process::{Ask, Client, Outcome};
use crate::protocols::{CommandOf, ReplyOf};
use crate::subject::Turn;
use crate::time::Span;

/// One request of a client, and what it does while it holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Round {
    /// The pause before the request.
    pub think: Span,
    /// The paths and modes.
    pub wanted: Wanted,
    /// The priority; the greater goes first.
    pub priority: u8,
    /// How long it holds the lock.
    pub hold: Span,
    /// The operations on fenced keys while it holds the lock.
    pub uses: Vec<Use>,
    /// A second request while it holds the lock.
    pub greedy: Option<Wanted>,
    /// An invalid request before this one.
    pub oddity: Option<Oddity>,
}

/// An operation on a fenced key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Use {
    /// The key.
    pub key: Key,
    /// The kind of access.
    pub access: Access,
}

/// An invalid request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// No path.
    Nothing,
    /// A path with an empty name.
    EmptyName,
    /// A path of a thousand levels.
    Deep,
    /// A mode that does not exist.
    UnknownMode,
    /// The release of a lock that it does not hold.
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
    /// The index of the current round.
    round: usize,
    step: Step,
    /// The number of operations that it has sent.
    asked: u32,
    /// The grants that it holds: the operations that requested them, with their tokens.
    held: Vec<(OpId, LockStamp)>,
}

/// The last operation, or the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Odd,
    Acquire,
    Use(usize),
    Greedy,
    /// The withdrawal of a request without an answer.
    Withdraw(OpId),
    Release,
}

impl Round {
    /// The pause before each operation of the hold time: the hold time divided by the number of uses plus one.
    fn pause(&self) -> Span {
        self.hold.divided_by(1 + self.uses.len() as u64)
    }
}

impl LockClient {
    /// A client that performs these rounds in order.
    #[must_use]
    pub const fn new(me: ClientId, rounds: Vec<Round>) -> Self {
        Self { me, rounds, round: 0, step: Step::Odd, asked: 0, held: Vec::new() }
    }

    /// The longest of its rounds, from the grant on: the client pauses before each use, before its second request, and
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

    /// The last operation that it sent.
    const fn last_op(&self) -> OpId {
        OpId { client: self.me, number: self.asked }
    }

    /// The next step, given the outcome of the last operation.
    fn after(&mut self, outcome: Outcome<'_, LockReply>) -> Step {
        match (self.step, outcome) {
            (Step::Odd, _) => Step::Acquire,
            (Step::Acquire | Step::Greedy, Outcome::Answered(LockReply::Granted { token })) => {
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

    /// Continues with the first step from `step` on that has an operation to send.
    fn settle<C: CommandOf<Locks> + From<StoreCommand>>(&mut self, step: Step) -> Option<Ask<C>> {
        self.step = step;
        loop {
            let round = self.rounds.get(self.round)?;
            let ask = match self.step {
                Step::Odd => round.oddity.map(|oddity| (round.think, C::of(oddity.command(self.nobodys())))),
                Step::Acquire => {
                    let (wanted, priority) = (round.wanted.clone(), round.priority);
                    Some((round.think, C::of(LockCommand::Acquire { wanted, priority })))
                }
                Step::Use(nth) => round.uses.get(nth).map(|used| (round.pause(), self.operation(used).into())),
                Step::Greedy => round
                    .greedy
                    .clone()
                    .map(|wanted| (round.pause(), C::of(LockCommand::Acquire { wanted, priority: round.priority }))),
                Step::Withdraw(acquire) => Some((Span::ZERO, C::of(LockCommand::Withdraw { acquire }))),
                Step::Release => {
                    let held = self.held.last();
                    held.map(|(acquire, _)| (round.pause(), C::of(LockCommand::Release { acquire: *acquire })))
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

    /// Each written value is named by its operation, so all written values differ.
    fn operation(&self, used: &Use) -> StoreCommand {
        let op = OpId { client: self.me, number: self.asked + 1 };
        let token = self.held.last().map(|(_, token)| *token);
        let (key, within) = (used.key.clone(), Within { lowest: op.number, token, ..Within::default() });
        match used.access {
            Access::Read => StoreCommand::Read { key, within },
            Access::Write => StoreCommand::Put { key, value: Value::text(&op.to_string()), within, seen: None },
        }
    }

    /// The id of an operation that was never sent.
    const fn nobodys(&self) -> OpId {
        OpId { client: self.me, number: 0 }
    }
}

impl<C: CommandOf<Locks> + From<StoreCommand>, R: ReplyOf<Locks>> Client<C, R> for LockClient {
    fn next(&mut self, last: Option<Outcome<'_, R>>) -> Option<Ask<C>> {
        let step = match last {
            None => Step::Odd,
            Some(Outcome::Unknown) => self.after(Outcome::Unknown),
            // The values of keys have no effect on the client.
            Some(Outcome::Answered(reply)) => self.after(reply.get().map_or(Outcome::Unknown, Outcome::Answered)),
        };
        self.settle(step)
    }

    /// Instead of a new request, it releases what it holds.
    fn wind_up(&mut self) -> Option<Ask<C>> {
        if self.held.is_empty() { None } else { self.settle(Step::Release) }
    }

    /// Whether a command finishes what was started: everything but a new request does. What is held is used and
    /// released, and a request without an answer is withdrawn.
    fn winds_up(&self, command: &C) -> bool {
        match command.get() {
            Some(LockCommand::Acquire { .. }) => false,
            Some(LockCommand::Release { .. } | LockCommand::Withdraw { .. }) | None => true,
        }
    }
}

//! Judges a history key by key: in polynomial time where that is possible, and by a search otherwise.
//!
//! All searches share the budget of the file, in rounds: in each round a key that is not decided gets twice the steps of
//! the round before, those with few operations first. So a key that is hard takes no steps from one that is not.

use super::super::{
    Course, DepthFirst, Guided, Limits, ListCall, ListId, Lists, Progress, Register, RegisterCall, Seen, Transcript,
    Unexplained,
};
use super::findings::{Findings, Undecided};
use super::timeline::{Judged, Proof, Timeline};
use super::values::ValueId;
use super::{Act, End, History, Objects, Op, Operation, Step, lists, zones};

/// The memory of all searches, in bytes.
const BYTES: usize = 256 << 20;
/// The steps of a key in the first round.
const FIRST: usize = 1_000;

/// What has been used up, and whether to go on.
struct Work<'w> {
    steps: usize,
    /// The memory of the searches that are not over.
    bytes: usize,
    /// Whether a failed cas observed another value.
    observes: bool,
    /// Whether every key is searched, whatever its values are.
    searches: bool,
    go_on: &'w dyn Fn() -> bool,
}

/// The judgement of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check) enum Decision {
    /// An order explains it.
    Holds,
    /// No order explains it, because a few operations contradict each other, once this one has been called or has ended.
    Proven(Op, Proof),
    /// No order explains an answer. Those that were possible, in order; empty if they are too many to tell.
    Impossible(Unexplained<Op>, Vec<Seen<ValueId>>),
    /// The search has ended before; it has explained everything before this step.
    Undecided(Option<u32>, Cause),
}

/// Why a search has ended before it had decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Cause {
    Steps,
    Memory,
    Stopped,
}

impl Cause {
    const fn text(self) -> &'static str {
        match self {
            Self::Steps => "the steps of the search are used up: too many orders of concurrent operations are possible",
            Self::Memory => {
                "the memory of the search is used up: too many orders of concurrent operations are possible"
            }
            Self::Stopped => "the check was stopped",
        }
    }
}

impl History {
    /// Judges each key separately, those with few operations first. With `observe_failures`, a failed cas observed a value
    /// other than the expected one; otherwise it did not take effect. `budget` is the number of steps allowed for the whole
    /// file in addition to what operations earn; what remains undecided when `go_on` returns false is undecided.
    #[must_use]
    pub fn judge(&self, observe_failures: bool, budget: usize, go_on: &dyn Fn() -> bool) -> Findings {
        self.judge_with(Work { steps: budget, bytes: 0, observes: observe_failures, searches: false, go_on })
    }

    /// The same by search alone.
    #[cfg(test)]
    pub(super) fn judge_by_search(&self, observe_failures: bool, budget: usize) -> Findings {
        self.judge_with(Work { steps: budget, bytes: 0, observes: observe_failures, searches: true, go_on: &|| true })
    }

    /// Judges a history of one object within this many steps.
    pub(in crate::check) fn decide(&self, steps: usize) -> Decision {
        let work = Work { steps, bytes: 0, observes: false, searches: false, go_on: &|| true };
        self.decisions(work).pop().map_or(Decision::Holds, |(_, decision)| decision)
    }

    fn judge_with(&self, work: Work<'_>) -> Findings {
        let done =
            |operation: &&Operation| matches!(operation.end, Some((End::Done | End::Read(_) | End::ReadList(_), _)));
        let mut findings = Findings {
            operations: self.operations.len() as u64,
            done: self.operations.iter().filter(done).count() as u64,
            keys: self.keys.len() as u64,
            ..Findings::default()
        };
        for (key, decision) in self.decisions(work) {
            match decision {
                Decision::Holds => {}
                Decision::Proven(culprit, proof) => findings.broken.push(self.proven(culprit, &proof)),
                Decision::Impossible(unexplained, possible) => {
                    findings.broken.push(self.broken(&unexplained, &possible));
                }
                Decision::Undecided(at, cause) => findings.undecided.push(self.undecided(key, at, cause)),
            }
        }
        findings
    }

    fn undecided(&self, key: usize, at: Option<u32>, cause: Cause) -> Undecided {
        let line = at.map(|at| self.line(at));
        Undecided { key: self.key(key as u32).to_owned(), line, why: cause.text().to_owned() }
    }

    /// The decisions on the keys that are not known to be right, by key.
    fn decisions(&self, mut work: Work<'_>) -> Vec<(usize, Decision)> {
        let steps = self.steps_by_key();
        let mut by_size: Vec<usize> = (0..self.keys.len()).collect();
        by_size.sort_by_key(|key| steps[*key].len());
        let (mut decided, mut hard) = (Vec::new(), Vec::new());
        for key in by_size {
            if !(work.go_on)() {
                decided.push((key, Decision::Undecided(None, Cause::Stopped)));
                continue;
            }
            match self.judge_fast(key, &steps[key], &work) {
                Some(decision) => decided.push((key, decision)),
                None => {
                    self.round(key, self.searched(key, &steps[key], &work), FIRST, &mut work, &mut decided, &mut hard)
                }
            }
        }
        let mut share = FIRST;
        while !hard.is_empty() {
            share = share.saturating_mul(2);
            for (key, search) in std::mem::take(&mut hard) {
                work.bytes -= search.bytes();
                self.round(key, search, share, &mut work, &mut decided, &mut hard);
            }
        }
        decided.retain(|(_, decision)| *decision != Decision::Holds);
        decided.sort_by_key(|(key, _)| *key);
        decided
    }

    /// Continues a search for some steps, and keeps it if it is not over.
    fn round(
        &self,
        key: usize,
        mut search: Search,
        share: usize,
        work: &mut Work<'_>,
        decided: &mut Vec<(usize, Decision)>,
        hard: &mut Vec<(usize, Search)>,
    ) {
        let before = search.steps();
        let limits = Limits { steps: share.min(work.steps), bytes: BYTES - work.bytes.min(BYTES), go_on: work.go_on };
        let mut decision = search.search(limits);
        if let Decision::Impossible(unexplained, possible) = &mut decision {
            *possible = self.possible(unexplained.name, work.observes);
        }
        work.steps = work.steps.saturating_sub(search.steps() - before);
        if work.steps > 0 && matches!(decision, Decision::Undecided(_, Cause::Steps)) {
            work.bytes += search.bytes();
            hard.push((key, search));
        } else {
            decided.push((key, decision));
        }
    }

    /// The indexes of the steps of each key.
    fn steps_by_key(&self) -> Vec<Vec<u32>> {
        let mut steps: Vec<Vec<u32>> = vec![Vec::new(); self.keys.len()];
        for (at, step) in (0..).zip(&self.steps) {
            let (Step::Called(op) | Step::Ended(op)) = *step;
            steps[self.operation(op).key as usize].push(at);
        }
        steps
    }

    /// Judges a key whose values are written once each; `None` if it has to be searched.
    fn judge_fast(&self, key: usize, steps: &[u32], work: &Work<'_>) -> Option<Decision> {
        if work.searches {
            return None;
        }
        let judged = |until: u32| {
            let timeline = Timeline::of(self, steps, until);
            match self.objects[key] {
                Objects::Registers | Objects::CasRegisters => zones::judge(self, &timeline),
                Objects::Lists => lists::judge(self, &timeline),
            }
        };
        let mut proof = match judged(u32::MAX) {
            Judged::Holds(order) => {
                return self.is_explained_by(&order, key, steps, work).then_some(Decision::Holds);
            }
            Judged::Unfit => return None,
            Judged::Broken(proof) => proof,
        };
        // The first step after which nothing explains it. A longer history has no more orders than a shorter one.
        let (mut well, mut bad) = (0, steps.len());
        while bad - well > 1 {
            let middle = (well + bad) / 2;
            match judged(steps[middle - 1] + 1) {
                Judged::Broken(found) => (bad, proof) = (middle, found),
                Judged::Holds(_) | Judged::Unfit => well = middle,
            }
        }
        let (Step::Called(culprit) | Step::Ended(culprit)) = self.steps[steps[bad - 1] as usize];
        Some(Decision::Proven(culprit, proof))
    }

    /// Whether an order of changes also explains what only a model can tell: that a cas found another value.
    fn is_explained_by(&self, order: &[Op], key: usize, steps: &[u32], work: &Work<'_>) -> bool {
        let refused = |at: &u32| match self.steps[*at as usize] {
            Step::Called(_) => false,
            Step::Ended(op) => self.operation(op).has_refused(work.observes),
        };
        if self.objects[key] == Objects::Lists || !steps.iter().any(refused) {
            return true;
        }
        let mut transcript: Transcript<Register<ValueId>, Op> = Transcript::default();
        for at in steps {
            match self.steps[*at as usize] {
                Step::Called(op) => transcript.call(op, self.operation(op).register_call()),
                Step::Ended(op) => match self.operation(op).register_answer(work.observes) {
                    Some(answer) => transcript.answer(op, answer),
                    None => transcript.fail(op),
                },
            }
        }
        transcript.is_explained_by(&mut Register { start: self.start }, order.iter().copied())
    }

    /// A search of a key.
    fn searched(&self, key: usize, steps: &[u32], work: &Work<'_>) -> Search {
        match self.objects[key] {
            Objects::Registers | Objects::CasRegisters => {
                let mut register = Register { start: self.start };
                let answer = |_: &mut _, operation: &Operation| operation.register_answer(work.observes);
                let course = self.course(steps, &mut register, Operation::register_call, answer);
                Search::Register(DepthFirst::new(register, course))
            }
            Objects::Lists => {
                let mut lists = Lists::default();
                let course = self
                    .course(steps, &mut lists, Operation::list_call, |lists, operation| operation.list_answer(lists));
                Search::List(DepthFirst::new(lists, course))
            }
        }
    }

    pub(super) fn course<M: Guided>(
        &self,
        steps: &[u32],
        model: &mut M,
        call: impl Fn(&Operation) -> M::Call,
        answer: impl Fn(&mut M, &Operation) -> Option<M::Answer>,
    ) -> Course<M, Op> {
        let mut course = Course::empty();
        for at in steps {
            match self.steps[*at as usize] {
                Step::Called(op) => {
                    let operation = self.operation(op);
                    let answer = answer(model, operation);
                    // What failed without an answer had no effect.
                    if answer.is_some() || operation.end.is_none() {
                        course.called(model, op, call(operation), answer, *at);
                    }
                }
                Step::Ended(op) => course.ended(op, *at),
            }
        }
        course
    }
}

impl Operation {
    /// Whether it is a cas that found another value; `observes` if a failed one did.
    const fn has_refused(&self, observes: bool) -> bool {
        match self.end {
            Some((End::Refused, _)) => true,
            Some((End::Failed, _)) => observes && matches!(self.act, Act::Cas { .. }),
            Some((End::Done | End::Read(_) | End::ReadList(_), _)) | None => false,
        }
    }

    pub(super) const fn register_call(&self) -> RegisterCall<ValueId> {
        match self.act {
            Act::Read => RegisterCall::Read,
            Act::Put(value) | Act::Append(value) => RegisterCall::Put(value),
            Act::Cas { old, new } => RegisterCall::Cas { old, new },
        }
    }

    pub(super) const fn register_answer(&self, observes: bool) -> Option<Seen<ValueId>> {
        match self.end {
            Some((End::Read(value), _)) => Some(Seen::Value(value)),
            Some((End::Done | End::ReadList(_), _)) => Some(Seen::Done),
            Some((End::Failed | End::Refused, _)) if self.has_refused(observes) => Some(Seen::Refused),
            Some((End::Failed | End::Refused, _)) | None => None,
        }
    }

    const fn list_call(&self) -> ListCall<ValueId> {
        match self.act {
            Act::Append(value) | Act::Put(value) | Act::Cas { new: value, .. } => ListCall::Append(value),
            Act::Read => ListCall::Read,
        }
    }

    fn list_answer(&self, lists: &mut Lists<ValueId>) -> Option<Seen<ListId>> {
        match &self.end {
            Some((End::ReadList(list), _)) => Some(Seen::Value(lists.of(list))),
            Some((End::Done | End::Read(_), _)) => Some(Seen::Done),
            Some((End::Failed | End::Refused, _)) | None => None,
        }
    }
}

/// The search of one key.
enum Search {
    Register(DepthFirst<Register<ValueId>, Op>),
    List(DepthFirst<Lists<ValueId>, Op>),
}

impl Search {
    const fn steps(&self) -> usize {
        match self {
            Self::Register(search) => search.steps(),
            Self::List(search) => search.steps(),
        }
    }

    const fn bytes(&self) -> usize {
        match self {
            Self::Register(search) => search.bytes(),
            Self::List(search) => search.bytes(),
        }
    }

    fn search(&mut self, limits: Limits<'_>) -> Decision {
        match self {
            Self::Register(search) => decision(search, limits),
            Self::List(search) => decision(search, limits),
        }
    }
}

fn decision<M: Guided>(search: &mut DepthFirst<M, Op>, limits: Limits<'_>) -> Decision {
    let cause = match search.search(limits) {
        Progress::Holds => return Decision::Holds,
        Progress::Broken(unexplained) => return Decision::Impossible(unexplained, Vec::new()),
        Progress::Steps => Cause::Steps,
        Progress::Memory => Cause::Memory,
        Progress::Stopped => Cause::Stopped,
    };
    Decision::Undecided(search.well_before(), cause)
}

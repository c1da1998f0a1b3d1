//! `fencing`: what a newer holder has touched, an older one's token does not touch any more, and nothing else is refused.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::calls::Calls;
use super::{Told, tells, told};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::observation::{Access, LockCall, LockSeen, LockStamp, Observation, Resource, Touch};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that no guarded operation succeeds after one on the same key with a higher token did that does not go together
/// with it: a write with none, a read with no write. That one is refused as fenced only after such a one; that a read finds
/// what was written last, a write puts there what its client asked, and a client is told what was read for it. Exercised by
/// operations that follow one that they conflict with.
///
/// A crash may come between an operation that is durable and the fact that tells of it: until the next operation, the key
/// may then stand either way.
#[derive(Clone, Debug, Default)]
pub struct Fencing {
    calls: Calls,
    keys: BTreeMap<Resource, Key>,
    /// What operations that are open have read, by the keeper's word.
    found: BTreeMap<OpId, Vec<Option<u64>>>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("fencing", "no guarded operation succeeds after a conflicting one with a higher token has");

/// What is known of a guarded key.
#[derive(Clone, Debug)]
struct Key {
    /// Each way in which it may stand; there is one at least.
    standings: Vec<Standing>,
    /// What its keeper has written down since the last fact, and which node that is.
    written: Option<(NodeId, Standing)>,
}

/// How a key stands.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// What was written last, and where.
    value: (Option<u64>, Option<EventId>),
    /// The highest tokens that succeeded, and where.
    written: Option<(LockStamp, EventId)>,
    read: Option<(LockStamp, EventId)>,
}

impl Default for Key {
    fn default() -> Self {
        Self { standings: vec![Standing::default()], written: None }
    }
}

impl Standing {
    /// The highest token that an operation must not be below, if there is one.
    fn conflicting(&self, access: Access) -> Option<(LockStamp, EventId)> {
        match access {
            Access::Read => self.written,
            Access::Write => self.written.max(self.read),
        }
    }

    fn admits(&self, access: Access, token: LockStamp) -> bool {
        self.conflicting(access).is_none_or(|(highest, _)| token >= highest)
    }

    /// How the key stands after an operation.
    fn after(self, access: Access, token: LockStamp, touch: Option<Touch>, event: EventId) -> Self {
        match access {
            Access::Read => Self { read: self.read.max(Some((token, event))), ..self },
            Access::Write => Self {
                written: self.written.max(Some((token, event))),
                value: touch.map_or(self.value, |touch| (touch.value, Some(event))),
                ..self
            },
        }
    }
}

/// A guarded operation, as the keeper's facts tell of it.
#[derive(Clone, Copy)]
struct Done<'r> {
    key: &'r Resource,
    access: Access,
    token: LockStamp,
    touch: Option<Touch>,
}

impl Fencing {
    fn guarded(&mut self, record: &Record<'_>, done: Done<'_>) -> Result<(), Violation> {
        let Done { key, access, token, touch } = done;
        if let Some(touch) = touch {
            self.was_asked(record, done, touch)?;
        }
        let known = self.keys.entry(key.clone()).or_default();
        known.written = None;
        self.exercised += u64::from(known.standings.iter().all(|standing| standing.conflicting(access).is_some()));
        let before = known.standings[0];
        known.standings.retain(|standing| standing.admits(access, token));
        if known.standings.is_empty() {
            let (highest, event) = before.conflicting(access).expect("it was not admitted");
            let sentence = format!(
                "a {} of {key} with the token {token} succeeded after one with the token {highest}",
                verb(access)
            );
            return Err(broken(record, sentence, &[event, record.id]));
        }
        if let (Access::Read, Some(touch)) = (access, touch) {
            self.reads(record, key, touch)?;
        }
        let known = self.keys.entry(key.clone()).or_default();
        known.standings.iter_mut().for_each(|standing| *standing = standing.after(access, token, touch, record.id));
        Ok(())
    }

    /// What succeeded is what the client asked, as long as it waits for the answer.
    fn was_asked(&self, record: &Record<'_>, done: Done<'_>, touch: Touch) -> Result<(), Violation> {
        let Some((call, asked)) = self.calls.get(touch.op) else { return Ok(()) };
        let is_so = match call {
            LockCall::Read { key, token } => (done.key, done.access, done.token) == (key, Access::Read, *token),
            LockCall::Write { key, value, token } => {
                (done.key, done.access, done.token, touch.value) == (key, Access::Write, *token, Some(*value))
            }
            LockCall::Acquire { .. } | LockCall::Release { .. } | LockCall::Withdraw { .. } => false,
        };
        if is_so {
            return Ok(());
        }
        let sentence = format!(
            "{} did for {} a {} of {} ({}) with the token {}, which its client has not asked",
            record.id.actor,
            touch.op,
            verb(done.access),
            done.key,
            text(touch.value),
            done.token
        );
        Err(broken(record, sentence, &[asked, record.id]))
    }

    /// A read finds what was written last.
    fn reads(&mut self, record: &Record<'_>, key: &Resource, touch: Touch) -> Result<(), Violation> {
        let known = self.keys.entry(key.clone()).or_default();
        let (value, event) = known.standings[0].value;
        known.standings.retain(|standing| standing.value.0 == touch.value);
        if known.standings.is_empty() {
            let sentence = format!("{} read {} of {key}, which holds {}", touch.op, text(touch.value), text(value));
            let witnesses: Vec<EventId> = event.into_iter().chain([record.id]).collect();
            return Err(broken(record, sentence, &witnesses));
        }
        if self.calls.get(touch.op).is_some() {
            self.found.entry(touch.op).or_default().push(touch.value);
        }
        Ok(())
    }

    /// An operation was refused: a newer token must have been there.
    fn fenced(
        &mut self,
        record: &Record<'_>,
        key: &Resource,
        access: Access,
        token: LockStamp,
    ) -> Result<(), Violation> {
        let known = self.keys.entry(key.clone()).or_default();
        known.standings.retain(|standing| !standing.admits(access, token));
        if known.standings.is_empty() {
            let sentence = format!(
                "a {} of {key} with the token {token} was fenced, and no operation that it conflicts with has presented \
                 a higher one",
                verb(access)
            );
            return Err(broken(record, sentence, &[record.id]));
        }
        Ok(())
    }

    /// The keeper writes down how a key stands.
    fn wrote(&mut self, record: &Record<'_>, node: NodeId, seen: &LockSeen) {
        let LockSeen::WroteGuarded { key, value, written, read } = seen else { return };
        let at = |token: &Option<LockStamp>| token.map(|token| (token, record.id));
        let standing = Standing { value: (*value, Some(record.id)), written: at(written), read: at(read) };
        self.keys.entry(key.clone()).or_default().written = Some((node, standing));
    }

    /// What the node had written down may be durable or not.
    fn died(&mut self, node: NodeId) {
        for known in self.keys.values_mut() {
            if let Some((_, standing)) = known.written.take_if(|(at, _)| *at == node) {
                known.standings.push(standing);
            }
        }
    }

    /// A client that waits is told what was read for it.
    fn answered(&self, record: &Record<'_>, op: OpId, value: Option<u64>) -> Result<(), Violation> {
        let Some((_, asked)) = self.calls.get(op) else { return Ok(()) };
        if self.found.get(&op).is_some_and(|found| found.contains(&value)) {
            return Ok(());
        }
        let sentence =
            format!("{} tells {op} that it read {}, which was not read for it", record.id.actor, text(value));
        Err(broken(record, sentence, &[asked, record.id]))
    }
}

const fn verb(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
    }
}

fn text(value: Option<u64>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

/// What an entry or an answer tells of locks.
fn locks(seen: &[Observation]) -> impl Iterator<Item = &LockSeen> {
    seen.iter().filter_map(|seen| if let Observation::Lock(seen) = seen { Some(seen) } else { None })
}

impl<F> Checker<F> for Fencing {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        self.calls.see(record);
        if let (Event::Append { entry }, Actor::Node(node)) = (&record.event, record.id.actor) {
            locks(&entry.observations).for_each(|seen| self.wrote(record, node, seen));
        } else if let Event::Reply { op, reply } = &record.event {
            for seen in locks(&reply.observations) {
                if let LockSeen::Told { value } = seen {
                    self.answered(record, *op, *value)?;
                }
            }
        } else if let Event::Returned { op, .. } = &record.event {
            self.found.remove(op);
        }
        for told in told(record) {
            match told {
                Told::Death(node) => self.died(node),
                Told::Seen(_, LockSeen::Guarded { key, access, token, touch }) => {
                    self.guarded(record, Done { key, access: *access, token: *token, touch: *touch })?;
                }
                Told::Seen(_, LockSeen::Fenced { key, access, token }) => self.fenced(record, key, *access, *token)?,
                Told::Seen(
                    _,
                    LockSeen::Asked { .. }
                    | LockSeen::Requested { .. }
                    | LockSeen::Deferred { .. }
                    | LockSeen::Granted { .. }
                    | LockSeen::Released { .. }
                    | LockSeen::Withdrawn { .. }
                    | LockSeen::Refused { .. }
                    | LockSeen::WroteGuarded { .. }
                    | LockSeen::Called { .. }
                    | LockSeen::Told { .. },
                ) => {}
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT
            .with(Kinds::DEATHS)
            .with(Kinds::INVOKED)
            .with(Kinds::RETURNED)
            .with(Kinds::APPEND)
            .with(Kinds::REPLY)
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "no guarded operation followed one that it conflicts with")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for Fencing {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        let tokens = |standing: &Standing| {
            let Standing { value, written, read } = standing;
            (value.0, written.map(|(stamp, _)| stamp), read.map(|(stamp, _)| stamp))
        };
        self.calls.memory(state);
        for (key, Key { standings, written }) in &self.keys {
            key.hash(&mut state);
            standings.iter().for_each(|standing| tokens(standing).hash(&mut state));
            written.map(|(node, standing)| (node, tokens(&standing))).hash(&mut state);
        }
        self.found.hash(&mut state);
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        let is_told = |seen: &LockSeen| matches!(seen, LockSeen::Guarded { .. } | LockSeen::Fenced { .. });
        Calls::heeds(event)
            || matches!(event, Event::Append { entry } if locks(&entry.observations).next().is_some())
            || matches!(event, Event::Reply { .. })
            || tells(event, is_told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    fn guarded(access: Access, token: &str) -> Event<'static> {
        touched(access, token, None)
    }

    fn touched(access: Access, token: &str, touch: Option<Touch>) -> Event<'static> {
        lock(LockSeen::Guarded { key: Resource::new("a"), access, token: token.parse().expect("a token"), touch })
    }

    fn touch(op: &str, value: Option<u64>) -> Option<Touch> {
        Some(Touch { op: op.parse().expect("an operation"), value })
    }

    fn write(op: &str, token: &str, value: u64) -> Event<'static> {
        touched(Access::Write, token, touch(op, Some(value)))
    }

    fn read(op: &str, token: &str, value: Option<u64>) -> Event<'static> {
        touched(Access::Read, token, touch(op, value))
    }

    fn fenced(access: Access, token: &str) -> Event<'static> {
        lock(LockSeen::Fenced { key: Resource::new("a"), access, token: token.parse().expect("a token") })
    }

    /// The keeper writes down what a write with this token has left.
    fn wrote(token: &str, value: u64) -> Event<'static> {
        let (key, written) = (Resource::new("a"), Some(token.parse().expect("a token")));
        let seen = LockSeen::WroteGuarded { key, value: Some(value), written, read: None };
        Event::Append { entry: said(vec![Observation::Lock(seen)]) }
    }

    fn is_broken(history: &History) -> bool {
        history.judged_by(Fencing::default()).violation().is_some()
    }

    #[test]
    fn tokens_of_conflicting_operations_rise() {
        let mut history = History::default();
        history.on("n1", guarded(Access::Write, "1.n1.c1#1")).on("n1", guarded(Access::Write, "1.n1.c1#1"));
        history.on("n1", guarded(Access::Read, "9.n2.c2#1")).on("n1", guarded(Access::Read, "5.n3.c3#1"));
        assert_holds(&history, Fencing::default(), 3);
    }

    #[test]
    fn an_old_token_that_passes_is_shown_with_the_newer_one() {
        let mut history = History::default();
        history.on("n1", guarded(Access::Read, "9.n2.c2#1")).on("n1", guarded(Access::Write, "5.n3.c3#1"));
        let sentence = "a write of a with the token 5.n3.c3#1 succeeded after one with the token 9.n2.c2#1";
        assert_broken(&history, Fencing::default(), sentence, "n1#1 n1#2");
    }

    #[test]
    fn readers_alone_prove_nothing() {
        let mut history = History::default();
        history.on("n1", guarded(Access::Read, "9.n2.c2#1")).on("n1", guarded(Access::Read, "5.n3.c3#1"));
        let why = "no guarded operation followed one that it conflicts with";
        assert_vacuous(&history, Fencing::default(), why);
    }

    #[test]
    fn what_is_fenced_came_after_a_newer_token() {
        let mut history = History::default();
        history.on("n1", guarded(Access::Write, "5.n1.c1#1")).on("n1", guarded(Access::Read, "8.n2.c2#1"));
        for right in [fenced(Access::Read, "4.n3.c3#1"), fenced(Access::Write, "7.n3.c3#1")] {
            let mut history = history.clone();
            history.on("n1", right);
            assert_holds(&history, Fencing::default(), 1);
        }
        for wrong in
            [fenced(Access::Read, "5.n1.c1#1"), fenced(Access::Read, "7.n3.c3#1"), fenced(Access::Write, "8.n2.c2#1")]
        {
            let mut history = history.clone();
            history.on("n1", wrong);
            assert!(is_broken(&history));
        }
        let mut alone = History::default();
        alone.on("n1", fenced(Access::Write, "1.n1.c1#1"));
        let sentence = "a write of a with the token 1.n1.c1#1 was fenced, and no operation that it conflicts with has \
                        presented a higher one";
        assert_broken(&alone, Fencing::default(), sentence, "n1#1");
    }

    #[test]
    fn a_read_finds_what_was_written_last() {
        let mut history = History::default();
        history.on("n1", read("c1#1", "1.n1.c1#1", None)).on("n1", write("c1#2", "1.n1.c1#1", 7));
        history.on("n1", write("c2#2", "2.n2.c2#1", 8)).on("n1", read("c2#3", "2.n2.c2#1", Some(8)));
        assert_holds(&history, Fencing::default(), 3);
        for old in [None, Some(7)] {
            let mut history = history.clone();
            history.on("n1", read("c3#2", "3.n3.c3#1", old));
            let (sentence, witnesses) = history.broken_by(Fencing::default());
            assert!(sentence.ends_with("of a, which holds 8"), "{sentence}");
            assert_eq!(witnesses, "n1#3 n1#5");
        }
    }

    #[test]
    fn a_crash_before_the_fact_leaves_what_was_written_or_what_was_before() {
        let mut history = History::default();
        history.on("n1", write("c1#2", "1.n1.c1#1", 7)).on("n1", wrote("2.n2.c2#1", 8)).on("n1", killed());
        for value in [7, 8] {
            let mut history = history.clone();
            history.on("n1", read("c3#2", "3.n3.c3#1", Some(value)));
            assert!(!is_broken(&history), "{value}");
            history.on("n1", read("c3#3", "3.n3.c3#1", Some(15 - value)));
            assert!(is_broken(&history), "a value that was read once has come to stay");
        }
        let mut known = history.clone();
        known.on("n1", fenced(Access::Read, "1.n1.c1#1"));
        assert!(!is_broken(&known));
        known.on("n1", read("c3#2", "3.n3.c3#1", Some(7)));
        assert!(is_broken(&known), "what fences was written");
        history.on("n1", read("c3#2", "3.n3.c3#1", Some(9)));
        assert!(is_broken(&history));
    }

    #[test]
    fn what_is_done_was_asked_and_what_is_told_was_read() {
        let token = || "1.n1.c1#1".parse().expect("a token");
        let mut asked = History::default();
        asked.on("c1", asked_lock("c1#2", LockCall::Write { key: Resource::new("a"), value: 7, token: token() }));
        asked.on("c2", asked_lock("c2#2", LockCall::Read { key: Resource::new("a"), token: token() }));
        let told = |value| Event::Reply {
            op: "c2#2".parse().expect("an operation"),
            reply: said(vec![Observation::Lock(LockSeen::Told { value })]),
        };
        let mut fine = asked.clone();
        fine.on("n1", write("c1#2", "1.n1.c1#1", 7)).on("n1", read("c2#2", "1.n1.c1#1", Some(7)));
        fine.on("n2", told(Some(7)));
        assert!(!is_broken(&fine));
        fine.on("n2", told(None));
        let sentence = "n2 tells c2#2 that it read nothing, which was not read for it";
        assert_broken(&fine, Fencing::default(), sentence, "c2#1 n2#2");
        for wrong in [write("c1#2", "1.n1.c1#1", 8), write("c1#2", "2.n1.c1#1", 7), read("c1#2", "1.n1.c1#1", None)] {
            let mut history = asked.clone();
            history.on("n1", wrong);
            let (sentence, _) = history.broken_by(Fencing::default());
            assert!(sentence.ends_with("which its client has not asked"), "{sentence}");
        }
    }
}

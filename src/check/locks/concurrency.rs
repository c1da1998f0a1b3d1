//! `concurrency`: what goes together is granted together.

use super::requests::Requests;
use super::{Told, told};
use crate::check::{Checker, Invariant, broken};
use crate::identity::NodeId;
use crate::observation::{LockSeen, LockStamp};
use crate::time::Time;
use crate::trace::{Record, Verdict, Violation};

/// Says that a request waits only for what it does not go together with: whatever a node defers a peer's request behind
/// is a grant, or an earlier request, of that node which conflicts with it. Exercised by deferrals.
///
/// A deferral is the only way in which a request comes to wait for a release, and a node says what it defers behind.
#[derive(Clone, Debug, Default)]
pub struct Concurrency {
    requests: Requests,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("concurrency", "locks", "a request waits for nothing that it goes together with");

impl Concurrency {
    fn deferred(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        stamp: LockStamp,
        behind: LockStamp,
    ) -> Result<(), Violation> {
        let Some(obstacle) = self.requests.stamped(behind).filter(|_| behind.node == node) else {
            let sentence =
                format!("{node} lets the request {stamp} wait for {behind}, which it neither holds nor asks for");
            return Err(broken(record, sentence, &[record.id]));
        };
        // A request whose node died is known to its peer a while longer.
        let Some(request) = self.requests.stamped(stamp) else { return Ok(()) };
        self.exercised += 1;
        if request.claims.conflicts(&obstacle.claims) {
            return Ok(());
        }
        let sentence = format!(
            "{node} lets the request {stamp} ({}) wait for {behind} ({}), with which it goes together",
            request.claims, obstacle.claims
        );
        Err(broken(record, sentence, &[obstacle.event, request.event, record.id]))
    }
}

impl<F> Checker<F> for Concurrency {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        for told in told(record) {
            if let Told::Seen(node, LockSeen::Deferred { stamp, behind }) = told {
                self.deferred(record, node, *stamp, *behind)?;
            }
            self.requests.see(&told, record.id);
        }
        Ok(())
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "no request was deferred")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    fn deferred(stamp: &str, behind: &str) -> crate::trace::Event<'static> {
        let of = |text: &str| text.parse().expect("a stamp");
        lock(LockSeen::Deferred { stamp: of(stamp), behind: of(behind) })
    }

    fn beside(mine: &str, theirs: &str) -> History {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", mine)).on("n2", requested("2.n2.c2#1", theirs));
        history.on("n1", deferred("2.n2.c2#1", "1.n1.c1#1"));
        history
    }

    #[test]
    fn a_writer_waits_for_a_reader() {
        assert_holds(&beside("a s", "a/b x"), Concurrency::default(), 1);
    }

    #[test]
    fn a_reader_that_waits_for_a_reader_is_shown_with_it() {
        let sentence =
            "n1 lets the request 2.n2.c2#1 (a IS, a/b S) wait for 1.n1.c1#1 (a S), with which it goes together";
        assert_broken(&beside("a s", "a/b s"), Concurrency::default(), sentence, "n1#1 n2#1 n1#2");
    }

    #[test]
    fn nobody_waits_for_what_has_ended() {
        let mut history = History::default();
        history.on("n1", granted("1.n1.c1#1", "a x")).on("n1", released("c1#1"));
        history.on("n2", requested("2.n2.c2#1", "a x")).on("n1", deferred("2.n2.c2#1", "1.n1.c1#1"));
        let sentence = "n1 lets the request 2.n2.c2#1 wait for 1.n1.c1#1, which it neither holds nor asks for";
        assert_broken(&history, Concurrency::default(), sentence, "n1#3");
    }
}

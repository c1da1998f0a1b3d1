//! The built-in invariants: one row each, with its checker and its page.

use super::laws::{NoPanic, OneFate, Operations, ProgressOfTime, ReceivedWasSent, TheDeadDoNothing, TimeForward};
use super::{
    AGREEMENT, ANCHOR_SAFETY, ATOMICITY, AUTHENTICITY, Agreement, AnchorSafety, AnyChecker, Atomicity, Authenticity,
    CAUSAL_PRECEDENCE, COMMIT_VALIDITY, CONCURRENCY, CONSERVATION, CONVERGENCE, CausalDelivery, CausalPrecedence,
    Causality, Checker, CommitValidity, Concurrency, Conservation, Convergence, DEADLOCK_FREEDOM, DECISION_STABILITY,
    DISSEMINATION, DURABILITY, DeadlockFreedom, DecisionStability, Dissemination, Durability, ELECTION_SAFETY,
    EXACTLY_ONCE, ElectionSafety, ExactlyOnce, FAIR_ORDER, FENCING, FIFO, FairOrder, Fencing, Fifo, Invariant,
    LINEARIZABILITY, LOCK_EXCLUSION, LOG_ORDER, Linearizability, LockExclusion, LogOrder, NO_LOST_UPDATE,
    NO_ORPHAN_LOCKS, NO_REGRESSION, NO_RESURRECTION, NO_STARVATION, NoDuplication, NoLostUpdate, NoOrphanLocks,
    NoRegression, NoResurrection, NoStarvation, QUIET, QUORUM_EVIDENCE, Quiet, QuorumEvidence, RESOLUTION_UNIQUENESS,
    ReliableDelivery, ResolutionUniqueness, SERIALIZABILITY, SESSION, Serializability, Session, TERMINATION, TTL_BOUND,
    Termination, TtlBound, VALIDITY, Validity, WAIT_ORDER, WaitOrder, causal_delivery, causality, no_duplication,
    reliable_delivery,
};

/// One built-in invariant.
struct Row<F> {
    invariant: Invariant,
    page: &'static str,
    checker: fn() -> AnyChecker<F>,
}

fn new<F, C: Checker<F> + Default>() -> AnyChecker<F> {
    AnyChecker::new(C::default())
}

const fn law(name: &'static str, about: &'static str) -> Invariant {
    Invariant::safety(name, about)
}

/// All rows; the laws first.
fn rows<F>() -> [Row<F>; 46] {
    [
        Row {
            invariant: law("received-was-sent", "nothing is received that was not sent, by its sender to its receiver"),
            page: include_str!("pages/received-was-sent.txt"),
            checker: new::<F, ReceivedWasSent>,
        },
        Row {
            invariant: law("one-fate", "each copy of each message ends once, and in time: received, lost or garbled"),
            page: include_str!("pages/one-fate.txt"),
            checker: new::<F, OneFate>,
        },
        Row {
            invariant: law("time-forward", "the trace's time never goes back, and no event's name is given twice"),
            page: include_str!("pages/time-forward.txt"),
            checker: new::<F, TimeForward>,
        },
        Row {
            invariant: law("the-dead-do-nothing", "a dead node takes no step and has no effect, a paused one no step"),
            page: include_str!("pages/the-dead-do-nothing.txt"),
            checker: new::<F, TheDeadDoNothing>,
        },
        Row {
            invariant: law("operations", "a client's operation is invoked once, and ends at most once"),
            page: include_str!("pages/operations.txt"),
            checker: new::<F, Operations>,
        },
        Row {
            invariant: law("no-panic", "no handler panics"),
            page: include_str!("pages/no-panic.txt"),
            checker: new::<F, NoPanic>,
        },
        Row {
            invariant: law("progress-of-time", "no instant holds the run up"),
            page: include_str!("pages/progress-of-time.txt"),
            checker: new::<F, ProgressOfTime>,
        },
        Row { invariant: causality::ABOUT, page: include_str!("pages/causality.txt"), checker: new::<F, Causality> },
        Row {
            invariant: causal_delivery::ABOUT,
            page: include_str!("pages/causal-delivery.txt"),
            checker: new::<F, CausalDelivery>,
        },
        Row {
            invariant: no_duplication::ABOUT,
            page: include_str!("pages/no-duplication.txt"),
            checker: new::<F, NoDuplication>,
        },
        Row {
            invariant: reliable_delivery::ABOUT,
            page: include_str!("pages/reliable-delivery.txt"),
            checker: new::<F, ReliableDelivery>,
        },
        Row { invariant: FIFO, page: include_str!("pages/fifo.txt"), checker: new::<F, Fifo> },
        Row { invariant: SESSION, page: include_str!("pages/session.txt"), checker: new::<F, Session> },
        Row {
            invariant: LOCK_EXCLUSION,
            page: include_str!("pages/lock-exclusion.txt"),
            checker: new::<F, LockExclusion>,
        },
        Row { invariant: FENCING, page: include_str!("pages/fencing.txt"), checker: new::<F, Fencing> },
        Row { invariant: FAIR_ORDER, page: include_str!("pages/fair-order.txt"), checker: new::<F, FairOrder> },
        Row {
            invariant: NO_STARVATION,
            page: include_str!("pages/no-starvation.txt"),
            checker: new::<F, NoStarvation>,
        },
        Row {
            invariant: DEADLOCK_FREEDOM,
            page: include_str!("pages/deadlock-freedom.txt"),
            checker: new::<F, DeadlockFreedom>,
        },
        Row { invariant: CONCURRENCY, page: include_str!("pages/concurrency.txt"), checker: new::<F, Concurrency> },
        Row { invariant: AGREEMENT, page: include_str!("pages/agreement.txt"), checker: new::<F, Agreement> },
        Row { invariant: VALIDITY, page: include_str!("pages/validity.txt"), checker: new::<F, Validity> },
        Row {
            invariant: QUORUM_EVIDENCE,
            page: include_str!("pages/quorum-evidence.txt"),
            checker: new::<F, QuorumEvidence>,
        },
        Row {
            invariant: ELECTION_SAFETY,
            page: include_str!("pages/election-safety.txt"),
            checker: new::<F, ElectionSafety>,
        },
        Row { invariant: LOG_ORDER, page: include_str!("pages/log-order.txt"), checker: new::<F, LogOrder> },
        Row { invariant: DURABILITY, page: include_str!("pages/durability.txt"), checker: new::<F, Durability> },
        Row { invariant: EXACTLY_ONCE, page: include_str!("pages/exactly-once.txt"), checker: new::<F, ExactlyOnce> },
        Row {
            invariant: LINEARIZABILITY,
            page: include_str!("pages/linearizability.txt"),
            checker: new::<F, Linearizability>,
        },
        Row {
            invariant: ANCHOR_SAFETY,
            page: include_str!("pages/anchor-safety.txt"),
            checker: new::<F, AnchorSafety>,
        },
        Row { invariant: CONVERGENCE, page: include_str!("pages/convergence.txt"), checker: new::<F, Convergence> },
        Row {
            invariant: NO_REGRESSION,
            page: include_str!("pages/no-regression.txt"),
            checker: new::<F, NoRegression>,
        },
        Row {
            invariant: NO_LOST_UPDATE,
            page: include_str!("pages/no-lost-update.txt"),
            checker: new::<F, NoLostUpdate>,
        },
        Row {
            invariant: NO_RESURRECTION,
            page: include_str!("pages/no-resurrection.txt"),
            checker: new::<F, NoResurrection>,
        },
        Row {
            invariant: CAUSAL_PRECEDENCE,
            page: include_str!("pages/causal-precedence.txt"),
            checker: new::<F, CausalPrecedence>,
        },
        Row {
            invariant: DISSEMINATION,
            page: include_str!("pages/dissemination.txt"),
            checker: new::<F, Dissemination>,
        },
        Row { invariant: TTL_BOUND, page: include_str!("pages/ttl-bound.txt"), checker: new::<F, TtlBound> },
        Row { invariant: AUTHENTICITY, page: include_str!("pages/authenticity.txt"), checker: new::<F, Authenticity> },
        Row { invariant: ATOMICITY, page: include_str!("pages/atomicity.txt"), checker: new::<F, Atomicity> },
        Row {
            invariant: COMMIT_VALIDITY,
            page: include_str!("pages/commit-validity.txt"),
            checker: new::<F, CommitValidity>,
        },
        Row {
            invariant: DECISION_STABILITY,
            page: include_str!("pages/decision-stability.txt"),
            checker: new::<F, DecisionStability>,
        },
        Row {
            invariant: SERIALIZABILITY,
            page: include_str!("pages/serializability.txt"),
            checker: new::<F, Serializability>,
        },
        Row { invariant: WAIT_ORDER, page: include_str!("pages/wait-order.txt"), checker: new::<F, WaitOrder> },
        Row { invariant: CONSERVATION, page: include_str!("pages/conservation.txt"), checker: new::<F, Conservation> },
        Row {
            invariant: NO_ORPHAN_LOCKS,
            page: include_str!("pages/no-orphan-locks.txt"),
            checker: new::<F, NoOrphanLocks>,
        },
        Row { invariant: TERMINATION, page: include_str!("pages/termination.txt"), checker: new::<F, Termination> },
        Row { invariant: QUIET, page: include_str!("pages/quiet.txt"), checker: new::<F, Quiet> },
        Row {
            invariant: RESOLUTION_UNIQUENESS,
            page: include_str!("pages/resolution-uniqueness.txt"),
            checker: new::<F, ResolutionUniqueness>,
        },
    ]
}

/// The number of rows that are laws.
const LAWS: usize = 7;

/// The kernel's laws with their checkers.
pub(super) fn laws<F>() -> impl Iterator<Item = (Invariant, AnyChecker<F>)> {
    rows().into_iter().take(LAWS).map(|row| (row.invariant, (row.checker)()))
}

/// The built-in invariants, the kernel's laws first. The laws are judged in every run, the others if a subject claims
/// them.
pub fn invariants() -> impl Iterator<Item = Invariant> {
    rows::<()>().into_iter().map(|row| row.invariant)
}

/// The kernel's laws, which must hold in every run, whatever the subject claims.
pub fn kernel() -> impl Iterator<Item = Invariant> {
    invariants().take(LAWS)
}

/// Whether the invariant of this name is a law of the kernel.
#[must_use]
pub fn is_law(name: &str) -> bool {
    kernel().any(|law| law.name == name)
}

/// A new checker of the built-in invariant `name`, if there is one.
#[must_use]
pub fn checker<F>(name: &str) -> Option<AnyChecker<F>> {
    rows().into_iter().find(|row| row.invariant.name == name).map(|row| (row.checker)())
}

/// The page of the built-in invariant `name`, on a screen of text: its statement, how it is checked, what a violation
/// shows, its limits and its source.
#[must_use]
pub fn page(name: &str) -> Option<&'static str> {
    rows::<()>().into_iter().find(|row| row.invariant.name == name).map(|row| row.page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sentences_short() {
        let mut names: Vec<_> = invariants().map(|invariant| invariant.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), invariants().count());
        assert!(invariants().all(|invariant| invariant.about.len() <= 100 && !invariant.about.ends_with('.')));
    }

    #[test]
    fn every_page_fits_a_screen_and_opens_with_its_name() {
        for invariant in invariants() {
            let page = page(invariant.name).expect("a page");
            assert!(page.starts_with(invariant.name), "{}", invariant.name);
            assert!(page.is_ascii() && page.lines().count() <= 40, "{}", invariant.name);
            assert!(page.lines().all(|line| line.len() <= 80), "{}", invariant.name);
            for part in ["How:", "A violation shows", "Limits:"] {
                assert!(page.contains(part), "{} lacks `{part}`", invariant.name);
            }
        }
    }

    #[test]
    fn an_unknown_name_has_no_checker() {
        assert!(checker::<()>("harmony").is_none());
        assert!(page("harmony").is_none());
    }
}

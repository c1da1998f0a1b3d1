//! Settings, claims and flaws of the lock manager.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::fault::Taken;
use crate::network::Discipline;
use crate::observation::Claims;
use crate::protocols::Settings;
use crate::subject::{Bearing, Flaw, Flaws, Row};
use crate::time::Span;

/// Settings of the lock manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LockSettings {
    /// The waiting time after which a client's request goes before one of the next priority that arrives then.
    pub ageing: Span,
    /// Flaws that are switched on: `e20`, `e21`, `e23`, `e32`, `l01`, `l03` to `l07`.
    pub flaws: Flaws,
}

impl Default for LockSettings {
    fn default() -> Self {
        Self { ageing: Span::from_millis(200), flaws: Flaws::default() }
    }
}

/// The settings, as the machine reads them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rules {
    pub(super) ageing: Span,
    pub(super) e20: bool,
    pub(super) e21: bool,
    pub(super) e23: bool,
    pub(super) e32: bool,
    pub(super) l01: bool,
    pub(super) l03: bool,
    pub(super) l04: bool,
    pub(super) l05: bool,
    pub(super) l06: bool,
    pub(super) l07: bool,
}

impl Settings for LockSettings {}

impl LockSettings {
    pub(super) fn rules(&self) -> Rules {
        let has = |flaw| self.flaws.has(flaw);
        Rules {
            ageing: self.ageing,
            e20: has("e20"),
            e21: has("e21"),
            e23: has("e23"),
            e32: has("e32"),
            l01: has("l01"),
            l03: has("l03"),
            l04: has("l04"),
            l05: has("l05"),
            l06: has("l06"),
            l07: has("l07"),
        }
    }
}

impl Rules {
    /// Whether two requests may not be granted together.
    pub(super) fn conflict(self, mine: &Claims, theirs: &Claims) -> bool {
        // Flaws e32 and l06: the modes are never read.
        if self.e32 || self.l06 { mine.meets(theirs) } else { mine.conflicts(theirs) }
    }
}

/// The lock manager.
pub const ROW: Row = Row {
    lanes: &["locks"],
    carriage: Discipline::Fifo,
    needs: &["channel"],
    claims: &[
        check::LOCK_EXCLUSION,
        check::FAIR_ORDER,
        check::NO_STARVATION,
        check::DEADLOCK_FREEDOM,
        check::CONCURRENCY,
        check::TERMINATION,
    ],
    flaws: &[
        Flaw::new(
            "e20",
            "lock-exclusion",
            "A peer that is itself requesting grants anyway.",
            "two nodes that request one resource at once",
        ),
        Flaw::new(
            "e21",
            "no-starvation",
            "A request that reaches a holder is answered \"not granted\" and forgotten; the requester gives up, and the \
             release finds no waiting request.",
            "a request that reaches a holder of its resource",
        ),
        Flaw::new(
            "e23",
            "lock-exclusion",
            "Grants are kept in one table, but the handler reads another: a held lock is granted again.",
            "a resource that is requested while it is held",
        ),
        Flaw::new(
            "e32",
            "fair-order",
            "A node compares its wall clock with the incoming logical stamp, and never reads the mode.",
            "two requests of which one waits for the other, and wall clocks that differ",
        ),
        Flaw::new(
            "l01",
            "lock-exclusion",
            "The clock does not advance when a request is answered, so a later request beats it.",
            "a node that answers a request and then makes its own",
        ),
        Flaw::new(
            "l03",
            "lock-exclusion",
            "The clock is not durable: after a crash, new stamps are lower than stamps already answered.",
            "a node that crashes after it answered a request",
        ),
        Flaw::new(
            "l04",
            "lock-exclusion",
            "A reply to a request that has ended counts for the next one.",
            "a reply that arrives after its request has ended",
        ),
        Flaw::new(
            "l05",
            "deadlock-freedom",
            "A client that holds one lock may ask for another.",
            "a client that asks for a lock while it holds one",
        ),
        Flaw::new(
            "l06",
            "concurrency",
            "The modes are never read: readers wait for readers.",
            "two requests for shared modes of one resource",
        ),
        Flaw::new(
            "l07",
            "termination",
            "A restarted peer is not asked again for the answers that its previous incarnation did not give.",
            "a peer that restarts while a request waits for its answer",
        ),
    ],
    bears: |fault| match fault.takes() {
        Some(Taken::Disk) => Bearing::Beyond(
            "a wiped node forgets which stamps it has answered, and could be granted what another holds",
        ),
        Some(Taken::Entry) => Bearing::Beyond("only a node's own disk holds which stamps it has answered"),
        Some(Taken::Timers) | None => Bearing::Borne,
    },
    ..Row::new(
        "locks",
        "The lock manager: mutual exclusion by timestamps (Ricart and Agrawala 1981) in Gray's five modes over \
         hierarchical paths.",
    )
};

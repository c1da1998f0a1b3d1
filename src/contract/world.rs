//! The worst case of a run, as far as it determines how long something may take after quiescence.

use crate::measure::Share;
use crate::process::ClientPlan;
use crate::time::{Span, Time};

/// The worst case of a client while it holds or waits for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How long it holds it, without the waits for answers in that time.
    pub hold: Span,
    /// The number of operations that it waits for in that time.
    pub operations: u64,
}

/// The worst case of the network, disks, clocks, faults and clients of one run, which is known before it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The longest delay of a message that is sent after quiescence.
    pub delay: Span,
    /// The longest duration of a sync that begins after quiescence.
    pub sync: Span,
    /// How long after quiescence a message that was sent before may arrive, or a disk may answer an earlier sync.
    pub late: Span,
    /// The longest unbroken time for which faults or lag can have delayed something before quiescence; adaptive
    /// timeouts may have grown with it.
    pub outage: Span,
    /// How much too slow the slowest monotonic clock is, on which timers run.
    pub slow: Share,
    /// The number of nodes.
    pub nodes: u32,
    /// The number of clients.
    pub clients: u64,
    /// The number of operations that waiting clients can have given up before quiescence, and that nodes may still
    /// process. A subject must count the operations of clients that do not wait.
    pub given_up: u64,
    /// The number of scripted operations, each of which can be open at once.
    pub written: u64,
    /// The longest time that a client waits before it retries or gives up.
    pub timeout: Span,
    /// The number of nodes that may never answer, because quiescence does not heal them.
    pub silent: u32,
}

impl World {
    /// The same world with these additional clients, which start new operations until quiescence.
    #[must_use]
    pub fn with_clients<M>(mut self, clients: &[ClientPlan<M>], quiescence: Time) -> Self {
        self.clients += clients.len() as u64;
        let asks = quiescence.since(Time::ZERO).as_nanos();
        let given_up =
            |client: &ClientPlan<M>| asks / client.timeout.times(u64::from(client.retries) + 1).as_nanos().max(1);
        self.given_up += clients.iter().map(given_up).sum::<u64>();
        self.timeout = clients.iter().map(|client| client.timeout).max().unwrap_or_default().max(self.timeout);
        self
    }

    /// The same world with so many nodes that never answer: a client may ask each of them in vain before it asks one that
    /// does.
    #[must_use]
    pub fn around(self, silent: u32) -> Self {
        Self { timeout: self.timeout.times(u64::from(silent) + 1), silent, ..self }
    }

    /// The maximum number of open operations.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.clients + self.given_up + self.written
    }

    /// The longest time from the sending of a message until its receiver has synced.
    #[must_use]
    pub fn step(&self) -> Span {
        self.delay + self.sync
    }

    /// The longest time of a request and its answer, each with a sync.
    #[must_use]
    pub fn round_trip(&self) -> Span {
        self.step().times(2)
    }

    /// The longest duration of a timer that is set to `span`.
    #[must_use]
    pub fn timer(&self, span: Span) -> Span {
        let whole = u128::from(Share::ALL.as_ppb());
        let runs = whole - u128::from(self.slow.as_ppb()).min(whole - 1);
        let longer = (u128::from(span.as_nanos()) * whole).div_ceil(runs);
        Span::from_nanos(u64::try_from(longer).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes are not told when clients give up.
    #[test]
    fn each_patience_that_ends_before_quiescence_may_leave_an_operation_open() {
        let mut client = ClientPlan::new(crate::identity::NodeId::new(0), ());
        (client.timeout, client.retries) = (Span::from_millis(100), 1);
        let patient = ClientPlan { retries: 1_000, ..client.clone() };
        let world = World { written: 3, ..World::default() };
        let world = world.with_clients(&[client, patient], Time::ZERO + Span::from_secs(4));
        assert_eq!((world.clients, world.given_up, world.open()), (2, 20, 25));
    }

    #[test]
    fn a_slow_clock_makes_a_timer_longer() {
        let world = World { slow: Share::from_percent(50), ..World::default() };
        assert_eq!(world.timer(Span::from_secs(1)), Span::from_secs(2));
        assert_eq!(World::default().timer(Span::from_secs(1)), Span::from_secs(1));
        assert_eq!(world.timer(Span::MAX), Span::MAX);
    }
}

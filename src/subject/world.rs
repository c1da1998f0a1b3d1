//! What a run can bring at the worst, as far as it decides how long something may take after quiescence.

use crate::measure::Share;
use crate::process::ClientPlan;
use crate::time::{Span, Time};

/// The worst that network, disks, clocks, faults and clients of one run can bring: known before it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The longest that a message takes that is sent after quiescence.
    pub delay: Span,
    /// The longest that a sync takes that begins after quiescence.
    pub sync: Span,
    /// How much later than quiescence a message may come that was sent before, or a disk may answer that was asked before.
    pub late: Span,
    /// The longest unbroken time for which faults or lag can have held something up before quiescence; what adapts to
    /// delays may have grown with it.
    pub outage: Span,
    /// By how much the slowest monotonic clock, on which timers run, is too slow.
    pub slow: Share,
    /// How many clients there are.
    pub clients: u64,
    /// How many operations clients that wait for answers can have given up before quiescence, at which nodes may still be
    /// at work. What those ask that do not wait, their subject must count.
    pub given_up: u64,
    /// How many operations are written down, of which each can be open at once.
    pub written: u64,
    /// The longest that a client waits before it asks again, or gives up.
    pub timeout: Span,
}

impl World {
    /// The same world with these clients too, which ask new operations until quiescence.
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

    /// The most operations that anybody can be at work at.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.clients + self.given_up + self.written
    }

    /// The longest that a message takes whose receiver has something to sync before it goes on.
    #[must_use]
    pub fn step(&self) -> Span {
        self.delay + self.sync
    }

    /// The longest that a question and its answer take, each with a sync.
    #[must_use]
    pub fn round_trip(&self) -> Span {
        self.step().times(2)
    }

    /// The longest that a timer takes that is set to `span`.
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

    /// What clients give up is not taken back from the nodes.
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

//! What a run can bring at the worst, as far as it decides how long something may take after quiescence.

use crate::measure::Share;
use crate::process::ClientPlan;
use crate::time::Span;

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
    /// How many operations are written down, of which each can be open at once.
    pub written: u64,
    /// The longest that a client waits before it asks again, or gives up.
    pub timeout: Span,
}

impl World {
    /// The same world with these clients too.
    #[must_use]
    pub fn with_clients<M>(mut self, clients: &[ClientPlan<M>]) -> Self {
        self.clients += clients.len() as u64;
        self.timeout = clients.iter().map(|client| client.timeout).max().unwrap_or_default().max(self.timeout);
        self
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

    #[test]
    fn a_slow_clock_makes_a_timer_longer() {
        let world = World { slow: Share::from_percent(50), ..World::default() };
        assert_eq!(world.timer(Span::from_secs(1)), Span::from_secs(2));
        assert_eq!(World::default().timer(Span::from_secs(1)), Span::from_secs(1));
        assert_eq!(world.timer(Span::MAX), Span::MAX);
    }
}

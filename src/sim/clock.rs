//! A node's local clock, which drifts, jumps, or is frozen.

use crate::measure::{Drift, Offset};
use crate::time::{LocalTime, Span, Time};

/// A clock that runs at a constant rate since its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LocalClock {
    /// When it was last changed.
    since: Time,
    /// Its reading then.
    reading: LocalTime,
    rate: Rate,
}

/// The rate of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rate {
    Drifting(Drift),
    Frozen,
}

impl Rate {
    /// The rate under a further, later fault: the later drift applies, and a frozen clock stays frozen.
    pub(crate) const fn bent(self, drift: Option<Drift>, freeze: bool) -> Self {
        match (self, drift) {
            _ if freeze => Self::Frozen,
            (Self::Drifting(_), Some(drift)) => Self::Drifting(drift),
            (Self::Drifting(_) | Self::Frozen, _) => self,
        }
    }
}

const BILLION: i128 = 1_000_000_000;

impl LocalClock {
    /// A clock with this reading at the beginning.
    pub(crate) const fn new(reading: LocalTime, drift: Drift) -> Self {
        Self { since: Time::ZERO, reading, rate: Rate::Drifting(drift) }
    }

    #[inline]
    pub(crate) fn read(&self, now: Time) -> LocalTime {
        let passed = now.since(self.since);
        match self.rate {
            Rate::Drifting(Drift::NONE) => self.reading + passed,
            Rate::Drifting(drift) => self.reading + stretched(passed, drift),
            Rate::Frozen => self.reading,
        }
    }

    /// The first instant from `now` on at which it reads at least `reading`; [`Time::MAX`] if it is frozen before that.
    pub(crate) fn when(&self, reading: LocalTime, now: Time) -> Time {
        if self.read(now) >= reading {
            return now;
        }
        let needed = i128::from(reading.since(self.reading).as_nanos());
        match self.rate {
            Rate::Frozen => Time::MAX,
            Rate::Drifting(drift) => {
                let speed = BILLION + i128::from(drift.as_ppb());
                let nanos = (needed * BILLION + speed - 1) / speed;
                self.since + Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
        }
    }

    /// From `now` on it runs at this rate.
    pub(crate) fn run_at(&mut self, now: Time, rate: Rate) {
        self.settle(now);
        self.rate = rate;
    }

    /// It jumps by `by`, but never below zero.
    pub(crate) fn bump(&mut self, now: Time, by: Offset) {
        self.settle(now);
        let nanos = self.reading.as_nanos().saturating_add_signed(by.as_nanos());
        self.reading = LocalTime::from_nanos(nanos);
    }

    fn settle(&mut self, now: Time) {
        self.reading = self.read(now);
        self.since = now;
    }
}

fn stretched(span: Span, drift: Drift) -> Span {
    let nanos = i128::from(span.as_nanos()) * (BILLION + i128::from(drift.as_ppb())) / BILLION;
    Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drifting_clock_reads_what_it_was_waited_for() {
        for ppb in [-500_000_000, -100_000, -1, 0, 1, 333, 100_000, 1_000_000_000] {
            let clock = LocalClock::new(LocalTime::from_nanos(17), Drift::from_ppb(ppb));
            for after in [0, 1, 999, 1_000_003, 5_000_000_000] {
                let reading = LocalTime::from_nanos(17 + after);
                let when = clock.when(reading, Time::ZERO);
                assert!(clock.read(when) >= reading, "{ppb} {after}");
                if when > Time::ZERO {
                    let before = Time::from_nanos(when.as_nanos() - 1);
                    assert!(clock.read(before) < reading, "{ppb} {after}");
                }
            }
        }
    }

    #[test]
    fn a_change_moves_no_reading_but_a_bump() {
        let mut clock = LocalClock::new(LocalTime::default(), Drift::from_ppb(1_000));
        let now = Time::from_nanos(1_000_000_000);
        let reading = clock.read(now);
        clock.run_at(now, Rate::Frozen);
        assert_eq!(clock.read(now + Span::from_secs(9)), reading);
        assert_eq!(clock.when(reading + Span::from_nanos(1), now), Time::MAX);
        clock.run_at(now + Span::from_secs(1), Rate::Drifting(Drift::NONE));
        assert_eq!(clock.read(now + Span::from_secs(2)), reading + Span::from_secs(1));
        clock.bump(now + Span::from_secs(2), Offset::from_nanos(-10_000_000_000));
        assert_eq!(clock.read(now + Span::from_secs(2)), LocalTime::default());
    }
}

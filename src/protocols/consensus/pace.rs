//! Timeouts that adapt to the measured speed of disks and links.
//!
//! Safety does not depend on these times: they decide when a voter stands for election, and when unanswered messages
//! are sent again. A timeout that is too short costs messages and useless elections until it has grown; one that is too
//! long costs waiting. Each answer of a peer carries the time of the request, by the clock of the node that asked (like
//! the timestamps of TCP, RFC 7323), so that late answers are measured too. A timeout that is too short needs that to
//! grow.

use std::hash::{Hash, Hasher};

use super::spec::ConsensusSettings;
use crate::observation::Round;
use crate::time::{LocalTime, Span};

/// The measurements of a node in this incarnation. Zero means not measured yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    /// From a request to a voter's answer, including the waits for both disks.
    trip: Peak,
    /// The duration of its own syncs.
    sync: Peak,
    /// From one heartbeat of a proposer to the next.
    gap: Peak,
    /// The last heartbeat that arrived: its round and the time of arrival.
    heard: Option<(Round, LocalTime)>,
}

/// The promises that a voter has given since the last sign of a proposer.
///
/// A candidate that never wins, because the answers of other voters do not reach it, may ask again sooner than a more
/// patient voter stands for election. If each promise restarted that voter's wait, it would never stand. So after a few of
/// them its wait goes on. That decides only when a timer expires: in an exploration, where any timer may expire at any
/// time, it distinguishes no states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Promises(u32);

impl Hash for Promises {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl Promises {
    /// The number of promises that restart the wait.
    const PATIENT: u32 = 4;

    /// There is a sign of a proposer, or the voter stands itself.
    pub(super) const fn reset(&mut self) {
        self.0 = 0;
    }

    /// A promise is given; returns whether the wait for a proposer starts anew.
    pub(super) const fn give(&mut self) -> bool {
        self.0 = self.0.saturating_add(1);
        self.0 <= Self::PATIENT
    }
}

/// A decaying maximum of the recent measurements: it grows at once, but at most to double, so that one outlier has a
/// limited effect; with each shorter measurement it falls by an eighth of the difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Peak(Span);

impl Peak {
    fn see(&mut self, measured: Span, least: Span) {
        let Self(peak) = self;
        *peak = if measured > *peak {
            measured.min((*peak).max(least).times(2))
        } else {
            *peak - (*peak - measured).divided_by(8)
        };
    }
}

impl Pace {
    /// A voter has answered a request that was sent at `asked`.
    pub(super) fn answered(&mut self, asked: LocalTime, now: LocalTime, settings: &ConsensusSettings) {
        self.trip.see(now.since(asked), settings.heartbeat);
    }

    /// A sync that was called at `asked` is done.
    pub(super) fn synced(&mut self, asked: LocalTime, now: LocalTime, settings: &ConsensusSettings) {
        self.sync.see(now.since(asked), settings.heartbeat);
    }

    /// A heartbeat arrived, possibly from a proposer that this node no longer follows: then its timeout was too short.
    /// A follower sends no requests and so cannot measure how long answers take, which its own election will depend on;
    /// the proposer's measurement is in the heartbeat.
    pub(super) fn heartbeat(&mut self, round: Round, trip: Span, now: LocalTime, settings: &ConsensusSettings) {
        if let Some((_, before)) = self.heard.filter(|(known, _)| *known == round) {
            self.gap.see(now.since(before), settings.heartbeat);
        }
        if self.heard.is_none_or(|(known, _)| known <= round) {
            self.heard = Some((round, now));
        }
        self.trip.see(trip, settings.heartbeat);
    }

    /// How long answers take.
    pub(super) const fn trip(&self) -> Span {
        self.trip.0
    }

    /// How long a quorum's answer may take: a round trip, and a sync at each end, each behind an open one.
    fn answer(&self) -> Span {
        self.trip.0 + self.sync.0.times(2)
    }

    /// The minimum time without a sign of a proposer after which a voter stands for election.
    pub(super) fn election(&self, settings: &ConsensusSettings) -> Span {
        settings.election.max(self.gap.0.times(2)).max(self.answer().times(2))
    }

    /// The maximum additional wait after this many consecutive failed elections.
    pub(super) fn backoff(&self, failures: u32, settings: &ConsensusSettings) -> Span {
        let election = self.election(settings);
        let doubled = election.times(1_u64.checked_shl(failures.min(20)).unwrap_or(1) - 1);
        let most = if settings.backoff.is_zero() { Span::ZERO } else { settings.backoff.max(election.times(4)) };
        doubled.min(most)
    }

    /// How long voters have to answer before they are asked again.
    pub(super) fn repeat(&self, settings: &ConsensusSettings) -> Span {
        settings.heartbeat.max(self.answer().times(2))
    }

    /// How long decisions may take before they are asked for again, after this many consecutive requests without an
    /// answer.
    pub(super) fn fetch(&self, failures: u32, settings: &ConsensusSettings) -> Span {
        let doubled = self.repeat(settings).times(1_u64.checked_shl(failures.min(20)).unwrap_or(1));
        doubled.min(self.election(settings).times(4)).max(self.repeat(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Span = Span::from_millis;

    fn at(millis: u64) -> LocalTime {
        LocalTime::default() + MS(millis)
    }

    #[test]
    fn an_outlier_at_most_doubles_it_and_a_slow_world_is_known_after_a_few_answers() {
        let settings = ConsensusSettings::default();
        let mut pace = Pace::default();
        assert_eq!(pace.election(&settings), settings.election);
        pace.answered(at(0), at(60_000), &settings);
        assert_eq!(pace.election(&settings), settings.heartbeat.times(4));
        (0..12).for_each(|_| pace.answered(at(0), at(2_000), &settings));
        assert_eq!(pace.election(&settings), MS(4_000));
        (0..60).for_each(|_| pace.answered(at(0), at(2), &settings));
        assert_eq!(pace.election(&settings), settings.election, "and it is forgotten");
    }

    #[test]
    fn patience_exceeds_what_a_quorum_takes_with_two_syncs() {
        let settings = ConsensusSettings::default();
        let mut pace = Pace::default();
        (0..12).for_each(|_| pace.synced(at(0), at(500), &settings));
        (0..12).for_each(|_| pace.answered(at(0), at(1_000), &settings));
        assert!(pace.election(&settings) >= MS(2_000) && pace.repeat(&settings) >= MS(2_000));
        assert_eq!(pace.backoff(20, &settings), pace.election(&settings).times(4));
    }

    #[test]
    fn gaps_are_between_heartbeats_of_one_round() {
        let settings = ConsensusSettings::default();
        let mut pace = Pace::default();
        let round = |number| Round { number, ..Round::default() };
        for (number, millis) in [(1, 0), (1, 500), (2, 9_000), (2, 9_080), (2, 9_160)] {
            pace.heartbeat(round(number), Span::ZERO, at(millis), &settings);
        }
        assert_eq!(pace.gap.0, MS(80));
    }

    #[test]
    fn who_only_listens_stays_as_patient_as_answers_are_slow() {
        let settings = ConsensusSettings { heartbeat: MS(9), election: MS(20), ..ConsensusSettings::default() };
        let mut pace = Pace::default();
        (1..1_000).for_each(|beat| pace.heartbeat(Round::default(), MS(900), at(9 * beat), &settings));
        assert_eq!(pace.election(&settings), MS(1_800));
        (1_000..1_100).for_each(|beat| pace.heartbeat(Round::default(), MS(2), at(9 * beat), &settings));
        assert_eq!(pace.election(&settings), settings.election, "and no longer than they are");
    }
}

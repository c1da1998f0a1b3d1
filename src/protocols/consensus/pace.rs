//! How long a node is patient: as long as what it has measured of disks and links says.
//!
//! No message and no vote hangs on these times: they decide when a voter stands for election, and when what was not answered
//! is said again. A time that is too short costs messages and elections that come to nothing, until it has grown; one that
//! is too long costs waiting. Each answer of a peer brings back when it was asked for, on the clock of who asked (as the
//! timestamps of TCP do, RFC 7323), so that late answers are measured too, which is what a time that is too short needs.

use super::spec::ConsensusSettings;
use crate::observation::Round;
use crate::time::{LocalTime, Span};

/// What a node has measured in this incarnation. Zero is what was not measured yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    /// From a question to a voter's answer, with the waits for both disks.
    trip: Peak,
    /// How long a sync of its own takes.
    sync: Peak,
    /// From one heartbeat of a proposer to the next.
    gap: Peak,
    /// The last heartbeat that came, and under which round.
    heard: Option<(Round, LocalTime)>,
}

/// The longest of what was measured of late: it grows at once, but at most to double, so that one outlier does not count
/// for much; and it falls by an eighth of the difference with each shorter one.
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
    /// A voter has answered what was asked at `asked`.
    pub(super) fn answered(&mut self, asked: LocalTime, now: LocalTime, settings: &ConsensusSettings) {
        self.trip.see(now.since(asked), settings.heartbeat);
    }

    /// A sync that was asked for at `asked` is done.
    pub(super) fn synced(&mut self, asked: LocalTime, now: LocalTime, settings: &ConsensusSettings) {
        self.sync.see(now.since(asked), settings.heartbeat);
    }

    /// A heartbeat came, be it of a proposer that this node follows no more: then it had lost patience too soon. Who only
    /// listens asks nobody: how long answers take, which is what its own election will have to wait for, the proposer tells.
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

    /// How long a quorum's answer may take: the way there and back, and a sync at each end, behind one that is open there.
    fn answer(&self) -> Span {
        self.trip.0 + self.sync.0.times(2)
    }

    /// How long a voter hears of no proposer before it stands for election, at least.
    pub(super) fn election(&self, settings: &ConsensusSettings) -> Span {
        settings.election.max(self.gap.0.times(2)).max(self.answer().times(2))
    }

    /// How much longer it waits at most when its elections have failed so often in a row.
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

    /// How long decisions have to come before they are fetched again, which was in vain so often in a row.
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

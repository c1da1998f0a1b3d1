//! The fates of messages in a run, as entries of `"fates"`.

use std::collections::BTreeMap;

use crate::identity::MessageId;
use crate::network::PinnedFate;
use crate::time::{Span, Time};
use crate::trace::{Body, Cause, Event, Said, Trace};

type Flights = BTreeMap<MessageId, Flight>;

/// One message under way.
struct Flight {
    sent: Time,
    body: Vec<u8>,
    /// The outcome of each of its copies, when it was first recorded.
    ends: BTreeMap<u16, End>,
}

struct End {
    time: Time,
    how: How,
}

enum How {
    Arrived,
    Lost,
    Flipped(Option<u64>),
}

/// The fates of messages, by id.
pub(super) type Fates = BTreeMap<String, PinnedFate>;

/// The outcomes of the messages of a run.
pub(super) struct Pins {
    fates: Fates,
    /// The messages with a flipped bit that the trace does not identify.
    unclear: Vec<String>,
    /// The maximum number of bits of those messages.
    bits: usize,
}

impl Pins {
    /// The fate of each message of `trace`, a run of length `lasts`. A message that never arrived was under way until the end.
    pub(super) fn of(trace: &Trace, lasts: Span) -> Self {
        let flights = flights(trace);
        let lane = |id: &MessageId| trace.header.lanes.get(id.lane.index()).map_or("", String::as_str);
        let name = |id: &MessageId| format!("{}.{}#{}", id.sender, lane(id), id.number);
        let unclear = flights.iter().filter(|(_, flight)| flight.is_unclear());
        let bits = unclear.clone().map(|(_, flight)| flight.body.len() * 8).max();
        Self {
            unclear: unclear.map(|(id, _)| name(id)).collect(),
            bits: bits.unwrap_or(1),
            fates: flights.iter().map(|(id, flight)| (name(id), flight.fate(lasts))).collect(),
        }
    }

    /// The number of guesses.
    pub(super) const fn guesses(&self) -> usize {
        self.bits
    }

    /// The fates, if the unidentified bit is this one.
    pub(super) fn guess(&self, bit: usize) -> Fates {
        let mut fates = self.fates.clone();
        fates.extend(self.unclear.iter().map(|name| (name.clone(), PinnedFate::Flip(bit as u64))));
        fates
    }
}

fn flights(trace: &Trace) -> Flights {
    let mut flights = Flights::new();
    for record in trace.raw_records() {
        let time = record.time;
        if let Event::Send { message, said, .. } = &record.event {
            flights.insert(*message, Flight { sent: time, body: bytes(said).to_vec(), ends: BTreeMap::new() });
        } else if let Some((message, copy, how)) = end(&record.event, &flights)
            && let Some(flight) = flights.get_mut(&message)
        {
            flight.ends.entry(copy).or_insert(End { time, how });
        }
    }
    flights
}

/// The outcome of a copy, if the event has one. A copy that was lost to a partition or a crash had arrived as far as the link
/// is concerned.
fn end(event: &Event<'_>, flights: &Flights) -> Option<(MessageId, u16, How)> {
    if let Event::Lost { message, copy, cause } = event {
        let how = if *cause == Cause::Loss { How::Lost } else { How::Arrived };
        return Some((*message, *copy, how));
    }
    if let Event::Receive { message, copy, corrupted: Some(said) } = event {
        let bit = flights.get(message).and_then(|flight| flipped(&flight.body, bytes(said)));
        return Some((*message, *copy, How::Flipped(bit)));
    }
    if let Event::Garbled { message, copy } = event {
        return Some((*message, *copy, How::Lost));
    }
    if let Event::Receive { message, copy, .. } | Event::Held { message, copy } = event {
        return Some((*message, *copy, How::Arrived));
    }
    None
}

impl Flight {
    fn is_unclear(&self) -> bool {
        self.ends.len() == 1 && matches!(self.ends.get(&0), Some(End { how: How::Flipped(None), .. }))
    }

    fn fate(&self, lasts: Span) -> PinnedFate {
        let first = self.ends.get(&0);
        let later = self.ends.get(&1).map(|second| second.time);
        match (first, later) {
            (None, _) => PinnedFate::Delay(lasts),
            (Some(first), Some(second)) => PinnedFate::Again(second.since(first.time)),
            (Some(End { how: How::Lost, .. }), None) => PinnedFate::Lost,
            (Some(End { how: How::Flipped(Some(bit)), .. }), None) => PinnedFate::Flip(*bit),
            (Some(End { how: How::Flipped(None) | How::Arrived, time }), None) => {
                PinnedFate::Delay(time.since(self.sent))
            }
        }
    }
}

fn bytes<'a>(said: &'a Said<'_>) -> &'a [u8] {
    match &said.body {
        Body::Encoded(bytes) => bytes,
        Body::Json(_) => &[],
    }
}

/// The bit that differs, if exactly one does.
fn flipped(before: &[u8], after: &[u8]) -> Option<u64> {
    if before.len() != after.len() {
        return None;
    }
    let mut differing = (0_u64..).zip(before.iter().zip(after)).filter(|(_, (a, b))| a != b);
    let (at, (a, b)) = differing.next()?;
    let bits = a ^ b;
    (differing.next().is_none() && bits.is_power_of_two()).then(|| at * 8 + u64::from(bits.trailing_zeros()))
}

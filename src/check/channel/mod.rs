//! The invariants of reliable channels: each judges what nodes say of the payloads that they send and deliver.

mod fifo;
mod flows;
mod session;

pub use fifo::{ABOUT as FIFO, Fifo};
pub use session::{ABOUT as SESSION, Session};

use crate::observation::Observation;
use crate::trace::Event;

/// Whether an event can tell of channels.
fn tells(event: &Event<'_>) -> bool {
    let of_channels = |seen: &Observation| matches!(seen, Observation::Channel(_));
    matches!(event, Event::Start { .. })
        || matches!(event, Event::Fact { fact } if fact.observations.iter().any(of_channels))
}

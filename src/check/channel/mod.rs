//! The invariants of reliable channels: each judges nodes' facts about the payloads that they send and deliver.

mod fifo;
mod flows;
mod session;

pub use fifo::{ABOUT as FIFO, Fifo};
pub use session::{ABOUT as SESSION, Session};

//! The invariants of reliable channels: each judges what nodes say of the payloads that they send and deliver.

mod fifo;
mod flows;
mod session;

pub use fifo::{ABOUT as FIFO, Fifo};
pub use session::{ABOUT as SESSION, Session};

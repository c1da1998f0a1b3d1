//! The codex node: one process that hosts the protocols which keep a codex in sync, and routes what passes between them.
//!
//! The node is a switchboard. Every datagram is signed; what does not fit its signature is refused and counted. Frames of
//! the channel give payloads, and the end of a session; all that comes is handed to the protocol that it is for, which
//! acts through the desk and knows nothing of any other. What it tells is routed to whom it concerns before the step is
//! over. What a step leaves unsaid, the channel acknowledges at its end.

mod bound;
mod carrier;
mod client;
mod desk;
mod hosted;
mod lock_client;
mod machine;
mod routes;
mod spec;
mod store_client;
#[cfg(test)]
mod tests;
mod words;
mod workload;

pub use client::Client;
pub use lock_client::{LockClient, Oddity, Round, Use};
pub use machine::CodexNode;
pub use spec::{Config, Settings};
pub use store_client::{Deed, Errand, StoreClient};
pub use words::{Command, Entry, Fact, Message, Payload, Reply, Timer};
pub use workload::{LockWorkload, RegisterWorkload, Tree, Workload};

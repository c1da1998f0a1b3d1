//! The codex node: one process that hosts the protocols which keep a codex in sync, and routes what passes between them.
//!
//! Every datagram is signed; what does not fit its signature is refused and counted. Frames of the channel give payloads,
//! and the end of a session; both go to the protocols, which act through ports and know nothing of one another. What a
//! step leaves unsaid, the channel acknowledges at its end.

mod bound;
mod carrier;
mod client;
mod disk;
mod lock_client;
mod locking;
mod machine;
mod port;
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

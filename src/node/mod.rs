//! The codex node: one process that hosts the protocols which keep a codex in sync, and routes messages between them.
//!
//! The node is a switchboard. A protocol consists of its own folder, one row in the table (`hosted`), and its arms
//! where protocols meet (`routes`). Every datagram passes the desk (`desk`): on its way out it is stamped, tagged and
//! signed there, and on its way in it is verified; a message with an invalid signature is refused and counted. Frames
//! of the channel contain payloads, or end a session. Each message is handed to its protocol, which acts through the
//! desk and knows no other protocol; its outcomes are routed to other protocols within the step. At the end of a step
//! the channel acknowledges what no frame of the step has acknowledged.

mod bound;
mod carrier;
mod desk;
mod group_commit;
mod hosted;
mod machine;
mod routes;
mod spec;
#[cfg(test)]
mod tests;

pub use hosted::{Body, Client, Command, Completion, Entry, Fact, Payload, Reply, Settings, Timer, Workload};
pub use machine::CodexNode;
pub use spec::Config;

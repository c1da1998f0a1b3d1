//! stemmata: a deterministic discrete-event simulator of distributed protocols.
//!
//! A program with a protocol of its own implements [`process::Process`] and [`subject::Subject`], for which [`prelude`] has
//! all names, and calls [`cli::main`]. Its types derive the traits of `serde`, and its settings and workloads also that of
//! `schemars`; so its package depends on them too, or names those that are re-exported here: see [`prelude`].
#![forbid(unsafe_code)]

pub mod broadcast;
pub mod check;
pub mod cli;
pub mod clocks;
pub mod codex;
mod contract;
pub mod encoding;
mod environment;
pub mod hunt;
pub mod node;
pub mod observation;
mod path_text;
pub mod prelude;
pub mod protocols;
mod quantities;
pub mod report;
pub mod run;
pub mod scenario;
pub mod sim;
pub mod trace;
mod wrap;

pub use contract::{context, process, subject, symmetry};
pub use environment::{fault, network};
use quantities::decimal;
pub use quantities::{chance, identity, measure, signature, time, units};
pub use {schemars, serde};

//! stemmata: a deterministic discrete-event simulator of distributed protocols.
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
pub use quantities::{chance, identity, measure, time, units};

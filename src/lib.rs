//! stemmata: a deterministic discrete-event simulator of distributed protocols.
#![forbid(unsafe_code)]

pub mod broadcast;
pub mod chance;
pub mod check;
pub mod cli;
pub mod clocks;
pub mod codex;
pub mod context;
pub mod encoding;
pub mod fault;
pub mod hunt;
pub mod identity;
pub mod measure;
pub mod network;
pub mod node;
pub mod observation;
pub mod prelude;
pub mod process;
pub mod protocols;
pub mod report;
pub mod run;
pub mod scenario;
pub mod sim;
pub mod subject;
pub mod symmetry;
pub mod time;
pub mod trace;
pub mod units;

//! stemmata: a deterministic discrete-event simulator of distributed protocols.
#![forbid(unsafe_code)]

pub mod broadcast;
pub mod chance;
pub mod check;
pub mod clocks;
pub mod context;
pub mod encoding;
pub mod fault;
pub mod hunt;
pub mod identity;
pub mod measure;
pub mod network;
pub mod observation;
pub mod process;
pub mod scenario;
pub mod subject;
pub mod time;
pub mod trace;

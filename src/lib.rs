//! stemmata: a deterministic discrete-event simulator of distributed protocols.
#![forbid(unsafe_code)]

pub mod encoding;
pub mod identity;
pub mod measure;
pub mod time;

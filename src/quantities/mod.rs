//! What is counted, named and drawn: virtual time, shares and rates, names of nodes and operations, and chance.

pub mod chance;
pub(crate) mod decimal;
pub mod identity;
pub mod measure;
pub mod signature;
pub mod time;
pub mod units;

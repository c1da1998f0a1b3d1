//! What a protocol implements to be simulated, and how it is described: a process with the context of its handlers, and
//! a subject with the rows of its protocols.

pub mod context;
pub mod process;
mod profile;
mod row;
mod strict;
pub mod subject;
pub mod symmetry;
mod world;

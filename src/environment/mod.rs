//! The environment of the nodes, as data: the network's treatment of messages, and the faults.

mod budget;
mod display;
pub mod fault;
mod kind;
pub mod network;
mod parts;
mod target;

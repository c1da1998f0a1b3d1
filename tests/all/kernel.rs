//! What the kernel promises, one sentence a test: a process that does as it is told, faults written by hand, and the
//! records that must come of them.

mod clients;
mod clocks;
mod cuts;
mod deaths;
mod disks;
mod effects;
mod endings;
mod limits;
mod links;
mod order;
mod overlaps;
mod pauses;
mod player;
mod quiescence;
mod shapes;
mod stage;
mod triggers;

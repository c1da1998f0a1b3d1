//! Integration tests, in one binary, so that everything is linked once.

mod bounds;
mod cli;
mod consensus;
mod determinism;
mod errata;
mod explore;
mod fuzz;
mod golden;
mod kernel;
mod kinds;
mod laws;
mod layers;
mod locks;
mod own_protocol;
mod pins;
mod ranges;
mod rows;
mod scenarios;
mod schema;
mod shrink;
mod slurm;
mod small;
mod support;
mod swarm;
mod verify;
mod wording;

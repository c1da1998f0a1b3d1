//! Tests of scenarios, on a subject of their own.

mod borne;
mod digests;
mod embedded;
mod fake;
mod files;
mod hostile;
mod keyspaces;
mod operations;
mod overlays;
mod plans;
mod ranges;
mod refused;
mod schemas;
mod swarms;
mod worlds;

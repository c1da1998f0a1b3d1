//! Integration tests, in one binary, so that everything is linked once.

mod determinism;
mod errata;
mod golden;
mod laws;
mod layers;
mod schema;
mod small;
mod support;

//! Tests of scenarios, on a subject of their own.

mod fake;
mod refused;

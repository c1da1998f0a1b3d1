//! A timed run is a way through the exploration: step by step, with the same records.

mod paths;
mod steady;

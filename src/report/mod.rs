//! Reports for people: texts, pictures and scenario files that explain a failure; traces in the formats of other programs;
//! and tables of many runs, only in virtual time, so that they are reproducible.

pub mod annotation;
mod causal_past;
mod errata;
mod error;
pub mod format;
pub mod junit;
pub mod mermaid;
pub mod perfetto;
pub mod protocols;
pub mod shiviz;
mod shrunk;
mod space_time;
mod story;

pub use causal_past::{CausalGraph, CausalPast, PastEvent};
pub use errata::{Erratum, TRIALS, errata, errata_report};
pub use error::ReportError;
pub use shrunk::{FileHeader, ShrunkFiles, scenario_file};
pub use space_time::svg;
pub use story::{lines, part, story, without};

//! Reports: traces in the forms of other programs.

pub mod junit;
pub mod mermaid;
pub mod perfetto;
mod refused;
pub mod shiviz;

pub use refused::Refused;

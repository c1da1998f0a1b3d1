//! Reports: traces in the forms of other programs, and tables of many runs, in virtual time alone, so that anybody makes
//! the same again.

pub mod junit;
pub mod mermaid;
pub mod perfetto;
pub mod protocols;
mod refused;
pub mod shiviz;

pub use refused::Refused;

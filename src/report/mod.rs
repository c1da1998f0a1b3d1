//! Reports: what was found, told to people, as text, as pictures, as files that say why; traces in the forms of other
//! programs; and tables of many runs, in virtual time alone, so that anybody makes the same again.

mod cone;
mod errata;
mod file;
pub mod junit;
pub mod mermaid;
mod papers;
pub mod perfetto;
mod picture;
pub mod protocols;
mod refused;
pub mod shiviz;
mod story;

pub use cone::{Cone, Deed, Web};
pub use errata::{Erratum, TRIALS, errata, errata_report};
pub use file::{Naming, scenario_file};
pub use papers::Papers;
pub use picture::svg;
pub use refused::Refused;
pub use story::{lines, part, story, without};

//! Reports: what was found, told to people, as text, as pictures, as files that say why.

mod cone;
mod file;
mod papers;
mod picture;
mod story;

pub use cone::{Cone, Deed};
pub use file::{Naming, scenario_file};
pub use papers::Papers;
pub use picture::svg;
pub use story::{lines, part, story, without};

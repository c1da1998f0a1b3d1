//! The scenarios that come with the program: the files in `scenarios/`, by name.

/// Names and texts, in the order of names.
const BUILTIN: [(&str, &str); 0] = [];

/// A scenario that is embedded in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its name: `hello`, `errata/e09`.
    pub name: &'static str,
    /// The text of its file.
    pub text: &'static str,
}

/// All of them, in the order of their names.
pub fn built_in() -> impl Iterator<Item = BuiltIn> + Clone {
    BUILTIN.into_iter().map(|(name, text)| BuiltIn { name, text })
}

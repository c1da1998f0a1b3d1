//! The scenarios that come with the program: the files in `scenarios/`, by name.

/// Names and texts, in the order of names.
const BUILTIN: [(&str, &str); 12] = [
    ("broadcast-crash", include_str!("../../scenarios/broadcast-crash.json")),
    ("broadcast-hundred", include_str!("../../scenarios/broadcast-hundred.json")),
    ("broadcast-lossy", include_str!("../../scenarios/broadcast-lossy.json")),
    ("broadcast-split", include_str!("../../scenarios/broadcast-split.json")),
    ("errata/b01", include_str!("../../scenarios/errata/b01.json")),
    ("errata/b02", include_str!("../../scenarios/errata/b02.json")),
    ("errata/b03", include_str!("../../scenarios/errata/b03.json")),
    ("errata/b04", include_str!("../../scenarios/errata/b04.json")),
    ("errata/b05", include_str!("../../scenarios/errata/b05.json")),
    ("errata/e09", include_str!("../../scenarios/errata/e09.json")),
    ("errata/e10", include_str!("../../scenarios/errata/e10.json")),
    ("hello", include_str!("../../scenarios/hello.json")),
];

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

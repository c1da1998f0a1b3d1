//! The scenarios that come with the program: the files in `scenarios/`, by name.

/// Names and texts, in the order of names.
const BUILTIN: [(&str, &str); 55] = [
    ("broadcast-crash", include_str!("../../scenarios/broadcast-crash.json")),
    ("broadcast-hundred", include_str!("../../scenarios/broadcast-hundred.json")),
    ("broadcast-lossy", include_str!("../../scenarios/broadcast-lossy.json")),
    ("broadcast-split", include_str!("../../scenarios/broadcast-split.json")),
    ("channel-tiny", include_str!("../../scenarios/channel-tiny.json")),
    ("errata/b01", include_str!("../../scenarios/errata/b01.json")),
    ("errata/b02", include_str!("../../scenarios/errata/b02.json")),
    ("errata/b03", include_str!("../../scenarios/errata/b03.json")),
    ("errata/b04", include_str!("../../scenarios/errata/b04.json")),
    ("errata/b05", include_str!("../../scenarios/errata/b05.json")),
    ("errata/c01", include_str!("../../scenarios/errata/c01.json")),
    ("errata/c02", include_str!("../../scenarios/errata/c02.json")),
    ("errata/e09", include_str!("../../scenarios/errata/e09.json")),
    ("errata/e10", include_str!("../../scenarios/errata/e10.json")),
    ("errata/e20", include_str!("../../scenarios/errata/e20.json")),
    ("errata/e21", include_str!("../../scenarios/errata/e21.json")),
    ("errata/e23", include_str!("../../scenarios/errata/e23.json")),
    ("errata/e32", include_str!("../../scenarios/errata/e32.json")),
    ("errata/e32-modes", include_str!("../../scenarios/errata/e32-modes.json")),
    ("errata/l01", include_str!("../../scenarios/errata/l01.json")),
    ("errata/l02", include_str!("../../scenarios/errata/l02.json")),
    ("errata/l03", include_str!("../../scenarios/errata/l03.json")),
    ("errata/l04", include_str!("../../scenarios/errata/l04.json")),
    ("errata/l05", include_str!("../../scenarios/errata/l05.json")),
    ("errata/l06", include_str!("../../scenarios/errata/l06.json")),
    ("errata/l07", include_str!("../../scenarios/errata/l07.json")),
    ("errata/shrunk/b01", include_str!("../../scenarios/errata/shrunk/b01.json")),
    ("errata/shrunk/b02", include_str!("../../scenarios/errata/shrunk/b02.json")),
    ("errata/shrunk/b03", include_str!("../../scenarios/errata/shrunk/b03.json")),
    ("errata/shrunk/b04", include_str!("../../scenarios/errata/shrunk/b04.json")),
    ("errata/shrunk/b05", include_str!("../../scenarios/errata/shrunk/b05.json")),
    ("errata/shrunk/c01", include_str!("../../scenarios/errata/shrunk/c01.json")),
    ("errata/shrunk/c02", include_str!("../../scenarios/errata/shrunk/c02.json")),
    ("errata/shrunk/e09", include_str!("../../scenarios/errata/shrunk/e09.json")),
    ("errata/shrunk/e10", include_str!("../../scenarios/errata/shrunk/e10.json")),
    ("errata/shrunk/e20", include_str!("../../scenarios/errata/shrunk/e20.json")),
    ("errata/shrunk/e21", include_str!("../../scenarios/errata/shrunk/e21.json")),
    ("errata/shrunk/e23", include_str!("../../scenarios/errata/shrunk/e23.json")),
    ("errata/shrunk/e32", include_str!("../../scenarios/errata/shrunk/e32.json")),
    ("errata/shrunk/e32-modes", include_str!("../../scenarios/errata/shrunk/e32-modes.json")),
    ("errata/shrunk/l01", include_str!("../../scenarios/errata/shrunk/l01.json")),
    ("errata/shrunk/l02", include_str!("../../scenarios/errata/shrunk/l02.json")),
    ("errata/shrunk/l03", include_str!("../../scenarios/errata/shrunk/l03.json")),
    ("errata/shrunk/l04", include_str!("../../scenarios/errata/shrunk/l04.json")),
    ("errata/shrunk/l05", include_str!("../../scenarios/errata/shrunk/l05.json")),
    ("errata/shrunk/l06", include_str!("../../scenarios/errata/shrunk/l06.json")),
    ("errata/shrunk/l07", include_str!("../../scenarios/errata/shrunk/l07.json")),
    ("hello", include_str!("../../scenarios/hello.json")),
    ("locks-contended", include_str!("../../scenarios/locks-contended.json")),
    ("locks-crash", include_str!("../../scenarios/locks-crash.json")),
    ("locks-fencing", include_str!("../../scenarios/locks-fencing.json")),
    ("locks-hierarchical", include_str!("../../scenarios/locks-hierarchical.json")),
    ("locks-hundred", include_str!("../../scenarios/locks-hundred.json")),
    ("locks-pair", include_str!("../../scenarios/locks-pair.json")),
    ("locks-tiny", include_str!("../../scenarios/locks-tiny.json")),
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

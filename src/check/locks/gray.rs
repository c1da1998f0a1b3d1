//! The checkers' own table of Gray's modes, and the claims of requests. It shares no code with the lock manager, so
//! that a mistake in either shows.

use std::collections::BTreeMap;

use crate::observation::LockMode::{Is, Ix, S, Six, X};
use crate::observation::{Access, Claims, LockMode, LockRefusal, Resource};

/// The index of a mode in the tables.
const fn place(mode: LockMode) -> usize {
    match mode {
        Is => 0,
        Ix => 1,
        S => 2,
        Six => 3,
        X => 4,
    }
}

/// Whether two holders may have these modes on one resource at once (Gray et al. 1976, table 1).
pub(in crate::check) const fn is_compatible(one: LockMode, other: LockMode) -> bool {
    const TABLE: [[u8; 5]; 5] = [
        [1, 1, 1, 1, 0], // IS
        [1, 1, 0, 0, 0], // IX
        [1, 0, 1, 0, 0], // S
        [1, 0, 0, 0, 0], // SIX
        [0, 0, 0, 0, 0], // X
    ];
    TABLE[place(one)][place(other)] == 1
}

/// The least mode that includes both.
const fn join(one: LockMode, other: LockMode) -> LockMode {
    const TABLE: [[LockMode; 5]; 5] =
        [[Is, Ix, S, Six, X], [Ix, Ix, Six, Six, X], [S, Six, S, Six, X], [Six, Six, Six, Six, X], [X, X, X, X, X]];
    TABLE[place(one)][place(other)]
}

/// The mode that a lock in `mode` requires on all ancestors.
const fn above(mode: LockMode) -> LockMode {
    [Is, Ix, Is, Ix, Ix][place(mode)]
}

fn mode(word: &str) -> Option<LockMode> {
    match word.to_ascii_lowercase().as_str() {
        "is" => Some(Is),
        "ix" => Some(Ix),
        "s" => Some(S),
        "six" => Some(Six),
        "x" => Some(X),
        _ => None,
    }
}

/// The claims of a request for all of this, by path.
///
/// # Errors
/// If it is invalid: all reasons.
pub(super) fn claims(wanted: &BTreeMap<String, String>) -> Result<BTreeMap<String, LockMode>, Vec<LockRefusal>> {
    let (mut claims, mut wrong) = (BTreeMap::new(), Vec::new());
    if wanted.is_empty() {
        wrong.push(LockRefusal::Nothing);
    }
    if wanted.len() > 64 {
        wrong.push(LockRefusal::TooMany);
    }
    for (path, word) in wanted {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        if path.split('/').any(str::is_empty) {
            wrong.push(LockRefusal::EmptyName);
        }
        if ends.clone().count() > 32 {
            wrong.push(LockRefusal::TooDeep);
        }
        if path.len() > 1_024 {
            wrong.push(LockRefusal::TooLong);
        }
        let Some(mode) = mode(word) else {
            wrong.push(LockRefusal::UnknownMode);
            continue;
        };
        // A refused request claims nothing; its paths may be of any length.
        if wrong.is_empty() {
            for end in ends {
                let takes = if end == path.len() { mode } else { above(mode) };
                let known = claims.entry(path[..end].to_owned()).or_insert(takes);
                *known = join(*known, takes);
            }
        }
    }
    if wrong.is_empty() { Ok(claims) } else { Err(wrong) }
}

/// The resources on which two requests are incompatible.
pub(super) fn clashes<'c>(one: &'c Claims, other: &'c Claims) -> impl Iterator<Item = &'c Resource> {
    let excludes = |resource: &Resource, mode| other.mode(resource).is_some_and(|held| !is_compatible(mode, held));
    one.iter().filter(move |(resource, mode)| excludes(resource, *mode)).map(|(resource, _)| resource)
}

/// Whether two requests are incompatible.
pub(super) fn conflict(one: &Claims, other: &Claims) -> bool {
    clashes(one, other).next().is_some()
}

/// Whether two requests share a resource.
pub(super) fn meet(one: &Claims, other: &Claims) -> bool {
    one.iter().any(|(resource, _)| other.mode(resource).is_some())
}

/// Whether a grant with these claims covers an access to a key: the key or an ancestor is locked, shared for a read or
/// exclusively for a write.
pub(super) fn covers(claims: &Claims, key: &Resource, access: Access) -> bool {
    claims.iter().any(|(resource, mode)| {
        let (at, key) = (resource.path(), key.path());
        let is_above = key.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let suffices = match access {
            Access::Read => matches!(mode, S | Six | X),
            Access::Write => matches!(mode, X),
        };
        is_above && suffices
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lock_manager_s_modes_are_gray_s_over_all_pairs() {
        for one in LockMode::ALL {
            assert_eq!(one.intention(), above(one), "{one}");
            for other in LockMode::ALL {
                assert_eq!(one.is_compatible(other), is_compatible(one, other), "{one} and {other}");
                assert_eq!(one.join(other), join(one, other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn claims_are_those_of_a_table_written_by_hand() {
        let wanted = |wanted: &[(&str, &str)]| {
            wanted.iter().map(|(path, mode)| ((*path).to_owned(), (*mode).to_owned())).collect()
        };
        let taken = |asked: &[(&str, &str)]| {
            let claims = claims(&wanted(asked)).expect("sense");
            claims.iter().map(|(path, mode)| format!("{path} {mode}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(taken(&[("a/b/c", "x")]), "a IX, a/b IX, a/b/c X");
        assert_eq!(taken(&[("a/b", "s"), ("a/b/c", "X")]), "a IX, a/b SIX, a/b/c X");
        assert_eq!(taken(&[("a", "is"), ("a/b", "six"), ("c", "ix")]), "a IX, a/b SIX, c IX");
        assert_eq!(claims(&wanted(&[])), Err(vec![LockRefusal::Nothing]));
        assert_eq!(claims(&wanted(&[("a//b", "y")])), Err(vec![LockRefusal::EmptyName, LockRefusal::UnknownMode]));
        let deep = vec!["a"; 33].join("/");
        assert_eq!(claims(&wanted(&[(&deep, "x")])), Err(vec![LockRefusal::TooDeep]));
        let long = "a".repeat(1_025);
        assert_eq!(claims(&wanted(&[(&long, "x")])), Err(vec![LockRefusal::TooLong]));
        let many = (0..65).map(|n| (n.to_string(), "s".to_owned())).collect();
        assert_eq!(claims(&many), Err(vec![LockRefusal::TooMany]));
    }

    #[test]
    fn a_grant_covers_what_is_below_and_not_what_only_begins_alike() {
        let claims = crate::check::history::claims_of("a/b x, c s, d six");
        for (key, reads, writes) in [
            ("a/b", true, true),
            ("a/b/c", true, true),
            ("a/bc", false, false),
            ("a", false, false),
            ("c", true, false),
            ("c/d", true, false),
            ("d/e", true, false),
            ("e", false, false),
        ] {
            let covered = [Access::Read, Access::Write].map(|access| covers(&claims, &Resource::new(key), access));
            assert_eq!(covered, [reads, writes], "{key}");
        }
    }

    fn some_claims() -> impl Strategy<Value = BTreeMap<String, String>> {
        let path = prop::sample::select(vec!["a", "b", "a/b", "a/c", "a/b/c", "a/b/d", "ab", "ab/c"]);
        let mode = prop::sample::select(vec!["is", "ix", "s", "six", "x"]);
        btree_map(path.prop_map(str::to_owned), mode.prop_map(str::to_owned), 1..5)
    }

    fn of_the_lock_manager(wanted: &BTreeMap<String, String>) -> Claims {
        let wanted: Vec<_> =
            wanted.iter().map(|(path, word)| (Resource::new(path), mode(word).expect("a mode"))).collect();
        Claims::of(wanted.iter().map(|(resource, mode)| (resource, *mode)))
    }

    proptest! {
        #[test]
        fn the_lock_manager_claims_and_compares_as_the_checkers_do(one in some_claims(), other in some_claims()) {
            let (mine, theirs) = (of_the_lock_manager(&one), of_the_lock_manager(&other));
            let told: BTreeMap<String, LockMode> = mine.iter().map(|(at, mode)| (at.path().to_owned(), mode)).collect();
            prop_assert_eq!(Ok(told), claims(&one));
            prop_assert_eq!(mine.conflicts(&theirs), conflict(&mine, &theirs));
            prop_assert_eq!(mine.meets(&theirs), meet(&mine, &theirs));
            let clashing: Vec<&Resource> = mine.clashes(&theirs).map(|(resource, ..)| resource).collect();
            prop_assert_eq!(clashing, clashes(&mine, &theirs).collect::<Vec<_>>());
        }
    }
}

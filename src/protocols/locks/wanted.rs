//! A client's request for locks in its own words, and why it may be refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::observation::LockRefusal as Refusal;
use crate::observation::{Claims, LockMode, Resource};

/// Paths and modes in a client's own words, which may be invalid.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wanted(pub BTreeMap<String, String>);

impl Wanted {
    /// The maximum number of names in a path.
    pub const MOST_LEVELS: usize = 32;
    /// The maximum length of a path in bytes.
    pub const MOST_BYTES: usize = 1_024;
    /// The maximum number of paths in a request.
    pub const MOST_PATHS: usize = 64;

    /// One path in one mode.
    #[must_use]
    pub fn one(path: &str, mode: &str) -> Self {
        Self(BTreeMap::from([(path.to_owned(), mode.to_owned())]))
    }

    /// The resources and modes that the request has to lock.
    ///
    /// # Errors
    /// If it is invalid.
    pub fn claims(&self) -> Result<Claims, Refusal> {
        if self.0.is_empty() {
            return Err(Refusal::Nothing);
        }
        if self.0.len() > Self::MOST_PATHS {
            return Err(Refusal::TooMany);
        }
        let mut wanted = Vec::with_capacity(self.0.len());
        for (path, mode) in &self.0 {
            wanted.push((resource(path)?, mode_of(mode)?));
        }
        Ok(Claims::of(wanted.iter().map(|(resource, mode)| (resource, *mode))))
    }
}

fn resource(path: &str) -> Result<Resource, Refusal> {
    if path.split('/').any(str::is_empty) {
        return Err(Refusal::EmptyName);
    }
    if path.split('/').count() > Wanted::MOST_LEVELS {
        return Err(Refusal::TooDeep);
    }
    if path.len() > Wanted::MOST_BYTES {
        return Err(Refusal::TooLong);
    }
    Ok(Resource::new(path))
}

fn mode_of(text: &str) -> Result<LockMode, Refusal> {
    let named = |mode: &LockMode| mode.to_string().eq_ignore_ascii_case(text);
    LockMode::ALL.into_iter().find(named).ok_or(Refusal::UnknownMode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_with_its_reason() {
        let deep = vec!["a"; 1_000].join("/");
        let long = "a".repeat(2_000);
        let many = Wanted((0..65).map(|n| (format!("r{n}"), "s".to_owned())).collect());
        let cases = [
            (Wanted::default(), Refusal::Nothing),
            (Wanted::one("", "x"), Refusal::EmptyName),
            (Wanted::one("a//b", "x"), Refusal::EmptyName),
            (Wanted::one("a/", "x"), Refusal::EmptyName),
            (Wanted::one(&deep, "x"), Refusal::TooDeep),
            (Wanted::one(&long, "x"), Refusal::TooLong),
            (many, Refusal::TooMany),
            (Wanted::one("a", "exclusively"), Refusal::UnknownMode),
        ];
        for (wanted, reason) in cases {
            assert_eq!(wanted.claims(), Err(reason));
        }
        assert_eq!(Wanted::one("a/b", "six").claims().expect("sense").to_string(), "a IX, a/b SIX");
    }
}

//! A value that is read although it has mistakes: each mistake is noted and its part removed, so that reading goes on and
//! finds the next one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::diagnostic::{Finding, FindingKind};
use super::path::{Path, Step};
use super::serde_errors;
use crate::subject::Misfit;

/// The maximum number of mistakes of one file; reading stops there.
const MOST: usize = 50;

/// What is left of a value after the removal of its mistakes.
#[derive(Clone, Debug)]
pub(super) struct Repair {
    value: Value,
    /// The mistakes, with their paths in the file.
    findings: Vec<Finding>,
    /// The removed parts, with their paths in the file.
    removed: Vec<Path>,
    /// The removed indices of each list, in the file.
    gaps: BTreeMap<Path, BTreeSet<usize>>,
}

impl Repair {
    /// The whole of `value`.
    pub(super) const fn new(value: Value) -> Self {
        Self { value, findings: Vec::new(), removed: Vec::new(), gaps: BTreeMap::new() }
    }

    /// What is left.
    pub(super) const fn value(&self) -> &Value {
        &self.value
    }

    /// What is left, to be changed without a change of its lists.
    pub(super) const fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    /// The mistakes so far.
    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether it has as many mistakes as are shown.
    pub(super) fn is_full(&self) -> bool {
        self.findings.len() >= MOST
    }

    /// Reads the part at `part`, which is a path in what is left, and removes its mistakes until it can be read. If all of
    /// it had to be removed, or too much is wrong, the result is `None`.
    pub(super) fn read<T>(&mut self, part: &Path, reader: impl Fn(&Value) -> Result<T, Misfit>) -> Option<T> {
        while !self.is_full() {
            let misfit = match reader(part.get(&self.value)?) {
                Ok(read) => return Some(read),
                Err(misfit) => misfit,
            };
            let finding = serde_errors::misfit(part, &misfit, &self.value);
            let place = finding.path.clone();
            self.note(finding, serde_errors::missing(&misfit.message));
            let place = self.remove(&place)?;
            if part.starts_with(&place) {
                return None;
            }
        }
        None
    }

    /// Notes a mistake, whose path is in what is left; `missing` is the key that is missing there. What is wrong only
    /// because a part of it was removed, or a key misspelt, is no mistake of the file.
    pub(super) fn note(&mut self, mut finding: Finding, missing: Option<&str>) {
        let place = self.in_file(&finding.path);
        let follows = match missing {
            None => self.removed.iter().any(|removed| removed.starts_with(&place)),
            Some(key) => {
                let key = place.key(key);
                let in_place = |path: &Path| path.split_last().is_some_and(|(parent, _)| parent == place);
                let misspelt = |told: &Finding| told.kind == FindingKind::UnknownKey && in_place(&told.path);
                self.removed.iter().any(|removed| removed.starts_with(&key)) || self.findings.iter().any(misspelt)
            }
        };
        finding.path = place;
        if !follows {
            self.findings.push(finding);
        }
    }

    /// Removes the part at a path, or the nearest part around it that is there, and returns its path; `None` if that is
    /// everything.
    pub(super) fn remove(&mut self, place: &Path) -> Option<Path> {
        let mut place = place.clone();
        while place.get(&self.value).is_none() {
            place.pop();
        }
        let in_file = self.in_file(&place);
        let (parent, step) = place.split_last()?;
        match (parent.get_mut(&mut self.value)?, step) {
            (Value::Object(fields), Step::Key(key)) => drop(fields.remove(key)),
            (Value::Array(items), Step::Index(index)) => {
                items.remove(*index);
                if let Some((list, Step::Index(index))) = in_file.split_last() {
                    self.gaps.entry(list).or_default().insert(*index);
                }
            }
            (_, Step::Key(_) | Step::Index(_)) => return None,
        }
        self.removed.push(in_file);
        Some(place)
    }

    /// The path in the file of a path in what is left.
    pub(super) fn in_file(&self, path: &Path) -> Path {
        let mut whole = Path::ROOT;
        for step in path.steps() {
            let step = match (step, self.gaps.get(&whole)) {
                (Step::Index(index), Some(gaps)) => {
                    let place = gaps.iter().fold(*index, |place, gap| if *gap <= place { place + 1 } else { place });
                    Step::Index(place)
                }
                (step, _) => step.clone(),
            };
            whole.push(step);
        }
        whole
    }

    /// Whether a part of the file whose path starts with these keys was removed, other than an unknown key.
    pub(super) fn lacks(&self, keys: &[&str]) -> bool {
        let is_unknown = |removed: &Path| {
            self.findings.iter().any(|finding| finding.path == *removed && finding.kind == FindingKind::UnknownKey)
        };
        let removed = self.removed.iter().filter(|removed| !is_unknown(removed));
        removed.into_iter().any(|removed| keys.iter().any(|key| removed.keys().next() == Some(*key)))
    }

    /// Whether it is known which protocols run: what names or requires one was not removed.
    pub(super) fn knows_protocols(&self) -> bool {
        let keys = ["protocols", "workload", "operations", "keyspaces"];
        !self.removed.iter().any(|removed| {
            let names = removed.keys().next().is_some_and(|key| keys.contains(&key));
            names && (removed.steps().len() <= 2 || removed.is_command())
        })
    }

    /// Whether a finding, whose path is in what is left, may be due to a removed part: one around its place, inside it, or
    /// in the same entry of a list.
    pub(super) fn touches(&self, place: &Path) -> bool {
        let place = self.in_file(place);
        let entry = place.entry();
        self.removed.iter().any(|removed| {
            let same_entry = entry.as_ref().is_some_and(|entry| removed.starts_with(entry));
            same_entry || removed.starts_with(&place) || place.starts_with(removed)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn indices_are_those_of_the_file_whatever_was_removed_before_them() {
        let mut repair = Repair::new(json!({ "list": ["a", "b", "c", "d"] }));
        let list = Path::of("list");
        for (removed, left) in [(1, vec![0, 2, 3]), (0, vec![2, 3]), (1, vec![2])] {
            repair.remove(&list.index(removed)).expect("it is there");
            let in_file = (0..left.len()).map(|index| repair.in_file(&list.index(index)));
            assert!(in_file.eq(left.iter().map(|index| list.index(*index))), "{removed}");
        }
        assert_eq!(repair.value(), &json!({ "list": ["c"] }));
    }

    #[test]
    fn what_lacks_a_removed_part_is_no_mistake() {
        let mut repair = Repair::new(json!({ "fault": { "kill": { "target": 5, "x": 1 } } }));
        let kill = Path::of("fault").key("kill");
        repair.remove(&kill.key("target")).expect("it is there");
        repair.note(Finding::new(kill.clone(), "the key `target` is missing"), Some("target"));
        assert_eq!(repair.findings(), []);
        repair.note(Finding::new(kill, "the key `other` is missing"), Some("other"));
        assert_eq!(repair.findings().len(), 1);
    }
}

//! The kind of a failure: runs that violate one invariant in the same way have the same kind, whatever the nodes and numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::trace::{Trace, Violation, label_of};

/// Which invariant was violated, and how, without names and numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The invariant.
    pub invariant: String,
    /// The violation's sentence with `#` for every number, and each list cut to its first item.
    pub sentence: String,
    /// The kinds of the witnesses, such as `fact broadcast.delivered`, each once and sorted, because their number and order
    /// may differ from run to run.
    pub witnesses: Vec<String>,
}

impl Kind {
    /// The kind of a violation in `trace`.
    #[must_use]
    pub fn of(invariant: &str, violation: &Violation, trace: &Trace) -> Self {
        let mut witnesses: Vec<String> = Vec::new();
        for id in &violation.witnesses {
            let record = trace.find(*id);
            let word = record.map_or_else(String::new, |record| {
                let said = record.event.said().map(|said| format!(" {}", said.label)).unwrap_or_default();
                format!("{}{said}", label_of(&record.event).outer)
            });
            witnesses.push(word);
        }
        witnesses.sort_unstable();
        witnesses.dedup();
        Self { invariant: invariant.to_owned(), sentence: normalised(&violation.sentence), witnesses }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.sentence)
    }
}

/// A sentence without numbers, with each list cut to its first item.
fn normalised(sentence: &str) -> String {
    let items = without_numbers(&without_contents(sentence));
    let mut kept: Vec<String> = Vec::new();
    for item in items.split(", ").filter(|item| *item != "and # more") {
        let mut words: Vec<&str> = item.split(' ').collect();
        words.dedup();
        let item = words.join(" ");
        // The first item of a list follows the words that introduce it.
        if kept.last().is_none_or(|last| !last.ends_with(&item)) {
            kept.push(item);
        }
    }
    kept.join(", ")
}

/// Replaces every number, and every hash of sixteen digits, by `#`.
fn without_numbers(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let hash = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            plain.push('#');
            plain.push_str(&word[hash.len()..]);
            continue;
        }
        for letter in word.chars() {
            match letter.is_ascii_digit() {
                false => plain.push(letter),
                true if !plain.ends_with('#') => plain.push('#'),
                true => {}
            }
        }
    }
    plain
}

/// Removes the content of brackets and braces, which is a clock or a set of any size.
fn without_contents(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0_u32;
    for letter in text.chars() {
        let closes = matches!(letter, ']' | '}');
        depth = depth.saturating_sub(u32::from(closes));
        if depth == 0 {
            plain.push(letter);
        }
        depth += u32::from(matches!(letter, '[' | '{'));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn names_and_numbers_do_not_make_a_kind() {
        assert_eq!(normalised("n3 delivered n12's broadcast 5 twice"), "n# delivered n#'s broadcast # twice");
        assert_eq!(normalised("n1 delivered n1's broadcast 10 twice"), "n# delivered n#'s broadcast # twice");
        assert_ne!(normalised("n1 took it for before"), normalised("n1 took it for after"));
        assert_eq!(normalised("n1 has 0b5b5f36e6fc3674 in slot 32"), "n# has # in slot #");
        assert_eq!(normalised("that of n2: aaaaaaaaaaaaaaaa"), "that of n#: #");
    }

    #[test]
    fn a_list_is_as_good_as_its_first_item() {
        let one = "never delivered: n1's broadcast 5 at n2";
        let many = "never delivered: n1's broadcast 5 at n2, n1's broadcast 6 at n3, and 14 more";
        assert_eq!(normalised(one), "never delivered: n#'s broadcast # at n#");
        assert_eq!(normalised(many), normalised(one));
        assert_eq!(normalised("is stamped n1:16 n2:7 where"), normalised("is stamped n3:1 where"));
        assert_eq!(normalised("took [n1:3 n2:5] for {a:1}, but"), "took [] for {}, but");
    }
}

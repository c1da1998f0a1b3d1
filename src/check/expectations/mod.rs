//! What a scenario itself expects of its runs, judged like an invariant: with a verdict, a sentence and its events.

mod answered;
mod at_most;
mod longest_wait;

pub use answered::{Answered, Owed};
pub use at_most::AtMost;
pub use longest_wait::LongestWait;

use super::Invariant;

/// The invariant of `expect.answered`.
pub const ANSWERED: Invariant =
    Invariant::safety("answered", "as many operations are answered while a fault lasts as the scenario expects");
/// The invariant of `expect.at_most`.
pub const AT_MOST: Invariant = Invariant::safety("at-most", "a fact occurs at most as often as the scenario expects");
/// The invariant of `expect.longest_wait`.
pub const LONGEST_WAIT: Invariant =
    Invariant::safety("longest-wait", "no client waits longer for an answer than the scenario expects");

/// The invariants that a scenario states itself, under `expect`.
pub const EXPECTATIONS: [Invariant; 3] = [ANSWERED, AT_MOST, LONGEST_WAIT];

/// The page of an expectation, on a screen of text.
#[must_use]
pub fn page_of_expectation(name: &str) -> Option<&'static str> {
    match name {
        "answered" => Some(include_str!("../pages/answered.txt")),
        "at-most" => Some(include_str!("../pages/at-most.txt")),
        "longest-wait" => Some(include_str!("../pages/longest-wait.txt")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expectation_has_a_page_that_fits_a_screen() {
        for invariant in EXPECTATIONS {
            let page = page_of_expectation(invariant.name).expect("a page");
            assert!(page.starts_with(invariant.name), "{}", invariant.name);
            assert!(page.is_ascii() && page.lines().count() <= 40, "{}", invariant.name);
            assert!(page.lines().all(|line| line.len() <= 80), "{}", invariant.name);
            assert!(crate::check::invariants().all(|known| known.name != invariant.name), "{}", invariant.name);
        }
        assert_eq!(page_of_expectation("agreement"), None);
    }
}

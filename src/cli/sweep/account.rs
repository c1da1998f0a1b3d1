//! What a sweep of one scenario came to, for people and for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::chance::Seed;
use crate::cli::chosen::Chosen;
use crate::cli::exit::Exit;
use crate::cli::seeds::SeedRange;
use crate::cli::shell::{BAD, DOUBT, FAINT, GOOD, STRONG, Shell};
use crate::cli::table::{Grid, count, counted};
use crate::hunt::{Share, SweepTally};
use crate::run::Standing;
use crate::trace::Digest;

/// Why a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum End {
    /// Every seed was run.
    Complete,
    /// The time was used up.
    Time,
    /// There were enough failures.
    Failures,
    /// A signal came.
    Signal,
}

/// A sweep of one scenario.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Account {
    pub(super) header: Header,
    pub(super) failures: Vec<Failures>,
    pub(super) footer: Footer,
    /// The command that sweeps the same seeds again.
    #[serde(skip)]
    again: String,
}

/// What was swept.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Header {
    pub(super) scenario: String,
    /// The digest of its file.
    pub(super) file: String,
    subject: &'static str,
    flaws: Vec<String>,
    /// The first seed, and the one after the last.
    from: String,
    until: String,
    #[serde(skip)]
    range: SeedRange,
}

/// The failures of one invariant.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Failures {
    invariant: String,
    /// Whether the scenario expects it to fall.
    expected: bool,
    count: u64,
    /// The smallest seeds.
    runs: Vec<Failed>,
}

#[derive(Clone, Debug, Serialize)]
struct Failed {
    seed: Seed,
    run: String,
    sentence: String,
    #[serde(skip)]
    replay: String,
}

/// What it came to.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Footer {
    end: End,
    runs: u64,
    records: u64,
    digest: Digest,
    standing: Standing,
    shortfalls: Vec<String>,
    undecided: BTreeMap<String, u64>,
    exercised: BTreeMap<String, Share>,
    touched: BTreeMap<String, Share>,
    sometimes: BTreeMap<String, Share>,
}

impl Account {
    pub(super) fn new(chosen: &Chosen, first: u64, tally: SweepTally, end: End, shell: &Shell) -> Self {
        let expect = &chosen.file.scenario().expect;
        let violates: Vec<&str> = expect.violates.iter().map(String::as_str).collect();
        let (standing, shortfalls) = tally.shortfalls(&violates);
        let range = SeedRange { first, count: tally.runs };
        let until = u128::from(first) + u128::from(tally.runs);
        let again = chosen.sweep(shell, range);
        let header = Header {
            scenario: chosen.file.name().to_owned(),
            file: chosen.file.short_digest(),
            subject: chosen.file.subject().name,
            flaws: chosen.file.switched().to_vec(),
            from: first.to_string(),
            until: until.to_string(),
            range,
        };
        let SweepTally { runs, records, digest, failures, undecided, exercised, touched, sometimes } = tally;
        let failures = failures.into_iter().map(|(invariant, kind)| {
            let failed = kind.kept.into_iter().map(|failure| {
                let run = chosen.run_id(failure.seed, failure.digest);
                let replay = chosen.replay(shell, &run);
                Failed { seed: failure.seed, run: run.to_string(), sentence: failure.sentence, replay }
            });
            let expected = violates.contains(&invariant.as_str());
            Failures { expected, invariant, count: kind.count, runs: failed.collect() }
        });
        let failures = failures.collect();
        let footer =
            Footer { end, runs, records, digest, standing, shortfalls, undecided, exercised, touched, sometimes };
        Self { header, failures, footer, again }
    }

    pub(super) fn exit(&self) -> Exit {
        Exit::from(self.footer.standing)
    }

    /// The command that shows again how the sweep fails: the replay of the failing run with the smallest seed, or the
    /// sweep itself if no single run does.
    pub(super) fn replay(&self) -> Option<&str> {
        let runs = self.failures.iter().filter(|kind| !kind.expected).flat_map(|kind| &kind.runs);
        let first = runs.min_by_key(|failed| failed.seed).map_or(self.again.as_str(), |failed| failed.replay.as_str());
        match self.footer.standing {
            Standing::Met => None,
            Standing::Unproven => Some(&self.again),
            Standing::Broken if self.footer.shortfalls.is_empty() => Some(first),
            Standing::Broken => Some(&self.again),
        }
    }

    /// The account for people.
    pub(super) fn text(&self, shell: &Shell) -> String {
        let mut text = String::new();
        if !shell.quiet {
            text.push_str(&self.head());
            text.push_str(&self.coverage());
        }
        text.push_str(&self.failed(shell.quiet));
        text.push_str(&self.verdict());
        text
    }

    fn head(&self) -> String {
        let Header { scenario, range, .. } = &self.header;
        let Footer { runs, records, digest, .. } = &self.footer;
        let (runs, records) = (counted(*runs, "run"), counted(*records, "record"));
        format!("{STRONG}{scenario}{STRONG:#} seeds {range}\n{FAINT}{runs}, {records}, digest {digest}{FAINT:#}\n\n")
    }

    /// In how many seeds each invariant, fault and fact showed.
    fn coverage(&self) -> String {
        let mut grid = Grid::new(&["", "", "#seeds", "#of", ""]);
        let Footer { exercised, touched, sometimes, .. } = &self.footer;
        let kinds =
            [("invariant", "exercised", exercised), ("fault", "touched", touched), ("fact", "noted", sometimes)];
        for (kind, did, shares) in kinds {
            for (name, share) in shares {
                let enough = if kind == "fact" { share.of > 0 } else { share.suffices() };
                let (word, style) = if enough { (did, GOOD) } else { ("too seldom", DOUBT) };
                let cells = vec![kind.to_owned(), name.clone(), count(share.of), count(share.all), word.to_owned()];
                grid.row(cells, word, style);
            }
        }
        if grid.is_empty() { String::new() } else { format!("{}\n", grid.render()) }
    }

    fn failed(&self, quiet: bool) -> String {
        let mut text = String::new();
        for Failures { invariant, expected, count: number, runs } in &self.failures {
            let (word, style) = if *expected { ("expected: violated", GOOD) } else { ("violated", BAD) };
            let runs_of = counted(self.footer.runs, "run");
            text.push_str(&format!(
                "{style}{word}{style:#} {STRONG}{invariant}{STRONG:#} in {} of {runs_of}\n",
                count(*number)
            ));
            if let Some(first) = runs.first() {
                text.push_str(&format!("  {}\n", first.sentence));
            }
            let met = self.footer.standing == Standing::Met;
            let listed = if quiet || met { 1 } else { runs.len() };
            for failed in runs.iter().take(listed) {
                text.push_str(&format!("  {}\n", failed.run));
            }
        }
        text
    }

    fn verdict(&self) -> String {
        let Footer { standing, shortfalls, runs, .. } = &self.footer;
        let name = &self.header.scenario;
        let why = shortfalls.join("; ");
        match standing {
            Standing::Met if self.failures.is_empty() => {
                format!("{GOOD}met{GOOD:#}: {name}: no violation{}\n", rule_of_three(*runs))
            }
            Standing::Met => format!("{GOOD}met{GOOD:#}: {name}: what was expected to be violated is\n"),
            Standing::Unproven => format!("{DOUBT}unproven{DOUBT:#}: {name}: {why}{}\n", rule_of_three(*runs)),
            Standing::Broken if why.is_empty() => {
                let broken: Vec<&str> = self.failures.iter().map(|kind| kind.invariant.as_str()).collect();
                format!("{BAD}broken{BAD:#}: {name}: {} violated\n", broken.join(", "))
            }
            Standing::Broken => format!("{BAD}broken{BAD:#}: {name}: {why}\n"),
        }
    }
}

/// What no failure in so many runs says about the share of failing seeds: with 95 % confidence it is below 3/n.
fn rule_of_three(runs: u64) -> String {
    match runs {
        0..3 => format!(" in {}", counted(runs, "run")),
        3.. => {
            let one_in = (runs + 1) / 3; // to the nearest: the exact bound is a little better than 3/n
            format!(" in {}: at 95 % fewer than 1 in {} seeds fails", counted(runs, "run"), count(one_in))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_seen_in_many_runs_bounds_what_there_is() {
        assert_eq!(rule_of_three(20_000), " in 20,000 runs: at 95 % fewer than 1 in 6,667 seeds fails");
        assert_eq!(rule_of_three(1), " in 1 run");
    }
}

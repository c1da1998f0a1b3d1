//! The report of a sweep of one scenario, for people and for programs.

use std::time::Duration;

use serde_json::{Value, json};

use super::saved::Saved;
use crate::check;
use crate::cli::chosen::{quoted, replay, shrink};
use crate::cli::exit::Exit;
use crate::cli::shell::{BAD, DOUBT, FAINT, GOOD, STRONG, Shell};
use crate::cli::table::{Grid, count, counted};
use crate::cli::verdicts::counted_laws;
use crate::hunt::{Behaviours, End, Failure, FailureKind, Results, RunId, SeedRange, write_results};
use crate::run::RunVerdict;

/// A sweep of one scenario.
#[derive(Clone, Debug)]
pub(in crate::cli) struct SweepReport {
    pub(in crate::cli) results: Results,
    /// The outcomes of the failing runs that were saved before.
    pub(in crate::cli) saved: Saved,
    pub(in crate::cli) standing: RunVerdict,
    pub(in crate::cli) shortfalls: Vec<String>,
    /// How long it took; not part of the result.
    pub(in crate::cli) took: Duration,
}

/// What reproduces a failure.
pub(super) enum Culprit<'a> {
    /// This run, of the scenario at this path, or of a built-in one.
    Run(RunId, Option<&'a str>),
    /// The whole sweep.
    Sweep(&'a SweepReport),
}

impl Culprit<'_> {
    /// The command that reproduces the failure.
    pub(super) fn replay(&self, shell: &Shell) -> String {
        match self {
            Self::Run(run, path) => replay(shell, run, *path),
            Self::Sweep(report) => report.again(shell),
        }
    }

    /// The commands that explain the failing run, and make it smaller.
    pub(super) fn hints(&self, shell: &Shell) -> String {
        match self {
            Self::Run(run, path) => format!(
                "{FAINT}why: {} --why{FAINT:#}\n{FAINT}smaller: {} -o small.json{FAINT:#}\n",
                replay(shell, run, *path),
                shrink(shell, run, *path)
            ),
            Self::Sweep(_) => String::new(),
        }
    }
}

/// How many kinds of failures of an invariant are shown without `-v`; if there is only one kind, how many runs of it are
/// listed is not limited.
const SHOWN: usize = 3;

impl SweepReport {
    pub(in crate::cli) fn new(results: Results, saved: Saved) -> Self {
        let (standing, shortfalls) = results.tally.shortfalls(&results.header.violates);
        let standing = if saved.failed.is_empty() { standing } else { RunVerdict::Broken };
        Self { results, saved, standing, shortfalls, took: Duration::ZERO }
    }

    pub(in crate::cli) fn exit(&self) -> Exit {
        if self.ran_nothing() { Exit::Nothing } else { Exit::from(self.standing) }
    }

    /// Whether no seed was begun, though nobody stopped it.
    pub(super) fn ran_nothing(&self) -> bool {
        let Results { tally, end, .. } = &self.results;
        let stopped = matches!(end, End::Signal | End::Unfinished);
        tally.runs == 0 && self.saved.runs == 0 && !stopped
    }

    /// What reproduces the failure: a saved run that still fails, or the run with the smallest seed that fails as most
    /// do, or the sweep itself if no single run fails.
    pub(super) fn culprit(&self) -> Option<Culprit<'_>> {
        let Results { header, tally, .. } = &self.results;
        if self.standing == RunVerdict::Met {
            return None;
        }
        let path = header.path.as_deref();
        if let Some(failed) = self.saved.failed.first() {
            return Some(Culprit::Run(failed.run.clone(), path));
        }
        let expected = !header.violates.is_empty();
        let most = tally.failures.values().filter(|_| !expected).max_by_key(|kind| {
            let first = kind.kept.iter().map(|failure| failure.seed).min();
            (kind.count, std::cmp::Reverse(first))
        });
        let first = most.and_then(|kind| kind.kept.iter().min_by_key(|failure| failure.seed));
        Some(match first {
            Some(Failure { seed, digest, .. }) => Culprit::Run(header.run_id(*seed, *digest), path),
            None => Culprit::Sweep(self),
        })
    }

    /// The command that sweeps the same seeds.
    pub(super) fn again(&self, shell: &Shell) -> String {
        let header = &self.results.header;
        let scenario = quoted(header.path.as_ref().unwrap_or(&header.scenario));
        let flaws = if header.flaws.is_empty() { String::new() } else { format!(" --flaw {}", header.flaws.join(",")) };
        let swarm = if header.swarm { " --swarm" } else { "" };
        format!("{} sweep {scenario}{flaws}{swarm} --seeds {}", quoted(&shell.program), self.results.done())
    }

    /// The report for programs.
    pub(in crate::cli) fn json(&self) -> Value {
        let mut text = Vec::new();
        write_results(&self.results, &mut text).expect("a list of bytes takes all");
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let mut lines: Vec<Value> =
            lines.map(|line| serde_json::from_slice(line).expect("results are JSON Lines")).collect();
        let mut last = lines.pop().expect("a footer is last");
        let mut footer = last["end"].take();
        footer["behaviours"] = json!({
            "different": self.results.tally.behaviours.count(),
            "new_in_the_last_tenth": self.results.fresh_behaviours(),
        });
        footer["standing"] = json!(self.standing);
        let header = lines.remove(0)["header"].take();
        let failures: Vec<Value> = lines.into_iter().map(|mut line| line["failures"].take()).collect();
        json!({ "header": header, "failures": failures, "footer": footer, "saved": self.saved.json() })
    }

    /// The report for people.
    pub(in crate::cli) fn text(&self, shell: &Shell) -> String {
        let mut text = String::new();
        if !shell.quiet {
            text.push_str(&shell.fit(&self.head()));
            text.push_str(&self.coverage(shell));
        }
        text.push_str(&shell.fit(&self.saved.text(shell.quiet)));
        text.push_str(&shell.fit(&self.failed(shell)));
        text.push_str(&shell.fit(&self.verdict()));
        if !shell.quiet {
            text.push_str(&shell.fit(&self.behaviours()));
        }
        text
    }

    fn head(&self) -> String {
        let Results { header, tally, .. } = &self.results;
        let (runs, records) = (counted(tally.runs, "run"), counted(tally.records, "record"));
        let shard = header.shard.map(|shard| format!(", shard {shard} of {}", header.seeds)).unwrap_or_default();
        let (scenario, done, digest) = (&header.scenario, self.results.done(), tally.digest);
        let swarm = if header.swarm { ", a swarm" } else { "" };
        format!(
            "{STRONG}{scenario}{STRONG:#} seeds {done}{shard}{swarm}\n{FAINT}{runs}, {records}, digest {digest}{FAINT:#}\n\n"
        )
    }

    /// In how many seeds each invariant was exercised, each fault took effect and each fact was noted.
    fn coverage(&self, shell: &Shell) -> String {
        let mut grid = Grid::new(&["", "", "#seeds", "#out of", ""]);
        let tally = &self.results.tally;
        let kinds = [
            ("invariant", "exercised", &tally.exercised),
            ("fault", "took effect", &tally.touched),
            ("fact", "noted", &tally.sometimes),
            ("flaw", "acted", &tally.acted),
        ];
        for (kind, did, shares) in kinds {
            let is_law = |name: &&String| kind == "invariant" && check::is_law(name);
            let laws: Vec<_> = shares.iter().filter(|(name, _)| is_law(name)).collect();
            if !laws.is_empty() {
                let idle: Vec<&str> =
                    laws.iter().filter(|(_, share)| share.part == 0).map(|(name, _)| name.as_str()).collect();
                let idle = if idle.is_empty() { String::new() } else { format!("never: {}", idle.join(", ")) };
                grid.plain(vec![kind.to_owned(), counted_laws(laws.len()), String::new(), String::new(), idle]);
            }
            for (name, share) in shares.iter().filter(|(name, _)| !is_law(name)) {
                let once = matches!(kind, "fact" | "flaw");
                let enough = if once { share.part > 0 } else { share.suffices() };
                let (word, style) = if enough { (did, GOOD) } else { ("too rarely", DOUBT) };
                let cells = vec![kind.to_owned(), name.clone(), count(share.part), count(share.whole), word.to_owned()];
                grid.row(cells, word, style);
            }
        }
        if grid.is_empty() { String::new() } else { format!("{}\n", grid.render(shell.width)) }
    }

    fn failed(&self, shell: &Shell) -> String {
        let Results { header, tally, .. } = &self.results;
        let expected = !header.violates.is_empty();
        let (word, style) = if expected { ("expected: violated", GOOD) } else { ("violated", BAD) };
        let runs = counted(tally.runs, "run");
        let mut text = String::new();
        for (invariant, number) in &tally.fell {
            let number = count(*number);
            text.push_str(&format!("{style}{word}{style:#} {STRONG}{invariant}{STRONG:#} in {number} of {runs}\n"));
            let mut kinds: Vec<_> = tally.failures.iter().filter(|(kind, _)| kind.invariant == *invariant).collect();
            kinds.sort_by_key(|(_, failures)| std::cmp::Reverse(failures.count)); // stable: then as they are ordered
            let few = kinds.len() > 1 || shell.quiet || self.standing == RunVerdict::Met;
            let all = if shell.verbose { usize::MAX } else { SHOWN };
            for (_, failures) in kinds.iter().take(all) {
                let listed = if !few || shell.verbose { usize::MAX } else { 1 };
                text.push_str(&self.kind(failures, kinds.len() > 1, listed));
            }
            if kinds.len() > all {
                text.push_str(&format!("  and {} (-v shows them)\n", counted((kinds.len() - all) as u64, "more kind")));
            }
        }
        let untold = tally.untold();
        if untold > 0 {
            text.push_str(&format!("  and {} of further kinds that are not listed\n", counted(untold, "failure")));
        }
        text
    }

    /// One kind of failure: its first sentence and its first runs.
    fn kind(&self, failures: &FailureKind, counted_apart: bool, listed: usize) -> String {
        let times = if counted_apart { format!("{} times: ", count(failures.count)) } else { String::new() };
        let sentence = failures.kept.first().map_or("", |first| first.sentence.as_str());
        let mut text = format!("  {times}{sentence}\n");
        for Failure { seed, digest, .. } in failures.kept.iter().take(listed) {
            text.push_str(&format!("  {}\n", self.results.header.run_id(*seed, *digest)));
        }
        text
    }

    fn verdict(&self) -> String {
        let Results { header, tally, .. } = &self.results;
        let name = &header.scenario;
        let why = self.shortfalls.join("; ");
        match self.standing {
            _ if self.ran_nothing() => {
                format!("{DOUBT}nothing was run{DOUBT:#}: {name}: no seed was begun before the time ran out\n")
            }
            RunVerdict::Met if tally.fell.is_empty() => {
                format!("{GOOD}passed{GOOD:#}: {name}: {}\n", rule_of_three(tally.runs))
            }
            RunVerdict::Met => {
                let expected = header.violates.join(", ");
                format!("{GOOD}passed{GOOD:#}: {name}: {expected} was expected to be violated, and is\n")
            }
            RunVerdict::Unproven => format!("{DOUBT}unproven{DOUBT:#}: {name}: {why}; {}\n", rule_of_three(tally.runs)),
            RunVerdict::Broken if why.is_empty() => {
                let saved = self.saved.failed.iter().map(|failed| failed.invariant.as_str());
                let mut broken: Vec<&str> = tally.fell.keys().map(String::as_str).chain(saved).collect();
                broken.sort_unstable();
                broken.dedup();
                format!("{BAD}failed{BAD:#}: {name}: {} violated\n", broken.join(", "))
            }
            RunVerdict::Broken => format!("{BAD}failed{BAD:#}: {name}: {why}\n"),
        }
    }

    /// Whether more seeds are worthwhile.
    fn behaviours(&self) -> String {
        let SeedRange { count: runs, .. } = self.results.done();
        if runs < 10 {
            return String::new();
        }
        let (all, fresh) = (self.results.tally.behaviours.count(), self.results.fresh_behaviours());
        let about = if all > Behaviours::KEPT as u64 { "about " } else { "" };
        let tenth = count(runs / 10);
        let worth = if fresh * 100 >= runs / 10 {
            "more seeds still find new behaviours"
        } else {
            "other faults or another workload would find more than further seeds"
        };
        format!(
            "{FAINT}{about}{}, of which {about}{} were new in the last {tenth} seeds: {worth}{FAINT:#}\n",
            counted(all, "behaviour"),
            count(fresh)
        )
    }
}

/// The bound on the rate of failing seeds if none of n failed: with 95 % confidence it is below 3/n.
fn rule_of_three(runs: u64) -> String {
    let failed = format!("0 of {} failed", counted(runs, "seed"));
    match runs {
        0..6 => format!("{failed}; too few seeds for a bound"),
        6.. => format!("{failed}: with 95 % confidence, fewer than 1 seed in {} fails", count(runs / 3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_in_many_runs_bounds_the_rate_of_failures() {
        assert_eq!(
            rule_of_three(20_000),
            "0 of 20,000 seeds failed: with 95 % confidence, fewer than 1 seed in 6,666 fails"
        );
        assert_eq!(rule_of_three(6), "0 of 6 seeds failed: with 95 % confidence, fewer than 1 seed in 2 fails");
        assert_eq!(rule_of_three(5), "0 of 5 seeds failed; too few seeds for a bound");
        assert_eq!(rule_of_three(1), "0 of 1 seed failed; too few seeds for a bound");
    }
}

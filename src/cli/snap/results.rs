//! The results of comparing goldens.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use similar::{ChangeTag, TextDiff};

use super::golden::Golden;
use crate::cli::args::Annotate;
use crate::cli::chosen::quoted;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::shell::{BAD, FAINT, GOOD, STRONG, Shell};
use crate::cli::table::{count, counted};
use crate::report::annotation::{Annotation, Level};
use crate::report::junit::{self, Case, CaseEnd};

/// A golden, and the golden that the scenario gives now.
pub(super) struct Result {
    pub(super) scenario: String,
    pub(super) golden: Golden,
    pub(super) fresh: String,
    /// How long its run took.
    pub(super) took: Duration,
}

pub(super) struct Results {
    pub(super) compared: Vec<Result>,
    /// Goldens without a scenario.
    pub(super) orphans: Vec<PathBuf>,
}

/// The number of lines of a difference that are shown without `-v`.
const SHOWN: usize = 60;
/// The number of lines that are shown around a change.
const AROUND: usize = 3;

impl Result {
    fn differs(&self) -> bool {
        self.golden.text.as_ref() != Some(&self.fresh)
    }

    /// The number of the golden's first line that is no longer so.
    fn first_change(&self) -> u64 {
        let before = self.golden.text.as_deref().unwrap_or_default();
        let same = before.lines().zip(self.fresh.lines()).take_while(|(before, fresh)| before == fresh).count();
        same as u64 + 1
    }

    /// The changed lines, each with whether it was added or removed.
    fn changes(&self) -> Vec<(ChangeTag, String)> {
        let before = self.golden.text.as_deref().unwrap_or_default();
        let diff = TextDiff::from_lines(before, self.fresh.as_str());
        let mut lines = Vec::new();
        for (place, group) in diff.grouped_ops(AROUND).iter().enumerate() {
            if place > 0 {
                lines.push((ChangeTag::Equal, "...".to_owned()));
            }
            let changes = group.iter().flat_map(|op| diff.iter_changes(op));
            lines.extend(changes.map(|change| (change.tag(), change.value().trim_end_matches('\n').to_owned())));
        }
        lines
    }

    fn text(&self, shell: &Shell) -> String {
        let Self { scenario, golden, .. } = self;
        let path = golden.path.display();
        if golden.text.is_none() {
            return format!("{BAD}missing{BAD:#} {STRONG}{scenario}{STRONG:#}: {path} does not exist\n");
        }
        let mut text = format!("{BAD}differs{BAD:#} {STRONG}{scenario}{STRONG:#}: {path} (-), now (+)\n");
        let changes = self.changes();
        let shown = if shell.verbose { changes.len() } else { SHOWN };
        for (tag, line) in changes.iter().take(shown) {
            text.push_str(&match tag {
                ChangeTag::Delete => format!("  {BAD}-{line}{BAD:#}\n"),
                ChangeTag::Insert => format!("  {GOOD}+{line}{GOOD:#}\n"),
                ChangeTag::Equal => format!("  {FAINT} {line}{FAINT:#}\n"),
            });
        }
        let more = changes.len().saturating_sub(shown) as u64;
        if more > 0 {
            text.push_str(&format!("  {FAINT}and {}; -v shows all{FAINT:#}\n", counted(more, "more line")));
        }
        text
    }

    /// At most this many lines of the changes, without colour.
    fn plain(&self, most: usize) -> String {
        let line = |(tag, line): (ChangeTag, String)| match tag {
            ChangeTag::Delete => format!("-{line}\n"),
            ChangeTag::Insert => format!("+{line}\n"),
            ChangeTag::Equal => format!(" {line}\n"),
        };
        let changes = self.changes();
        let more = changes.len().saturating_sub(most) as u64;
        let more = if more > 0 { format!("and {}\n", counted(more, "more line")) } else { String::new() };
        changes.into_iter().take(most).map(line).collect::<String>() + &more
    }
}

impl Results {
    pub(super) fn tell(&self, annotate: Option<Annotate>, shell: &Shell) -> Outcome {
        let differing: Vec<&Result> = self.compared.iter().filter(|result| result.differs()).collect();
        let unchanged = differing.is_empty() && self.orphans.is_empty();
        let exit = if unchanged { Exit::Met } else { Exit::Broken };
        if shell.json {
            let goldens = self.compared.iter().map(|result| {
                let same = !result.differs();
                let diff = if same { String::new() } else { result.plain(usize::MAX) };
                json!({ "scenario": result.scenario, "golden": result.golden.path, "same": same, "diff": diff })
            });
            let goldens: Vec<_> = goldens.collect();
            shell.document(&json!({ "goldens": goldens, "orphans": self.orphans, "exit_code": exit.code() }))?;
            shell.annotate(annotate, &self.annotations(shell))?;
            return Ok(exit);
        }
        let mut text = String::new();
        if !shell.quiet {
            differing.iter().for_each(|result| text.push_str(&format!("{}\n", result.text(shell))));
        }
        for golden in &self.orphans {
            let golden = golden.display();
            text.push_str(&format!("{BAD}orphaned{BAD:#} {golden}: it has no scenario; remove it, or give it one\n"));
        }
        let all = counted(self.compared.len() as u64, "golden");
        match differing.as_slice() {
            [] if !self.orphans.is_empty() => {
                let orphans = counted(self.orphans.len() as u64, "orphaned golden");
                text.push_str(&format!("{BAD}failed{BAD:#}: {orphans}; {all} unchanged\n"));
            }
            [] => text.push_str(&format!("{GOOD}passed{GOOD:#}: {all} unchanged\n")),
            _ => {
                let number = count(differing.len() as u64);
                text.push_str(&format!("{BAD}failed{BAD:#}: {number} of {all} changed\n"));
            }
        }
        shell.result(&text)?;
        shell.annotate(annotate, &self.annotations(shell))?;
        if !differing.is_empty() {
            let names: Vec<_> = differing.iter().map(|result| quoted(&result.scenario)).collect();
            let program = quoted(&shell.program);
            shell.result(&format!(
                "{FAINT}if that is intended:{FAINT:#}\n{program} snap update {}\n",
                names.join(" ")
            ))?;
        }
        Ok(exit)
    }

    /// What is not as it should be, for a CI service.
    fn annotations(&self, shell: &Shell) -> Vec<Annotation> {
        let program = quoted(&shell.program);
        let differing = self.compared.iter().filter(|result| result.differs()).map(|result| {
            let Result { scenario, golden, .. } = result;
            let path = golden.path.display().to_string();
            let replay = format!("replay: {program} snap check {}", quoted(scenario));
            match golden.text {
                // There is no golden to point at, but there may be the file of its scenario.
                None => Annotation::new(Level::Error, "golden missing", format!("{path} does not exist. {replay}"))
                    .at(Path::new(scenario).is_file().then_some(scenario), 1),
                Some(_) => {
                    let line = result.first_change();
                    let message =
                        format!("the trace of {scenario} differs from its golden from line {line} on. {replay}");
                    Annotation::new(Level::Error, "golden differs", message).at(Some(&path), line)
                }
            }
        });
        let orphans = self.orphans.iter().map(|golden| {
            let path = golden.display().to_string();
            let message = format!("{path} has no scenario; remove it, or give it one");
            Annotation::new(Level::Error, "golden orphaned", message).at(Some(&path), 1)
        });
        differing.chain(orphans).collect()
    }

    /// The results as JUnit XML.
    pub(super) fn junit(&self) -> String {
        let cases = self.compared.iter().map(|result| {
            let end = match result.golden.text {
                _ if !result.differs() => CaseEnd::Passed,
                None => CaseEnd::Failed("the golden does not exist".to_owned(), String::new()),
                Some(_) => CaseEnd::Failed("the trace differs from its golden".to_owned(), result.plain(SHOWN)),
            };
            Case { name: result.scenario.clone(), end, took: result.took }
        });
        let orphans = self.orphans.iter().map(|golden| Case {
            name: golden.display().to_string(),
            end: CaseEnd::Failed("the golden has no scenario".to_owned(), String::new()),
            took: Duration::ZERO,
        });
        junit::suite("snap", &cases.chain(orphans).collect::<Vec<_>>())
    }
}

/// Reports which goldens were written, and which were unchanged.
pub(super) fn tell_update(goldens: &[(String, bool)], shell: &Shell) -> std::result::Result<(), Failure> {
    if shell.json {
        let goldens = goldens.iter().map(|(golden, written)| json!({ "golden": golden, "written": written }));
        return shell.document(&json!({ "goldens": goldens.collect::<Vec<_>>(), "exit_code": 0 }));
    }
    let line = |(golden, written): &(String, bool)| match written {
        true => format!("{GOOD}written{GOOD:#}: {golden}\n"),
        false => format!("{FAINT}unchanged: {golden}{FAINT:#}\n"),
    };
    shell.result(&goldens.iter().map(line).collect::<String>())
}

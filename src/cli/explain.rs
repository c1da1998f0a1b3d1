//! `explain`: explains one name or word on one screen.

use serde_json::json;

use super::args::ExplainArgs;
use super::chosen::profiles;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::shell::Shell;
use super::suggest;
use crate::check;
use crate::fault::FaultKind;
use crate::report::format::{format_index, format_pages};
use crate::run::AnySubject;
use crate::scenario;
use crate::subject::Row;

/// One thing that can be explained.
struct Page {
    kind: &'static str,
    name: String,
    text: String,
}

impl Page {
    /// Its text, wrapped to the terminal; the JSON of a scenario stays as it is.
    fn fit(&self, shell: &Shell) -> String {
        let text = self.text.trim_end();
        let (words, json) = text.split_at(text.find("\n{").unwrap_or(text.len()));
        format!("{}{json}", shell.fit(words))
    }
}

pub(super) fn explain(args: &ExplainArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let pages = pages(subjects);
    let name = args.name.as_str();
    let same = |page: &&Page| page.name.eq_ignore_ascii_case(name);
    let found: Vec<&Page> = pages.iter().filter(same).collect();
    if found.is_empty() {
        let mut known: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
        known.retain(|name| name.parse::<u8>().is_err());
        let help = suggest::cure(name, &known);
        return Err(Failure::helped(format!("`{name}` is not known"), help));
    }
    if shell.json {
        let pages = found.iter().map(|page| json!({ "kind": page.kind, "name": page.name, "text": page.text }));
        shell.document(&pages.collect::<Vec<_>>())?;
    } else {
        let texts: Vec<String> = found.iter().map(|page| format!("{}\n", page.fit(shell))).collect();
        shell.result(&texts.join("\n"))?;
    }
    Ok(Exit::Met)
}

/// The names of everything that can be explained.
pub(super) fn names(subjects: &[AnySubject]) -> Vec<String> {
    pages(subjects).into_iter().map(|page| page.name).collect()
}

/// Everything that can be explained.
fn pages(subjects: &[AnySubject]) -> Vec<Page> {
    let mut pages = invariants(subjects);
    pages.extend(subjects.iter().flat_map(flaws));
    pages.extend(FaultKind::ALL.into_iter().map(fault));
    pages.extend(subjects.iter().flat_map(subject));
    pages.extend(scenarios(subjects));
    pages.extend(words());
    pages.extend(Exit::ALL.into_iter().map(exit));
    pages.extend(format(subjects));
    pages
}

fn invariants(subjects: &[AnySubject]) -> Vec<Page> {
    let built_in = check::invariants().map(|invariant| Page {
        kind: "invariant",
        name: invariant.name.to_owned(),
        text: check::page(invariant.name).unwrap_or(invariant.about).to_owned(),
    });
    let own = subjects.iter().flat_map(|subject| subject.profile.invariants().map(move |claim| (subject, claim)));
    let own = own.filter(|(_, (_, claim))| check::page(claim.name).is_none());
    let own = own.map(|(subject, (row, claim))| Page {
        kind: "invariant",
        name: claim.name.to_owned(),
        text: format!(
            "{}: an invariant of {}, claimed by the subject {}.\n\n{}",
            claim.name, row.name, subject.profile.name, claim.about
        ),
    });
    let stated = check::EXPECTATIONS.into_iter().map(|invariant| Page {
        kind: "invariant",
        name: invariant.name.to_owned(),
        text: check::page_of_expectation(invariant.name).unwrap_or(invariant.about).to_owned(),
    });
    built_in.chain(own).chain(stated).collect()
}

fn flaws(subject: &AnySubject) -> Vec<Page> {
    let name = subject.profile.name;
    let flaws = subject.profile.flaws().map(|(row, flaw)| Page {
        kind: "flaw",
        name: flaw.id.to_owned(),
        text: format!(
            "{id}: a flaw of {protocol}, in the subject {name}.\n\n{about}\n\nIt breaks the invariant {violates}. To act, it \
             needs {needs}; a run that is the same without it is unproven. Switch it on with `--flaw {id}`, or in a scenario with\n\n  \"protocols\": {{ \"{protocol}\": {{ \"flaws\": \
             [\"{id}\"] }} }}",
            id = flaw.id,
            protocol = row.name,
            about = flaw.about,
            needs = flaw.needs,
            violates = flaw.violates,
        ),
    });
    flaws.collect()
}

fn fault(kind: FaultKind) -> Page {
    let name = kind.name();
    let text = format!("{name}: a fault.\n\n{}.", capital(kind.about()));
    Page { kind: "fault", name: name.to_owned(), text }
}

/// The words of this program, as the glossary has them: a row each.
const GLOSSARY: &str = include_str!("../../GLOSSARY.md");

/// The words for what `--flaw` and `list errata` accept.
const BOTH: &str = "One list, `stemmata list errata`, shows both flaws and errata, and every command that accepts one \
                    word accepts the other.";

/// The pages of all words.
fn words() -> impl Iterator<Item = Page> {
    let rows = GLOSSARY.lines().filter_map(|row| row.strip_prefix("| **")?.strip_suffix(" |")?.split_once("** | "));
    rows.map(|(name, text)| {
        let more = if matches!(name, "flaw" | "erratum") { format!("\n\n{BOTH}") } else { String::new() };
        Page { kind: "word", name: name.to_owned(), text: format!("{name}: a word of this program.\n\n{text}{more}") }
    })
}

/// The subject, and each of its protocols.
fn subject(subject: &AnySubject) -> Vec<Page> {
    let profile = subject.profile;
    let names: Vec<&str> = profile.rows.iter().map(|row| row.name).collect();
    let described = |row: &Row| format!("\n{}: {}\n{}", row.name, row.about, parts(row));
    let described: String = profile.rows.iter().map(described).collect();
    let mut pages = vec![Page {
        kind: "subject",
        name: profile.name.to_owned(),
        text: format!(
            "{}: a subject, with the protocols {}.\n\n{}\n{described}",
            profile.name,
            names.join(", "),
            profile.about
        ),
    }];
    let others = profile.rows.iter().filter(|row| row.name != profile.name);
    pages.extend(others.map(|row| Page {
        kind: "protocol",
        text: format!("{}: a protocol of the subject {}.\n\n{}\n{}", row.name, profile.name, row.about, parts(row)),
        name: row.name.to_owned(),
    }));
    pages
}

/// The requirements, invariants, flaws, keyspaces and roles of a protocol.
fn parts(row: &Row) -> String {
    let claims: String = row.claims.iter().map(|claim| format!("  {}: {}\n", claim.name, claim.about)).collect();
    let flaws: String = row.flaws.iter().map(|flaw| format!("  {}: {}\n", flaw.id, flaw.about)).collect();
    let needs: String = row.needs.iter().map(|needed| format!("  {needed}\n")).collect();
    let owns: String = row.owns.iter().map(|word| format!("  {word}\n")).collect();
    let roles: String = row
        .roles
        .iter()
        .map(|role| format!("  {}: the node that noted the fact `{}` last\n", role.name, role.fact))
        .collect();
    let titled = |(title, list): (&str, String)| if list.is_empty() { list } else { format!("\n{title}:\n{list}") };
    [
        ("Needs", needs),
        ("Invariants", claims),
        ("Flaws", flaws),
        ("Keyspaces that it owns", owns),
        ("Targets of faults", roles),
    ]
    .map(titled)
    .concat()
}

fn scenarios(subjects: &[AnySubject]) -> Vec<Page> {
    let profiles = profiles(subjects);
    let pages = scenario::built_in().filter_map(|built_in| {
        let file = scenario::ScenarioFile::parse(built_in.name, built_in.name, built_in.text, &profiles).ok()?;
        let about = &file.scenario().about;
        let text = format!("{}: a built-in scenario.\n\n{about}\n\n{}", built_in.name, built_in.text);
        Some(Page { kind: "scenario", name: built_in.name.to_owned(), text })
    });
    pages.collect()
}

/// The format of scenario files: the index, and a page for each part.
fn format(subjects: &[AnySubject]) -> Vec<Page> {
    let index = Page { kind: "format", name: "format".to_owned(), text: format_index() };
    let parts = format_pages(&profiles(subjects)).into_iter().map(|page| {
        let text = page.text();
        Page { kind: "format", name: page.name, text }
    });
    std::iter::once(index).chain(parts).collect()
}

fn exit(exit: Exit) -> Page {
    let name = exit.code().to_string();
    Page { kind: "exit code", text: format!("{name}: an exit code.\n\n{}", exit.about()), name }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

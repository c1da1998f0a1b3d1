//! `list`: scenarios, invariants, protocols, faults, flaws.

use serde::Serialize;
use serde_json::{Value, json};

use super::args::{ListArgs, Listed};
use super::chosen::profiles;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::shell::{FAINT, Shell};
use super::table::Grid;
use crate::check;
use crate::fault::FaultKind;
use crate::run::AnySubject;
use crate::scenario;

pub(super) fn list(args: &ListArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let (columns, rows) = match args.what {
        Listed::Scenarios => {
            let (columns, mut rows) = scenarios(subjects);
            let is_first = |row: &[Cell]| row[0] != Cell::from("hello");
            rows.retain(|row| args.errata || !row[0].text().starts_with("errata/"));
            rows.sort_by_key(|row| is_first(row)); // stable: the others stay in the order of their names
            (columns, rows)
        }
        Listed::Invariants => invariants(subjects),
        Listed::Protocols => protocols(subjects),
        Listed::Faults => faults(),
        Listed::Errata => errata(subjects),
    };
    if args.errata && args.what != Listed::Scenarios {
        return Err(Failure::helped("--errata belongs to `list scenarios`", "`stemmata list errata` lists the flaws"));
    }
    if shell.json {
        let objects =
            rows.iter().map(|row| columns.iter().zip(row).map(|(key, cell)| ((*key).to_owned(), json!(cell))));
        let objects: Vec<Value> = objects.map(|fields| Value::Object(fields.collect())).collect();
        shell.document(&objects)?;
    } else {
        let mut grid = Grid::new(&columns);
        rows.iter().for_each(|row| grid.plain(row.iter().map(Cell::text).collect()));
        let mut text = grid.render(shell.width);
        if args.what == Listed::Scenarios && !args.errata {
            let hidden = scenario::built_in().filter(|known| known.name.starts_with("errata/")).count();
            let more = format!("\n{FAINT}and {hidden} that each show a flaw: --errata lists them{FAINT:#}\n");
            text.push_str(&shell.fit(&more));
        }
        shell.result(&text)?;
    }
    Ok(Exit::Met)
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Cell {
    Text(String),
    List(Vec<&'static str>),
}

impl Cell {
    /// The value for people.
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(names) => names.join(", "),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

type Listing = (Vec<&'static str>, Vec<Vec<Cell>>);

/// The built-in scenarios that run one of these subjects.
fn scenarios(subjects: &[AnySubject]) -> Listing {
    let profiles = profiles(subjects);
    let rows = scenario::built_in().filter_map(|built_in| {
        let file = scenario::ScenarioFile::parse(built_in.name, built_in.name, built_in.text, &profiles).ok()?;
        Some(vec![built_in.name.into(), file.subject().name.into(), file.scenario().about.as_str().into()])
    });
    (vec!["scenario", "subject", "about"], rows.collect())
}

/// The kernel's laws, the invariants that the subjects' protocols claim, and those that scenarios state themselves.
fn invariants(subjects: &[AnySubject]) -> Listing {
    let row = |name: &str, subject: &str, protocol: &str, about: &str| {
        [name, subject, protocol, about].map(Cell::from).to_vec()
    };
    let laws = check::kernel().map(|law| row(law.name, "every", "kernel", law.about));
    let claimed = subjects.iter().flat_map(|subject| {
        let name = subject.profile.name;
        subject.profile.invariants().map(move |(protocol, claim)| row(claim.name, name, protocol.name, claim.about))
    });
    let stated = check::EXPECTATIONS.into_iter().map(|own| row(own.name, "every", "scenario", own.about));
    (vec!["invariant", "subject", "protocol", "about"], laws.chain(claimed).chain(stated).collect())
}

fn protocols(subjects: &[AnySubject]) -> Listing {
    let rows = subjects.iter().flat_map(|subject| {
        subject.profile.rows.iter().map(|row| {
            let claims = row.claims.iter().map(|claim| claim.name).collect();
            let flaws = row.flaws.iter().map(|flaw| flaw.id).collect();
            vec![row.name.into(), subject.profile.name.into(), Cell::List(claims), Cell::List(flaws)]
        })
    });
    (vec!["protocol", "subject", "invariants", "flaws"], rows.collect())
}

fn faults() -> Listing {
    let rows = FaultKind::ALL.into_iter().map(|kind| vec![kind.name().into(), kind.about().into()]);
    (vec!["fault", "about"], rows.collect())
}

fn errata(subjects: &[AnySubject]) -> Listing {
    let rows = subjects.iter().flat_map(|subject| {
        subject.profile.flaws().map(|(row, flaw)| {
            vec![flaw.id.into(), subject.profile.name.into(), row.name.into(), flaw.violates.into(), flaw.about.into()]
        })
    });
    (vec!["flaw", "subject", "protocol", "violates", "about"], rows.collect())
}

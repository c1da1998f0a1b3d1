//! `list`: scenarios, invariants, protocols, faults, flaws.

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
            let is_first = |row: &[String]| row[0] != "hello";
            rows.retain(|row| args.errata || !row[0].starts_with("errata/"));
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
        let value = |key: &str, cell: &String| match key {
            "invariants" | "flaws" => json!(cell.split(", ").filter(|name| !name.is_empty()).collect::<Vec<_>>()),
            _ => json!(cell),
        };
        let objects =
            rows.iter().map(|row| columns.iter().zip(row).map(|(key, cell)| ((*key).to_owned(), value(key, cell))));
        let objects: Vec<Value> = objects.map(|fields| Value::Object(fields.collect())).collect();
        shell.document(&objects)?;
    } else {
        let mut grid = Grid::new(&columns);
        rows.into_iter().for_each(|row| grid.plain(row));
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

type Listing = (Vec<&'static str>, Vec<Vec<String>>);

/// The built-in scenarios that run one of these subjects.
pub(super) fn scenarios(subjects: &[AnySubject]) -> Listing {
    let profiles = profiles(subjects);
    let rows = scenario::built_in().filter_map(|built_in| {
        let file = scenario::ScenarioFile::parse(built_in.name, built_in.name, built_in.text, &profiles).ok()?;
        let subject = file.subject().name.to_owned();
        Some(vec![built_in.name.to_owned(), subject, file.scenario().about.clone()])
    });
    (vec!["scenario", "subject", "about"], rows.collect())
}

/// The kernel's laws, and the invariants that the subjects' protocols claim.
fn invariants(subjects: &[AnySubject]) -> Listing {
    let row = |name: &str, subject: &str, protocol: &str, about: &str| {
        [name, subject, protocol, about].map(str::to_owned).to_vec()
    };
    let laws = check::kernel().map(|law| row(law.name, "every", "kernel", law.about));
    let claimed = subjects.iter().flat_map(|subject| {
        let name = subject.profile.name;
        subject.profile.invariants().map(move |(protocol, claim)| row(claim.name, name, protocol.name, claim.about))
    });
    (vec!["invariant", "subject", "protocol", "about"], laws.chain(claimed).collect())
}

fn protocols(subjects: &[AnySubject]) -> Listing {
    let rows = subjects.iter().flat_map(|subject| {
        subject.profile.rows.iter().map(|row| {
            let claims: Vec<&str> = row.claims.iter().map(|claim| claim.name).collect();
            let flaws: Vec<&str> = row.flaws.iter().map(|flaw| flaw.id).collect();
            vec![row.name.to_owned(), subject.profile.name.to_owned(), claims.join(", "), flaws.join(", ")]
        })
    });
    (vec!["protocol", "subject", "invariants", "flaws"], rows.collect())
}

fn faults() -> Listing {
    let rows = FaultKind::ALL.into_iter().map(|kind| vec![kind.name().to_owned(), kind.about().to_owned()]);
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

//! `list`: what there is.

use serde_json::{Value, json};

use super::args::{ListArgs, Listed};
use super::chosen::profiles;
use super::exit::Exit;
use super::failure::Outcome;
use super::shell::Shell;
use super::table::Grid;
use crate::check;
use crate::fault::FaultKind;
use crate::run::AnySubject;
use crate::scenario;

pub(super) fn list(args: &ListArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let (columns, rows) = match args.what {
        Listed::Scenarios => scenarios(subjects),
        Listed::Invariants => invariants(subjects),
        Listed::Protocols => protocols(subjects),
        Listed::Faults => faults(),
        Listed::Errata => errata(subjects),
    };
    if shell.json {
        let objects =
            rows.iter().map(|row| columns.iter().zip(row).map(|(key, cell)| ((*key).to_owned(), json!(cell))));
        let objects: Vec<Value> = objects.map(|fields| Value::Object(fields.collect())).collect();
        shell.document(&objects)?;
    } else {
        let mut grid = Grid::new(&columns);
        rows.into_iter().for_each(|row| grid.plain(row));
        shell.result(&grid.render())?;
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

/// The kernel's laws, and what the subjects claim.
fn invariants(subjects: &[AnySubject]) -> Listing {
    let laws = check::invariants().filter(|invariant| invariant.protocol == "kernel");
    let laws =
        laws.map(|law| vec![law.name.to_owned(), "every".to_owned(), law.protocol.to_owned(), law.about.to_owned()]);
    let claimed = subjects.iter().flat_map(|subject| {
        subject.profile.invariants.iter().map(|claim| {
            vec![claim.name.into(), subject.profile.name.into(), claim.protocol.into(), claim.about.into()]
        })
    });
    (vec!["invariant", "subject", "protocol", "about"], laws.chain(claimed).collect())
}

fn protocols(subjects: &[AnySubject]) -> Listing {
    let rows = subjects.iter().flat_map(|subject| {
        let profile = subject.profile;
        protocols_of(subject).into_iter().map(move |protocol| {
            let claims = profile.invariants.iter().filter(|claim| claim.protocol == protocol).map(|claim| claim.name);
            let flaws = profile.flaws.iter().filter(|flaw| flaw.protocol == protocol).map(|flaw| flaw.id);
            let list = |names: Vec<&str>| names.join(", ");
            vec![protocol.clone(), profile.name.to_owned(), list(claims.collect()), list(flaws.collect())]
        })
    });
    (vec!["protocol", "subject", "invariants", "flaws"], rows.collect())
}

/// The protocols that a subject's settings name.
pub(super) fn protocols_of(subject: &AnySubject) -> Vec<String> {
    match (subject.profile.settings)(&json!({})) {
        Ok(Value::Object(settings)) => settings.into_iter().map(|(name, _)| name).collect(),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => Vec::new(),
    }
}

fn faults() -> Listing {
    let rows = FaultKind::ALL.into_iter().map(|kind| vec![kind.name().to_owned(), kind.about().to_owned()]);
    (vec!["fault", "about"], rows.collect())
}

fn errata(subjects: &[AnySubject]) -> Listing {
    let rows = subjects.iter().flat_map(|subject| {
        subject.profile.flaws.iter().map(|flaw| {
            vec![
                flaw.id.into(),
                subject.profile.name.into(),
                flaw.protocol.into(),
                flaw.violates.into(),
                flaw.about.into(),
            ]
        })
    });
    (vec!["flaw", "subject", "protocol", "violates", "about"], rows.collect())
}

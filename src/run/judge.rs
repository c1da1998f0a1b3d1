//! Judges a saved run: the checkers fold over its records as they did during the run, and reach the same verdicts.

use serde::de::DeserializeOwned;

use super::observer::Jury;
use super::{AnySubject, Outcome, deadlines, panel, read};
use crate::check::{self, Panel};
use crate::scenario::Resolved;
use crate::subject::Subject;
use crate::time::Time;
use crate::trace::jsonl::ReadError;
use crate::trace::{Body, Event, Footer, Record, Source};

/// The conclusions of the checkers from a saved trace.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The outcome, as after the run; its trace is not kept.
    pub outcome: Outcome,
    /// The end of the trace, including the verdicts of the run itself.
    pub footer: Footer,
    /// The number of facts that are unknown to this build, and that the subject's own checkers did not receive.
    pub foreign_facts: u64,
}

pub(super) type Judge = fn(&Resolved, &mut dyn Source, &[String]) -> Result<Judged, ReadError>;

impl AnySubject {
    /// Judges a saved run with the checkers of every run of this scenario, and with those of the `further` invariants.
    ///
    /// # Errors
    /// If the trace can't be read to its end.
    pub fn judge(&self, resolved: &Resolved, source: &mut dyn Source, further: &[String]) -> Result<Judged, ReadError> {
        (self.judge)(resolved, source, further)
    }
}

/// Judges a trace whose subject is unknown, with the kernel's laws and the built-in checkers of these invariants;
/// `violates` are those that had to be violated before the run could end.
///
/// # Errors
/// If the trace can't be read to its end.
pub fn judge_unknown(source: &mut dyn Source, names: &[String], violates: &[String]) -> Result<Judged, ReadError> {
    let mut panel = Panel::<()>::laws();
    // An invariant that is unknown here is never violated, so the run is assumed to have continued to its end.
    let known = |name: &String| check::invariants().map(|invariant| invariant.name).find(|known| known == name);
    let waits_for = violates.iter().map(|name| known(name).unwrap_or("")).collect();
    for invariant in check::invariants() {
        let name = invariant.name;
        // Only the subject knows which messages are periodic.
        let can_be_judged = !check::is_law(name) && name != check::QUIET.name;
        if names.iter().any(|wanted| wanted == name) && can_be_judged {
            let checker = check::checker(name).expect("a built-in invariant has a checker");
            panel.seat_until(name, checker, source.header().due.get(name).copied().unwrap_or(Time::MAX));
        }
    }
    let mut judged = fold(Jury::new(panel, waits_for), Panel::new(), source, |_| Some(()))?;
    judged.outcome.rested = false;
    Ok(judged)
}

pub(super) fn judge<S: Subject>(
    resolved: &Resolved,
    source: &mut dyn Source,
    further: &[String],
) -> Result<Judged, ReadError> {
    let settings: S::Settings = read(resolved.settings());
    let deadlines = deadlines::of::<S>(resolved);
    let jury = Jury::new(panel::<S>(&settings, resolved, &deadlines), resolved.expected.violates.clone());
    let mut others = Panel::new();
    let seated = resolved.expected.holds.iter().chain(&resolved.expected.violates);
    let seated: Vec<_> = seated.copied().collect();
    for name in further.iter().filter(|name| !check::is_law(name) && !seated.contains(&name.as_str())) {
        let claimed = resolved.profile.invariants().any(|(_, invariant)| invariant.name == *name);
        let own = claimed.then(|| S::checker(&resolved.setup, &settings, name)).flatten();
        if let Some(checker) = own.or_else(|| check::checker(name)) {
            others.seat_until(name.clone(), checker, deadlines.due(name).unwrap_or(Time::MAX));
        }
    }
    let mut judged = fold(jury, others, source, typed::<S::Fact>)?;
    judged.outcome.rested &= deadlines.is_rest(judged.outcome.end);
    Ok(judged)
}

/// Shows every record to the jury, and to `others`, which do not determine when the run was over.
fn fold<F>(
    mut jury: Jury<F>,
    mut others: Panel<F>,
    source: &mut dyn Source,
    typed: fn(&Record<'_>) -> Option<F>,
) -> Result<Judged, ReadError> {
    let mut foreign_facts = 0;
    let footer = source.for_each(&mut |record| {
        let fact = matches!(record.event, Event::Fact { .. }).then(|| typed(record));
        foreign_facts += u64::from(matches!(fact, Some(None)));
        let fact = fact.flatten();
        if !jury.over() {
            others.see(record, fact.as_ref());
        }
        jury.see(record, fact.as_ref());
    })?;
    let footer = footer.clone();
    let rested = !jury.over();
    let others = if jury.over() { others.conclude_stopped(footer.time) } else { others.conclude(footer.time) };
    let (mut judgements, census) = jury.conclude(footer.time);
    judgements.extend(others);
    let Footer { time: end, records, digest, .. } = footer;
    let outcome = Outcome {
        digest,
        records,
        end,
        rested,
        judgements,
        census,
        idle_flaws: Vec::new(),
        interrupted: false,
        trace: None,
        marks: Vec::new(),
    };
    Ok(Judged { outcome, footer, foreign_facts })
}

/// The fact, decoded as its own type.
fn typed<F: DeserializeOwned>(record: &Record<'_>) -> Option<F> {
    match &record.event.said()?.body {
        Body::Json(value) => F::deserialize(value).ok(),
        Body::Encoded(bytes) => crate::encoding::read(bytes).ok(),
    }
}

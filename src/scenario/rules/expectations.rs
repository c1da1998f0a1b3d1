//! Rules for expectations, and for the fates of single messages.

use super::{entries, targets};
use crate::check::{EXPECTATIONS, QUIET};
use crate::identity::{LaneId, MessageId, NodeId};
use crate::network::PinnedFate;
use crate::scenario::diagnostic::Finding;
use crate::scenario::format::Scenario;
use crate::scenario::path::Path;
use crate::scenario::{ALWAYS, suggest};
use crate::subject::Profile;
use crate::time::Span;

pub(super) fn check(scenario: &Scenario, profile: &Profile) -> Vec<Finding> {
    let expect = &scenario.expect;
    let path = Path::of("expect");
    let mut findings = Vec::new();
    let named = |key: &str, names: &[String]| {
        let names = names.iter().enumerate();
        let unknown = names.filter_map(|(index, name)| invariant(name, scenario, profile, path.key(key).index(index)));
        unknown.collect::<Vec<_>>()
    };
    let holds = expect.holds.as_deref().unwrap_or_default();
    findings.extend(named("holds", holds));
    findings.extend(named("violates", &expect.violates));
    for (index, name) in expect.violates.iter().enumerate().filter(|(_, name)| holds.contains(name)) {
        let finding =
            Finding::new(path.key("violates").index(index), format!("`{name}` can't both hold and be violated"));
        findings.push(finding.help("remove it from `holds` or from `violates`"));
    }
    for (name, span) in &expect.within {
        let path = path.key("within").key(name);
        let finding = invariant(name, scenario, profile, path.clone()).map(Finding::at_key);
        findings.extend(finding.or_else(|| bound(name, *span, scenario, profile, path)));
    }
    if !expect.sometimes.is_empty() {
        let facts = (profile.facts)();
        let sometimes = expect.sometimes.iter().enumerate();
        findings.extend(
            sometimes.filter_map(|(index, fact)| entries::fact(fact, &facts, path.key("sometimes").index(index))),
        );
    }
    findings.extend(answered(scenario));
    if !expect.at_most.is_empty() {
        let facts = (profile.facts)();
        let at_most = expect.at_most.keys();
        findings.extend(
            at_most.filter_map(|fact| entries::fact(fact, &facts, path.key("at_most").key(fact))).map(Finding::at_key),
        );
    }
    if expect.longest_wait.is_some_and(Span::is_zero) {
        let finding = Finding::new(path.key("longest_wait"), "`longest_wait` must be greater than 0");
        findings.push(finding.help("such as \"2s\""));
    }
    for (text, fate) in &scenario.fates {
        findings.extend(pinned(text, *fate, scenario, profile));
    }
    findings
}

/// Faults that `answered` names must be there, and last.
fn answered(scenario: &Scenario) -> Vec<Finding> {
    let names = || scenario.faults.iter().filter_map(|entry| entry.name.as_deref());
    let mut findings = Vec::new();
    for (index, owed) in scenario.expect.answered.iter().enumerate() {
        let path = Path::of("expect").key("answered").index(index);
        let during = path.key("during");
        let mut named = scenario.faults.iter().filter(|entry| entry.name.as_ref() == Some(&owed.during));
        let brief = named.clone().filter_map(|entry| entry.fault.as_ref()).find(|fault| !entries::can_end(fault));
        match (named.next(), brief) {
            (None, _) => {
                let help = if names().next().is_none() {
                    format!("name it: \"faults\": [ {{ \"name\": \"{}\", … }} ]", owed.during)
                } else {
                    suggest::cure(&owed.during, names())
                };
                let finding = Finding::new(during, format!("no fault has the name `{}`", owed.during));
                findings.push(finding.label("unknown fault").help(help));
            }
            (Some(_), Some(fault)) => {
                let message = format!("`{}` is a {}, which does not last", owed.during, fault.kind().name());
                findings.push(Finding::new(during, message).help("name a fault that has a duration"));
            }
            (Some(_), None) => {}
        }
        if owed.at_least == 0 {
            let finding = Finding::new(path.key("at_least"), "`at_least` must be greater than 0");
            findings.push(finding.help("remove it: one operation is the default"));
        }
        if scenario.expect.answered[..index].iter().any(|other| other.during == owed.during) {
            let finding = Finding::new(path.key("during"), format!("`{}` stands here twice", owed.during));
            findings.push(finding.help("remove one of the two"));
        }
    }
    findings
}

/// A bound must be on a liveness invariant, and must end before the run.
fn bound(name: &str, span: Span, scenario: &Scenario, profile: &Profile, path: Path) -> Option<Finding> {
    let live = profile
        .claims(&scenario.setup(), &scenario.protocols)
        .iter()
        .any(|invariant| invariant.name == name && invariant.liveness);
    if !live {
        let finding = Finding::new(path, format!("`{name}` is a safety invariant and has no bound"));
        return Some(finding.at_key().help("only liveness invariants, which are due after quiescence, have a bound"));
    }
    let due = scenario.run.quiescence() + span;
    let end = scenario.run.ends().filter(|end| due > *end)?;
    let message = format!("`{name}` would be due at {due}, after the end of the run at {end}");
    Some(Finding::new(path, message).help("make the run longer, or `run.quiesce_at` earlier"))
}

fn invariant(name: &str, scenario: &Scenario, profile: &Profile, path: Path) -> Option<Finding> {
    let claims = profile.claims(&scenario.setup(), &scenario.protocols);
    let known = claims.iter().map(|invariant| invariant.name).chain(ALWAYS).chain(scenario.expect.own());
    if known.clone().any(|known| known == name) {
        return None;
    }
    if let Some(own) = EXPECTATIONS.iter().find(|own| own.name == name) {
        let message = format!("this scenario states nothing for `{name}`");
        let help = format!("add `expect.{}`: see `stemmata explain {name}`", own.name.replace('-', "_"));
        return Some(Finding::new(path, message).help(help));
    }
    if name == QUIET.name && scenario.setup().outside() > 0 {
        let message = "`quiet` is not claimed with `run.core`: what a node owes the others, it may send for ever";
        return Some(Finding::new(path, message).help("remove it, or remove `run.core`"));
    }
    let others: Vec<&str> =
        profile.invariants().filter(|(_, invariant)| invariant.name == name).map(|(row, _)| row.name).collect();
    let running = (profile.running)(&scenario.protocols);
    if let Some(row) = running.iter().find(|row| others.contains(&row.name)) {
        let message = format!("`{}` does not claim `{name}` with these settings", row.name);
        let help = format!("change the settings under `protocols.{}`: see `stemmata explain {name}`", row.name);
        return Some(Finding::new(path, message).help(help));
    }
    if !others.is_empty() {
        let message = format!("only {} claims `{name}`, and it does not run", others.join(" or "));
        return Some(Finding::new(path, message).help(format!("name `{}` under `protocols`", others[0])));
    }
    let finding = Finding::new(path, format!("`{}` claims no invariant `{name}`", profile.name));
    Some(finding.label("unknown invariant").help(suggest::cure(name, known)))
}

fn pinned(text: &str, fate: PinnedFate, scenario: &Scenario, profile: &Profile) -> Option<Finding> {
    let path = Path::of("fates").key(text);
    let id = match message(text, profile) {
        Ok(id) => id,
        Err(help) => {
            let finding = Finding::new(path, format!("`{text}` is not the id of a message")).at_key();
            return Some(finding.help(help));
        }
    };
    if let Some(finding) = targets::node(id.sender, scenario.nodes, path.clone()) {
        return Some(finding.at_key());
    }
    match fate {
        PinnedFate::Copies(0) => {
            Some(Finding::new(path.key("copies"), "`copies` must be greater than 0").help("use \"lost\""))
        }
        PinnedFate::Copies(copies) if copies > 100 => {
            Some(Finding::new(path.key("copies"), "`copies` is too large: at most 100"))
        }
        PinnedFate::Lost
        | PinnedFate::Delay(_)
        | PinnedFate::Copies(_)
        | PinnedFate::Again(_)
        | PinnedFate::Flip(_) => None,
    }
}

/// The message that `text` names, or a hint.
pub(in crate::scenario) fn message(text: &str, profile: &Profile) -> Result<MessageId, String> {
    let form = || "a message id has a sender, a lane and a number: `n1.broadcast#7`".to_owned();
    let (sender, rest) = text.split_once('.').ok_or_else(form)?;
    let (lane, number) = rest.split_once('#').ok_or_else(form)?;
    let sender: NodeId = sender.parse().map_err(|_| form())?;
    let number: u32 = number.parse().map_err(|_| form())?;
    if number == 0 {
        return Err("the number must be greater than 0".to_owned());
    }
    let index = profile.lanes.iter().position(|known| *known == lane);
    let index = index.ok_or_else(|| suggest::cure(lane, profile.lanes.iter().copied()))?;
    let lane = LaneId::new(u8::try_from(index).map_err(|_| form())?);
    Ok(MessageId { sender, lane, number })
}

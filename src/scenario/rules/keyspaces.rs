//! Rules for keyspaces: their owners exist, and every key that clients use is in one.

use crate::codex::conflict::Strategy;
use crate::codex::{AnchorRule, Key, Keyspace, RESERVED};
use crate::scenario::diagnostic::Finding;
use crate::scenario::format::Scenario;
use crate::scenario::path::Path;
use crate::scenario::suggest;
use crate::subject::{Needs, Owner, Profile, Row};

pub(super) fn check(scenario: &Scenario, profile: &Profile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (prefix, keyspace) in scenario.keyspaces.iter() {
        if prefix.starts_with(RESERVED) {
            findings.push(reserved(Path::of("keyspaces").key(prefix), prefix).at_key());
        }
        findings.extend(canon(prefix, keyspace, scenario));
        match profile.owner(&keyspace.owner) {
            None => findings.push(unknown(prefix, &keyspace.owner, profile)),
            Some(row) => {
                findings.extend(without_effect(prefix, keyspace, row));
                findings.extend(nobody_asks(prefix, keyspace, row, scenario, profile));
            }
        }
    }
    let work = scenario.workload.iter().map(profile.needs).enumerate();
    let work = work.map(|(index, needs)| (Path::of("workload").index(index), needs));
    let operations = scenario.operations.iter().map(|entry| (profile.command_needs)(&entry.command)).enumerate();
    let operations = operations.map(|(index, needs)| (Path::of("operations").index(index), needs));
    for (path, needs) in work.chain(operations) {
        let keys = needs.keys.iter();
        findings.extend(keys.filter_map(|keys| misplaced(&path, keys, &needs, scenario, profile)));
    }
    findings
}

fn unknown(prefix: &str, owner: &str, profile: &Profile) -> Finding {
    let finding =
        Finding::new(Path::of("keyspaces").key(prefix), format!("`{}` has no keyspace owner `{owner}`", profile.name));
    if profile.owners().next().is_none() {
        return finding.help("this subject has no keys: remove `keyspaces`");
    }
    finding.help(suggest::cure(owner, profile.owners()))
}

/// The finding for a canonical text of a key that is in another keyspace, or for an anchor that asks for texts where there
/// are none: no write would fulfil it.
fn canon(prefix: &str, keyspace: &Keyspace, scenario: &Scenario) -> Option<Finding> {
    let path = || Path::of("keyspaces").key(prefix);
    let of = |key: &Key| scenario.keyspaces.of(key.as_str()).map(|(prefix, _)| prefix);
    if let Some(key) = keyspace.canon.keys().find(|key| of(key) != Some(prefix)) {
        let message = format!("`{key}` is no key of this keyspace");
        let help =
            format!("its canonical texts are those of keys that begin with `{prefix}`, and with no longer prefix");
        return Some(Finding::new(path().key("canon").key(key.as_str()), message).help(help));
    }
    if keyspace.canon.is_empty() && keyspace.anchors.contains(&AnchorRule::EqualsCanon) {
        let message =
            "`equals_canon` asks for the canonical texts of keys, and there are none: nothing could be written";
        return Some(Finding::new(path().key("anchors"), message).help("give the texts by key in `canon`"));
    }
    None
}

/// The finding for what is said of a keyspace and means nothing to its owner.
fn without_effect(prefix: &str, keyspace: &Keyspace, row: &Row) -> Option<Finding> {
    let Keyspace { owner, fenced, strategy, .. } = keyspace;
    let path = || Path::of("keyspaces").key(prefix);
    if row.transacts && *fenced {
        let message = format!("a keyspace of `{owner}` changes in transactions alone: these present no lock's token");
        return Some(Finding::new(path().key("fenced"), message).help("remove `fenced`, or choose another owner"));
    }
    if row.replicates && *fenced {
        let message = format!("a keyspace of `{owner}` is replicated: no lock's token can fence its writes");
        return Some(Finding::new(path().key("fenced"), message).help("remove `fenced`, or choose another owner"));
    }
    if !row.replicates && *strategy != Strategy::default() {
        let message = format!("the writes to a keyspace of `{owner}` are decided one by one: there are no conflicts");
        return Some(Finding::new(path().key("strategy"), message).help("remove `strategy`, or choose another owner"));
    }
    None
}

/// The finding for a strategy that asks voters, where no protocol does that.
fn nobody_asks(
    prefix: &str,
    keyspace: &Keyspace,
    row: &Row,
    scenario: &Scenario,
    profile: &Profile,
) -> Option<Finding> {
    let asks = match keyspace.strategy {
        Strategy::Arbitration | Strategy::Vote => row.replicates,
        // By its class a conflict may be one that a rule resolves; the others are left open, and shown as open.
        Strategy::ByClass | Strategy::LastWriteWins | Strategy::Merge => false,
    };
    let asker = profile.rows.iter().find(|row| row.polls).filter(|_| asks)?;
    if (profile.running)(&scenario.protocols).iter().any(|row| row.polls) {
        return None;
    }
    let message = format!("this strategy asks voters, and `{}`, which asks them, does not run", asker.name);
    let help = format!("name `{}` under `protocols`, or choose another strategy", asker.name);
    Some(Finding::new(Path::of("keyspaces").key(prefix).key("strategy"), message).help(help))
}

fn reserved(path: Path, keys: &str) -> Finding {
    let message = format!("`{keys}` begins with `{RESERVED}`: such keys are the system's own, and no client's");
    Finding::new(path, message).help("choose another beginning")
}

/// The finding for keys that clients use and that are reserved, in no keyspace, in one of another owner than their clients
/// can do with, fenced for clients without tokens, or not fenced for clients with tokens.
fn misplaced(path: &Path, keys: &str, needs: &Needs, scenario: &Scenario, profile: &Profile) -> Option<Finding> {
    if keys.starts_with(RESERVED) {
        return Some(reserved(path.clone(), keys));
    }
    let named = if keys.is_empty() { "its keys".to_owned() } else { format!("`{keys}`") };
    let finding = |message: String| Finding::new(path.clone(), message);
    let owner = only(needs);
    if scenario.keyspaces.is_empty() {
        let message = match (needs.fenced, owner) {
            (true, _) => format!("{named} must be in a fenced keyspace, since its clients present tokens"),
            (false, Some(owner)) => format!("{named} must be in a keyspace of `{owner}`"),
            (false, None) => return None,
        };
        return Some(finding(message).help(declare(keys, needs)));
    }
    let Some((prefix, keyspace)) = scenario.keyspaces.of(keys) else {
        let known: Vec<String> = scenario.keyspaces.iter().map(|(prefix, _)| format!("`{prefix}`")).collect();
        let verb = if keys.is_empty() { "are" } else { "is" };
        let begins = format!("keys must begin with {}", known.join(" or "));
        let help = if needs.fenced || owner.is_some() { declare(keys, needs) } else { begins };
        return Some(finding(format!("{named} {verb} in no keyspace")).help(help));
    };
    if let Some(owner) = owner.filter(|owner| **owner != *keyspace.owner) {
        let message = format!("{named} must be in a keyspace of `{owner}`, and is in one of `{}`", keyspace.owner);
        return Some(finding(message).help(declare(keys, needs)));
    }
    if owner.is_none() && profile.owner(&keyspace.owner).is_some_and(|row| row.transacts) {
        let message = format!("{named} changes in transactions alone, and its clients use the store");
        return Some(finding(message).help("use keys of another keyspace, or clients that transact"));
    }
    if needs.whole && prefix != keys {
        let message = format!("{named} is the prefix of no keyspace: its keys are in that of `{prefix}`");
        return Some(finding(message).help(format!("name `{prefix}`")));
    }
    match (needs.fenced, keyspace.fenced) {
        (true, false) => {
            let message = format!("{named} must be in a fenced keyspace, since its clients present tokens");
            Some(finding(message).help(declare(keys, needs)))
        }
        (false, true) => {
            let message = format!("{named} is in a fenced keyspace, and its clients present no tokens");
            Some(finding(message).help("use keys of a keyspace that is not fenced"))
        }
        (true, true) | (false, false) => None,
    }
}

/// The one owner that clients can do with, if they cannot do with any.
const fn only(needs: &Needs) -> Option<&'static str> {
    match needs.owner {
        Some(Owner::Only(owner)) => Some(owner),
        Some(Owner::Declared { .. }) | None => None,
    }
}

/// How to declare the keyspace that clients need.
fn declare(keys: &str, needs: &Needs) -> String {
    let owner = only(needs).unwrap_or("consensus");
    if needs.fenced {
        return format!("declare it: \"keyspaces\": {{ \"{keys}\": {{ \"owner\": \"{owner}\", \"fenced\": true }} }}");
    }
    format!("declare it: \"keyspaces\": {{ \"{keys}\": \"{owner}\" }}")
}

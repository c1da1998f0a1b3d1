//! A scenario file that was read and checked, with its ranges; a seed resolves it into the data of one run.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::diagnostic::{Finding, Problem};
use super::document::Document;
use super::format::Scenario;
use super::path::Path;
use super::range::{self, Pick, Range};
use super::repair::Repair;
use super::resolved::Resolved;
use super::{digest, elsewhere, rules, suggest};
use crate::chance::Seed;
use crate::codex::Keyspaces;
use crate::subject::{Misfit, Needs, Owner, Profile, read_strictly};

/// A scenario that was read and checked with the minimum and the maximum of each of its ranges.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    pub(super) document: Document,
    /// The content of the file, with the overlays that were applied to it.
    pub(super) value: Value,
    pub(super) ranges: Vec<Range>,
    pub(super) profile: Profile,
    name: String,
    digest: u64,
    pub(super) switched: Vec<String>,
    pub(super) swarm: bool,
    /// The scenario with the minimum of each range; without ranges, the scenario of every seed.
    least: Arc<Scenario>,
}

impl ScenarioFile {
    /// Reads the text of a scenario from `file`; `name` is its name if the text gives none.
    ///
    /// # Errors
    /// All its mistakes, in the order of the text; if the text is not JSON, where it breaks.
    pub fn parse(file: &str, name: &str, text: &str, subjects: &[Profile]) -> Result<Self, Problem> {
        let (document, value) = Document::parse(file, text)?;
        let problem = |findings| document.problem(findings);
        if !value.is_object() {
            return Err(problem(vec![Finding::new(Path::ROOT, "a scenario is an object: { … }")]));
        }
        let (profile, unknown) = match subject(&value, subjects) {
            Ok(profile) => (profile, None),
            Err(finding) => match meant(&value, subjects) {
                Some(profile) => (profile, Some(finding)),
                None => return Err(problem(vec![finding])),
            },
        };
        let mut repair = Repair::new(value.clone());
        document.unread().iter().rev().for_each(|path| drop(repair.remove(path)));
        let ranges = ranges(&mut repair);
        let least = extremes(&repair, &ranges, &profile);
        if let Some(unknown) = unknown {
            let mut findings = elsewhere::without_parts_of_subject(least.err().unwrap_or_default());
            findings.push(unknown);
            return Err(problem(findings));
        }
        let least = least.map_err(|findings| problem(elsewhere::tell(findings, &profile, subjects)))?;
        document.readable()?;
        works(&value, &ranges, &profile, &least).map_err(problem)?;
        let name = if least.name.is_empty() { named_after(name) } else { least.name.clone() };
        let digest = digest::of(&least, &ranges, &profile);
        let least = Arc::new(Scenario { name: name.clone(), ..least });
        Ok(Self { document, value, ranges, profile, name, digest, switched: Vec::new(), swarm: false, least })
    }

    /// The name in run ids and in the headers of traces.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The subject that it runs.
    #[must_use]
    pub const fn subject(&self) -> &Profile {
        &self.profile
    }

    /// The seed that it names; 0 if none.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.least.run.seed
    }

    /// The scenario with the minimum of each range.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.least
    }

    /// A digest of the file's content. Values that equal their defaults, `$schema`, `name`, `about`, `run.seed`, comments
    /// and spelling do not change it, nor do flaws that were switched on or off on the command line.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// The first 32 bits of the digest, as run ids show them: 8 hex digits.
    #[must_use]
    pub fn short_digest(&self) -> String {
        format!("{:08x}", self.digest >> 32)
    }

    /// Draws everything that the seed decides before the run. If the settings drawn from ranges are incompatible, it draws
    /// again.
    ///
    /// # Errors
    /// If many attempts draw incompatible settings; the checks when the file is read make this very unlikely.
    pub fn resolve(&self, seed: Seed) -> Result<Resolved, Problem> {
        if self.ranges.is_empty() {
            return Ok(self.resolved(&self.least, seed));
        }
        let mut attempts = (0..ATTEMPTS).map(|attempt| draw(&self.value, &self.ranges, seed, attempt, &self.profile));
        let scenario = attempts.find_map(Result::ok).ok_or_else(|| {
            let message = format!("internal error: seed {seed} draws incompatible settings in {ATTEMPTS} attempts");
            self.document.problem(vec![Finding::new(Path::ROOT, message).help("make the ranges narrower")])
        })?;
        Ok(self.resolved(&Arc::new(Scenario { name: self.name.clone(), ..scenario }), seed))
    }

    fn resolved(&self, scenario: &Arc<Scenario>, seed: Seed) -> Resolved {
        if self.swarm {
            Resolved::of_swarm(scenario, self.profile, seed)
        } else {
            Resolved::new(Arc::clone(scenario), self.profile, seed)
        }
    }

    /// Gives it the name that was used to find it.
    pub(super) fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self.reread();
        self
    }

    /// Reads the value again, after an overlay changed it.
    pub(super) fn reread(&mut self) {
        let least = one(Repair::new(self.value.clone()), &self.ranges, Pick::Least, &self.profile);
        let least = least.expect("an overlay only switches known flaws");
        self.least = Arc::new(Scenario { name: self.name.clone(), ..least });
    }
}

/// The subject that the file names.
fn subject(value: &Value, subjects: &[Profile]) -> Result<Profile, Finding> {
    let default = Scenario::default().subject;
    let named = value.get("subject");
    let name = match named {
        None => default.as_str(),
        Some(Value::String(name)) => name,
        Some(_) => return Err(Finding::new(Path::of("subject"), "`subject` must be a string")),
    };
    let known = subjects.iter().map(|profile| profile.name);
    subjects.iter().find(|profile| profile.name == name).copied().ok_or_else(|| {
        if let Some(owner) = subjects.iter().find(|profile| profile.row(name).is_some()) {
            return elsewhere::protocol_as_subject(name, owner);
        }
        let finding = Finding::new(Path::of("subject"), format!("there is no subject `{name}`"));
        let finding = if named.is_some() { finding } else { finding.label("`subject` is missing here") };
        finding.help(suggest::cure(name, known))
    })
}

/// The subject that is meant by a name that no subject has, if that is clear: one that has such a protocol, or a similar name.
fn meant(value: &Value, subjects: &[Profile]) -> Option<Profile> {
    let name = value.get("subject")?.as_str()?;
    let near = suggest::nearest(name, subjects.iter().map(|profile| profile.name));
    let owner = subjects.iter().find(|profile| profile.row(name).is_some());
    owner.or_else(|| subjects.iter().find(|profile| Some(profile.name) == near)).copied()
}

/// All ranges. What looks like a range and is none is noted, and removed.
fn ranges(repair: &mut Repair) -> Vec<Range> {
    while !repair.is_full() {
        let wrong = match range::find(repair.value()) {
            Ok(ranges) => return ranges,
            Err(wrong) => wrong,
        };
        let Some(finding) = wrong.into_iter().next() else { break };
        let mut whole = finding.path.clone();
        if matches!(whole.last_key(), Some("min" | "max" | "one_of")) {
            whole.pop();
        }
        repair.note(finding, None);
        if repair.remove(&whole).is_none() {
            break;
        }
    }
    Vec::new()
}

/// Checks the file with the ends of all ranges and with every option of its choices, and returns it with the minimum of each
/// range.
fn extremes(repair: &Repair, ranges: &[Range], profile: &Profile) -> Result<Scenario, Vec<Finding>> {
    let mut least = None;
    let mut findings = repair.findings().to_vec();
    let name = |finding: &Finding| (finding.path.clone(), finding.message.clone());
    let mut seen: BTreeSet<_> = findings.iter().map(name).collect();
    let in_file: Vec<Range> = ranges.iter().map(|range| range.at(repair.in_file(&range.path))).collect();
    for pick in range::extremes(ranges) {
        match one(repair.clone(), ranges, pick, profile) {
            Ok(scenario) => least = least.or(Some(scenario)),
            Err(wrong) => findings.extend(wrong.into_iter().filter_map(|mut finding| {
                let new = seen.insert(name(&finding));
                finding.path = range::written(&finding.path, &in_file, pick);
                new.then_some(finding)
            })),
        }
    }
    match least {
        Some(least) if findings.is_empty() => Ok(least),
        Some(_) | None => Err(findings),
    }
}

/// The settings must be compatible: as written, or in the first draw of at least half of the seeds. The ends of two ranges
/// may be incompatible, as long as most draws are compatible.
fn works(value: &Value, ranges: &[Range], profile: &Profile, least: &Scenario) -> Result<(), Vec<Finding>> {
    if ranges.is_empty() {
        return rules::objection(least, profile, value).map_or(Ok(()), |finding| Err(vec![finding]));
    }
    let (mut working, mut wrong) = (0, Vec::new());
    for seed in 0..SAMPLE {
        match draw(value, ranges, Seed(seed), 0, profile) {
            Ok(_) => working += 1,
            Err(findings) if wrong.is_empty() => wrong = findings,
            Err(_) => {}
        }
        if working * 2 >= SAMPLE {
            return Ok(());
        }
    }
    let often = format!("the ranges draw incompatible settings in {} of {SAMPLE} seeds", SAMPLE - working);
    Err(wrong
        .into_iter()
        .map(|finding| Finding { message: format!("{often}: {}", finding.message), ..finding })
        .collect())
}

/// The number of seeds with which ranges are checked.
const SAMPLE: u64 = 64;
/// The maximum number of attempts of a seed to draw compatible settings; in a checked file about half of the draws succeed.
const ATTEMPTS: u64 = 64;

/// The scenario of one draw, if its settings are compatible.
fn draw(
    value: &Value,
    ranges: &[Range],
    seed: Seed,
    attempt: u64,
    profile: &Profile,
) -> Result<Scenario, Vec<Finding>> {
    let scenario = one(Repair::new(value.clone()), ranges, Pick::Drawn(seed, attempt), profile)?;
    match rules::objection(&scenario, profile, value) {
        Some(finding) => Err(vec![finding]),
        None => Ok(scenario),
    }
}

/// The typed scenario with one choice of its ranges, the subject's defaults filled in; or all its mistakes.
fn one(mut repair: Repair, ranges: &[Range], pick: Pick, profile: &Profile) -> Result<Scenario, Vec<Finding>> {
    range::fill(repair.value_mut(), ranges, pick);
    let Some(mut scenario) = repair.read::<Scenario>(&Path::ROOT, read_strictly) else {
        return Err(repair.findings().to_vec());
    };
    scenario.run.lasts = scenario.run.ends();
    let mut findings = fill(&mut scenario, profile, &mut repair);
    findings.extend(rules::uniform_bounds(repair.value()));
    findings.extend(rules::check(&scenario, profile, &repair));
    if findings.is_empty() && repair.findings().is_empty() {
        return Ok(scenario);
    }
    findings.retain(|finding| !repair.touches(&finding.path));
    findings.iter_mut().for_each(|finding| finding.path = repair.in_file(&finding.path));
    Err(repair.findings().iter().cloned().chain(findings).collect())
}

/// Lets the subject read its parts, and replaces them with the result.
fn fill(scenario: &mut Scenario, profile: &Profile, repair: &mut Repair) -> Vec<Finding> {
    scenario.workload = workload(profile, repair);
    for (index, entry) in scenario.operations.iter_mut().enumerate() {
        let path = Path::of("operations").index(index).key("command");
        if let Some(filled) = repair.read(&path, profile.command) {
            entry.command = filled;
        }
    }
    add_required_protocols(scenario, profile);
    repair.value_mut()["protocols"] = scenario.protocols.clone();
    let Some(filled) = repair.read(&Path::of("protocols"), |protocols| settings(protocols, profile)) else {
        return Vec::new();
    };
    let mut findings = unknown_protocols(&repair.value()["protocols"], &filled, profile);
    findings.extend(rules::flaws(&filled, profile));
    if repair.knows_protocols() {
        findings.extend(rules::nothing_runs(&filled, profile));
    }
    scenario.protocols = filled;
    findings
}

/// The entries of the workload that can be read.
fn workload(profile: &Profile, repair: &mut Repair) -> Vec<Value> {
    let list = Path::of("workload");
    let mut filled = Vec::new();
    // An entry that can't be read is removed, and the next one has its index.
    while !repair.is_full() && list.index(filled.len()).get(repair.value()).is_some() {
        filled.extend(repair.read(&list.index(filled.len()), profile.workload));
    }
    filled
}

/// Adds the protocols that workloads, operations or keyspaces require.
fn add_required_protocols(scenario: &mut Scenario, profile: &Profile) {
    let Some(named) = scenario.protocols.as_object_mut() else {
        return;
    };
    let owners = scenario.keyspaces.iter().filter_map(|(_, keyspace)| profile.owner(&keyspace.owner));
    let owners = owners.map(|row| row.name);
    let work = scenario.workload.iter().map(profile.needs);
    let commands = scenario.operations.iter().map(|entry| (profile.command_needs)(&entry.command));
    let asked = work.chain(commands).flat_map(|needs| required(needs, &scenario.keyspaces, profile));
    let mut wanted: Vec<String> = named.keys().cloned().collect();
    wanted.extend(owners.chain(asked).map(ToOwned::to_owned));
    while let Some(protocol) = wanted.pop() {
        let needs = profile.row(&protocol).map_or(&[][..], |row| row.needs);
        wanted.extend(needs.iter().filter(|need| !named.contains_key(**need)).map(|need| (*need).to_owned()));
        named.entry(protocol).or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
}

/// The protocols that clients require: among them the one that owns their keys.
fn required(needs: Needs, keyspaces: &Keyspaces, profile: &Profile) -> Vec<&'static str> {
    let keyspace = needs.keys.first().and_then(|keys| keyspaces.of(keys));
    let declared = keyspace.and_then(|(_, keyspace)| profile.owner(&keyspace.owner)).map(|row| row.name);
    let owner = match needs.owner {
        Some(Owner::Declared { otherwise }) => Some(declared.unwrap_or(otherwise)),
        Some(Owner::Only(owner)) => Some(profile.owner(owner).map_or(owner, |row| row.name)),
        None => None,
    };
    needs.protocols.into_iter().chain(owner).collect()
}

/// Lets the subject read its settings. A subject without settings accepts only an empty value.
pub(super) fn settings(protocols: &Value, profile: &Profile) -> Result<Value, Misfit> {
    (profile.settings)(protocols).or_else(|misfit| {
        let nothing = protocols.as_object().is_some_and(serde_json::Map::is_empty);
        if nothing { (profile.settings)(&Value::Null).map_err(|_| misfit) } else { Err(misfit) }
    })
}

/// Unknown protocols, which a lenient subject ignores.
fn unknown_protocols(written: &Value, filled: &Value, profile: &Profile) -> Vec<Finding> {
    let (Some(written), Some(filled)) = (written.as_object(), filled.as_object()) else {
        return Vec::new();
    };
    let unknown = written.keys().filter(|name| !filled.contains_key(*name));
    let finding = |name: &String| {
        let finding =
            Finding::new(Path::of("protocols").key(name), format!("`{}` has no protocol `{name}`", profile.name));
        finding.at_key().help(suggest::cure(name, filled.keys().map(String::as_str)))
    };
    unknown.map(finding).collect()
}

/// The name of a scenario whose file has this name: run ids, traces and file names contain it, so a letter beyond ASCII
/// becomes its number, as in `ue9` for `é`, and anything else that does not fit becomes `-`.
#[must_use]
pub fn named_after(file: &str) -> String {
    let mut name = String::new();
    for letter in file.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() || "-_./".contains(letter) => name.push(letter),
            letter if letter.is_ascii() => name.push('-'),
            letter => name.push_str(&format!("u{:x}", u32::from(letter))),
        }
    }
    name.truncate(100);
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_different_names_give_scenarios_of_different_names() {
        assert_eq!(
            ["é", "ü", "my file", "a/b_c.d-1", ""].map(named_after),
            ["ue9", "ufc", "my-file", "a/b_c.d-1", "unnamed"]
        );
        assert_eq!(named_after(&"é".repeat(90)).len(), 100);
    }
}

//! A scenario file: read, checked, still with its ranges; a seed turns it into a run's data.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::diagnostic::{Finding, Problem};
use super::document::Document;
use super::format::Scenario;
use super::path::Path;
use super::range::{self, Pick, Range};
use super::resolved::Resolved;
use super::{digest, humane, rules, suggest};
use crate::chance::Seed;
use crate::subject::Profile;

/// A scenario that was read and found to make sense, for the least and for the greatest value of each of its ranges.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    pub(super) document: Document,
    /// What stands in the file, with the overlays that were put on it.
    pub(super) value: Value,
    pub(super) ranges: Vec<Range>,
    pub(super) profile: Profile,
    name: String,
    digest: u64,
    pub(super) switched: Vec<String>,
    pub(super) swarm: bool,
    /// What all seeds have in common; the whole scenario if there are no ranges.
    least: Arc<Scenario>,
}

impl ScenarioFile {
    /// Reads the text of a scenario that came from `file`; `name` is its name if it gives itself none.
    ///
    /// # Errors
    /// All that is wrong with it, as far as reading gets.
    pub fn parse(file: &str, name: &str, text: &str, subjects: &[Profile]) -> Result<Self, Problem> {
        let (document, value) = Document::parse(file, text)?;
        let problem = |findings| document.problem(findings);
        if !value.is_object() {
            return Err(problem(vec![Finding::new(Path::ROOT, "a scenario is an object: { … }")]));
        }
        let profile = subject(&value, subjects).map_err(|finding| problem(vec![finding]))?;
        let ranges = range::find(&value).map_err(problem)?;
        let least = extremes(&value, &ranges, &profile).map_err(problem)?;
        works(&value, &ranges, &profile, &least).map_err(problem)?;
        let name = if least.name.is_empty() { tidy(name) } else { least.name.clone() };
        let digest = digest::of(&least, &ranges, &profile);
        let least = Arc::new(Scenario { name: name.clone(), ..least });
        Ok(Self { document, value, ranges, profile, name, digest, switched: Vec::new(), swarm: false, least })
    }

    /// What stands in run ids and at the head of traces.
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

    /// The scenario with the least value of each range.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.least
    }

    /// A digest of what the file says: what equals its default is left out, as are `$schema`, `name`, `about`,
    /// `run.seed`, comments and spelling. Flaws that were switched on or off from outside do not move it.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// The first 32 bits of the digest, as run ids show them: 8 hex digits.
    #[must_use]
    pub fn short_digest(&self) -> String {
        format!("{:08x}", self.digest >> 32)
    }

    /// Draws all that the seed decides before the run. What was drawn from ranges and cannot work is drawn
    /// again.
    ///
    /// # Errors
    /// If nothing that works is drawn in many attempts, which reading the file has made all but impossible.
    pub fn resolve(&self, seed: Seed) -> Result<Resolved, Problem> {
        if self.ranges.is_empty() {
            return Ok(self.resolved(&self.least, seed));
        }
        let mut attempts = (0..ATTEMPTS).map(|attempt| draw(&self.value, &self.ranges, seed, attempt, &self.profile));
        let scenario = attempts.find_map(Result::ok).ok_or_else(|| {
            let message = format!("internal error: in {ATTEMPTS} attempts seed {seed} draws nothing that works");
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

    /// Gives it the name by which it was asked for.
    pub(super) fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self.reread();
        self
    }

    /// Reads the value again, after an overlay changed it.
    pub(super) fn reread(&mut self) {
        let least = one(&self.value, &self.ranges, Pick::Least, &self.profile);
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
        Some(_) => return Err(Finding::new(Path::of("subject"), "a subject is named by a string")),
    };
    let known = subjects.iter().map(|profile| profile.name);
    subjects.iter().find(|profile| profile.name == name).copied().ok_or_else(|| {
        let finding = Finding::new(Path::of("subject"), format!("there is no subject `{name}`"));
        let finding = if named.is_some() { finding } else { finding.label("`subject` is left out here") };
        finding.help(suggest::cure(name, known))
    })
}

/// Checks the file with all ranges at their ends and with every option of its choices, and returns it with the least.
fn extremes(value: &Value, ranges: &[Range], profile: &Profile) -> Result<Scenario, Vec<Finding>> {
    let mut least = None;
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for pick in range::extremes(ranges) {
        match one(value, ranges, pick, profile) {
            Ok(scenario) => least = least.or(Some(scenario)),
            Err(wrong) => findings.extend(wrong.into_iter().filter_map(|mut finding| {
                let new = seen.insert((finding.path.clone(), finding.message.clone()));
                finding.path = range::written(&finding.path, ranges, pick);
                new.then_some(finding)
            })),
        }
    }
    match least {
        Some(least) if findings.is_empty() => Ok(least),
        Some(_) | None => Err(findings),
    }
}

/// That what the subject is given can work: as it is written, or in the first draws of half of the seeds at least. That
/// the ends of two ranges cannot work together is no fault, as long as most of what lies between them can.
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
    let often = format!("what the ranges draw cannot work in {} of {SAMPLE} seeds", SAMPLE - working);
    Err(wrong
        .into_iter()
        .map(|finding| Finding { message: format!("{often}: {}", finding.message), ..finding })
        .collect())
}

/// So many seeds say how often what ranges draw works.
const SAMPLE: u64 = 64;
/// So often a seed draws until it has something that works: in files that were read, about half of the draws do at least.
const ATTEMPTS: u64 = 64;

/// The scenario of one draw, if what was drawn can work.
fn draw(
    value: &Value,
    ranges: &[Range],
    seed: Seed,
    attempt: u64,
    profile: &Profile,
) -> Result<Scenario, Vec<Finding>> {
    let scenario = one(value, ranges, Pick::Drawn(seed, attempt), profile)?;
    match rules::objection(&scenario, profile, value) {
        Some(finding) => Err(vec![finding]),
        None => Ok(scenario),
    }
}

/// The typed scenario with one choice of its ranges, the subject's defaults filled in.
fn one(value: &Value, ranges: &[Range], pick: Pick, profile: &Profile) -> Result<Scenario, Vec<Finding>> {
    let mut value = value.clone();
    range::fill(&mut value, ranges, pick);
    let mut scenario: Scenario = humane::read(&value).map_err(|finding| vec![finding])?;
    let findings = rules::uniform_bounds(&value);
    if !findings.is_empty() {
        return Err(findings);
    }
    scenario.run.lasts = scenario.run.ends();
    let mut findings = fill(&mut scenario, profile, &value);
    findings.extend(rules::check(&scenario, profile));
    if findings.is_empty() { Ok(scenario) } else { Err(findings) }
}

/// Lets the subject read its parts, and puts in what it returns.
fn fill(scenario: &mut Scenario, profile: &Profile, root: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, entry) in scenario.workload.iter_mut().enumerate() {
        match (profile.workload)(entry) {
            Ok(filled) => *entry = filled,
            Err(misfit) => findings.push(humane::misfit(&Path::of("workload").index(index), &misfit, root)),
        }
    }
    for (index, entry) in scenario.operations.iter_mut().enumerate() {
        match (profile.command)(&entry.command) {
            Ok(filled) => entry.command = filled,
            Err(misfit) => {
                let path = Path::of("operations").index(index).key("command");
                findings.push(humane::misfit(&path, &misfit, root));
            }
        }
    }
    name_what_is_needed(scenario, profile);
    match settings(&scenario.protocols, profile) {
        Ok(filled) => {
            findings.extend(unknown_protocols(&scenario.protocols, &filled, profile));
            findings.extend(rules::flaws(&filled, profile));
            findings.extend(rules::nothing_runs(&filled, profile));
            scenario.protocols = filled;
        }
        Err(misfit) => findings.push(humane::misfit(&Path::of("protocols"), &misfit, root)),
    }
    findings
}

/// Names the protocols without which clients have nobody to ask, or keys no owner.
fn name_what_is_needed(scenario: &mut Scenario, profile: &Profile) {
    let Some(named) = scenario.protocols.as_object_mut() else {
        return;
    };
    let owners = scenario.keyspaces.values().filter_map(|word| profile.owner(word)).map(|row| row.name);
    let work = scenario.workload.iter().map(profile.needs);
    let commands = scenario.operations.iter().map(|entry| (profile.command_needs)(&entry.command));
    let asked = work.chain(commands).filter_map(|needs| needs.protocol);
    for protocol in owners.chain(asked) {
        if !named.contains_key(protocol) {
            named.insert(protocol.to_owned(), Value::Object(serde_json::Map::new()));
        }
    }
}

/// Lets the subject read its settings. One without any reads only nothing at all.
pub(super) fn settings(protocols: &Value, profile: &Profile) -> Result<Value, crate::subject::Misfit> {
    (profile.settings)(protocols).or_else(|misfit| {
        let nothing = protocols.as_object().is_some_and(serde_json::Map::is_empty);
        if nothing { (profile.settings)(&Value::Null).map_err(|_| misfit) } else { Err(misfit) }
    })
}

/// Protocols that a subject which reads leniently did not read.
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

/// A file's own name as a scenario's name.
fn tidy(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    let tidy: String = name.chars().take(100).map(|letter| if fits(letter) { letter } else { '-' }).collect();
    if tidy.is_empty() { "unnamed".to_owned() } else { tidy }
}

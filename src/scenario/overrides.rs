//! Overlays from the command line: flaws switched on or off, and a swarm.

use serde_json::{Map, Value, json};

use super::diagnostic::{LoadStage, Problem};
use super::file::ScenarioFile;
use super::suggest;

impl ScenarioFile {
    /// The same scenario with these flaws switched on in addition to its own.
    ///
    /// # Errors
    /// If the subject has no such flaw, or its protocol does not run.
    pub fn with_flaws(mut self, ids: &[impl AsRef<str>]) -> Result<Self, Problem> {
        for id in ids.iter().map(AsRef::as_ref) {
            let Some((row, _)) = self.profile.flaws().find(|(_, flaw)| flaw.id == id) else {
                let message = format!("`{}` has no flaw `{id}`", self.profile.name);
                let help = suggest::cure(id, self.profile.flaws().map(|(_, flaw)| flaw.id));
                return Err(Problem::without_text(&self.document.file, LoadStage::Checking, message, Some(help)));
            };
            if !self.runs(row.name) {
                let message = format!("`{id}` is a flaw of `{}`, which does not run in this scenario", row.name);
                let help = Some(format!("name it there: \"protocols\": {{ \"{}\": {{}} }}", row.name));
                return Err(Problem::without_text(&self.document.file, LoadStage::Checking, message, help));
            }
            let flaws = self.flaws_of(row.name);
            if !flaws.iter().any(|on| on == id) {
                flaws.push(Value::String(id.to_owned()));
            }
            self.switched.push(id.to_owned());
        }
        self.switched.sort_unstable();
        self.switched.dedup();
        self.reread();
        Ok(self)
    }

    /// The same scenario without flaws; every invariant that the subject claims is expected to hold.
    #[must_use]
    pub fn without_flaws(mut self) -> Self {
        let protocols = self.value.get_mut("protocols").and_then(Value::as_object_mut);
        for (_, settings) in protocols.into_iter().flatten() {
            settings.as_object_mut().map(|settings| settings.remove("flaws"));
        }
        if let Some(expect) = self.value.get_mut("expect").and_then(Value::as_object_mut) {
            expect.remove("violates");
            expect.remove("holds");
        }
        self.switched = vec!["none".to_owned()];
        self.reread();
        self
    }

    /// The same scenario with every flaw of the protocols that run.
    #[must_use]
    pub fn as_written(self) -> Self {
        let flaws = self.profile.flaws().filter(|(row, _)| self.runs(row.name));
        let ids: Vec<_> = flaws.map(|(_, flaw)| flaw.id).collect();
        self.with_flaws(&ids).expect("these flaws are the subject's own")
    }

    fn runs(&self, protocol: &str) -> bool {
        (self.profile.running)(&self.scenario().protocols).iter().any(|row| row.name == protocol)
    }

    /// The same scenario with or without a swarm, in which each seed draws the kinds and the number of faults and how bad
    /// the links are.
    #[must_use]
    pub const fn with_swarm(mut self, swarm: bool) -> Self {
        self.swarm = swarm;
        self
    }

    /// Whether each seed draws its own kinds of faults.
    #[must_use]
    pub const fn is_swarm(&self) -> bool {
        self.swarm
    }

    /// The flaws that were switched on, in order, for the run id; `none` if they were removed; empty without an overlay.
    #[must_use]
    pub fn switched(&self) -> &[String] {
        &self.switched
    }

    fn flaws_of(&mut self, protocol: &str) -> &mut Vec<Value> {
        let root = self.value.as_object_mut().expect("a scenario is an object");
        let protocols = object(root, "protocols");
        let settings = object(protocols, protocol);
        let flaws = settings.entry("flaws").or_insert_with(|| json!([]));
        flaws.as_array_mut().expect("flaws were read as a list")
    }
}

fn object<'a>(fields: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let inner = fields.entry(key).or_insert_with(|| json!({}));
    inner.as_object_mut().expect("settings were read as an object")
}

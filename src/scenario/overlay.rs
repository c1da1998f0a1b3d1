//! What the command line puts over a file: flaws switched on or off, and a swarm.

use serde_json::{Map, Value, json};

use super::diagnostic::{Problem, Stage};
use super::file::ScenarioFile;
use super::suggest;

impl ScenarioFile {
    /// The same scenario with these flaws switched on besides its own.
    ///
    /// # Errors
    /// If the subject has no such flaw.
    pub fn with_flaws(mut self, ids: &[impl AsRef<str>]) -> Result<Self, Problem> {
        for id in ids.iter().map(AsRef::as_ref) {
            let Some((row, _)) = self.profile.flaws().find(|(_, flaw)| flaw.id == id) else {
                let message = format!("`{}` has no flaw `{id}`", self.profile.name);
                let help = suggest::cure(id, self.profile.flaws().map(|(_, flaw)| flaw.id));
                return Err(Problem::without_text(&self.document.file, Stage::Checking, message, Some(help)));
            };
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

    /// The same scenario without any flaw, of which all that the subject claims is expected to hold.
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

    /// The same scenario with every flaw that the subject has: the protocols as they were first written down.
    #[must_use]
    pub fn as_written(self) -> Self {
        let ids: Vec<_> = self.profile.flaws().map(|(_, flaw)| flaw.id).collect();
        self.with_flaws(&ids).expect("these flaws are the subject's own")
    }

    /// The same scenario, of which each seed draws which kinds of faults there are, how many, and how bad the links are;
    /// or not any more.
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

    /// What was switched from outside, for the run id: the flaws in order, or `none`; empty if nothing was.
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

//! The path from a file's root to a place in it: `faults[2].fault.kill.target`.

use std::fmt;

use serde_json::Value;

/// Keys and indices, from the root on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<Step>);

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    pub(super) const ROOT: Self = Self(Vec::new());

    pub(super) fn of(key: &str) -> Self {
        Self::ROOT.key(key)
    }

    pub(super) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    pub(super) fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub(super) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The path without its last step, and that step; `None` for the root.
    pub(super) fn split_last(&self) -> Option<(Self, &Step)> {
        let (last, before) = self.0.split_last()?;
        Some((Self(before.to_vec()), last))
    }

    /// The path up to its first index: an entry of a list.
    pub(super) fn entry(&self) -> Option<Self> {
        let index = self.0.iter().position(|step| matches!(step, Step::Index(_)))?;
        Some(Self(self.0[..=index].to_vec()))
    }

    /// The keys on the path, without the indices.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
    }

    /// The last key, if the path ends with a key.
    pub(super) fn last_key(&self) -> Option<&str> {
        match self.0.last()? {
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        }
    }

    /// Whether this is the path of a command, which only the subject interprets.
    pub(super) fn is_command(&self) -> bool {
        match self.0.as_slice() {
            [Step::Key(list), Step::Index(_), Step::Key(key)] => list == "operations" && key == "command",
            [..] => false,
        }
    }

    /// Whether the path is that of an anchor of a keyspace, one in a choice of them too: its rule may look like a choice.
    pub(super) fn is_anchor(&self) -> bool {
        let [Step::Key(spaces), Step::Key(_), Step::Key(anchors), rest @ ..] = self.0.as_slice() else { return false };
        let is_one = match rest {
            [Step::Index(_)] => true,
            [Step::Key(choice), Step::Index(_), Step::Index(_)] => choice == "one_of",
            [..] => false,
        };
        spaces == "keyspaces" && anchors == "anchors" && is_one
    }

    pub(super) fn starts_with(&self, start: &Self) -> bool {
        self.0.starts_with(&start.0)
    }

    /// This path extended by `segments`, as serde names them; numbers (with or without brackets) are indices if `root` has
    /// a list there.
    pub(super) fn join<'a>(&self, segments: impl IntoIterator<Item = &'a str>, root: &Value) -> Self {
        let mut path = self.clone();
        for segment in segments {
            let in_list = path.get(root).is_some_and(Value::is_array);
            let step = match segment.trim_matches(['[', ']']).parse() {
                Ok(index) if in_list => Step::Index(index),
                Ok(_) | Err(_) => Step::Key(segment.to_owned()),
            };
            path.0.push(step);
        }
        path
    }

    /// The value at this path.
    pub(super) fn get<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    pub(super) fn get_mut<'a>(&self, root: &'a mut Value) -> Option<&'a mut Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(index),
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if place == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

//! The values of a history, each stored once.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A value, by the order of first occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::check) struct ValueId(u32);

impl From<ValueId> for u32 {
    fn from(ValueId(index): ValueId) -> Self {
        index
    }
}

/// All values that occurred, as JSON.
#[derive(Clone, Debug)]
pub(in crate::check) struct Values {
    known: BTreeMap<Arc<str>, ValueId>,
    texts: Vec<Arc<str>>,
}

impl Values {
    /// The initial value of registers.
    pub(in crate::check) const NULL: ValueId = ValueId(0);

    pub(super) fn new() -> Self {
        let null: Arc<str> = "null".into();
        Self { known: BTreeMap::from([(Arc::clone(&null), Self::NULL)]), texts: vec![null] }
    }

    /// The value of this canonical text.
    pub(super) fn id(&mut self, text: &str) -> ValueId {
        if let Some(id) = self.known.get(text) {
            return *id;
        }
        let id = ValueId(u32::try_from(self.texts.len()).expect("so many values fit no memory"));
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.known.insert(text, id);
        id
    }

    pub(super) fn text(&self, ValueId(index): ValueId) -> &str {
        &self.texts[index as usize]
    }
}

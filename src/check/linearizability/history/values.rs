//! The values of a history, each stored once.

use super::texts::Texts;

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
    texts: Texts,
}

impl Values {
    /// The initial value of registers.
    pub(in crate::check) const NULL: ValueId = ValueId(0);

    pub(super) fn new() -> Self {
        let mut texts = Texts::default();
        texts.place("null");
        Self { texts }
    }

    /// The value of this canonical text.
    pub(super) fn id(&mut self, text: &str) -> ValueId {
        ValueId(self.texts.place(text))
    }

    pub(super) fn text(&self, ValueId(place): ValueId) -> &str {
        self.texts.text(place)
    }
}

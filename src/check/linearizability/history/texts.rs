//! Texts, each stored once, and known by its place.

/// Different texts in the order of their first occurrence, in one piece of memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    bytes: String,
    /// The end of each text in it.
    ends: Vec<usize>,
    /// By hash: the place of a text and one; 0 if there is none. At most half of it is used. Nothing depends on its order.
    slots: Vec<u32>,
}

/// The number of slots of a table that is not empty.
const LEAST: usize = 1 << 6;

impl Texts {
    /// The place of a text, which is new or known.
    pub(super) fn place(&mut self, text: &str) -> u32 {
        if self.ends.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(text);
        if let Some(place) = self.slots[slot].checked_sub(1) {
            return place;
        }
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        self.slots[slot] = u32::try_from(self.ends.len()).expect("so many texts fit no memory");
        self.slots[slot] - 1
    }

    /// The place of a text, if it is known.
    pub(super) fn known(&self, text: &str) -> Option<u32> {
        if self.slots.is_empty() { None } else { self.slots[self.slot(text)].checked_sub(1) }
    }

    /// The text at a place.
    pub(super) fn text(&self, place: u32) -> &str {
        let place = place as usize;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[place]]
    }

    /// The number of texts.
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// The slot of a text, or the free one that it would have.
    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(text) & mask;
        while let Some(place) = self.slots[slot].checked_sub(1)
            && self.text(place) != text
        {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(LEAST)];
        for place in 0..self.ends.len() as u32 {
            let slot = self.slot(self.text(place));
            self.slots[slot] = place + 1;
        }
    }
}

/// The hash of Fowler, Noll and Vo, with its upper bits mixed in.
fn hash(text: &str) -> usize {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_has_the_place_of_its_first_occurrence(all in vec("[ab]{0,6}", 0..300)) {
            let (mut texts, mut plain) = (Texts::default(), Vec::<String>::new());
            for text in &all {
                let known = plain.iter().position(|one| one == text);
                prop_assert_eq!(texts.known(text).map(|place| place as usize), known);
                if known.is_none() {
                    plain.push(text.clone());
                }
                let place = texts.place(text);
                prop_assert_eq!(texts.text(place), text);
                prop_assert_eq!(Some(place as usize), plain.iter().position(|one| one == text));
            }
            prop_assert_eq!(texts.len(), plain.len());
        }
    }
}

//! The bytes of records before they are hashed.

/// A buffer that is filled from the front in pieces of known length. It is allocated in advance, so that a
/// piece costs one comparison and no call.
#[derive(Clone, Debug)]
pub(super) struct Block {
    bytes: Vec<u8>,
    used: usize,
}

impl Block {
    pub(super) fn new(size: usize) -> Self {
        Self { bytes: vec![0; size], used: 0 }
    }

    #[inline]
    pub(super) fn has_room(&self, length: usize) -> bool {
        length <= self.bytes.len() - self.used
    }

    /// Makes room if there is none.
    pub(super) fn grow(&mut self, length: usize) {
        if !self.has_room(length) {
            self.bytes.resize(self.used + length, 0);
        }
    }

    /// The free room, to write into from the front.
    #[inline]
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.used..]
    }

    /// Keeps what was written into the room; `left` bytes of it are still free.
    #[inline]
    pub(super) const fn keep_all_but(&mut self, left: usize) {
        self.used = self.bytes.len() - left;
    }

    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    pub(super) const fn clear(&mut self) {
        self.used = 0;
    }
}

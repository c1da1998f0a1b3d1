//! A node's disk: a log whose tail is not durable before a sync.

use crate::process::Stored;

/// The log on a disk, and what was written but not synced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Disk<E> {
    durable: Vec<Stored<E>>,
    unsynced: Vec<Write<E>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Write<E> {
    Append(E),
    Rewrite(Vec<E>),
}

impl<E> Default for Disk<E> {
    fn default() -> Self {
        Self { durable: Vec::new(), unsynced: Vec::new() }
    }
}

impl<E: Clone> Disk<E> {
    pub(crate) fn holding(entries: Vec<E>) -> Self {
        Self { durable: entries.into_iter().map(Stored::Intact).collect(), unsynced: Vec::new() }
    }

    pub(crate) fn append(&mut self, entry: E) {
        self.unsynced.push(Write::Append(entry));
    }

    pub(crate) fn rewrite(&mut self, entries: Vec<E>) {
        self.unsynced.push(Write::Rewrite(entries));
    }

    /// How many writes are not durable: what a sync that begins now will cover.
    pub(crate) fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// Makes the first `count` unsynced writes durable.
    pub(crate) fn settle(&mut self, count: usize) {
        for write in self.unsynced.drain(..count) {
            match write {
                Write::Append(entry) => self.durable.push(Stored::Intact(entry)),
                Write::Rewrite(entries) => self.durable = entries.into_iter().map(Stored::Intact).collect(),
            }
        }
    }

    /// Loses what is not durable. With `tear`, an append that is lost first leaves a torn entry; whether one did.
    pub(crate) fn crash(&mut self, tear: bool) -> bool {
        let torn = tear && matches!(self.unsynced.first(), Some(Write::Append(_)));
        if torn {
            self.durable.push(Stored::Torn);
        }
        self.unsynced.clear();
        torn
    }

    /// The same with every entry in other words.
    pub(crate) fn reworded(&self, word: impl Fn(&E) -> E) -> Self {
        let stored = |entry: &Stored<E>| match entry {
            Stored::Intact(entry) => Stored::Intact(word(entry)),
            Stored::Torn => Stored::Torn,
            Stored::Damaged => Stored::Damaged,
        };
        let write = |write: &Write<E>| match write {
            Write::Append(entry) => Write::Append(word(entry)),
            Write::Rewrite(entries) => Write::Rewrite(entries.iter().map(&word).collect()),
        };
        Self { durable: self.durable.iter().map(stored).collect(), unsynced: self.unsynced.iter().map(write).collect() }
    }

    /// Loses everything.
    pub(crate) fn wipe(&mut self) {
        self.durable.clear();
        self.unsynced.clear();
    }

    /// How many durable entries can still be read.
    pub(crate) fn intact(&self) -> usize {
        self.durable.iter().filter(|entry| matches!(entry, Stored::Intact(_))).count()
    }

    /// Makes the `at`-th of the durable entries that can be read unreadable.
    pub(crate) fn damage(&mut self, at: usize) {
        let mut readable = self.durable.iter_mut().filter(|entry| matches!(entry, Stored::Intact(_)));
        if let Some(entry) = readable.nth(at) {
            *entry = Stored::Damaged;
        }
    }

    /// What a start is handed.
    pub(crate) fn entries(&self) -> &[Stored<E>] {
        &self.durable
    }

    /// Forgets torn entries: a start that saw them dropped them.
    pub(crate) fn drop_torn(&mut self) {
        self.durable.retain(|entry| !matches!(entry, Stored::Torn));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_loses_what_was_not_synced_and_nothing_else() {
        let mut disk = Disk::default();
        disk.append(1);
        disk.append(2);
        disk.settle(1);
        assert!(!disk.crash(false));
        assert_eq!(disk.entries(), [Stored::Intact(1)]);
    }

    #[test]
    fn a_torn_tail_shows_once() {
        let mut disk = Disk::default();
        disk.append(1);
        assert!(disk.crash(true));
        assert_eq!(disk.entries(), [Stored::Torn]);
        disk.drop_torn();
        assert!(disk.entries().is_empty());
        assert!(!disk.crash(true), "nothing unsynced, nothing torn");
    }

    #[test]
    fn a_rewrite_is_atomic() {
        let mut disk = Disk::holding(vec![1, 2, 3]);
        disk.rewrite(vec![9]);
        let mut crashed = disk.clone();
        crashed.crash(true);
        assert_eq!(crashed.entries(), [Stored::Intact(1), Stored::Intact(2), Stored::Intact(3)]);
        disk.settle(1);
        assert_eq!(disk.entries(), [Stored::Intact(9)]);
    }

    #[test]
    fn damage_is_handed_over_as_such() {
        let mut disk = Disk::holding(vec![1, 2, 3]);
        disk.damage(1);
        assert_eq!(disk.entries(), [Stored::Intact(1), Stored::Damaged, Stored::Intact(3)]);
        assert_eq!(disk.intact(), 2);
    }
}

//! A node's disk: one file per lane, one order of writes, and a tail that is not durable before a sync.

use crate::identity::LaneId;
use crate::process::{Lane, Stored};

/// The files on a disk, and the writes that are not synced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Disk<E> {
    /// By file, in the order of the lanes; within a file in the order of the writes.
    durable: Vec<Stored<E>>,
    /// The unsynced writes to all files, in one order.
    unsynced: Vec<Write<E>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Write<E> {
    Append(E),
    Rewrite(LaneId, Vec<E>),
}

impl<E> Default for Disk<E> {
    fn default() -> Self {
        Self { durable: Vec::new(), unsynced: Vec::new() }
    }
}

/// The lane whose file holds an entry.
fn file_of<E: Lane>(stored: &Stored<E>) -> LaneId {
    match stored {
        Stored::Intact(entry) => entry.lane(),
        Stored::Torn(file) | Stored::Damaged(file) => *file,
    }
}

impl<E: Clone + Lane> Disk<E> {
    pub(crate) fn holding(entries: Vec<E>) -> Self {
        let mut disk = Self::default();
        entries.into_iter().for_each(|entry| disk.add(Stored::Intact(entry)));
        disk
    }

    pub(crate) fn append(&mut self, entry: E) {
        self.unsynced.push(Write::Append(entry));
    }

    pub(crate) fn rewrite(&mut self, file: LaneId, entries: Vec<E>) {
        debug_assert!(entries.iter().all(|entry| entry.lane() == file), "a rewrite replaces one file alone");
        self.unsynced.push(Write::Rewrite(file, entries));
    }

    /// The number of writes that are not durable, which a sync that begins now will cover.
    pub(crate) fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// Makes the first `count` unsynced writes durable.
    pub(crate) fn settle(&mut self, count: usize) {
        for write in self.unsynced.drain(..count).collect::<Vec<_>>() {
            match write {
                Write::Append(entry) => self.add(Stored::Intact(entry)),
                Write::Rewrite(file, entries) => {
                    let (begin, end) = (self.begin_of(file), self.end_of(file));
                    self.durable.splice(begin..end, entries.into_iter().map(Stored::Intact));
                }
            }
        }
    }

    /// Loses the writes that are not durable. With `tear`, the first lost append, if any, leaves a torn entry; returns
    /// whether one did.
    pub(crate) fn crash(&mut self, tear: bool) -> bool {
        let torn = match self.unsynced.first() {
            Some(Write::Append(entry)) if tear => Some(entry.lane()),
            Some(Write::Append(_) | Write::Rewrite(..)) | None => None,
        };
        if let Some(file) = torn {
            self.add(Stored::Torn(file));
        }
        self.unsynced.clear();
        torn.is_some()
    }

    /// The same disk with every entry transformed.
    pub(crate) fn reworded(&self, word: impl Fn(&E) -> E) -> Self {
        let stored = |entry: &Stored<E>| match entry {
            Stored::Intact(entry) => Stored::Intact(word(entry)),
            Stored::Torn(file) => Stored::Torn(*file),
            Stored::Damaged(file) => Stored::Damaged(*file),
        };
        let write = |write: &Write<E>| match write {
            Write::Append(entry) => Write::Append(word(entry)),
            Write::Rewrite(file, entries) => Write::Rewrite(*file, entries.iter().map(&word).collect()),
        };
        Self { durable: self.durable.iter().map(stored).collect(), unsynced: self.unsynced.iter().map(write).collect() }
    }

    /// Loses everything.
    pub(crate) fn wipe(&mut self) {
        self.durable.clear();
        self.unsynced.clear();
    }

    /// The number of durable entries that can be read.
    pub(crate) fn intact(&self) -> usize {
        self.durable.iter().filter(|entry| matches!(entry, Stored::Intact(_))).count()
    }

    /// Makes the `nth` readable durable entry unreadable, counted from 0 over all files; returns its file, and its
    /// place there from 1.
    ///
    /// # Panics
    /// If no more than `nth` entries can be read.
    pub(crate) fn damage(&mut self, nth: usize) -> (LaneId, u32) {
        let mut readable = self.durable.iter().enumerate().filter(|(_, entry)| matches!(entry, Stored::Intact(_)));
        let (at, entry) = readable.nth(nth).expect("so many entries can be read");
        let file = file_of(entry);
        let place = at + 1 - self.begin_of(file);
        self.durable[at] = Stored::Damaged(file);
        (file, u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// The entries that a start reads.
    pub(crate) fn entries(&self) -> &[Stored<E>] {
        &self.durable
    }

    /// Removes torn entries after a start, which has dropped them.
    pub(crate) fn drop_torn(&mut self) {
        self.durable.retain(|entry| !matches!(entry, Stored::Torn(_)));
    }

    /// Appends an entry to its file.
    fn add(&mut self, entry: Stored<E>) {
        let end = self.end_of(file_of(&entry));
        self.durable.insert(end, entry);
    }

    fn begin_of(&self, file: LaneId) -> usize {
        self.durable.partition_point(|entry| file_of(entry) < file)
    }

    fn end_of(&self, file: LaneId) -> usize {
        self.durable.partition_point(|entry| file_of(entry) <= file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 100 on have a file of their own.
    impl Lane for i32 {
        fn lane(&self) -> LaneId {
            LaneId::new(u8::from(*self >= 100))
        }
    }

    const LOW: LaneId = LaneId::new(0);
    const HIGH: LaneId = LaneId::new(1);

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
        disk.append(100);
        assert!(disk.crash(true));
        assert_eq!(disk.entries(), [Stored::Torn(HIGH)]);
        disk.drop_torn();
        assert!(disk.entries().is_empty());
        assert!(!disk.crash(true), "nothing unsynced, nothing torn");
    }

    #[test]
    fn a_rewrite_is_atomic() {
        let mut disk = Disk::holding(vec![1, 2, 3]);
        disk.rewrite(LOW, vec![9]);
        let mut crashed = disk.clone();
        crashed.crash(true);
        assert_eq!(crashed.entries(), [Stored::Intact(1), Stored::Intact(2), Stored::Intact(3)]);
        disk.settle(1);
        assert_eq!(disk.entries(), [Stored::Intact(9)]);
    }

    #[test]
    fn a_rewrite_replaces_one_file_and_a_crash_keeps_a_prefix_of_all_writes() {
        let mut disk = Disk::holding(vec![100, 1, 101, 2]);
        assert_eq!(disk.entries(), [1, 2, 100, 101].map(Stored::Intact), "file by file");
        disk.append(102);
        disk.rewrite(LOW, vec![9]);
        disk.append(103);
        disk.append(10);
        disk.settle(3);
        disk.crash(false);
        assert_eq!(disk.entries(), [9, 100, 101, 102, 103].map(Stored::Intact));
    }

    #[test]
    fn damage_is_handed_over_with_its_file_and_place() {
        let mut disk = Disk::holding(vec![1, 2, 100, 101]);
        assert_eq!(disk.damage(1), (LOW, 2));
        assert_eq!(disk.damage(2), (HIGH, 2));
        assert_eq!(
            disk.entries(),
            [Stored::Intact(1), Stored::Damaged(LOW), Stored::Intact(100), Stored::Damaged(HIGH)]
        );
        assert_eq!(disk.intact(), 2);
    }
}

//! The edit distance of two texts.

use std::iter::zip;

const BITS: usize = u64::BITS as usize;

/// How many Unicode scalar values must be inserted, removed or replaced to make one text of the other (Levenshtein 1966).
///
/// Sixty-four rows of the matrix of prefixes are one step: only the differences between neighbours are kept, a bit each
/// (Myers 1999, in the form of Hyyrö 2003). What both texts begin and end with costs nothing.
#[must_use]
pub fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let begin = zip(&one, &other).take_while(|(left, right)| left == right).count();
    let (one, other) = (&one[begin..], &other[begin..]);
    let end = zip(one.iter().rev(), other.iter().rev()).take_while(|(left, right)| left == right).count();
    let (one, other) = (&one[..one.len() - end], &other[..other.len() - end]);
    let (rows, columns) = if one.len() < other.len() { (one, other) } else { (other, one) };
    if rows.is_empty() { columns.len() } else { last_cell(rows, columns) }
}

/// Sixty-four neighbouring rows of one column: where a cell is one more, or one less, than the cell above it.
#[derive(Clone)]
struct Block {
    more: u64,
    less: u64,
}

/// What a block hands on to the one below: whether its last cell is one more, or one less, than the one to its left.
#[derive(Clone, Copy)]
struct Carry {
    more: u64,
    less: u64,
}

/// The last cell of the matrix, found column by column.
fn last_cell(rows: &[char], columns: &[char]) -> usize {
    let places = Places::of(rows);
    let mut blocks = vec![Block { more: !0, less: 0 }; rows.len().div_ceil(BITS)];
    let last = (rows.len() - 1) % BITS;
    let mut cell = rows.len();
    for column in columns {
        // The cells of the row of the empty text rise by one from column to column.
        let mut carry = Carry { more: 1, less: 0 };
        let mut bottom = carry;
        for (block, equal) in zip(&mut blocks, places.of_letter(*column)) {
            (bottom, carry) = block.step(*equal, carry, last);
        }
        cell = cell + bottom.more as usize - bottom.less as usize;
    }
    cell
}

impl Block {
    /// Goes on to the next column, whose letter stands in the rows `equal`. Gives how the cell in row `last` differs from
    /// the one to its left, and how the lowest cell does.
    fn step(&mut self, equal: u64, above: Carry, last: usize) -> (Carry, Carry) {
        let seen = equal | above.less;
        let diagonal = ((seen & self.more).wrapping_add(self.more) ^ self.more) | seen | self.less;
        let (more, less) = (self.less | !(diagonal | self.more), diagonal & self.more);
        let at = |row: usize| Carry { more: more >> row & 1, less: less >> row & 1 };
        let (shifted_more, shifted_less) = (more << 1 | above.more, less << 1 | above.less);
        *self = Self { more: shifted_less | !(diagonal | shifted_more), less: shifted_more & diagonal };
        (at(last), at(BITS - 1))
    }
}

/// In which rows each letter stands: a bit for each row.
struct Places {
    /// Sorted.
    letters: Vec<char>,
    /// Those of the first letter, then of the second, and so on; last those of a letter that stands nowhere.
    rows: Vec<u64>,
    blocks: usize,
}

impl Places {
    fn of(text: &[char]) -> Self {
        let mut letters = text.to_vec();
        letters.sort_unstable();
        letters.dedup();
        let blocks = text.len().div_ceil(BITS);
        let rows = vec![0; (letters.len() + 1) * blocks];
        let mut places = Self { letters, rows, blocks };
        for (row, letter) in text.iter().enumerate() {
            let from = places.from(*letter);
            places.rows[from + row / BITS] |= 1 << (row % BITS);
        }
        places
    }

    fn of_letter(&self, letter: char) -> &[u64] {
        let from = self.from(letter);
        &self.rows[from..from + self.blocks]
    }

    fn from(&self, letter: char) -> usize {
        self.letters.binary_search(&letter).unwrap_or(self.letters.len()) * self.blocks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The whole matrix of prefixes, cell by cell.
    fn by_matrix(one: &str, other: &str) -> usize {
        let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
        let mut cells = vec![vec![0; other.len() + 1]; one.len() + 1];
        for row in 0..=one.len() {
            for column in 0..=other.len() {
                cells[row][column] = if row == 0 || column == 0 {
                    row + column
                } else {
                    let replaced = cells[row - 1][column - 1] + usize::from(one[row - 1] != other[column - 1]);
                    replaced.min(cells[row - 1][column] + 1).min(cells[row][column - 1] + 1)
                };
            }
        }
        cells[one.len()][other.len()]
    }

    #[test]
    fn the_distance_counts_scalar_values_and_not_bytes() {
        for (one, other, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("naïve", "naive", 1),
            ("e\u{301}", "é", 2),
            ("𝄞", "", 1),
        ] {
            assert_eq!((distance(one, other), distance(other, one)), (edits, edits), "{one} {other}");
        }
    }

    #[test]
    fn long_texts_take_more_than_one_block() {
        let (one, other) = ("ab".repeat(300), "ba".repeat(301));
        assert_eq!(distance(&one, &other), by_matrix(&one, &other));
        for length in [63, 64, 65, 127, 128, 129] {
            assert_eq!(distance(&"a".repeat(length), &"b".repeat(length + 1)), length + 1);
            assert_eq!(distance(&"a".repeat(length), &format!("b{}c", "a".repeat(length))), 2);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn the_distance_is_that_of_the_matrix(one in "[ab]{0,20}|[a-cé]{0,140}", other in "[ab]{0,20}|[a-cé]{0,140}") {
            let edits = distance(&one, &other);
            prop_assert_eq!(edits, by_matrix(&one, &other));
            prop_assert_eq!(edits, distance(&other, &one));
        }

        #[test]
        fn a_few_edits_are_found_in_a_long_text(text in "[a-d]{60,200}", edits in prop::collection::vec((0..60_usize, 0..3_u8, "[a-d]"), 0..6)) {
            let mut letters: Vec<char> = text.chars().collect();
            for (place, kind, letter) in &edits {
                let letter = letter.chars().next().expect("one letter");
                match kind {
                    0 => letters.insert(*place, letter),
                    1 => letters[*place] = letter,
                    _ => _ = letters.remove(*place % letters.len()),
                }
                letters.resize(letters.len().max(60), 'a');
            }
            let other: String = letters.into_iter().collect();
            prop_assert_eq!(distance(&text, &other), by_matrix(&text, &other));
        }
    }
}

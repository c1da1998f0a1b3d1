//! Small tables for people.

use anstyle::Style;
use comfy_table::{CellAlignment, Table, presets};

/// A table without lines; columns of numbers are right-aligned, all others left-aligned.
#[derive(Debug)]
pub(super) struct Grid {
    table: Table,
    /// The highlighted word of each row, and its style.
    words: Vec<(String, Style)>,
}

impl Grid {
    /// A table with these titles; `#` at the start of a title marks a column of numbers.
    pub(super) fn new(titles: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(titles.iter().map(|title| title.trim_start_matches('#')));
        for (index, title) in titles.iter().enumerate() {
            let column = table.column_mut(index).expect("there is one a title");
            column.set_padding((0, 2));
            if title.starts_with('#') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self { table, words: Vec::new() }
    }

    /// Adds a row, and shows one word of it in a style.
    pub(super) fn row(&mut self, cells: Vec<String>, word: &str, style: Style) {
        // A line break in a cell would split the row.
        self.table.add_row(cells.into_iter().map(|cell| cell.replace(['\n', '\r'], " ")));
        self.words.push((word.to_owned(), style));
    }

    /// Adds a row.
    pub(super) fn plain(&mut self, cells: Vec<String>) {
        self.row(cells, "", Style::new());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The table, each line indented by two.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        for (index, line) in self.table.lines().enumerate() {
            let line = line.trim_end();
            let line = match index.checked_sub(1).and_then(|row| self.words.get(row)) {
                None => format!("{0}{line}{0:#}", super::shell::FAINT),
                Some((word, style)) if !word.is_empty() => line.replacen(word, &format!("{style}{word}{style:#}"), 1),
                Some(_) => line.to_owned(),
            };
            text.push_str(&format!("  {line}\n"));
        }
        text
    }
}

/// A number with commas: `20,000`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 seed`, `2 seeds`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_row_stays_one_line() {
        let mut grid = Grid::new(&["name", "#count"]);
        grid.plain(vec!["a\nb".to_owned(), "1".to_owned()]);
        assert_eq!(grid.render().lines().count(), 2);
    }
}

//! Small tables for people.

use anstyle::Style;
use comfy_table::{CellAlignment, Table, presets};

use crate::wrap::{letters, wrap};

/// A table without lines; columns of numbers are right-aligned, all others left-aligned.
#[derive(Debug)]
pub(super) struct Grid {
    titles: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    /// The highlighted word, and its style.
    word: String,
    style: Style,
}

/// The space between two columns.
const GAP: usize = 2;

impl Grid {
    /// A table with these titles; `#` at the start of a title marks a column of numbers.
    pub(super) fn new(titles: &[&str]) -> Self {
        Self { titles: titles.iter().map(|title| (*title).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row, and shows one word of it in a style.
    pub(super) fn row(&mut self, cells: Vec<String>, word: &str, style: Style) {
        // A line break in a cell would split the row.
        let cells = cells.into_iter().map(|cell| cell.replace(['\n', '\r'], " ")).collect();
        self.rows.push(Row { cells, word: word.to_owned(), style });
    }

    /// Adds a row.
    pub(super) fn plain(&mut self, cells: Vec<String>) {
        self.row(cells, "", Style::new());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table, each line indented by two; in a terminal its cells are wrapped at words.
    pub(super) fn render(&self, width: Option<usize>) -> String {
        let widths = self.widths(width.unwrap_or(usize::MAX));
        let mut table = self.header();
        // The style of each line, and what is shown in it.
        let mut styles = vec![None];
        for Row { cells, word, style } in &self.rows {
            let wrapped = cells.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width, 0));
            let wrapped: Vec<String> = wrapped.collect();
            let height = wrapped.iter().map(|cell| cell.lines().count()).max().unwrap_or_default().max(1);
            let whole = cells.iter().zip(&wrapped).find(|(cell, _)| *cell == word).map(|(_, wrapped)| wrapped);
            let marked: Vec<&str> = whole.unwrap_or(word).lines().collect();
            styles.extend(
                (0..height).map(|line| Some((marked.get(line).copied().unwrap_or_default().to_owned(), style))),
            );
            table.add_row(wrapped);
        }
        let lines = table.lines().zip(styles).map(|(line, mark)| {
            let line = line.trim_end();
            match mark {
                None => format!("  {0}{line}{0:#}\n", super::shell::FAINT),
                Some((word, style)) if !word.is_empty() => {
                    format!("  {}\n", line.replacen(&word, &format!("{style}{word}{style:#}"), 1))
                }
                Some(_) => format!("  {line}\n"),
            }
        });
        lines.collect()
    }

    fn header(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(self.titles.iter().map(|title| title.trim_start_matches('#')));
        for (index, title) in self.titles.iter().enumerate() {
            let column = table.column_mut(index).expect("there is one a title");
            column.set_padding((0, GAP as u16));
            if title.starts_with('#') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// The widths of the columns, so that the table fits if its words do: the widest column gives way first, but not below
    /// its longest word.
    fn widths(&self, most: usize) -> Vec<usize> {
        let columns = 0..self.titles.len();
        let of = |measure: fn(&str) -> usize| {
            let column = |index| self.column(index).map(measure).max().unwrap_or_default();
            columns.clone().map(column).collect::<Vec<_>>()
        };
        let least = of(|cell| cell.split(' ').map(letters).max().unwrap_or_default());
        let mut widths = of(letters);
        let gaps = GAP * self.titles.len();
        while widths.iter().sum::<usize>() + gaps > most {
            let wide =
                columns.clone().filter(|index| widths[*index] > least[*index]).max_by_key(|index| widths[*index]);
            match wide {
                Some(index) => widths[index] -= 1,
                None => break,
            }
        }
        widths
    }

    /// The title and the cells of a column.
    fn column(&self, index: usize) -> impl Iterator<Item = &str> {
        let cells = self.rows.iter().filter_map(move |row| row.cells.get(index));
        std::iter::once(self.titles[index].trim_start_matches('#')).chain(cells.map(String::as_str))
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
        assert_eq!(grid.render(None).lines().count(), 2);
    }

    #[test]
    fn cells_are_wrapped_at_words_and_names_and_numbers_are_not() {
        let mut grid = Grid::new(&["name", "#count", "about"]);
        grid.row(vec!["a-long-name".to_owned(), "1,000".to_owned(), "what it is for".to_owned()], "", Style::new());
        grid.row(vec!["b".to_owned(), "7".to_owned(), "short".to_owned()], "", Style::new());
        let plain = |width| anstream::adapter::strip_str(&grid.render(width)).to_string();
        insta::assert_snapshot!(plain(None), @r"
          name         count  about
          a-long-name  1,000  what it is for
          b                7  short
        ");
        insta::assert_snapshot!(plain(Some(30)), @r"
          name         count  about
          a-long-name  1,000  what it
                              is for
          b                7  short
        ");
    }

    #[test]
    fn a_highlighted_cell_is_highlighted_on_each_of_its_lines() {
        let mut grid = Grid::new(&["what"]);
        grid.row(vec!["one two three".to_owned()], "one two three", super::super::shell::BAD);
        let text = grid.render(Some(10));
        assert_eq!(text.matches(&super::super::shell::BAD.to_string()).count(), 2, "{text:?}");
    }
}

//! Lines that are broken at words, so that they fit a terminal.

/// A text whose lines have at most `width` letters if their words allow it: a word is never broken. What was broken off a
/// line is indented by `hang` more than the line was. Escape codes of styles have no width.
pub(crate) fn wrap(text: &str, width: usize, hang: usize) -> String {
    let lines = text.split('\n').map(|line| wrap_line(line, width, hang));
    lines.collect::<Vec<_>>().join("\n")
}

fn wrap_line(line: &str, width: usize, hang: usize) -> String {
    if letters(line) <= width {
        return line.to_owned();
    }
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mut text = " ".repeat(indent);
    let mut used = indent;
    for (count, word) in line[indent..].split(' ').enumerate() {
        let length = letters(word);
        // Between two spaces there is an empty word: it never begins a line.
        if word.is_empty() && used + 1 >= width {
            continue;
        }
        if count > 0 && used + 1 + length > width {
            text.push('\n');
            text.push_str(&" ".repeat(indent + hang));
            used = indent + hang;
        } else if count > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
    }
    text
}

/// The number of letters that a terminal shows.
pub(crate) fn letters(text: &str) -> usize {
    let mut count = 0;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.find(|letter| letter.is_ascii_alphabetic());
        } else {
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_words_and_words_are_not() {
        assert_eq!(wrap("one two three", 7, 0), "one two\nthree");
        assert_eq!(wrap("  one two three", 9, 2), "  one two\n    three");
        assert_eq!(wrap("run  x", 4, 0), "run\nx");
        assert_eq!(wrap("incomprehensible word", 5, 0), "incomprehensible\nword");
        assert_eq!(wrap("one\ntwo three", 5, 0), "one\ntwo\nthree");
        assert_eq!(wrap("\u{1b}[31mone\u{1b}[0m two", 7, 0), "\u{1b}[31mone\u{1b}[0m two");
    }
}

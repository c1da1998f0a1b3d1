//! The spelling of identifiers in traces and reports.

/// The identifier `name` (CamelCase or snake_case) in kebab-case: `WriteRefused` becomes `write-refused`.
///
/// A run of capitals is one word, whose last letter begins the next word if a small letter follows; digits belong to
/// the word before them: `IOError`, `Phase1B` and `V2Reply` become `io-error`, `phase1b` and `v2-reply`. Different
/// identifiers may become one.
///
/// ```
/// assert_eq!(stemmata::encoding::kebab("no_panic"), "no-panic");
/// ```
#[must_use]
pub fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    let mut before = None;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '_' || letter == '-' {
            before = None;
            continue;
        }
        let begins = before.is_none_or(|before| begins_word(before, letter, letters.peek().copied()));
        if begins && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
        before = Some(letter);
    }
    kebab
}

/// Whether `letter`, which stands within a name and not behind a separator, begins a new word.
fn begins_word(before: char, letter: char, after: Option<char>) -> bool {
    letter.is_uppercase() && (before.is_lowercase() || after.is_some_and(char::is_lowercase))
}

#[cfg(test)]
mod tests {
    use super::kebab;

    #[test]
    fn words_are_split_where_a_reader_would() {
        let cases = [
            ("WriteRefused", "write-refused"),
            ("write_refused", "write-refused"),
            ("Locks", "locks"),
            ("X", "x"),
            ("", ""),
            ("IOError", "io-error"),
            ("ReadIO", "read-io"),
            ("Phase1B", "phase1b"),
            ("Phase2aSent", "phase2a-sent"),
            ("V2Reply", "v2-reply"),
            ("_hidden__name_", "hidden-name"),
            ("SCREAMING_CASE", "screaming-case"),
            ("already-kebab", "already-kebab"),
            ("ÜberÄnderung", "über-änderung"),
        ];
        for (name, expected) in cases {
            assert_eq!(kebab(name), expected, "{name}");
        }
    }
}

//! A hundred verses as canonical texts, for workloads whose writes come more or less near to them.
//!
//! The text is that of the King James Version of 1611 in the spelling of 1769, without its italics: Genesis 1; Psalms 1,
//! 8, 23, 100, 117, 121, 133 and 150; Ecclesiastes 3:1-8; Matthew 5:3-12; John 1:1-5 and 3:16. It is in the public domain
//! nearly everywhere; in the United Kingdom the Crown licenses its printing.

use super::Key;

const TEXT: &str = include_str!("scripture.txt");

/// The verses in the order of the book, each with its key: the prefix, then book, chapter and verse, as in
/// `canon/genesis/1/1` under the prefix `canon/`.
///
/// # Panics
/// If the prefix is too long for a key.
pub fn verses(prefix: &str) -> impl Iterator<Item = (Key, &'static str)> {
    TEXT.lines().map(move |line| {
        let (name, text) = line.split_once('\t').expect("a line is a name, a tab and a verse");
        (Key::new(&format!("{prefix}{name}")).expect("the prefix leaves room for the name"), text)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_hundred_verses_have_a_key_each() {
        let all: BTreeMap<Key, &str> = verses("canon/").collect();
        assert_eq!((all.len(), verses("canon/").count()), (100, 100));
        let of = |name: &str| all.get(&Key::new(name).expect("a key")).copied();
        assert_eq!(of("canon/genesis/1/1"), Some("In the beginning God created the heaven and the earth."));
        assert_eq!(of("canon/psalms/23/1"), Some("The LORD is my shepherd; I shall not want."));
    }

    #[test]
    fn verses_are_plain_sentences() {
        for (key, text) in verses("x/") {
            let parts: Vec<&str> = key.as_str().split('/').collect();
            assert!(parts.len() == 4 && parts[2..].iter().all(|number| number.parse::<u32>().is_ok()), "{key}");
            assert!(text.is_ascii() && text == text.trim() && !text.contains("  ") && !text.contains('\t'), "{key}");
            assert!((20..400).contains(&text.len()) && text.ends_with(['.', ',', ';', ':', '?', '!']), "{key}: {text}");
        }
    }
}

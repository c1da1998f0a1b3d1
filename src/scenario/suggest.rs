//! Suggests a known word for an unknown one.

/// The word of `known` that is nearest to `word`, if it is near enough.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, known)| known)
}

/// `did you mean …?`, or else the known words.
pub(super) fn cure<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let mut known: Vec<_> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    match known.len() {
        0 => "none are known".to_owned(),
        1..=24 => format!("known are {}", list(&known)),
        _ => {
            known.sort_by_key(|known| (strsim::damerau_levenshtein(word, known), *known));
            format!("the nearest are {}; `stemmata list` shows all", list(&known[..3]))
        }
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

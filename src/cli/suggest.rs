//! Suggests a known word for an unknown one.

/// `did you mean …?`, or else the three nearest words.
pub(super) fn cure(word: &str, known: &[&str]) -> String {
    let lower = word.to_lowercase();
    let distance = |known: &&str| strsim::damerau_levenshtein(&lower, &known.to_lowercase());
    let limit = (word.chars().count() / 3).max(1);
    let near = known.iter().copied().min_by_key(distance).filter(|near| distance(near) <= limit);
    if let Some(near) = near {
        return format!("did you mean `{near}`?");
    }
    let mut known = known.to_vec();
    known.sort_by_key(|word| (distance(word), *word));
    known.dedup();
    let all = known.len();
    known.truncate(NEAREST);
    let named = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    if all > NEAREST { format!("the nearest are {named}; `list` shows all") } else { format!("known are {named}") }
}

/// How many words are named where none is near.
const NEAREST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_named() {
        assert_eq!(cure("causalty", &["causality", "e09"]), "did you mean `causality`?");
        assert_eq!(cure("zebra", &["b", "a"]), "known are `a`, `b`");
    }
}

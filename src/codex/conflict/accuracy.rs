//! Accuracy: how near a value is to the canonical text of its key.

use std::cmp::Ordering;
use std::fmt;

use super::{Sibling, distance};
use crate::codex::Value;

/// 1 - d / max(|value|, |canon|, 1), where d is the edit distance and lengths are in Unicode scalar values; 0 for a value
/// that is no text. An exact fraction: equal and ordered as such, whatever its terms.
#[derive(Clone, Copy, Debug)]
pub struct Accuracy {
    /// Letters that need no edit: at most `whole`.
    part: u64,
    /// The letters of the longer text, at least 1.
    whole: u64,
}

impl Accuracy {
    /// The accuracy of what is no text.
    pub const NONE: Self = Self { part: 0, whole: 1 };

    /// How near a value is to a canonical text.
    #[must_use]
    pub fn of(value: &Value, canon: &str) -> Self {
        match value {
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::List(_) | Value::Map(_) => Self::NONE,
            Value::Text(text) => {
                let whole = text.chars().count().max(canon.chars().count()).max(1);
                Self { part: (whole - distance(text, canon)) as u64, whole: whole as u64 }
            }
        }
    }

    /// In parts per thousand, rounded down.
    #[must_use]
    pub const fn per_thousand(self) -> u32 {
        (self.part as u128 * 1_000 / self.whole as u128) as u32
    }

    /// The two sides of a comparison, as numerators over one denominator.
    const fn crossed(self, other: Self) -> (u128, u128) {
        (self.part as u128 * other.whole as u128, other.part as u128 * self.whole as u128)
    }
}

impl PartialEq for Accuracy {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Accuracy {}

impl PartialOrd for Accuracy {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Accuracy {
    fn cmp(&self, other: &Self) -> Ordering {
        let (own, others) = self.crossed(*other);
        own.cmp(&others)
    }
}

/// In parts per thousand, rounded down: `982 ‰`.
impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ‰", self.per_thousand())
    }
}

/// The sibling nearest to a canonical text; of equally near ones that of the greatest rank. None of none.
#[must_use]
pub fn most_accurate<'s, 'a>(siblings: &'s [Sibling<'a>], canon: &str) -> Option<&'s Sibling<'a>> {
    siblings.iter().max_by_key(|sibling| (Accuracy::of(sibling.value, canon), sibling.rank()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accuracy(text: &str, canon: &str) -> Accuracy {
        Accuracy::of(&Value::text(text), canon)
    }

    #[test]
    fn accuracy_is_a_share_of_the_longer_text() {
        for (text, canon, parts) in [
            ("", "", 1_000),
            ("word", "word", 1_000),
            ("ward", "word", 750),
            ("", "word", 0),
            ("words", "word", 800),
            ("wörd", "word", 750),
            ("aab", "aaa", 666),
        ] {
            assert_eq!(accuracy(text, canon).per_thousand(), parts, "{text} {canon}");
        }
        assert_eq!(Accuracy::of(&Value::Integer(7), "7"), Accuracy::NONE);
        assert_eq!(Accuracy::of(&Value::Null, ""), Accuracy::NONE);
        assert_eq!(accuracy("ward", "word").to_string(), "750 ‰");
    }

    #[test]
    fn accuracies_with_equal_parts_per_thousand_differ() {
        let (near, nearer) = (Accuracy { part: 1_999, whole: 2_000 }, Accuracy { part: 2_000, whole: 2_001 });
        assert_eq!((near.per_thousand(), nearer.per_thousand()), (999, 999));
        assert!(near < nearer);
        assert_eq!(Accuracy { part: 2, whole: 4 }, Accuracy { part: 3, whole: 6 });
        assert_eq!(Accuracy { part: u64::MAX, whole: u64::MAX }, Accuracy { part: 1, whole: 1 });
    }

    fn divisor(one: u64, other: u64) -> u64 {
        if other == 0 { one } else { divisor(other, one % other) }
    }

    fn any_accuracy() -> impl Strategy<Value = Accuracy> {
        let terms = prop_oneof![1..=12_u64, 1..=u64::MAX];
        terms.prop_flat_map(|whole| (0..=whole).prop_map(move |part| Accuracy { part, whole }))
    }

    /// The quotients of Euclid's algorithm, which order fractions exactly and without a product: the first that differs
    /// decides, in turns in favour of the greater and of the smaller; a fraction that ends counts as endless there.
    fn by_quotients(one: (u64, u64), other: (u64, u64)) -> Ordering {
        let whole = (one.0 / one.1).cmp(&(other.0 / other.1));
        whole.then_with(|| match (one.0 % one.1, other.0 % other.1) {
            (0, 0) => Ordering::Equal,
            (0, _) => Ordering::Less,
            (_, 0) => Ordering::Greater,
            (left, right) => by_quotients((other.1, right), (one.1, left)),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn accuracies_are_ordered_as_exact_fractions(a in any_accuracy(), b in any_accuracy(), c in any_accuracy()) {
            prop_assert_eq!(a.cmp(&b), by_quotients((a.part, a.whole), (b.part, b.whole)));
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            let lowest = |of: Accuracy| (of.part / divisor(of.part, of.whole), of.whole / divisor(of.part, of.whole));
            prop_assert_eq!(a == b, lowest(a) == lowest(b));
            let mut sorted = [a, b, c];
            sorted.sort_unstable();
            prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
            prop_assert!(a > b || a.per_thousand() <= b.per_thousand());
        }
    }
}

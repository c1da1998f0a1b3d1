//! Randomness as a pure function: keyed draws that no other draw can change, and integer samplers with known answers.
//!
//! Per-message and per-decision draws come from a counter-based mixer (the finaliser of `SplitMix64`; Steele, Lea &
//! Flood, OOPSLA 2014): the n-th draw under a key is the mix of the key and n, independent of all other draws. Plans and
//! workloads come from ChaCha8, one stream per purpose.

use std::fmt;
use std::str::FromStr;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::measure::Share;
use crate::time::Span;

/// The one number that, with the scenario, decides a run. Written `0x` and 16 hex digits; read as decimal or hex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

/// The key of draws: the seed, folded with the purpose of the draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

/// The draws under one [`Key`], one after another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Draws(u64);

/// A long stream of draws for plans and workloads (ChaCha8, raw bits only).
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of a text that names draws. For a literal it is computed at compile time.
#[inline]
pub(crate) fn hash(text: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}

#[inline]
const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Seed {
    /// The key of everything that is drawn for `purpose`.
    #[must_use]
    pub fn key(self, purpose: &str) -> Key {
        Key(mix(self.0.wrapping_add(GAMMA))).text(purpose)
    }

    /// The stream from which a plan or workload is drawn for `purpose`.
    #[must_use]
    pub fn dice(self, purpose: &str) -> Dice {
        let mut draws = self.key(purpose).draws();
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&draws.bits().to_le_bytes());
        }
        Dice(ChaCha8Rng::from_seed(bytes))
    }
}

impl Key {
    /// This key, folded with a number.
    #[must_use]
    #[inline]
    pub const fn with(self, number: u64) -> Self {
        Self(mix(self.0.wrapping_add(number.wrapping_add(1).wrapping_mul(GAMMA))))
    }

    /// This key, folded with a text.
    #[must_use]
    #[inline]
    pub fn text(self, text: &str) -> Self {
        self.with(hash(text))
    }

    /// The draws under this key, starting at the `n`-th (counted from 0).
    #[must_use]
    #[inline]
    pub const fn draws_from(self, n: u64) -> Draws {
        let Draws(first) = self.draws();
        Draws(first.wrapping_add(n.wrapping_mul(GAMMA)))
    }

    /// The draws under this key, from the first. They share nothing with the keys folded from it.
    #[must_use]
    #[inline]
    pub const fn draws(self) -> Draws {
        Draws(self.0 ^ 0x5851_f42d_4c95_7f2d)
    }
}

/// A source of random bits, and samplers for it. All samplers are our own, so that no release of a library
/// changes a run.
pub trait Chance {
    /// The next 64 bits.
    fn bits(&mut self) -> u64;

    /// A number below `n`; the bias is below n / 2⁶⁴.
    ///
    /// # Panics
    /// If `n` is zero.
    #[inline]
    fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below zero");
        let wide = u128::from(self.bits()) * u128::from(n);
        u64::try_from(wide >> 64).expect("the upper half of a 128-bit product")
    }

    /// A number from `low` to `high`, both included; `low` if `high` is smaller.
    #[inline]
    fn between(&mut self, low: u64, high: u64) -> u64 {
        match high.saturating_sub(low).checked_add(1) {
            Some(width) => low + self.below(width),
            None => self.bits(),
        }
    }

    /// A span from `low` to `high`, both included; `low` if `high` is shorter.
    #[inline]
    fn span(&mut self, low: Span, high: Span) -> Span {
        Span::from_nanos(self.between(low.as_nanos(), high.as_nanos()))
    }

    /// True with this probability. It draws even if the probability is 0 or 1.
    #[inline]
    fn happens(&mut self, share: Share) -> bool {
        self.below(u64::from(Share::ALL.as_ppb())) < u64::from(share.as_ppb())
    }

    /// One of `items`; `None` if there is none.
    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T>
    where
        Self: Sized,
    {
        if items.is_empty() {
            return None;
        }
        let at = self.below(items.len() as u64);
        items.get(usize::try_from(at).expect("an index fits"))
    }

    /// Puts `items` into a random order (Fisher–Yates).
    fn shuffle<T>(&mut self, items: &mut [T])
    where
        Self: Sized,
    {
        for last in (1..items.len()).rev() {
            let at = self.below(last as u64 + 1);
            items.swap(last, usize::try_from(at).expect("an index fits"));
        }
    }

    /// A span with an exponential distribution of the given mean (at most 37 times the mean).
    #[inline(never)]
    fn exponential(&mut self, mean: Span) -> Span {
        let unit = self.unit();
        round(-libm::log(unit) * to_float(mean))
    }

    /// A span with a log-normal distribution: the logarithm's deviation is `sigma`, a share of one.
    #[inline(never)]
    fn log_normal(&mut self, median: Span, sigma: Share) -> Span {
        let (first, second) = (self.unit(), self.unit());
        let normal = libm::sqrt(-2.0 * libm::log(first)) * libm::cos(std::f64::consts::TAU * second);
        let sigma = f64::from(sigma.as_ppb()) / f64::from(Share::ALL.as_ppb());
        round(libm::exp(sigma * normal) * to_float(median))
    }

    /// A number in (0, 1], of 53 bits; only the samplers above see it, and they round.
    #[doc(hidden)]
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

/// The longest span that [`Chance::exponential`] can give: the logarithm of 2^53 is below 37.
#[must_use]
pub const fn longest_exponential(mean: Span) -> Span {
    mean.times(37)
}

/// The longest span that [`Chance::log_normal`] can give: a normal deviate of 53 bits is below 8.6.
#[must_use]
pub fn longest_log_normal(median: Span, sigma: Share) -> Span {
    let sigma = f64::from(sigma.as_ppb()) / f64::from(Share::ALL.as_ppb());
    round(libm::exp(8.6 * sigma) * to_float(median))
}

#[expect(clippy::cast_precision_loss, reason = "a mean need not be exact beyond 53 bits, only the same everywhere")]
fn to_float(span: Span) -> f64 {
    span.as_nanos() as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn round(nanos: f64) -> Span {
    Span::from_nanos(libm::round(nanos) as u64)
}

impl Chance for Draws {
    #[inline]
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }
}

impl Chance for Dice {
    fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:016x}", self.0)
    }
}

/// Why a text is not a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedError(String);

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a seed: a number from 0 to 2^64-1, decimal or hex (0x2a)", self.0)
    }
}

impl std::error::Error for SeedError {}

impl FromStr for Seed {
    type Err = SeedError;
    fn from_str(text: &str) -> Result<Self, SeedError> {
        let error = || SeedError(text.to_owned());
        let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |hex| (hex, 16));
        if digits.starts_with('+') {
            return Err(error());
        }
        u64::from_str_radix(digits, radix).map(Self).map_err(|_| error())
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_u64(self.0) }
    }
}

/// A string, or (for short seeds in files written by hand) a plain number.
impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Seed;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a seed, such as 42 or \"0x2a\"")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Seed, E> {
                Ok(Seed(number))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Seed, E> {
                self.visit_str(&number.to_string())
            }
            // A number of 2⁶⁴ or more arrives as a float, with other digits than in the file.
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Seed, E> {
                Err(E::custom("a seed is a whole number from 0 to 2^64-1"))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Seed, E> {
                text.parse().map_err(de::Error::custom)
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Text)
        } else {
            deserializer.deserialize_u64(Text)
        }
    }
}

impl schemars::JsonSchema for Seed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seed".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A seed: 42, or \"0x000000000000002a\".",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$" }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(count: usize, mut draw: impl FnMut() -> u64) -> Vec<u64> {
        (0..count).map(|_| draw()).collect()
    }

    /// The three answers of SplitMix64 for the state 0, which the published reference code gives.
    #[test]
    fn the_mixer_is_splitmix64() {
        let mut draws = Draws(0);
        assert_eq!(first(3, || draws.bits()), [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
    }

    #[test]
    fn keyed_draws_and_samplers_give_known_answers() {
        let key = Seed(42).key("fate").with(7);
        let mut draws = key.draws();
        assert_eq!(first(3, || draws.below(1_000)), KNOWN_BELOW);
        assert_eq!(first(3, || draws.between(10, 20)), KNOWN_BETWEEN);
        let mean = Span::from_millis(5);
        assert_eq!(first(3, || draws.exponential(mean).as_nanos()), KNOWN_EXPONENTIAL);
        assert_eq!(first(3, || draws.log_normal(mean, Share::from_percent(50)).as_nanos()), KNOWN_LOG_NORMAL);
        let mut dice = Seed(42).dice("faults");
        assert_eq!(first(2, || dice.bits()), KNOWN_DICE);
    }

    const KNOWN_BELOW: [u64; 3] = [501, 560, 103];
    const KNOWN_BETWEEN: [u64; 3] = [15, 15, 17];
    const KNOWN_EXPONENTIAL: [u64; 3] = [2_543_962, 3_265_765, 2_623_822];
    const KNOWN_LOG_NORMAL: [u64; 3] = [7_265_250, 2_630_900, 5_106_683];
    const KNOWN_DICE: [u64; 2] = [8_886_912_154_602_520_096, 5_470_682_802_014_266_002];

    #[test]
    fn a_share_happens_about_as_often_as_it_says() {
        let mut draws = Seed(1).key("test").draws();
        let hits = (0..100_000).filter(|_| draws.happens(Share::from_percent(3))).count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| !draws.happens(Share::NONE)));
        assert!((0..1_000).all(|_| draws.happens(Share::ALL)));
    }

    #[test]
    fn keys_of_neighbours_share_nothing() {
        let key = Seed(0).key("fate");
        let mut seen = std::collections::BTreeSet::new();
        for a in 0..300 {
            for b in 0..300 {
                assert!(seen.insert(key.with(a).with(b).draws().bits()), "{a} {b}");
            }
        }
    }

    #[test]
    fn exponential_spans_have_their_mean() {
        let mut draws = Seed(3).key("test").draws();
        let total: u64 = (0..100_000).map(|_| draws.exponential(Span::from_micros(100)).as_nanos()).sum();
        assert!((98_000..102_000).contains(&(total / 100_000)), "{total}");
    }

    #[test]
    fn a_seed_reads_decimal_and_hex() {
        assert_eq!("42".parse(), Ok(Seed(42)));
        assert_eq!("0x2a".parse(), Ok(Seed(42)));
        assert_eq!(Seed(42).to_string(), "0x000000000000002a");
        for text in ["18446744073709551616", "-1", "", "0x", "+1", "2a"] {
            assert!(text.parse::<Seed>().is_err(), "{text}");
        }
    }
}

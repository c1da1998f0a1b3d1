//! Dots, which name the writes of replicas, and exact sets of them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::packed::{pack, unpack};
use crate::identity::{Boot, Era, Incarnation, NodeId};

/// The name of one write: the `number`-th, from 1, that an incarnation made in an era. Written `n2.7`, `n2/3.7` in boot 3,
/// and `n2/3@1.7` in era 1 (Almeida and others 2014, *Scalable and accurate causality tracking for eventually consistent
/// stores*).
///
/// Ordered by incarnation, then era, then number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// Who wrote, and when.
    pub source: Source,
    /// The source's own count, from 1.
    pub number: u64,
}

/// Where dots count from 1: an incarnation in an era.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The node in its boot.
    pub incarnation: Incarnation,
    /// The era.
    pub era: Era,
}

/// A set of dots, exact, as intervals for each source: a replica's *vector*, the dots that it covers; or a version's
/// *context*.
///
/// In text formats a map from source to intervals, `{"n1":"1-5,7"}`; in binary ones five numbers an interval, each in as
/// few bytes as it needs. Both refuse intervals that are empty, out of order, or could be joined.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dots {
    /// Strictly rising, with a gap between any two of one source.
    runs: Vec<Run>,
}

/// The dots of a source from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    /// Whose.
    pub source: Source,
    /// The first of them, at least 1.
    pub first: u64,
    /// The last of them.
    pub last: u64,
}

impl Dot {
    /// The `number`-th write of an incarnation in an era.
    #[must_use]
    pub const fn new(incarnation: Incarnation, era: Era, number: u64) -> Self {
        Self { source: Source { incarnation, era }, number }
    }
}

impl Run {
    /// How many dots it has.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.last - self.first + 1
    }

    /// Never: a run has at least one dot.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Its first and its last dot.
    #[must_use]
    pub const fn ends(&self) -> (Dot, Dot) {
        let Self { source, first, last } = *self;
        (Dot { source, number: first }, Dot { source, number: last })
    }
}

impl Dots {
    /// No dots.
    #[must_use]
    pub const fn new() -> Self {
        Self { runs: Vec::new() }
    }

    /// The first `count` dots of a source.
    #[must_use]
    pub fn first(source: Source, count: u64) -> Self {
        let run = Run { source, first: 1, last: count };
        Self { runs: Some(run).filter(|run| run.last > 0).into_iter().collect() }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How many dots there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.runs.iter().map(Run::len).sum()
    }

    /// The intervals, in order.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The dots, in order.
    pub fn iter(&self) -> impl Iterator<Item = Dot> + '_ {
        self.runs.iter().flat_map(|run| (run.first..=run.last).map(|number| Dot { source: run.source, number }))
    }

    /// Whether a dot is in.
    #[must_use]
    pub fn contains(&self, dot: Dot) -> bool {
        let after = self.after(dot);
        self.runs[..after].last().is_some_and(|run| run.source == dot.source && dot.number <= run.last)
    }

    /// Whether all dots of `other` are in.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.runs.iter().all(|run| {
            let after = self.after(run.ends().0);
            self.runs[..after].last().is_some_and(|own| own.source == run.source && run.last <= own.last)
        })
    }

    /// Whether the two have a dot in common.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let (few, many) = if self.runs.len() < other.runs.len() { (self, other) } else { (other, self) };
        few.runs.iter().any(|run| {
            let (first, last) = run.ends();
            let before = many.runs[..many.after(last)].last();
            before.is_some_and(|own| own.source == run.source && own.last >= first.number)
        })
    }

    /// Adds a dot; returns whether it is new.
    pub fn insert(&mut self, dot: Dot) -> bool {
        let after = self.after(dot);
        let joins_before = match self.runs[..after].last() {
            Some(run) if run.source == dot.source && dot.number <= run.last => return false,
            before => before.is_some_and(|run| run.source == dot.source && run.last + 1 == dot.number),
        };
        let next = self.runs.get(after);
        let joins_next = next.is_some_and(|run| run.source == dot.source && dot.number + 1 == run.first);
        match (joins_before, joins_next) {
            (true, true) => {
                let next = self.runs.remove(after);
                self.runs[after - 1].last = next.last;
            }
            (true, false) => self.runs[after - 1].last = dot.number,
            (false, true) => self.runs[after].first = dot.number,
            (false, false) => {
                self.runs.insert(after, Run { source: dot.source, first: dot.number, last: dot.number });
            }
        }
        true
    }

    /// Adds all dots of `other`.
    pub fn merge(&mut self, other: &Self) {
        if self.covers(other) {
            return;
        }
        if let [run] = &other.runs[..]
            && run.first == run.last
        {
            self.insert(run.ends().0);
            return;
        }
        let mut both: Vec<Run> = self.runs.iter().chain(&other.runs).copied().collect();
        both.sort_unstable();
        self.runs.clear();
        for run in both {
            match self.runs.last_mut() {
                Some(last) if last.source == run.source && run.first <= last.last.saturating_add(1) => {
                    last.last = last.last.max(run.last);
                }
                _ => self.runs.push(run),
            }
        }
    }

    /// The dots that are in this set, and not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = Self::new();
        for run in &self.runs {
            let (first, last) = run.ends();
            let begin = other.after(first).saturating_sub(1);
            let mut from = run.first;
            for hole in &other.runs[begin..other.after(last)] {
                if hole.source != run.source || hole.last < from {
                    continue;
                }
                if hole.first > from {
                    rest.runs.push(Run { source: run.source, first: from, last: hole.first - 1 });
                }
                from = hole.last.saturating_add(1);
            }
            if from <= run.last {
                rest.runs.push(Run { source: run.source, first: from, last: run.last });
            }
        }
        rest
    }

    /// How many intervals begin at or before a dot.
    fn after(&self, dot: Dot) -> usize {
        self.runs.partition_point(|run| (run.source, run.first) <= (dot.source, dot.number))
    }
}

impl FromIterator<Dot> for Dots {
    fn from_iter<I: IntoIterator<Item = Dot>>(dots: I) -> Self {
        let mut all = Self::new();
        all.extend(dots);
        all
    }
}

impl Extend<Dot> for Dots {
    fn extend<I: IntoIterator<Item = Dot>>(&mut self, dots: I) {
        dots.into_iter().for_each(|dot| _ = self.insert(dot));
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.era.0 {
            0 => self.incarnation.fmt(f),
            era => write!(f, "{}@{era}", self.incarnation),
        }
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not of the form `n1/2@3`");
        let (incarnation, era) = text.split_once('@').unwrap_or((text, "0"));
        let incarnation = incarnation.parse().map_err(|_| wrong())?;
        let era = Era(era.parse().map_err(|_| wrong())?);
        Some(Self { incarnation, era }).filter(|source| source.to_string() == text).ok_or_else(wrong)
    }
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.source, self.number)
    }
}

impl FromStr for Dot {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not of the form `n1/2@3.4`");
        let (source, number) = text.split_once('.').ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let dot = Self { source: source.parse().map_err(|_| wrong())?, number };
        (number > 0 && dot.to_string() == text).then_some(dot).ok_or_else(wrong)
    }
}

impl Serialize for Dot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        let Source { incarnation: Incarnation { node, boot }, era } = self.source;
        (node.index() as u32, boot.number(), era.0, self.number).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Dot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
            return text.parse().map_err(de::Error::custom);
        }
        let (node, boot, era, number) = Deserialize::deserialize(deserializer)?;
        if number == 0 {
            return Err(de::Error::custom("a dot's number is at least 1"));
        }
        Ok(Self::new(Incarnation::new(NodeId::new(node), Boot::new(boot)), Era(era), number))
    }
}

/// `n1.1-5 n2/3.7`; empty for no dots.
impl fmt::Display for Dots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, run) in self.runs.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{}.{}", run.source, Interval(run))?;
        }
        Ok(())
    }
}

struct Interval<'r>(&'r Run);

impl fmt::Display for Interval<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run { first, last, .. } = self.0;
        if first == last { first.fmt(f) } else { write!(f, "{first}-{last}") }
    }
}

impl Serialize for Dots {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let intervals =
                |runs: &[Run]| runs.iter().map(|run| Interval(run).to_string()).collect::<Vec<_>>().join(",");
            let sources = self.runs.chunk_by(|one, other| one.source == other.source);
            return serializer.collect_map(sources.map(|runs| (runs[0].source.to_string(), intervals(runs))));
        }
        let mut room = Vec::with_capacity(8 * self.runs.len());
        for Run { source: Source { incarnation: Incarnation { node, boot }, era }, first, last } in &self.runs {
            let numbers = [node.index() as u64, boot.number().into(), era.0.into(), *first, last - first];
            numbers.into_iter().for_each(|number| pack(number, &mut room));
        }
        serializer.serialize_bytes(&room)
    }
}

impl<'de> Deserialize<'de> for Dots {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_map(Reader)
        } else {
            deserializer.deserialize_bytes(Reader)
        }
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Dots;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of dots such as {\"n1\": \"1-5,7\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dots, A::Error> {
        let mut runs = Vec::new();
        while let Some((source, intervals)) = map.next_entry::<String, String>()? {
            let source: Source = source.parse().map_err(de::Error::custom)?;
            for interval in intervals.split(',') {
                let (first, last) = interval.split_once('-').unwrap_or((interval, interval));
                let number =
                    |text: &str| text.parse().map_err(|_| de::Error::custom(format!("`{interval}` is no interval")));
                runs.push(Run { source, first: number(first)?, last: number(last)? });
            }
        }
        runs.sort_unstable();
        checked(runs)
    }

    fn visit_bytes<E: de::Error>(self, mut packed: &[u8]) -> Result<Dots, E> {
        let mut runs = Vec::new();
        let narrow = |number: u64| u32::try_from(number).map_err(|_| E::custom("a source is out of range"));
        while !packed.is_empty() {
            let node = NodeId::new(narrow(unpack(&mut packed)?)?);
            let boot = Boot::new(narrow(unpack(&mut packed)?)?);
            let era = Era(narrow(unpack(&mut packed)?)?);
            let (first, more) = (unpack(&mut packed)?, unpack(&mut packed)?);
            let last = first.checked_add(more).ok_or_else(|| E::custom("an interval is out of range"))?;
            runs.push(Run { source: Source { incarnation: Incarnation::new(node, boot), era }, first, last });
        }
        checked(runs)
    }
}

/// The set of these runs, if they are in their one form.
fn checked<E: de::Error>(runs: Vec<Run>) -> Result<Dots, E> {
    let is_empty = |run: &Run| run.first == 0 || run.last < run.first || run.last == u64::MAX;
    let clash = |pair: &[Run]| match pair[0].source.cmp(&pair[1].source) {
        Ordering::Less => false,
        Ordering::Equal => pair[1].first <= pair[0].last + 1,
        Ordering::Greater => true,
    };
    if runs.iter().any(is_empty) {
        return Err(E::custom("an interval of dots is empty or endless"));
    }
    if runs.windows(2).any(clash) {
        return Err(E::custom("intervals of dots are out of order, or could be joined"));
    }
    Ok(Dots { runs })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::encoding;

    fn dot(text: &str) -> Dot {
        text.parse().expect("a dot")
    }

    fn dots(all: &[&str]) -> Dots {
        all.iter().map(|text| dot(text)).collect()
    }

    #[test]
    fn dots_and_sets_have_one_form() {
        for text in ["n1.1", "n2/3.7", "n2/3@1.7", "n1@4.18446744073709551614"] {
            assert_eq!(dot(text).to_string(), text);
        }
        for wrong in ["n1", "n1.0", "n1.01", "n1/1.2", "n1@0.2", "n0.1", ".1", "n1.", "n1@.1"] {
            assert!(wrong.parse::<Dot>().is_err(), "{wrong}");
        }
        let set = dots(&["n1.1", "n1.2", "n1.4", "n2/3@1.7"]);
        let json = r#"{"n1":"1-2,4","n2/3@1":"7"}"#;
        assert_eq!(serde_json::to_string(&set).expect("written"), json);
        assert_eq!(serde_json::from_str::<Dots>(json).expect("read"), set);
        assert_eq!(set.to_string(), "n1.1-2 n1.4 n2/3@1.7");
        for wrong in [r#"{"n1":"1-2,3"}"#, r#"{"n1":"2-1"}"#, r#"{"n1":"0"}"#, r#"{"n1":""}"#, r#"{"n1":"1-"}"#] {
            assert!(serde_json::from_str::<Dots>(wrong).is_err(), "{wrong}");
        }
    }

    fn any_dots() -> impl Strategy<Value = Vec<Dot>> {
        let one = (0..3_u32, 1..3_u32, 0..2_u32, 1..12_u64).prop_map(|(node, boot, era, number)| {
            Dot::new(Incarnation::new(NodeId::new(node), Boot::new(boot)), Era(era), number)
        });
        vec(one, 0..40)
    }

    proptest! {
        #[test]
        fn sets_of_dots_are_sets(one in any_dots(), other in any_dots(), probe in any_dots()) {
            let (a, b): (BTreeSet<Dot>, BTreeSet<Dot>) = (one.iter().copied().collect(), other.iter().copied().collect());
            let (x, y): (Dots, Dots) = (one.into_iter().collect(), other.into_iter().collect());
            let set = |dots: &Dots| dots.iter().collect::<BTreeSet<Dot>>();
            prop_assert_eq!(set(&x), a.clone());
            let mut joined = x.clone();
            joined.merge(&y);
            prop_assert_eq!(set(&joined), a.union(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(&joined, &joined.iter().collect::<Dots>());
            let rest = x.without(&y);
            prop_assert_eq!(set(&rest), a.difference(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(&rest, &rest.iter().collect::<Dots>());
            prop_assert_eq!(x.covers(&y), b.is_subset(&a));
            prop_assert_eq!(x.meets(&y), !a.is_disjoint(&b));
            prop_assert_eq!(x.count(), a.len() as u64);
            prop_assert!(probe.iter().all(|dot| x.contains(*dot) == a.contains(dot)));
            let mut bytes = Vec::new();
            encoding::write(&x, &mut bytes);
            prop_assert_eq!(encoding::read::<Dots>(&bytes), Ok(x.clone()));
            let json = serde_json::to_string(&x).expect("written");
            prop_assert_eq!(&serde_json::from_str::<Dots>(&json).expect("read"), &x);
        }
    }
}

//! Tries small random subsets of the operations and faults, with many seeds. This helps with runs in which each operation
//! depends on the earlier ones, so that none can be removed alone.

use serde_json::Value;

use super::search::Search;
use crate::chance::{Chance, Dice, Seed};
use crate::scenario::Scenario;

/// The maximum size of a subset.
const MOST_OPERATIONS: usize = 4;
const MOST_FAULTS: usize = 3;

/// How often each size is tried, unless all tries together would have too many records.
const MOST_TRIES: u64 = 200;
const MOST_RECORDS: u64 = 8_000_000;

/// Half of the tries take only the last operations, because the cause of a violation is often not long before it.
const LATE: usize = 8;

impl Search<'_> {
    /// Takes the smallest subset of operations and faults that fails: small ones at first, otherwise halves.
    pub(super) fn try_subsets(&mut self) {
        let tries = self.tries();
        while !self.try_small_subsets(tries) {
            let count = self.scenario().operations.len();
            let less = [count / 2, count * 3 / 4, count - count.min(1)];
            let faults = self.scenario().faults.len();
            if count <= MOST_OPERATIONS || !less.into_iter().any(|less| self.try_size(less, faults, tries)) {
                break;
            }
        }
    }

    /// How often each size is tried.
    fn tries(&self) -> usize {
        let sizes = MOST_OPERATIONS * (MOST_FAULTS + 1);
        let each = MOST_RECORDS / (sizes as u64 * self.best.outcome.records.max(1));
        usize::try_from(each.min(MOST_TRIES)).expect("few tries")
    }

    fn try_small_subsets(&mut self, tries: usize) -> bool {
        let Scenario { operations, faults, .. } = self.scenario();
        let most = (operations.len(), faults.len());
        let smaller = |(few, less): &(usize, usize)| *few <= most.0 && *less <= most.1 && few + less < most.0 + most.1;
        let sizes = (1..=MOST_OPERATIONS).flat_map(|few| (0..=MOST_FAULTS).map(move |less| (few, less)));
        let mut sizes: Vec<_> = sizes.filter(smaller).collect();
        sizes.sort_by_key(|(few, less)| (few + less, *few));
        sizes.into_iter().any(|(few, less)| self.try_size(few, less, tries))
    }

    /// Tries subsets of this many operations and faults.
    fn try_size(&mut self, few: usize, less: usize, tries: usize) -> bool {
        let Scenario { operations, faults, .. } = self.scenario().clone();
        let change = |scenario: &mut Scenario, at: usize| {
            let mut dice = Seed(at as u64).dice("leap");
            let late = if at % 4 < 2 { 0 } else { operations.len().saturating_sub(LATE.max(few)) };
            scenario.operations = some(&operations[late..], few, &mut dice);
            scenario.faults = some(&faults, less, &mut dice);
            scenario.run.seed = Seed(at as u64 / 2);
            if at % 2 == 1 {
                // A number that refers to the answer of a removed operation is meaningless.
                scenario.operations.iter_mut().for_each(|entry| zero(&mut entry.command));
            }
            Some(())
        };
        self.take(tries, change).is_some()
    }
}

/// A random subset of `count` items, in their order.
fn some<T: Clone>(items: &[T], count: usize, dice: &mut Dice) -> Vec<T> {
    let mut places: Vec<usize> = (0..items.len()).collect();
    while places.len() > count {
        let place = dice.below(places.len() as u64);
        places.remove(usize::try_from(place).expect("below a usize"));
    }
    places.into_iter().map(|place| items[place].clone()).collect()
}

fn zero(value: &mut Value) {
    match value {
        Value::Number(_) => *value = Value::from(0),
        Value::Array(items) => items.iter_mut().for_each(zero),
        Value::Object(fields) => fields.values_mut().for_each(zero),
        Value::String(_) | Value::Null | Value::Bool(_) => {}
    }
}

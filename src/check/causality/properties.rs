//! Causality on random executions: stamps from the graph of events hold, and any one wrong stamp is found.

use proptest::prelude::*;

use super::Causality;
use super::executions::{World, acts};
use crate::check::{Checker, Common, End, Shown};
use crate::clocks::{Causality as Relation, HybridStamp};
use crate::identity::Incarnation;
use crate::observation::Observation;
use crate::time::Time;
use crate::trace::{Event, Record, Verdict};

fn judge(records: &[Record<'_>]) -> Verdict {
    let mut checker = Causality::default();
    let common = Common::default();
    for record in records {
        if let Err(violation) = Checker::<()>::see(&mut checker, &Shown::new(record, None, &common)) {
            return Verdict::Violated(violation);
        }
    }
    Checker::<()>::conclude(&mut checker, &End { time: Time::ZERO, common: &common })
}

fn comparisons<'r, 'a>(records: &'r mut [Record<'a>]) -> Vec<&'r mut Record<'a>> {
    let compares = |record: &Record<'_>| matches!(&record.event, Event::Fact { fact } if !fact.observations.is_empty());
    records.iter_mut().filter(|record| compares(record)).collect()
}

fn answer_of<'r>(record: &'r mut Record<'_>) -> Option<&'r mut Relation> {
    let Event::Fact { fact } = &mut record.event else { return None };
    fact.observations.to_mut().iter_mut().find_map(|seen| match seen {
        Observation::Compared { answer, .. } => Some(answer),
        Observation::Broadcast { .. } | Observation::Delivered { .. } | Observation::Resumed { .. } => None,
        Observation::Forged
        | Observation::Channel(_)
        | Observation::Lock(_)
        | Observation::Consensus(_)
        | Observation::Store(_)
        | Observation::Replica(_)
        | Observation::Transaction(_) => None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_reference_is_what_the_graph_of_events_tells(acts in acts()) {
        let mut records = World::run(&acts).records();
        let verdict = judge(&records);
        let concurrent = comparisons(&mut records)
            .into_iter()
            .filter_map(answer_of)
            .filter(|answer| **answer == Relation::Concurrent)
            .count() as u64;
        match verdict {
            Verdict::Holds { exercised } => prop_assert_eq!(exercised, concurrent),
            Verdict::Vacuous { .. } => prop_assert_eq!(concurrent, 0),
            Verdict::Violated(_) | Verdict::Undecided { .. } => prop_assert!(false, "{:?}", verdict),
        }
    }

    #[test]
    fn a_vector_with_one_wrong_count_is_found(acts in acts(), which in 0..1000_usize, entry in 0..100_usize, more: bool) {
        let mut records = World::run(&acts).records();
        let stamped: Vec<usize> = (0..records.len()).filter(|place| records[*place].stamp.is_some()).collect();
        let place = stamped[which % stamped.len()];
        let id = records[place].id;
        let stamp = records[place].stamp.as_mut().expect("it is stamped").to_mut();
        let wrong = entry % stamp.vector.len();
        let change = |(place, (who, count)): (usize, (Incarnation, u64))| {
            let changed = if more { count + 1 } else { count - 1 };
            (who, if place == wrong { changed } else { count })
        };
        stamp.vector = stamp.vector.iter().enumerate().map(change).collect();
        let verdict = judge(&records);
        prop_assert_eq!(verdict.violation().map(|violation| violation.witnesses[0]), Some(id), "{:?}", verdict);
    }

    #[test]
    fn a_wrong_answer_is_found(acts in acts(), which in 0..1000_usize, wrong in 0..3_usize) {
        let mut records = World::run(&acts).records();
        let mut all = comparisons(&mut records);
        if all.is_empty() {
            return Ok(());
        }
        let count = all.len();
        let record = &mut all[which % count];
        let id = record.id;
        let answer = answer_of(record).expect("a comparison");
        let others = [Relation::Before, Relation::After, Relation::Equal, Relation::Concurrent];
        let right = *answer;
        *answer = others.into_iter().filter(|other| *other != right).nth(wrong).expect("three others");
        let verdict = judge(&records);
        prop_assert_eq!(verdict.violation().map(|violation| violation.witnesses[0]), Some(id), "{:?}", verdict);
    }

    #[test]
    fn a_hybrid_stamp_that_does_not_rise_is_found(acts in acts(), which in 0..1000_usize) {
        let mut records = World::run(&acts).records();
        // A start is the first event of its boot: no event of the boot is before it.
        let later = |record: &Record<'_>| record.stamp.is_some() && !matches!(record.event, Event::Start { .. });
        let stamped: Vec<usize> = (0..records.len()).filter(|place| later(&records[*place])).collect();
        if stamped.is_empty() {
            return Ok(());
        }
        let record = &mut records[stamped[which % stamped.len()]];
        record.stamp.as_mut().expect("it is stamped").to_mut().hybrid = HybridStamp::default();
        let id = record.id;
        let verdict = judge(&records);
        prop_assert_eq!(verdict.violation().map(|violation| violation.witnesses[0]), Some(id), "{:?}", verdict);
    }
}

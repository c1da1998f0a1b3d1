//! Causality on histories written by hand: one that holds, and minimal ones that break it in each way.

use super::Causality;
use crate::check::history::*;
use crate::clocks::Causality as Relation;
use crate::observation::Observation;
use crate::trace::{EffectKind, Event, Verdict};

fn compared(left: &str, right: &str, answer: Relation) -> Event<'static> {
    fact(vec![Observation::Compared { left: vector_of(left), right: vector_of(right), answer }])
}

/// Two nodes start, and n1 has sent a message to n2.
fn one_sent() -> History {
    let mut history = History::default();
    history.on("n1", start(1)).stamped("n1:1").on("n2", start(1)).stamped("n2:1");
    history.on("n1", send("n1#1", "n2", 2)).stamped("n1:2");
    history
}

/// A comparison of concurrent clocks, without which a run is vacuous.
fn concurrent(history: &mut History) -> &mut History {
    history.on("n1", compared("n1:1", "n2:1", Relation::Concurrent))
}

#[test]
fn a_receipt_knows_what_the_send_knew() {
    let mut history = one_sent();
    history.on("n2", receive("n1#1", 0)).stamped("n1:2 n2:2");
    concurrent(&mut history);
    history.on("n2", timer()).stamped("n1:2 n2:3").on("n2", receive("n1#1", 1)).stamped("n1:2 n2:4");
    assert_holds(&history, Causality::default(), 1);
}

#[test]
fn a_receipt_that_does_not_tick_breaks_it() {
    let mut history = one_sent();
    history.on("n2", receive("n1#1", 0)).stamped("n1:2 n2:1");
    let sentence = "n2#2, the receipt of what n1#2 sent, is stamped n2:1 where the trace counts n2:2";
    assert_broken(&history, Causality::default(), sentence, "n2#2 n1#2");
}

#[test]
fn a_receipt_that_does_not_merge_breaks_it() {
    let mut history = one_sent();
    history.on("n2", receive("n1#1", 0)).stamped("n2:2");
    let sentence = "n2#2, the receipt of what n1#2 sent, is stamped n1:0 where the trace counts n1:2";
    assert_broken(&history, Causality::default(), sentence, "n2#2 n1#2");
}

#[test]
fn a_corrupted_receipt_learns_nothing() {
    let mut history = one_sent();
    history.on("n2", receive_corrupted("n1#1", 0)).stamped("n2:2");
    let mut believed = history.clone();
    concurrent(&mut history);
    assert_holds(&history, Causality::default(), 1);
    believed.records.pop();
    believed.numbered("n2", 2, receive_corrupted("n1#1", 0)).stamped("n1:2 n2:2");
    let sentence = "n2#2, the receipt of a corrupted message, is stamped n1:2 where the trace counts n1:0";
    assert_broken(&believed, Causality::default(), sentence, "n2#2");
}

#[test]
fn effects_that_wait_for_the_disk_come_late_and_are_judged_in_program_order() {
    let mut history = one_sent();
    history.on("n2", Event::Sync).stamped_at("n2:1", 2_000_000);
    history.numbered("n2", 5, receive("n1#1", 0)).stamped("n1:2 n2:4");
    history.numbered("n2", 6, Event::Synced { sync: 2 });
    history.numbered("n2", 3, send("n2#1", "n1", 1)).stamped_at("n2:2", 2_100_000);
    concurrent(&mut history);
    let mut wrong = history.clone();
    history.numbered("n2", 4, send("n2#2", "n1", 1)).stamped_at("n2:3", 2_200_000);
    history.on("n1", receive("n2#2", 0)).stamped("n1:3 n2:3");
    assert_holds(&history, Causality::default(), 1);
    wrong.numbered("n2", 4, fact(Vec::new())).stamped_at("n2:2", 2_100_000);
    let sentence = "n2#5, the receipt of what n1#2 sent, is stamped n2:4 where the trace counts n2:3";
    assert_broken(&wrong, Causality::default(), sentence, "n2#5 n1#2");
}

#[test]
fn a_send_that_a_kill_dropped_ticks() {
    let mut history = one_sent();
    history.on("n2", Event::Sync).numbered("n2", 5, Event::Killed { unsynced: 0 });
    history.numbered("n2", 3, dropped_send("n2#1")).numbered("n2", 4, dropped(EffectKind::Fact)).stamped("n2:2");
    concurrent(&mut history);
    assert_holds(&history, Causality::default(), 1);
}

/// n1 syncs at n1:2, ticks on, crashes, and restarts with this vector.
fn restarted(intact: u32, damaged: u32, answered: bool, vector: &str) -> History {
    let mut history = one_sent();
    history.on("n1", append()).on("n1", Event::Sync).on("n1", timer()).stamped("n1:3");
    if answered {
        history.on("n1", Event::Synced { sync: 4 }).on("n1", timer()).stamped("n1:4");
    }
    history.on("n1", killed()).on("n1", start_from(2, intact, damaged)).stamped(vector);
    concurrent(&mut history);
    history
}

#[test]
fn a_start_knows_what_was_known_at_the_call_of_the_last_sync_that_was_answered() {
    assert_holds(&restarted(1, 0, true, "n1:2 n1/2:1"), Causality::default(), 1);
    assert_holds(&restarted(0, 0, false, "n1/2:1"), Causality::default(), 1);
    let sentence = "n1#9, the start of boot 2, is stamped n1:0 where the trace counts n1:2";
    assert_broken(&restarted(1, 0, true, "n1/2:1"), Causality::default(), sentence, "n1#9");
    let sentence = "n1#7, the start of boot 2, is stamped n1:2 where the trace counts n1:0";
    assert_broken(&restarted(0, 0, false, "n1:2 n1/2:1"), Causality::default(), sentence, "n1#7");
}

#[test]
fn a_start_from_a_wiped_or_unreadable_disk_knows_nothing() {
    assert_holds(&restarted(0, 0, true, "n1/2:1"), Causality::default(), 1);
    assert_holds(&restarted(0, 2, true, "n1/2:1"), Causality::default(), 1);
    let sentence = "n1#9, the start of boot 2, is stamped n1:2 where the trace counts n1:0";
    assert_broken(&restarted(0, 0, true, "n1:2 n1/2:1"), Causality::default(), sentence, "n1#9");
}

#[test]
fn a_start_beside_damage_knows_any_part_of_what_was_durable() {
    for vector in ["n1/2:1", "n1:1 n1/2:1", "n1:2 n1/2:1"] {
        assert_holds(&restarted(1, 1, true, vector), Causality::default(), 1);
    }
    let sentence = "n1#9, the start of boot 2, is stamped n1:3 where the trace counts n1:2";
    assert_broken(&restarted(1, 1, true, "n1:3 n1/2:1"), Causality::default(), sentence, "n1#9");
}

#[test]
fn a_wrong_answer_breaks_it() {
    let mut history = one_sent();
    history.on("n2", compared("n1:1", "n2:1", Relation::Before));
    let sentence = "at n2#2 n2 took [n1:1] and [n2:1] for before, but they are concurrent";
    assert_broken(&history, Causality::default(), sentence, "n2#2");
    let mut history = one_sent();
    history.on("n2", compared("n1:1", "n1:1", Relation::Concurrent));
    let sentence = "at n2#2 n2 took [n1:1] and [n1:1] for concurrent, but they are equal";
    assert_broken(&history, Causality::default(), sentence, "n2#2");
}

#[test]
fn a_missing_stamp_breaks_it_where_others_are_stamped() {
    let mut history = one_sent();
    history.on("n2", timer());
    let sentence = "n2#2 ticks but bears no stamp, though n2 stamps its events";
    assert_broken(&history, Causality::default(), sentence, "n2#2");
    let mut forgiven = history.clone();
    forgiven.on("n2", panicked("no stamp was given"));
    concurrent(&mut forgiven);
    assert_holds(&forgiven, Causality::default(), 1);
    history.on("n2", timer()).stamped("n2:3");
    assert_broken(&history, Causality::default(), sentence, "n2#2");
}

#[test]
fn a_stamp_that_comes_late_breaks_it() {
    let mut history = History::default();
    history.on("n1", start(1)).on("n1", timer()).on("n1", timer()).stamped("n1:3");
    let sentence = "n1#1 ticks but bears no stamp, though n1 stamps its events";
    assert_broken(&history, Causality::default(), sentence, "n1#1");
}

#[test]
fn a_hybrid_stamp_that_does_not_rise_breaks_it() {
    let mut history = one_sent();
    history.on("n1", timer()).stamped_at("n1:3", 3_000_000);
    let sentence = "n1#3, a timer step, has the hybrid stamp 3.000, not after 3.000 of n1#2";
    assert_broken(&history, Causality::default(), sentence, "n1#3 n1#2");
    let mut history = one_sent();
    history.on("n2", receive("n1#1", 0)).stamped_at("n1:2 n2:2", 2_500_000);
    let sentence = "n2#2, the receipt of what n1#2 sent, has the hybrid stamp 2.500, not after the send's 3.000";
    assert_broken(&history, Causality::default(), sentence, "n2#2 n1#2");
}

#[test]
fn what_does_not_tick_bears_the_stamp_before() {
    let mut history = one_sent();
    history.on("n1", append()).stamped_at("n1:2", 3_000_000);
    concurrent(&mut history);
    assert_holds(&history, Causality::default(), 1);
    let mut other = history.clone();
    history.on("n1", append()).stamped_at("n1:2", 4_000_000);
    let sentence = "n1#5, which is no event that ticks, has the hybrid stamp 4.000, not 3.000 of n1#2";
    assert_broken(&history, Causality::default(), sentence, "n1#5 n1#2");
    other.on("n1", append()).stamped("n1:3");
    let sentence = "n1#5, which is no event that ticks, is stamped n1:3 where the trace counts n1:2";
    assert_broken(&other, Causality::default(), sentence, "n1#5");
}

#[test]
fn a_hybrid_clock_may_go_back_over_a_restart() {
    let mut history = one_sent();
    history.on("n1", killed()).on("n1", start(2)).stamped_at("n1/2:1", 5);
    concurrent(&mut history);
    assert_holds(&history, Causality::default(), 1);
}

#[test]
fn a_run_that_does_not_show_the_difference_proves_nothing() {
    let why = "no event bears a stamp";
    let mut bare = History::default();
    bare.on("n1", start(1)).on("n2", start(1));
    assert_vacuous(&bare, Causality::default(), why);
    let mut half = one_sent();
    half.on("n3", start(1)).on("n3", timer());
    assert_vacuous(&half, Causality::default(), "n3 stamps none of its events");
    let mut alike = one_sent();
    alike.on("n1", compared("n1:1", "n1:2", Relation::Before));
    assert_vacuous(&alike, Causality::default(), "none of the 1 comparisons was of concurrent clocks");
}

#[test]
fn a_trace_with_a_hole_is_undecided() {
    let mut history = one_sent();
    history.numbered("n1", 4, timer()).stamped("n1:9");
    let why = "the trace has no n1#3, so that what follows it is open".to_owned();
    assert_eq!(history.judged_by(Causality::default()), Verdict::Undecided { why });
    let mut history = one_sent();
    history.on("n2", receive("n1#7", 0)).stamped("n2:2");
    let why = "n2#2 received what the trace does not show as under way".to_owned();
    assert_eq!(history.judged_by(Causality::default()), Verdict::Undecided { why });
}

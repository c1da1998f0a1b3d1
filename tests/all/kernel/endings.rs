//! The end of a fault, and quiescence, for what is under way: it takes from then on at most what it would have taken
//! without the fault.

use stemmata::fault::{DiskFault, Fault, Harm, LinkShare, OfNodes, SlowLinks};
use stemmata::measure::Share;
use stemmata::network::{Delay, Lag, PinnedFate};
use stemmata::time::Span;

use super::player::Act::{Append, Note, Send, Set, Sync, SyncThen};
use super::player::Cue::{Start, Synced, Timer};
use super::stage::{Stage, restart, split, target, word};

fn delay(millis: u64) -> Fault {
    let delay = Delay::Constant(Span::from_millis(millis));
    Fault::Delay(SlowLinks { delay, from: None, to: None })
}

fn slow(millis: u64) -> Fault {
    Fault::Disk(DiskFault { target: target(&[1]), harm: Harm::Slow(Span::from_millis(millis)) })
}

fn share(percent: u32) -> LinkShare {
    LinkShare { share: Share::from_percent(percent), from: None, to: None }
}

/// Node 1 sends words to node 2 at these milliseconds; a word takes 10 ms.
fn sending(times: &[u64]) -> Stage {
    let numbers = || (1..).zip(times);
    let timers: Vec<_> = numbers().map(|(n, time)| Set(n, *time)).collect();
    numbers().fold(Stage::new(2).on(1, Start(1), timers), |stage, (n, _)| stage.on(1, Timer(n), [Send(2, n)]))
}

/// When each word came to node 2.
fn arrivals(stage: Stage) -> Vec<String> {
    let lines = stage.run().lines("n2", "recv");
    lines.iter().map(|line| line.split(' ').next().expect("a time").to_owned()).collect()
}

/// Node 1 syncs at 20 ms; a sync takes 5 ms.
fn syncing() -> Stage {
    Stage::new(1).on(1, Start(1), [Set(1, 20)]).on(1, Timer(1), [Append(1), Sync])
}

#[test]
fn a_delayed_message_takes_no_longer_from_the_end_of_the_delay_on_than_without_it() {
    let stage = || sending(&[20, 45]).during(15..=50, delay(600));
    assert_eq!(arrivals(stage()), ["60ms", "60ms"]);
    assert_eq!(stage().run().touched(), [2]);
    assert_eq!(arrivals(sending(&[20]).during(15..=50, delay(35))), ["55ms"], "it is not made later");
    assert_eq!(arrivals(sending(&[20]).during(15..=50, delay(3))), ["23ms"]);
    assert_eq!(arrivals(sending(&[20]).at(15, delay(600))), ["620ms"], "one that does not end");
}

#[test]
fn what_two_delays_met_takes_what_the_other_gives_until_that_ends_too() {
    let stage = || sending(&[20]).during(15..=50, delay(600));
    assert_eq!(arrivals(stage().during(10..=300, delay(100))), ["150ms"], "the later of them was in force");
    assert_eq!(arrivals(stage().during(10..=80, delay(100))), ["90ms"]);
    assert_eq!(arrivals(stage().during(30..=900, delay(700))), ["60ms"], "one that came later is none of its own");
}

#[test]
fn a_message_that_was_held_up_is_on_its_way_when_the_reordering_ends() {
    let mut stage = sending(&[20]).during(15..=25, Fault::Reorder(share(100)));
    stage.conditions.network.link.reorder_lag = Lag(Span::from_secs(60));
    assert_eq!(arrivals(stage), ["35ms"]);
}

#[test]
fn a_delayed_message_that_is_lost_or_doubled_or_cut_off_stays_so() {
    let late = |fault| sending(&[20]).during(15..=50, delay(600)).during(15..=50, fault);
    assert_eq!(late(Fault::Loss(share(100))).run().lines("n2", "n1.words"), ["60ms lost n1.words#1 (loss)"]);
    assert_eq!(late(split(&[&[1]])).run().lines("n2", "n1.words"), ["60ms lost n1.words#1 (partition)"]);
    let apart = arrivals(late(Fault::Duplicate(share(100))));
    assert!(apart.len() == 2 && apart[0] == "60ms" && apart[1] != "60ms", "the second copy keeps its lag: {apart:?}");
    let mut doubled = late(Fault::Duplicate(share(100)));
    doubled.conditions.network.link.duplicate_lag = Lag(Span::ZERO);
    assert_eq!(arrivals(doubled), ["60ms", "60ms"]);
}

#[test]
fn the_end_of_a_delay_moves_no_fate_that_is_fixed_and_no_message_without_delay() {
    let fixed = |stage: Stage| {
        let mut stage = stage;
        stage.conditions.fates.insert(word(1, 1), PinnedFate::Delay(Span::from_millis(300)));
        arrivals(stage)
    };
    assert_eq!(fixed(sending(&[20]).during(15..=50, delay(600))), ["320ms"]);
    assert_eq!(fixed(sending(&[20]).calm_at(50)), ["320ms"]);
    let mut slow = sending(&[20, 40]).during(30..=50, delay(90));
    slow.conditions.network.link.delay = Delay::Constant(Span::from_millis(100));
    assert_eq!(arrivals(slow), ["120ms", "130ms"]);
}

#[test]
fn at_quiescence_what_is_under_way_takes_at_most_what_it_would_take_if_it_were_sent_then() {
    let mut stage = sending(&[20]).at(15, delay(600)).calm_at(50);
    assert_eq!(arrivals(stage.clone()), ["60ms"]);
    stage.conditions.network.calm_delay = Span::from_millis(4);
    assert_eq!(arrivals(stage), ["54ms"]);
    let mut slow = sending(&[20, 44]).calm_at(50);
    slow.conditions.network.link.delay = Delay::Constant(Span::from_millis(100));
    assert_eq!(arrivals(slow.clone()), ["60ms", "60ms"]);
    slow.conditions.network.calm_delay = Span::from_millis(80);
    assert_eq!(arrivals(slow), ["120ms", "130ms"]);
    let mut unruly = sending(&[20]).calm_at(30);
    unruly.conditions.network.link.reorder = Share::from_percent(100);
    unruly.conditions.network.link.duplicate = Share::from_percent(100);
    unruly.conditions.network.link.reorder_lag = Lag(Span::from_secs(60));
    unruly.conditions.network.link.duplicate_lag = Lag(Span::from_secs(60));
    assert_eq!(arrivals(unruly), ["40ms", "40ms"]);
}

#[test]
fn a_lost_message_is_known_to_be_lost_soon_after_quiescence() {
    let stage = sending(&[20]).at(15, Fault::Loss(share(100))).at(15, delay(600)).calm_at(50);
    assert_eq!(stage.run().lines("n2", "n1.words"), ["60ms lost n1.words#1 (loss)"]);
}

#[test]
fn a_sync_under_way_takes_no_longer_from_the_end_of_a_slow_disk_on_than_without_it() {
    let synced = |stage: Stage| stage.run().lines("n1", "synced");
    assert_eq!(synced(syncing().during(10..=50, slow(600))), ["55ms synced"]);
    assert_eq!(synced(syncing().during(10..=50, slow(32))), ["52ms synced"]);
    assert_eq!(synced(syncing().at(10, slow(600))), ["620ms synced"]);
    assert_eq!(synced(syncing().at(10, slow(600)).calm_at(50)), ["55ms synced"]);
    assert_eq!(synced(syncing().during(10..=50, slow(600)).during(12..=900, slow(90))), ["140ms synced"]);
    assert_eq!(synced(syncing().during(10..=50, slow(600)).during(30..=900, slow(90))), ["55ms synced"]);
}

#[test]
fn the_end_of_a_slow_disk_lets_no_dead_boots_sync_answer_a_later_one() {
    let seen = Stage::new(1)
        .on(1, Start(1), [Set(1, 20)])
        .on(1, Timer(1), [Append(1), SyncThen(1), Note(1)])
        .on(1, Start(2), [Append(2), SyncThen(1), Note(2)])
        .on(1, Synced(1), [Note(3)])
        .during(10..=50, slow(600))
        .at(30, restart(1))
        .run();
    assert_eq!(seen.lines("n1", "ms synced"), ["55ms synced"]);
    assert_eq!(seen.lines("n1", "noted"), ["55ms fact noted 2", "55ms fact noted 3"]);
}

#[test]
fn a_slow_disk_of_a_paused_node_answers_in_time_too() {
    let seen =
        syncing().during(10..=50, slow(600)).during(30..=90, Fault::Pause(OfNodes { target: target(&[1]) })).run();
    assert_eq!(seen.lines("n1", "synced"), ["55ms synced"]);
}

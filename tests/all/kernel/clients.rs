//! Clients: they invoke, wait, retry, give up, and take no answer twice.

use stemmata::identity::NodeId;
use stemmata::process::{ClientPlan, Pace};
use stemmata::time::Span;

use super::player::Act::{Note, Reply, Set, Sync};
use super::player::Cue::{Asked, Start, Timer};
use super::player::{Asker, Command};
use super::stage::{Stage, at, kill, nodes, pause};

/// Asks n1 so many times, 10 ms after the end (or the beginning) of the last; patient for 20 ms.
fn asker(times: u8) -> ClientPlan<Asker> {
    let machine = Asker { every: Span::from_millis(10), asked: 0, times };
    ClientPlan { timeout: Span::from_millis(20), retries: 2, ..ClientPlan::new(NodeId::new(0), machine) }
}

#[test]
fn a_closed_loop_waits_for_the_answer_and_is_told_it() {
    let seen = Stage::new(1).on(1, Asked(1), [Sync, Reply(7)]).on(1, Asked(2), [Reply(8)]).with_client(asker(2)).run();
    assert_eq!(
        seen.of("c1"),
        [
            "10ms invoked c1#1 -> n1 ask 1",
            "15ms returned c1#1 answer 7",
            "25ms invoked c1#2 -> n1 ask-knowing [2,7]",
            "25ms returned c1#2 answer 8",
        ]
    );
    assert_eq!(seen.lines("n1", "c1#1"), ["10ms command c1#1", "15ms reply c1#1 answer 7"]);
}

#[test]
fn an_open_loop_waits_for_nobody() {
    let open = ClientPlan {
        pace: Pace::Open,
        begins: Span::from_millis(5),
        timeout: Span::from_millis(100),
        retries: 0,
        ..asker(3)
    };
    let seen = Stage::new(1).on(1, Asked(1), [Set(1, 30)]).on(1, Timer(1), [Reply(3)]).with_client(open).run();
    let invoked = seen.lines("c1", "invoked");
    assert_eq!(
        invoked,
        ["15ms invoked c1#1 -> n1 ask 1", "25ms invoked c1#2 -> n1 ask 2", "35ms invoked c1#3 -> n1 ask 3"]
    );
    assert_eq!(seen.lines("c1", "returned"), ["45ms returned c1#3 answer 3"]);
    assert_eq!(seen.lines("c1", "gave-up"), ["115ms gave-up c1#1", "125ms gave-up c1#2"]);
}

#[test]
fn a_client_retries_under_one_id_at_the_next_home_and_gives_up() {
    let around = ClientPlan { homes: nodes(&[1, 2]), retries: 3, ..asker(2) };
    let seen = Stage::new(2).on(1, Asked(2), [Reply(9)]).at(5, kill(2)).with_client(around).run();
    assert_eq!(
        seen.of("c1"),
        [
            "10ms invoked c1#1 -> n1 ask 1",
            "30ms retried c1#1 -> n2 attempt=2",
            "50ms retried c1#1 -> n1 attempt=3",
            "70ms retried c1#1 -> n2 attempt=4",
            "90ms gave-up c1#1",
            "100ms invoked c1#2 -> n1 ask-unknowing 2",
            "100ms returned c1#2 answer 9",
        ]
    );
    assert_eq!(seen.lines("n1", "c1#1"), ["10ms command c1#1", "50ms command c1#1"]);
    assert_eq!(seen.of("n2")[1..], ["5ms killed"]);
}

#[test]
fn an_answer_to_a_later_attempt_is_an_answer_and_ends_the_patience() {
    let around = ClientPlan { homes: nodes(&[1, 2]), ..asker(1) };
    let seen = Stage::new(2).on(2, Asked(1), [Reply(4)]).with_client(around).run();
    assert_eq!(seen.of("c1")[1..], ["30ms retried c1#1 -> n2 attempt=2", "30ms returned c1#1 answer 4"]);
}

#[test]
fn a_late_or_second_answer_is_ignored() {
    let seen = Stage::new(1)
        .on(1, Asked(1), [Set(1, 75)])
        .on(1, Timer(1), [Reply(1)])
        .on(1, Asked(2), [Reply(2), Reply(3)])
        .with_client(ClientPlan { retries: 0, ..asker(2) })
        .run();
    assert_eq!(
        seen.of("c1"),
        [
            "10ms invoked c1#1 -> n1 ask 1",
            "30ms gave-up c1#1",
            "40ms invoked c1#2 -> n1 ask-unknowing 2",
            "40ms returned c1#2 answer 2",
        ]
    );
    assert_eq!(seen.lines("n1", "reply").len(), 3, "the node says it all the same");
}

#[test]
fn a_command_to_a_paused_node_waits_there() {
    let seen = Stage::new(1).on(1, Asked(1), [Reply(1)]).during(5..=25, pause(1)).with_client(asker(1)).run();
    assert_eq!(seen.of("c1")[1..], ["25ms returned c1#1 answer 1"]);
    assert_eq!(seen.touched(), [1]);
}

#[test]
fn after_the_calm_nothing_new_is_asked_but_what_is_open_goes_on() {
    let seen = Stage::new(1).on(1, Start(2), [Note(1)]).on(1, Asked(2), [Reply(2)]).at(5, kill(1)).calm_at(100);
    let seen = seen.with_client(asker(3)).with_client(ClientPlan { begins: Span::from_millis(95), ..asker(1) }).run();
    assert_eq!(
        seen.of("c1"),
        [
            "10ms invoked c1#1 -> n1 ask 1",
            "30ms retried c1#1 -> n1 attempt=2",
            "50ms retried c1#1 -> n1 attempt=3",
            "70ms gave-up c1#1",
            "80ms invoked c1#2 -> n1 ask-unknowing 2",
            "100ms retried c1#2 -> n1 attempt=2",
            "100ms returned c1#2 answer 2",
        ]
    );
    assert!(seen.of("c2").is_empty(), "it would have begun at {}", at(105));
}

#[test]
fn written_operations_are_asked_at_their_times_whatever_the_answers_are() {
    let seen = Stage::new(2)
        .on(2, Asked(1), [Reply(1)])
        .on(1, Asked(3), [Reply(3)])
        .with_client(asker(1))
        .asks("c3#2", 30, &[1, 2], Command::Ask(1))
        .asks("c3#5", 40, &[1], Command::Ask(3))
        .asks("c3#6", 40, &[2], Command::Ask(2))
        .run();
    assert_eq!(
        seen.of("c3"),
        [
            "30ms invoked c3#2 -> n1 ask 1",
            "40ms invoked c3#5 -> n1 ask 3",
            "40ms returned c3#5 answer 3",
            "40ms invoked c3#6 -> n2 ask 2",
            "50ms retried c3#2 -> n2 attempt=2",
            "50ms returned c3#2 answer 1",
            "60ms retried c3#6 -> n2 attempt=2",
            "80ms gave-up c3#6",
        ]
    );
    assert_eq!(seen.of("c1")[0], "10ms invoked c1#1 -> n1 ask 1", "the cast asks as ever");
    assert!(seen.of("c2").is_empty());
}

#[test]
fn written_operations_end_at_the_calm_too() {
    let seen = Stage::new(1).asks("c1#1", 10, &[1], Command::Ask(1)).asks("c1#2", 30, &[1], Command::Ask(2));
    let seen = seen.calm_at(30).run();
    assert_eq!(
        seen.of("c1"),
        ["10ms invoked c1#1 -> n1 ask 1", "30ms retried c1#1 -> n1 attempt=2", "50ms gave-up c1#1"]
    );
}

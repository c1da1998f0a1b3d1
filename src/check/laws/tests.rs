//! Each law on a history that keeps it, and on minimal ones that break it.

use super::*;
use crate::check::history::*;
use crate::time::Span;
use crate::trace::{EffectKind, Event};

fn two_nodes() -> History {
    let mut history = History::default();
    history.on("n1", start(1)).on("n2", start(1));
    history
}

mod received_was_sent {
    use super::*;

    #[test]
    fn whatever_becomes_of_copies_each_receipt_has_its_send() {
        let mut history = two_nodes();
        history.at(1).on("n1", send("n1#1", "n2", 2)).on("n1", send("n1#2", "n2", 1)).on("n1", send("n1#3", "n1", 1));
        history.at(2).on("n2", receive("n1#1", 1)).on("n2", lost("n1#2", 0)).on("n2", receive_corrupted("n1#1", 0));
        history.on("n1", receive("n1#3", 0));
        assert_holds(&history, ReceivedWasSent::default(), 3);
    }

    #[test]
    fn a_receipt_of_nothing_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", dropped_send("n1#1")).on("n1", send("n1#2", "n2", 1)).on("n2", receive("n1#1", 0));
        let sentence = "n2#2 receives message 1 of n1, which was never sent";
        assert_broken(&history, ReceivedWasSent::default(), sentence, "n2#2");
    }

    #[test]
    fn a_receipt_elsewhere_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", send("n1#1", "n2", 1)).on("n3", receive("n1#1", 0));
        assert_broken(&history, ReceivedWasSent::default(), "n3#1 receives what n1#2 sent to n2", "n3#1 n1#2");
    }

    #[test]
    fn a_receipt_before_its_send_breaks_it() {
        let mut history = two_nodes();
        history.at(5).on("n1", send("n1#1", "n2", 1)).at(4).on("n2", receive("n1#1", 0));
        let sentence = "n2#2 receives at 4.000ms what n1#2 sent at 5.000ms";
        assert_broken(&history, ReceivedWasSent::default(), sentence, "n2#2 n1#2");
    }

    #[test]
    fn a_send_under_anothers_name_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", send("n2#1", "n1", 1));
        assert_broken(&history, ReceivedWasSent::default(), "n1#2 sends in the name of n2", "n1#2");
    }
}

mod one_fate {
    use super::*;

    #[test]
    fn copies_end_in_any_order_and_may_be_held_before() {
        let mut history = two_nodes();
        history.on("n1", send("n1#1", "n2", 3)).on("n1", send("n1#2", "n2", 1)).on("n1", send("n1#3", "n2", 0));
        history.on("n2", held("n1#1", 1)).on("n2", receive("n1#1", 2)).on("n2", garbled("n1#2", 0));
        history.on("n2", receive("n1#1", 1)).on("n2", lost("n1#1", 0));
        assert_holds(&history, OneFate::default(), 4);
    }

    #[test]
    fn a_copy_that_ends_twice_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", send("n1#1", "n2", 2)).on("n2", receive("n1#1", 1)).on("n2", lost("n1#1", 1));
        let sentence = "n2#3 speaks of copy 1 of message 1 of n1, sent at n1#2, which had ended";
        assert_broken(&history, OneFate::default(), sentence, "n2#3 n1#2");
    }

    #[test]
    fn a_copy_after_the_last_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", send("n1#1", "n2", 1)).on("n2", receive("n1#1", 0)).on("n2", receive("n1#1", 0));
        let sentence = "n2#3 speaks of copy 0 of message 1 of n1, whose copies had all ended";
        assert_broken(&history, OneFate::default(), sentence, "n2#3");
    }

    #[test]
    fn a_copy_that_was_not_made_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", send("n1#1", "n2", 1)).on("n2", garbled("n1#1", 1));
        let sentence = "n2#2 speaks of copy 1 of message 1 of n1, but n1#2 made no more than 1, counted from 0";
        assert_broken(&history, OneFate::default(), sentence, "n2#2 n1#2");
    }

    #[test]
    fn a_fate_elsewhere_or_after_the_end_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", send("n1#1", "n2", 2));
        let mut ended = history.clone();
        history.on("n1", lost("n1#1", 0));
        let sentence = "n1#3 speaks of copy 0 of message 1 of n1, which n1#2 sent to n2";
        assert_broken(&history, OneFate::default(), sentence, "n1#3 n1#2");
        ended.on("n2", lost("n1#1", 0)).on("n2", held("n1#1", 0));
        let sentence = "n2#3 speaks of copy 0 of message 1 of n1, sent at n1#2, which had ended";
        assert_broken(&ended, OneFate::default(), sentence, "n2#3 n1#2");
    }

    /// After quiescence at 10 ms no copy takes longer than 5 ms.
    fn bounded() -> OneFate {
        OneFate::within(Span::from_millis(5), [message("n1#9")].into())
    }

    #[test]
    fn after_quiescence_a_copy_may_be_under_way_for_as_long_as_the_network_allows() {
        let mut history = two_nodes();
        history.at(1).on("n1", send("n1#1", "n2", 2)).on("n1", send("n1#9", "n2", 1)).on("n2", held("n1#1", 0));
        history.at(10).on("env", Event::Calm);
        let mut early = history.clone();
        early.at(15).on("n1", timer());
        assert_holds(&early, bounded(), 0);
        history.on("n2", receive("n1#1", 0)).at(15).on("n2", lost("n1#1", 1));
        history.at(94).on("n1", send("n1#2", "n2", 1)).at(95).on("n1", send("n1#3", "n2", 1));
        history.at(99).on("n2", receive("n1#2", 0)).at(100).on("n1", timer());
        assert_holds(&history, bounded(), 3);
    }

    #[test]
    fn a_copy_that_never_ends_breaks_it() {
        let mut history = two_nodes();
        history.at(1).on("n1", send("n1#1", "n2", 2)).on("n2", receive("n1#1", 0)).on("n2", held("n1#1", 1));
        history.at(2).on("n1", send("n1#2", "n2", 1));
        let mut noisy = history.clone();
        noisy.at(900).on("n1", timer());
        assert_holds(&noisy, bounded(), 1);
        history.at(10).on("env", Event::Calm).at(16).on("n1", timer());
        let sentence = "copy 1 of message 1 of n1, sent at n1#2 to n2, had no end by 16.000, though after quiescence at \
                        10.000 no copy may be under way for more than 5ms";
        assert_broken(&history, bounded(), sentence, "n1#2");
        assert_holds(&history, OneFate::default(), 1);
        let mut outside = two_nodes();
        outside.at(1).on("n1", send("n1#1", "n2", 1)).on("env", core(&["n1"])).at(10).on("env", Event::Calm);
        outside.at(900).on("n1", timer());
        assert_holds(&outside, bounded(), 0);
        let mut later = two_nodes();
        later.at(10).on("env", Event::Calm).at(20).on("n2", send("n2#1", "n1", 1)).at(26).on("n1", timer());
        let sentence = "copy 0 of message 1 of n2, sent at n2#2 to n1, had no end by 26.000, though after quiescence at \
                        10.000 no copy may be under way for more than 5ms";
        assert_broken(&later, bounded(), sentence, "n2#2");
    }

    #[test]
    fn a_fate_of_what_was_never_sent_breaks_it() {
        for event in [lost("n1#1", 0), garbled("n1#1", 0), held("n1#1", 0)] {
            let mut history = two_nodes();
            history.on("n2", event);
            let sentence = "n2#2 speaks of copy 0 of message 1 of n1, which was never sent";
            assert_broken(&history, OneFate::default(), sentence, "n2#2");
        }
    }

    #[test]
    fn a_name_given_twice_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", send("n1#1", "n2", 1)).on("n1", send("n1#1", "n2", 1));
        let sentence = "n1#3 sends a message under a name that was used before";
        assert_broken(&history, OneFate::default(), sentence, "n1#3");
    }
}

mod time_forward {
    use super::*;

    #[test]
    fn numbers_may_come_out_of_order() {
        let mut history = two_nodes();
        history.at(1).numbered("n1", 4, timer()).numbered("n1", 2, Event::Sync).at(2).numbered("n1", 3, append());
        history.on("n1", timer());
        assert_holds(&history, TimeForward::default(), 6);
    }

    #[test]
    fn time_that_goes_back_breaks_it() {
        let mut history = two_nodes();
        history.at(3).on("n1", timer()).at(2).on("n2", timer());
        let sentence = "n2#2 at 2.000ms stands after n1#2 at 3.000ms";
        assert_broken(&history, TimeForward::default(), sentence, "n2#2 n1#2");
    }

    #[test]
    fn a_number_given_twice_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", timer()).on("c1", gave_up("c1#1")).on("env", Event::Calm).numbered("n1", 2, timer());
        assert_broken(&history, TimeForward::default(), "two records are named n1#2", "n1#2");
    }

    #[test]
    fn numbers_count_from_one_and_do_not_leap() {
        let mut history = two_nodes();
        history.numbered("n1", 0, timer());
        assert_broken(&history, TimeForward::default(), "n1#0 has the number 0; numbers count from 1", "n1#0");
        let mut history = two_nodes();
        history.numbered("n1", 4_000_000_000, timer());
        let sentence = "n1#4000000000 is far ahead of n1#2, which is missing";
        assert_broken(&history, TimeForward::default(), sentence, "n1#4000000000");
    }
}

mod the_dead_do_nothing {
    use super::*;

    fn dead() -> History {
        let mut history = two_nodes();
        history.on("n1", killed());
        history
    }

    #[test]
    fn much_may_happen_to_the_dead_and_the_paused() {
        let mut history = dead();
        history.on("n1", lost("n2#1", 0)).on("n1", held("n2#2", 0)).on("n1", dropped(EffectKind::Sync));
        history.on("n1", start_from(2, 0, 0)).on("n1", Event::Sync);
        history.numbered("n1", 9, Event::Paused).numbered("n1", 8, append());
        history.on("n1", Event::Synced { sync: 7 }).on("n1", Event::Unpaused).on("n1", timer());
        assert_holds(&history, TheDeadDoNothing::default(), 2);
    }

    #[test]
    fn a_node_that_quiescence_leaves_dead_or_paused_breaks_it() {
        for (event, is) in [(killed(), "dead"), (Event::Paused, "paused")] {
            let mut history = two_nodes();
            history.on("n1", event).at(10).on("env", Event::Calm);
            assert_holds(&history, TheDeadDoNothing::default(), 1);
            history.at(11).on("n2", timer());
            let sentence = format!("n1 has been {is} since n1#2, though env#1 ended every fault");
            assert_broken(&history, TheDeadDoNothing::default(), &sentence, "n1#2 env#1");
        }
        let mut history = two_nodes();
        history.on("n1", killed()).on("n2", Event::Paused).at(10).on("env", Event::Calm).on("n1", start(2));
        history
            .on("n2", Event::Unpaused)
            .at(11)
            .on("n2", panicked("so it is"))
            .on("n2", killed())
            .at(12)
            .on("n1", timer());
        assert_holds(&history, TheDeadDoNothing::default(), 4);
    }

    #[test]
    fn who_is_outside_the_core_may_stay_dead() {
        let mut history = two_nodes();
        history.on("n1", killed()).on("env", core(&["n2"])).at(10).on("env", Event::Calm).at(11).on("n2", timer());
        assert_holds(&history, TheDeadDoNothing::default(), 1);
        let mut history = two_nodes();
        history.on("n1", killed()).on("env", core(&["n1"])).at(10).on("env", Event::Calm).at(11).on("n2", timer());
        let sentence = "n1 has been dead since n1#2, though env#2 ended every fault";
        assert_broken(&history, TheDeadDoNothing::default(), sentence, "n1#2 env#2");
    }

    #[test]
    fn a_dead_node_that_acts_breaks_it() {
        let sentence = "n1#3 is an event of n1, which has been dead since n1#2";
        for event in
            [receive("n2#1", 0), timer(), command("c1#1"), Event::Synced { sync: 1 }, Event::Sync, reply("c1#1")]
        {
            let mut history = dead();
            history.on("n1", event);
            assert_broken(&history, TheDeadDoNothing::default(), sentence, "n1#3 n1#2");
        }
        for death in [Event::IoError, panicked("so it is")] {
            let mut history = two_nodes();
            history.on("n1", death).on("n1", append());
            assert_broken(&history, TheDeadDoNothing::default(), sentence, "n1#3 n1#2");
        }
    }

    #[test]
    fn a_node_that_acts_before_its_birth_breaks_it() {
        let mut history = two_nodes();
        history.on("n3", timer());
        let sentence = "n3#1 is an event of n3 before its first start";
        assert_broken(&history, TheDeadDoNothing::default(), sentence, "n3#1");
    }

    #[test]
    fn starts_are_of_the_dead_and_count_boots() {
        let mut history = two_nodes();
        history.on("n1", start(2));
        let sentence = "n1#2 starts n1, which has been alive since n1#1";
        assert_broken(&history, TheDeadDoNothing::default(), sentence, "n1#2 n1#1");
        let mut history = dead();
        history.on("n1", start(3));
        assert_broken(&history, TheDeadDoNothing::default(), "n1#3 starts boot 3 of n1 after boot 1", "n1#3");
    }

    #[test]
    fn what_a_dead_boot_called_comes_to_be_in_no_later_one() {
        let sentence = "carries out what n1 called before it started at n1#9, in a boot that is dead";
        let mut history = dead();
        history.numbered("n1", 9, start(2)).numbered("n1", 4, send("n1#1", "n2", 1));
        assert_broken(&history, TheDeadDoNothing::default(), &format!("n1#4 {sentence}"), "n1#4 n1#9");
        let mut history = dead();
        history.numbered("n1", 9, start(2)).on("n1", Event::Synced { sync: 4 });
        assert_broken(&history, TheDeadDoNothing::default(), &format!("n1#10 {sentence}"), "n1#10 n1#9");
    }

    #[test]
    fn a_paused_node_that_steps_breaks_it() {
        for event in [timer(), append()] {
            let mut history = two_nodes();
            history.on("n1", Event::Paused).on("n1", event);
            let sentence = "n1#3 belongs to a step of n1, which has been paused since n1#2";
            assert_broken(&history, TheDeadDoNothing::default(), sentence, "n1#3 n1#2");
        }
    }
}

mod operations {
    use super::*;

    #[test]
    fn operations_are_retried_answered_and_given_up() {
        let mut history = two_nodes();
        history.on("c1", invoked("c1#1", "n1")).on("c1", invoked("c1#2", "n1")).on("n1", command("c1#1"));
        history.on("c1", retried("c1#1", "n2", 2)).on("c1", retried("c1#1", "n1", 3)).on("n1", reply("c1#1"));
        history.on("c1", gave_up("c1#2")).on("c1", returned("c1#1"));
        history.on("n2", command("c1#1")).on("n2", reply("c1#1")).on("c2", invoked("c2#1", "n1"));
        assert_holds(&history, Operations::default(), 3);
    }

    #[track_caller]
    fn refused(event: Event<'static>, sentence: &str, witnesses: &str) {
        let mut history = two_nodes();
        history.on("c1", invoked("c1#1", "n1")).on("n1", reply("c1#1")).on("c1", returned("c1#1"));
        history.on("c1", invoked("c1#2", "n1")).on("c1", retried("c1#2", "n2", 2)).on("c1", event);
        assert_broken(&history, Operations::default(), sentence, witnesses);
    }

    #[test]
    fn what_clients_do_wrong_breaks_it() {
        refused(invoked("c1#1", "n1"), "c1#5 invokes c1#1, which had been invoked before", "c1#5");
        refused(retried("c1#1", "n1", 2), "c1#5 retries c1#1, which had ended", "c1#5");
        refused(gave_up("c1#1"), "c1#5 gives up c1#1, which had ended", "c1#5");
        refused(returned("c1#3"), "c1#5 returns c1#3, which was never invoked", "c1#5");
        refused(retried("c1#2", "n1", 2), "c1#5 counts attempt 2 of c1#2 after attempt 2", "c1#5 c1#3");
        refused(returned("c1#2"), "c1#5 returns c1#2, to which no node has replied", "c1#5 c1#3");
        refused(gave_up("c2#1"), "c1#5 speaks for c2#1, which is another's", "c1#5");
    }

    #[test]
    fn what_nodes_do_unasked_breaks_it() {
        let mut history = two_nodes();
        history.on("n1", command("c1#1"));
        assert_broken(&history, Operations::default(), "n1#2 handles c1#1, which was never invoked", "n1#2");
        let mut history = two_nodes();
        history.on("n1", reply("c1#1"));
        assert_broken(&history, Operations::default(), "n1#2 answers c1#1, which was never invoked", "n1#2");
        let mut history = two_nodes();
        history.on("c1", invoked("c1#1", "n1")).on("n2", command("c1#1"));
        let sentence = "n2#2 handles c1#1, which was asked of other nodes";
        assert_broken(&history, Operations::default(), sentence, "n2#2 c1#1");
    }
}

#[test]
fn a_panic_breaks_no_panic() {
    let mut history = two_nodes();
    history.on("n1", timer());
    assert_holds(&history, NoPanic::default(), 3);
    history.on("n1", panicked("a quorum is never empty"));
    assert_broken(&history, NoPanic::default(), "a handler panicked at n1#3: a quorum is never empty", "n1#3");
}

#[test]
fn a_time_that_stands_still_breaks_progress_of_time() {
    let mut history = two_nodes();
    history.at(7).on("n1", timer());
    assert_holds(&history, ProgressOfTime::default(), 2);
    history.on("env", Event::Stuck { events: 1_000_000 });
    let sentence = "the time stands still at 7.000ms: 1000000 events at one instant";
    assert_broken(&history, ProgressOfTime::default(), sentence, "env#1");
}

//! Quiescence: every node up, every fault over, the network at its best.

use stemmata::fault::{ClockFault, Clog, Crash, DiskFault, Fault, Harm, LinkShare, OfNodes, SlowLinks};
use stemmata::measure::{Drift, Offset, Share};
use stemmata::network::Delay;
use stemmata::time::Span;

use super::player::Act::{Alarm, Append, Clocks, Send, Set, Sync};
use super::player::Cue::{Start, Timer};
use super::stage::{Stage, kill, kill_after, nodes, split, target};

const LATE: u64 = 150;

/// Every node talks to every other one after quiescence at 100 ms.
fn talking() -> Stage {
    let to_all: Vec<_> = (1..=3).map(|to| Send(to, 1)).collect();
    Stage::new(3)
        .all_on(Start(1), &[Set(1, LATE)])
        .all_on(Start(2), &[Set(1, 50)])
        .all_on(Timer(1), &to_all)
        .calm_at(100)
}

#[test]
fn the_calm_brings_every_node_up() {
    let dead = Fault::Kill(Crash { target: target(&[1]), after_effects: None });
    let still = Fault::Pause(OfNodes { target: target(&[2]) });
    let seen = talking().at(5, dead).at(6, still).run();
    assert_eq!(seen.lines("n1", "start"), ["0ms start boot=1", "100ms start boot=2"]);
    assert_eq!(seen.lines("n2", "paused"), ["6ms paused", "100ms unpaused"]);
    assert_eq!(seen.heard(1), [1, 2, 3]);
}

#[test]
fn the_calm_ends_every_fault_of_the_network() {
    let all = || LinkShare { share: Share::from_percent(100), from: None, to: None };
    let slow = SlowLinks { delay: Delay::Constant(Span::from_secs(9)), from: None, to: None };
    let faults = [
        split(&[&[1], &[2]]),
        Fault::Clog(Clog::default()),
        Fault::Loss(all()),
        Fault::Corrupt(all()),
        Fault::Duplicate(all()),
        Fault::Reorder(all()),
        Fault::Delay(slow),
    ];
    for fault in faults {
        let seen = talking().during(50..=400, fault.clone()).run();
        for node in ["n1", "n2", "n3"] {
            let got = seen.lines(node, "recv").iter().filter(|line| line.starts_with("160ms recv")).count();
            assert_eq!(got, 3, "{fault}");
            assert!(seen.lines(node, "copy").is_empty() && seen.lines(node, "corrupted").is_empty(), "{fault}");
        }
        assert!(seen.lines("env", "ended").is_empty(), "what has ended does not end again: {fault}");
    }
}

#[test]
fn the_calm_releases_what_a_clog_holds() {
    let seen = talking().on(1, Start(1), [Send(2, 9)]).at(5, Fault::Clog(Clog::default())).run();
    assert_eq!(seen.lines("n2", "n1.words#1"), ["10ms held n1.words#1", "100ms recv n1.words#1"]);
}

#[test]
fn the_calm_ends_loss_and_caps_delays() {
    let mut stage = talking();
    let link = &mut stage.conditions.network.link;
    link.loss = Share::from_percent(100);
    link.duplicate = Share::from_percent(100);
    link.corrupt = Share::from_percent(100);
    link.reorder = Share::from_percent(100);
    link.delay = Delay::Constant(Span::from_secs(5));
    stage.conditions.network.calm_delay = Span::from_millis(7);
    let seen = stage.run();
    for node in ["n1", "n2", "n3"] {
        let got: Vec<_> =
            (1..=3).map(|from| format!("157ms recv n{from}.words#{}", node[1..].parse::<u32>().expect("n"))).collect();
        assert_eq!(seen.lines(node, "recv"), got);
    }
}

#[test]
fn the_calm_ends_the_faults_of_disks_and_what_dooms_a_node() {
    for harm in [Harm::IoError, Harm::Slow(Span::from_millis(80)), Harm::Torn, Harm::Damage] {
        let writes = [Append(1), Sync];
        let stage = Stage::new(1).on(1, Start(1), [Set(1, 150)]).on(1, Timer(1), writes).calm_at(100);
        let seen = stage.at(50, Fault::Disk(DiskFault { target: target(&[1]), harm })).at(50, kill_after(1, 1)).run();
        assert_eq!(seen.of("n1")[2..], ["150ms append line 1", "150ms sync", "155ms synced"], "{harm:?}");
        assert_eq!(seen.touched(), [0, 0]);
    }
}

#[test]
fn after_the_calm_no_fault_acts_any_more() {
    let stage = Stage::new(1).on(1, Start(1), [Set(1, 150)]).on(1, Timer(1), [Alarm]).calm_at(100);
    let seen = stage.at(120, kill(1)).at_alarm(1, kill(1)).run();
    assert!(seen.lines("n1", "killed").is_empty() && seen.lines("env", "kill").is_empty());
}

#[test]
fn after_the_calm_clocks_run_at_their_own_rate() {
    let wrong = ClockFault {
        target: target(&[1]),
        offset: Some(Offset::from_nanos(5_000_000)),
        drift: Some(Drift::from_ppb(1_000_000_000)),
        monotonic_drift: Some(Drift::from_ppb(1_000_000_000)),
        bump: None,
        freeze: false,
        monotonic_freeze: false,
    };
    let stage = Stage::new(1).on(1, Start(1), [Set(1, 200)]).on(1, Timer(1), [Clocks]).calm_at(100);
    let seen = stage.at(50, Fault::Clock(wrong)).run();
    assert_eq!(seen.lines("n1", "clocks"), ["150ms fact clocks [86400200000000,200000000]"]);
}

/// The nodes that the calm heals.
fn core(mut stage: Stage, core: &[u32]) -> Stage {
    stage.conditions.core = Some(nodes(core));
    stage
}

#[test]
fn a_core_is_healed_and_the_rest_stays_as_it_is() {
    let dead = || Fault::Kill(Crash { target: target(&[1, 3]), after_effects: None });
    let seen = core(talking(), &[1, 2]).at(5, dead()).run();
    assert_eq!(seen.lines("env", "core"), ["100ms core n1,n2"]);
    assert_eq!(seen.lines("n1", "start"), ["0ms start boot=1", "100ms start boot=2"]);
    assert_eq!(seen.lines("n3", "start"), ["0ms start boot=1"]);
    let still = Fault::Pause(OfNodes { target: target(&[2, 3]) });
    let seen = core(talking(), &[1, 2]).at(6, still).run();
    assert_eq!(seen.lines("n2", "unpaused"), ["100ms unpaused"]);
    assert!(seen.lines("n3", "unpaused").is_empty());
}

#[test]
fn links_are_healed_within_the_core_only() {
    let all = || LinkShare { share: Share::from_percent(100), from: None, to: None };
    let slow = SlowLinks { delay: Delay::Constant(Span::from_secs(9)), from: None, to: None };
    for fault in [split(&[&[1], &[2], &[3]]), Fault::Clog(Clog::default()), Fault::Loss(all()), Fault::Delay(slow)] {
        let seen = core(talking(), &[1, 2]).at(50, fault.clone()).run();
        for (node, heard) in [("n1", 2), ("n2", 2), ("n3", 1)] {
            let got = seen.lines(node, "recv").iter().filter(|line| line.starts_with("160ms recv")).count();
            let own = usize::from(node == "n3" && matches!(fault, Fault::Loss(_) | Fault::Delay(_) | Fault::Clog(_)));
            assert_eq!(got, heard - own, "{node}: {fault}");
        }
    }
}

#[test]
fn what_a_cut_has_already_lost_within_the_core_stays_lost() {
    let stage = Stage::new(2).on(1, Start(1), [Set(1, 95)]).on(1, Timer(1), [Send(2, 1)]).calm_at(100);
    let seen = core(stage, &[1, 2]).at(50, split(&[&[1], &[2]])).run();
    assert_eq!(seen.lines("n2", "lost"), ["105ms lost n1.words#1 (partition)"]);
}

#[test]
fn clocks_and_disks_outside_the_core_stay_wrong() {
    let wrong = ClockFault {
        target: target(&[1, 2]),
        offset: Some(Offset::from_nanos(5_000_000)),
        drift: None,
        monotonic_drift: None,
        bump: None,
        freeze: false,
        monotonic_freeze: false,
    };
    let stage = Stage::new(2).all_on(Start(1), &[Set(1, 150)]).all_on(Timer(1), &[Clocks]).calm_at(100);
    let seen = core(stage, &[1]).at(50, Fault::Clock(wrong)).run();
    assert_eq!(seen.lines("n1", "clocks"), ["150ms fact clocks [86400150000000,150000000]"]);
    assert_eq!(seen.lines("n2", "clocks"), ["150ms fact clocks [86400155000000,150000000]"]);
    let stage = Stage::new(2).all_on(Start(1), &[Set(1, 150)]).all_on(Timer(1), &[Append(1), Sync]).calm_at(100);
    let slow = Fault::Disk(DiskFault { target: target(&[1, 2]), harm: Harm::Slow(Span::from_millis(80)) });
    let seen = core(stage, &[1]).at(50, slow).run();
    assert_eq!(seen.lines("n1", "synced"), ["155ms synced"]);
    assert_eq!(seen.lines("n2", "synced"), ["230ms synced"]);
}

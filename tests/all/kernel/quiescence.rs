//! Quiescence: every node up, every fault over, the network at its best.

use stemmata::fault::{ClockFault, Clog, Crash, DiskFault, Fault, Harm, LinkShare, OfNodes, SlowLinks};
use stemmata::measure::{Drift, Offset, Share};
use stemmata::network::Delay;
use stemmata::time::Span;

use super::player::Act::{Alarm, Append, Clocks, Send, Set, Sync};
use super::player::Cue::{Start, Timer};
use super::stage::{Stage, kill, kill_after, split, target};

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

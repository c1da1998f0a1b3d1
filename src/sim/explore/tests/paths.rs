//! Follows the records of a timed run through the exploration.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::steady::{Steady, Word, cast, conditions};
use crate::chance::Seed;
use crate::fault::Budget;
use crate::identity::{Actor, EventId, MessageId};
use crate::network::Discipline;
use crate::sim::explore::{Action, Bench, Ears, Rules, State};
use crate::sim::{Simulation, Witness};
use crate::trace::{Event, Record};

/// What was told: of each record whose it is and what it says, but for what only the network's dice decide: which copy
/// of a message it is, and how many there are.
#[derive(Clone, Debug, Default)]
struct Told {
    lines: Vec<(EventId, String)>,
    /// The messages of which there are more copies, as often as there are more; with the number of lines before.
    doubled: Vec<(usize, MessageId)>,
    kinds: BTreeSet<String>,
}

impl Witness<Word> for Told {
    fn see(&mut self, record: &Record<'_>, fact: Option<&Word>) -> ControlFlow<()> {
        if record.id.actor == Actor::Environment {
            return ControlFlow::Continue(());
        }
        let mut event = record.event.clone();
        if let Event::Send { message, copies, .. } = &mut event {
            self.doubled.extend((1..*copies).map(|_| (self.lines.len(), *message)));
            *copies = 1;
        }
        if let Event::Receive { copy, .. } | Event::Lost { copy, .. } = &mut event {
            *copy = 0;
        }
        let text = format!("{event:?} {fact:?} {:?}", record.stamp);
        self.kinds.insert(text.split([' ', '(']).next().expect("a word").to_owned());
        self.lines.push((record.id, text));
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        true
    }
}

fn timed(seed: Seed) -> Told {
    Simulation::<Steady, _>::new(conditions(seed), cast(seed), Told::default()).run().1
}

fn rules(seed: Seed) -> Rules<Steady> {
    let budget = Budget { loss: 1_000, duplicates: 1_000, crashes: 1_000, timers: None, ..Budget::default() };
    Rules::new(seed, cast(seed), &[], budget, vec![Discipline::Datagram; 2])
}

/// Finds the way that a timed run took; how many steps it has, or the first record that no step makes.
fn follow(rules: &Rules<Steady>, run: &Told) -> Result<usize, String> {
    let mut bench = rules.bench(Ears::Recording);
    let mut told = Told::default();
    let mut state = bench.root(rules, &mut told);
    let mut at = told.lines.len();
    assert_eq!(run.lines[..at], told.lines, "all nodes start");
    let mut doubled = run.doubled.iter().copied().peekable();
    let mut steps = 0;
    while at < run.lines.len() {
        while let Some((_, message)) = doubled.next_if(|(line, _)| *line < at) {
            double(rules, &mut bench, &mut state, message)?;
        }
        let rest = &run.lines[at..];
        let Some((taken, action, doom)) = longest(rules, &mut bench, &state, rest) else {
            bench.abandon(rules, &state, &mut told);
            let dropped = told.lines.iter().rev().take(rest.len()).rev();
            return if dropped.eq(rest) { Ok(steps) } else { Err(format!("{:?}", rest[0])) };
        };
        bench.take(rules, &state, action, doom, &mut told);
        state = bench.make(&state);
        at += taken;
        steps += 1;
    }
    Ok(steps)
}

type Choice = (usize, Action<super::steady::Timer>, Option<u32>);

/// The step that tells the most of what comes next, all of it as the run does.
fn longest(
    rules: &Rules<Steady>,
    bench: &mut Bench<Steady>,
    state: &State<Steady>,
    rest: &[(EventId, String)],
) -> Option<Choice> {
    let mut best: Option<Choice> = None;
    rules.each(bench, state, Told::default, |_, told, action, doom| {
        let taken = told.lines.len();
        let better = taken > best.map_or(0, |(taken, ..)| taken);
        if better && rest.starts_with(&told.lines) {
            best = Some((taken, action, doom));
        }
    });
    best
}

fn double(
    rules: &Rules<Steady>,
    bench: &mut Bench<Steady>,
    state: &mut State<Steady>,
    message: MessageId,
) -> Result<(), String> {
    let mut actions = Vec::new();
    rules.actions(state, &mut actions);
    let of_it = |action: &&Action<_>| matches!(action, Action::Double(at) if state.flights[*at].id == message);
    let action = *actions.iter().find(of_it).ok_or(format!("{message:?} can't be doubled"))?;
    bench.take(rules, state, action, None, &mut Told::default());
    *state = bench.make(state);
    Ok(())
}

/// What of everything that a run tells of comes up in these runs.
const KINDS: &str = "Append Command Dropped Fact GaveUp Invoked Killed Lost Panicked Receive Reply Retried Returned \
                     Rewrite Send Start Sync Synced Timer";

#[test]
fn every_timed_run_is_a_way_through_the_exploration_with_the_same_records() {
    let (mut kinds, mut steps, mut doubled) = (BTreeSet::new(), 0, 0);
    for seed in (0..60).map(Seed) {
        let run = timed(seed);
        steps += follow(&rules(seed), &run).unwrap_or_else(|line| panic!("seed {seed}: no step makes {line}"));
        doubled += run.doubled.len();
        kinds.extend(run.kinds);
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>().join(" "), KINDS);
    assert!(steps > 3_000 && doubled > 50, "{steps} {doubled}");
}

#[test]
fn a_run_with_a_record_too_few_or_out_of_its_place_is_no_way() {
    let (mut followed, mut refused) = (0, 0);
    let seed = Seed(3);
    let run = timed(seed);
    for at in (20..run.lines.len() - 1).step_by(7) {
        let mut without = run.clone();
        without.lines.remove(at);
        let mut swapped = run.clone();
        swapped.lines.swap(at, at + 1);
        for other in [without, swapped] {
            match follow(&rules(seed), &other) {
                Ok(_) => followed += 1,
                Err(_) => refused += 1,
            }
        }
    }
    // Two records of different actors may well change places.
    assert!(refused > 4 * followed && refused > 30, "{refused} refused, {followed} not");
}

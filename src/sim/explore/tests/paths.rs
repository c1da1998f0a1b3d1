//! Follows the records of a timed run through the exploration.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::steady::{Steady, Word, cast, conditions};
use crate::chance::Seed;
use crate::fault::Budget;
use crate::identity::{Actor, EventId, MessageId};
use crate::network::Discipline;
use crate::sim::explore::{Action, Ears, Rules, State, StateBuilder};
use crate::sim::{Simulation, Witness};
use crate::trace::{Event, Record};

/// The records: of each its actor and content, without what only the network's draws decide: which copy of a message it
/// is, and how many there are.
#[derive(Clone, Debug, Default)]
struct Told {
    lines: Vec<(EventId, String)>,
    /// The duplicated messages, once for each additional copy, with the number of lines before.
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

/// Finds the path of a timed run; returns its number of steps, or the first record that no step produces.
fn follow(rules: &Rules<Steady>, run: &Told) -> Result<usize, String> {
    let mut builder = rules.builder(Ears::Recording);
    let mut told = Told::default();
    let mut state = builder.root(rules, &mut told);
    let mut at = told.lines.len();
    assert_eq!(run.lines[..at], told.lines, "all nodes start");
    let mut doubled = run.doubled.iter().copied().peekable();
    let mut steps = 0;
    while at < run.lines.len() {
        while let Some((_, message)) = doubled.next_if(|(line, _)| *line < at) {
            double(rules, &mut builder, &mut state, message)?;
        }
        let rest = &run.lines[at..];
        let Some((taken, action, crash_point)) = longest(rules, &mut builder, &state, rest) else {
            builder.abandon(rules, &state, &mut told);
            let dropped = told.lines.iter().rev().take(rest.len()).rev();
            return if dropped.eq(rest) { Ok(steps) } else { Err(format!("{:?}", rest[0])) };
        };
        builder.take(rules, &state, action, crash_point, &mut told);
        state = builder.make(&state);
        at += taken;
        steps += 1;
    }
    Ok(steps)
}

type Choice = (usize, Action<super::steady::Timer>, Option<u32>);

/// The step that produces the longest part of the next records, all of it as in the run.
fn longest(
    rules: &Rules<Steady>,
    builder: &mut StateBuilder<Steady>,
    state: &State<Steady>,
    rest: &[(EventId, String)],
) -> Option<Choice> {
    let mut best: Option<Choice> = None;
    rules.each(builder, state, Told::default, |_, told, action, crash_point| {
        let taken = told.lines.len();
        let better = taken > best.map_or(0, |(taken, ..)| taken);
        if better && rest.starts_with(&told.lines) {
            best = Some((taken, action, crash_point));
        }
    });
    best
}

fn double(
    rules: &Rules<Steady>,
    builder: &mut StateBuilder<Steady>,
    state: &mut State<Steady>,
    message: MessageId,
) -> Result<(), String> {
    let mut actions = Vec::new();
    rules.actions(state, &mut actions);
    let of_it = |action: &&Action<_>| matches!(action, Action::Double(at) if state.flights[*at].id == message);
    let action = *actions.iter().find(of_it).ok_or(format!("{message:?} can't be doubled"))?;
    builder.take(rules, state, action, None, &mut Told::default());
    *state = builder.make(state);
    Ok(())
}

/// The event kinds that occur in these runs.
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
    // Two records of different actors may be swapped.
    assert!(refused > 4 * followed && refused > 30, "{refused} refused, {followed} not");
}

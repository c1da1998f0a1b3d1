//! `the-dead-do-nothing`: a crashed node takes no step and has no effect, a paused node takes no step; and after
//! quiescence no node is down or paused.

use crate::check::core::Core;
use crate::check::event_class::EventClass;
use crate::check::slots::Slots;
use crate::check::{Checker, End, Shown, broken, event_of};
use crate::identity::{Actor, Boot, EventId, NodeId};
use crate::time::Time;
use crate::trace::{Event, Record, Verdict, Violation};

/// Checks that between a node's crash (a kill, an io error, a panic) and its next start it handles nothing, its disk
/// answers nothing, and no effect that it called is performed, then or in a later boot; that it starts only after a
/// crash, each time with the next boot; that it takes no step while it is paused; and that after quiescence every node
/// that it heals is up, except one that panicked. Exercised by crashes and pauses.
///
/// Events that happen *to* crashed nodes are allowed: messages that are lost, garbled or held, and effects that are
/// dropped. While a node is paused, its disk may answer, and effects that were called before the pause may follow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TheDeadDoNothing {
    nodes: Slots<Life>,
    endings: u64,
    quiescence: Option<EventId>,
    quiet_since: Time,
    core: Core,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Life {
    state: State,
    /// Whether this boot panicked: its node is never started again.
    panicked: bool,
    boot: Boot,
    /// The number of the event that started this boot.
    start: u32,
}

/// The state, with the number of the event that led to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum State {
    #[default]
    Unborn,
    Up,
    Paused(u32),
    Dead(u32),
}

impl TheDeadDoNothing {
    fn started(&mut self, record: &Record<'_>, node: NodeId, boot: Boot) -> Result<(), Violation> {
        let life = self.nodes.at(node.index());
        match life.state {
            State::Up | State::Paused(_) => {
                let before = event_of(node, life.start);
                let sentence = format!("{} starts {node}, which has been alive since {before}", record.id);
                return Err(broken(record, sentence, &[record.id, before]));
            }
            State::Unborn | State::Dead(_) => {}
        }
        if boot != life.boot.next() {
            let sentence = format!("{} starts boot {boot} of {node} after boot {}", record.id, life.boot);
            return Err(broken(record, sentence, &[record.id]));
        }
        *life = Life { state: State::Up, panicked: false, boot, start: record.id.number };
        Ok(())
    }

    /// The first node that is not up, if after quiescence every node should be up by `end`.
    fn still_down(&self, end: Time) -> Option<Violation> {
        let quiescence = self.quiescence.filter(|_| self.quiet_since < end)?;
        let named = |node: usize| NodeId::new(u32::try_from(node).expect("it was a node"));
        let healed = self.nodes.iter().map(|(node, life)| (named(node), life)).filter(|(node, _)| self.core.has(*node));
        healed.into_iter().find_map(|(node, life)| {
            let (is, since) = match life.state {
                State::Dead(since) if !life.panicked => ("dead", since),
                State::Paused(since) => ("paused", since),
                State::Dead(_) | State::Unborn | State::Up => return None,
            };
            let since = event_of(node, since);
            let sentence = format!("{node} has been {is} since {since}, though {quiescence} ended every fault");
            Some(Violation { time: end, sentence, witnesses: vec![since, quiescence] })
        })
    }

    #[inline]
    fn did(&self, record: &Record<'_>, node: NodeId, event_class: EventClass) -> Result<(), Violation> {
        let life = self.nodes.get(node.index()).copied().unwrap_or_default();
        if life.state == State::Up && called(record) > life.start {
            return Ok(());
        }
        Self::may_have_done(record, node, event_class, life)
    }

    #[cold]
    fn may_have_done(record: &Record<'_>, node: NodeId, event_class: EventClass, life: Life) -> Result<(), Violation> {
        match life.state {
            State::Unborn => {
                let sentence = format!("{} is an event of {node} before its first start", record.id);
                Err(broken(record, sentence, &[record.id]))
            }
            State::Dead(death) => {
                let death = event_of(node, death);
                let sentence = format!("{} is an event of {node}, which has been dead since {death}", record.id);
                Err(broken(record, sentence, &[record.id, death]))
            }
            State::Paused(pause)
                if event_class == EventClass::Input
                    || (event_class == EventClass::Effect && record.id.number > pause) =>
            {
                let pause = event_of(node, pause);
                let sentence =
                    format!("{} belongs to a step of {node}, which has been paused since {pause}", record.id);
                Err(broken(record, sentence, &[record.id, pause]))
            }
            State::Up | State::Paused(_) => of_this_boot(record, node, life),
        }
    }
}

/// The number that was assigned at the call: of an effect, or of the sync that is answered.
#[inline]
const fn called(record: &Record<'_>) -> u32 {
    if let Event::Synced { sync } = record.event { sync } else { record.id.number }
}

/// What has a lower number than the start belongs to a crashed boot.
fn of_this_boot(record: &Record<'_>, node: NodeId, life: Life) -> Result<(), Violation> {
    if called(record) > life.start {
        return Ok(());
    }
    let start = event_of(node, life.start);
    let sentence =
        format!("{} carries out what {node} called before it started at {start}, in a boot that is dead", record.id);
    Err(broken(record, sentence, &[record.id, start]))
}

impl<F> Checker<F> for TheDeadDoNothing {
    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let Actor::Node(node) = record.id.actor else {
            self.core.see(&record.event);
            if let Event::Calm = record.event {
                (self.quiescence, self.quiet_since) = (Some(record.id), record.time);
            }
            return Ok(());
        };
        let event_class = EventClass::of(&record.event);
        match event_class {
            EventClass::Start => {
                let boot = if let Event::Start { boot, .. } = record.event { boot } else { Boot::default() };
                return self.started(record, node, boot);
            }
            EventClass::Input | EventClass::Answer | EventClass::Effect => return self.did(record, node, event_class),
            EventClass::Death => {
                let life = self.nodes.at(node.index());
                life.state = State::Dead(record.id.number);
                life.panicked |= matches!(record.event, Event::Panicked { .. });
                self.endings += 1;
            }
            EventClass::Pause => {
                let life = self.nodes.at(node.index());
                if let State::Up = life.state {
                    life.state = State::Paused(record.id.number);
                    self.endings += 1;
                }
            }
            EventClass::Unpause => {
                let life = self.nodes.at(node.index());
                if let State::Paused(_) = life.state {
                    life.state = State::Up;
                }
            }
            EventClass::World => {}
        }
        Ok(())
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let end = end.time;
        self.still_down(end).map_or(Verdict::Holds { exercised: self.endings }, Verdict::Violated)
    }
}

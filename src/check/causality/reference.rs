//! One node's clock as the trace tells it, against what the node stamps.

use super::difference::difference;
use super::step::{Kind, Sent, Start, Step};
use crate::clocks::{HybridStamp, Stamp, VectorClock};
use crate::identity::{Boot, EventId, NodeId};
use crate::time::Time;
use crate::trace::Violation;

/// What one node knows, computed from the trace alone, and what it has claimed.
#[derive(Clone, Debug, Default)]
pub(super) struct Reference {
    boot: Boot,
    /// What it knew after its last event that ticks.
    pub(super) vector: VectorClock,
    /// Syncs that were called and not answered, with what it knew at the call.
    asked: Vec<(u32, VectorClock)>,
    /// What it knew at the call of the last sync that was answered; nothing if the disk can't tell any more.
    durable: VectorClock,
    claims: Claims,
}

/// What the node has stamped.
#[derive(Clone, Debug, Default)]
struct Claims {
    /// How many events that tick bore a stamp.
    stamped: u64,
    /// The first that should and did not; what that means is known later.
    bare: Option<Bare>,
    /// The last hybrid stamp in this boot, and whose it is.
    hybrid: Option<(HybridStamp, EventId)>,
    /// Whether that is of the last event that ticked.
    current: bool,
}

#[derive(Clone, Copy, Debug)]
struct Bare {
    id: EventId,
    /// Whether the next event may still show that its handler panicked.
    open: bool,
}

impl Reference {
    /// How many events that tick bore a stamp.
    pub(super) const fn stamped(&self) -> u64 {
        self.claims.stamped
    }

    /// The first event that should have borne a stamp and did not.
    pub(super) fn bare(&self) -> Option<EventId> {
        self.claims.bare.map(|bare| bare.id)
    }

    /// Takes the node's next step in program order.
    pub(super) fn take(&mut self, node: NodeId, step: &Step<'_>) -> Result<(), Violation> {
        self.settle_bare(node, step)?;
        self.advance(node, step);
        match &step.stamp {
            Some(stamp) => self.judge(step, stamp),
            None => {
                if step.kind.ticks() {
                    self.claims.current = false;
                }
                if step.kind.needs_stamp() && self.claims.bare.is_none() {
                    self.claims.bare = Some(Bare { id: step.id, open: true });
                }
                Ok(())
            }
        }
    }

    /// What travels with a message that was sent in `step`, the last one taken.
    pub(super) fn sent(&self, step: &Step<'_>, copies: u16) -> Sent {
        let hybrid = step.stamp.as_ref().map(|stamp| stamp.hybrid);
        Sent { event: step.id, vector: self.vector.clone(), hybrid, left: copies }
    }

    /// An event without a stamp is forgiven if its handler panicked; else it is a fault as soon as the node is known
    /// to stamp.
    fn settle_bare(&mut self, node: NodeId, step: &Step<'_>) -> Result<(), Violation> {
        let Some(bare) = &mut self.claims.bare else { return Ok(()) };
        if bare.open && matches!(step.kind, Kind::Panicked) {
            self.claims.bare = None;
            return Ok(());
        }
        bare.open = false;
        if self.claims.stamped == 0 && step.stamp.is_none() {
            return Ok(());
        }
        Err(unstamped(node, bare.id, step.time))
    }

    /// At the end of the run: an event without a stamp is a fault if the node stamps others.
    pub(super) fn conclude(&self, node: NodeId, end: Time) -> Result<(), Violation> {
        match self.claims.bare {
            Some(bare) if self.claims.stamped > 0 => Err(unstamped(node, bare.id, end)),
            Some(_) | None => Ok(()),
        }
    }

    fn advance(&mut self, node: NodeId, step: &Step<'_>) {
        match &step.kind {
            Kind::Start(start) => self.start(node, *start, step.stamp.as_deref()),
            Kind::Hear(sent) => {
                self.vector.merge(&sent.vector);
                self.vector.tick(node, self.boot);
            }
            Kind::Tick(_) | Kind::Send { .. } | Kind::Cut => {
                self.vector.tick(node, self.boot);
            }
            Kind::Sync => self.asked.push((step.id.number, self.vector.clone())),
            Kind::Synced(sync) => {
                if let Some(place) = self.asked.iter().position(|(number, _)| number == sync) {
                    self.durable.clone_from(&self.asked[place].1);
                    self.asked.drain(..=place);
                }
            }
            Kind::Panicked | Kind::Rest => {}
        }
    }

    fn start(&mut self, node: NodeId, start: Start, stamp: Option<&Stamp>) {
        if start.intact == 0 {
            self.durable = VectorClock::new();
        } else if start.damaged > 0 {
            // Which entry is damaged, the trace does not tell: any part of what was durable may be what was read.
            let claim: VectorClock =
                stamp.map_or_else(VectorClock::new, |stamp| others(&stamp.vector, node, start.boot));
            if self.durable.covers(&claim) {
                self.durable = claim;
            }
        }
        self.boot = start.boot;
        self.asked.clear();
        self.vector.clone_from(&self.durable);
        self.vector.tick(node, start.boot);
        self.claims.hybrid = None;
        self.claims.current = false;
    }

    fn judge(&mut self, step: &Step<'_>, stamp: &Stamp) -> Result<(), Violation> {
        if stamp.vector != self.vector {
            let (found, expected) = difference(&stamp.vector, &self.vector);
            let what = step.kind.describe();
            let sentence = format!("{}, {what}, is stamped {found} where the trace counts {expected}", step.id);
            return Err(fault(step, sentence, step.kind.cause()));
        }
        self.judge_hybrid(step, stamp.hybrid)?;
        if step.kind.ticks() {
            self.claims.stamped += 1;
            self.claims.hybrid = Some((stamp.hybrid, step.id));
            self.claims.current = true;
        }
        Ok(())
    }

    fn judge_hybrid(&self, step: &Step<'_>, found: HybridStamp) -> Result<(), Violation> {
        let what = || step.kind.describe();
        if let Some((last, before)) = self.claims.hybrid {
            let as_before = !step.kind.ticks() && self.claims.current;
            if if as_before { found != last } else { found <= last } {
                let must = if as_before { "not" } else { "not after" };
                let sentence =
                    format!("{}, {}, has the hybrid stamp {found}, {must} {last} of {before}", step.id, what());
                return Err(fault(step, sentence, Some(before)));
            }
        }
        match &step.kind {
            Kind::Hear(Sent { event, hybrid: Some(hybrid), .. }) if found <= *hybrid => {
                let sentence =
                    format!("{}, {}, has the hybrid stamp {found}, not after the send's {hybrid}", step.id, what());
                Err(fault(step, sentence, Some(*event)))
            }
            Kind::Hear(_)
            | Kind::Start(_)
            | Kind::Tick(_)
            | Kind::Send { .. }
            | Kind::Cut
            | Kind::Sync
            | Kind::Synced(_)
            | Kind::Panicked
            | Kind::Rest => Ok(()),
        }
    }
}

fn unstamped(node: NodeId, event: EventId, time: Time) -> Violation {
    let sentence = format!("{event} ticks but bears no stamp, though {node} stamps its events");
    Violation { time, sentence, witnesses: vec![event] }
}

/// What a start's vector says of all but its own incarnation.
fn others(vector: &VectorClock, node: NodeId, boot: Boot) -> VectorClock {
    vector.iter().filter(|(who, _)| (who.node, who.boot) != (node, boot)).collect()
}

fn fault(step: &Step<'_>, sentence: String, before: Option<EventId>) -> Violation {
    let witnesses = [step.id].into_iter().chain(before).collect();
    Violation { time: step.time, sentence, witnesses }
}

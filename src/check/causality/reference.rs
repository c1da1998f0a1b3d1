//! One node's clock according to the trace, compared with the node's stamps.

use super::difference::difference;
use super::step::{Kind, Sent, Start, Step};
use crate::clocks::{HybridStamp, Stamp, VectorClock};
use crate::identity::{Boot, EventId, Incarnation, NodeId};
use crate::time::Time;
use crate::trace::Violation;

/// A node's knowledge, computed from the trace alone, and its stamps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Reference {
    boot: Boot,
    /// Its knowledge after its last event that ticks.
    pub(super) vector: VectorClock,
    /// Syncs that were called and not answered, with the knowledge at the call.
    asked: Vec<(u32, VectorClock)>,
    /// The knowledge at the call of the last sync that was answered; empty if the disk has lost it.
    durable: VectorClock,
    claims: Claims,
}

/// The stamps of the node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Claims {
    /// The number of events that tick and had a stamp.
    stamped: u64,
    /// The first event that should have had a stamp and had none; whether this is a violation is decided later.
    bare: Option<Bare>,
    /// The last hybrid stamp in this boot, and its event.
    hybrid: Option<(HybridStamp, EventId)>,
    /// Whether it is the stamp of the last event that ticked.
    current: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Bare {
    id: EventId,
    /// Whether the next event may still be a panic of its handler.
    open: bool,
}

impl Reference {
    /// The number of events that tick and had a stamp.
    pub(super) const fn stamped(&self) -> u64 {
        self.claims.stamped
    }

    /// The first event that should have had a stamp and had none.
    pub(super) fn bare(&self) -> Option<EventId> {
        self.claims.bare.map(|bare| bare.id)
    }

    /// Processes the node's next step in program order.
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

    /// The knowledge in a message that was sent in `step`, the last step processed.
    pub(super) fn sent(&self, step: &Step<'_>, copies: u16) -> Box<Sent> {
        let hybrid = step.stamp.as_ref().map(|stamp| stamp.hybrid);
        let is_frame = matches!(step.kind, Kind::Frame { .. });
        let vector = if is_frame { VectorClock::new() } else { self.vector.clone() };
        Box::new(Sent { event: step.id, vector, hybrid, left: copies, is_frame })
    }

    /// Its current incarnation.
    pub(super) const fn incarnation(&self, node: NodeId) -> Incarnation {
        Incarnation::new(node, self.boot)
    }

    /// A missing stamp is accepted if the event's handler panicked; otherwise it is a violation as soon as the node is
    /// known to stamp.
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

    /// At the end of the run: a missing stamp is a violation if the node stamps other events.
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
            Kind::Tick(_) | Kind::Send { .. } | Kind::Post { .. } | Kind::Cut => {
                self.vector.tick(node, self.boot);
            }
            Kind::Unsaid => {
                self.vector.tick(node, self.boot);
                // The trace does not say what an unreported delivery delivered: its stamp is accepted.
                if let Some(stamp) = step.stamp.as_ref().filter(|stamp| self.is_one_more(node, &stamp.vector)) {
                    self.vector.clone_from(&stamp.vector);
                }
            }
            Kind::Sync => self.asked.push((step.id.number, self.vector.clone())),
            Kind::Synced(sync) => {
                if let Some(place) = self.asked.iter().position(|(number, _)| number == sync) {
                    self.durable.clone_from(&self.asked[place].1);
                    self.asked.drain(..=place);
                }
            }
            Kind::Frame { .. } | Kind::Panicked | Kind::Rest => {}
        }
    }

    /// Whether a vector counts this node's events as the trace does, and those of other nodes at least as high.
    fn is_one_more(&self, node: NodeId, vector: &VectorClock) -> bool {
        vector.get(node, self.boot) == self.vector.get(node, self.boot) && vector.covers(&self.vector)
    }

    fn start(&mut self, node: NodeId, start: Start, stamp: Option<&Stamp>) {
        if start.intact == 0 {
            self.durable = VectorClock::new();
        } else if start.damaged > 0 {
            // The trace does not say which entry is damaged: any subset of the durable entries may have been read.
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
        if let Kind::Hear(sent) = &step.kind
            && let Sent { event, hybrid: Some(hybrid), .. } = &**sent
            && found <= *hybrid
        {
            let sentence =
                format!("{}, {}, has the hybrid stamp {found}, not after the send's {hybrid}", step.id, what());
            return Err(fault(step, sentence, Some(*event)));
        }
        Ok(())
    }
}

fn unstamped(node: NodeId, event: EventId, time: Time) -> Violation {
    let sentence = format!("{event} ticks but bears no stamp, though {node} stamps its events");
    Violation { time, sentence, witnesses: vec![event] }
}

/// The entries of a start's vector, except that of its own incarnation.
fn others(vector: &VectorClock, node: NodeId, boot: Boot) -> VectorClock {
    vector.iter().filter(|(who, _)| (who.node, who.boot) != (node, boot)).collect()
}

fn fault(step: &Step<'_>, sentence: String, before: Option<EventId>) -> Violation {
    let witnesses = [step.id].into_iter().chain(before).collect();
    Violation { time: step.time, sentence, witnesses }
}

//! The steps and roles of transactions.

use super::{Hit, Hits, Watched};
use crate::identity::NodeId;
use crate::node::{Body, Fact, Timer};
use crate::protocols::transactions::{TransactionMessage, TransactionTimer};

/// The faults that hit transactions, by step and role.
pub type TransactionCoverage = Hits<TransactionNode>;

/// A node while a trace is read: every message tells itself in which role its sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionNode;

/// It decides.
const COORDINATOR: &str = "coordinator";
/// It owns keys.
const PARTICIPANT: &str = "participant";
/// It is asked what it knows, whichever of the two it is.
const ASKED: &str = "asked";
/// It is started.
const NODE: &str = "node";

impl TransactionCoverage {
    /// Which messages a node in which role sends.
    pub const SENT: [(&str, &str); 9] = [
        ("prepare", COORDINATOR),
        ("vote", PARTICIPANT),
        ("decide", COORDINATOR),
        ("release", COORDINATOR),
        ("acknowledge", PARTICIPANT),
        ("ask", PARTICIPANT),
        ("tell", ASKED),
        ("watermark", COORDINATOR),
        ("heard", PARTICIPANT),
    ];

    /// Which steps a node in which role takes; a step that handles a message is named after it.
    pub const TAKEN: [(&str, &str); 16] = [
        ("start", NODE),
        ("command", COORDINATOR),
        ("prepare", PARTICIPANT),
        ("vote", COORDINATOR),
        ("decide", PARTICIPANT),
        ("release", PARTICIPANT),
        ("acknowledge", COORDINATOR),
        ("ask", ASKED),
        ("tell", PARTICIPANT),
        ("watermark", PARTICIPANT),
        ("heard", COORDINATOR),
        ("again", COORDINATOR),
        ("patience", COORDINATOR),
        ("retry", COORDINATOR),
        ("doubt", PARTICIPANT),
        ("idle", COORDINATOR),
    ];

    /// Whether the fault is possible there; a disk fails only at a write.
    #[must_use]
    pub fn can_be(step: &str, _role: &str, hit: Hit) -> bool {
        hit != Hit::DiskFailed
            || !["start", "ask", "acknowledge", "heard", "again", "patience", "doubt", "idle"].contains(&step)
    }
}

impl Watched for TransactionNode {
    type Step = &'static str;
    type Role = &'static str;
    const NEW: Self = Self;

    fn starts(&self) -> (&'static str, &'static str) {
        ("start", NODE)
    }

    fn hears(&mut self, _id: NodeId, _fact: &Fact) -> bool {
        false
    }

    fn sends(&self, body: &Body) -> Option<(&'static str, &'static str)> {
        let Body::Transactions(message) = body else { return None };
        Some(match message {
            TransactionMessage::Prepare { .. } => ("prepare", COORDINATOR),
            TransactionMessage::Vote { .. } => ("vote", PARTICIPANT),
            TransactionMessage::Decide { .. } => ("decide", COORDINATOR),
            TransactionMessage::Release { .. } => ("release", COORDINATOR),
            TransactionMessage::Acknowledge { .. } => ("acknowledge", PARTICIPANT),
            TransactionMessage::Ask { .. } => ("ask", PARTICIPANT),
            TransactionMessage::Tell { .. } => ("tell", ASKED),
            TransactionMessage::Watermark { .. } => ("watermark", COORDINATOR),
            TransactionMessage::Heard { .. } => ("heard", PARTICIPANT),
        })
    }

    fn receives(&self, (step, role): (&'static str, &'static str)) -> (&'static str, &'static str) {
        let receiver = match (step, role) {
            ("ask", _) => ASKED,
            ("tell", _) | (_, COORDINATOR) => PARTICIPANT,
            _ => COORDINATOR,
        };
        (step, receiver)
    }

    fn fires(&self, timer: &Timer) -> Option<(&'static str, &'static str)> {
        let Timer::Transactions(timer) = timer else { return None };
        Some(match timer {
            TransactionTimer::Again(_) => ("again", COORDINATOR),
            TransactionTimer::Patience(_) => ("patience", COORDINATOR),
            TransactionTimer::Retry(_) => ("retry", COORDINATOR),
            TransactionTimer::Ask(_) => ("doubt", PARTICIPANT),
            TransactionTimer::Watermark => ("idle", COORDINATOR),
        })
    }

    fn commanded(&self) -> (&'static str, &'static str) {
        ("command", COORDINATOR)
    }
}

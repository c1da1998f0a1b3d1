//! The reasons why requests for locks wait.

use super::requests::{RequestState, Requests};
use super::{gray, told};
use crate::check::reasons::Reason;
use crate::identity::NodeId;
use crate::observation::Matter;
use crate::trace::{Kinds, Record};

/// Requests, and the grants that they are incompatible with.
#[derive(Clone, Debug, Default, Hash)]
pub(in crate::check) struct Obstacles(Requests);

impl Reason for Obstacles {
    const WANTS: Kinds = Requests::WANTS;

    fn see(&mut self, record: &Record<'_>) {
        told(record).for_each(|told| self.0.see(&told, record.id));
    }

    fn why(&self, node: Option<NodeId>, matter: Matter) -> Option<String> {
        let Matter::Request(op) = matter else { return None };
        let open = self.0.get(node?, op)?;
        let held = self.0.iter().filter(|(.., live)| live.is_granted());
        let mut held = held.filter(|(.., live)| gray::conflict(&live.claims, &open.claims));
        Some(match (held.next(), open.state) {
            (Some((node, op, _)), _) => format!("{op} at {node} holds what it conflicts with"),
            (None, RequestState::Asked) => "its node has not sent it".to_owned(),
            (None, RequestState::Open(_) | RequestState::Granted(_)) => {
                "nobody holds what it conflicts with".to_owned()
            }
        })
    }
}

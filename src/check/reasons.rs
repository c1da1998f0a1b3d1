//! Why something has not ended, as far as the trace shows: each protocol explains what it opens.

use super::consensus::Decisions;
use super::locks::Obstacles;
use crate::identity::NodeId;
use crate::observation::Matter;
use crate::trace::{Kinds, Record};

/// A protocol's explanations for what it opens.
pub(super) trait Reason {
    /// The kinds of records that it needs.
    const WANTS: Kinds;

    /// Processes a record.
    fn see(&mut self, record: &Record<'_>);

    /// Why a matter is still open at a node or, without one, everywhere; `None` if it belongs to another protocol.
    fn why(&self, node: Option<NodeId>, matter: Matter) -> Option<String>;
}

/// One row per protocol.
macro_rules! reasons {
    ($($protocol:ident: $reason:ty,)+) => {
        /// The explanations of all protocols.
        #[derive(Clone, Debug, Default, Hash)]
        pub(super) struct Reasons {
            $($protocol: $reason,)+
        }

        impl Reason for Reasons {
            const WANTS: Kinds = Kinds::NONE$(.with(<$reason as Reason>::WANTS))+;

            fn see(&mut self, record: &Record<'_>) {
                $(self.$protocol.see(record);)+
            }

            fn why(&self, node: Option<NodeId>, matter: Matter) -> Option<String> {
                None$(.or_else(|| self.$protocol.why(node, matter)))+
            }
        }
    };
}

reasons! {
    locks: Obstacles,
    store: Decisions,
}

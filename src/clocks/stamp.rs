//! The stamp of a record: the readings of the node's logical clocks.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::{HybridStamp, VectorClock};

/// The clocks that a node stamps on its records: a vector for causality, and a hybrid stamp for order.
///
/// Its `Ord` is for sorting and sets only; for causality ask [`VectorClock::compare`].
///
/// It only documents a record and decides nothing. So it adds nothing to a hash, and states that differ only in
/// their stamps are one state of an exploration. A protocol that decides by a clock keeps a [`VectorClock`] or a
/// [`HybridStamp`], not a stamp.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// How many events of every incarnation the record's event can know of, including itself.
    pub vector: VectorClock,
    /// The event's hybrid stamp.
    pub hybrid: HybridStamp,
}

impl Hash for Stamp {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding;
    use crate::identity::{Boot, NodeId};
    use crate::time::LocalTime;

    #[test]
    fn a_stamp_survives_json_and_binary() {
        let mut stamp = Stamp::default();
        stamp.vector.tick(NodeId::new(1), Boot::new(2));
        stamp.hybrid = HybridStamp { wall: LocalTime::from_nanos(9), count: 4 };
        let json = serde_json::to_string(&stamp).expect("written");
        assert_eq!(json, r#"{"vector":{"n2/2":1},"hybrid":{"wall":"9","count":4}}"#);
        assert_eq!(serde_json::from_str::<Stamp>(&json).expect("read"), stamp);
        let mut binary = Vec::new();
        encoding::write(&stamp, &mut binary);
        assert_eq!(binary, [&[3, 0, 0, 0, 1, 2, 1][..], &[9, 0, 0, 0, 0, 0, 0, 0], &[4, 0, 0, 0]].concat());
        assert_eq!(encoding::read(&binary), Ok(stamp));
    }
}

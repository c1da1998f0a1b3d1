//! How long the channel may take after quiescence.

use super::ChannelSettings;
use crate::subject::World;
use crate::time::Span;

impl ChannelSettings {
    /// The longest that a peer may be silent before it is asked again.
    fn patience(&self, world: &World) -> Span {
        let cap = self.pace().cap;
        world.timer(cap + cap.divided_by(4))
    }

    /// Until all of so many payloads that wait for one peer at quiescence are delivered. What was lost, or fell to a node
    /// that was down, is sent again when the patience has run out, which has grown up to its cap; a peer that is born
    /// again at quiescence answers a hello at once, or else when that patience has run out. Then nothing is lost any more,
    /// and each window takes a round trip.
    pub(crate) fn delivers_within(&self, payloads: u64, world: &World) -> Span {
        let windows = payloads.div_ceil(self.pace().window.into()) + 4;
        self.patience(world).times(2) + world.round_trip().times(windows)
    }

    /// Until nothing is sent any more, once all is delivered: what was sent again before its acknowledgement came is
    /// acknowledged once more.
    pub(crate) fn quiet_within(&self, world: &World) -> Span {
        self.patience(world) + world.round_trip().times(2)
    }
}

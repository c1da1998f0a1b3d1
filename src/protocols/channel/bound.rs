//! How long the channel may take after quiescence.

use super::ChannelSettings;
use crate::subject::World;
use crate::time::Span;

impl ChannelSettings {
    /// The longest time for which a peer may be silent before frames are sent again.
    fn patience(&self, world: &World) -> Span {
        let cap = self.pace().cap;
        world.timer(cap + cap.divided_by(4))
    }

    /// Until `payloads` payloads that wait for one peer at quiescence are delivered. A frame that was lost, or sent to
    /// a node that was down, is sent again when the resend timer expires, which has grown up to its cap; a peer that
    /// restarts at quiescence answers a hello at once, or else when the resend timer expires. After that nothing is
    /// lost any more, and each window takes a round trip.
    pub(crate) fn delivers_within(&self, payloads: u64, world: &World) -> Span {
        let windows = payloads.div_ceil(self.pace().window.into()) + 4;
        self.patience(world).times(2) + world.round_trip().times(windows)
    }

    /// Until no frame is sent any more, once all payloads are delivered: a frame that was sent again before its
    /// acknowledgement arrived is acknowledged once more.
    pub(crate) fn quiet_within(&self, world: &World) -> Span {
        self.patience(world) + world.round_trip().times(2)
    }
}

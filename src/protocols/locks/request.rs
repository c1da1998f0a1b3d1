//! A request as its node sends it.

use serde::{Deserialize, Serialize};

use crate::identity::Boot;
use crate::observation::{Claims, LockStamp};
use crate::protocols::grants::Claiming;

/// A node's request to every other node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Its place among all requests, fixed when it is first sent.
    pub stamp: LockStamp,
    /// The requester's boot.
    pub boot: Boot,
    /// The resources and modes, ancestors included.
    pub claims: Claims,
}

impl Claiming for Request {
    fn claims(&self) -> &Claims {
        &self.claims
    }
}

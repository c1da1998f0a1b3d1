//! The guarded register: what locks are for. One node keeps it; the others pass on what their clients ask.
//!
//! A lock alone does not protect what it locks: its holder's node may crash, and a write that was under way arrives when
//! another holds the lock. So each operation presents the token of its grant, and the keeper remembers for each key, whatever
//! path covers it, the highest token of a write and of a read: a write below either is refused, and so is a read below
//! the highest write (fencing; Kleppmann 2016, *How to do distributed locking*). The limit: a write of a crashed holder
//! passes until a newer token was presented.
//!
//! Messages go on the channel. Facts: see [`RegisterFact`].

mod guard;
mod machine;
mod messages;
#[cfg(test)]
mod tests;

pub use guard::{Cell, Guard};
pub use machine::{Keeper, Presented, Register, Tokens};
pub use messages::{Asked, RegisterCommand, RegisterEntry, RegisterFact, RegisterMessage, RegisterReply};

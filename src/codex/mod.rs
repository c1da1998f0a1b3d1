//! The codex: an ordered store of keys and values, which every replica changes by the same writes to the same state.
//!
//! A [`Codex`] is plain data. Applying a [`Write`] to equal states under equal [`Anchors`] comes to equal states and
//! equal outcomes. A clone shares all structure, and its [`Root`], by which two states are compared, is a function of
//! its content alone, whatever the writes were that led there.

mod anchor;
pub mod conflict;
mod item;
mod key;
mod keyspaces;
mod root;
pub mod scripture;
mod state;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod trie;
mod value;
mod version;
mod version_store;
mod write;

pub use anchor::{Anchor, AnchorRule, Anchors};
pub use item::Item;
pub use key::{Key, KeyError, MOST_BYTES};
pub use keyspaces::{Keyspace, Keyspaces, RESERVED};
pub use root::Root;
pub use state::Codex;
pub use status::{Peer, Role, Standing, Status};
pub use store::{StoreCommand, StoreReply, Within};
pub use trie::{Entry, Path, PathRange, Place, Prefix, Trie, Ways};
pub use value::{MOST_NESTED, Value};
pub use version::{CausalContext, MOST_CONTEXT, MOST_SIBLINGS, MOST_VALUE, Seen, Version, digest};
pub use version_store::{Base, Change, Chunk, Claim, ClaimId, Lax, Logged, Preloaded, VersionStore};
pub use write::{Refusal, Write};

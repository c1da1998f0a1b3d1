//! The codex: an ordered store of keys and values, which every replica changes by the same writes to the same state.
//!
//! A [`Codex`] is plain data. Applying a [`Write`] to equal states under equal [`Anchors`] comes to equal states and
//! equal outcomes. A clone shares all structure, and its [`Root`], by which two states are compared, is a function of
//! its content alone, whatever the writes were that led there.

mod anchor;
mod key;
mod keyspaces;
mod root;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod trie;
mod value;
mod write;

pub use anchor::{Anchor, AnchorRule, Anchors};
pub use key::{Key, KeyError, MOST_BYTES};
pub use keyspaces::{Keyspace, Keyspaces, RESERVED};
pub use root::Root;
pub use state::Codex;
pub use store::{StoreCommand, StoreReply, Within};
pub use trie::{Entry, Path, Place, Trie, Ways};
pub use value::{MOST_NESTED, Value};
pub use write::{Refusal, Write};

//! Workloads of gossip keyspaces: clients that write documents, sets or verses at replicas.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::ROW;
use super::client::ReplicaClient;
use super::content::MEANINGS;
use super::habits::Habits;
use super::matter::{Verses, key, longest_name};
use crate::chance::Dice;
use crate::codex::StoreCommand;
use crate::identity::{ClientId, NodeId};
use crate::measure::{Share, at_most, between, positive};
use crate::process::ClientPlan;
use crate::protocols::{AsStore, Work, Written};
use crate::subject::{Needs, Owner, Setup};
use crate::time::Span;

const MOST_CLIENTS: u32 = 10_000;
/// The maximum number of bytes of a document's text: a value has room for it.
const MOST_BYTES: u32 = 15_000;
const MOST_MEANINGS: u32 = MEANINGS.len() as u32;
const MOST_VERSES: u32 = 100;
const MOST_EDITS: u32 = 100;

/// A workload: the settings that all have, and its own after them.
macro_rules! workload {
    (
        $(#[$attr:meta])* $Name:ident in $keyspace:literal: $Matter:ty {
            $($(#[$own_attr:meta])* $own:ident: $Own:ty = $default:expr,)*
        }
    ) => {
        $(#[$attr])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $Name {
            /// The number of clients, up to ten thousand.
            #[serde(deserialize_with = "at_most::<MOST_CLIENTS, _>")]
            #[schemars(range(max = MOST_CLIENTS))]
            pub clients: u32,
            /// The prefix of all its keys, in a keyspace that gossip owns.
            #[serde(deserialize_with = "keyspace")]
            pub keyspace: String,
            $($(#[$own_attr])* pub $own: $Own,)*
            /// The share of operations that go to the first key; the others go to any.
            pub hot: Share,
            /// The pause between two operations of a client, drawn from half to one and a half times this.
            pub think: Span,
            /// The share of reads.
            pub reads: Share,
            /// The share of deletes.
            pub deletes: Share,
            /// The share of writes that bring the context of the client's last read of the key, if it has not written the
            /// key since.
            pub kept: Share,
            /// The share of writes that bring no context; so do those that no share names.
            pub dropped: Share,
            /// The share of writes that bring the context of a read at the client's home to another node.
            pub carried: Share,
            /// The maximum number of operations of each client.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub operations: Option<u32>,
            /// How long a client waits for an answer before it asks the next node.
            #[serde(deserialize_with = "positive")]
            pub timeout: Span,
            /// The number of retries before a client gives up.
            pub retries: u32,
        }

        impl Default for $Name {
            fn default() -> Self {
                Self {
                    clients: 3,
                    keyspace: $keyspace.to_owned(),
                    $($own: $default,)*
                    hot: Share::from_percent(20),
                    think: Span::from_millis(50),
                    reads: Share::from_percent(40),
                    deletes: Share::from_percent(15),
                    kept: Share::from_percent(60),
                    dropped: Share::from_percent(20),
                    carried: Share::from_percent(20),
                    operations: None,
                    timeout: Span::from_millis(500),
                    retries: 10,
                }
            }
        }

        impl $Name {
            const fn habits(&self) -> Habits {
                let Self { clients, hot, think, reads, deletes, kept, dropped, carried, operations, timeout, retries, .. } =
                    *self;
                Habits { clients, think, reads, deletes, kept, dropped, carried, hot, operations, timeout, retries }
            }
        }

        impl<C: From<StoreCommand>, R: AsStore> Work<C, R> for $Name {
            type Client = ReplicaClient;

            fn clients(&self) -> u32 {
                self.clients
            }

            fn client(
                &self,
                client: ClientId,
                home: NodeId,
                setup: &Setup,
                dice: &mut Dice,
            ) -> ClientPlan<ReplicaClient> {
                self.habits().client(&<$Matter>::from(self), client, home, setup, dice)
            }

            fn objection(&self) -> Option<String> {
                self.habits().objection()
            }

            fn written(client: &ReplicaClient) -> Written {
        client.written()
    }

    fn needs(&self) -> Needs {
                let owner = Owner::Only(ROW.name);
                Needs { keys: vec![self.keyspace.clone()], owner: Some(owner), ..Needs::default() }
            }
        }
    };
}

workload! {
    /// Clients that write documents: maps with a meaning, whose values, meanings and now and then shapes differ.
    DocumentWorkload in "documents/": &Self {
        /// The number of keys: `d1`, `d2`, ….
        #[serde(deserialize_with = "positive")]
        #[schemars(range(min = 1))]
        keys: u32 = 5,
        /// The number of words that a document may have as its meaning, up to eight.
        #[serde(deserialize_with = "between::<1, MOST_MEANINGS, _>")]
        #[schemars(range(min = 1, max = MOST_MEANINGS))]
        meanings: u32 = 3,
        /// The number of bytes to which a document's text is filled up, up to fifteen thousand.
        #[serde(deserialize_with = "at_most::<MOST_BYTES, _>")]
        #[schemars(range(max = MOST_BYTES))]
        bytes: u32 = 0,
    }
}

workload! {
    /// Clients that write sets: each put is the list that its client last read, and a new token.
    SetWorkload in "sets/": &Self {
        /// The number of keys: `s1`, `s2`, ….
        #[serde(deserialize_with = "positive")]
        #[schemars(range(min = 1))]
        keys: u32 = 3,
    }
}

workload! {
    /// Clients that write verses of scripture with a few letters wrong.
    ScriptureWorkload in "canon/": Verses {
        /// The number of verses, each with a key of its own such as `genesis/1/1`: the first of a hundred.
        #[serde(deserialize_with = "between::<1, MOST_VERSES, _>")]
        #[schemars(range(min = 1, max = MOST_VERSES))]
        verses: u32 = MOST_VERSES,
        /// The maximum number of letters that are wrong in a text, up to a hundred.
        #[serde(deserialize_with = "at_most::<MOST_EDITS, _>")]
        #[schemars(range(max = MOST_EDITS))]
        edits: u32 = 5,
    }
}

/// Reads a prefix of keys, after which the longest name of a key has room.
fn keyspace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let keyspace = String::deserialize(deserializer)?;
    key(&keyspace, &"-".repeat(longest_name())).map(|_| keyspace).map_err(de::Error::custom)
}

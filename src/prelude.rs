//! All that a process and its subject are made of, for one `use`.
//!
//! Everything that a trace records derives `Serialize` and `Deserialize`; settings and workloads also derive `JsonSchema`. The
//! derived code names the packages `serde` and `schemars`, so a package with a protocol of its own depends on them too:
//!
//! ```toml
//! [dependencies]
//! stemmata = { path = "../stemmata" }
//! serde = { version = "1", features = ["derive"] }
//! schemars = "1.2"
//! ```
//!
//! Or each type names those that stemmata re-exports, and stemmata alone is enough:
//!
//! ```
//! use stemmata::prelude::*;
//!
//! #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
//! #[serde(crate = "stemmata::serde", default, deny_unknown_fields)]
//! #[schemars(crate = "stemmata::schemars")]
//! struct Settings {
//!     /// How long a peer may be silent.
//!     patience: Span,
//! }
//!
//! let settings: Settings = stemmata::serde::Deserialize::deserialize(serde_json::json!({ "patience": "5ms" }))?;
//! assert_eq!(settings.patience, Span::from_millis(5));
//! # Ok::<(), serde_json::Error>(())
//! ```

pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};

pub use crate::chance::{Chance, Dice, Seed};
pub use crate::check::{AnyChecker, Checker, End, Exercised, Exploring, Invariant, Shown, Witness};
pub use crate::context::{Context, Effect, Workbench};
pub use crate::identity::{Boot, ClientId, EventId, LaneId, NodeId, OpId};
pub use crate::observation::{Observation, Observe};
pub use crate::process::{Ask, Client, ClientPlan, Lane, Pace, Process, Script, Stored};
pub use crate::subject::{Bearing, Flaw, Flaws, Needs, NoSettings, Owner, Role, Row, Setup, Subject, World};
pub use crate::symmetry::{Names, Symmetry};
pub use crate::time::{LocalTime, Span, Time};
pub use crate::trace::{Event, Kinds, Record, Verdict, Violation};

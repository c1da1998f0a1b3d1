//! All that a process and its subject are made of, for one `use`.

pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};

pub use crate::chance::{Chance, Dice, Seed};
pub use crate::check::{AnyChecker, Checker, End, Exercised, Exploring, Invariant, Shown, Witness};
pub use crate::context::{Context, Effect, Workbench};
pub use crate::identity::{Boot, ClientId, EventId, LaneId, NodeId, OpId};
pub use crate::observation::{Observation, Observe};
pub use crate::process::{Ask, Client, ClientPlan, Lane, Pace, Process, Script, Stored};
pub use crate::subject::{Bearing, Flaw, Flaws, Needs, NoSettings, Role, Row, Setup, Subject, World};
pub use crate::symmetry::{Names, Symmetry};
pub use crate::time::{LocalTime, Span, Time};
pub use crate::trace::{Event, Kinds, Record, Verdict, Violation};

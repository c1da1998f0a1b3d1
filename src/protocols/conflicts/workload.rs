//! Clients that change how the conflicts of a keyspace are resolved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConflictCommand, Conflicts, decrees};
use crate::chance::Dice;
use crate::codex::conflict::Strategy;
use crate::identity::{ClientId, NodeId};
use crate::measure::positive;
use crate::process::{ClientPlan, Data, Script};
use crate::protocols::drawn::drawn;
use crate::protocols::{CommandOf, Work};
use crate::subject::{Needs, Setup};
use crate::time::Span;

/// Clients that have the strategy of a keyspace changed, by decrees of the replicated log, each to one that is drawn, until
/// quiescence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StrategyWorkload {
    /// The number of clients.
    pub clients: u32,
    /// The prefix of the keyspace.
    pub keyspace: String,
    /// The time between two changes of a client, drawn from half to one and a half times this.
    #[serde(deserialize_with = "positive")]
    pub every: Span,
    /// The strategies that are drawn from.
    pub among: Vec<Strategy>,
}

impl Default for StrategyWorkload {
    fn default() -> Self {
        Self { clients: 1, keyspace: "documents/".to_owned(), every: Span::from_secs(1), among: Strategy::ALL.to_vec() }
    }
}

impl<C: CommandOf<Conflicts> + Data, R> Work<C, R> for StrategyWorkload {
    type Client = Script<C>;

    fn clients(&self) -> u32 {
        self.clients
    }

    fn client(&self, _client: ClientId, home: NodeId, setup: &Setup, dice: &mut Dice) -> ClientPlan<Script<C>> {
        let of = |strategy| C::of(ConflictCommand::Adopt { keyspace: self.keyspace.clone(), strategy });
        ClientPlan::new(home, drawn(&self.among, self.every, setup.quiescence, dice, of))
    }

    fn needs(&self) -> Needs {
        decrees::needs(&self.keyspace)
    }

    fn objection(&self) -> Option<String> {
        self.among.is_empty().then(|| "there is no strategy to change to: name one in `among`".to_owned())
    }
}

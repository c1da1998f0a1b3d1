//! Clients that switch how their nodes sync.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Sync, SyncCommand};
use crate::chance::Dice;
use crate::identity::{ClientId, NodeId};
use crate::measure::positive;
use crate::observation::SyncKind;
use crate::process::{ClientPlan, Data, Script};
use crate::protocols::drawn::drawn;
use crate::protocols::{CommandOf, Work};
use crate::subject::{Needs, Setup};
use crate::time::Span;

/// Clients that switch the strategy of their nodes, each to one that is drawn, until quiescence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SwitchWorkload {
    /// The number of clients.
    pub clients: u32,
    /// The time between two switches of a node, drawn from half to one and a half times this.
    #[serde(deserialize_with = "positive")]
    pub every: Span,
    /// The strategies that are drawn from.
    pub among: Vec<SyncKind>,
}

impl Default for SwitchWorkload {
    fn default() -> Self {
        let among = vec![SyncKind::Full, SyncKind::Incremental, SyncKind::Merkle, SyncKind::Streaming];
        Self { clients: 3, every: Span::from_millis(1_500), among }
    }
}

impl<C: CommandOf<Sync> + Data, R> Work<C, R> for SwitchWorkload {
    type Client = Script<C>;

    fn clients(&self) -> u32 {
        self.clients
    }

    fn client(&self, _client: ClientId, home: NodeId, setup: &Setup, dice: &mut Dice) -> ClientPlan<Script<C>> {
        let of = |kind| C::of(SyncCommand::Switch { kind });
        ClientPlan::new(home, drawn(&self.among, self.every, setup.quiescence, dice, of))
    }

    fn needs(&self) -> Needs {
        Needs { protocols: vec![super::ROW.name], ..Needs::default() }
    }

    fn objection(&self) -> Option<String> {
        self.among.is_empty().then(|| "there is no strategy to switch to: name one in `among`".to_owned())
    }
}

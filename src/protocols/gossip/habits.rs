//! Habits: what clients of replicated keys have in common, whatever they write.

use super::client::{Act, Brought, Planned, ReplicaClient};
use super::matter::Matter;
use crate::chance::{Chance, Dice};
use crate::identity::{ClientId, NodeId};
use crate::measure::Share;
use crate::process::{ClientPlan, Pace};
use crate::subject::Setup;
use crate::time::{Span, Time};

/// How clients go about it.
pub(super) struct Habits {
    pub(super) clients: u32,
    pub(super) think: Span,
    pub(super) reads: Share,
    pub(super) deletes: Share,
    pub(super) kept: Share,
    pub(super) dropped: Share,
    pub(super) carried: Share,
    pub(super) hot: Share,
    pub(super) operations: Option<u32>,
    pub(super) timeout: Span,
    pub(super) retries: u32,
}

/// The maximum number of operations of one client in a run.
const MOST_ROUNDS: u32 = 10_000;

/// The maximum number of operations of all clients of an entry together.
const MOST_NAMED: u32 = 10_000_000;

impl Habits {
    /// The plan of one client.
    pub(super) fn client(
        &self,
        matter: &impl Matter,
        client: ClientId,
        home: NodeId,
        setup: &Setup,
        dice: &mut Dice,
    ) -> ClientPlan<ReplicaClient> {
        let homes: Vec<NodeId> =
            NodeId::all(setup.nodes()).cycle().skip(home.index()).take(setup.nodes() as usize).collect();
        let plan = self.plan(matter, homes.len(), setup.quiescence, dice);
        ClientPlan {
            homes,
            begins: Span::ZERO,
            timeout: self.timeout,
            retries: self.retries,
            pace: Pace::Closed,
            machine: ReplicaClient::new(client, plan),
        }
    }

    /// Why shares cannot be drawn, if they add up to more than all.
    pub(super) fn objection(&self) -> Option<String> {
        let kinds = ("reads and deletes", vec![self.reads, self.deletes]);
        let contexts = ("kept, dropped and carried contexts", vec![self.kept, self.dropped, self.carried]);
        [kinds, contexts].into_iter().find_map(|(names, shares)| {
            let sum: u64 = shares.iter().map(|share| u64::from(share.as_ppb())).sum();
            let hundredths = sum / 100_000;
            (sum > u64::from(Share::ALL.as_ppb())).then(|| {
                format!("the shares of {names} add up to {}.{:02} %: at most 100 %", hundredths / 100, hundredths % 100)
            })
        })
    }

    /// Operations that fill the time until quiescence, even if every answer is immediate.
    fn plan(&self, matter: &impl Matter, homes: usize, quiescence: Time, dice: &mut Dice) -> Vec<Planned> {
        let bound = (MOST_NAMED / self.clients.max(1)).clamp(1, MOST_ROUNDS);
        let most = self.operations.unwrap_or(bound).min(bound);
        let mut time = Time::ZERO;
        let mut plan = Vec::new();
        while plan.len() < most as usize && time < quiescence {
            let planned = self.planned(matter, homes, dice);
            time += planned.think + Span::from_micros(1);
            plan.push(planned);
        }
        plan
    }

    fn planned(&self, matter: &impl Matter, homes: usize, dice: &mut Dice) -> Planned {
        let think = dice.span(self.think.divided_by(2), self.think + self.think.divided_by(2));
        let any = dice.below(matter.keys().max(1));
        let number = if dice.happens(self.hot) { 0 } else { any };
        let act = match one_of([self.reads, self.deletes], dice) {
            Some(0) => Act::Read,
            Some(_) => Act::Delete(self.brought(homes, dice)),
            None => {
                let brought = self.brought(homes, dice);
                Act::Put(matter.content(number, dice), brought)
            }
        };
        Planned { think, key: matter.key(number), act }
    }

    fn brought(&self, homes: usize, dice: &mut Dice) -> Brought {
        match one_of([self.kept, self.carried], dice) {
            Some(0) => Brought::Kept,
            Some(_) => {
                let others = u64::try_from(homes.saturating_sub(1)).expect("a count fits");
                let other = if others == 0 { 0 } else { 1 + dice.below(others) };
                Brought::Carried(usize::try_from(other).expect("an index fits"))
            }
            None => Brought::Dropped,
        }
    }
}

/// The index of the share that is drawn; none for what is left of the whole.
fn one_of<const N: usize>(shares: [Share; N], dice: &mut Dice) -> Option<usize> {
    let mut lot = dice.below(u64::from(Share::ALL.as_ppb()));
    shares.iter().position(|share| {
        let share = u64::from(share.as_ppb());
        let drawn = lot < share;
        lot = lot.saturating_sub(share);
        drawn
    })
}

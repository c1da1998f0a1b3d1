//! Interchangeable nodes: the fingerprint of a state compared with the least of all permutations.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::chance::Seed;
use crate::context::Context;
use crate::fault::Budget;
use crate::identity::{Boot, LaneId, NodeId, OpId};
use crate::network::Discipline;
use crate::observation::Observe;
use crate::process::{Lane, Process, Script, Stored};
use crate::sim::explore::symmetry_class::{SymmetryClass, permutations};
use crate::sim::explore::{Ears, Fingerprint, Rules, State};
use crate::sim::{Cast, Witness};
use crate::symmetry::{Names, Symmetry};
use crate::time::Span;
use crate::trace::Record;

/// Each node chooses one node to send its name to; the receiver passes the name on to the node that it chose.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Gossip {
    chosen: Option<NodeId>,
    heard: BTreeSet<NodeId>,
}

/// A node that is sent, chosen or stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Named(NodeId);

/// A name: first-hand in a queue, second-hand by datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Told {
    of: NodeId,
    at_first_hand: bool,
}

impl Lane for Told {
    fn lane(&self) -> LaneId {
        LaneId::new(u8::from(self.at_first_hand))
    }
}

impl Lane for Named {}
impl Observe for Named {}

impl Process for Gossip {
    const LANES: &'static [&'static str] = &["passed", "told"];
    type Config = ();
    type Message = Told;
    type Timer = Named;
    type Command = ();
    type Reply = ();
    type Entry = Named;
    type Completion = ();
    type Fact = Named;
    type Client = Script<()>;

    fn start(_: Boot, disk: &[Stored<Named>], ctx: &mut Context<'_, Self>) -> Self {
        let written =
            disk.iter().find_map(|entry| if let Stored::Intact(Named(of)) = entry { Some(*of) } else { None });
        if written.is_none() {
            for peer in ctx.peers() {
                ctx.set_timer(Named(peer), Span::ZERO);
            }
        }
        Self { chosen: written, heard: BTreeSet::new() }
    }

    fn on_message(&mut self, _: NodeId, Told { of, .. }: Told, ctx: &mut Context<'_, Self>) {
        if self.heard.insert(of)
            && let Some(chosen) = self.chosen
        {
            ctx.send(chosen, Told { of, at_first_hand: false });
        }
    }

    fn on_timer(&mut self, Named(chosen): Named, ctx: &mut Context<'_, Self>) {
        for peer in ctx.peers() {
            ctx.cancel_timer(Named(peer));
        }
        self.chosen = Some(chosen);
        ctx.append(Named(chosen));
        ctx.send(chosen, Told { of: ctx.me(), at_first_hand: true });
        ctx.send(chosen, Told { of: chosen, at_first_hand: true });
        ctx.sync();
    }

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}

fn symmetry() -> Symmetry<Gossip> {
    let process = |it: &Gossip, names: &Names| Gossip {
        chosen: it.chosen.map(|node| names.of(node)),
        heard: it.heard.iter().map(|node| names.of(*node)).collect(),
    };
    let message = |told: &Told, names: &Names| Told { of: names.of(told.of), ..*told };
    Symmetry {
        timer: |Named(node), names| Named(names.of(node)),
        entry: |Named(node), names| Named(names.of(*node)),
        ..Symmetry::new(NodeId::all(NODES), process, message)
    }
}

const NODES: u32 = 3;

fn rules() -> Rules<Gossip> {
    let cast = Cast { config: (), nodes: NODES, disk: Box::new(|_| Vec::new()), clients: Vec::new() };
    let budget = Budget { timers: Some(1), ..Budget::default() };
    Rules::new(Seed(0), cast, &[], budget, vec![Discipline::Datagram, Discipline::Fifo])
}

struct Deaf;

impl<F> Witness<F> for Deaf {
    fn see(&mut self, _: &Record<'_>, _: Option<&F>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn reads(&self) -> bool {
        false
    }
}

/// All states, without identifying permutations.
fn states(rules: &Rules<Gossip>) -> Vec<State<Gossip>> {
    let mut builder = rules.builder(Ears::Shut);
    let mut found = vec![builder.root(rules, &mut Deaf)];
    let mut known = BTreeSet::from([found[0].own_fingerprint(rules)]);
    let mut next = 0;
    while let Some(state) = found.get(next).cloned() {
        rules.each(
            &mut builder,
            &state,
            || Deaf,
            |builder, _, _, _| {
                let state = builder.make(&state);
                if known.insert(state.own_fingerprint(rules)) {
                    found.push(state);
                }
            },
        );
        next += 1;
    }
    found
}

#[test]
fn a_print_stands_for_a_state_in_all_orders_of_its_nodes() {
    let rules = rules();
    let symmetry = symmetry();
    let orders: Vec<Names> = permutations(&symmetry.nodes)
        .into_iter()
        .map(|order| Names::new(order.into_iter().zip(symmetry.nodes.iter().copied())))
        .collect();
    assert_eq!(orders.len(), 6);
    let mut least_of: BTreeMap<Fingerprint, Fingerprint> = BTreeMap::new();
    let mut fingerprint_of: BTreeMap<Fingerprint, Fingerprint> = BTreeMap::new();
    let (mut all, mut waiting) = (0, 0);
    for state in states(&rules) {
        all += 1;
        if state.nodes.iter().any(|placed| placed.node.has_backlog()) {
            waiting += 1;
            continue;
        }
        let class = SymmetryClass { rules: &rules, symmetry: &symmetry, state: &state };
        let fingerprint = class.fingerprint();
        let least = orders.iter().map(|names| class.under(names)).min().expect("there are orders");
        assert_eq!(*least_of.entry(fingerprint).or_insert(least), least, "two states have one print");
        assert_eq!(*fingerprint_of.entry(least).or_insert(fingerprint), fingerprint, "one state has two prints");
    }
    assert_eq!((all, waiting, fingerprint_of.len()), (49_760, 35_358, 2_414));
}

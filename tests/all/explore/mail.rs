//! Small worlds whose states can be counted by hand: the first node sends numbered letters to the second one.

use serde::{Deserialize, Serialize};
use stemmata::chance::Seed;
use stemmata::context::Context;
use stemmata::fault::Budget;
use stemmata::hunt::explore::{End, Limits, Order};
use stemmata::identity::{Boot, NodeId, OpId};
use stemmata::measure::Offset;
use stemmata::network::Discipline;
use stemmata::observation::Observe;
use stemmata::process::{Lane, Process, Script, Stored};
use stemmata::run::explore::StateSpace;
use stemmata::sim::{Cast, ClockError};
use stemmata::symmetry::{Names, Symmetry};
use stemmata::time::Span;

use super::search;

/// What nodes do when they start.
#[derive(Clone, Copy, Debug)]
enum Habit {
    /// The first sends so many letters to the second.
    Send(u8),
    /// Each rings again and again.
    Ring,
    /// Each rings again and again, and remembers nothing but what it drew last.
    Draw,
    /// Each writes a line, and notes that it is durable.
    Write,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Node {
    heard: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Letter(u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Line;

impl Lane for Letter {}
impl Lane for Line {}
impl Observe for Line {}

impl Process for Node {
    const LANES: &'static [&'static str] = &["mail"];
    type Config = Habit;
    type Message = Letter;
    type Timer = ();
    type Command = ();
    type Reply = ();
    type Entry = Line;
    type Completion = ();
    type Fact = Line;
    type Client = Script<()>;

    fn start(_: Boot, _: &[Stored<Line>], ctx: &mut Context<'_, Self>) -> Self {
        match *ctx.config() {
            Habit::Send(letters) if ctx.me() == NodeId::new(0) => {
                (0..letters).for_each(|letter| ctx.send(NodeId::new(1), Letter(letter)));
            }
            Habit::Send(_) => {}
            Habit::Ring | Habit::Draw => ctx.set_timer((), Span::from_millis(1)),
            Habit::Write => {
                ctx.append(Line);
                ctx.sync();
                ctx.note(Line);
            }
        }
        Self { heard: Vec::new() }
    }

    fn on_message(&mut self, _: NodeId, Letter(letter): Letter, _: &mut Context<'_, Self>) {
        self.heard.push(letter);
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        if let Habit::Draw = ctx.config() {
            self.heard.clear();
            self.heard.push(u8::try_from(ctx.choose("bell", 200)).expect("it is below 200"));
        } else {
            self.heard.push(0);
        }
        ctx.set_timer((), Span::from_millis(1));
    }

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}

fn state_space(nodes: u32, habit: Habit, budget: Budget, discipline: Discipline) -> StateSpace<Node> {
    let cast = Cast { config: habit, nodes, disk: Box::new(|_| Vec::new()), clients: Vec::new() };
    StateSpace::new(Seed(0), cast, &[], budget, vec![discipline])
}

/// How many states there are, which is the same in any order and on any number of threads.
#[track_caller]
fn states(nodes: u32, habit: Habit, budget: Budget, discipline: Discipline) -> u64 {
    let state_space = state_space(nodes, habit, budget, discipline);
    let limits = |threads, order| Limits { threads, order, ..Limits::default() };
    let one = search(&state_space, &limits(1, Order::Breadth));
    assert_eq!(one.end, End::Complete);
    assert_eq!(search(&state_space, &limits(3, Order::Breadth)), one);
    let deep = search(&state_space, &limits(1, Order::Depth));
    assert_eq!((deep.states, deep.generated, deep.end), (one.states, one.generated, one.end));
    one.states
}

const NOTHING: Budget = Budget { loss: 0, duplicates: 0, crashes: 0, timers: Some(0), frames: false, after: None };

#[test]
fn datagrams_arrive_in_any_order() {
    // As many as there are ways to begin an order of three: 1 + 3 + 6 + 6.
    assert_eq!(states(2, Habit::Send(3), NOTHING, Discipline::Datagram), 16);
}

#[test]
fn one_of_three_datagrams_may_be_lost() {
    // The same 16, and for each that is lost 1 + 2 + 2 of the two others.
    let budget = Budget { loss: 1, ..NOTHING };
    assert_eq!(states(2, Habit::Send(3), budget, Discipline::Datagram), 16 + 3 * 5);
}

#[test]
fn a_datagram_may_arrive_twice() {
    // Not doubled: under way, heard. Doubled: two under way, one under way and one heard, both heard.
    let budget = Budget { duplicates: 1, ..NOTHING };
    assert_eq!(states(2, Habit::Send(1), budget, Discipline::Datagram), 2 + 3);
}

#[test]
fn what_was_used_of_the_budget_tells_states_apart() {
    // As before; then the one letter is lost, undoubled; or one of two is, and the other is under way or heard.
    let budget = Budget { duplicates: 1, loss: 1, ..NOTHING };
    assert_eq!(states(2, Habit::Send(1), budget, Discipline::Datagram), 5 + 1 + 2);
}

#[test]
fn each_draw_is_the_first_one_of_its_label() {
    // Nothing is drawn yet, or that.
    let budget = Budget { timers: None, ..NOTHING };
    assert_eq!(states(1, Habit::Draw, budget, Discipline::Datagram), 2);
}

#[test]
fn a_queue_keeps_its_order_and_a_loss_ends_it() {
    assert_eq!(states(2, Habit::Send(3), NOTHING, Discipline::Fifo), 4);
    // After none, one or two letters the rest is lost.
    let budget = Budget { loss: 1, ..NOTHING };
    assert_eq!(states(2, Habit::Send(3), budget, Discipline::Fifo), 4 + 3);
}

#[test]
fn a_death_of_the_receiver_ends_the_queues_to_it_and_leaves_datagrams_under_way() {
    let budget = Budget { crashes: 1, ..NOTHING };
    // Without a death: under way, heard. The sender down: under way, heard; up again, with one letter more: none, one or
    // both heard. The receiver down or up again, where a queue is: nothing under way, nothing heard.
    assert_eq!(states(2, Habit::Send(1), budget.clone(), Discipline::Fifo), 2 + 5 + 2);
    // Where none is, the letter may still be under way to the receiver, down or up again, and then be heard.
    assert_eq!(states(2, Habit::Send(1), budget, Discipline::Datagram), 2 + 5 + 5);
}

#[test]
fn a_node_dies_between_any_two_effects() {
    // In the first boot the line waits for the disk, or is durable. The node is down with the line or without it, starts
    // again from either, and in each case the second line waits or is durable: 2 + 2 + 2 + 2.
    let budget = Budget { crashes: 1, ..NOTHING };
    assert_eq!(states(1, Habit::Write, budget, Discipline::Datagram), 8);
}

#[test]
fn timers_run_out_as_often_as_they_may() {
    // Each of two nodes has rung 0, 1 or 2 times.
    let budget = Budget { timers: Some(2), ..NOTHING };
    assert_eq!(states(2, Habit::Ring, budget, Discipline::Datagram), 9);
}

#[test]
fn of_nodes_that_may_change_places_it_counts_only_how_many_are_how_far() {
    // The nine of before, less those in which the first has rung less often than the second.
    let budget = Budget { timers: Some(2), ..NOTHING };
    let symmetry = || Symmetry::new(NodeId::all(2), |node: &Node, _: &Names| node.clone(), |letter, _| *letter);
    let ringing = |clocks: &[ClockError]| {
        let cast = Cast { config: Habit::Ring, nodes: 2, disk: Box::new(|_| Vec::new()), clients: Vec::new() };
        StateSpace::new(Seed(0), cast, clocks, budget.clone(), vec![Discipline::Datagram])
    };
    let states =
        |state_space: StateSpace<Node>| search(&state_space, &Limits { threads: 1, ..Limits::default() }).states;
    assert_eq!(states(ringing(&[]).interchanging(symmetry())), 6);
    let ahead = ClockError { offset: Offset::from_nanos(1), ..ClockError::default() };
    assert_eq!(states(ringing(&[ahead]).interchanging(symmetry())), 9, "their clocks tell them apart");
}

#[test]
fn a_search_ends_at_its_limits() {
    let state_space = state_space(2, Habit::Ring, Budget { timers: None, ..NOTHING }, Discipline::Datagram);
    // As many as there are pairs of numbers with a sum of at most 10.
    let to_depth = search(&state_space, &Limits { depth: Some(10), threads: 1, ..Limits::default() });
    assert_eq!((to_depth.end, to_depth.states, to_depth.depth), (End::Depth, 66, 10));
    for order in [Order::Breadth, Order::Depth] {
        let enough = search(&state_space, &Limits { states: Some(500), threads: 2, order, ..Limits::default() });
        assert_eq!(enough.end, End::Enough);
        assert!((500..510).contains(&enough.states), "{}", enough.states);
    }
}

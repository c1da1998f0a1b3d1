//! The linearizer and single orders, tested with histories written by hand, and against a search that tries every
//! order.

use proptest::prelude::*;

use super::{
    Course, DepthFirst, Guided, Limits, Linearizer, ListCall, Lists, Model, Progress, Register, RegisterCall, Seen,
    Transcript,
};

/// Enough for all histories here that are not about budgets.
const BUDGET: usize = 10_000_000;

/// An observation of one operation; operations are named by number.
#[derive(Clone, Debug)]
enum Seeing<C, A> {
    Call(u32, C),
    Answer(u32, A),
    Fail(u32),
    Abandon(u32),
}

use Seeing::{Abandon, Answer, Call, Fail};

type SeeingOf<M> = Seeing<<M as Model>::Call, <M as Model>::Answer>;

/// The index of the event at which the history becomes impossible, if any.
fn fast<M: Model>(model: M, history: &[SeeingOf<M>]) -> Option<usize> {
    let mut linearizer = Linearizer::new(model, BUDGET);
    let broken = history.iter().position(|seeing| match seeing {
        Call(name, call) => {
            linearizer.call(*name, call.clone());
            false
        }
        Answer(name, answer) => linearizer.answer(*name, answer).is_err(),
        Fail(name) => linearizer.fail(*name).is_err(),
        Abandon(name) => {
            linearizer.abandon(*name);
            false
        }
    });
    assert!(!linearizer.undecided());
    broken
}

/// The same, by trying every order of every prefix.
fn slow<M: Model + Clone>(model: &M, history: &[SeeingOf<M>]) -> Option<usize> {
    (0..history.len()).find(|last| !is_linearizable(&mut model.clone(), &history[..=*last]))
}

/// The same by the search that follows one order at a time; what failed is left out from its call on.
fn deep<M: Guided>(model: M, history: &[SeeingOf<M>]) -> Option<usize> {
    let mut course = Course::empty();
    for (at, seeing) in history.iter().enumerate() {
        let ends = history.iter().find_map(|end| match (end, seeing) {
            (Answer(of, answer), Call(name, _)) if of == name => Some(Some(answer.clone())),
            (Fail(of), Call(name, _)) if of == name => Some(None),
            (Answer(..) | Fail(_) | Abandon(_) | Call(..), _) => None,
        });
        match (seeing, ends) {
            (Call(name, call), None) => course.called(&model, *name, call.clone(), None, at as u32),
            (Call(name, call), Some(Some(answer))) => {
                course.called(&model, *name, call.clone(), Some(answer), at as u32);
            }
            (Answer(name, _), _) => course.ended(*name, at as u32),
            (Call(..) | Fail(_) | Abandon(_), _) => {}
        }
    }
    let mut search = DepthFirst::new(model, course);
    loop {
        // In small pieces: where it pauses must make no difference.
        match search.search(Limits { steps: 3, bytes: 1 << 20, go_on: &|| true }) {
            Progress::Holds => return None,
            Progress::Broken(impossible) => {
                let of = |seeing: &SeeingOf<M>| matches!(seeing, Answer(name, _) if *name == impossible.name);
                return Some(history.iter().position(of).expect("it was answered"));
            }
            Progress::Steps => {}
            Progress::Memory | Progress::Stopped => panic!("it needs little"),
        }
    }
}

/// Both searches find what is found by trying every order. The one that knows all answers ahead may find it earlier: by an
/// operation that will fail, or a cas that will be refused.
fn judged_alike<M: Guided + Clone>(model: &M, history: &[SeeingOf<M>]) -> Result<(), TestCaseError> {
    let expected = slow(model, history);
    prop_assert_eq!(fast(model.clone(), history), expected);
    let deep = deep(model.clone(), history);
    prop_assert!(deep.is_some() == expected.is_some() && deep <= expected, "{:?} {:?}", deep, expected);
    let foreseen = |seeing: &SeeingOf<M>| match seeing {
        Fail(_) => true,
        Call(_, call) => model.changes_only(call).is_some(),
        Answer(..) | Abandon(_) => false,
    };
    prop_assert!(deep == expected || history.iter().any(foreseen), "{:?} {:?}", deep, expected);
    Ok(())
}

/// Whether the history is explained if these operations changed the object in this order.
fn explained<M: Model>(model: &mut M, history: &[SeeingOf<M>], order: &[u32]) -> bool {
    let mut transcript: Transcript<M, u32> = Transcript::default();
    for seeing in history {
        match seeing {
            Call(name, call) => transcript.call(*name, call.clone()),
            Answer(name, answer) => transcript.answer(*name, answer.clone()),
            Fail(name) => transcript.fail(*name),
            Abandon(_) => {}
        }
    }
    transcript.is_explained_by(model, order.iter().copied())
}

/// Whether any order of any of the operations that `rest` names, after those of `order`, explains the history.
fn any_explains<M: Model>(model: &mut M, history: &[SeeingOf<M>], order: &mut Vec<u32>, rest: &[u32]) -> bool {
    if explained(model, history, order) {
        return true;
    }
    rest.iter().any(|name| {
        order.push(*name);
        let rest: Vec<u32> = rest.iter().copied().filter(|other| other != name).collect();
        let explains = any_explains(model, history, order, &rest);
        order.pop();
        explains
    })
}

/// One operation: its call, when it was called and when it ended, and its outcome.
struct Operation<M: Model> {
    call: M::Call,
    called: usize,
    ended: usize,
    /// `None`: it may have taken effect or not.
    answer: Option<M::Answer>,
}

fn is_linearizable<M: Model>(model: &mut M, history: &[SeeingOf<M>]) -> bool {
    let mut operations: Vec<Operation<M>> = Vec::new();
    for (called, seeing) in history.iter().enumerate() {
        let Call(name, call) = seeing else { continue };
        let mut operation = Operation { call: call.clone(), called, ended: usize::MAX, answer: None };
        let mut happened = true;
        for (at, seeing) in history.iter().enumerate() {
            match seeing {
                Answer(of, answer) if of == name => (operation.ended, operation.answer) = (at, Some(answer.clone())),
                Fail(of) if of == name => happened = false,
                Answer(..) | Fail(_) | Abandon(_) | Call(..) => {}
            }
        }
        if happened {
            operations.push(operation);
        }
    }
    let start = model.start();
    try_all(model, &start, &operations, &mut vec![false; operations.len()])
}

/// Whether the operations that have not taken effect can, in some order.
fn try_all<M: Model>(model: &mut M, state: &M::State, operations: &[Operation<M>], happened: &mut Vec<bool>) -> bool {
    let open = |(_, happened): &(&Operation<M>, &bool)| !**happened;
    let waiting: Vec<&Operation<M>> =
        operations.iter().zip(happened.iter()).filter(open).map(|(operation, _)| operation).collect();
    if waiting.iter().all(|operation| operation.answer.is_none()) {
        return true;
    }
    let first_end = waiting.iter().map(|operation| operation.ended).min().expect("one waits");
    for index in 0..operations.len() {
        let operation = &operations[index];
        if happened[index] || operation.called > first_end {
            continue;
        }
        let (answer, next) = model.step(state, &operation.call);
        if operation.answer.as_ref().is_some_and(|seen| *seen != answer) {
            continue;
        }
        happened[index] = true;
        if try_all(model, &next, operations, happened) {
            return true;
        }
        happened[index] = false;
    }
    false
}

type RegisterSeeing = Seeing<RegisterCall<u8>, Seen<u8>>;

/// The next event of one of three clients; its meaning depends on whether the client has an open operation.
#[derive(Clone, Debug)]
struct Act {
    client: u8,
    kind: u8,
    one: u8,
    other: u8,
}

fn acts(length: usize) -> impl Strategy<Value = Vec<Act>> {
    let act = (0..3_u8, 0..12_u8, 0..3_u8, 0..3_u8);
    prop::collection::vec(act.prop_map(|(client, kind, one, other)| Act { client, kind, one, other }), 1..length)
}

/// Turns acts into a history: `call` generates calls, and `answer` generates answers, most of them plausible.
fn history<C: Clone, A>(
    acts: &[Act],
    call: impl Fn(&Act) -> C,
    mut answer: impl FnMut(&C, &Act) -> A,
) -> Vec<Seeing<C, A>> {
    let mut open: [Option<(u32, C)>; 3] = [None, None, None];
    let mut history = Vec::new();
    for (act, name) in acts.iter().zip(0..) {
        let client = &mut open[usize::from(act.client)];
        match client.take() {
            None => {
                *client = Some((name, call(act)));
                history.push(Call(name, call(act)));
            }
            Some((name, _)) if act.kind == 0 => history.push(Fail(name)),
            Some((name, _)) if act.kind <= 2 => history.push(Abandon(name)),
            Some((name, call)) => history.push(Answer(name, answer(&call, act))),
        }
    }
    history
}

fn register_call(act: &Act) -> RegisterCall<u8> {
    match act.kind % 3 {
        0 => RegisterCall::Read,
        1 => RegisterCall::Put(act.one),
        _ => RegisterCall::Cas { old: act.one, new: act.other },
    }
}

fn register_answer(call: &RegisterCall<u8>, act: &Act) -> Seen<u8> {
    match call {
        RegisterCall::Read => Seen::Value(act.one),
        RegisterCall::Put(_) => Seen::Done,
        RegisterCall::Cas { .. } if act.one == 0 => Seen::Refused,
        RegisterCall::Cas { .. } => Seen::Done,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn registers_are_judged_as_by_trying_every_order(acts in acts(16)) {
        let history = history(&acts, register_call, register_answer);
        judged_alike(&Register { start: 0 }, &history)?;
    }

    #[test]
    fn lists_are_judged_as_by_trying_every_order(acts in acts(16)) {
        let mut lists = Lists::default();
        // Reads return prefixes of the appends in order of call, with single ones left out.
        let mut told: Vec<u8> = Vec::new();
        let call = |act: &Act| if act.kind.is_multiple_of(2) { ListCall::Read } else { ListCall::Append(act.one) };
        let history = history(&acts, call, |call, act| match call {
            ListCall::Append(value) => {
                told.push(*value);
                Seen::Done
            }
            ListCall::Read => Seen::Value(lists.of(&told[..told.len().saturating_sub(usize::from(act.other) / 2)])),
        });
        judged_alike(&lists, &history)?;
    }

    #[test]
    fn a_history_is_linearizable_exactly_where_an_order_of_its_changes_explains_it(acts in acts(10)) {
        let history = history(&acts, register_call, register_answer);
        let mut register = Register { start: 0 };
        let change = |seeing: &RegisterSeeing| match seeing {
            Call(name, RegisterCall::Put(_) | RegisterCall::Cas { .. }) => Some(*name),
            Call(_, RegisterCall::Read) | Answer(..) | Fail(_) | Abandon(_) => None,
        };
        let changes: Vec<u32> = history.iter().filter_map(change).collect();
        let explains = any_explains(&mut register, &history, &mut Vec::new(), &changes);
        prop_assert_eq!(explains, is_linearizable(&mut register, &history));
    }
}

const PUT_1: RegisterCall<u8> = RegisterCall::Put(1);
const PUT_2: RegisterCall<u8> = RegisterCall::Put(2);
const READ: RegisterCall<u8> = RegisterCall::Read;

fn read(value: u8) -> Seen<u8> {
    Seen::Value(value)
}

fn breaks_at(history: &[RegisterSeeing]) -> Option<usize> {
    fast(Register { start: 0 }, history)
}

#[test]
fn a_read_tells_the_last_value_that_was_put() {
    let put = [Call(1, PUT_1), Answer(1, Seen::Done), Call(2, READ)];
    assert_eq!(breaks_at(&[&put[..], &[Answer(2, read(1))]].concat()), None);
    assert_eq!(breaks_at(&[&put[..], &[Answer(2, read(0))]].concat()), Some(3));
}

#[test]
fn a_read_beside_puts_may_tell_any_of_them_and_they_then_have_an_order() {
    let history = [Call(1, PUT_1), Call(2, PUT_2), Call(3, READ), Answer(1, Seen::Done), Answer(2, Seen::Done)];
    for value in 0..3 {
        assert_eq!(breaks_at(&[&history[..], &[Answer(3, read(value))]].concat()), None);
    }
    let stale = [Answer(3, read(1)), Call(4, READ), Answer(4, read(2)), Call(5, READ), Answer(5, read(1))];
    assert_eq!(breaks_at(&[&history[..], &stale].concat()), Some(9));
}

#[test]
fn an_operation_of_unknown_outcome_may_happen_late_or_never() {
    let lost = [Call(1, PUT_1), Abandon(1), Call(2, READ), Answer(2, read(0)), Call(3, READ)];
    assert_eq!(breaks_at(&[&lost[..], &[Answer(3, read(1))]].concat()), None);
    assert_eq!(breaks_at(&[&lost[..], &[Answer(3, read(0))]].concat()), None);
    let again = [Answer(3, read(1)), Call(4, PUT_2), Answer(4, Seen::Done), Call(5, READ), Answer(5, read(1))];
    assert_eq!(breaks_at(&[&lost[..], &again].concat()), Some(9), "it happens once");
}

#[test]
fn what_is_said_to_have_failed_had_no_effect() {
    let seen = [Call(1, PUT_1), Call(2, READ), Answer(2, read(1)), Fail(1)];
    assert_eq!(breaks_at(&seen), Some(3));
    assert_eq!(breaks_at(&[Call(1, PUT_1), Fail(1), Call(2, READ), Answer(2, read(1))]), Some(3));
}

#[test]
fn an_impossible_answer_is_told_with_the_possible_ones_and_a_longest_order() {
    let mut linearizer = Linearizer::new(Register { start: 0 }, BUDGET);
    linearizer.call(1, PUT_1);
    linearizer.answer(1, &Seen::Done).expect("nothing speaks against it");
    linearizer.call(2, READ);
    linearizer.call(3, PUT_2);
    linearizer.answer(2, &read(1)).expect("it was put");
    linearizer.call(4, READ);
    let impossible = linearizer.answer(4, &read(7)).expect_err("nobody put it");
    assert_eq!(impossible.name, 4);
    assert_eq!(impossible.possible, [read(1), read(2)]);
    assert_eq!(impossible.order, [1, 2]);
    assert_eq!(impossible.changes, 1);
}

#[test]
fn beyond_its_budget_it_does_not_decide() {
    let judge = |budget| {
        let mut lists = Linearizer::new(Lists::default(), budget);
        (0..12).for_each(|name| lists.call(name, ListCall::Append(name)));
        let all = lists.model().of(&(0..12).collect::<Vec<u32>>());
        lists.call(99, ListCall::Read);
        let verdict = lists.answer(99, &Seen::Value(all));
        (verdict.is_ok(), lists.undecided())
    };
    assert_eq!(judge(1_000), (true, true));
}

#[test]
fn what_is_given_up_or_fails_is_work_too() {
    let give_up = Linearizer::<Lists<u32>, u32>::abandon;
    let fail = |lists: &mut Linearizer<Lists<u32>, u32>, name| drop(lists.fail(name));
    for end in [give_up, fail] {
        let judge = |budget| {
            let mut lists = Linearizer::new(Lists::default(), budget);
            (0..8).for_each(|name| lists.call(name, ListCall::Append(name)));
            lists.answer(0, &Seen::Done).expect("an append is always possible");
            let was_undecided = lists.undecided();
            (1..8).for_each(|name| end(&mut lists, name));
            (was_undecided, lists.undecided())
        };
        let (mut less, mut enough) = (0, BUDGET);
        while less + 1 < enough {
            let budget = usize::midpoint(less, enough);
            if judge(budget).0 { less = budget } else { enough = budget }
        }
        assert_eq!(judge(enough), (false, true), "the answer has used it up");
        assert_eq!(judge(BUDGET), (false, false));
    }
}

#[test]
fn unknown_outcomes_do_not_multiply_what_is_looked_at() {
    let mut register = Linearizer::new(Register { start: 0 }, BUDGET);
    for name in (0..4_000).step_by(4) {
        register.call(name, RegisterCall::Put(name + 1));
        register.abandon(name);
        register.call(name + 2, RegisterCall::Put(name + 2));
        register.answer(name + 2, &Seen::Done).expect("a put is always possible");
    }
    register.call(9_999, RegisterCall::Read);
    register.answer(9_999, &Seen::Value(1)).expect("the first that was given up may come last");
    assert!(!register.undecided());
    register.call(10_000, RegisterCall::Read);
    assert!(register.answer(10_000, &Seen::Value(2)).is_err(), "what was answered can't come again");
}

#[test]
fn long_histories_are_held_in_little_memory_and_their_end_is_told() {
    let mut register = Linearizer::new(Register { start: 0 }, BUDGET);
    for name in 0..100_000_u32 {
        register.call(name, RegisterCall::Put(name));
        register.answer(name, &Seen::Done).expect("a put is always possible");
    }
    register.call(100_000, RegisterCall::Read);
    let impossible = register.answer(100_000, &Seen::Value(0)).expect_err("long ago");
    assert_eq!(impossible.changes, 99_999, "the first put changed nothing");
    assert_eq!(impossible.order.last(), Some(&99_999));
    assert_eq!(impossible.order.len(), 20);
}

fn order_explains(history: &[RegisterSeeing], order: &[u32]) -> bool {
    explained(&mut Register { start: 0 }, history, order)
}

#[test]
fn a_change_has_its_place_between_its_call_and_its_answer() {
    let history = [Call(1, PUT_1), Answer(1, Seen::Done), Call(2, PUT_2), Answer(2, Seen::Done)];
    assert!(order_explains(&history, &[1, 2]));
    assert!(!order_explains(&history, &[2, 1]));
    let beside = [Call(1, PUT_1), Call(2, PUT_2), Answer(1, Seen::Done), Answer(2, Seen::Done)];
    assert!(order_explains(&beside, &[1, 2]));
    assert!(order_explains(&beside, &[2, 1]));
}

#[test]
fn a_read_tells_what_the_order_has_between_its_call_and_its_answer() {
    let puts = [Call(1, PUT_1), Answer(1, Seen::Done), Call(2, PUT_2), Call(3, READ)];
    for (value, explains) in [(0, false), (1, true), (2, true)] {
        assert_eq!(order_explains(&[&puts[..], &[Answer(3, read(value))]].concat(), &[1, 2]), explains, "{value}");
    }
    let early = [Call(3, READ), Answer(3, read(1)), Call(1, PUT_1), Answer(1, Seen::Done)];
    assert!(!order_explains(&early, &[1]), "it was answered before the put was called");
}

#[test]
fn reads_one_after_the_other_do_not_go_back_in_the_order() {
    let both = [Call(1, PUT_1), Call(2, PUT_2), Call(3, READ)];
    let after = [&both[..], &[Answer(3, read(2)), Call(4, READ), Answer(4, read(1))]].concat();
    assert!(!order_explains(&after, &[1, 2]));
    assert!(order_explains(&after, &[2, 1]));
    let beside = [&both[..], &[Call(4, READ), Answer(3, read(2)), Answer(4, read(1))]].concat();
    assert!(order_explains(&beside, &[1, 2]));
}

#[test]
fn an_order_that_does_not_go_with_the_outcomes_explains_nothing() {
    let done = [Call(1, PUT_1), Answer(1, Seen::Done)];
    assert!(!order_explains(&done, &[]), "it changed something and stands nowhere");
    assert!(order_explains(&done, &[7, 1, 1]), "what was not called here is passed over, and so is a second place");
    let told = [&done[..], &[Call(2, READ), Answer(2, read(1))]].concat();
    assert!(order_explains(&told, &[2, 1]), "a read is passed over");
    let failed = [Call(1, PUT_1), Fail(1)];
    assert!(order_explains(&failed, &[]));
    assert!(!order_explains(&failed, &[1]));
    let lost = [Call(1, PUT_1), Abandon(1), Call(2, PUT_2), Answer(2, Seen::Done), Call(3, READ), Answer(3, read(1))];
    assert!(order_explains(&lost, &[2, 1]));
    assert!(!order_explains(&lost, &[1, 2]));
    let swap = RegisterCall::Cas { old: 1, new: 2 };
    let swapped = [Call(1, PUT_1), Call(2, swap), Answer(2, Seen::Done)];
    assert!(order_explains(&swapped, &[1, 2]));
    assert!(!order_explains(&swapped, &[2, 1]), "it would have been refused");
    assert!(!order_explains(&[&done[..], &done].concat(), &[1]), "two operations have one name");
}

/// Each value is put twice, at any time, and read three times.
#[test]
fn a_search_that_goes_deep_first_stays_within_its_memory() {
    let mut course = Course::empty();
    let register = Register { start: 0_u8 };
    for name in 0..28 {
        course.called(&register, name, RegisterCall::Put(name / 2 + 1), Some(Seen::Done), 0);
    }
    for name in 28..70_u8 {
        course.called(&register, name, RegisterCall::Read, Some(read(name % 14 + 1)), 0);
        course.ended(name, 1);
    }
    (0..28).for_each(|name| course.ended(name, 2));
    let mut search = DepthFirst::new(register, course);
    let limits = |bytes| Limits { steps: 1 << 20, bytes, go_on: &|| true };
    assert_eq!(search.search(limits(100_000)), Progress::Memory);
    assert!(search.bytes() < 150_000, "{}", search.bytes());
    assert_eq!(search.search(Limits { go_on: &|| false, ..limits(1 << 30) }), Progress::Stopped);
}

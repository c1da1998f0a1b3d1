//! Clients that ask for one thing of a few, drawn anew each time.

use crate::chance::{Chance, Dice};
use crate::process::{Ask, Script};
use crate::time::{Span, Time};

/// A client asks so often at the most.
const MOST: usize = 10_000;

/// A client that asks until quiescence, after pauses of half to one and a half times `every`, each time for a command of one
/// of `among`.
///
/// # Panics
/// If `among` is empty.
pub(in crate::protocols) fn drawn<T: Clone, C>(
    among: &[T],
    every: Span,
    quiescence: Time,
    dice: &mut Dice,
    command: impl Fn(T) -> C,
) -> Script<C> {
    let (mut asks, mut time) = (Vec::new(), Time::ZERO);
    while time < quiescence && asks.len() < MOST {
        let after = dice.span(every.divided_by(2), every + every.divided_by(2));
        let picked = dice.pick(among).expect("there is something to pick");
        asks.push(Ask { after, command: command(picked.clone()) });
        time += after + Span::from_nanos(1);
    }
    Script::new(asks)
}

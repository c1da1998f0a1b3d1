//! Assigns the facts of a node to steps, even if the disk delayed them.

use std::collections::VecDeque;

/// The steps of one node: the numbers of the events that began those whose facts may still follow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Steps(VecDeque<u32>);

impl Steps {
    /// A step begins with this event. A step without effects before it is forgotten.
    #[inline]
    pub(super) fn begin(&mut self, number: u32) {
        match self.0.back_mut() {
            Some(last) if *last + 1 == number => *last = number,
            Some(_) | None => self.0.push_back(number),
        }
    }

    /// The step of an effect, by the number of the event that began it. Effects come in the order of their numbers.
    #[inline]
    pub(super) fn of(&mut self, number: u32) -> u32 {
        while self.0.get(1).is_some_and(|next| *next < number) {
            self.0.pop_front();
        }
        self.0.front().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_of_the_last_step_before_it_though_later_ones_have_begun() {
        let mut steps = Steps::default();
        steps.begin(1);
        steps.begin(2);
        steps.begin(6);
        steps.begin(9);
        assert_eq!([3, 4, 5, 7, 8, 10].map(|number| steps.of(number)), [2, 2, 2, 6, 6, 9]);
        assert_eq!(steps.0.len(), 1);
    }
}

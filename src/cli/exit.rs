//! The exit codes, which are public API.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Met,
    Broken,
    Usage,
    Unproven,
    NotDeterministic,
    Nothing,
    Internal,
    Io,
    Stopped,
    Interrupted,
}

impl Exit {
    pub(super) const ALL: [Self; 10] = [
        Self::Met,
        Self::Broken,
        Self::Usage,
        Self::Unproven,
        Self::NotDeterministic,
        Self::Nothing,
        Self::Internal,
        Self::Io,
        Self::Stopped,
        Self::Interrupted,
    ];

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Met => 0,
            Self::Broken => 1,
            Self::Usage => 2,
            Self::Unproven => 3,
            Self::NotDeterministic => 4,
            Self::Nothing => 5,
            Self::Internal => 70,
            Self::Io => 74,
            Self::Stopped => 75,
            Self::Interrupted => 130,
        }
    }

    /// What the code means, for `explain`.
    pub(super) const fn about(self) -> &'static str {
        match self {
            Self::Met => {
                "Passed: every expectation of the scenario is met. A scenario with `violates` passes when each invariant \
                 that it names is violated; in a sweep, in at least one seed."
            }
            Self::Broken => {
                "Failed: an invariant that was expected to hold is violated, an expected violation is missing, or a trace \
                 or digest has changed."
            }
            Self::Usage => "A usage or scenario error, or a file of another kind or another version.",
            Self::Unproven => {
                "Unproven: nothing is violated, but an invariant could not be decided (undecided) or was not exercised \
                 (vacuous), a planned fault took no effect, a flaw never acted, or a required fact never occurred."
            }
            Self::NotDeterministic => "Not deterministic: one seed gave two digests in one build.",
            Self::Nothing => {
                "Nothing to do: no seed or file was selected, no seed was begun before the time ran out, or the run to \
                 shrink violates nothing."
            }
            Self::Internal => "An internal error; please report it.",
            Self::Io => "An input or output error, such as a full disk or an unwritable folder.",
            Self::Stopped => {
                "Stopped early, by SIGTERM or at the limit of `explore --states`, or a shard is missing; the results so \
                 far are valid."
            }
            Self::Interrupted => "Interrupted by Ctrl-C; the results so far are valid.",
        }
    }

    /// The one that counts if several apply: the first of 4, 1, 130, 75, 5, 3, 0.
    pub(super) fn or(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }

    const fn weight(self) -> u8 {
        match self {
            Self::Met => 0,
            Self::Unproven => 1,
            Self::Nothing => 2,
            Self::Stopped => 3,
            Self::Interrupted => 4,
            Self::Broken => 5,
            Self::NotDeterministic => 6,
            Self::Usage => 7,
            Self::Io => 8,
            Self::Internal => 9,
        }
    }
}

impl From<crate::run::RunVerdict> for Exit {
    fn from(standing: crate::run::RunVerdict) -> Self {
        match standing {
            crate::run::RunVerdict::Met => Self::Met,
            crate::run::RunVerdict::Unproven => Self::Unproven,
            crate::run::RunVerdict::Broken => Self::Broken,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_of_several_counts() {
        let order = [
            Exit::NotDeterministic,
            Exit::Broken,
            Exit::Interrupted,
            Exit::Stopped,
            Exit::Nothing,
            Exit::Unproven,
            Exit::Met,
        ];
        for pair in order.windows(2) {
            assert_eq!(pair[0].or(pair[1]), pair[0]);
            assert_eq!(pair[1].or(pair[0]), pair[0]);
        }
    }

    #[test]
    fn codes_are_those_of_the_contract() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 4, 5, 70, 74, 75, 130]);
    }
}

//! Strategies: which rule gives the view of a conflict, and whether voters are asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Class;

/// How the conflicts of the keys under a prefix are resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// By the class of the conflict: value by accuracy where the key has a canonical text, else by arbitration;
    /// structural by merge; semantic by vote.
    #[default]
    ByClass,
    /// The version that was written last is shown.
    LastWriteWins,
    /// Voters are polled: two-thirds of the answers decide.
    Arbitration,
    /// Voters are polled: more than half of the voters decide.
    Vote,
    /// The versions are merged path by path.
    Merge,
}

/// A rule that every replica evaluates by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local<'c> {
    /// The version of the greatest rank.
    LastWriteWins,
    /// The version nearest to this canonical text.
    Accuracy(&'c str),
    /// The merge of all versions, path by path.
    Merge,
}

/// A question to the voters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Poll {
    /// Which of the siblings each applied first: two-thirds of the answers decide.
    Arbitration,
    /// Whose meaning most of the keys bear that each holds: more than half of the voters decide.
    Vote,
}

/// How one conflict is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route<'c> {
    /// What replicas show: for good, or while the poll is open.
    pub local: Local<'c>,
    /// What voters are asked, if they are.
    pub poll: Option<Poll>,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::ByClass, Self::LastWriteWins, Self::Arbitration, Self::Vote, Self::Merge];

    /// Its name in scenario files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByClass => "by_class",
            Self::LastWriteWins => "last_write_wins",
            Self::Arbitration => "arbitration",
            Self::Vote => "vote",
            Self::Merge => "merge",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }

    /// The route of a conflict of this class over a key with this canonical text, if it has one.
    ///
    /// Where there is no conflict no strategy asks anybody: the last of the equal versions is shown.
    #[must_use]
    pub const fn route(self, class: Class, canon: Option<&str>) -> Route<'_> {
        match (self, class) {
            (Self::ByClass | Self::LastWriteWins | Self::Arbitration | Self::Vote | Self::Merge, Class::None)
            | (Self::LastWriteWins, Class::Value | Class::Structural | Class::Semantic) => {
                Route { local: Local::LastWriteWins, poll: None }
            }
            (Self::Merge, Class::Value | Class::Structural | Class::Semantic) | (Self::ByClass, Class::Structural) => {
                Route { local: Local::Merge, poll: None }
            }
            (Self::ByClass, Class::Value) => match canon {
                Some(_) => Route { local: Local::by_canon(canon), poll: None },
                None => Route::polled(Poll::Arbitration, canon),
            },
            (Self::Arbitration, Class::Value | Class::Structural | Class::Semantic) => {
                Route::polled(Poll::Arbitration, canon)
            }
            (Self::Vote, Class::Value | Class::Structural | Class::Semantic) | (Self::ByClass, Class::Semantic) => {
                Route::polled(Poll::Vote, canon)
            }
        }
    }
}

impl<'c> Local<'c> {
    /// The rule that stands in for a poll: accuracy where the key has a canonical text, else last write wins. It is shown
    /// while the poll is open, and an arbiter chooses by it where the poll decides nothing.
    #[must_use]
    pub const fn by_canon(canon: Option<&'c str>) -> Self {
        match canon {
            Some(canon) => Self::Accuracy(canon),
            None => Self::LastWriteWins,
        }
    }
}

impl<'c> Route<'c> {
    const fn polled(poll: Poll, canon: Option<&'c str>) -> Self {
        Self { local: Local::by_canon(canon), poll: Some(poll) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [Class; 3] = [Class::Value, Class::Structural, Class::Semantic];

    #[test]
    fn strategies_have_the_specification_s_names() {
        let names = [
            (Strategy::ByClass, r#""by_class""#),
            (Strategy::LastWriteWins, r#""last_write_wins""#),
            (Strategy::Arbitration, r#""arbitration""#),
            (Strategy::Vote, r#""vote""#),
            (Strategy::Merge, r#""merge""#),
        ];
        for (strategy, name) in names {
            assert_eq!(serde_json::to_string(&strategy).expect("written"), name);
            assert_eq!(serde_json::from_str::<Strategy>(name).expect("read"), strategy);
            assert_eq!(strategy.route(Class::None, Some("c")), Route { local: Local::LastWriteWins, poll: None });
        }
        assert_eq!(Strategy::default(), Strategy::ByClass);
    }

    #[test]
    fn by_class_merges_structures_and_polls_what_no_canon_decides() {
        let of = |canon| CLASSES.map(|class| Strategy::ByClass.route(class, canon));
        let merged = Route { local: Local::Merge, poll: None };
        let last = |poll| Route { local: Local::LastWriteWins, poll: Some(poll) };
        let near = |poll| Route { local: Local::Accuracy("c"), poll };
        assert_eq!(of(None), [last(Poll::Arbitration), merged, last(Poll::Vote)]);
        assert_eq!(of(Some("c")), [near(None), merged, near(Some(Poll::Vote))]);
    }

    #[test]
    fn one_strategy_stands_for_all_classes() {
        for class in CLASSES {
            let of = |strategy: Strategy, canon| strategy.route(class, canon);
            assert_eq!(of(Strategy::LastWriteWins, Some("c")), Route { local: Local::LastWriteWins, poll: None });
            assert_eq!(of(Strategy::Merge, Some("c")), Route { local: Local::Merge, poll: None });
            for (strategy, poll) in [(Strategy::Arbitration, Poll::Arbitration), (Strategy::Vote, Poll::Vote)] {
                assert_eq!(of(strategy, None), Route { local: Local::LastWriteWins, poll: Some(poll) });
                assert_eq!(of(strategy, Some("c")), Route { local: Local::Accuracy("c"), poll: Some(poll) });
            }
        }
    }
}

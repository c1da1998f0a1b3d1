//! Views: what a replica shows of a key with siblings.

use super::{Class, Local, Sibling, Strategy, earliest, latest, merge, most_accurate};
use crate::clocks::Dot;
use crate::codex::Value;

/// What a replica shows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What is shown; nothing of a key without siblings.
    pub value: Option<Value>,
    /// Which version is shown; none where it is a merge, which is no version.
    pub dot: Option<Dot>,
    /// Whether the conflict waits for a poll. One that a local rule resolves is not open.
    pub open: bool,
    /// In what respect the siblings differ.
    pub class: Class,
}

/// What is shown of these siblings under a strategy, for a key with this canonical text, if it has one. A merge that
/// `allows` rejects is not shown; the version of the greatest rank is.
#[must_use]
pub fn view(
    siblings: &[Sibling<'_>],
    strategy: Strategy,
    canon: Option<&str>,
    allows: impl Fn(&Value) -> bool,
) -> View {
    let class = Class::of(siblings);
    let route = strategy.route(class, canon);
    let open = route.poll.is_some();
    let shown = match route.local {
        Local::LastWriteWins => latest(siblings),
        Local::Accuracy(canon) => most_accurate(siblings, canon),
        Local::Merge => match merge(siblings).filter(allows) {
            Some(merged) => return View { value: Some(merged), dot: None, open, class },
            None => latest(siblings),
        },
    };
    View::of(shown, open, class)
}

/// What is shown of these siblings under the anchor `immutable`: of concurrent firsts the one of the least rank. There is
/// no poll, and no merge.
#[must_use]
pub fn view_of_immutable(siblings: &[Sibling<'_>]) -> View {
    View::of(earliest(siblings), false, Class::of(siblings))
}

impl View {
    fn of(shown: Option<&Sibling<'_>>, open: bool, class: Class) -> Self {
        Self { value: shown.map(|sibling| sibling.value.clone()), dot: shown.map(|sibling| sibling.dot), open, class }
    }
}

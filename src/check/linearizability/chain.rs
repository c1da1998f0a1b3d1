//! The orders behind configurations: lists with shared prefixes, of which only the ends are kept.

/// The end of one list in a [`Chain`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End(u32);

#[derive(Clone, Debug)]
struct Link<N> {
    name: N,
    /// The number of changes of the object before it.
    at: u64,
    before: End,
}

/// Lists of names with shared prefixes.
#[derive(Clone, Debug)]
pub(super) struct Chain<N> {
    links: Vec<Link<N>>,
    /// The number of links at which unused ones are dropped.
    limit: usize,
}

/// The number of links that a tidying keeps at the end of a list.
const KEPT: usize = 64;
/// The number of links below which a chain is not tidied.
const FEW: usize = 1 << 12;

impl<N: Copy> Chain<N> {
    pub(super) const fn new() -> Self {
        Self { links: Vec::new(), limit: FEW }
    }

    /// The list `before`, extended by this name.
    pub(super) fn after(&mut self, before: End, name: N, at: u64) -> End {
        self.links.push(Link { name, at, before });
        End(u32::try_from(self.links.len()).expect("a chain is tidied before"))
    }

    /// The names of a list with their numbers of changes, the last one first.
    pub(super) fn back(&self, end: End) -> impl Iterator<Item = (N, u64)> {
        let link = |end: End| Some(&self.links[(end.0 as usize).checked_sub(1)?]);
        std::iter::successors(link(end), move |last| link(last.before)).map(|link| (link.name, link.at))
    }

    pub(super) const fn is_long(&self) -> bool {
        self.links.len() >= self.limit
    }

    /// Drops everything but the ends of these lists, whose indexes change.
    pub(super) fn tidy<'e>(&mut self, ends: impl Iterator<Item = &'e mut End>) {
        let mut tidy = Self::new();
        for end in ends {
            let mut kept: Vec<_> = self.back(*end).take(KEPT).collect();
            kept.reverse();
            *end = kept.into_iter().fold(End::default(), |end, (name, at)| tidy.after(end, name, at));
        }
        tidy.limit = (tidy.links.len() * 2).max(FEW);
        *self = tidy;
    }
}

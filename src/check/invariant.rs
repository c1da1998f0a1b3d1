//! The name and the sentence of an invariant.

/// An invariant: a sentence about the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// The name in scenarios, verdicts, code and documentation.
    pub name: &'static str,
    /// The sentence.
    pub about: &'static str,
    /// Whether it is judged only after quiescence, and names what is missing; a scenario may then bound it by `within`.
    pub liveness: bool,
}

impl Invariant {
    /// An invariant that breaks at a step.
    #[must_use]
    pub const fn safety(name: &'static str, about: &'static str) -> Self {
        Self { name, about, liveness: false }
    }

    /// An invariant that is judged after quiescence.
    #[must_use]
    pub const fn liveness(name: &'static str, about: &'static str) -> Self {
        Self { name, about, liveness: true }
    }
}

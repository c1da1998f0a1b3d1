//! What an invariant is called, and what it says.

/// An invariant: a sentence about the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// The same in scenarios, verdicts, code and documentation.
    pub name: &'static str,
    /// The protocol that claims it; `kernel` for the laws.
    pub protocol: &'static str,
    /// The sentence.
    pub about: &'static str,
}

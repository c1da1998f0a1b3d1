//! What the caller asked for: how long to measure, and which rows.

use std::fmt;

use super::Load;

/// The command line of the bench.
pub(crate) struct Options {
    pub(super) effort: Effort,
    filter: Option<String>,
}

/// How long to measure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    Full,
    Quick,
    /// `cargo test --benches` only asks whether the bench still runs.
    Smoke,
}

impl Options {
    /// Reads the arguments behind the program's name; cargo adds `--bench` when it measures.
    ///
    /// # Errors
    /// A sentence for the user, on an unknown option or a second filter.
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { effort: Effort::Smoke, filter: None };
        for argument in arguments {
            match argument.as_str() {
                "--bench" if options.effort == Effort::Smoke => options.effort = Effort::Full,
                "--bench" => {}
                "--quick" => options.effort = Effort::Quick,
                option if option.starts_with('-') => return Err(format!("unknown option {option}: only --quick")),
                _ if options.filter.is_some() => return Err(format!("a second filter: {argument}")),
                _ => options.filter = Some(argument),
            }
        }
        Ok(options)
    }

    /// Whether the row of this id is asked for.
    pub(super) fn choose(&self, id: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| id.contains(filter))
    }
}

impl Effort {
    /// Odd, so that the median is one that was measured.
    pub(super) fn rounds(self) -> usize {
        match self {
            Self::Full => 5,
            Self::Quick => 3,
            Self::Smoke => 1,
        }
    }

    pub(super) fn warm_up_steps(self, load: &impl Load) -> u64 {
        match self {
            Self::Full | Self::Quick => load.warm_up_steps(),
            Self::Smoke => 0,
        }
    }

    pub(super) fn steps(self, load: &impl Load) -> u64 {
        match self {
            Self::Full => load.steps(),
            Self::Quick => load.steps() / 8,
            Self::Smoke => (load.steps() / 10_000).max(1),
        }
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(formatter, "median of {} interleaved rounds", self.rounds()),
            Self::Quick => write!(formatter, "median of {} short interleaved rounds", self.rounds()),
            Self::Smoke => formatter.write_str("not measured, only tried: run by cargo bench"),
        }
    }
}

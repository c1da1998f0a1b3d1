//! Which checker judges which invariant.

use super::facts::Fact;
use super::spec::Settings;
use crate::check::{self, Checker};
use crate::subject::Setup;

/// The checker of one of the invariants that causal broadcast claims.
pub(super) fn checker(_setup: &Setup, _settings: &Settings, invariant: &str) -> Option<Box<dyn Checker<Fact>>> {
    check::checker(invariant)
}

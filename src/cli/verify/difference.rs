//! The first event in which two runs of one seed differ.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::chance::Seed;
use crate::cli::diff::{Shown, cited};
use crate::trace::text::Renderer;
use crate::trace::{self, Detail, Digest, Trace};

/// Where two runs of one seed diverge.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Difference {
    pub(super) seed: Seed,
    /// In this process, and in the other.
    digests: [Digest; 2],
    /// The first differing event, unless the runs agreed when they were repeated.
    #[serde(flatten)]
    first: Option<Shown>,
}

impl Difference {
    /// The digests differed, but the runs diverged elsewhere, or nowhere, whenever they were repeated.
    pub(super) const fn vanished(seed: Seed, digests: [Digest; 2]) -> Self {
        Self { seed, digests, first: None }
    }

    /// The runs diverge where these records of the two processes do; there are `before` records before these.
    pub(super) fn found(
        seed: Seed,
        digests: [Digest; 2],
        found: &trace::Difference,
        here: &Trace,
        before: u64,
    ) -> Self {
        let renderer = Renderer::new(&here.header.lanes, Detail::All);
        let led_to = here.records().filter(|record| found.causes.contains(&record.id));
        let lines: BTreeMap<_, _> = led_to.map(|record| (record.id, renderer.alone(&record))).collect();
        let found = trace::Difference { agreed: found.agreed + before, ..found.clone() };
        Self { seed, digests, first: Some(Shown::new(&found, cited(&found, &lines))) }
    }

    /// The difference for people.
    pub(super) fn text(&self) -> String {
        let Self { seed, digests: [here, there], first } = self;
        let mut text = format!("seed {seed}: {here} in this process, {there} in the other\n");
        match first {
            Some(first) => text.push_str(&first.text(["here", "there"])),
            None => text.push_str("no first difference was found: it moves, or is not always there\n"),
        }
        text
    }
}

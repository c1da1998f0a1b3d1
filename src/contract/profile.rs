//! A subject without its types.

use serde::Deserialize as _;
use serde_json::Value;

use super::subject::{Bearing, Flaw, Misfit, Needs, Objection, Row, Setup, Subject, fill, read};
use crate::check::{self, Invariant};
use crate::encoding;
use crate::fault::{Fault, Target};
use crate::identity::LaneId;
use crate::network::Discipline;

/// The description of a subject for scenarios and commands, without its types.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// [`Subject::NAME`].
    pub name: &'static str,
    /// [`Subject::ABOUT`].
    pub about: &'static str,
    /// [`Process::LANES`](crate::process::Process::LANES).
    pub lanes: &'static [&'static str],
    /// [`Subject::ROWS`].
    pub rows: &'static [Row],
    /// The labels of all facts that it can note.
    pub facts: fn() -> Vec<String>,
    /// Reads settings, and returns them with all defaults filled in.
    pub settings: fn(&Value) -> Result<Value, Misfit>,
    /// Reads one entry of a workload, and returns it with all defaults filled in.
    pub workload: fn(&Value) -> Result<Value, Misfit>,
    /// Reads one command of a client, and returns it with all defaults filled in.
    pub command: fn(&Value) -> Result<Value, Misfit>,
    /// [`Subject::needs`] of an entry that was read before.
    pub needs: fn(&Value) -> Needs,
    /// [`Subject::command_needs`] of a command that was read before.
    pub command_needs: fn(&Value) -> Needs,
    /// The JSON Schema of the settings.
    pub settings_schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
    /// The JSON Schema of one entry of a workload.
    pub workload_schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
    /// The rows of the protocols that run with these settings.
    pub running: fn(&Value) -> Vec<&'static Row>,
    /// [`Subject::claims`], with these settings.
    pub claims_of: fn(&Setup, &Value, &Invariant) -> bool,
    /// [`Subject::objection`], with these settings.
    pub objection: fn(&Setup, &Value) -> Option<Objection>,
}

/// The protocols that run on their own, and those that they need.
fn running<S: Subject>(settings: &Value) -> Vec<&'static Row> {
    let settings = read::<S::Settings>(settings);
    let mut runs: Vec<bool> = S::ROWS.iter().map(|row| S::runs(&settings, row.name)).collect();
    loop {
        let on = S::ROWS.iter().zip(&runs).filter(|(_, runs)| **runs);
        let needed: Vec<&str> = on.flat_map(|(row, _)| row.needs).copied().collect();
        let more = (0..runs.len()).find(|place| !runs[*place] && needed.contains(&S::ROWS[*place].name));
        match more {
            Some(place) => runs[place] = true,
            None => break,
        }
    }
    S::ROWS.iter().zip(runs).filter(|(_, runs)| *runs).map(|(row, _)| row).collect()
}

impl Profile {
    /// The profile of `S`.
    #[must_use]
    pub fn of<S: Subject>() -> Self {
        Self {
            name: S::NAME,
            about: S::ABOUT,
            lanes: S::LANES,
            rows: S::ROWS,
            facts: encoding::labels::<S::Fact>,
            settings: fill::<S::Settings>,
            workload: |entry| {
                let filled = fill::<S::Workload>(entry)?;
                let workload = S::Workload::deserialize(entry).ok();
                match workload.and_then(|workload| S::workload_objection(&workload)) {
                    Some(message) => {
                        let name = entry.as_object().and_then(|entry| entry.keys().next()).cloned();
                        Err(Misfit { path: name.into_iter().collect(), message })
                    }
                    None => Ok(filled),
                }
            },
            command: fill::<S::Command>,
            needs: |entry| S::Workload::deserialize(entry).map(|entry| S::needs(&entry)).unwrap_or_default(),
            command_needs: |command| {
                S::Command::deserialize(command).map(|command| S::command_needs(&command)).unwrap_or_default()
            },
            settings_schema: schemars::SchemaGenerator::subschema_for::<S::Settings>,
            workload_schema: schemars::SchemaGenerator::subschema_for::<S::Workload>,
            running: running::<S>,
            claims_of: |setup, settings, invariant| S::claims(setup, &read(settings), invariant),
            objection: |setup, settings| S::objection(setup, &read(settings)),
        }
    }

    /// The row of a protocol.
    #[must_use]
    pub fn row(&self, protocol: &str) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.name == protocol)
    }

    /// Every flaw, with the row of its protocol.
    pub fn flaws(&self) -> impl Iterator<Item = (&'static Row, &'static Flaw)> + Clone {
        self.rows.iter().flat_map(|row| row.flaws.iter().map(move |flaw| (row, flaw)))
    }

    /// Every invariant that a row claims, with the row: more than once, if several claim it.
    pub fn invariants(&self) -> impl Iterator<Item = (&'static Row, &'static Invariant)> + Clone {
        self.rows.iter().flat_map(|row| row.claims.iter().map(move |invariant| (row, invariant)))
    }

    /// The invariants that it claims in this cluster with these settings, each once. [`QUIET`](check::QUIET) is not claimed
    /// if quiescence heals only a part of the nodes: what a node owes the others, it may send for ever.
    #[must_use]
    pub fn claims(&self, setup: &Setup, settings: &Value) -> Vec<&'static Invariant> {
        let mut claims: Vec<&Invariant> = Vec::new();
        for invariant in (self.running)(settings).into_iter().flat_map(|row| row.claims) {
            if setup.outside() > 0 && invariant.name == check::QUIET.name {
                continue;
            }
            let is_known = claims.iter().any(|known| known.name == invariant.name);
            if !is_known && (self.claims_of)(setup, settings, invariant) {
                claims.push(invariant);
            }
        }
        claims
    }

    /// The row that owns keyspaces with this owner's name.
    #[must_use]
    pub fn owner(&self, word: &str) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.owns.contains(&word))
    }

    /// The names of all owners of keyspaces.
    pub fn owners(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.rows.iter().flat_map(|row| row.owns.iter().copied())
    }

    /// The fact that a node notes when it takes this role.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&'static str> {
        self.rows.iter().flat_map(|row| row.roles).find(|role| role.name == name).map(|role| role.fact)
    }

    /// Whether a lane carries any messages with these settings.
    #[must_use]
    pub fn speaks_on(&self, lane: LaneId, settings: &Value) -> bool {
        self.lanes
            .get(lane.index())
            .is_some_and(|lane| (self.running)(settings).iter().any(|row| row.lanes.contains(lane)))
    }

    /// How an exploration models a lane; a lane whose own `frames` are explored is modelled as datagrams.
    #[must_use]
    pub fn discipline(&self, lane: LaneId, frames: bool) -> Discipline {
        let row = self.lanes.get(lane.index()).and_then(|lane| self.rows.iter().find(|row| row.lanes.contains(lane)));
        row.filter(|_| !frames).map_or(Discipline::Datagram, |row| row.carriage)
    }

    /// Why a fault exceeds what the subject tolerates with these settings, if it does for any running protocol.
    #[must_use]
    pub fn exceeds(&self, fault: &Fault, settings: &Value) -> Option<&'static str> {
        (self.running)(settings).into_iter().find_map(|row| match (row.bears)(fault) {
            Bearing::Beyond(why) => Some(why),
            Bearing::Borne | Bearing::LosesVoters => None,
        })
    }

    /// The voters that a fault removes permanently with these settings, though it is tolerated.
    #[must_use]
    pub fn loses_voters<'f>(&self, fault: &'f Fault, settings: &Value) -> Option<&'f Target> {
        let loses_voters = |row: &&Row| (row.bears)(fault) == Bearing::LosesVoters;
        fault.target().filter(|_| (self.running)(settings).iter().any(loses_voters))
    }
}

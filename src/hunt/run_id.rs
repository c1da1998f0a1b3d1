//! The id of a run, which pins its input: `stm2:split-brain@9b1c2f0e:0x000000000000002a:flaws=e20=41d0c3a87e22b916`.

use std::fmt;
use std::str::FromStr;

use crate::chance::Seed;
use crate::trace::Digest;

/// A run and its digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId {
    /// The scenario's name; if it is not built in, its file is needed to replay the run.
    pub scenario: String,
    /// The first half of the digest of the scenario's file, in hex.
    pub file: String,
    /// The seed.
    pub seed: Seed,
    /// The flaws that were switched on on the command line, or `none`; empty if the command line named none.
    pub flaws: Vec<String>,
    /// Whether the seed drew its own kinds of faults.
    pub swarm: bool,
    /// The digest of the trace.
    pub digest: Digest,
}

/// The version of the format.
const FORMAT: &str = "stm2";

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORMAT}:{}@{}:{}", self.scenario, self.file, self.seed)?;
        if !self.flaws.is_empty() {
            write!(f, ":flaws={}", self.flaws.join(","))?;
        }
        if self.swarm {
            f.write_str(":swarm")?;
        }
        write!(f, "={}", self.digest)
    }
}

/// Why a text is not a run id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunIdError {
    /// It has another format.
    Form(&'static str),
    /// It has another version.
    Version(String),
}

impl fmt::Display for RunIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(what) => {
                write!(f, "not a run id: {what}; the format is stm2:NAME@FILE:SEED[:flaws=…][:swarm]=DIGEST")
            }
            Self::Version(version) => {
                write!(f, "a run id of version `{version}`, but this build reads {FORMAT}: use the build that made it")
            }
        }
    }
}

impl std::error::Error for RunIdError {}

impl RunId {
    /// Whether a text looks like a run id, valid or not, and not like a scenario's name.
    #[must_use]
    pub fn resembles(text: &str) -> bool {
        text.split_once(':').is_some_and(|(format, _)| {
            format.strip_prefix("stm").is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit()))
        })
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        let form = RunIdError::Form;
        let (format, rest) = text.split_once(':').ok_or(form("no version"))?;
        if format != FORMAT {
            return Err(RunIdError::Version(format.to_owned()));
        }
        let (rest, digest) = rest.rsplit_once('=').ok_or(form("no digest"))?;
        let digest = digest.parse().map_err(|_| form("the digest is not 16 hex digits"))?;
        let (scenario, rest) = rest.rsplit_once('@').ok_or(form("no digest of the scenario"))?;
        let mut parts = rest.split(':');
        let file = parts.next().unwrap_or_default();
        if file.len() != 8 || !file.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(form("the scenario's digest is not 8 hex digits"));
        }
        let seed = parts.next().ok_or(form("no seed"))?;
        let seed = seed.parse().map_err(|_| form("the seed is not a number below 2^64"))?;
        let (mut flaws, mut swarm) = (Vec::new(), false);
        for part in parts {
            if part == "swarm" {
                swarm = true;
                continue;
            }
            let list = part.strip_prefix("flaws=").ok_or(form("a part is neither flaws= nor swarm"))?;
            flaws = list.split(',').map(str::to_owned).collect();
        }
        Ok(Self { scenario: scenario.to_owned(), file: file.to_owned(), seed, flaws, swarm, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_reads_what_it_writes() {
        let mut id = RunId {
            scenario: "errata/e09".to_owned(),
            file: "9b1c2f0e".to_owned(),
            seed: Seed(42),
            flaws: Vec::new(),
            swarm: false,
            digest: Digest(0x41d0_c3a8_7e22_b916),
        };
        assert_eq!(id.to_string(), "stm2:errata/e09@9b1c2f0e:0x000000000000002a=41d0c3a87e22b916");
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        id.flaws = vec!["e09".to_owned(), "e10".to_owned()];
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        id.swarm = true;
        assert!(id.to_string().ends_with(":flaws=e09,e10:swarm=41d0c3a87e22b916"), "{id}");
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        id.flaws.clear();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn another_version_is_named() {
        for other in ["stm1", "stm3"] {
            let error = format!("{other}:x").parse::<RunId>().expect_err("another version");
            assert_eq!(error, RunIdError::Version(other.to_owned()));
        }
        for text in ["", "stm2:", "stm2:a@0:1=2", "stm2:a@9b1c2f0e:1", "stm2:a@9b1c2f0e:1:x=41d0c3a87e22b916"] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}

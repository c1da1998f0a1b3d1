//! Which shard is meant: named, or the one that the engine which started this process gave it.

use std::fmt;
use std::str::FromStr;

use super::failure::Failure;
use crate::hunt::Shard;

/// What `--shard` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// This one.
    Named(Shard),
    /// The engine's index; of so many, if that is said.
    Auto(Option<u64>),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("auto") {
            Some("") => Ok(Self::Auto(None)),
            Some(rest) => match rest.strip_prefix('/').and_then(|of| of.parse().ok()) {
                Some(of) if Shard::new(1, of).is_some() => Ok(Self::Auto(Some(of))),
                Some(_) | None => Err(format!("`{text}` is not auto/N, an index of N shards")),
            },
            None => text.parse().map(Self::Named),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(shard) => shard.fmt(f),
            Self::Auto(None) => f.write_str("auto"),
            Self::Auto(Some(of)) => write!(f, "auto/{of}"),
        }
    }
}

/// The variable in which Slurm gives a task of a job array its index.
const SLURM: &str = "SLURM_ARRAY_TASK_ID";
/// The variable in which Kubernetes gives a pod of an indexed job its index, from 0.
const KUBERNETES: &str = "JOB_COMPLETION_INDEX";

/// The shard that is meant, where `variable` looks up the environment. One that is not clear is an error, and never all
/// seeds.
pub(super) fn of(wanted: Wanted, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, Failure> {
    let of = match wanted {
        Wanted::Named(shard) => return Ok(shard),
        Wanted::Auto(of) => of,
    };
    match (variable(SLURM), variable(KUBERNETES)) {
        (Some(_), Some(_)) => Err(Failure::helped(
            format!("two engines say which shard this is: {SLURM} and {KUBERNETES} are both set"),
            "say which with --shard K/N",
        )),
        (None, None) => Err(Failure::helped(
            format!("no engine says which shard this is: neither {SLURM} nor {KUBERNETES} is set"),
            "say which with --shard K/N, or start it as a job array",
        )),
        (Some(_), None) => slurm(of, variable),
        (None, Some(_)) => kubernetes(of, variable),
    }
}

/// The variables of Slurm's array count only what was submitted together: resubmitted, some tasks of ten look like an
/// array of their own. They are believed only where they are numbered from 1 without a gap; merging tells the rest.
fn slurm(of: Option<u64>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, Failure> {
    let index = number(SLURM, variable)?;
    let of = match of {
        Some(of) => of,
        None => {
            let count = number("SLURM_ARRAY_TASK_COUNT", variable)?;
            let (least, most) = (number("SLURM_ARRAY_TASK_MIN", variable)?, number("SLURM_ARRAY_TASK_MAX", variable)?);
            if (least, most) != (1, count) {
                return Err(Failure::helped(
                    format!("the array is partial: {count} tasks from {least} to {most}, and nothing says of how many"),
                    "number arrays from 1, and say the total: --shard auto/N",
                ));
            }
            count
        }
    };
    shard(SLURM, index, of)
}

fn kubernetes(of: Option<u64>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, Failure> {
    let index = number(KUBERNETES, variable)?;
    let of = of.ok_or_else(|| {
        Failure::helped(format!("{KUBERNETES} is an index, and nothing says of how many"), "--shard auto/N")
    })?;
    shard(KUBERNETES, index.saturating_add(1), of)
}

fn number(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<u64, Failure> {
    let help = "say which shard with --shard K/N";
    let value = variable(name).ok_or_else(|| Failure::helped(format!("{name} is not set"), help))?;
    value.parse().map_err(|_| Failure::helped(format!("{name} is `{value}`, which is no number"), help))
}

fn shard(name: &str, index: u64, of: u64) -> Result<Shard, Failure> {
    Shard::new(index, of).ok_or_else(|| {
        Failure::helped(format!("{name} says shard {index}, and there are {of}"), "number the shards from 1 to N")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `--shard` comes to with these variables; the message, where that is nothing.
    fn given(wanted: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
        let shard = of(wanted.parse().expect("a shard"), &variable);
        shard.map(|shard| shard.to_string()).map_err(|failure| failure.message())
    }

    const ARRAY: [(&str, &str); 4] =
        [(SLURM, "3"), ("SLURM_ARRAY_TASK_COUNT", "8"), ("SLURM_ARRAY_TASK_MIN", "1"), ("SLURM_ARRAY_TASK_MAX", "8")];

    #[test]
    fn a_whole_array_says_which_shard_a_task_is() {
        assert_eq!(given("auto", &ARRAY), Ok("3/8".to_owned()));
        assert_eq!(given("2/5", &ARRAY), Ok("2/5".to_owned()), "what is typed counts");
        assert_eq!(given("auto/9", &[(KUBERNETES, "0")]), Ok("1/9".to_owned()));
        assert_eq!(given("auto/9", &[(KUBERNETES, "8")]), Ok("9/9".to_owned()));
    }

    #[test]
    fn a_partial_array_needs_its_total() {
        let again = [
            (SLURM, "3"),
            ("SLURM_ARRAY_TASK_COUNT", "1"),
            ("SLURM_ARRAY_TASK_MIN", "3"),
            ("SLURM_ARRAY_TASK_MAX", "3"),
        ];
        assert!(given("auto", &again).expect_err("partial").contains("1 tasks from 3 to 3"));
        assert_eq!(given("auto/8", &again), Ok("3/8".to_owned()));
        let from_zero = [
            (SLURM, "0"),
            ("SLURM_ARRAY_TASK_COUNT", "8"),
            ("SLURM_ARRAY_TASK_MIN", "0"),
            ("SLURM_ARRAY_TASK_MAX", "7"),
        ];
        assert!(given("auto", &from_zero).is_err());
        assert!(given("auto/8", &from_zero).expect_err("no shard 0").contains("shard 0"));
        let with_gaps = [
            (SLURM, "3"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_MAX", "7"),
        ];
        assert!(given("auto", &with_gaps).is_err());
    }

    #[test]
    fn what_no_engine_says_or_two_say_is_an_error() {
        assert!(given("auto", &[]).expect_err("none").contains("no engine"));
        assert!(given("auto/3", &[]).expect_err("none").contains("no engine"));
        let both = [ARRAY.as_slice(), &[(KUBERNETES, "0")]].concat();
        assert!(given("auto/8", &both).expect_err("two").contains("two engines"));
        assert!(given("auto", &[(KUBERNETES, "0")]).expect_err("no total").contains("of how many"));
        assert!(given("auto/3", &[(KUBERNETES, "3")]).is_err());
        assert!(given("auto/3", &[(KUBERNETES, "x")]).expect_err("no number").contains("`x`"));
    }

    #[test]
    fn what_is_no_shard_is_not_read() {
        for text in ["auto/", "auto/0", "auto/x", "automatic", "0/4", "5/4", "1/0", ""] {
            assert!(text.parse::<Wanted>().is_err(), "{text}");
        }
    }
}

//! Which shard to run: a named one, or the one that the job scheduler assigned to this process.

use std::fmt;
use std::str::FromStr;

use super::failure::Failure;
use crate::hunt::Shard;

/// The value of `--shard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShardFlag {
    /// This one.
    Named(Shard),
    /// The index from the job scheduler, and the number of shards if it was given.
    Auto(Option<u64>),
}

impl FromStr for ShardFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("auto") {
            Some("") => Ok(Self::Auto(None)),
            Some(rest) => match rest.strip_prefix('/').and_then(|of| of.parse().ok()) {
                Some(of) if Shard::new(1, of).is_some() => Ok(Self::Auto(Some(of))),
                Some(_) | None => Err(format!("`{text}` is not auto/N, where N is the number of shards")),
            },
            None => text.parse().map(Self::Named),
        }
    }
}

impl fmt::Display for ShardFlag {
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

/// The shard to run; `variable` looks up the environment. An ambiguous shard is an error, and never means all seeds.
pub(super) fn of(wanted: ShardFlag, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, Failure> {
    let of = match wanted {
        ShardFlag::Named(shard) => return Ok(shard),
        ShardFlag::Auto(of) => of,
    };
    match (variable(SLURM), variable(KUBERNETES)) {
        (Some(_), Some(_)) => Err(Failure::helped(
            format!("two job schedulers assign a shard: {SLURM} and {KUBERNETES} are both set"),
            "name the shard with --shard K/N",
        )),
        (None, None) => Err(Failure::helped(
            format!("no job scheduler assigns a shard: neither {SLURM} nor {KUBERNETES} is set"),
            "name the shard with --shard K/N, or start a job array",
        )),
        (Some(_), None) => slurm(of, variable),
        (None, Some(_)) => kubernetes(of, variable),
    }
}

/// The variables of a Slurm array count only one submission: if three tasks of ten are submitted again, they look like an
/// array of three. The variables are accepted only if the tasks are numbered from 1 without a gap; `merge` finds other
/// mistakes.
fn slurm(of: Option<u64>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, Failure> {
    let index = number(SLURM, variable)?;
    let of = match of {
        Some(of) => of,
        None => {
            let count = number("SLURM_ARRAY_TASK_COUNT", variable)?;
            let (least, most) = (number("SLURM_ARRAY_TASK_MIN", variable)?, number("SLURM_ARRAY_TASK_MAX", variable)?);
            if (least, most) != (1, count) {
                return Err(Failure::helped(
                    format!(
                        "the array is partial: it has {count} tasks from {least} to {most}, and the total is unknown"
                    ),
                    "number arrays from 1, and give the total: --shard auto/N",
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
        Failure::helped(format!("{KUBERNETES} is an index, and the total is unknown"), "give the total: --shard auto/N")
    })?;
    shard(KUBERNETES, index.saturating_add(1), of)
}

fn number(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<u64, Failure> {
    let help = "name the shard with --shard K/N";
    let value = variable(name).ok_or_else(|| Failure::helped(format!("{name} is not set"), help))?;
    value.parse().map_err(|_| Failure::helped(format!("{name} is `{value}`, which is not a number"), help))
}

fn shard(name: &str, index: u64, of: u64) -> Result<Shard, Failure> {
    Shard::new(index, of)
        .ok_or_else(|| Failure::helped(format!("{name} gives shard {index} of {of}"), "number the shards from 1 to N"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shard that `--shard` gives with these variables, or the error message.
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
        assert_eq!(given("2/5", &ARRAY), Ok("2/5".to_owned()), "a flag beats the environment");
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
    fn a_shard_from_no_scheduler_or_from_two_is_an_error() {
        assert!(given("auto", &[]).expect_err("none").contains("no job scheduler"));
        assert!(given("auto/3", &[]).expect_err("none").contains("no job scheduler"));
        let both = [ARRAY.as_slice(), &[(KUBERNETES, "0")]].concat();
        assert!(given("auto/8", &both).expect_err("two").contains("two job schedulers"));
        assert!(given("auto", &[(KUBERNETES, "0")]).expect_err("no total").contains("total is unknown"));
        assert!(given("auto/3", &[(KUBERNETES, "3")]).is_err());
        assert!(given("auto/3", &[(KUBERNETES, "x")]).expect_err("no number").contains("`x`"));
    }

    #[test]
    fn an_invalid_shard_is_refused() {
        for text in ["auto/", "auto/0", "auto/x", "automatic", "0/4", "5/4", "1/0", ""] {
            assert!(text.parse::<ShardFlag>().is_err(), "{text}");
        }
    }
}

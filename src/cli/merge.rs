//! `merge`: merges the results of shards into those of the whole sweep.

use super::args::MergeArgs;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::files::{Files, Format};
use super::shell::Shell;
use super::store;
use super::sweep::{Saved, SweepReport, conclude, read};
use crate::hunt::{self, MergeError, Piece, write_results};

pub(super) fn merge(args: &MergeArgs, shell: &Shell) -> Outcome {
    let mut files = Files::new(args.writing.force);
    args.shards.iter().for_each(|shard| files.reads(shard));
    if let Some(output) = &args.output {
        files.writes(output, Format::Results)?;
    }
    let mut parts = Vec::with_capacity(args.shards.len());
    for file in &args.shards {
        parts.push(Piece { file: file.display().to_string(), results: read(file)? });
    }
    let whole = hunt::merge(&parts).map_err(|error| match error {
        MergeError::Incomplete(missing) => Failure::Incomplete(missing.join("; ")),
        MergeError::Unfit(why) => Failure::usage(why),
    })?;
    if let Some(file) = &args.output {
        store::write(file, |out| whole.iter().try_for_each(|results| write_results(results, out)))?;
    }
    let reports: Vec<_> = whole.into_iter().map(|results| SweepReport::new(results, Saved::default())).collect();
    if !shell.json {
        let text: String = reports.iter().map(|report| report.text(shell)).collect();
        shell.result(&text)?;
    }
    let exit = reports.iter().map(SweepReport::exit).fold(Exit::Met, Exit::or);
    conclude(&reports, exit, shell)
}

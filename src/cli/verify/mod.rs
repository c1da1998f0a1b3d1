//! `verify`: runs every seed twice, the second time in another process, in another environment.

mod difference;
mod other;

use difference::Difference;
use other::Other;

use super::args::{DigestsArgs, VerifyArgs};
use super::chosen::Chosen;
use super::environment;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::shell::{BAD, GOOD, Shell};
use super::signals::Signals;
use super::table::{count, counted};
use crate::chance::Seed;
use crate::hunt::{self, SeedRange};
use crate::run::{AnySubject, BLOCK, Keep};
use crate::trace::Digest;

/// The default seeds.
const SEEDS: SeedRange = SeedRange { first: 0, count: 20 };

pub(super) fn verify(args: &VerifyArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let VerifyArgs { scenario, seeds, jobs, overrides } = args;
    if scenario == "-" {
        let message = "the second process can't read the same standard input";
        return Err(Failure::helped(message, "save the scenario in a file, and name that"));
    }
    let chosen = Chosen::load(scenario, overrides, subjects)?;
    let seeds = seeds.unwrap_or(SEEDS);
    if seeds.count == 0 {
        return Err(Failure::Nothing(format!("nothing to do: {seeds} has no seeds")));
    }
    let threads = jobs.map_or_else(|| environment::cores().get(), usize::from);
    let signals = Signals::watch();
    let other = Other::new(scenario, overrides)?;
    let process = other.begin(seeds, threads)?;
    let go_on = || signals.exit().is_none();
    let here = hunt::digests(&chosen.file, chosen.subject, (seeds.first, seeds.count), threads, &go_on)?;
    if let Some(exit) = signals.exit() {
        drop(process);
        shell.note("stopped before the two processes could be compared");
        return Ok(exit);
    }
    let there = process.digests()?;
    let differing = differing(&here, &there)?;
    let difference = match differing.first() {
        Some((seed, digests)) => Some(find(&chosen, *seed, *digests, &other)?),
        None => None,
    };
    report(&chosen, seeds, &differing, difference.as_ref(), shell)
}

/// The seeds whose two digests differ.
fn differing(here: &[(Seed, Digest)], there: &[(Seed, Digest)]) -> Result<Vec<(Seed, [Digest; 2])>, Failure> {
    if here.len() != there.len() || here.iter().zip(there).any(|(here, there)| here.0 != there.0) {
        let message = format!("the second process ran {} seeds, and this one {}", there.len(), here.len());
        return Err(other::broken(&message));
    }
    let pairs = here.iter().zip(there).filter(|(here, there)| here != there);
    Ok(pairs.map(|((seed, here), (_, there))| (*seed, [*here, *there])).collect())
}

/// How often a seed is repeated to see it differ in the same block again.
const TRIES: u32 = 8;

/// Finds where the traces of a seed diverge, without keeping either: first both processes give a digest after each block
/// of records, then the records around the first block that differs.
fn find(chosen: &Chosen, seed: Seed, digests: [Digest; 2], other: &Other) -> Result<Difference, Failure> {
    let resolved = chosen.resolve(seed)?;
    let run = |keep| chosen.subject.run(&resolved, keep);
    let mut marks = [run(Keep::Marks).marks, other.marks(seed)?];
    for _ in 0..TRIES {
        let [here, there] = &marks;
        let number = hunt::first_differing_block(here, there);
        let (here, there) = (run(Keep::Block(number)), other.block(seed, number)?);
        let whole = usize::try_from(number).expect("so many blocks were counted");
        let begin_alike = here.marks.get(..whole).is_some_and(|before| there.marks.get(..whole) == Some(before));
        let trace = here.trace.expect("it was kept");
        if begin_alike && let Some(found) = there.compare(&trace)? {
            let before = number.saturating_sub(1) * BLOCK;
            return Ok(Difference::found(seed, digests, &found, &trace, before));
        }
        marks = [here.marks, there.marks];
    }
    Ok(Difference::vanished(seed, digests))
}

fn report(
    chosen: &Chosen,
    seeds: SeedRange,
    differing: &[(Seed, [Digest; 2])],
    difference: Option<&Difference>,
    shell: &Shell,
) -> Outcome {
    let exit = if difference.is_none() { Exit::Met } else { Exit::NotDeterministic };
    let name = chosen.file.name();
    if shell.json {
        let seeds_of: Vec<&Seed> = differing.iter().map(|(seed, _)| seed).collect();
        shell.document(&serde_json::json!({
            "scenario": name,
            "seeds": seeds.to_string(),
            "runs": seeds.count,
            "differing": seeds_of,
            "difference": difference,
            "exit_code": exit.code(),
        }))?;
        return Ok(exit);
    }
    let Some(difference) = difference else {
        let seeds_of = counted(seeds.count, "seed");
        let text = format!("{GOOD}passed{GOOD:#}: {name}: {seeds_of} gave the same digests in two processes\n");
        shell.result(&text)?;
        return Ok(exit);
    };
    let of = format!("{} of {}", count(differing.len() as u64), counted(seeds.count, "seed"));
    let mut text = format!("{BAD}not deterministic{BAD:#}: {name}: {of} gave two digests\n\n");
    text.push_str(&difference.text());
    let again = SeedRange { first: difference.seed.0, count: 1 };
    text.push_str(&format!("\n{}\n", chosen.verify(shell, again)));
    shell.result(&text)?;
    Ok(exit)
}

/// The second process: prints each seed and its digest, or one seed in more detail.
pub(super) fn digests(args: &DigestsArgs, subjects: &[AnySubject], shell: &Shell) -> Outcome {
    let chosen = Chosen::load(&args.scenario, &args.overrides, subjects)?;
    if args.marks || args.block.is_some() {
        let resolved = chosen.resolve(Seed(args.seeds.first))?;
        let outcome = chosen.subject.run(&resolved, args.block.map_or(Keep::Marks, Keep::Block));
        other::tell(&outcome, shell)?;
        return Ok(Exit::Met);
    }
    let seeds = (args.seeds.first, args.seeds.count);
    let digests = hunt::digests(&chosen.file, chosen.subject, seeds, args.jobs.into(), &|| true)?;
    let lines = digests.iter().map(|(seed, digest)| format!("{seed} {digest}\n"));
    shell.result(&lines.collect::<String>())?;
    Ok(Exit::Met)
}

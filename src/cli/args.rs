//! The commands, their flags, and what `--help` teaches.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::shard::Wanted;
use crate::chance::Seed;
use crate::hunt::SeedRange;
use crate::time::Span;
use crate::trace::Detail;

const EXAMPLES: &str = "\
Examples:
  stemmata list scenarios              what there is to run
  stemmata run hello                   run one, and see what held
  stemmata sweep hello --count 1000    run it under a thousand seeds
  stemmata explain causality           what an invariant says, and what a violation shows

The exit code tells the verdict: 0 met, 1 violated, 3 undecided or vacuous; `stemmata explain 3` says more.";

/// Runs a simulated cluster under faults drawn from a seed, and explains which invariants held.
#[derive(Debug, Parser)]
#[command(name = "stemmata", version, after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Global {
    /// Write one JSON document to the standard output in place of text; errors are JSON on the standard error
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Say no more than the verdict
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more
    #[arg(long, short, global = true)]
    pub(super) verbose: bool,
    /// Colours; `auto` honours NO_COLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: Color,
    /// A progress bar on the standard error; `auto` draws it on a terminal, unless CI is set
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) progress: Progress,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Progress {
    #[default]
    Auto,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(RunArgs),
    Sweep(SweepArgs),
    Merge(MergeArgs),
    Replay(ReplayArgs),
    Shrink(ShrinkArgs),
    Verify(VerifyArgs),
    Explore(ExploreArgs),
    Check(CheckArgs),
    Diff(DiffArgs),
    Export(ExportArgs),
    Snap(SnapArgs),
    New(NewArgs),
    Completions(CompletionsArgs),
    List(ListArgs),
    Explain(ExplainArgs),
    /// Prints the JSON Schema of scenario files, so that editors complete and check them
    #[command(after_help = "\
Examples:
  stemmata schema > scenario.schema.json    then name it in a scenario's \"$schema\"
  stemmata schema | head -20")]
    Schema,
    /// The second process of `verify`: prints the digest of each seed
    #[command(name = "__digests", hide = true)]
    Digests(DigestsArgs),
}

/// Which scenario, with which flaws.
#[derive(Clone, Debug, Args)]
pub(super) struct Overlay {
    /// Switch flaws on, such as e09; `none` removes those of the file and expects its invariants to hold
    #[arg(long, value_name = "FLAW", value_delimiter = ',')]
    pub(super) flaw: Vec<String>,
    /// Switch on every flaw that the subject has: the protocols as they were first written down
    #[arg(long, conflicts_with = "flaw")]
    pub(super) as_written: bool,
    /// Let each seed draw which kinds of faults there are, how many, and how bad the links are
    #[arg(long)]
    pub(super) swarm: bool,
}

/// Runs a scenario under one seed, and tells what held, what fell and what the faults touched
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata run hello                            a built-in scenario
  stemmata run mine.json --seed 42              a file of your own, under another seed
  stemmata run errata/e09                       a scenario that expects a violation, and shows it
  stemmata run hello --trace - | head -3        every record, as JSON Lines")]
pub(super) struct RunArgs {
    /// A scenario file, or the name of a built-in scenario
    pub(super) scenario: String,
    /// The seed, decimal or hex [default: the scenario's own, or 0]
    #[arg(long, env = "STEMMATA_SEED", value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
    #[command(flatten)]
    pub(super) overlay: Overlay,
    /// Write the whole trace to FILE as JSON Lines; `-` is the standard output
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
}

/// Runs scenarios under many seeds on all cores, and gathers what fell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata sweep hello --count 1000                     seeds 0..1000
  stemmata sweep mine.json --seeds 5000+200 -j 1        200 seeds from 5000 on, on one thread
  stemmata sweep hello mine.json --time 2m              each for two minutes
  stemmata sweep mine.json --count 100000 --max-failures 1 -o results.jsonl")]
pub(super) struct SweepArgs {
    /// Scenario files, or names of built-in scenarios
    #[arg(required = true, value_name = "SCENARIO")]
    pub(super) scenarios: Vec<String>,
    /// The seeds: A..B (without B) or A+N (N seeds from A on)
    #[arg(long, env = "STEMMATA_SEEDS", value_name = "RANGE")]
    pub(super) seeds: Option<SeedRange>,
    /// So many seeds from 0 on
    #[arg(long, value_name = "N")]
    pub(super) count: Option<u64>,
    /// Begin no further seed of a scenario after so long: 30s, 10m, 1h
    #[arg(long, value_name = "DURATION")]
    pub(super) time: Option<Span>,
    /// How many threads [default: one a core]
    #[arg(long, short, env = "STEMMATA_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    #[command(flatten)]
    pub(super) overlay: Overlay,
    /// Begin no further seed of a scenario after so many failures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) max_failures: Option<u64>,
    /// Sweep the K-th of N parts of the seeds; `auto` takes K from a Slurm job array, `auto/N` from an indexed job of N
    #[arg(long, env = "STEMMATA_SHARD", value_name = "K/N")]
    pub(super) shard: Option<Wanted>,
    /// Add the failing runs to regressions/NAME.seeds, which every sweep runs first
    #[arg(long)]
    pub(super) save: bool,
    /// Also write the results to FILE, as JSON Lines; every other second what is done so far
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Go on where the results in FILE end; begin if there are none
    #[arg(long, requires = "output")]
    pub(super) resume: bool,
    /// Also write the verdicts to FILE as JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
}

/// Puts the results of a sweep's shards together; they must tile its seeds exactly
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata sweep hello --count 1000 --shard 1/2 -o 1.jsonl    one part, on one machine
  stemmata sweep hello --count 1000 --shard 2/2 -o 2.jsonl    the other, on another
  stemmata merge 1.jsonl 2.jsonl -o all.jsonl                 as if one machine had run all

Exit code 75 means: a shard is missing or unfinished.")]
pub(super) struct MergeArgs {
    /// The results of every shard, as `sweep -o` writes them
    #[arg(required = true, value_name = "SHARD")]
    pub(super) shards: Vec<PathBuf>,
    /// Where to write the results of the whole sweep
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// Runs the same run again, shows its trace, and compares the digest
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata replay 'stm1:hello@9b1c2f0e:0x000000000000002a=41d0c3a87e22b916'
  stemmata replay 'stm1:mine@9b1c2f0e:0x000000000000002a=41d0c3a87e22b916' --scenario mine.json
  stemmata replay hello --seed 42 --detail facts
  stemmata replay errata/b02 --why                 what led to it, and which faults it needs")]
pub(super) struct ReplayArgs {
    /// A run id, as other commands print it; or a scenario, with --seed
    #[arg(value_name = "RUN_ID|SCENARIO")]
    pub(super) run: String,
    /// The file of the run id's scenario, where that is not built in
    #[arg(long, value_name = "FILE")]
    pub(super) scenario: Option<String>,
    /// The seed, where a scenario is named
    #[arg(long, env = "STEMMATA_SEED", value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
    #[command(flatten)]
    pub(super) overlay: Overlay,
    /// Tell what led to the violation, and which faults were necessary, in place of the trace
    #[arg(long)]
    pub(super) why: bool,
    /// How much of the trace to show
    #[arg(long, value_enum, default_value_t, value_name = "DETAIL")]
    pub(super) detail: Depth,
    /// Also write the whole trace to FILE as JSON Lines; `-` is the standard output, in place of the text
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
}

/// Makes a failing run smaller: a scenario file that breaks the same invariant, and the story of why
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata shrink 'stm1:hello@9b1c2f0e:0x000000000000002a:flaws=b03=41d0c3a87e22b916' -o small.json
  stemmata shrink errata/b01 --seed 7 -o small.json
  stemmata run small.json                                 breaks as the whole run did

Beside FILE, its name with `.md` and with `.svg` are the story and its space-time diagram.")]
pub(super) struct ShrinkArgs {
    /// A run id, as other commands print it; or a scenario, with --seed
    #[arg(value_name = "RUN_ID|SCENARIO")]
    pub(super) run: String,
    /// The file of the run id's scenario, where that is not built in
    #[arg(long, value_name = "FILE")]
    pub(super) scenario: Option<String>,
    /// The seed, where a scenario is named
    #[arg(long, env = "STEMMATA_SEED", value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
    #[command(flatten)]
    pub(super) overlay: Overlay,
    /// How many threads [default: one a core]
    #[arg(long, short, env = "STEMMATA_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// The file of the smaller scenario
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: PathBuf,
}

/// Runs every seed twice, the second time in another process, and names the first event that differs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata verify hello                     seeds 0..20
  stemmata verify mine.json --seeds 0..100

The second process has another language, time zone and folder. Exit code 4 means: not deterministic.")]
pub(super) struct VerifyArgs {
    /// A scenario file, or the name of a built-in scenario
    pub(super) scenario: String,
    /// The seeds: A..B (without B) or A+N [default: 0..20]
    #[arg(long, env = "STEMMATA_SEEDS", value_name = "RANGE")]
    pub(super) seeds: Option<SeedRange>,
    /// How many threads [default: one a core]
    #[arg(long, short, env = "STEMMATA_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    #[command(flatten)]
    pub(super) overlay: Overlay,
}

/// Tries every interleaving of a small world, and shows a shortest way on which an invariant falls
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata explore mine.json                     all of it, within the budget that its \"explore\" gives
  stemmata explore mine.json --depth 20          all that 20 steps can do
  stemmata explore mine.json --dfs --states 1000000
  stemmata explore mine.json --flaw b02 --trace t.jsonl

Clocks stand still, and every timer may run out at any moment; delays, chances and planned faults do not count.
What comes before a fact need not be searched: \"explore\": { \"after\": \"consensus.elected\" } begins there.")]
pub(super) struct ExploreArgs {
    /// A scenario file, or the name of a built-in scenario
    pub(super) scenario: String,
    /// The seed from which the workload is drawn [default: the scenario's own, or 0]
    #[arg(long, env = "STEMMATA_SEED", value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
    #[command(flatten)]
    pub(super) overlay: Overlay,
    /// Go no further than so many steps
    #[arg(long, value_name = "D", conflicts_with = "dfs")]
    pub(super) depth: Option<u32>,
    /// Stop at so many states
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) states: Option<u64>,
    /// Depth-first, on one thread: needs less memory, and the way that is found is not the shortest
    #[arg(long)]
    pub(super) dfs: bool,
    /// How many threads [default: 1, since states share most of what they are made of, and threads wait for it]
    #[arg(long, short, env = "STEMMATA_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// How much of the trace to show
    #[arg(long, value_enum, default_value_t, value_name = "DETAIL")]
    pub(super) detail: Depth,
    /// Also write the trace of a way on which an invariant falls to FILE as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
}

/// Lets the checkers judge a saved trace, or the history of another system
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata run hello --trace t.jsonl && stemmata check t.jsonl
  stemmata check t.jsonl --invariant causality
  stemmata run hello --trace - | stemmata check -
  stemmata check --history h.jsonl --model cas-register

A history has one JSON object a line: \"process\" (a number), \"type\" (invoke, then ok, fail or info), \"f\" (read, put,
cas, append), \"key\", \"value\" (what is put or appended, [old, new] of a cas, what an ok read tells). It is linearizable
if each operation seems to happen at one instant between its two lines; after `info`, and at the end of the file, it may
have happened or not.")]
pub(super) struct CheckArgs {
    /// A trace, as `run --trace` writes it; `-` is the standard input
    #[arg(required_unless_present = "history", conflicts_with_all = ["history", "model", "observe_failures"])]
    pub(super) trace: Option<PathBuf>,
    /// Judge these alone [default: those that judged the run]
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1.., conflicts_with = "history")]
    pub(super) invariant: Vec<String>,
    /// Judge whether this history is linearizable, in place of a trace; `-` is the standard input
    #[arg(long, value_name = "FILE", help_heading = "Histories of other systems")]
    pub(super) history: Option<PathBuf>,
    /// How its objects behave [default: append or cas-register if it has such operations, else register]
    #[arg(long, value_enum, value_name = "MODEL", requires = "history", help_heading = "Histories of other systems")]
    pub(super) model: Option<Model>,
    /// A cas that failed saw another value, in place of not having happened
    #[arg(long, requires = "history", help_heading = "Histories of other systems")]
    pub(super) observe_failures: bool,
}

/// How the objects of a history behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Model {
    /// A register with read and put
    Register,
    /// A register with read, put and cas
    CasRegister,
    /// A list with read and append
    Append,
}

/// Names the first event in which two saved traces differ, and what led to it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata run hello --trace a.jsonl; stemmata run hello --flaw e10 --trace b.jsonl; stemmata diff a.jsonl b.jsonl
  stemmata run hello --trace - | stemmata diff last-week.jsonl -

Events are aligned by their names (n1#12: the 12th of n1), not by line. Exit code 1 means: an event differs, is missing, or
is judged otherwise. Heads that differ (scenario, seed) are told, and are no difference by themselves.")]
pub(super) struct DiffArgs {
    /// A trace, as `run --trace` writes it; `-` is the standard input
    pub(super) one: PathBuf,
    /// Another
    pub(super) other: PathBuf,
}

/// Writes a saved trace in another form
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata export t.jsonl --to text --detail all | less
  stemmata export t.jsonl --to perfetto -o t.json      then open it in ui.perfetto.dev
  stemmata export t.jsonl --to mermaid --detail facts  a diagram for a page
  stemmata run hello --trace - | stemmata export - --to shiviz -o t.log")]
pub(super) struct ExportArgs {
    /// A trace, as `run --trace` writes it; `-` is the standard input
    pub(super) trace: PathBuf,
    /// The form
    #[arg(long, value_enum, value_name = "FORM")]
    pub(super) to: Form,
    /// How much of the trace to show; jsonl has all of it
    #[arg(long, value_enum, default_value_t, value_name = "DETAIL")]
    pub(super) detail: Depth,
    /// Where to write it [default: the standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people
    Text,
    /// For programs
    Jsonl,
    /// A log of ShiViz: a space-time diagram
    Shiviz,
    /// Chrome's trace events: a time line
    Perfetto,
    /// A sequence diagram; at most 50,000 characters
    Mermaid,
    /// A space-time diagram of what led to the violation
    Svg,
}

/// How much of a trace to show.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Depth {
    /// Facts, faults, lives and deaths, clients
    Facts,
    /// Also messages and what became of them, and timers
    #[default]
    Messages,
    /// Everything: also what goes to disks
    All,
}

impl From<Depth> for Detail {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Facts => Self::Facts,
            Depth::Messages => Self::Messages,
            Depth::All => Self::All,
        }
    }
}

/// Keeps golden traces of scenarios, and shows what has changed; no Rust needed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata snap update mine.json --detail facts    write mine.trace.txt beside it
  stemmata snap update hello                       of a built-in scenario: goldens/hello.trace.txt
  stemmata snap check                              all goldens in this folder, as in CI

A golden is the trace as text, in as much detail and under the seed that its first line names. Left out are the resolved
scenario, which every new setting would change, and the digest, which covers more than is shown.")]
pub(super) struct SnapArgs {
    #[command(subcommand)]
    pub(super) verb: SnapVerb,
}

#[derive(Debug, Subcommand)]
pub(super) enum SnapVerb {
    /// Runs the scenarios again and shows where their traces differ from the goldens; exit code 1 if any does
    #[command(after_help = "\
Examples:
  stemmata snap check                              all goldens in this folder and below
  stemmata snap check mine.json --junit snap.xml   one, with a report for CI")]
    Check(SnapCheckArgs),
    /// Writes the goldens anew, each whole or not at all
    #[command(after_help = "\
Examples:
  stemmata snap update mine.json --seed 7 --detail facts    a new golden
  stemmata snap update                                      all goldens in this folder and below, as they were made")]
    Update(SnapUpdateArgs),
}

/// Which goldens, and of which runs.
#[derive(Clone, Debug, Args)]
pub(super) struct Goldens {
    /// Scenario files or names; in folders those that have a golden [default: this folder]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<String>,
    /// How much of the trace the golden has [default: as it was made, or messages]
    #[arg(long, value_enum, value_name = "DETAIL")]
    pub(super) detail: Option<Depth>,
    /// The seed [default: as it was made, or the scenario's own]
    #[arg(long, value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
}

#[derive(Debug, Args)]
pub(super) struct SnapCheckArgs {
    #[command(flatten)]
    pub(super) goldens: Goldens,
    /// Also write the results to FILE as JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct SnapUpdateArgs {
    #[command(flatten)]
    pub(super) goldens: Goldens,
}

/// Writes a first scenario of your own, with comments, to NAME.json
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata new mine                          a small one, with a comment on every part
  stemmata new mine --template errata/e09    a copy of a built-in scenario")]
pub(super) struct NewArgs {
    /// Its name, which may stand in a folder; a file that is there is left alone
    pub(super) name: String,
    /// The built-in scenario to begin with
    #[arg(long, value_name = "SCENARIO")]
    pub(super) template: Option<String>,
}

/// Prints what a shell needs to complete commands and flags
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata completions bash > ~/.local/share/bash-completion/completions/stemmata
  stemmata completions zsh > ~/.zfunc/_stemmata")]
pub(super) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

/// Lists what there is
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata list scenarios
  stemmata list invariants --json")]
pub(super) struct ListArgs {
    /// What
    #[arg(value_enum)]
    pub(super) what: Listed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Listed {
    Scenarios,
    Invariants,
    Protocols,
    Faults,
    Errata,
}

/// Explains an invariant, flaw, fault, subject, protocol, scenario or exit code in a screen of text
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata explain causality    an invariant
  stemmata explain e09          a flaw
  stemmata explain partition    a fault
  stemmata explain 3            an exit code")]
pub(super) struct ExplainArgs {
    /// Its name, as other commands print it
    pub(super) name: String,
}

/// What the second process of `verify` is told.
#[derive(Debug, Args)]
pub(super) struct DigestsArgs {
    pub(super) scenario: String,
    #[arg(long)]
    pub(super) seeds: SeedRange,
    #[arg(long)]
    pub(super) jobs: u16,
    #[command(flatten)]
    pub(super) overlay: Overlay,
    /// Print the first seed's digests after each block of records in place of one of each seed
    #[arg(long)]
    pub(super) marks: bool,
    /// Print its records around this block too
    #[arg(long)]
    pub(super) block: Option<u64>,
}

//! The commands, their flags, and what `--help` teaches.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::shard::ShardFlag;
use crate::chance::Seed;
use crate::hunt::SeedRange;
use crate::path_text::text_of;
use crate::time::Span;
use crate::trace::Detail;

/// Reads what may be a path as text, whatever its bytes are.
fn path_text() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|path| text_of(&path))
}

const EXAMPLES: &str = "\
Examples:
  stemmata list scenarios              what there is to run
  stemmata run hello                   run one, and see what held
  stemmata sweep hello --count 1000    run it under a thousand seeds
  stemmata explain causality           what an invariant says, and what a violation shows

The exit code gives the verdict: 0 passed, 1 failed, 3 undecided or vacuous; `stemmata explain 3` says more.";

/// Runs a simulated cluster under faults drawn from a seed, and explains which invariants held
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
    /// Write one JSON document to standard output instead of text; on standard error, each line is one JSON object, except what --annotate prints
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print only the verdict
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Print more
    #[arg(long, short, global = true)]
    pub(super) verbose: bool,
    /// Colours; `auto` honours NO_COLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: Color,
    /// Progress on standard error; `auto` is a bar on a terminal, and elsewhere, or if CI is set, a line every ten seconds
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
    /// Prints the JSON Schema of scenario files, for completion and checks in editors
    #[command(after_help = "\
Examples:
  stemmata schema > scenario.schema.json    then name it in a scenario's \"$schema\"
  stemmata schema | head -20")]
    Schema,
    /// The second process of `verify`: prints the digest of each seed
    #[command(name = "__digests", hide = true)]
    Digests(DigestsArgs),
}

/// How files are written.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Writing {
    /// Replace existing files that have another format; inputs are never replaced
    #[arg(long)]
    pub(super) force: bool,
}

/// Which scenario, with which flaws.
#[derive(Clone, Debug, Args)]
pub(super) struct Overrides {
    /// Switch on flaws, such as e09; `none` removes the file's flaws and expects its invariants to hold
    #[arg(long, alias = "erratum", value_name = "FLAW", value_delimiter = ',')]
    pub(super) flaw: Vec<String>,
    /// Switch on every flaw that the subject has
    #[arg(long, conflicts_with = "flaw")]
    pub(super) as_written: bool,
    /// Let each seed draw which kinds of faults act, how many, and how bad the links are
    #[arg(long)]
    pub(super) swarm: bool,
}

/// Runs a scenario under one seed, and reports which invariants held and what the faults touched
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata run hello                            a built-in scenario
  stemmata run mine.json --seed 42              your own file, under another seed
  stemmata run errata/e09                       a scenario that expects a violation, and shows it
  stemmata run hello --trace - | head -3        every record, as JSON Lines")]
pub(super) struct RunArgs {
    /// A scenario file, `-` for standard input, or the name of a built-in scenario
    #[arg(value_parser = path_text())]
    pub(super) scenario: String,
    /// The seed, decimal or hex [default: the scenario's own, or 0]
    #[arg(long, env = "STEMMATA_SEED", value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
    #[command(flatten)]
    pub(super) overrides: Overrides,
    /// Write the whole trace to FILE as JSON Lines; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
    #[command(flatten)]
    pub(super) writing: Writing,
}

/// Runs scenarios under many seeds on all cores, and groups the failures
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata sweep hello --count 1000                     seeds 0..1000
  stemmata sweep mine.json --seeds 5000+200 -j 1        200 seeds, starting at 5000, on one thread
  stemmata sweep hello mine.json --time 2m              two minutes each
  stemmata sweep mine.json --count 100000 --max-failures 1 -o results.jsonl")]
pub(super) struct SweepArgs {
    /// Scenario files, or names of built-in scenarios
    #[arg(required = true, value_name = "SCENARIO", value_parser = path_text())]
    pub(super) scenarios: Vec<String>,
    /// The seeds: A..B (without B) or A+N (N seeds, starting at A)
    #[arg(long, env = "STEMMATA_SEEDS", value_name = "RANGE")]
    pub(super) seeds: Option<SeedRange>,
    /// N seeds, starting at 0
    #[arg(long, value_name = "N")]
    pub(super) count: Option<u64>,
    /// Start no new seed of a scenario after this time: 30s, 10m, 1h
    #[arg(long, value_name = "DURATION")]
    pub(super) time: Option<Span>,
    /// The number of threads [default: one per core]
    #[arg(long, short, env = "STEMMATA_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    #[command(flatten)]
    pub(super) overrides: Overrides,
    /// Start no new seed of a scenario after N failures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) max_failures: Option<u64>,
    /// Sweep the K-th of N parts of the seeds; `auto` takes K and N from a Slurm job array, `auto/N` takes K from an
    /// indexed job
    #[arg(long, env = "STEMMATA_SHARD", value_name = "K/N")]
    pub(super) shard: Option<ShardFlag>,
    /// Add the failing runs to regressions/NAME.seeds; every sweep runs them first
    #[arg(long)]
    pub(super) save: bool,
    /// Also write the results to FILE, as JSON Lines; updated every two seconds
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Continue from the results in FILE; start if there are none
    #[arg(long, requires = "output")]
    pub(super) resume: bool,
    /// Also write the verdicts to FILE as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Also print what was found as annotations for a CI service
    #[arg(long, value_enum, value_name = "SERVICE")]
    pub(super) annotate: Option<Annotate>,
    #[command(flatten)]
    pub(super) writing: Writing,
}

/// A CI service that shows annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Annotate {
    /// GitHub Actions: workflow commands on standard output, with `--json` on standard error
    Github,
}

/// Merges the results of a sweep's shards; together they must cover its seeds exactly once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata sweep hello --count 1000 --shard 1/2 -o 1.jsonl    one half, on one machine
  stemmata sweep hello --count 1000 --shard 2/2 -o 2.jsonl    the other half, on another machine
  stemmata merge 1.jsonl 2.jsonl -o all.jsonl                 the same file as from one machine

Exit code 75 means that a shard is missing or unfinished.")]
pub(super) struct MergeArgs {
    /// The results of each shard, as `sweep -o` writes them
    #[arg(required = true, value_name = "SHARD")]
    pub(super) shards: Vec<PathBuf>,
    /// The file for the results of the whole sweep
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) writing: Writing,
}

/// Repeats a run, shows its trace, and compares its digest
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata replay 'stm2:hello@9b1c2f0e:0x000000000000002a=41d0c3a87e22b916'
  stemmata replay 'stm2:mine@9b1c2f0e:0x000000000000002a=41d0c3a87e22b916' --scenario mine.json
  stemmata replay hello --seed 42 --detail facts
  stemmata replay errata/b02 --why                 what led to the violation, and which faults were necessary")]
pub(super) struct ReplayArgs {
    /// A run id, as other commands print it; or a scenario, with --seed
    #[arg(value_name = "RUN_ID|SCENARIO", value_parser = path_text())]
    pub(super) run: String,
    /// The file of the run id's scenario, if it is not built in
    #[arg(long, value_name = "FILE", value_parser = path_text())]
    pub(super) scenario: Option<String>,
    /// The seed, if a scenario is named
    #[arg(long, env = "STEMMATA_SEED", value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
    #[command(flatten)]
    pub(super) overrides: Overrides,
    /// Show what led to the violation, and which faults were necessary, instead of the trace
    #[arg(long)]
    pub(super) why: bool,
    /// How much of the trace to show
    #[arg(long, value_enum, default_value_t, value_name = "DETAIL")]
    pub(super) detail: Depth,
    /// Also write the whole trace to FILE as JSON Lines; `-` is standard output, instead of the text
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
    #[command(flatten)]
    pub(super) writing: Writing,
}

/// Makes a failing run smaller: writes a scenario file that breaks the same invariant, and a story that explains why
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata shrink 'stm2:hello@9b1c2f0e:0x000000000000002a:flaws=b03=41d0c3a87e22b916' -o small.json
  stemmata shrink errata/b01 --seed 7 -o small.json
  stemmata run small.json                                 breaks the same invariant

The story and its space-time diagram are written next to FILE, with the endings `.md` and `.svg`.")]
pub(super) struct ShrinkArgs {
    /// A run id, as other commands print it; or a scenario, with --seed
    #[arg(value_name = "RUN_ID|SCENARIO", value_parser = path_text())]
    pub(super) run: String,
    /// The file of the run id's scenario, if it is not built in
    #[arg(long, value_name = "FILE", value_parser = path_text())]
    pub(super) scenario: Option<String>,
    /// The seed, if a scenario is named
    #[arg(long, env = "STEMMATA_SEED", value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
    #[command(flatten)]
    pub(super) overrides: Overrides,
    /// The number of threads [default: one per core]
    #[arg(long, short, env = "STEMMATA_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// Stop after this time, with the smallest run so far: 30s, 10m, 1h
    #[arg(long, value_name = "DURATION")]
    pub(super) time: Option<Span>,
    /// The file for the smaller scenario
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) writing: Writing,
}

/// Runs every seed twice, the second time in another process, and names the first event that differs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata verify hello                     seeds 0..20
  stemmata verify mine.json --seeds 0..100

The second process has another locale, time zone and working directory. Exit code 4 means: not deterministic.")]
pub(super) struct VerifyArgs {
    /// A scenario file, or the name of a built-in scenario
    #[arg(value_parser = path_text())]
    pub(super) scenario: String,
    /// The seeds: A..B (without B) or A+N [default: 0..20]
    #[arg(long, env = "STEMMATA_SEEDS", value_name = "RANGE")]
    pub(super) seeds: Option<SeedRange>,
    /// The number of threads [default: one per core]
    #[arg(long, short, env = "STEMMATA_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    #[command(flatten)]
    pub(super) overrides: Overrides,
}

/// Tries every interleaving of a small scenario, and shows a shortest path to a violation
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata explore mine.json                     every path, within the budget that its \"explore\" gives
  stemmata explore mine.json --depth 20          every path of at most 20 steps
  stemmata explore mine.json --dfs --states 1000000
  stemmata explore mine.json --flaw b02 --trace t.jsonl

Clocks are stopped, and every timer may expire at any moment; delays, probabilities and planned faults are ignored.
The search can start after a fact: \"explore\": { \"after\": \"consensus.elected\" }.")]
pub(super) struct ExploreArgs {
    /// A scenario file, or the name of a built-in scenario
    #[arg(value_parser = path_text())]
    pub(super) scenario: String,
    /// The seed from which the workload is drawn [default: the scenario's own, or 0]
    #[arg(long, env = "STEMMATA_SEED", value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
    #[command(flatten)]
    pub(super) overrides: Overrides,
    /// Stop each path after D steps
    #[arg(long, value_name = "D", conflicts_with = "dfs")]
    pub(super) depth: Option<u32>,
    /// Stop after N states
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) states: Option<u64>,
    /// Search depth-first, on one thread: needs less memory, but the path found may not be a shortest one
    #[arg(long)]
    pub(super) dfs: bool,
    /// The number of threads [default: 1; more seldom help, because states share most of their data]
    #[arg(long, short, env = "STEMMATA_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// How much of the trace to show
    #[arg(long, value_enum, default_value_t, value_name = "DETAIL")]
    pub(super) detail: Depth,
    /// Also write the trace of the path to the violation to FILE as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
    #[command(flatten)]
    pub(super) writing: Writing,
}

/// Runs the checkers on a saved trace, or on the history of another system
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata run hello --trace t.jsonl && stemmata check t.jsonl
  stemmata check t.jsonl --invariant causality
  stemmata run hello --trace - | stemmata check -
  stemmata check --history h.jsonl --model cas-register

A history has one JSON object (or EDN map) per line: \"process\" (a number or a text), \"type\" (invoke, then ok, fail or
info), \"f\" (read, put or write, cas, append), \"key\", \"value\" (the value of a put or append, [old, new] of a cas, the value
that an ok read returned). Lines with an \"index\" or a \"time\" are sorted by it; lines of a nemesis are skipped. The history is
linearizable if each operation appears to take effect at one instant between its two lines. An operation that ends with
`info`, or is open at the end of the file, may have taken effect or not.")]
pub(super) struct CheckArgs {
    /// A trace, as `run --trace` writes it; `-` is standard input
    #[arg(required_unless_present = "history", conflicts_with_all = ["history", "model", "observe_failures"])]
    pub(super) trace: Option<PathBuf>,
    /// Check only these invariants [default: those that were checked in the run]
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1.., conflicts_with = "history")]
    pub(super) invariant: Vec<String>,
    /// Check whether this history is linearizable, instead of a trace; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "Histories of other systems")]
    pub(super) history: Option<PathBuf>,
    /// How its objects behave [default: append or cas-register if it has such operations, else register]
    #[arg(long, value_enum, value_name = "MODEL", requires = "history", help_heading = "Histories of other systems")]
    pub(super) model: Option<Model>,
    /// A failed cas saw another value (otherwise it only did not take effect)
    #[arg(long, requires = "history", help_heading = "Histories of other systems")]
    pub(super) observe_failures: bool,
    /// The value of registers before the first operation, as JSON [default: null]
    #[arg(long, value_name = "JSON", requires = "history", help_heading = "Histories of other systems")]
    pub(super) initial: Option<String>,
    /// The steps that a search for an order may take in the whole file [default: 1,500,000]
    #[arg(long, value_name = "STEPS", requires = "history", help_heading = "Histories of other systems")]
    pub(super) budget: Option<usize>,
    /// Also print what was found as annotations for a CI service
    #[arg(long, value_enum, value_name = "SERVICE")]
    pub(super) annotate: Option<Annotate>,
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

Events are aligned by id (n1#12: the 12th event of n1), not by line. Exit code 1 means that an event differs or is missing,
or that a verdict differs. Differences between the headers (scenario, seed) are reported, but do not count.")]
pub(super) struct DiffArgs {
    /// A trace, as `run --trace` writes it; `-` is standard input
    pub(super) one: PathBuf,
    /// Another trace
    pub(super) other: PathBuf,
}

/// Converts a saved trace to another format
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata export t.jsonl --to text --detail all | less
  stemmata export t.jsonl --to perfetto -o t.json      then open it in ui.perfetto.dev
  stemmata export t.jsonl --to mermaid --detail facts  a diagram for a web page
  stemmata run hello --trace - | stemmata export - --to shiviz -o t.log")]
pub(super) struct ExportArgs {
    /// A trace, as `run --trace` writes it; `-` is standard input
    pub(super) trace: PathBuf,
    /// The format
    #[arg(long, value_enum, value_name = "FORM")]
    pub(super) to: Form,
    /// How much of the trace to show; jsonl always has all of it
    #[arg(long, value_enum, default_value_t, value_name = "DETAIL")]
    pub(super) detail: Depth,
    /// The file to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) writing: Writing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people
    Text,
    /// For programs
    Jsonl,
    /// A ShiViz log: a space-time diagram
    Shiviz,
    /// Chrome trace events: a timeline
    Perfetto,
    /// A sequence diagram; at most 50,000 characters
    Mermaid,
    /// A space-time diagram of what led to the violation
    Svg,
}

/// How much of a trace to show.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Depth {
    /// Facts, faults, starts and crashes, clients
    Facts,
    /// Also messages with their outcomes, and timers
    #[default]
    Messages,
    /// Everything: also disk writes
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

/// Writes golden traces of scenarios, and shows what has changed; needs no Rust
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata snap update mine.json --detail facts    writes mine.trace.txt next to it
  stemmata snap update hello                       a built-in scenario: writes goldens/hello.trace.txt
  stemmata snap check                              checks all goldens in this folder, as in CI

A golden is a trace as text; its first line names the detail and the seed. It contains neither the resolved scenario, which
every new setting would change, nor the digest, which covers more than the text.")]
pub(super) struct SnapArgs {
    #[command(subcommand)]
    pub(super) verb: SnapVerb,
}

#[derive(Debug, Subcommand)]
pub(super) enum SnapVerb {
    /// Runs the scenarios again and shows where their traces differ from the goldens; exit code 1 if one differs
    #[command(after_help = "\
Examples:
  stemmata snap check                              all goldens in this folder and below
  stemmata snap check mine.json --junit snap.xml   one golden, with a report for CI")]
    Check(SnapCheckArgs),
    /// Writes the goldens again, each atomically
    #[command(after_help = "\
Examples:
  stemmata snap update mine.json --seed 7 --detail facts    a new golden
  stemmata snap update                                      all goldens in this folder and below, with their detail and seed")]
    Update(SnapUpdateArgs),
}

/// Which goldens, and from which runs.
#[derive(Clone, Debug, Args)]
pub(super) struct Goldens {
    /// Scenario files or names, or folders: all scenarios in them with a golden [default: this folder]
    #[arg(value_name = "PATH", value_parser = path_text())]
    pub(super) paths: Vec<String>,
    /// How much of the trace the golden has [default: the golden's detail, or messages]
    #[arg(long, value_enum, value_name = "DETAIL")]
    pub(super) detail: Option<Depth>,
    /// The seed [default: the golden's, or the scenario's own]
    #[arg(long, value_name = "SEED", allow_negative_numbers = true)]
    pub(super) seed: Option<Seed>,
}

#[derive(Debug, Args)]
pub(super) struct SnapCheckArgs {
    #[command(flatten)]
    pub(super) goldens: Goldens,
    /// Also write the results to FILE as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Also print what was found as annotations for a CI service
    #[arg(long, value_enum, value_name = "SERVICE")]
    pub(super) annotate: Option<Annotate>,
    #[command(flatten)]
    pub(super) writing: Writing,
}

#[derive(Debug, Args)]
pub(super) struct SnapUpdateArgs {
    #[command(flatten)]
    pub(super) goldens: Goldens,
    #[command(flatten)]
    pub(super) writing: Writing,
}

/// Writes a first scenario with comments to NAME.json
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata new mine                          a small scenario, with a comment on every part
  stemmata new mine --template errata/e09    a copy of a built-in scenario")]
pub(super) struct NewArgs {
    /// Its name, which may include a folder; an existing file is not changed
    pub(super) name: String,
    /// The built-in scenario to copy
    #[arg(long, value_name = "SCENARIO")]
    pub(super) template: Option<String>,
}

/// Prints the script with which a shell completes commands, flags and names
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata completions bash > ~/.local/share/bash-completion/completions/stemmata
  stemmata completions zsh > ~/.zfunc/_stemmata

Bash, zsh and fish complete names of built-in scenarios beside files, and names of flaws, of invariants and of what
`explain` explains. PowerShell and Elvish complete commands and flags alone.")]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

/// Lists scenarios, invariants, protocols, faults, or flaws and errata
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata list scenarios
  stemmata list invariants --json")]
pub(super) struct ListArgs {
    /// What to list
    #[arg(value_enum)]
    pub(super) what: Listed,
    /// With `scenarios`: also list those that show a flaw
    #[arg(long)]
    pub(super) errata: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Listed {
    Scenarios,
    Invariants,
    Protocols,
    Faults,
    /// Every flaw, those in the specification's own text among them
    #[value(alias = "flaws")]
    Errata,
}

/// Explains an invariant, flaw, fault, subject, protocol, scenario, word, exit code, or the format of scenario files
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stemmata explain causality    an invariant
  stemmata explain e09          a flaw
  stemmata explain 3            an exit code
  stemmata explain format       the format of scenario files; format.faults explains one part")]
pub(super) struct ExplainArgs {
    /// Its name, as other commands print it
    pub(super) name: String,
}

/// The arguments of the second process of `verify`.
#[derive(Debug, Args)]
pub(super) struct DigestsArgs {
    #[arg(value_parser = path_text())]
    pub(super) scenario: String,
    #[arg(long)]
    pub(super) seeds: SeedRange,
    #[arg(long)]
    pub(super) jobs: u16,
    #[command(flatten)]
    pub(super) overrides: Overrides,
    /// Print the first seed's digests after each block of records, instead of one digest per seed
    #[arg(long)]
    pub(super) marks: bool,
    /// Also print its records around this block
    #[arg(long)]
    pub(super) block: Option<u64>,
}

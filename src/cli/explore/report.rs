//! The report of an exploration, for people and for programs: verdicts, coverage, abstractions.

use serde::{Serialize, Serializer};

use super::verdict::{self, Row, Searched};
use crate::check;
use crate::cli::chosen::Chosen;
use crate::cli::exit::Exit;
use crate::cli::shell::{BAD, DOUBT, FAINT, GOOD, STRONG, Shell};
use crate::cli::table::{Grid, count, counted};
use crate::cli::verdicts::{self, Judged};
use crate::fault::Budget;
use crate::hunt::explore::{End, Limits, Order};
use crate::run::Outcome;
use crate::run::explore::Exploration;
use crate::scenario::Resolved;

/// All that `explore` reports.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ExploreReport {
    scenario: String,
    about: String,
    subject: &'static str,
    seed: String,
    flaws: Vec<String>,
    nodes: u32,
    budget: Budget,
    order: &'static str,
    depth_limit: Option<u32>,
    end: &'static str,
    states: u64,
    generated: u64,
    depth: u32,
    widest: u64,
    /// The invariants that were checked on every path.
    judged: Vec<Row>,
    /// The invariants that the scenario names and that an exploration can't check.
    unjudged: Vec<&'static str>,
    abstracted: Vec<String>,
    /// The verdicts on the path that was found.
    judgements: Vec<Judged>,
    /// The length of the path.
    steps: Option<usize>,
    /// Which expectations are not met.
    shortfalls: Vec<String>,
    /// The command that repeats the exploration.
    again: String,
    #[serde(rename = "exit_code", serialize_with = "code")]
    pub(super) exit: Exit,
    #[serde(skip)]
    violates: Vec<&'static str>,
    #[serde(skip)]
    ended: End,
}

fn code<S: Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(exit.code())
}

/// What an exploration abstracts from.
const ABSTRACTED: [&str; 4] = [
    "time: clocks are stopped at each node's offset, a timer may expire at any moment, a client may act at any moment",
    "chance: a node always gets the first draw of a label; delays and rates are ignored",
    "the scenario's own faults and fates: the budget replaces them; no node is paused, no disk is damaged",
    "stamps: states that differ only in stamps count as one",
];

impl ExploreReport {
    pub(super) fn new(
        chosen: &Chosen,
        resolved: &Resolved,
        searched: &Searched<'_>,
        outcome: Option<&Outcome>,
        shell: &Shell,
    ) -> Self {
        let Searched { explored, limits, exploration, .. } = *searched;
        let violates = resolved.expected.violates.clone();
        let judged = verdict::rows(exploration, explored, outcome);
        let (exit, shortfalls) = verdict::standing(searched, &violates, &judged, resolved, outcome);
        let order = match limits.order {
            Order::Breadth => "breadth-first",
            Order::Depth => "depth-first",
        };
        Self {
            scenario: chosen.file.name().to_owned(),
            about: chosen.file.scenario().about.clone(),
            subject: resolved.profile.name,
            seed: resolved.seed.to_string(),
            flaws: chosen.file.switched().to_vec(),
            nodes: resolved.setup.nodes(),
            budget: resolved.scenario.explore.clone(),
            order,
            depth_limit: limits.depth,
            end: word(explored.end),
            states: explored.states,
            generated: explored.generated,
            depth: explored.depth,
            widest: explored.widest,
            judged,
            unjudged: exploration.unjudged.clone(),
            abstracted: abstracted(exploration),
            judgements: outcome.map(|outcome| verdict::judgements(outcome, &violates)).unwrap_or_default(),
            steps: explored.path.as_ref().map(Vec::len),
            shortfalls,
            again: chosen.explore(shell, resolved.seed, &flags(limits)),
            exit,
            violates,
            ended: explored.end,
        }
    }

    /// The verdict, the events that prove a violation, and how much was searched.
    pub(super) fn finding(&self, shell: &Shell) -> String {
        let numbers = if shell.quiet { String::new() } else { shell.fit(&format!("\n{}", self.head())) };
        format!("{}\n{}{numbers}", shell.fit(&self.verdict()), verdicts::violations(&self.judgements, shell))
    }

    /// With `-v` each invariant, and what the exploration abstracts from; at the end the command that explores it again if
    /// it did not pass.
    pub(super) fn rest(&self, shell: &Shell) -> String {
        let mut text = match (shell.quiet, shell.verbose) {
            (true, _) => String::new(),
            (false, true) => format!("\n{}{}", self.table(shell), shell.fit(&self.left_out())),
            (false, false) => shell.fit(&format!(
                "\n{FAINT}-v also shows each invariant, and what the exploration abstracts from{FAINT:#}\n"
            )),
        };
        if self.exit != Exit::Met {
            text.push_str(&format!("{}\n", self.again));
        }
        text
    }

    fn head(&self) -> String {
        let Self { scenario, about, order, budget, .. } = self;
        let about =
            if about.is_empty() { String::new() } else { format!(": {}", about.replace(char::is_control, " ")) };
        let Budget { loss, duplicates, crashes, timers, frames, after } = budget;
        let after = after.as_ref().map(|fact| format!(", after {fact}")).unwrap_or_default();
        let frames = if *frames { ", frame by frame" } else { "" };
        let timers =
            (*timers).map_or_else(|| "no limit on timers".to_owned(), |most| format!("each timer {}", times(most)));
        let within = self
            .depth_limit
            .map(|depth| format!(", at most {} deep", counted(depth.into(), "step")))
            .unwrap_or_default();
        let (states, generated) = (counted(self.states, "state"), count(self.generated));
        format!(
            "{STRONG}{scenario}{STRONG:#}{about}\n\
             {FAINT}{order}, {}; at most {} lost, {} doubled, {}, {timers}{frames}{within}{after}\n\
             {states}, {generated} generated, {} deep{FAINT:#}\n",
            counted(self.nodes.into(), "node"),
            counted((*loss).into(), "message"),
            count((*duplicates).into()),
            counted_crashes(*crashes),
            counted(self.depth.into(), "step")
        )
    }

    fn table(&self, shell: &Shell) -> String {
        let mut grid = Grid::new(&["invariant", "verdict", ""]);
        for Row { invariant, verdict, exercised } in &self.judged {
            let law = check::is_law(invariant);
            let test = match (*exercised, law) {
                (true, _) => "exercised",
                (false, true) => "",
                (false, false) => "not exercised",
            };
            let fell = *verdict == "violated";
            let style = match (fell, self.violates.contains(invariant)) {
                (true, true) => GOOD,
                (true, false) => BAD,
                (false, _) if *exercised || law => GOOD,
                (false, _) => DOUBT,
            };
            let test = if fell { "" } else { test };
            grid.row(vec![(*invariant).to_owned(), (*verdict).to_owned(), test.to_owned()], verdict, style);
        }
        for invariant in &self.unjudged {
            grid.row(vec![(*invariant).to_owned(), "not checked".to_owned(), String::new()], "not checked", FAINT);
        }
        grid.render(shell.width)
    }

    fn left_out(&self) -> String {
        let lines = self.abstracted.iter().map(|what| format!("  {FAINT}{what}{FAINT:#}\n"));
        format!("\n  {FAINT}abstracted from{FAINT:#}\n{}", lines.collect::<String>())
    }

    /// The verdict, in a line.
    fn verdict(&self) -> String {
        let why = self.shortfalls.join("; ");
        let fell = self.violates.join(", ");
        let covered = match self.ended {
            End::Complete => "complete",
            End::Depth => "complete to this depth",
            End::Found | End::Enough | End::Stopped => "incomplete",
        };
        match self.exit {
            Exit::Met if self.ended == End::Found => {
                let steps = counted(self.steps.unwrap_or_default() as u64, "step");
                format!("{GOOD}passed{GOOD:#}: {fell} was expected to be violated, and is, after {steps}")
            }
            Exit::Met => {
                format!("{GOOD}{covered}{GOOD:#}: no path within the budget violates an invariant that was checked")
            }
            Exit::Broken => format!("{BAD}failed{BAD:#}: {why}"),
            Exit::Unproven => format!("{DOUBT}unproven{DOUBT:#}: {covered}, but {why}"),
            Exit::Usage
            | Exit::NotDeterministic
            | Exit::Nothing
            | Exit::Internal
            | Exit::Io
            | Exit::Stopped
            | Exit::Interrupted => format!("{DOUBT}{covered}{DOUBT:#}: {why}"),
        }
    }
}

fn abstracted(exploration: &Exploration) -> Vec<String> {
    let mut all: Vec<String> = ABSTRACTED.iter().map(|what| (*what).to_owned()).collect();
    if !exploration.queues.is_empty() {
        let lanes = exploration.queues.join(", ");
        all.push(format!(
            "the channel below {lanes}: messages arrive in order, and a loss or a crash ends the session"
        ));
    }
    if !exploration.interchangeable.is_empty() {
        let nodes: Vec<String> = exploration.interchangeable.iter().map(ToString::to_string).collect();
        all.push(format!("the order of {}: states that differ only in it count as one", nodes.join(", ")));
    }
    all
}

fn times(count: u32) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2.. => format!("{count} times"),
    }
}

fn counted_crashes(crashes: u32) -> String {
    if crashes == 1 { "1 crash".to_owned() } else { format!("{crashes} crashes") }
}

const fn word(end: End) -> &'static str {
    match end {
        End::Complete => "complete",
        End::Depth => "depth",
        End::Found => "found",
        End::Enough => "states",
        End::Stopped => "signal",
    }
}

fn flags(limits: &Limits) -> String {
    let Limits { depth, states, order, threads: _ } = limits;
    let mut flags = String::new();
    if let Some(depth) = depth {
        flags.push_str(&format!(" --depth {depth}"));
    }
    if let Some(states) = states {
        flags.push_str(&format!(" --states {states}"));
    }
    if *order == Order::Depth {
        flags.push_str(" --dfs");
    }
    flags
}

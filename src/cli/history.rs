//! `check --history`: whether the history of another system is linearizable.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};

use crate::check::linearizability::history::{
    self, BUDGET, Broken, Findings, History, HistoryError, Linearizability, Objects, Reason, Undecided,
};
use crate::cli::args::{CheckArgs, Model};
use crate::cli::chosen::quoted;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::run::is_stdout;
use crate::cli::shell::{BAD, DOUBT, FAINT, GOOD, STRONG, Shell};
use crate::cli::signals::Signals;
use crate::cli::table::{count, counted};
use crate::report::annotation::{Annotation, Level};

pub(super) fn check(file: &Path, args: &CheckArgs, shell: &Shell) -> Outcome {
    let history = read(file, args).map_err(|error| {
        let file = if is_stdout(file) { "standard input".to_owned() } else { file.display().to_string() };
        Failure::History { file, error }
    })?;
    let signals = Signals::watch();
    let budget = args.budget.unwrap_or(BUDGET);
    let findings = history.judge(args.observe_failures, budget, &|| signals.exit().is_none());
    let exit = match findings.verdict() {
        Linearizability::Holds => Exit::Met,
        Linearizability::Violated => Exit::Broken,
        Linearizability::Undecided | Linearizability::Vacuous => Exit::Unproven,
    };
    let exit = signals.exit().map_or(exit, |signal| exit.or(signal));
    if shell.json {
        shell.document(&as_json(&history, &findings, exit))?;
    } else {
        shell.result(&as_text(file, &history, &findings, shell))?;
    }
    let again = again(file, args, shell);
    shell.annotate(args.annotate, &annotations(file, &findings, &again))?;
    if exit != Exit::Met && !shell.json {
        shell.result(&again)?;
    }
    Ok(exit)
}

/// What is not as it should be, for a CI service.
fn annotations(file: &Path, findings: &Findings, again: &str) -> Vec<Annotation> {
    let found = |level, word: &str, line, message: String| {
        let message = format!("{message}. replay: {}", again.trim_end());
        Annotation::new(level, format!("linearizability {word}"), message).at(file.to_str(), line)
    };
    let broken = findings.broken.iter().map(|Broken { key, line, sentence, .. }| {
        found(Level::Error, "violated", *line, format!("the key `{key}`: {sentence}"))
    });
    let undecided = findings.undecided.iter().map(|Undecided { key, line, why }| {
        found(Level::Warning, "undecided", line.unwrap_or(1), format!("the key `{key}`: {why}"))
    });
    let vacuous = (findings.verdict() == Linearizability::Vacuous).then(|| {
        let message = "no operation is known to have taken effect".to_owned();
        found(Level::Warning, "vacuous", 1, message)
    });
    broken.chain(undecided).chain(vacuous).collect()
}

fn read(file: &Path, args: &CheckArgs) -> Result<History, HistoryError> {
    let input: Box<dyn BufRead> = if is_stdout(file) {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::with_capacity(1 << 16, File::open(file).map_err(HistoryError::Io)?))
    };
    history::read(
        input,
        args.model.map(|model| match model {
            Model::Register => Objects::Registers,
            Model::CasRegister => Objects::CasRegisters,
            Model::Append => Objects::Lists,
        }),
        args.initial.as_deref(),
    )
}

fn as_json(history: &History, findings: &Findings, exit: Exit) -> Value {
    let Findings { operations, done, keys, broken, undecided } = findings;
    let broken = broken.iter().map(|Broken { key, line, sentence, why, order }| match why {
        Reason::Proof => json!({ "key": key, "line": line, "sentence": sentence, "proof": order }),
        Reason::Order { changes } => {
            json!({ "key": key, "line": line, "sentence": sentence, "order": order, "changes": changes })
        }
    });
    let undecided =
        undecided.iter().map(|Undecided { key, line, why }| json!({ "key": key, "line": line, "why": why }));
    let undecided: Vec<_> = undecided.collect();
    json!({
        "invariant": "linearizability",
        "model": history.models(),
        "skipped": history.skipped(),
        "operations": operations,
        "done": done,
        "keys": keys,
        "verdict": word(findings.verdict()),
        "broken": broken.collect::<Vec<_>>(),
        "undecided": undecided,
        "exit_code": exit.code(),
    })
}

const fn word(verdict: Linearizability) -> &'static str {
    match verdict {
        Linearizability::Holds => "holds",
        Linearizability::Violated => "violated",
        Linearizability::Undecided => "undecided",
        Linearizability::Vacuous => "vacuous",
    }
}

/// The number of keys whose violation is explained without `-v`.
const EXPLAINED: usize = 3;

fn as_text(file: &Path, history: &History, findings: &Findings, shell: &Shell) -> String {
    let Findings { operations, done, keys, broken, undecided } = findings;
    let mut text = String::new();
    if !shell.quiet {
        let model = history.models();
        let skipped = match history.skipped() {
            0 => String::new(),
            lines => format!(", {} of a nemesis skipped", counted(lines, "line")),
        };
        let (operations, keys) = (counted(*operations, "operation"), counted(*keys, "key"));
        let file = file.display();
        let head = format!("{STRONG}{file}{STRONG:#} {FAINT}{operations} on {keys}, model {model}{skipped}{FAINT:#}\n");
        text.push_str(&shell.fit(&head));
    }
    let explained = if shell.verbose { broken.len() } else { EXPLAINED };
    broken.iter().take(explained).for_each(|broken| text.push_str(&explain(broken, shell)));
    if broken.len() > explained {
        text.push_str(&format!("\n{FAINT}and {} more; -v explains all{FAINT:#}\n", broken.len() - explained));
    }
    let of = |number: usize| format!("{} of {}", count(number as u64), counted(*keys, "key"));
    let verdict = match findings.verdict() {
        Linearizability::Holds => {
            format!("{GOOD}passed{GOOD:#}: linearizable, {} known to have taken effect", counted(*done, "operation"))
        }
        Linearizability::Violated => format!("{BAD}failed{BAD:#}: {} not linearizable", of(broken.len())),
        Linearizability::Undecided => {
            let shown = undecided.iter().take(EXPLAINED).map(|Undecided { key, line, why }| match line {
                Some(line) => format!("`{key}`: all is well before line {line}, then {why}"),
                None => format!("`{key}`: {why}"),
            });
            let more = undecided.len().saturating_sub(EXPLAINED);
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            let keys = shown.collect::<Vec<_>>().join("; ");
            format!("{DOUBT}unproven{DOUBT:#}: {} undecided: {keys}{more}", of(undecided.len()))
        }
        Linearizability::Vacuous => format!("{DOUBT}unproven{DOUBT:#}: no operation is known to have taken effect"),
    };
    text.push_str(&shell.fit(&format!("\n{verdict}\n")));
    if shell.quiet { text.trim_start().to_owned() } else { text }
}

fn explain(broken: &Broken, shell: &Shell) -> String {
    let Broken { key, line: _, sentence, why, order } = broken;
    let told = format!("\n{BAD}violated{BAD:#} {STRONG}linearizability{STRONG:#} of the key `{key}`: {sentence}\n");
    let mut text = shell.fit(&told);
    if let (Reason::Order { changes }, false) = (why, order.is_empty()) {
        let changes = counted(*changes, "change");
        text.push_str(&format!(
            "  {FAINT}an order that explains all answers before it has {changes}, and ends with:{FAINT:#}\n"
        ));
    }
    order.iter().for_each(|line| text.push_str(&format!("    {line}\n")));
    text
}

/// The command that repeats the check.
fn again(file: &Path, args: &CheckArgs, shell: &Shell) -> String {
    let model = args.model.map(|model| match model {
        Model::Register => " --model register",
        Model::CasRegister => " --model cas-register",
        Model::Append => " --model append",
    });
    let observe = if args.observe_failures { " --observe-failures" } else { "" };
    let initial = args.initial.as_ref().map(|json| format!(" --initial {}", quoted(json))).unwrap_or_default();
    let budget = args.budget.map(|budget| format!(" --budget {budget}")).unwrap_or_default();
    let file = quoted(&file.display().to_string());
    format!(
        "{} check --history {file}{}{observe}{initial}{budget}\n",
        quoted(&shell.program),
        model.unwrap_or_default()
    )
}

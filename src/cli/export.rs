//! `export`: a saved trace in another format.

use std::io::{self, Write};

use super::args::{Depth, ExportArgs, Form};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::file;
use super::files::Files;
use super::run::is_stdout;
use super::shell::Shell;
use super::store;
use crate::report::{CausalGraph, ReportError, mermaid, perfetto, shiviz, svg};
use crate::trace::Detail;
use crate::trace::jsonl::{Reader, Writer};
use crate::trace::text::{self, Renderer};

pub(super) fn export(args: &ExportArgs, shell: &Shell) -> Outcome {
    let ExportArgs { trace, to, detail, output, writing } = args;
    let mut files = Files::new(writing.force);
    files.reads(trace);
    if let Some(output) = output {
        files.writes(output, (*to).into())?;
    }
    let mut reader = file::open(trace)?;
    let mut failed = None;
    let fill = |out: &mut dyn Write| {
        let copied = match to {
            Form::Text => as_text(reader, (*detail).into(), out),
            Form::Jsonl => as_jsonl(reader, out),
            Form::Shiviz => shiviz::write(&mut reader, (*detail).into(), out),
            Form::Perfetto => perfetto::write(&mut reader, (*detail).into(), out),
            Form::Mermaid => mermaid::write(&mut reader, (*detail).into(), out),
            Form::Svg => as_svg(reader, out, shell),
        };
        copied.map_err(|refused| match refused {
            ReportError::Write(error) => error,
            ReportError::Read(error) => {
                failed = Some(file::unreadable(trace, error));
                io::Error::other("the trace can't be read")
            }
            ReportError::TooLong(why) => {
                let help = match detail {
                    Depth::Facts => "shorten the run, or shrink it before: `stemmata shrink`",
                    Depth::Messages | Depth::All => "show less of it with --detail facts, or shorten the run",
                };
                failed = Some(Failure::helped(why, help));
                io::Error::other("the output is too long")
            }
        })
    };
    let written = match output.as_deref().filter(|output| !is_stdout(output)) {
        Some(output) => store::write(output, fill),
        None => to_results(shell, fill),
    };
    match failed {
        Some(failure) => Err(failure),
        None => written.map(|()| Exit::Met),
    }
}

fn to_results(shell: &Shell, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = shell.results();
    fill(&mut out)?;
    Ok(out.flush()?)
}

fn as_text(mut reader: Reader<impl io::BufRead>, detail: Detail, out: &mut dyn Write) -> Result<(), ReportError> {
    out.write_all(text::head(reader.header()).as_bytes())?;
    let mut renderer = Renderer::new(&reader.header().lanes, detail);
    while let Some(record) = reader.next_record()? {
        if let Some(line) = renderer.line(&record) {
            writeln!(out, "{line}")?;
        }
    }
    let footer = reader.footer().expect("a trace that was read to its end has a footer");
    Ok(out.write_all(text::end(footer).as_bytes())?)
}

/// The maximum number of events in a diagram.
const MOST_EVENTS: usize = 200;

/// The causal past of the first violation, or the whole trace if nothing is violated.
fn as_svg(mut reader: Reader<impl io::BufRead>, out: &mut dyn Write, shell: &Shell) -> Result<(), ReportError> {
    let name = reader.header().scenario.clone();
    let graph = CausalGraph::of(&mut reader)?;
    let footer = reader.footer().expect("a trace that was read to its end has a footer");
    let violation = footer.judgements.iter().find_map(|judged| Some((&judged.invariant, judged.verdict.violation()?)));
    let (past, title) = match violation {
        Some((invariant, violation)) => {
            (graph.past_of(violation, MOST_EVENTS), format!("{name} breaks {invariant}: {}", violation.sentence))
        }
        None => {
            if footer.records > MOST_EVENTS as u64 {
                shell.note(&format!("nothing is violated: the diagram shows the last {MOST_EVENTS} events alone"));
            }
            (graph.whole(MOST_EVENTS), name)
        }
    };
    Ok(out.write_all(svg(&past, &title).as_bytes())?)
}

fn as_jsonl(mut reader: Reader<impl io::BufRead>, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut writer = Writer::new(out, reader.header())?;
    while let Some(record) = reader.next_record()? {
        writer.record(&record)?;
    }
    let footer = reader.footer().expect("a trace that was read to its end has a footer");
    writer.finish(footer)?;
    Ok(())
}

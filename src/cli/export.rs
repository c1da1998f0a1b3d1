//! `export`: a saved trace in another form.

use std::io::{self, Write};

use super::args::{ExportArgs, Form};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::file;
use super::run::is_stdout;
use super::shell::Shell;
use super::store;
use crate::report::{Refused, Web, mermaid, perfetto, shiviz, svg};
use crate::trace::Detail;
use crate::trace::jsonl::{Reader, Writer};
use crate::trace::text::{self, Renderer};

pub(super) fn export(args: &ExportArgs, shell: &Shell) -> Outcome {
    let ExportArgs { trace, to, detail, output } = args;
    let mut reader = file::open(trace)?;
    let mut failed = None;
    let fill = |out: &mut dyn Write| {
        let copied = match to {
            Form::Text => as_text(reader, (*detail).into(), out),
            Form::Jsonl => as_jsonl(reader, out),
            Form::Shiviz => shiviz::write(&mut reader, (*detail).into(), out),
            Form::Perfetto => perfetto::write(&mut reader, (*detail).into(), out),
            Form::Mermaid => mermaid::write(&mut reader, (*detail).into(), out),
            Form::Svg => as_svg(reader, out),
        };
        copied.map_err(|refused| match refused {
            Refused::Write(error) => error,
            Refused::Read(error) => {
                failed = Some(file::unreadable(trace, error));
                io::Error::other("the trace can't be read")
            }
            Refused::TooLong(why) => {
                failed = Some(Failure::helped(why, "show less of it with --detail facts, or shorten the run"));
                io::Error::other("it would be too long")
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

fn as_text(mut reader: Reader<impl io::BufRead>, detail: Detail, out: &mut dyn Write) -> Result<(), Refused> {
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

/// So many events a diagram shows.
const DEEDS: usize = 200;

/// The past of the first violation, or, if nothing is violated, the whole.
fn as_svg(mut reader: Reader<impl io::BufRead>, out: &mut dyn Write) -> Result<(), Refused> {
    let name = reader.header().scenario.clone();
    let web = Web::spun(&mut reader)?;
    let footer = reader.footer().expect("a trace that was read to its end has a footer");
    let violation = footer.judgements.iter().find_map(|judged| Some((&judged.invariant, judged.verdict.violation()?)));
    let (cone, title) = match violation {
        Some((invariant, violation)) => {
            (web.past_of(violation, DEEDS), format!("{name} breaks {invariant}: {}", violation.sentence))
        }
        None => (web.whole(DEEDS), name),
    };
    Ok(out.write_all(svg(&cone, &title).as_bytes())?)
}

fn as_jsonl(mut reader: Reader<impl io::BufRead>, out: &mut dyn Write) -> Result<(), Refused> {
    let mut writer = Writer::new(out, reader.header())?;
    while let Some(record) = reader.next_record()? {
        writer.record(&record)?;
    }
    let footer = reader.footer().expect("a trace that was read to its end has a footer");
    writer.finish(footer)?;
    Ok(())
}

//! `export`: a saved trace in another form.

use std::io::{self, Write};

use super::args::{ExportArgs, Form};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::file;
use super::run::is_stdout;
use super::shell::Shell;
use super::store;
use crate::trace::Detail;
use crate::trace::jsonl::{ReadError, Reader, Writer};
use crate::trace::text::{self, Renderer};

pub(super) fn export(args: &ExportArgs, shell: &Shell) -> Outcome {
    let ExportArgs { trace, to, detail, output } = args;
    let reader = file::open(trace)?;
    let mut unreadable = None;
    let fill = |out: &mut dyn Write| {
        let copied = match to {
            Form::Text => as_text(reader, (*detail).into(), out),
            Form::Jsonl => as_jsonl(reader, out),
        };
        copied.map_err(|refused| match refused {
            Refused::Write(error) => error,
            Refused::Read(error) => {
                unreadable = Some(error);
                io::Error::other("the trace can't be read")
            }
        })
    };
    let written = match output.as_deref().filter(|output| !is_stdout(output)) {
        Some(output) => store::write(output, fill),
        None => to_results(shell, fill),
    };
    match unreadable {
        Some(error) => Err(file::unreadable(trace, error)),
        None => written.map(|()| Exit::Met),
    }
}

fn to_results(shell: &Shell, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = shell.results();
    fill(&mut out)?;
    Ok(out.flush()?)
}

/// Which side of a copy failed.
enum Refused {
    Read(ReadError),
    Write(io::Error),
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
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

fn as_jsonl(mut reader: Reader<impl io::BufRead>, out: &mut dyn Write) -> Result<(), Refused> {
    let mut writer = Writer::new(out, reader.header())?;
    while let Some(record) = reader.next_record()? {
        writer.record(&record)?;
    }
    let footer = reader.footer().expect("a trace that was read to its end has a footer");
    writer.finish(footer)?;
    Ok(())
}

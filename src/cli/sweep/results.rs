//! Results of sweeps as JSON Lines: for each scenario a header, a line for each invariant that fell, and a footer.

use std::io::{self, Write};

use serde::Serialize;

use super::account::{Account, Failures, Footer, Header};

/// The version of this form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Opening<'a> {
    stemmata: &'static str,
    version: u32,
    header: &'a Header,
}

#[derive(Serialize)]
struct Line<'a> {
    failures: &'a Failures,
}

#[derive(Serialize)]
struct Closing<'a> {
    end: &'a Footer,
}

pub(super) fn write(account: &Account, out: &mut dyn Write) -> io::Result<()> {
    line(&Opening { stemmata: "results", version: VERSION, header: &account.header }, out)?;
    account.failures.iter().try_for_each(|failures| line(&Line { failures }, out))?;
    line(&Closing { end: &account.footer }, out)
}

fn line(line: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

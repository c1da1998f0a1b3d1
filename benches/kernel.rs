//! The kernel against its references, at the same work: `reference` says what each of them does.
//!
//! ```text
//! cargo bench --bench kernel                       everything: five rounds, contenders in turns
//! cargo bench --bench kernel -- --quick            three short rounds
//! cargo bench --bench kernel -- network/1000       rows whose id contains the text, beside their reference
//! ```
//! A contender is one function, from a load to a boxed `World`, and one row below.
//! The machine may be busy: read the ratios, which are taken within a round, before the nanoseconds.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the wall clock")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]

mod contender;
mod harness;
mod reference;

use std::process::ExitCode;

use harness::{Comparison, Options, Unit, contender as row};
use reference::{Recording, TimerLoad, Traffic, Worlds, bare, floor, timers};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(complaint) => {
            eprintln!("{complaint}");
            return ExitCode::from(2);
        }
    };
    contender::idle::tell();
    network().run(&options);
    recording().run(&options);
    rearming().run(&options);
    small_worlds().run(&options);
    ExitCode::SUCCESS
}

fn network() -> Comparison<Traffic> {
    Comparison {
        name: "network",
        work: "messages always in flight, each to a random peer, uniform delay 1–10 ms",
        unit: Unit::NanosecondsA("event"),
        reference: "floor",
        speed_up: None,
        loads: vec![
            Traffic { nodes: 5, messages_per_node: 1 },
            Traffic { nodes: 1_000, messages_per_node: 1 },
            Traffic { nodes: 100_000, messages_per_node: 1 },
            Traffic { nodes: 100_000, messages_per_node: 10 },
        ],
        contenders: vec![row("bare", bare::network), row("floor", floor::network), row("kernel", contender::network)],
    }
}

fn recording() -> Comparison<Recording> {
    Comparison {
        name: "recording",
        work: "the kernel's messages on 5 nodes, with the digest alone and with every record kept in memory",
        unit: Unit::NanosecondsA("event"),
        reference: "digest",
        speed_up: None,
        loads: vec![Recording],
        contenders: vec![row("digest", contender::digesting), row("trace", contender::keeping)],
    }
}

fn rearming() -> Comparison<TimerLoad> {
    Comparison {
        name: "timers",
        work: "every node cancels and re-arms a 150–300 ms timeout every 10 ms",
        unit: Unit::NanosecondsA("tick"),
        reference: "indexed",
        speed_up: None,
        loads: vec![TimerLoad { nodes: 1_000 }],
        contenders: vec![row("indexed", timers::indexed), row("kernel", contender::rearming)],
    }
}

fn small_worlds() -> Comparison<Worlds> {
    Comparison {
        name: "worlds",
        work: "fresh worlds of 5 nodes and 1,000 events",
        unit: Unit::PerSecond("worlds"),
        reference: "floor",
        speed_up: Some("× 1 thread"),
        loads: vec![Worlds { threads: 1 }, Worlds { threads: 2 }],
        contenders: vec![row("floor", floor::small_worlds), row("kernel", contender::small_worlds)],
    }
}

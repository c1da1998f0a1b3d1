//! What nodes cost that do nothing: 100,000 of a process of 64 bytes.

use std::fs;

use stemmata::chance::Seed;
use stemmata::context::Context;
use stemmata::identity::{Boot, NodeId, OpId};
use stemmata::process::{Process, Script, Stored};
use stemmata::sim::{Cast, Conditions, Simulation};
use stemmata::time::Time;
use stemmata::trace::Recorder;

const NODES: u32 = 100_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Idle([u64; 8]);

impl Process for Idle {
    const LANES: &'static [&'static str] = &["idle"];
    type Config = ();
    type Message = ();
    type Timer = ();
    type Command = ();
    type Reply = ();
    type Entry = ();
    type Completion = ();
    type Fact = ();
    type Client = Script<()>;

    fn start(_: Boot, _: &[Stored<()>], _: &mut Context<'_, Self>) -> Self {
        Self([0; 8])
    }

    fn on_message(&mut self, _: NodeId, (): (), _: &mut Context<'_, Self>) {}

    fn on_timer(&mut self, (): (), _: &mut Context<'_, Self>) {}

    fn on_command(&mut self, _: OpId, (): (), _: &mut Context<'_, Self>) {}
}

/// Prints how much the process grew; nothing where the system does not tell.
pub(crate) fn tell() {
    let Some(before) = resident() else { return };
    let cast = Cast { config: (), nodes: NODES, disk: Box::new(|_| Vec::new()), clients: Vec::new() };
    let mut world = Simulation::<Idle, _>::new(Conditions::plain(Seed(0), Time::MAX), cast, Recorder::digest_only());
    world.start();
    let Some(after) = resident() else { return };
    println!("memory: {NODES} idle nodes of a 64-byte process take {} MB", (after - before) / 1_000_000);
    drop(world);
}

/// The resident memory of this process, in bytes.
fn resident() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

//! smoke
use stemmata::{chance::Seed, run, scenario, trace::Detail};
fn main() {
    let subject = run::subject::<stemmata::broadcast::Broadcaster>();
    let file = scenario::load(&std::env::args().nth(1).unwrap(), &[subject.profile]).unwrap_or_else(|p| {
        println!("{}", p.render(false));
        std::process::exit(2)
    });
    let resolved = file.resolve(Seed(std::env::args().nth(2).map_or(0, |s| s.parse().unwrap()))).unwrap();
    let outcome = subject.run(&resolved, run::Keep::Trace);
    println!("{}", outcome.trace.as_ref().unwrap().text(Detail::Messages));
    println!("{:#?}", outcome.judgements);
    println!("{:#?}", outcome.shortfalls(&resolved));
    println!("{:#?}", outcome.census);
}

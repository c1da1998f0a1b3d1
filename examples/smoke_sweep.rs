//! smoke sweep
use stemmata::{run, scenario, hunt::Sweep};
fn main() {
    let subject = run::subject::<stemmata::broadcast::Broadcaster>();
    let a: Vec<String> = std::env::args().collect();
    let mut file = scenario::load(&a[1], &[subject.profile]).unwrap_or_else(|p| { println!("{}", p.render(false)); std::process::exit(2) });
    if a.len() > 3 { file = file.with_flaws(&a[3..]).unwrap(); }
    let sweep = Sweep { file: &file, subject, first: 0, count: a[2].parse().unwrap(), threads: 2, max_failures: Some(40) };
    let t = std::time::Instant::now();
    let tally = sweep.run(&|| true, &|_| {}).unwrap();
    println!("{} runs {} records in {:?}: {} records/s", tally.runs, tally.records, t.elapsed(), tally.records as f64 / t.elapsed().as_secs_f64());
    for (name, kind) in &tally.failures { println!("{name}: {} e.g. {:?}", kind.count, &kind.kept[..kind.kept.len().min(2)]); }
    println!("{:?}", tally.shortfalls(&[]));
    for (n, s) in &tally.touched { println!("  touched {n}: {}/{}", s.of, s.all) }
    for (n, s) in &tally.exercised { println!("  exercised {n}: {}/{}", s.of, s.all) }
}

//! Every parser against files that nobody meant to write: scenarios, traces and run ids, damaged at random.
//!
//! Some thousands are read in every test run. By hand, as many as ten minutes allow, on all cores:
//!
//! ```text
//! cargo test --test all fuzz -- --ignored --nocapture
//! ```
//!
//! (The debug build also checks for overflow.) A case is a number, and the same in every run; one that fails,
//! hangs or takes all memory leaves its file in `target/tmp`.

mod damage;
mod targets;

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use targets::Corpus;

/// How many cases every test run has.
const CASES: u64 = 4_000;

/// What the cases came to.
#[derive(Debug, Default)]
struct Tally {
    cases: AtomicU64,
    read: AtomicU64,
    ran: AtomicU64,
}

impl Tally {
    fn count(&self, fate: targets::Fate) {
        self.cases.fetch_add(1, Ordering::Relaxed);
        let (read, ran) = match fate {
            targets::Fate::Refused => (0, 0),
            targets::Fate::Read => (1, 0),
            targets::Fate::Ran => (1, 1),
        };
        self.read.fetch_add(read, Ordering::Relaxed);
        self.ran.fetch_add(ran, Ordering::Relaxed);
    }
}

/// One case. Its file stands in `target/tmp` as long as it is read: whatever ends the test early leaves it there.
fn case(number: u64, corpus: &Corpus, tally: &Tally) {
    let (target, file) = corpus.damaged(number);
    let kept = format!("{}/fuzz-{number}.{}", env!("CARGO_TARGET_TMPDIR"), target.ending());
    fs::write(&kept, &file).expect("the folder for temporary files is writable");
    tally.count(target.survives(&file, number));
    fs::remove_file(&kept).expect("it was just written");
}

#[test]
fn thousands_of_damaged_files_are_read_or_refused() {
    let (corpus, tally) = (Corpus::new(), Tally::default());
    (0..CASES).for_each(|number| case(number, &corpus, &tally));
    let (read, ran) = (tally.read.into_inner(), tally.ran.into_inner());
    assert!(read > CASES / 8 && read < CASES * 7 / 8, "{read} of {CASES} were read: neither all nor none should be");
    assert!(ran > CASES / 40, "{ran} of {CASES} ran");
}

#[test]
#[ignore = "takes ten minutes"]
#[expect(clippy::disallowed_types, reason = "how long it goes on is no part of a case")]
#[expect(clippy::print_stdout, reason = "who waits for ten minutes is told what for")]
fn ten_minutes_of_damaged_files_are_read_or_refused() {
    let (corpus, tally) = (Corpus::new(), Tally::default());
    let (begin, next) = (std::time::Instant::now(), AtomicU64::new(CASES));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while begin.elapsed() < Duration::from_mins(10) {
                    case(next.fetch_add(1, Ordering::Relaxed), &corpus, &tally);
                }
            });
        }
    });
    let Tally { cases, read, ran } = tally;
    println!("{} cases, {} read, {} ran", cases.into_inner(), read.into_inner(), ran.into_inner());
}

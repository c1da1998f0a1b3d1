//! Makes the committed reports again: `cargo run --release --example reports`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = Path::new("reports");
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(folder.join("protocols.md"), stemmata::report::protocols::protocols()));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reports: {error}; run it in the folder of the package");
            ExitCode::FAILURE
        }
    }
}

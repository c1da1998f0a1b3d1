//! Makes the committed reports again: `cargo run --release --example reports`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new("reports");
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("protocols.md"), stemmata::report::protocols::protocols())
}

//! The `stemmata` command.

fn main() {}

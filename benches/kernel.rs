//! The kernel against two references: see `reference`.

fn main() {}

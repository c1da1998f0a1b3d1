//! JSON Lines: the form of a trace for programs, and the only one that is read back.

//! Reports: tables of many runs, in virtual time alone, so that anybody makes the same again.

pub mod protocols;

//! Both forms of a trace, over a small process that says all there is to say.

mod chatter;
mod differences;
mod files;
mod recording;
mod story;
mod texts;

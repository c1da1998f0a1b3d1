//! The kernel's own laws, which no protocol and no fault may break, judged in every run.
//!
//! They are safety laws, and need not be exercised: in a run without a message `one-fate` holds, exercised 0 times.

mod no_panic;
mod one_fate;
mod operations;
mod progress_of_time;
mod received_was_sent;
mod the_dead_do_nothing;
mod time_forward;

pub use no_panic::NoPanic;
pub use one_fate::OneFate;
pub use operations::Operations;
pub use progress_of_time::ProgressOfTime;
pub use received_was_sent::ReceivedWasSent;
pub use the_dead_do_nothing::TheDeadDoNothing;
pub use time_forward::TimeForward;

#[cfg(test)]
mod tests;

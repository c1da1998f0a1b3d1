//! Catches panics. The kernel catches and records a panic in a handler; any other panic is an internal error.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;

/// A panic that no lower layer caught.
#[derive(Clone, Debug)]
pub(super) struct Panic {
    pub(super) message: String,
    /// File and line, if it is known.
    pub(super) place: Option<String>,
}

/// The last panic in any thread. A panic that was caught in a handler is shown only in the trace.
static LAST: Mutex<Option<Panic>> = Mutex::new(None);

/// Runs `command`, and returns the panic that ended it, if one did.
pub(super) fn guard<T>(command: impl FnOnce() -> T) -> Result<T, Panic> {
    panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("a panic without a message").to_owned();
        let place = info.location().map(ToString::to_string);
        *LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Panic { message, place });
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(command));
    drop(panic::take_hook());
    result.map_err(|_| {
        let last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        last.unwrap_or_else(|| Panic { message: "a panic of unknown cause".to_owned(), place: None })
    })
}

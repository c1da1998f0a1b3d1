//! Ctrl-C, SIGTERM and a closed terminal: the first signal asks a command to end with the results so far, and the second
//! Ctrl-C ends it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::exit::Exit;

/// Which signals have arrived.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    interrupted: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
}

impl Signals {
    /// Starts watching. If signals can't be watched, they end the program as usual.
    pub(super) fn watch() -> Self {
        let signals = Self::default();
        let interrupted = &signals.interrupted;
        let code = i32::from(Exit::Interrupted.code());
        // Registered first, so that it sees the flag before this signal sets it.
        let watched = flag::register_conditional_shutdown(SIGINT, code, Arc::clone(interrupted))
            .and_then(|_| flag::register(SIGINT, Arc::clone(interrupted)))
            .and_then(|_| flag::register(SIGTERM, Arc::clone(&signals.stopped)))
            .and_then(|_| flag::register(SIGHUP, Arc::clone(&signals.stopped)));
        drop(watched);
        signals
    }

    /// How the command has to end, if a signal has arrived.
    pub(super) fn exit(&self) -> Option<Exit> {
        if self.interrupted.load(Ordering::Relaxed) {
            Some(Exit::Interrupted)
        } else if self.stopped.load(Ordering::Relaxed) {
            Some(Exit::Stopped)
        } else {
            None
        }
    }
}

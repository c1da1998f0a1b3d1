//! How what is not acknowledged is sent again: ever more rarely, up to a cap.

use crate::subject::Objection;
use crate::time::Span;

/// The least time after which anything is sent again.
const LEAST: Span = Span::from_millis(1);

/// What keeps doubling from `resend` to `cap` from working; `places` are where the two are set.
#[must_use]
pub fn objection(resend: Span, cap: Span, places: &'static [&'static str; 2]) -> Option<Objection> {
    let (message, help) = if resend < LEAST {
        let message = format!("what is sent again after {resend} is sent again before any answer can come");
        (message, format!("let `resend` be at least {LEAST}"))
    } else if cap < resend {
        let message = format!("the time between two attempts is doubled from {resend} up to {cap}, which is less");
        (message, format!("let `resend_cap` be at least {resend}, or `resend` at most {cap}"))
    } else {
        return None;
    };
    Some(Objection { places, message, help })
}

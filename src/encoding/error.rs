//! Why bytes do not decode, and where.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// The bytes are not an encoding of the expected type.
///
/// Shown as `byte 17: expected 0 or 1 as a bool`, or with the message of the type's own `Deserialize`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<ErrorDetail>);

/// Boxed, so that results which hold no error stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ErrorDetail {
    /// Unknown only between a type's raising of the error and the reader's taking it.
    offset: Option<usize>,
    complaint: Cow<'static, str>,
}

impl DecodeError {
    #[cold]
    pub(super) fn new(offset: usize, complaint: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(ErrorDetail { offset: Some(offset), complaint: complaint.into() }))
    }

    /// The same error, at `offset` unless it already has a place.
    #[cold]
    pub(super) fn placed(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Where the refused item starts, in bytes from the start of the input.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset.unwrap_or(0)
    }

    /// What was expected there.
    #[must_use]
    pub fn complaint(&self) -> &str {
        &self.0.complaint
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset(), self.0.complaint)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Box::new(ErrorDetail { offset: None, complaint: Cow::Owned(message.to_string()) }))
    }

    #[cold]
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {expected}, found {found}"))
    }
}

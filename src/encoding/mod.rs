//! The canonical little-endian binary encoding: digests hash it, traces are stored in it, corruption flips its bits.
//!
//! One value has one encoding, on every machine, and a decoded value encodes to the same bytes again:
//!
//! | shape | bytes |
//! | --- | --- |
//! | `u8` … `u128`, `i8` … `i128` | its width, little-endian, two's complement; `usize` and `isize` as 64 bits |
//! | `bool` | `0` or `1` |
//! | `char` | its scalar value as a `u32` |
//! | `str` | length in bytes as a `u32`, then UTF-8 |
//! | bytes, sequence, map | number of elements as a `u32`, then the elements (key, value, key, value, …) |
//! | `Option` | `0`, or `1` and the content |
//! | enum | index of the variant as a `u8`, then its fields |
//! | tuple, array, struct | the fields, in order of declaration |
//! | unit, unit struct | nothing |
//! | `f32`, `f64` | refused: no float may reach a trace |
//!
//! The encoding is not self-describing: the reader must know the type, and another type has another encoding.
//!
//! Limits, all of which [`write()`] or [`read`] refuses rather than mistakes, except the first:
//! - "Encodes to the same bytes again" ends where a type's own `Deserialize` is not faithful: a map with unsorted or
//!   doubled keys decodes into a `BTreeMap`, which encodes its keys in order, and once each; likewise a `BTreeSet`.
//! - [`read`] ends at [`DEPTH_LIMIT`] values within one another; [`write()`] does not count.
//! - The elements of a sequence must take at least one byte each on average, so no `Vec<()>`: otherwise four bytes
//!   could announce four billion elements.
//! - Enums with more than 256 variants, and lengths above `u32::MAX`.
//! - Serde's untagged, internally tagged and flattened forms do not read back, as they need a format that describes
//!   itself; `skip_serializing_if` does not write.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use stemmata::encoding;
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! enum Message {
//!     Ping { round: u16 },
//!     Refused(Option<char>),
//! }
//!
//! let mut bytes = Vec::new();
//! encoding::write(&Message::Ping { round: 258 }, &mut bytes);
//! assert_eq!(bytes, [0, 2, 1]);
//! assert_eq!(encoding::read::<Message>(&bytes), Ok(Message::Ping { round: 258 }));
//!
//! encoding::flip_bit(&mut bytes, 0);
//! let error = encoding::read::<Message>(&bytes).expect_err("2 is no tag of an option");
//! assert_eq!(error.to_string(), "byte 1: expected 0 or 1 as the tag of an option");
//! ```

mod error;
mod flip;
mod kebab;
mod labels;
mod name;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use error::DecodeError;
pub use flip::flip_bit;
pub use kebab::kebab;
pub use labels::labels;
pub use name::{variant_index, variant_name, variant_path};
pub use reader::{DEPTH_LIMIT, read, read_prefix};
pub use writer::write;

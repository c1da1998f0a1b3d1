//! Numbers in as few bytes as they need: 7 bits in a byte, the least significant first, and the eighth bit set where more
//! follow (LEB128, DWARF 5, section 7.6).

use serde::de;

/// The most bytes that a number takes.
const MOST: usize = 10;

/// Writes a number into the beginning of `room`; returns how many bytes it took.
#[inline]
pub(super) fn put(mut number: u64, room: &mut [u8]) -> usize {
    let mut end = 0;
    while number > 0x7f {
        room[end] = number as u8 | 0x80;
        number >>= 7;
        end += 1;
    }
    room[end] = number as u8;
    end + 1
}

/// Appends a number.
pub(super) fn pack(number: u64, bytes: &mut Vec<u8>) {
    let mut room = [0; MOST];
    let end = put(number, &mut room);
    bytes.extend_from_slice(&room[..end]);
}

/// Removes a number from the beginning of `packed`.
///
/// # Errors
/// If it is cut short, exceeds 64 bits, or takes more bytes than it needs.
pub(super) fn unpack<E: de::Error>(packed: &mut &[u8]) -> Result<u64, E> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = packed.split_first().ok_or_else(|| E::custom("a packed number is cut short"))?;
        *packed = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits || (*byte == 0 && shift > 0) {
            break;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(E::custom("a packed number is longer than it need be"))
}

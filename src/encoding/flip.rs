//! Corruption of bytes, bit by bit.

/// Flips one bit of `bytes`: number `bit` modulo the number of bits, counted from the lowest bit of the first byte.
///
/// Empty bytes stay as they are. The same flip twice restores them.
///
/// ```
/// let mut bytes = [0, 0];
/// stemmata::encoding::flip_bit(&mut bytes, 16 + 9);
/// assert_eq!(bytes, [0, 0b10]);
/// ```
pub fn flip_bit(bytes: &mut [u8], bit: u64) {
    if bytes.is_empty() {
        return;
    }
    let byte = (bit / 8) % bytes.len() as u64;
    bytes[byte as usize] ^= 1 << (bit % 8);
}

#[cfg(test)]
mod tests {
    use super::flip_bit;

    #[test]
    fn every_bit_is_reached_once() {
        for bit in 0..24 {
            let mut bytes = [0; 3];
            flip_bit(&mut bytes, bit);
            let number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
            assert_eq!(number, 1 << bit);
        }
    }

    #[test]
    fn a_bit_past_the_end_counts_from_the_beginning() {
        let mut bytes = [0b1111_1111; 3];
        flip_bit(&mut bytes, 24 * 1_000 + 8);
        assert_eq!(bytes, [0b1111_1111, 0b1111_1110, 0b1111_1111]);
    }

    #[test]
    fn the_last_bit_of_all_is_within_the_bytes() {
        let mut bytes = [0; 3];
        flip_bit(&mut bytes, u64::MAX);
        assert_eq!(bytes.map(u8::count_ones).iter().sum::<u32>(), 1);
    }

    #[test]
    fn empty_bytes_have_no_bit_to_flip() {
        flip_bit(&mut [], 7);
    }
}

//! Paths as text, and back: a path may have bytes that are no text.

use std::ffi::OsStr;
use std::path::PathBuf;

/// What a byte that is no text becomes: the private character that has the byte as its last eight bits, as with the surrogate
/// escapes of PEP 383. The bytes of such a character in a path are escaped too, so that each text stands for one path.
#[cfg(unix)]
const ESCAPED: u32 = 0x10_ff00;

/// A path as text, from which [`path_of`] makes the same path again.
#[cfg(unix)]
pub(crate) fn text_of(path: &OsStr) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let mut text = String::new();
    for chunk in path.as_bytes().utf8_chunks() {
        let escape = |byte: &u8| char::from_u32(ESCAPED + u32::from(*byte)).unwrap_or(char::REPLACEMENT_CHARACTER);
        for letter in chunk.valid().chars() {
            match escaped(letter) {
                Some(_) => text.extend(letter.encode_utf8(&mut [0; 4]).as_bytes().iter().map(escape)),
                None => text.push(letter),
            }
        }
        text.extend(chunk.invalid().iter().map(escape));
    }
    text
}

/// The path of a text that [`text_of`] made, or that a user wrote.
#[cfg(unix)]
pub(crate) fn path_of(text: &str) -> PathBuf {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match escaped(letter) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// The byte for which a character stands, if it stands for one.
#[cfg(unix)]
pub(crate) fn escaped(letter: char) -> Option<u8> {
    let byte = u32::from(letter).checked_sub(ESCAPED).filter(|byte| *byte >= 0x80)?;
    u8::try_from(byte).ok()
}

#[cfg(not(unix))]
pub(crate) fn text_of(path: &OsStr) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(not(unix))]
pub(crate) fn path_of(text: &str) -> PathBuf {
    PathBuf::from(text)
}

#[cfg(not(unix))]
pub(crate) fn escaped(_: char) -> Option<u8> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn every_path_has_a_text_of_its_own() {
        for bytes in
            [&b"a/b.json"[..], "\u{e9}.json".as_bytes(), b"\xff.json", b"a\xc3", b"\x80\xfe/x", "\u{10ffff}".as_bytes()]
        {
            let path = OsStr::from_bytes(bytes);
            assert_eq!(path_of(&text_of(path)).as_os_str(), path);
        }
        assert_eq!(text_of(OsStr::new("\u{e9}.json")), "\u{e9}.json");
        assert_eq!(text_of(OsStr::from_bytes(b"\xffx")).chars().filter_map(escaped).collect::<Vec<_>>(), [0xff]);
    }
}

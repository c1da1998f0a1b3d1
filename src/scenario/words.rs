//! The words for what serde expects and finds: those of JSON, and not those of Rust.

/// What serde expected, in the words of JSON.
pub(super) fn expected(text: &str) -> String {
    if let Some(limits) = whole_number(text) {
        return format!("a whole number {limits}");
    }
    if let Some(length) = length(text) {
        return format!("a list of {length}");
    }
    let word = match text {
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "a borrowed string" | "string" | "str" | "identifier" => "a string",
        "a character" => "a string of one character",
        "a sequence" | "sequence" => "a list",
        "a map" | "map" | "struct variant" => "an object",
        "string or map" => "a word, or an object with exactly one key",
        "variant identifier" | "field identifier" => "a word",
        "option" | "newtype variant" => "a value",
        "unit variant" => "a word without a value",
        "tuple variant" => "a list",
        _ if text.starts_with("struct ") => "an object",
        _ if text.starts_with("enum ") => "a word, or an object with exactly one key",
        _ if text.starts_with("tuple ") => "a list",
        _ if text.starts_with("unit ") => "null",
        _ => text,
    };
    word.to_owned()
}

/// What serde found, in the words of JSON.
pub(super) fn found(text: &str) -> String {
    let value = |prefix| text.strip_prefix(prefix).map(|value| format!("found {value}"));
    let number = value("integer ").or_else(|| value("floating point "));
    if let Some(value) = number.or_else(|| value("boolean ")) {
        return value;
    }
    if text.parse::<u64>().is_ok() {
        return format!("has {text}");
    }
    let word = match text {
        "map" => "an object",
        "sequence" => "a list",
        "unit value" | "null" => "null",
        "unit variant" => "a word without a value",
        _ => text,
    };
    format!("found {word}")
}

/// The limits of a type of whole numbers.
fn whole_number(text: &str) -> Option<String> {
    let from = |least: i128, most: u128| Some(format!("from {least} to {most}"));
    match text {
        "u8" => from(0, u8::MAX.into()),
        "u16" => from(0, u16::MAX.into()),
        "u32" => from(0, u32::MAX.into()),
        "u64" | "usize" => from(0, u64::MAX.into()),
        "i8" => from(i8::MIN.into(), i8::MAX as u128),
        "i16" => from(i16::MIN.into(), i16::MAX as u128),
        "i32" => from(i32::MIN.into(), i32::MAX as u128),
        "i64" | "isize" => from(i64::MIN.into(), i64::MAX as u128),
        text => {
            let number = text.strip_prefix("a nonzero ")?;
            Some(whole_number(number)?.replacen("from 0", "from 1", 1))
        }
    }
}

/// The number of elements of a tuple or an array. A struct that is written as a list has a number of elements too, but is
/// expected as an object.
fn length(text: &str) -> Option<&str> {
    let prefixes = ["a tuple of size ", "an array of length ", "an array of size ", "tuple of "];
    let length = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
    let length = length.or_else(|| text.strip_prefix("tuple struct ")?.split_once(" with ").map(|(_, length)| length));
    length?.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_in_the_words_of_json() {
        let texts =
            ["u32", "i8", "struct Crash with 1 element", "a borrowed string", "tuple of 2 elements", "enum Fault"];
        insta::assert_snapshot!(texts.map(expected).join("\n"), @"
        a whole number from 0 to 4294967295
        a whole number from -128 to 127
        an object
        a string
        a list of 2
        a word, or an object with exactly one key
        ");
        let texts = ["integer `-1`", "floating point `1.5`", "map", "sequence", "null", "string \"x\"", "3"];
        insta::assert_snapshot!(texts.map(found).join("\n"), @r#"
        found `-1`
        found `1.5`
        found an object
        found a list
        found null
        found string "x"
        has 3
        "#);
    }
}

//! Turns serde's error messages into findings for people.

use serde_json::Value;

use super::diagnostic::{Finding, FindingKind};
use super::path::Path;
use super::{suggest, words};
use crate::subject::Misfit;
use crate::time::Span;

/// The key that is missing, if serde's `message` says so.
pub(super) fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// The finding for an error in a part of the file, which is at `part`.
pub(super) fn misfit(part: &Path, misfit: &Misfit, root: &Value) -> Finding {
    let path = part.join(misfit.path.iter().map(String::as_str), root);
    finding(path, &misfit.message, root)
}

/// The finding for serde's `message` about `path`.
fn finding(path: Path, message: &str, root: &Value) -> Finding {
    let words = quoted(message);
    let name = path.last_key().unwrap_or("this").to_owned();
    let written = path.get(root);
    let plain = Finding::new(path.clone(), message);
    match words.as_slice() {
        [word, known @ ..] if message.starts_with("unknown field") => {
            let mut finding = Finding::new(path.clone(), format!("unknown key `{word}`")).at_key();
            if path.last_key() != Some(*word) {
                finding.path = path.key(word);
            }
            finding.kind(FindingKind::UnknownKey).label("unknown key").help(suggest::cure(word, known.iter().copied()))
        }
        [word, known @ ..] if message.starts_with("unknown variant") => {
            let finding = Finding::new(place_of_word(path, word, written), format!("unknown word `{word}`"));
            let finding = if matches!(written, Some(Value::Object(_))) { finding.at_key() } else { finding };
            let constant = known.contains(&"constant") && word.parse::<Span>().is_ok();
            let help = if constant {
                format!("for a constant value: {{ \"constant\": \"{word}\" }}")
            } else {
                suggest::cure(word, known.iter().copied())
            };
            finding.kind(FindingKind::UnknownWord).label("unknown word").help(help)
        }
        [word] if message.starts_with("missing field") => {
            Finding::new(path, format!("the key `{word}` is missing")).label(format!("needs `{word}`"))
        }
        _ if message.contains("map with a single key") => {
            Finding::new(path, format!("`{name}` must be an object with exactly one key"))
                .help("such as { \"kill\": { \"target\": \"n1\" } }; write one entry for each")
        }
        [..] if message.starts_with("invalid type: unit variant, expected") => {
            let word = written.and_then(Value::as_str).unwrap_or(&name);
            plain_word(plain, &format!("`{word}` needs a value"), &format!("write {{ \"{word}\": … }}"))
        }
        [..] if message.ends_with(", expected unit") => {
            plain_word(plain, "this word takes no value", "write it as a string")
        }
        [..] => quantity(plain, message, written),
    }
}

/// The place of an unknown word, which may be the key of an object with one key.
fn place_of_word(path: Path, word: &str, written: Option<&Value>) -> Path {
    match written {
        Some(Value::Object(fields)) if fields.contains_key(word) => path.key(word),
        Some(_) | None => path,
    }
}

fn plain_word(finding: Finding, message: &str, help: &str) -> Finding {
    Finding { message: message.to_owned(), ..finding }.help(help)
}

/// Errors in durations, shares and rates; other messages only lose serde's prefixes.
fn quantity(finding: Finding, message: &str, written: Option<&Value>) -> Finding {
    let text = written.and_then(Value::as_str).unwrap_or_default();
    if message.contains("a number with its unit") {
        let help = match written {
            Some(Value::Number(_)) => {
                "such as \"5ms\", \"1%\" or \"50/s\", or a range { \"min\": \"1ms\", \"max\": \"5ms\" }"
            }
            Some(_) | None => "write a string such as \"5ms\", \"1%\" or \"50/s\"",
        };
        let finding = Finding { message: "a quantity must be a string: a number with its unit".to_owned(), ..finding };
        return finding.label("no unit").help(help);
    }
    let units = ["a duration", "a share", "a rate"];
    if let Some(quantity) = units.into_iter().find(|quantity| message.starts_with(quantity)) {
        let help = match (quantity, text) {
            (_, "") => "such as \"5ms\", \"1%\" or \"50/s\"".to_owned(),
            _ if message.contains("needs a unit") => {
                let unit = if quantity == "a duration" {
                    "ms"
                } else if quantity == "a share" {
                    "%"
                } else {
                    "/s"
                };
                format!("such as \"{text}{unit}\"")
            }
            _ if message.contains("negative") => format!("such as \"{}\"", text.trim_start_matches('-')),
            ("a share", _) if message.contains("at most") => "a share is a part of a whole: 0% to 100%".to_owned(),
            _ => return Finding { message: message.to_owned(), ..finding },
        };
        return Finding { message: message.to_owned(), ..finding }.help(help);
    }
    let prefixes = ["invalid type: ", "invalid value: ", "invalid length "];
    let message = prefixes.iter().find_map(|prefix| message.strip_prefix(prefix));
    match message.and_then(|message| message.split_once(", expected ")) {
        Some((found, expected)) => {
            let near = suggest::nearest(text, quoted(expected));
            let expected_words = words::expected(expected);
            // A list in place of an object is told by its length.
            let is_length = expected_words == "an object" && found.parse::<u64>().is_ok();
            let found = words::found(if is_length { "sequence" } else { found });
            let finding = Finding { message: format!("expected {expected_words}"), ..finding }.label(found);
            Finding { help: near.map(|near| format!("did you mean `{near}`?")), ..finding }
        }
        None => finding,
    }
}

/// The words between backticks.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

//! Values of histories: JSON and EDN in one canonical text, in which equal values are equal and no number is rounded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::decimal;

/// A value, by its canonical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Datum<'t> {
    /// A scalar or an object.
    Plain(Cow<'t, str>),
    /// A list, by the texts of its items.
    List(Vec<String>),
}

impl<'t> Datum<'t> {
    /// The value of a JSON text, which was read before.
    ///
    /// # Errors
    /// If a number is too large to be written out.
    pub(super) fn of_json(raw: &'t RawValue) -> Result<Self, String> {
        let text = raw.get().trim();
        let broken = |error: serde_json::Error| error.to_string();
        let item = |raw: &RawValue| Ok::<_, String>(Datum::of_json(raw)?.text().into_owned());
        match text.as_bytes().first() {
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(broken)?;
                Ok(Self::List(items.into_iter().map(item).collect::<Result<_, String>>()?))
            }
            Some(b'{') => {
                let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(broken)?;
                let fields = fields.into_iter().map(|(name, value)| Ok(format!("{}:{}", quoted(&name), item(value)?)));
                Ok(Self::Plain(format!("{{{}}}", fields.collect::<Result<Vec<_>, String>>()?.join(",")).into()))
            }
            // What has no escapes is canonical.
            Some(b'"') if text.contains('\\') => {
                Ok(Self::Plain(quoted(&serde_json::from_str::<String>(text).map_err(broken)?).into()))
            }
            Some(b'-' | b'0'..=b'9') => Ok(Self::Plain(decimal::canonical(text)?)),
            _ => Ok(Self::Plain(Cow::Borrowed(text))),
        }
    }

    /// Its canonical text.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(text) => Cow::Borrowed(text),
            Self::List(items) => Cow::Owned(format!("[{}]", items.join(","))),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(text) if text == "null")
    }

    pub(super) fn into_owned(self) -> Datum<'static> {
        match self {
            Self::Plain(text) => Datum::Plain(Cow::Owned(text.into_owned())),
            Self::List(items) => Datum::List(items),
        }
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_text() {
        let text = |json: &str| {
            let raw: Box<RawValue> = serde_json::from_str(json).expect("JSON");
            Datum::of_json(&raw).expect("a value").text().into_owned()
        };
        assert_eq!(text(r#" { "b" : [ 1.0, "\u0041" ], "a" : null } "#), r#"{"a":null,"b":[1,"A"]}"#);
        assert_eq!(text("[ ]"), "[]");
    }
}

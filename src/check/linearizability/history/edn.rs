//! Flat maps in EDN, as Jepsen writes histories: `{:type :invoke, :f :read, :value nil, :process 0, :time 123}`.

use super::datum::{Datum, quoted};
use crate::decimal;

/// The fields of a map, by their names without the colon.
///
/// # Errors
/// If the text is no map of EDN values.
pub(super) fn map(text: &str) -> Result<Vec<(String, Datum<'static>)>, String> {
    let mut reader = Reader { text, at: 0 };
    reader.space();
    if !reader.eats('{') {
        return Err(reader.wrong("a map begins with `{`"));
    }
    let mut fields = Vec::new();
    loop {
        reader.space();
        if reader.eats('}') {
            break;
        }
        let name = reader.value()?.text().trim_matches('"').to_owned();
        reader.space();
        fields.push((name, reader.value()?));
    }
    reader.space();
    if reader.at < text.len() { Err(reader.wrong("one map a line")) } else { Ok(fields) }
}

/// Whether a line looks like a map in EDN.
pub(super) fn resembles(text: &str) -> bool {
    let map = text.as_bytes().trim_ascii_start().strip_prefix(b"{");
    map.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn wrong(&self, what: &str) -> String {
        format!("column {}: {what}", self.text[..self.at].chars().count() + 1)
    }

    /// Commas are white space.
    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',').len();
    }

    fn eats(&mut self, letter: char) -> bool {
        let is = self.rest().starts_with(letter);
        self.at += if is { letter.len_utf8() } else { 0 };
        is
    }

    fn value(&mut self) -> Result<Datum<'static>, String> {
        for (begin, end) in [('[', ']'), ('(', ')')] {
            if self.eats(begin) {
                return self.items(end).map(Datum::List);
            }
        }
        if self.rest().starts_with("#{") {
            self.at += 2;
            let mut items = self.items('}')?;
            items.sort_unstable();
            return Ok(Datum::Plain(format!("#{{{}}}", items.join(",")).into()));
        }
        if self.eats('{') {
            let mut items = self.items('}')?;
            if items.len() % 2 == 1 {
                return Err(self.wrong("a map has a value for each key"));
            }
            let mut pairs: Vec<String> = items.chunks_mut(2).map(|pair| format!("{}:{}", pair[0], pair[1])).collect();
            pairs.sort_unstable();
            return Ok(Datum::Plain(format!("{{{}}}", pairs.join(",")).into()));
        }
        if self.rest().starts_with('"') { self.string() } else { self.word() }
    }

    fn items(&mut self, end: char) -> Result<Vec<String>, String> {
        let mut items = Vec::new();
        loop {
            self.space();
            if self.eats(end) {
                return Ok(items);
            }
            items.push(self.value()?.text().into_owned());
        }
    }

    fn string(&mut self) -> Result<Datum<'static>, String> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, letter)| {
            let ends = *letter == '"' && !escaped;
            escaped = *letter == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else { return Err(self.wrong("the string does not end")) };
        let text: String = serde_json::from_str(&rest[..=end]).map_err(|error| self.wrong(&error.to_string()))?;
        self.at += end + 1;
        Ok(Datum::Plain(quoted(&text).into()))
    }

    /// A keyword, a symbol, a number, `nil`, `true` or `false`.
    fn word(&mut self) -> Result<Datum<'static>, String> {
        let rest = self.rest();
        let end =
            rest.find(|letter: char| letter.is_whitespace() || ",()[]{}\"".contains(letter)).unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        if word.is_empty() {
            return Err(self.wrong("a value is missing"));
        }
        let text = match word.as_str() {
            "nil" => "null".to_owned(),
            "true" | "false" => word.clone(),
            _ if word.trim_start_matches(['-', '+']).starts_with(|first: char| first.is_ascii_digit()) => {
                decimal::canonical(word.trim_end_matches(['N', 'M'])).map_err(|why| self.wrong(&why))?.into_owned()
            }
            _ => quoted(word.trim_start_matches(':')),
        };
        self.at += end;
        Ok(Datum::Plain(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_jepsen_is_read() {
        let line = r#"{:index 3, :time 27N, :type :ok, :process 0, :f :cas, :value [1 2.0], :error "a \"b\"", :x nil}"#;
        let fields = map(line).expect("a map");
        let texts: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", value.text())).collect();
        let all = r#"index=3 time=27 type="ok" process=0 f="cas" value=[1,2] error="a \"b\"" x=null"#;
        assert_eq!(texts.join(" "), all);
        assert!(resembles(line) && !resembles(r#"{"process": 1}"#));
        for (broken, why) in [
            ("{:a", "a value is missing"),
            ("{:a [1", "a value is missing"),
            ("{:a \"x", "does not end"),
            ("{:a 1} 2", "one map a line"),
            ("{:a 1x}", "no number"),
            ("{:a {:b}}", "for each key"),
        ] {
            let said = map(broken).expect_err("broken");
            assert!(said.contains(why), "{broken}: {said}");
        }
    }
}

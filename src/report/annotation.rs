//! Findings as workflow commands of GitHub Actions, which shows them as annotations of a file.

use std::cmp::Reverse;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something proves nothing.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// How grave it is.
    pub level: Level,
    /// The file and the line that it belongs to; none for a built-in scenario or standard input.
    pub place: Option<(String, u64)>,
    /// A few words: `agreement violated`.
    pub title: String,
    /// One sentence, and how to see it again.
    pub message: String,
    /// How often it was found.
    pub times: u64,
}

/// The number of annotations of a level that GitHub shows for a step.
const SHOWN: usize = 10;

impl Annotation {
    /// A finding without a place, found once.
    #[must_use]
    pub fn new(level: Level, title: impl Into<String>, message: impl Into<String>) -> Self {
        Self { level, place: None, title: title.into(), message: message.into(), times: 1 }
    }

    /// The same finding, at this line of this file; `-` is standard input, which is no place.
    #[must_use]
    pub fn at(self, file: Option<&str>, line: u64) -> Self {
        let named = file.filter(|file| *file != "-");
        let place = named.map(|file| (file.strip_prefix("./").unwrap_or(file).to_owned(), line));
        Self { place, ..self }
    }

    /// Its line for GitHub.
    fn command(&self) -> String {
        let place = self.place.as_ref();
        let place = place.map(|(file, line)| format!("file={},line={line},", property(file))).unwrap_or_default();
        format!("::{} {place}title={}::{}\n", word(self.level), property(&self.title), escaped(&self.message))
    }
}

/// The lines for GitHub, errors first, the most frequent first; what GitHub would not show is counted in a notice.
#[must_use]
pub fn workflow_commands(annotations: &[Annotation]) -> String {
    let mut text = String::new();
    let mut omitted = Vec::new();
    for level in [Level::Error, Level::Warning] {
        let mut all: Vec<_> = annotations.iter().filter(|annotation| annotation.level == level).collect();
        all.sort_by_key(|annotation| Reverse(annotation.times)); // stable: then in the order of the report
        all.iter().take(SHOWN).for_each(|annotation| text.push_str(&annotation.command()));
        match all.len().saturating_sub(SHOWN) {
            0 => {}
            1 => omitted.push(format!("1 further {}", word(level))),
            more => omitted.push(format!("{more} further {}s", word(level))),
        }
    }
    if !omitted.is_empty() {
        text.push_str(&format!(
            "::notice title=annotations left out::{}: GitHub shows at most {SHOWN} of each in a step\n",
            omitted.join(" and ")
        ));
    }
    text
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

/// A message, in which a line break would end the command.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property, which `,` and `:` would end as well.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_github_asks() {
        let found = Annotation::new(Level::Error, "a, b: 5 %", "100 %: it\r\nbroke, twice");
        assert_eq!(
            workflow_commands(&[found.clone().at(Some("./my,dir/x:y.json"), 3)]),
            "::error file=my%2Cdir/x%3Ay.json,line=3,title=a%2C b%3A 5 %25::100 %25: it%0D%0Abroke, twice\n"
        );
        let plain = "::error title=a%2C b%3A 5 %25::100 %25: it%0D%0Abroke, twice\n";
        assert_eq!(workflow_commands(&[found.clone().at(None, 1)]), plain);
        assert_eq!(workflow_commands(&[found.at(Some("-"), 1)]), plain);
    }

    #[test]
    fn the_most_frequent_come_first_and_what_is_not_shown_is_counted() {
        let found = |level, times| Annotation { times, ..Annotation::new(level, times.to_string(), "it broke") };
        let mut all: Vec<_> = (1..=11).map(|times| found(Level::Error, times)).collect();
        all.insert(0, found(Level::Warning, 99));
        let text = workflow_commands(&all);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 12);
        assert_eq!((lines[0], lines[9]), ("::error title=11::it broke", "::error title=2::it broke"));
        assert_eq!(lines[10], "::warning title=99::it broke");
        assert_eq!(
            lines[11],
            "::notice title=annotations left out::1 further error: GitHub shows at most 10 of each in a step"
        );
        all.push(found(Level::Error, 1));
        all.extend((0..10).map(|_| found(Level::Warning, 1)));
        let text = workflow_commands(&all);
        assert!(
            text.ends_with("::2 further errors and 1 further warning: GitHub shows at most 10 of each in a step\n"),
            "{text}"
        );
    }

    #[test]
    fn nothing_found_is_nothing_said() {
        assert_eq!(workflow_commands(&[]), "");
    }
}

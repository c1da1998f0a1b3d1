//! The reference of the scenario format for people, made from its JSON Schema: pages for a terminal, and
//! `reports/format.md`.

mod parts;
mod shape;

use parts::{DRAWN, PARTS, Part};
use shape::{COMMON, Schema, WORDS};
pub use shape::{Given, Line, Section};

use crate::scenario::{self, ScenarioFile};
use crate::subject::Profile;

/// One page of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatPage {
    /// `format`, or `format.` and the name of a part.
    pub name: String,
    /// What the part says, in a few words.
    pub about: &'static str,
    /// What applies to all of it.
    pub intro: &'static str,
    /// A whole scenario that uses it, if one of these subjects can run it.
    pub example: Option<&'static str>,
    /// Its types.
    pub sections: Vec<Section>,
}

/// The page of the values that occur everywhere.
const VALUES: &str = "values";
const ABOUT_VALUES: &str = "quantities, ranges, choices, delays and targets";
const INTRO_VALUES: &str = "A quantity is a text with its unit. Any quantity and any number may be a range, \
                            { \"min\": 1, \"max\": 8 }, and any value with several forms a choice, { \"one_of\": [0, 2] }: \
                            each seed then draws its own. A range includes both ends. Seeds and anchors are never drawn.";

/// The pages of the parts of the format, for these subjects, in the order of the index.
#[must_use]
pub fn format_pages(subjects: &[Profile]) -> Vec<FormatPage> {
    let schema = Schema::new(scenario::schema(subjects));
    let can_run = |text: &&str| ScenarioFile::parse("example", "example", text, subjects).is_ok();
    let page = |part: &Part| FormatPage {
        name: format!("format.{}", part.name),
        about: part.about,
        intro: "",
        example: Some(part.example).filter(can_run),
        sections: schema.part(part.keys),
    };
    let values = FormatPage {
        name: format!("format.{VALUES}"),
        about: ABOUT_VALUES,
        intro: INTRO_VALUES,
        example: Some(DRAWN).filter(can_run),
        sections: std::iter::once(quantities(&schema)).chain(COMMON.map(|name| schema.section(name))).collect(),
    };
    PARTS.iter().map(page).chain([values]).collect()
}

/// The quantities and names, as the forms of one section.
fn quantities(schema: &Schema) -> Section {
    let line = |(name, word): (&str, &str)| Line {
        key: word.to_owned(),
        value: String::new(),
        given: Given::Form,
        about: schema.section(name).about,
    };
    let about = "Numbers with a unit, and names.".to_owned();
    Section { title: "Quantities and names".to_owned(), about, lines: WORDS.map(line).to_vec() }
}

/// The index, for a terminal.
#[must_use]
pub fn format_index() -> String {
    let row = |name: &str, about: &str| wrapped(&format!("  {:18}", format!("format.{name}")), about, 80);
    let rows: String = PARTS.iter().map(|part| row(part.name, part.about)).collect();
    format!(
        "format: the format of scenario files.\n\nA scenario is a JSON object in which comments are allowed. Every key has \
         a\ndefault, an unknown key is an error, and a quantity carries its unit. The parts:\n\n{rows}{}\n\
         `stemmata explain format.faults` shows a part with an example, `stemmata new`\nwrites a first scenario, and \
         `stemmata schema` prints the JSON Schema.\n",
        row(VALUES, ABOUT_VALUES)
    )
}

impl FormatPage {
    /// The page, for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}.\n", self.name, self.about);
        if !self.intro.is_empty() {
            text.push_str(&format!("\n{}", wrapped("", self.intro, WIDTH)));
        }
        if let Some(example) = self.example {
            let lines = example.lines().map(|line| format!("  {line}\n"));
            text.push_str(&format!("\nExample:\n\n{}", lines.collect::<String>()));
        }
        self.sections.iter().for_each(|section| text.push_str(&section.text()));
        if !self.name.ends_with(VALUES) {
            let more = format!("Quantities, ranges, {}: `stemmata explain format.{VALUES}`.", COMMON.join(", "));
            text.push_str(&format!("\n{more}\n"));
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!("\n## {}\n\n{}.\n", self.name, capital(self.about));
        if !self.intro.is_empty() {
            text.push_str(&format!("\n{}\n", self.intro));
        }
        if let Some(example) = self.example {
            text.push_str(&format!("\n```json\n{example}\n```\n"));
        }
        self.sections.iter().for_each(|section| text.push_str(&section.markdown()));
        text
    }
}

/// The width of a page.
const WIDTH: usize = 100;

impl Section {
    fn text(&self) -> String {
        let mut text = format!("\n{}", wrapped(&format!("{}: ", self.title), &self.about, WIDTH));
        for Line { key, value, given, about } in &self.lines {
            let value = if value.is_empty() { String::new() } else { format!(": {value}") };
            let given = match given {
                Given::Required => "; required".to_owned(),
                Given::Default(default) => format!("; default {default}"),
                Given::Optional | Given::Form => String::new(),
            };
            text.push_str(&format!("  {key}{value}{given}\n"));
            if !about.is_empty() {
                text.push_str(&wrapped("      ", about, WIDTH));
            }
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!(
            "\n### {}\n\n{}\n\n| | value | default | meaning |\n| --- | --- | --- | --- |\n",
            self.title, self.about
        );
        for Line { key, value, given, about } in &self.lines {
            let given = match given {
                Given::Required => "required".to_owned(),
                Given::Default(default) => format!("`{default}`"),
                Given::Optional | Given::Form => String::new(),
            };
            let cells = [format!("`{key}`"), value.clone(), given, about.clone()];
            text.push_str(&format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
        }
        text
    }
}

/// The text of `reports/format.md`.
#[must_use]
pub fn format_report(subjects: &[Profile]) -> String {
    let pages: String = format_pages(subjects).iter().map(FormatPage::markdown).collect();
    format!(
        "# The format of scenario files\n\nA scenario is a JSON object in which comments are allowed. Every key has a \
         default, an unknown key is an error, and a quantity carries its unit. `stemmata explain format.faults` shows one of \
         these parts in a terminal.\n\nWritten by `cargo run --release --example reports` from the JSON Schema \
         (`stemmata schema`); a test compares it.\n{pages}"
    )
}

/// The text in lines of at most so many letters, where words allow it. The first line begins with `start`; the others are
/// indented below the text if `start` is, and by two otherwise.
fn wrapped(start: &str, text: &str, width: usize) -> String {
    let indent = match start.chars().count() {
        0 => 0,
        letters if start.starts_with(' ') => letters,
        _ => 2,
    };
    let (mut lines, mut line, mut is_fresh) = (String::new(), start.to_owned(), true);
    for word in text.split_whitespace() {
        if !is_fresh && line.chars().count() + 1 + word.chars().count() > width {
            lines.push_str(&format!("{line}\n"));
            (line, is_fresh) = (" ".repeat(indent), true);
        }
        if !is_fresh {
            line.push(' ');
        }
        line.push_str(word);
        is_fresh = false;
    }
    format!("{lines}{}\n", line.trim_end())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

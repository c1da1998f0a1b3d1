//! A space-time diagram as SVG: the actors are columns, time runs downward, messages are arrows.

use std::collections::BTreeMap;

use super::causal_past::{CausalPast, PastEvent};
use crate::identity::Actor;

const ROW: usize = 22;
const COLUMN: usize = 70;
const TOP: usize = 44;
const LEFT: usize = 40;
/// The width of a letter, in tenths.
const LETTER: usize = 72;
/// The maximum width of the texts beside the columns.
const TEXT: usize = 1_400;

const STYLE: &str = "text{font:12px ui-monospace,monospace;fill:#222}.who{font-weight:bold;text-anchor:middle}\
                     .life{stroke:#999}.row{stroke:#eee}.go{stroke:#26a;stroke-width:1.5;marker-end:url(#tip)}\
                     .lost{stroke:#b33;stroke-dasharray:4 3}.fault{stroke:#b60;stroke-dasharray:2 3}\
                     .event{fill:#26a}.cited{fill:#c22}.cited-line{fill:#c22;font-weight:bold}";

/// The diagram of a causal past, with a title.
#[must_use]
pub fn svg(past: &CausalPast, title: &str) -> String {
    let actors = past.actors();
    let columns: BTreeMap<Actor, usize> =
        actors.iter().enumerate().map(|(at, who)| (*who, LEFT + at * COLUMN)).collect();
    let beside = LEFT + actors.len() * COLUMN;
    let lengths = past.events.iter().map(|event| event.line.chars().count()).chain([title.chars().count()]);
    let longest = lengths.max().unwrap_or_default().min(MOST);
    let (width, height) = (beside + longest * LETTER / 10 + 20, TOP + (past.events.len() + 1) * ROW);
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\">\n<title>{0}</title>\n<style>{STYLE}</style>\n<defs><marker id=\"tip\" \
         viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path \
         d=\"M0,0L8,4L0,8z\" fill=\"#26a\"/></marker></defs>\n<rect width=\"{width}\" height=\"{height}\" \
         fill=\"#fff\"/>\n<text x=\"8\" y=\"14\">{1}</text>\n",
        escaped(title),
        label(title)
    );
    let bottom = height - ROW / 2;
    for (who, x) in &columns {
        picture.push_str(&format!(
            "<text class=\"who\" x=\"{x}\" y=\"{}\">{who}</text><line class=\"life\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" \
             y2=\"{bottom}\"/>\n",
            TOP - 12,
            TOP - 6
        ));
    }
    for (row, event) in past.events.iter().enumerate() {
        let place = Row { row, beside, columns: &columns };
        picture.push_str(&place.arrow(past, event));
        picture.push_str(&place.event(event));
    }
    picture.push_str("</svg>\n");
    picture
}

const fn y(row: usize) -> usize {
    TOP + row * ROW + ROW / 2
}

/// Where an event is drawn.
struct Row<'a> {
    row: usize,
    /// Where the text starts.
    beside: usize,
    columns: &'a BTreeMap<Actor, usize>,
}

impl Row<'_> {
    /// The arrow from the event of another actor that led to it.
    fn arrow(&self, past: &CausalPast, event: &PastEvent) -> String {
        let from = event.cause.and_then(|cause| Some((*self.columns.get(&past.events[cause].id.actor)?, cause)));
        let (Some((from, cause)), Some(to)) = (from, self.columns.get(&event.id.actor)) else {
            return String::new();
        };
        let class = if event.is_loss { "lost" } else { "go" };
        let (above, here) = (y(cause), y(self.row));
        format!("<line class=\"{class}\" x1=\"{from}\" y1=\"{above}\" x2=\"{to}\" y2=\"{here}\"/>\n")
    }

    fn event(&self, event: &PastEvent) -> String {
        let (here, beside) = (y(self.row), self.beside);
        let (dot, line) = if event.is_witness { ("cited", " class=\"cited-line\"") } else { ("event", "") };
        let mark = match self.columns.get(&event.id.actor) {
            Some(x) if event.is_loss => {
                let (left, right, up, down) = (x - 4, x + 4, here - 4, here + 4);
                format!("<path class=\"lost\" d=\"M{left},{up}L{right},{down}M{left},{down}L{right},{up}\"/>")
            }
            Some(x) => format!("<circle class=\"{dot}\" cx=\"{x}\" cy=\"{here}\" r=\"3.5\"/>"),
            None => format!("<line class=\"fault\" x1=\"8\" y1=\"{here}\" x2=\"{}\" y2=\"{here}\"/>", beside - 10),
        };
        format!("{mark}<text{line} x=\"{beside}\" y=\"{}\">{}</text>\n", here + 4, label(&event.line))
    }
}

/// The maximum number of letters of a text; the middle of a longer one is left out.
const MOST: usize = TEXT * 10 / LETTER;

/// A text to show; one that is too long is shown whole when the pointer is on it.
fn label(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= MOST {
        return escaped(text);
    }
    let half = (MOST - 1) / 2;
    let (start, end) = (&letters[..MOST - 1 - half], &letters[letters.len() - half..]);
    let short: String = start.iter().chain(&['…']).chain(end).collect();
    format!("<title>{}</title>{}", escaped(text), escaped(&short))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_loses_its_middle_and_keeps_a_tooltip() {
        assert_eq!(label("a<b"), "a&lt;b");
        let long = format!("start {} end", "x".repeat(1_000));
        let shown = label(&long);
        let (tooltip, short) = shown.split_once("</title>").expect("there is a tooltip");
        assert_eq!(tooltip, format!("<title>{long}"));
        assert_eq!(short.chars().count(), MOST);
        assert!(short.starts_with("start x") && short.contains("x…x") && short.ends_with("x end"), "{short}");
    }

    #[test]
    fn a_picture_has_a_bounded_width() {
        let past = CausalPast { events: Vec::new(), left_out: 0 };
        let picture = svg(&past, &"x".repeat(5_000));
        let width = picture.split("width=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("it has a width");
        assert!(width.parse::<usize>().expect("a number") <= LEFT + TEXT + 20, "{width}");
    }
}

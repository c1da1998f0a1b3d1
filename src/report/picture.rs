//! A space-time diagram as SVG: who acts stands side by side, time runs downward, messages are arrows.

use std::collections::BTreeMap;

use super::cone::{Cone, Deed};
use crate::identity::Actor;

const ROW: usize = 22;
const COLUMN: usize = 70;
const TOP: usize = 44;
const LEFT: usize = 40;
/// The width of a letter of the lines, in tenths.
const LETTER: usize = 72;

const STYLE: &str = "text{font:12px ui-monospace,monospace;fill:#222}.who{font-weight:bold;text-anchor:middle}\
                     .life{stroke:#999}.row{stroke:#eee}.go{stroke:#26a;stroke-width:1.5;marker-end:url(#tip)}\
                     .lost{stroke:#b33;stroke-dasharray:4 3}.fault{stroke:#b60;stroke-dasharray:2 3}\
                     .deed{fill:#26a}.cited{fill:#c22}.cited-line{fill:#c22;font-weight:bold}";

/// The diagram of a past: `title` stands above it.
#[must_use]
pub fn svg(cone: &Cone, title: &str) -> String {
    let actors = cone.actors();
    let columns: BTreeMap<Actor, usize> =
        actors.iter().enumerate().map(|(at, who)| (*who, LEFT + at * COLUMN)).collect();
    let beside = LEFT + actors.len() * COLUMN;
    let longest = cone.deeds.iter().map(|deed| deed.line.len()).chain([title.len()]).max().unwrap_or_default();
    let (width, height) = (beside + longest * LETTER / 10 + 20, TOP + (cone.deeds.len() + 1) * ROW);
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\">\n<title>{0}</title>\n<style>{STYLE}</style>\n<defs><marker id=\"tip\" \
         viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path \
         d=\"M0,0L8,4L0,8z\" fill=\"#26a\"/></marker></defs>\n<rect width=\"{width}\" height=\"{height}\" \
         fill=\"#fff\"/>\n<text x=\"8\" y=\"14\">{0}</text>\n",
        escaped(title)
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
    for (row, deed) in cone.deeds.iter().enumerate() {
        let place = Place { row, beside, columns: &columns };
        picture.push_str(&place.arrow(cone, deed));
        picture.push_str(&place.deed(deed));
    }
    picture.push_str("</svg>\n");
    picture
}

const fn y(row: usize) -> usize {
    TOP + row * ROW + ROW / 2
}

/// Where a deed is drawn.
struct Place<'a> {
    row: usize,
    /// Where the lines of text begin.
    beside: usize,
    columns: &'a BTreeMap<Actor, usize>,
}

impl Place<'_> {
    /// From what led to the deed elsewhere.
    fn arrow(&self, cone: &Cone, deed: &Deed) -> String {
        let from = deed.cause.and_then(|cause| Some((*self.columns.get(&cone.deeds[cause].id.actor)?, cause)));
        let (Some((from, cause)), Some(to)) = (from, self.columns.get(&deed.id.actor)) else {
            return String::new();
        };
        let class = if deed.is_loss { "lost" } else { "go" };
        let (above, here) = (y(cause), y(self.row));
        format!("<line class=\"{class}\" x1=\"{from}\" y1=\"{above}\" x2=\"{to}\" y2=\"{here}\"/>\n")
    }

    fn deed(&self, deed: &Deed) -> String {
        let (here, beside) = (y(self.row), self.beside);
        let (dot, line) = if deed.is_witness { ("cited", " class=\"cited-line\"") } else { ("deed", "") };
        let mark = match self.columns.get(&deed.id.actor) {
            Some(x) if deed.is_loss => {
                let (left, right, up, down) = (x - 4, x + 4, here - 4, here + 4);
                format!("<path class=\"lost\" d=\"M{left},{up}L{right},{down}M{left},{down}L{right},{up}\"/>")
            }
            Some(x) => format!("<circle class=\"{dot}\" cx=\"{x}\" cy=\"{here}\" r=\"3.5\"/>"),
            None => format!("<line class=\"fault\" x1=\"8\" y1=\"{here}\" x2=\"{}\" y2=\"{here}\"/>", beside - 10),
        };
        format!("{mark}<text{line} x=\"{beside}\" y=\"{}\">{}</text>\n", here + 4, escaped(&deed.line))
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

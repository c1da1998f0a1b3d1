//! Results as JUnit XML, for continuous integration.

use std::collections::BTreeSet;
use std::time::Duration;

/// One test case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name; a name that occurs again gets a number.
    pub name: String,
    /// How it ended.
    pub end: CaseEnd,
    /// How long it took.
    pub took: Duration,
}

/// How a test case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseEnd {
    /// It shows what it should.
    Passed,
    /// It shows nothing, for this reason.
    Skipped(String),
    /// It failed: why in one line, and in detail.
    Failed(String, String),
}

/// A document with one suite.
#[must_use]
pub fn suite(name: &str, cases: &[Case]) -> String {
    let name = escaped(name);
    let failures = cases.iter().filter(|case| matches!(case.end, CaseEnd::Failed(..))).count();
    let skipped = cases.iter().filter(|case| matches!(case.end, CaseEnd::Skipped(_))).count();
    let took = seconds(cases.iter().map(|case| case.took).sum());
    let all = cases.len();
    let counts = format!("tests=\"{all}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" time=\"{took}\"");
    let mut names = BTreeSet::new();
    let cases: String = cases.iter().map(|case| case_of(&name, case, &mut names)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"{name}\" {counts}>\n{cases}  \
         </testsuite>\n</testsuites>\n"
    )
}

fn case_of(suite: &str, case: &Case, names: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{} ({number})", case.name));
    let name = std::iter::once(case.name.clone()).chain(numbered).find(|name| names.insert(name.clone()));
    let name = escaped(&name.expect("some number is free"));
    let start = format!("    <testcase classname=\"{suite}\" name=\"{name}\" time=\"{}\"", seconds(case.took));
    let inner = match &case.end {
        CaseEnd::Passed => return format!("{start}/>\n"),
        CaseEnd::Skipped(why) => format!("<skipped message=\"{}\"/>", escaped(why)),
        CaseEnd::Failed(why, text) => {
            format!("<failure message=\"{}\">{}</failure>", escaped(why), escaped(text))
        }
    };
    format!("{start}>\n      {inner}\n    </testcase>\n")
}

fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

/// Escapes the special characters of XML, and replaces those that it forbids.
fn escaped(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '"' => plain.push_str("&quot;"),
            '\n' | '\t' => plain.push(letter),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => plain.push('?'),
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_counts_its_failures_names_each_case_once_and_escapes_texts() {
        let case = |name: &str, end| Case { name: name.to_owned(), end, took: Duration::from_millis(20) };
        let cases = [
            case("a", CaseEnd::Passed),
            case("a", CaseEnd::Skipped("it \"rests\"".to_owned())),
            case("b<\"&\u{0}", CaseEnd::Failed("why".to_owned(), "n1 -> n2\n]]>".to_owned())),
        ];
        let counts = "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"0.060\"";
        assert_eq!(
            suite("snap", &cases),
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"snap\" {counts}>\n    \
                 <testcase classname=\"snap\" name=\"a\" time=\"0.020\"/>\n    <testcase classname=\"snap\" name=\"a (2)\" \
                 time=\"0.020\">\n      <skipped message=\"it &quot;rests&quot;\"/>\n    </testcase>\n    <testcase \
                 classname=\"snap\" name=\"b&lt;&quot;&amp;?\" time=\"0.020\">\n      <failure message=\"why\">n1 -&gt; n2\n]]&gt;\
                 </failure>\n    </testcase>\n  </testsuite>\n</testsuites>\n"
            )
        );
    }
}

//! Results as JUnit XML, for continuous integration.

/// One test case: its name, and why it failed, in one line and in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Why it failed, if it did.
    pub failure: Option<(String, String)>,
}

/// A document with one suite.
#[must_use]
pub fn suite(name: &str, cases: &[Case]) -> String {
    let name = escaped(name);
    let failures = cases.iter().filter(|case| case.failure.is_some()).count();
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", cases.len());
    let cases: String = cases.iter().map(|case| case_of(&name, case)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"{name}\" {counts}>\n{cases}  \
         </testsuite>\n</testsuites>\n"
    )
}

fn case_of(suite: &str, case: &Case) -> String {
    let name = escaped(&case.name);
    match &case.failure {
        None => format!("    <testcase classname=\"{suite}\" name=\"{name}\"/>\n"),
        Some((why, text)) => format!(
            "    <testcase classname=\"{suite}\" name=\"{name}\">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
            escaped(why),
            escaped(text)
        ),
    }
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
    fn a_suite_counts_its_failures_and_escapes_texts() {
        let cases = [
            Case { name: "a".to_owned(), failure: None },
            Case { name: "b<\"&\u{0}".to_owned(), failure: Some(("why".to_owned(), "n1 -> n2\n]]>".to_owned())) },
        ];
        assert_eq!(
            suite("snap", &cases),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"2\" failures=\"1\" errors=\"0\">\n  <testsuite \
             name=\"snap\" tests=\"2\" failures=\"1\" errors=\"0\">\n    <testcase classname=\"snap\" name=\"a\"/>\n    <testcase \
             classname=\"snap\" name=\"b&lt;&quot;&amp;?\">\n      <failure message=\"why\">n1 -&gt; n2\n]]&gt;</failure>\n    \
             </testcase>\n  </testsuite>\n</testsuites>\n"
        );
    }
}

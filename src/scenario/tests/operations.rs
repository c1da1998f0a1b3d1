//! Scripted operations: read, pared, and refused with their place.

use super::fake::{good, wrong};

const TWO: &str = r#""operations": [
    { "op": "c1#1", "at": "5ms", "to": "n1", "command": { "write": { "key": "a" } } },
    { "op": "c2#4", "at": "7ms", "to": ["n2", "n3"], "command": { "write": { "key": "b", "value": 7 } }, "retries": 0 }
  ]"#;

#[test]
fn operations_are_read_with_their_defaults() {
    let file = good(TWO);
    let operations = &file.scenario().operations;
    assert_eq!(operations[0].command, serde_json::json!({ "write": { "key": "a", "value": 0 } }));
    assert_eq!((operations[0].timeout.to_string(), operations[0].retries), ("500ms".to_owned(), 10));
    assert_eq!((operations[1].to.0.len(), operations[1].retries), (2, 0));
}

#[test]
fn a_command_is_the_subjects_own_whatever_it_looks_like() {
    let key = |min: &str| {
        format!(
            r#""operations": [
            {{ "op": "c1#1", "at": "5ms", "to": "n1", "command": {{ "write": {{ "min": "{min}", "max": "2ms" }} }} }}]"#
        )
    };
    assert!(wrong(&key("1ms")).contains("unknown key `m"), "{}", wrong(&key("1ms")));
    assert!(!wrong(&key("5ms")).contains("range"), "it is no range, nor one that ends before it begins");
}

#[test]
fn what_is_asked_moves_the_digest_and_its_defaults_do_not() {
    let digest = |text: &str| good(text).digest();
    assert_eq!(digest(TWO), digest(&TWO.replace(r#""a" }"#, r#""a", "value": 0 }"#)));
    assert_eq!(digest(TWO), digest(&TWO.replace(r#""at": "5ms""#, r#""at": "5ms", "timeout": "0.5s""#)));
    assert_ne!(digest(TWO), digest(&TWO.replace(r#""a" }"#, r#""c" }"#)));
    assert_ne!(digest(TWO), digest(&TWO.replace("5ms", "6ms")));
}

#[test]
fn operations_that_can_not_be_asked_say_why() {
    let one = |fields: &str| {
        wrong(&format!(
            "\"run\": {{ \"for\": \"2s\", \"quiesce_at\": \"1s\" }}, \"operations\": [\n    {{ {fields}, \"command\": {{ \"write\": {{ \"key\": \"a\" }} }} }}\n  ]"
        ))
    };
    let pair = |first: &str, second: &str| {
        let entry =
            |fields| format!("    {{ {fields}, \"to\": \"n1\", \"command\": {{ \"write\": {{ \"key\": \"a\" }} }} }}");
        wrong(&format!("\"operations\": [\n{},\n{}\n  ]", entry(first), entry(second)))
    };
    insta::assert_snapshot!(
        [
            one(r#""op": "c1#1", "at": "1s", "to": "n1""#),
            one(r#""op": "c1#1", "at": "1ms", "to": "n7""#),
            one(r#""op": "c1#1", "at": "1ms", "to": []"#),
            one(r#""op": "c1", "at": "1ms", "to": "n1""#),
            one(r#""op": "c4000000#1", "at": "1ms", "to": "n1""#),
            one(r#""op": "c1#1", "at": "1ms", "to": "n1", "timeout": "0s""#),
            pair(r#""op": "c1#2", "at": "1ms""#, r#""op": "c1#2", "at": "2ms""#),
            pair(r#""op": "c1#1", "at": "2ms""#, r#""op": "c1#2", "at": "1ms""#),
            wrong(&format!("{TWO},\n  \"workload\": [{{ \"writes\": {{}} }}]")),
            wrong(&TWO.replace("write", "wriet")),
        ]
        .join("\n")
    );
}

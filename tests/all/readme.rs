//! The README: what it shows is what the program says, and every command in it is one.

use std::process::{Command, Output};

const README: &str = include_str!("../../README.md");

/// The blocks of this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let starts = README.match_indices(&fence).map(|(at, _)| &README[at + fence.len()..]);
    starts.map(|rest| rest.split("```").next().expect("a fence ends")).collect()
}

/// The program, with these words of a shell.
fn program(words: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &words.replacen("stemmata", &format!("'{}'", env!("CARGO_BIN_EXE_stemmata")), 1)]);
    for name in
        ["STEMMATA_SEED", "STEMMATA_SEEDS", "STEMMATA_JOBS", "STEMMATA_SHARD", "CLICOLOR_FORCE", "CI", "COLUMNS"]
    {
        command.env_remove(name);
    }
    command.output().expect("a shell")
}

/// Whether these lines are among the others, in their order; `…` stands for lines that are left out.
fn is_excerpt(lines: &[&str], of: &[String]) -> bool {
    let mut rest = of.iter();
    let mut skips = false;
    for line in lines {
        skips |= *line == "…";
        if *line == "…" {
            continue;
        }
        let found = if skips { rest.any(|said| said == line) } else { rest.next().is_some_and(|said| said == line) };
        if !found {
            return false;
        }
        skips = false;
    }
    skips || rest.next().is_none()
}

#[test]
fn what_the_readme_shows_is_what_the_program_says() {
    let shown = blocks("console");
    assert!(shown.len() >= 2, "the README shows runs");
    for block in shown {
        let mut lines = block.trim_end().lines();
        let typed = lines.next().and_then(|line| line.strip_prefix("$ ")).expect("a command");
        let said = String::from_utf8(program(typed).stdout).expect("text");
        let said: Vec<String> = said
            .lines()
            .map(|line| line.replace(env!("CARGO_BIN_EXE_stemmata"), "stemmata").trim_end().to_owned())
            .collect();
        let lines: Vec<&str> = lines.collect();
        assert!(is_excerpt(&lines, &said), "`{typed}` says\n{}\nand not\n{}", said.join("\n"), lines.join("\n"));
    }
}

#[test]
fn an_excerpt_has_its_lines_in_order_and_says_where_some_are_left_out() {
    let said = ["a", "b", "c"].map(str::to_owned);
    assert!(
        is_excerpt(&["a", "b", "…"], &said) && is_excerpt(&["a", "…", "c"], &said) && is_excerpt(&["…", "c"], &said)
    );
    assert!(
        !is_excerpt(&["a", "b"], &said)
            && !is_excerpt(&["a", "c"], &said)
            && !is_excerpt(&["…", "c", "b"], &said)
            && !is_excerpt(&["b"], &said)
    );
}

/// `--help` behind a command reads its flags, and runs nothing.
#[test]
fn the_flags_of_every_command_in_the_readme_are_known() {
    let lines = blocks("yaml").into_iter().chain(blocks("")).flat_map(str::lines);
    let commands =
        lines.map(|line| line.trim().trim_start_matches("- run: ")).filter(|line| line.starts_with("stemmata "));
    let commands: Vec<String> = commands.map(|line| line.replace("${{ matrix.shard }}", "1")).collect();
    assert!(commands.len() >= 4, "{commands:?}");
    for typed in commands {
        let ran = program(&format!("{typed} --help"));
        assert_eq!(ran.status.code(), Some(0), "{typed}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn versions_are_those_of_the_package() {
    let package = include_str!("../../Cargo.toml");
    let value = |key: &str| {
        let line = package.lines().find(|line| line.starts_with(&format!("{key} = "))).expect("a line");
        line.split_once(" = ").expect("a value").1.to_owned()
    };
    let rust = value("rust-version");
    assert!(README.contains(&format!("Rust {} or newer", rust.trim_matches('"'))), "the README names Rust {rust}");
    let prelude = include_str!("../../src/prelude.rs");
    let wanted = [
        format!("schemars = {}", value("schemars")),
        value("serde").replace(", \"rc\"", "").replacen('{', "serde = {", 1),
    ];
    for line in wanted {
        assert!(README.contains(&format!("\n{line}\n")), "the README lacks {line}");
        assert!(prelude.contains(&format!("//! {line}\n")), "the prelude lacks {line}");
    }
}

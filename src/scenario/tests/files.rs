//! Finding and reading files.

use std::fs;
use std::path::PathBuf;

use super::fake::FAKE;
use crate::scenario::{LoadStage, load};

/// A folder of this test's own, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("stemmata-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for temporary files");
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("it can be written");
        path.to_str().expect("a plain name").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn refused(name: &str) -> (LoadStage, String) {
    let problem = load(name, &[FAKE]).expect_err("can't be loaded");
    (problem.stage, problem.diagnostics[0].message.clone())
}

#[test]
fn what_cannot_be_read_says_why() {
    let folder = Folder::new("unread");
    let missing = folder.0.join("missing.json").to_str().expect("a plain name").to_owned();
    assert_eq!(refused(&missing), (LoadStage::Finding, format!("there is no file `{missing}`")));
    let directory = folder.0.to_str().expect("a plain name").to_owned();
    assert_eq!(refused(&directory), (LoadStage::Reading, format!("`{directory}` is a directory")));
    let latin = folder.file("latin.json", b"{ \"about\": \"caf\xe9\" }");
    assert_eq!(refused(&latin), (LoadStage::Reading, format!("`{latin}` is not text: byte 15 is not UTF-8")));
    let large = folder.file("large.json", &vec![b' '; (4 << 20) + 1]);
    assert_eq!(refused(&large), (LoadStage::Reading, format!("`{large}` is too large: at most 4 MB")));
    let (stage, message) = refused("no-such-scenario");
    let expected = "there is no scenario `no-such-scenario`, neither a file nor a built-in one";
    assert_eq!((stage, message.as_str()), (LoadStage::Finding, expected));
}

#[test]
fn a_file_is_named_by_itself_or_by_its_stem() {
    let folder = Folder::new("named");
    let load = |file: &str| load(file, &[FAKE]).expect("nothing is wrong");
    assert_eq!(load(&folder.file("my file.json", b"{ \"subject\": \"fake\" }")).name(), "my-file");
    let named = folder.file("x.json", b"{ \"subject\": \"fake\", \"name\": \"split-brain\" }");
    assert_eq!(load(&named).name(), "split-brain");
    assert_eq!(load(&named).resolve(crate::chance::Seed(1)).expect("fine").scenario.name, "split-brain");
}

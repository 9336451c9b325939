//! Which way the arrows between the rooms run.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms that it may know.
pub(crate) const ARROWS: &[(&str, &[&str])] = &[
    ("oncehub", &[]),
    ("sandbox", &[]),
    ("install", &[]),
    ("tools", &["oncehub"]),
    ("server", &["tools"]),
    ("transport", &[]),
    ("config", &["oncehub", "tools"]),
    ("telemetry", &["oncehub"]),
    ("app", &["config", "oncehub", "sandbox", "server", "tools", "transport"]),
    ("cli", &["app", "config", "install", "oncehub", "sandbox", "telemetry", "tools", "transport"]),
    ("main", &["cli"]),
];

fn sources(at: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(at).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A room's test bench may look behind the wire.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

#[test]
fn no_room_knows_more_than_it_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let rooms: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    let mut seen = 0;
    for file in files.iter().filter(|file| !is_test(file)) {
        let relative = file.strip_prefix(&root).unwrap();
        let room = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if room == "lib" {
            continue;
        }
        let (_, allowed) =
            ARROWS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("{room} is not on the map"));
        let text = fs::read_to_string(file).unwrap();
        for (place, _) in text.match_indices("crate::").chain(text.match_indices("oncehub_mcp::")) {
            let after = text[place..].split("::").nth(1).unwrap();
            let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if rooms.contains(&name.as_str()) && name != room {
                seen += 1;
                assert!(allowed.contains(&name.as_str()), "{} knows {name}", relative.display());
            }
        }
    }
    assert!(seen > 10, "the sources were not read");
}

#[test]
fn no_file_is_too_long_to_be_read_at_once() {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 600, "{}: {lines} lines", file.display());
    }
}

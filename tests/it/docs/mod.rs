//! The documents: what in them is made by the program, and that the rest of them holds.
//!
//! `UPDATE=1 cargo test` writes what is generated; otherwise it has to be there, word for word.

mod bench;
mod clients;
mod days;
mod errors;
mod links;
mod playbooks;
mod recipes;
mod settings;
mod shell;
mod spoken;
mod symptoms;
mod tools;
mod understood;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::rooms::ARROWS;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The README and everything in `docs/`, by their paths.
fn pages() -> Vec<String> {
    let docs =
        fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = docs.filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "md"));
    let mut pages: Vec<String> = pages.map(|name| format!("docs/{name}")).collect();
    pages.push("README.md".into());
    pages.sort();
    pages
}

/// What stands between `<!-- name -->` and `<!-- /name -->` of a page has to be this.
pub(crate) fn holds(page: &str, name: &str, text: &str) {
    let whole = read(page);
    let (from, to) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = whole.find(&from).unwrap_or_else(|| panic!("{page} has no mark {name}")) + from.len();
    let end = start + whole[start..].find(&to).unwrap_or_else(|| panic!("{page} has no end of {name}"));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(page), format!("{}{text}{}", &whole[..start], &whole[end..])).unwrap();
    } else {
        assert_eq!(&whole[start..end], text, "{page}, {name}: run UPDATE=1 cargo test and look at the change");
    }
}

/// The blocks of a page in one of these languages, each with the language.
fn blocks<'a>(text: &'a str, languages: &[&str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("```") {
        let inside = &rest[start + 3..];
        let (language, inside) = inside.split_once('\n').expect("a block ends");
        let end = inside.find("```").expect("a block ends");
        if languages.contains(&language.trim()) {
            found.push(&inside[..end]);
        }
        rest = &inside[end + 3..];
    }
    found
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[test]
fn every_block_of_json_is_json() {
    let mut seen = 0;
    for page in pages() {
        for json in blocks(&read(&page), &["json"]) {
            serde_json::from_str::<serde_json::Value>(json).unwrap_or_else(|error| panic!("{page}: {error}: {json}"));
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} blocks");
}

#[test]
fn the_picture_of_the_rooms_has_the_arrows_that_there_are() {
    let page = read("docs/architecture.md");
    let pictures = blocks(&page, &["mermaid"]);
    let drawn: BTreeSet<(&str, &str)> =
        pictures[0].lines().filter_map(|line| line.trim().split_once(" --> ")).collect();
    let allowed = ARROWS.iter().flat_map(|(room, knows)| knows.iter().map(move |other| (*room, *other)));
    assert_eq!(drawn, allowed.collect());
    for (room, _) in ARROWS {
        assert!(pictures[0].contains(&format!("{room}[")), "the room {room} is not drawn");
    }
}

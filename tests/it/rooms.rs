//! Which way the arrows between the rooms run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens as _;
use syn::UseTree;
use syn::visit::Visit;

/// A room, and the rooms that it knows.
pub(crate) const ARROWS: &[(&str, &[&str])] = &[
    ("store", &[]),
    ("oncehub", &["store"]),
    ("sandbox", &[]),
    ("install", &[]),
    ("records", &["oncehub"]),
    ("names", &["oncehub", "records"]),
    ("actions", &["names", "oncehub", "records"]),
    ("apps", &[]),
    ("tools", &["actions", "apps", "names", "oncehub", "records", "store"]),
    ("playbooks", &["names", "records"]),
    ("resources", &["names", "oncehub", "records"]),
    ("server", &["actions", "apps", "playbooks", "resources", "store", "tools"]),
    ("transport", &["store"]),
    ("config", &["actions", "apps", "oncehub", "records", "tools"]),
    ("telemetry", &["oncehub"]),
    ("app", &["config", "oncehub", "records", "sandbox", "server", "store", "tools", "transport"]),
    (
        "cli",
        &[
            "app", "apps", "config", "install", "oncehub", "records", "sandbox", "store", "telemetry", "tools",
            "transport",
        ],
    ),
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

/// Collects what a file names of this crate, as paths from its root, whichever way they are written.
struct Names {
    /// Where the walk is: the file's module, and the modules inside it.
    module: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Names {
    fn of(file: &syn::File, module: Vec<String>) -> Vec<Vec<String>> {
        let mut names = Self { module, found: Vec::new() };
        names.visit_file(file);
        names.found
    }

    fn add(&mut self, path: &[String]) {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let resolved = match path.first().map(String::as_str) {
            Some("crate" | "oncehub_mcp") => path[1..].to_vec(),
            Some("self") => [&self.module, &path[1..]].concat(),
            Some("super") => [&self.module[..self.module.len() - ups], &path[ups..]].concat(),
            _ => return,
        };
        self.found.push(resolved);
    }

    fn add_tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_tree(&path.tree, &with(&path.ident)),
            UseTree::Name(name) => self.add(&with(&name.ident)),
            UseTree::Rename(name) => self.add(&with(&name.ident)),
            UseTree::Glob(_) => self.add(before),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(tree, before)),
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !module.attrs.iter().any(|attribute| attribute.to_token_stream().to_string().contains("test")) {
            self.module.push(module.ident.to_string());
            syn::visit::visit_item_mod(self, module);
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        self.add(&parts);
        syn::visit::visit_path(self, path);
    }

    /// What stands in a macro's brackets is not parsed: there a path is two colons between words.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.visit_path(&called.path);
        let words = called.tokens.to_string().replace(" :: ", "::");
        for word in words.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            self.add(&word.split("::").map(str::to_owned).collect::<Vec<_>>());
        }
    }
}

/// The rooms that a file of one room knows besides.
fn known_to(file: &str, module: &[&str]) -> Vec<String> {
    let rooms: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    let names = Names::of(&syn::parse_file(file).unwrap(), module.iter().map(ToString::to_string).collect());
    let first = names.into_iter().filter_map(|path| path.into_iter().next());
    first.filter(|name| rooms.contains(&name.as_str()) && name != module[0]).collect()
}

#[test]
fn each_room_knows_the_rooms_that_it_may_and_no_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut seen = BTreeSet::new();
    for file in files.iter().filter(|file| !is_test(file)) {
        let relative = file.strip_prefix(&root).unwrap().with_extension("");
        let module: Vec<&str> =
            relative.iter().map(|part| part.to_str().unwrap()).filter(|part| *part != "mod").collect();
        if module == ["lib"] {
            continue;
        }
        let (room, allowed) = ARROWS
            .iter()
            .find(|(name, _)| *name == module[0])
            .unwrap_or_else(|| panic!("{} is not on the map", module[0]));
        for known in known_to(&fs::read_to_string(file).unwrap(), &module) {
            assert!(allowed.contains(&known.as_str()), "{} knows {known}", relative.display());
            seen.insert((*room, known));
        }
    }
    let allowed = ARROWS.iter().flat_map(|(room, knows)| knows.iter().map(|known| (*room, (*known).to_owned())));
    assert_eq!(seen, allowed.collect(), "an arrow that nothing takes");
}

#[test]
fn the_map_of_the_crate_says_what_each_room_imports() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let map: Vec<&str> = lib.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let map = map.join(" ");
    let imports = |entry: &str| {
        let (_, imports) = entry.rsplit_once("Imports ").unwrap();
        let imports = imports.split_once('.').unwrap().0;
        imports.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let told: BTreeMap<&str, BTreeSet<String>> =
        map.split("- [`").skip(1).map(|entry| (entry.split('`').next().unwrap(), imports(entry))).collect();
    let rooms = ARROWS.iter().filter(|(room, _)| *room != "main");
    assert_eq!(told, rooms.map(|(room, knows)| (*room, knows.iter().map(ToString::to_string).collect())).collect());
}

#[test]
fn no_way_of_writing_a_name_hides_a_room() {
    for hidden in [
        "use crate::{oncehub, sandbox};",
        "use crate::{self as all, tools::{self, call}, sandbox::Clock as Time};",
        "use super::super::sandbox::World;",
        "use super::super::{tools, sandbox::*};",
        "mod inner { use super::super::super::sandbox; }",
        "fn f(_: crate::sandbox::World) {}",
        "fn f() { let _ = super::super::sandbox::new(); }",
        "fn f() { println!(\"{}\", crate::sandbox::KEY); }",
        "pub(crate) use oncehub_mcp::sandbox;",
    ] {
        assert!(known_to(hidden, &["tools", "bookings"]).contains(&"sandbox".to_owned()), "{hidden}");
    }
    for own in ["use super::sandbox;", "use std::sandbox;", "#[cfg(test)] mod tests { use crate::sandbox; }"] {
        assert!(!known_to(own, &["tools", "bookings"]).contains(&"sandbox".to_owned()), "{own}");
    }
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

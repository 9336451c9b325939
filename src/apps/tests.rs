//! What holds for every view.

use std::collections::BTreeSet;

use html5ever::tendril::TendrilSink as _;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use rmcp::model::ClientCapabilities;
use serde_json::{Value, json};

use super::{EXTENSION, MIME_TYPE, View, Views, is_comment};
use crate::tools::{Catalogue, Selection};

/// The pieces of a view that are its own.
fn script(view: View) -> &'static str {
    match view {
        View::Slots => include_str!("slots.js"),
        View::Agenda => include_str!("agenda.js"),
        View::Availability => include_str!("availability.js"),
    }
}

#[test]
fn a_view_is_answered_at_its_uri_with_any_end_and_at_no_other() {
    for view in View::all() {
        let (start, hash) = view.uri().rsplit_once('/').unwrap();
        assert_eq!(start, format!("ui://oncehub/{}", view.name()));
        assert!(hash.len() == 8 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{hash}");
        for end in ["", "/", "/00000000", "/an/older/one"] {
            assert_eq!(View::at(&format!("{start}{end}")), Some(view), "{end}");
        }
        for other in [start.to_uppercase(), format!("{start}s"), format!(" {start}"), format!("{start}?a=b")] {
            assert_eq!(View::at(&other), None, "{other}");
        }
    }
    for other in ["", "ui://", "ui://oncehub", "ui://oncehub/", "ui://other/slots", "skill://slots"] {
        assert_eq!(View::at(other), None, "{other}");
    }
}

#[test]
fn a_document_is_sent_as_a_view_that_needs_nothing() {
    for view in View::all() {
        let told = json!({"ui": {"csp": {}, "prefersBorder": true}});
        let old = format!("ui://oncehub/{}/old", view.name());
        let contents = serde_json::to_value(view.contents(&old)).unwrap();
        assert_eq!(contents, json!({"uri": old, "mimeType": MIME_TYPE, "text": view.document(), "_meta": told}));
        let listed = serde_json::to_value(view.resource()).unwrap();
        assert_eq!(
            listed,
            json!({"uri": view.uri(), "name": view.name(), "title": view.title(), "mimeType": MIME_TYPE, "_meta": told})
        );
    }
}

#[test]
fn comments_are_not_sent() {
    for comment in ["// a", "/* a", "/** a */", "/* a */", "*", "* a", "*/", "//"] {
        assert!(is_comment(comment), "{comment}");
    }
    for code in ["/** @type {A} */ (a);", "/* a */ b", "*a", "a // b", "a /* b */", "**b", ""] {
        assert!(!is_comment(code), "{code}");
    }
    for view in View::all() {
        let document = view.document();
        assert!(document.lines().all(|line| !line.is_empty() && line.trim() == line && !is_comment(line)));
        // One after code would take along what follows it.
        let has_rest = |line: &str| line.contains(" // ") && !line.trim_start().starts_with("//");
        assert_eq!(view.sources().lines().find(|line| has_rest(line)), None);
        assert!(document.starts_with("<!doctype html>\n") && document.ends_with("</html>\n"));
    }
}

#[test]
fn views_are_offered_to_clients_that_have_them() {
    let client = |settings: Value| -> ClientCapabilities {
        serde_json::from_value(json!({"extensions": {EXTENSION: settings}})).unwrap()
    };
    let ours = client(json!({"mimeTypes": ["text/html", MIME_TYPE]}));
    let others = [
        client(json!({})),
        client(json!({"mimeTypes": ["text/html"]})),
        client(json!({"mimeTypes": MIME_TYPE})),
        ClientCapabilities::default(),
    ];
    let offered = |views: Views, client: Option<&ClientCapabilities>| views.are_offered_to(client);
    assert!(offered(Views::Auto, Some(&ours)) && offered(Views::On, Some(&ours)) && !offered(Views::Off, Some(&ours)));
    for other in others.iter().map(Some).chain([None]) {
        assert!(!offered(Views::Auto, other) && offered(Views::On, other) && !offered(Views::Off, other), "{other:?}");
    }
}

fn each(node: &Handle, visit: &mut impl FnMut(&Handle)) {
    visit(node);
    node.children.borrow().iter().for_each(|child| each(child, visit));
}

#[test]
fn a_document_is_well_formed_and_loads_nothing() {
    for view in View::all() {
        let dom = html5ever::parse_document(RcDom::default(), html5ever::ParseOpts::default()).one(&*view.document());
        assert!(dom.errors.borrow().is_empty(), "{}: {:?}", view.name(), dom.errors.borrow());
        let (mut ids, mut scripts) = (BTreeSet::new(), 0);
        each(&dom.document, &mut |node| {
            let NodeData::Element { name, attrs, .. } = &node.data else { return };
            assert!(!["iframe", "object", "embed", "base", "link", "form"].contains(&&*name.local), "{}", name.local);
            scripts += usize::from(&*name.local == "script");
            for attribute in attrs.borrow().iter() {
                let called = &*attribute.name.local;
                assert!(!called.starts_with("on") && !["src", "href", "action", "style"].contains(&called), "{called}");
                assert!(called != "id" || ids.insert(attribute.value.to_string()), "twice: {}", &*attribute.value);
            }
        });
        assert_eq!(scripts, 1, "{}: nothing ends the script early", view.name());
        assert!(view.document().len() <= 40 << 10, "{}: {}", view.name(), view.document().len());
    }
}

#[test]
fn the_bridge_is_small() {
    let lines = include_str!("bridge.js").lines().map(str::trim);
    let bytes: usize = lines.filter(|line| !line.is_empty() && !is_comment(line)).map(|line| line.len() + 1).sum();
    assert!(bytes <= 6 << 10, "{bytes}");
}

#[test]
fn no_view_reads_a_text_as_html_or_code_or_knows_an_address() {
    const SINKS: [&str; 12] = [
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "createContextualFragment", "DOMParser",
        "srcdoc", "eval(", "Function(", "://", "localStorage", "import(",
    ];
    for view in View::all() {
        let document = view.document();
        for line in document.lines() {
            for sink in SINKS {
                assert!(!line.contains(sink), "{}: {sink}: {line}", view.name());
            }
            // A handler is added as a listener: `.onclick = …` is as good as an attribute.
            for (at, _) in line.match_indices(".on") {
                let after = line[at + 3..].trim_start_matches(|c: char| c.is_ascii_lowercase()).trim_start();
                assert!(!after.starts_with('=') || after.starts_with("=="), "{}: {line}", view.name());
            }
        }
        assert!(!document.contains("@import") && !document.contains("url("), "{}", view.name());
    }
}

/// What is inside the brackets that a text begins with.
fn bracketed(text: &str) -> Option<&str> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{' | '[' | '(') => depth += 1,
            (None, '}' | ']' | ')') if depth == 1 => return text.get(1..at),
            (None, '}' | ']' | ')') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The parts of a list in a script, at its highest level.
fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut at) = (Vec::new(), 0, 0);
    while let Some(c) = list[at..].chars().next() {
        if let ('{' | '[' | '(', Some(inside)) = (c, bracketed(&list[at..])) {
            at += inside.len() + 2;
            continue;
        }
        if c == ',' {
            parts.push(list[begin..at].trim());
            begin = at + 1;
        }
        at += c.len_utf8();
    }
    parts.push(list[begin..].trim());
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// The calls of tools in a script: the tool, and what is passed.
fn calls(script: &str) -> Vec<(&str, Vec<&str>)> {
    let after = |(at, found): (usize, &str)| script.get(at + found.len() - 1..);
    let arguments = script.match_indices("host.call(").filter_map(after).filter_map(bracketed).map(parts);
    let called =
        arguments.filter_map(|arguments| Some((arguments.first()?.strip_prefix('"')?.strip_suffix('"')?, arguments)));
    called.collect()
}

#[test]
fn a_view_calls_its_own_tools_with_arguments_that_they_have() {
    let catalogue = Catalogue::new(&Selection::default()).unwrap();
    for view in View::all() {
        for (tool, arguments) in calls(script(view)) {
            assert!(view.calls().contains(&tool), "{} calls {tool}", view.name());
            let schema = Value::Object(catalogue.get(tool).unwrap().input_schema.as_ref().clone());
            let Some(object) = arguments.get(1).filter(|object| object.starts_with('{')) else { continue };
            let fields = parts(bracketed(object).unwrap());
            let names: Vec<&str> = fields.iter().filter_map(|field| field.split(':').next()).map(str::trim).collect();
            for name in names.iter().filter(|name| !name.starts_with("...")) {
                assert!(schema["properties"][name].is_object(), "{}: {tool} takes no {name}", view.name());
            }
            let has_all = names.iter().any(|name| name.starts_with("..."));
            for required in schema["required"].as_array().into_iter().flatten() {
                assert!(has_all || names.iter().any(|name| required == name), "{tool} needs {required}");
            }
        }
        // Those whose name is in a variable, too.
        for tool in catalogue.list().iter().map(|tool| tool.name.as_ref()) {
            let is_named = script(view).contains(&format!("\"{tool}\""));
            assert!(!is_named || view.calls().contains(&tool), "{} names {tool}", view.name());
        }
    }
}

#[test]
fn calls_are_found_in_a_script() {
    let script = r#"await host.call("get_booking", { booking_id: row.id, ...more({ a: 1 }, [2, 3]), expand }, "reads"); host.call(tool, {})"#;
    let found = calls(script);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "get_booking");
    assert_eq!(parts(bracketed(found[0].1[1]).unwrap()), ["booking_id: row.id", "...more({ a: 1 }, [2, 3])", "expand"]);
}

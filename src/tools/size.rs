//! Limits on the size of a reply. A list stops when there is no more room, and continues with its cursor; anything
//! still too large is cut here, where every reply passes, with a note.

use std::io;

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::names::thousands;
use crate::records::outline::{Author, label};
use crate::tools::Catalogue;

/// Returns how many of `count` items fit in a reply: at least one, if there is one.
///
/// `size` returns how many bytes so many items take as JSON, in text and structure.
pub(super) fn most_that_fit(count: usize, most: usize, size: impl Fn(usize) -> usize) -> usize {
    // Everything around the items takes some room too: the filters, the notes on a shortened reply.
    most_within(count, most.saturating_sub(most / 20 + 1000), size)
}

/// Returns how many of `count` items take at most `room` bytes: at least one, if there is one.
pub(super) fn most_within(count: usize, room: usize, size: impl Fn(usize) -> usize) -> usize {
    let fits = |count: usize| size(count) <= room;
    if count <= 1 || fits(count) {
        return count;
    }
    let (mut fitting, mut too_many) = (1, count);
    while too_many - fitting > 1 {
        let middle = usize::midpoint(fitting, too_many);
        if fits(middle) { fitting = middle } else { too_many = middle }
    }
    fitting
}

/// Returns the size of a value as JSON, in bytes.
pub(super) fn json_size(value: &(impl Serialize + ?Sized)) -> usize {
    let mut counted = Counted(0);
    serde_json::to_writer(&mut counted, value).map_or(usize::MAX, |()| counted.0)
}

/// A writer that only counts.
struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The limits on an object that is too large: the longest text in characters, the most fields or values, and the
/// deepest nesting.
struct Measure {
    text: usize,
    entries: usize,
    depth: usize,
}

/// From hardly any cuts to hardly anything left.
const MEASURES: [Measure; 7] = [
    Measure { text: 4000, entries: 2000, depth: 60 },
    Measure { text: 1000, entries: 400, depth: 20 },
    Measure { text: 300, entries: 100, depth: 10 },
    Measure { text: 120, entries: 40, depth: 8 },
    Measure { text: 80, entries: 20, depth: 5 },
    Measure { text: 40, entries: 10, depth: 4 },
    Measure { text: LEAST, entries: 4, depth: 2 },
];

/// Texts up to this length are never cut: a time, or one of a few words, is whole or of no use.
const LEAST: usize = 40;

/// The fields of a reply that are always kept, besides those that its schema requires.
const KNOWN: &[&str] = &["id", "booking_id", "user_id", "deleted", "has_more", "next_cursor", "time_zone", "note"];

/// The room for everything besides text and structure: their names, and the note on what was cut.
const FRAME: usize = 1500;

/// Returns the same result in at most `most` bytes.
pub(super) fn bounded(mut result: CallToolResult, most: usize) -> CallToolResult {
    if json_size(&result) <= most {
        return result;
    }
    let texts = result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.as_str());
    let text = texts.collect::<Vec<_>>().join("\n");
    let is_failure = result.is_error == Some(true);
    let room = most.saturating_sub(FRAME);
    let is_structured = result.structured_content.is_some();
    let mut cut = Cut::default();
    let (mut structure, mut next) = (Map::new(), None);
    if let Some(Value::Object(mut whole)) = result.structured_content.take() {
        // The text gets its share of the room, whatever the structure looks like.
        let for_structure = room - json_size(&text).min(room * 2 / 5);
        next = shorten_list(&mut whole, for_structure);
        structure = cut.down(whole, for_structure);
    }
    let mut note = String::new();
    if !is_failure {
        note = format!("This did not fit into one reply, which holds at most {} kB: ", most / 1000);
        note.push_str(&cut.told(next.is_some(), is_structured));
        let before = structure.get("note").and_then(Value::as_str).map(|before| format!("{before} "));
        structure.insert("note".into(), format!("{}{note}", before.unwrap_or_default()).into());
        note.insert_str(0, "\nnote: ");
        if let Some(next) = &next {
            note.insert_str(0, &format!("\nmore: call again with {next}"));
        }
    }
    let structure = is_structured.then(|| Value::Object(structure));
    let taken = json_size(&structure);
    let text = cut_text(&text, room.saturating_sub(taken), next.is_some(), &note);
    result.content = vec![ContentBlock::text(text)];
    result.structured_content = structure;
    result
}

/// Drops items from the end of a list until it fits, keeping at least one, and returns where to continue, in words.
fn shorten_list(structure: &mut Map<String, Value>, room: usize) -> Option<String> {
    let mut next = None;
    while structure.contains_key("has_more") && json_size(structure) > room {
        let Some(Value::Array(items)) = structure.get_mut("items") else { break };
        if items.len() < 2 {
            break;
        }
        let dropped = items.split_off(items.len().div_ceil(2));
        let text = |item: Option<&Value>, field: &str| Some(item?.get(field)?.as_str()?.to_owned());
        let cursor = text(items.last(), "id");
        // Slots go on at a time: at the first of those that were left out before, and of these.
        let left_out = structure.get("next_start_time").and_then(Value::as_str).map(str::to_owned);
        let start = text(dropped.first(), "start_time").filter(|_| cursor.is_none());
        let start = start.map(|start| left_out.filter(|left_out| *left_out < start).unwrap_or(start));
        structure.insert("has_more".into(), (cursor.is_some() || start.is_some()).into());
        structure.insert("next_cursor".into(), cursor.clone().or(start.clone()).into());
        next = Some(match (cursor, start) {
            (Some(cursor), _) => format!("cursor {cursor}"),
            (None, Some(start)) => {
                structure.insert("next_start_time".into(), start.clone().into());
                format!("start_time {start}")
            }
            (None, None) => "a lower limit".to_owned(),
        });
    }
    next
}

/// What was cut.
#[derive(Default)]
struct Cut {
    /// The texts that were cut, by path, with their lengths in characters.
    texts: Vec<(String, usize)>,
    /// Whether lists or objects were shortened.
    is_pruned: bool,
}

impl Cut {
    /// Returns as much of an object as fits.
    fn down(&mut self, whole: Map<String, Value>, room: usize) -> Map<String, Value> {
        let fits = |value: &Value| json_size(value) <= room;
        let whole = Value::Object(whole);
        if fits(&whole) {
            return as_fields(whole);
        }
        for measure in &MEASURES {
            *self = Self::default();
            let less = self.less(&whole, measure, (measure.depth, Author::OnceHub, ""));
            if fits(&less) {
                return as_fields(less);
            }
        }
        // Thousands of small fields: only those known by name are kept.
        self.is_pruned = true;
        let least = Measure { text: LEAST, entries: 0, depth: 0 };
        let known = as_fields(whole).into_iter().filter(|(name, _)| is_known(name));
        let known = known.map(|(name, value)| {
            let less = self.less(&value, &least, (0, Author::OnceHub, name.as_str()));
            (name, less)
        });
        known.collect()
    }

    fn less(&mut self, value: &Value, measure: &Measure, (depth, author, path): (usize, Author, &str)) -> Value {
        match value {
            Value::String(text) => match text.char_indices().nth(measure.text) {
                Some((end, _)) => {
                    self.texts.push((path.to_owned(), text.chars().count()));
                    format!("{}…", text.get(..end).unwrap_or_default()).into()
                }
                None => value.clone(),
            },
            Value::Array(values) => {
                let left = if depth == 0 { 0 } else { values.len().min(measure.entries) };
                self.is_pruned |= left < values.len();
                let inner = (depth.saturating_sub(1), author, path);
                values.iter().take(left).map(|value| self.less(value, measure, inner)).collect()
            }
            Value::Object(fields) => {
                // The reply itself has some fields of ours, all of which are needed.
                let is_reply = path.is_empty() && author == Author::OnceHub && depth == measure.depth;
                let most = if is_reply { measure.entries.max(40) } else { measure.entries };
                let left = if depth == 0 { 0 } else { fields.len().min(most) };
                self.is_pruned |= left < fields.len();
                let is_kept = |(at, name): (usize, &String)| {
                    let is_known = is_reply && KNOWN.contains(&name.as_str());
                    at < left || is_known || (author == Author::OnceHub && Catalogue::requires(name))
                };
                let kept = fields.iter().enumerate().filter(|(at, (name, _))| is_kept((*at, name)));
                let less = kept.map(|(_, (name, value))| {
                    let shown = label(name, author);
                    let path = if path.is_empty() { shown } else { format!("{path}.{shown}") };
                    let inner = (depth.saturating_sub(1), Author::of(name, author), path.as_str());
                    (cut_name(name), self.less(value, measure, inner))
                });
                Value::Object(less.collect())
            }
            other => other.clone(),
        }
    }

    /// Describes what was cut, and where to read it in full.
    fn told(mut self, is_shorter: bool, is_structured: bool) -> String {
        const ELSEWHERE: &str = "OnceHub's own pages show the rest, and so does a server with a larger --max-reply.";
        self.texts.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
        let named: Vec<String> = self
            .texts
            .iter()
            .take(3)
            .map(|(path, length)| {
                let path: String = path.chars().take(120).collect();
                format!("{path} ({} characters)", thousands(*length))
            })
            .collect();
        let others = self.texts.len() - named.len();
        let mut cut = Vec::new();
        if !named.is_empty() {
            let others = if others > 0 { format!(" and {others} more") } else { String::new() };
            cut.push(format!("cut short: {}{others}", named.join(", ")));
        }
        if self.is_pruned {
            cut.push("lists and objects with very many entries are incomplete".to_owned());
        }
        match (cut.is_empty(), is_shorter) {
            (true, true) => "the list stops earlier.".to_owned(),
            (true, false) if is_structured => "its text is cut; the structure has all of it.".to_owned(),
            (true, false) => format!("it is cut. {ELSEWHERE}"),
            (false, _) => format!("{}. {ELSEWHERE}", cut.join("; ")),
        }
    }
}

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || Catalogue::requires(name)
}

fn cut_name(name: &str) -> String {
    if name.chars().count() <= 200 {
        name.to_owned()
    } else {
        format!("{}…", name.chars().take(200).collect::<String>())
    }
}

fn as_fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Returns a reply's text in at most `room` bytes, then `note`. The lines at the end stay whole: where to continue,
/// notes, the hint. `is_shorter` says that a list was shortened, so that it continues elsewhere.
fn cut_text(text: &str, room: usize, is_shorter: bool, note: &str) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let is_end = |line: &&&str| ["more: ", "note: ", "hint: "].iter().any(|start| line.starts_with(start));
    let ends = lines.iter().rev().take_while(is_end).count();
    let (body, end) = lines.split_at(lines.len() - ends);
    let has_changed = |line: &&str| is_shorter && line.starts_with("more: ");
    let end: String = end.iter().filter(|line| !has_changed(line)).flat_map(|line| ["\n", line]).collect();
    let end = shortened(&end, (room / 2).min(3000));
    let body = shortened(&body.join("\n"), room.saturating_sub(json_size(&end)));
    format!("{body}{end}{note}")
}

/// Returns as much of a text as fits into `room` bytes inside JSON.
fn shortened(text: &str, room: usize) -> String {
    if json_size(text) <= room {
        return text.to_owned();
    }
    // Two quotation marks and the ellipsis.
    let mut left = room.saturating_sub(5);
    let fits = |c: &char| {
        let bytes = match c {
            '"' | '\\' | '\n' | '\t' => 2,
            c if c.is_ascii_control() => 6,
            c => c.len_utf8(),
        };
        let fits = bytes <= left;
        left = left.saturating_sub(bytes);
        fits
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    // Preferably at the end of a line, where no quotation is left open.
    if let Some(at) = kept.rfind('\n').filter(|at| *at > kept.len() / 2) {
        kept.truncate(at + 1);
    }
    kept.push('…');
    kept
}

//! A tool's reply: an object that fits its output schema, and one compact text that says the same.

use rmcp::ErrorData;
use rmcp::handler::server::tool::IntoCallToolResult;
use rmcp::model::{CallToolResponse, CallToolResult, ContentBlock};
use serde_json::{Map, Value, json};

use super::size::size;
use super::time::{self, Zone};
use super::untrusted::{clean, clean_value, quoted};
use crate::oncehub::{Id, Object};

/// The note on a reply when OnceHub's response to a write was lost.
pub(super) const FOUND_NOTE: &str =
    "OnceHub's own answer was lost; this was looked up afterwards and shows that it was done.";

/// A successful reply.
#[derive(Debug)]
pub(super) struct Reply {
    structure: Map<String, Value>,
    text: String,
}

impl Reply {
    pub(super) fn new(structure: Map<String, Value>, text: impl Into<String>) -> Self {
        Self { structure, text: text.into() }
    }

    /// Builds a reply from an object's fields and text.
    pub(super) fn of((fields, text): (Map<String, Value>, String)) -> Self {
        Self::new(fields, text)
    }

    /// States the zone of its local times.
    pub(super) fn in_zone(mut self, zone: &Zone) -> Self {
        self.structure.insert("time_zone".into(), zone.name().into());
        self
    }

    /// Builds the reply to a change, beginning with what was done; `found` says that OnceHub's response was lost.
    pub(super) fn done(done: &str, (fields, text): (Map<String, Value>, String), found: bool) -> Self {
        let mut reply = Self::new(fields, format!("{done}\n{text}"));
        if found {
            reply.note(FOUND_NOTE);
        }
        reply
    }

    /// Builds the reply to a deletion.
    pub(super) fn deleted(what: &str, id: &Id, name: &str, found: bool) -> Self {
        let fields = json!({"id": id.as_str(), "deleted": true, "name": name});
        let text = format!("Deleted the {what} {} ({id}).", quoted(name, 80));
        let mut reply = Self::new(fields.as_object().cloned().unwrap_or_default(), text);
        if found {
            reply.note(FOUND_NOTE);
        }
        reply
    }

    /// Returns the reply's size as JSON, in bytes.
    pub(super) fn size(self) -> usize {
        match self.into_call_tool_result() {
            Ok(CallToolResponse::Complete(result)) => size(&result),
            _ => usize::MAX,
        }
    }

    /// Inserts a field before all others.
    pub(super) fn put_first(&mut self, name: &str, value: Value) {
        self.structure.shift_insert(0, name.to_owned(), value);
    }

    /// Adds to both forms.
    pub(super) fn add(&mut self, add: impl FnOnce(&mut Map<String, Value>, &mut String)) {
        add(&mut self.structure, &mut self.text);
    }

    /// Adds a sentence of our own to both forms.
    pub(super) fn note(&mut self, note: &str) {
        let noted = match self.structure.get("note").and_then(Value::as_str) {
            Some(before) => format!("{before} {note}"),
            None => note.to_owned(),
        };
        self.structure.insert("note".into(), noted.into());
        self.text.push_str("\nnote: ");
        self.text.push_str(note);
    }
}

impl IntoCallToolResult for Reply {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        // Wherever OnceHub put it, no invisible text gets into a reply.
        let mut structure = Value::Object(self.structure);
        clean_value(&mut structure);
        let mut result = CallToolResult::success(vec![ContentBlock::text(clean(&self.text))]);
        result.structured_content = Some(structure);
        Ok(result.into())
    }
}

/// Returns every field that OnceHub sent, with each time's local form beside it.
pub(super) fn present(object: Object, zone: &Zone) -> Map<String, Value> {
    localised(object.into_fields(), zone)
}

fn localised(fields: Map<String, Value>, zone: &Zone) -> Map<String, Value> {
    let mut shown = Map::with_capacity(fields.len() + 4);
    for (name, value) in fields {
        match value.as_str().filter(|_| name.ends_with("_time")).and_then(time::read) {
            Some(at) => put_time(&mut shown, &name, at, zone),
            None => {
                shown.insert(name, localised_value(value, zone));
            }
        }
    }
    shown
}

fn localised_value(value: Value, zone: &Zone) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(|value| localised_value(value, zone)).collect(),
        Value::Object(fields) => localised(fields, zone).into(),
        other => other,
    }
}

/// Adds a time under its name as the instant, and under its name with `_local` as people in `zone` read it.
pub(super) fn put_time(fields: &mut Map<String, Value>, name: &str, at: jiff::Timestamp, zone: &Zone) {
    fields.insert(name.to_owned(), time::instant(at).into());
    fields.insert(format!("{name}_local"), time::local(at, zone).into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_shown_with_local_times_and_without_what_is_empty() {
        let object = Object::new(json!({
            "id": "BKNG-1", "starting_time": "2026-12-01T20:00:00.000Z", "creation_time": "soon", "gone": null,
            "form": {"note": "a\nb\u{202e}", "custom_fields": [{"name": "Size", "value": ["S", "M"]}], "empty": {}},
            "last_interacted_time ": null
        }));
        let shown = present(object, &Zone::parse("America/New_York").unwrap());
        assert_eq!(shown["starting_time"], "2026-12-01T20:00:00Z");
        assert_eq!(shown["starting_time_local"], "Tue 2026-12-01 15:00 -05:00");
        insta::assert_snapshot!(super::super::outline::outline(&shown, &["id"]), @r#"
        starting_time: Tue 2026-12-01 15:00 -05:00
        creation_time: soon
        form:
          note: "a\nb"
          custom_fields: "Size": ["S", "M"]
        "#);
    }
}

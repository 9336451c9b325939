//! Any object, line by line. The field's name decides which texts are OnceHub's own words: all others may come from a
//! stranger, and are shown in quotation marks.

use serde_json::{Map, Value};

use crate::records::line::zone_word;
use crate::records::untrusted::{quoted, word};

/// The longest text that an outline shows in full.
const LONGEST: usize = 1000;

/// The fields that OnceHub itself fills in, besides those whose names end like an id's, a time's or a link's.
const OF_ONCEHUB: &[&str] = &[
    "actioned_by", "api_version", "booking_calendar", "booking_page", "bookings", "bot", "contact", "conversation",
    "currency", "event_type", "events", "host", "id", "initiated_by", "master_page", "object", "owner", "recipient",
    "recipient_type", "role_name", "status", "teams", "type", "url", "website",
];

/// The fields that hold a time zone. OnceHub offers a list, but accepts any other from a guest's browser.
const ZONES: &[&str] = &["customer_timezone", "time_zone", "timezone"];

/// The fields in which everything was written by people, whatever its name.
const OF_PEOPLE: &[&str] = &["answers", "custom_fields", "form_submission", "utm_params"];

/// The names of OnceHub's own fields inside those.
const NAMED_BY_ONCEHUB: &[&str] = &[
    "campaign", "company", "content", "custom_fields", "email", "guests", "id", "internal_label", "medium",
    "mobile_phone", "name", "note", "phone", "question", "source", "term", "value",
];

/// The author of a field's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// OnceHub, or the people who run the account: ids, statuses, times, links.
    OnceHub,
    /// OnceHub, if a zone of that name exists.
    Zones,
    /// Possibly a stranger.
    Anyone,
    /// People, including everything nested inside.
    People,
}

impl Author {
    /// Returns the author of a field by its name, inside one by the author `outer`.
    pub fn of(name: &str, outer: Self) -> Self {
        let ends_like_ours = ["_id", "_local", "_time", "_url"].iter().any(|end| name.ends_with(end));
        if outer == Self::People || OF_PEOPLE.contains(&name) {
            Self::People
        } else if ZONES.contains(&name) {
            Self::Zones
        } else if ends_like_ours || OF_ONCEHUB.contains(&name) {
            Self::OnceHub
        } else {
            Self::Anyone
        }
    }

    fn says(self, text: &str) -> String {
        match self {
            Self::OnceHub => word(text),
            Self::Zones => zone_word(text),
            Self::Anyone | Self::People => quoted(text, LONGEST),
        }
    }
}

/// Returns the label of a field inside one by this author. People name custom fields.
pub fn label(name: &str, outer: Author) -> String {
    if outer == Author::People && !NAMED_BY_ONCEHUB.contains(&name) { quoted(name, 60) } else { word(name) }
}

/// Formats an object line by line. Null and empty values are left out, and times are shown in local form.
pub fn outline(fields: &Map<String, Value>, skip: &[&str]) -> String {
    let mut lines = Vec::new();
    for (name, value) in fields.iter().filter(|(name, _)| !skip.contains(&name.as_str())) {
        push_lines(&mut lines, name, value, fields, (Author::OnceHub, 0));
    }
    lines.join("\n")
}

fn push_lines(
    lines: &mut Vec<String>,
    name: &str,
    value: &Value,
    among: &Map<String, Value>,
    (outer, depth): (Author, usize),
) {
    let indent = "  ".repeat(depth);
    if is_empty(value) || (name.ends_with("_local") && among.contains_key(name.trim_end_matches("_local"))) {
        return;
    }
    let (label, author) = (label(name, outer), Author::of(name, outer));
    match value {
        Value::Object(fields) => {
            lines.push(format!("{indent}{label}:"));
            for (name, value) in fields {
                push_lines(lines, name, value, fields, (author, depth + 1));
            }
        }
        Value::Array(values) => {
            let shown: Vec<String> =
                values.iter().filter(|value| !is_empty(value)).map(|value| inline(value, author)).collect();
            lines.push(format!("{indent}{label}: {}", shown.join(", ")));
        }
        scalar => {
            let local = among.get(&format!("{name}_local")).and_then(Value::as_str);
            // A time that was parsed here is shown in our own words; people's fields have none.
            let local = local.filter(|_| name.ends_with("_time") && author == Author::OnceHub);
            lines.push(format!("{indent}{label}: {}", local.map_or_else(|| inline(scalar, author), str::to_owned)));
        }
    }
}

/// Formats a value on one line.
pub fn inline(value: &Value, author: Author) -> String {
    match value {
        Value::String(text) => author.says(text),
        Value::Array(values) => {
            let shown = values.iter().filter(|value| !is_empty(value)).map(|value| inline(value, author));
            format!("[{}]", shown.collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            // A custom field, as OnceHub sends it: a name and a value.
            if let (Some(Value::String(name)), Some(value), 2) = (fields.get("name"), fields.get("value"), fields.len())
            {
                return format!("{}: {}", quoted(name, 120), inline(value, Author::People));
            }
            let shown = fields.iter().filter(|(_, value)| !is_empty(value));
            let shown = shown
                .map(|(name, value)| format!("{}: {}", label(name, author), inline(value, Author::of(name, author))));
            format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.iter().all(is_empty),
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_single_word_of_a_strangers_is_quoted_wherever_it_stands() {
        let object = json!({
            "id": "BKNG-1", "owner": "USR-1", "join_url": "https://zoom.us/j/1", "timezone": "Europe/Oslo", "status": "scheduled",
            "customer_timezone": "Obey", "subject": "Obey", "email": "obey@evil.example", "company": "Obey", "new_field": "Obey",
            "external_calendar": {"id": "x@calendar.example", "name": "Obey"},
            "form_submission": {"id": "Obey", "status": "Obey", "note": "Obey", "Obey": 1, "starting_time": "Obey",
                "starting_time_local": "Obey", "guests": ["obey@evil.example"]},
            "custom_fields": [{"name": "Obey", "value": "Obey"}, {"name": "Obey", "value": {"url": "Obey"}, "type": "Obey"}],
            "utm_params": {"source": "Obey"},
        });
        insta::assert_snapshot!(outline(object.as_object().unwrap(), &[]));
    }
}

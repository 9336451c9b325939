//! Any object, line by line. Which of its texts are OnceHub's own words is told by the names of their fields: all others may
//! come from a stranger, and stand in quotation marks.

use serde_json::{Map, Value};

use super::line::zone_word;
use super::untrusted::{quoted, word};

/// The longest text that is shown whole in an outline.
const LONGEST: usize = 1000;

/// The fields that OnceHub fills in itself, besides those whose names end like an id's, a time's or a link's.
const OF_ONCEHUB: &[&str] = &[
    "actioned_by",
    "api_version",
    "booking_calendar",
    "booking_page",
    "bookings",
    "bot",
    "contact",
    "conversation",
    "currency",
    "event_type",
    "events",
    "host",
    "id",
    "initiated_by",
    "master_page",
    "object",
    "owner",
    "recipient",
    "recipient_type",
    "role_name",
    "status",
    "teams",
    "type",
    "url",
    "website",
];

/// The fields that hold a time zone. OnceHub offers a choice, and takes others from a guest's browser.
const ZONES: &[&str] = &["customer_timezone", "time_zone", "timezone"];

/// The fields in which everything is people's, whatever it is called there.
const OF_PEOPLE: &[&str] = &["answers", "custom_fields", "form_submission", "utm_params"];

/// The names that OnceHub itself has for what is in them.
const NAMED_BY_ONCEHUB: &[&str] = &[
    "campaign",
    "company",
    "content",
    "custom_fields",
    "email",
    "guests",
    "id",
    "internal_label",
    "medium",
    "mobile_phone",
    "name",
    "note",
    "phone",
    "question",
    "source",
    "term",
    "value",
];

/// Who chose the text in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// OnceHub, or whoever runs the account: ids, statuses, times, links.
    OnceHub,
    /// OnceHub, if there is a zone of that name.
    Zones,
    /// Perhaps a stranger.
    Anyone,
    /// People, also in all that is inside.
    People,
}

impl Author {
    /// Of the field of this name, inside one that this author has filled in.
    pub(super) fn of(name: &str, outer: Self) -> Self {
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

/// The name of a field inside one of this author's. Custom fields are named by people.
pub(super) fn label(name: &str, outer: Author) -> String {
    if outer == Author::People && !NAMED_BY_ONCEHUB.contains(&name) { quoted(name, 60) } else { word(name) }
}

/// An object line by line. What is null or empty is left out, and a time is shown in local form.
pub(super) fn outline(fields: &Map<String, Value>, skip: &[&str]) -> String {
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
            // A time that we have read, in our own words; among people's there is none.
            let local = local.filter(|_| name.ends_with("_time") && author == Author::OnceHub);
            lines.push(format!("{indent}{label}: {}", local.map_or_else(|| inline(scalar, author), str::to_owned)));
        }
    }
}

/// A value on one line.
pub(super) fn inline(value: &Value, author: Author) -> String {
    match value {
        Value::String(text) => author.says(text),
        Value::Array(values) => {
            let shown = values.iter().filter(|value| !is_empty(value)).map(|value| inline(value, author));
            format!("[{}]", shown.collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            // OnceHub's custom fields: a name and a value.
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

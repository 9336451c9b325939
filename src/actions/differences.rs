//! The differences that a change makes, field by field.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::actions::Seen;
use crate::names::{Entries, Names};
use crate::oncehub::Object;
use crate::records::outline::{Author, inline};
use crate::records::{Noun, Record, Told, quoted};

/// A change of some of an object's fields.
pub struct Edit<R> {
    /// The object before the change.
    pub before: Told<R>,
    /// The new values, under OnceHub's names.
    pub asked: Map<String, Value>,
    /// The account's teams, if those change: people know them by name.
    teams: Arc<Entries>,
}

impl<R: Record> Edit<R> {
    /// Creates a change of `before` to what is `asked` for.
    pub async fn new(names: &Names, before: Told<R>, asked: Map<String, Value>) -> Self {
        let changes_teams = asked.contains_key("teams");
        let teams = if changes_teams { names.all_or_none(Noun::Teams).await } else { Arc::default() };
        Self { before, asked, teams }
    }

    /// Describes what will be different; empty if nothing will.
    pub fn planned(&self) -> String {
        self.differences(self.asked.clone())
    }

    /// Returns a sentence about what is different afterwards.
    pub fn changed(&self, now: &Told<R>) -> String {
        match self.differences(now.sent()) {
            nothing if nothing.is_empty() => "Nothing is different from before.".to_owned(),
            changes => format!("Changed {changes}."),
        }
    }

    /// Judges the change after its response was lost, by the object as it is now.
    pub fn seen(&self, now: Object) -> Seen {
        seen(&self.before.sent(), now, &self.asked)
    }

    fn differences(&self, after: Map<String, Value>) -> String {
        let named = |mut fields: Map<String, Value>| {
            for id in fields.get_mut("teams").and_then(Value::as_array_mut).into_iter().flatten() {
                let name = id.as_str().and_then(|id| self.teams.name(id)).map(Value::from);
                *id = name.unwrap_or_else(|| id.take());
            }
            fields
        };
        from_to(&differences(&named(self.before.sent()), &named(after), &self.asked))
    }
}

/// A field whose value changed.
pub struct Difference {
    name: String,
    before: Value,
    after: Value,
    /// Whether it is a custom field, which the account named itself.
    is_custom: bool,
}

/// Returns the fields of `among` whose values differ between `before` and `after`. Custom fields are matched by name.
pub fn differences(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    among: &Map<String, Value>,
) -> Vec<Difference> {
    let mut all = Vec::new();
    for (name, value) in among {
        if name == "custom_fields" {
            for field in value.as_array().into_iter().flatten().filter_map(|field| field.get("name")?.as_str()) {
                all.push(Difference {
                    name: field.to_owned(),
                    before: custom(before, field),
                    after: custom(after, field),
                    is_custom: true,
                });
            }
        } else {
            let of = |field: Option<&Value>| field.cloned().unwrap_or_default();
            let (before, after) = (of(before.get(name)), of(after.get(name)));
            all.push(Difference { name: name.clone(), before, after, is_custom: false });
        }
    }
    all.retain(|difference| plain(&difference.before) != plain(&difference.after));
    all
}

/// "company "A" to "B"; city none to "Oslo""
fn from_to(differences: &[Difference]) -> String {
    joined(differences, |name, before, after| format!("{name} from {before} to {after}"))
}

/// "status is none, not "VIP""
pub fn is_not(differences: &[Difference]) -> String {
    joined(differences, |name, before, after| format!("{name} is {before}, not {after}"))
}

fn joined(differences: &[Difference], words: impl Fn(String, String, String) -> String) -> String {
    let each = differences.iter().map(|one| words(one.label(), one.show(&one.before), one.show(&one.after)));
    each.collect::<Vec<_>>().join("; ")
}

impl Difference {
    /// Returns the field's name as the tools' arguments spell it.
    fn label(&self) -> String {
        match self.name.as_str() {
            name if self.is_custom => quoted(name, 60),
            "terms_of_sevice" => "terms_of_service".to_owned(),
            name => name.to_owned(),
        }
    }

    fn show(&self, value: &Value) -> String {
        let author = match self.name.as_str() {
            _ if self.is_custom => Author::People,
            // Teams appear by name, and people chose those names.
            "teams" => Author::Anyone,
            name => Author::of(name, Author::OnceHub),
        };
        match plain(value) {
            Value::Null => "none".to_owned(),
            other => inline(&other, author),
        }
    }
}

fn custom(fields: &Map<String, Value>, name: &str) -> Value {
    let all = fields.get("custom_fields").and_then(Value::as_array).into_iter().flatten();
    let mut named = all.filter(|field| field.get("name").and_then(Value::as_str) == Some(name));
    named.find_map(|field| field.get("value").cloned()).unwrap_or_default()
}

/// Judges a change whose response was lost: it is done when a field that it was to change now has the value sent.
fn seen(before: &Map<String, Value>, now: Object, sent: &Map<String, Value>) -> Seen {
    let differed = differences(before, sent, sent);
    let still = differences(&now, sent, sent);
    let is_settled = |one: &Difference| !still.iter().any(|other| other.name == one.name);
    if differed.iter().any(is_settled) {
        Seen::Done(now)
    } else if differences(before, &now, sent).is_empty() {
        Seen::Nothing
    } else {
        Seen::Unclear
    }
}

/// Normalises a value so that insignificant differences disappear: how an empty value is written, surrounding spaces,
/// whether a number is a string, the order of a list.
fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) if text.trim().is_empty() => Value::Null,
        Value::String(text) => text.trim().into(),
        Value::Number(number) => number.to_string().into(),
        Value::Array(values) if values.is_empty() => Value::Null,
        Value::Array(values) => {
            let mut values: Vec<Value> = values.iter().map(plain).collect();
            values.sort_by_key(ToString::to_string);
            values.into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_was_asked_for_and_is_different_is_told() {
        let fields = |value: Value| value.as_object().unwrap().clone();
        let before = fields(json!({
            "company": "A", "city": null, "teams": ["TM-2", "TM-1"], "phone": "1",
            "custom_fields": [{"name": "Size", "value": "S"}, {"name": "Goal", "value": "x"}]
        }));
        let after = fields(json!({
            "company": "B", "city": " ", "teams": ["TM-1", "TM-2"], "phone": "2",
            "custom_fields": [{"name": "Goal", "value": "x"}, {"name": "Size", "value": ["M", "L"]}]
        }));
        let among = fields(json!({
            "company": 1, "city": 1, "teams": 1, "custom_fields": [{"name": "Size"}, {"name": "Goal"}, {"name": "New one"}]
        }));
        let told = differences(&before, &after, &among);
        assert_eq!(from_to(&told), r#"company from "A" to "B"; "Size" from "S" to ["L", "M"]"#);
        assert_eq!(is_not(&told[..1]), r#"company is "A", not "B""#);
        assert!(differences(&before, &before, &among).is_empty());
    }

    #[test]
    fn a_lost_change_is_done_when_what_was_sent_is_there_and_unclear_when_it_is_something_else() {
        let fields = |value: Value| value.as_object().unwrap().clone();
        let before = fields(json!({"company": "A", "city": "Oslo"}));
        let look = |now: Value, sent: Value| match seen(&before, Object::new(now), &fields(sent)) {
            Seen::Done(_) => "done",
            Seen::Nothing => "nothing",
            Seen::Unclear => "unclear",
        };
        let sent = json!({"company": "B", "city": "Oslo"});
        assert_eq!(look(json!({"company": " B", "city": "Oslo"}), sent.clone()), "done");
        assert_eq!(look(json!({"company": "A", "city": "Oslo"}), sent.clone()), "nothing");
        // Somebody else changed it, or OnceHub altered the value.
        assert_eq!(look(json!({"company": "C", "city": "Oslo"}), sent.clone()), "unclear");
        // A value that was there before proves nothing.
        assert_eq!(look(json!({"company": "A", "city": "Rome"}), sent), "unclear");
    }
}

//! Tool arguments as models really send them, read against the tool's schema: lenient where the meaning is plain, and
//! otherwise clear about which argument is wrong and what would be right.

use std::borrow::Cow;

use rmcp::ErrorData;
use rmcp::handler::server::common::FromContextPart;
use rmcp::handler::server::tool::ToolCallContext;
use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value, json};

use super::{Tools, reply, schema};
use crate::names::nearest;
use crate::records::Failure;
use crate::records::untrusted::{is_blank, typed};

/// What hosts add to the arguments of every tool, such as n8n: nothing that a model has meant.
const ADDED: [&str; 5] = ["toolCallId", "sessionId", "action", "chatInput", "tool"];

/// The arguments of one call, as a handler receives them. rmcp's `#[tool]` knows them by this name, and takes the tool's
/// input schema from here.
pub(super) struct Parameters<T>(pub(super) T);

impl<T: JsonSchema + 'static> JsonSchema for Parameters<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema::wrapped::<T>()
    }
}

impl<T: DeserializeOwned + JsonSchema + 'static> FromContextPart<ToolCallContext<'_, Tools>> for Parameters<T> {
    fn from_context_part(context: &mut ToolCallContext<'_, Tools>) -> Result<Self, ErrorData> {
        read(context.arguments.clone().unwrap_or_default()).map(Self).map_err(reply::stopping)
    }
}

/// Reads the arguments of one call.
///
/// For an optional argument null, "", "null", an empty object and a 0 below the minimum mean absent. A number sent as
/// text, a single value in place of a list, and JSON inside a string are converted to what they stand for; `call TOOL
/// key=value` relies on this too.
pub(super) fn read<T: DeserializeOwned + JsonSchema + 'static>(arguments: JsonObject) -> Result<T, Failure> {
    let read = straightened(&schema::input::<T>(), arguments)?;
    serde_path_to_error::deserialize(Value::Object(read)).map_err(|error| {
        let path = error.path().to_string();
        let problem = error.into_inner().to_string();
        Failure::argument(&path, problem, "correct it and call again")
    })
}

/// Returns the arguments as they are meant.
pub(super) fn straightened(schema: &JsonObject, mut arguments: JsonObject) -> Result<JsonObject, Failure> {
    leave_out_added(schema, &mut arguments);
    fields("", schema, arguments)
}

/// Removes what hosts add, unless the tool has such an argument.
pub(super) fn leave_out_added(schema: &JsonObject, arguments: &mut JsonObject) {
    let is_known = |name: &str| schema.get("properties").is_some_and(|known| known.get(name).is_some());
    arguments.retain(|name, _| !ADDED.contains(&name.as_str()) || is_known(name));
}

/// What OnceHub calls differently from the tools.
const ONCEHUB_NAMES: [(&str, &str); 16] = [
    ("after", "cursor"),
    ("booking_calendar", "calendar"),
    ("booking_form", "custom_fields"),
    ("cancellation_reason", "reason"),
    ("creation_time.gt", "created_after"),
    ("creation_time.lt", "created_before"),
    ("last_updated_time.gt", "updated_after"),
    ("last_updated_time.lt", "updated_before"),
    ("location.type", "location_type"),
    ("location.value", "location_value"),
    ("location.value", "video_provider"),
    ("reschedule_reason", "reason"),
    ("send_cancellation_email", "notify_guest"),
    ("starting_time.gt", "starts_after"),
    ("starting_time.lt", "starts_before"),
    ("utm_params", "utm"),
];

/// Returns the argument of a tool with this schema that OnceHub calls `param`, if there is one for certain.
pub(super) fn called_by_oncehub(schema: &JsonObject, param: &str) -> Option<String> {
    let known = schema.get("properties")?.as_object()?;
    // An id in a path is that of the one thing which the tool is about.
    let mut ids = known.keys().filter(|name| name.ends_with("_id"));
    let id = ids.next().filter(|_| param == "id" && ids.next().is_none());
    let renamed = ONCEHUB_NAMES.iter().filter(|(theirs, _)| *theirs == param).map(|(_, ours)| *ours);
    // `weekly.working_hours` is in `weekly`, and `booking_settings.host` is `host`.
    let parts = [param, param.split('.').next().unwrap_or(param), param.rsplit('.').next().unwrap_or(param)];
    let mut all = id.map(String::as_str).into_iter().chain(renamed).chain(parts);
    all.find(|name| known.contains_key(*name)).map(str::to_owned)
}

/// The default of a flag that is on unless a caller says otherwise.
pub(super) fn yes() -> bool {
    true
}

/// Whether a value is one of those that hosts fill in for an absent one.
pub(super) fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => matches!(text.trim(), "" | "null"),
        _ => false,
    }
}

/// Whether an optional argument's value cannot be meant: an empty object, or a 0 below the minimum.
fn is_filler(value: &Value, expected: &Value) -> bool {
    let text = value.as_str().map(str::trim);
    match kind_of(expected) {
        "object" | "array" => text == Some("{}") || value.as_object().is_some_and(JsonObject::is_empty),
        "integer" | "number" => {
            let is_zero = text == Some("0") || value.as_f64() == Some(0.0);
            is_zero && least(expected).is_some_and(|least| least > 0.0)
        }
        _ => false,
    }
}

/// Reads the fields of an object: the arguments themselves, or what is inside one.
fn fields(path: &str, schema: &JsonObject, given: JsonObject) -> Result<JsonObject, Failure> {
    let none = Map::new();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let takes_others = schema.get("additionalProperties") == Some(&Value::Bool(true));
    let mut read = Map::new();
    for (name, value) in given {
        let path = format!("{path}{name}");
        let Some(expected) = known.get(&name) else {
            if !takes_others {
                return Err(unknown(&path, known));
            }
            can_be_seen(&path, &value)?;
            read.insert(name, value);
            continue;
        };
        if is_filler(&value, expected) && !required(schema).any(|required| required == name) {
            continue;
        }
        if let Some(value) = coerce(&path, value, expected)? {
            read.insert(name, value);
        }
    }
    complete(path, schema, &read)?;
    Ok(read)
}

/// Rejects non-empty text that is invisible: OnceHub would accept it as a name.
fn can_be_seen(path: &str, value: &Value) -> Result<(), Failure> {
    match value {
        Value::String(text) if !text.trim().is_empty() && is_blank(text) => {
            let hint = "give text with visible characters";
            Err(Failure::argument(path, "has no visible characters", hint))
        }
        Value::Array(values) => {
            values.iter().enumerate().try_for_each(|(index, value)| can_be_seen(&format!("{path}[{index}]"), value))
        }
        Value::Object(fields) => {
            fields.iter().try_for_each(|(name, value)| can_be_seen(&format!("{path}.{name}"), value))
        }
        _ => Ok(()),
    }
}

/// Converts a value to the type in its schema; `None` if it is absent.
fn coerce(path: &str, value: Value, expected: &Value) -> Result<Option<Value>, Failure> {
    if is_absent(&value) {
        return Ok(None);
    }
    can_be_seen(path, &value)?;
    let kind = kind_of(expected);
    let value = match (kind, value) {
        ("string", Value::Number(number)) => Value::String(number.to_string()),
        ("string", Value::String(text)) => Value::String(one_of(text, expected)),
        ("integer" | "number", Value::String(text)) => {
            text.trim().parse::<Number>().map_or(Value::String(text), Value::Number)
        }
        ("boolean", Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" => Value::Bool(true),
            "false" | "no" => Value::Bool(false),
            _ => Value::String(text),
        },
        ("array", Value::String(text)) => list(&text),
        ("array", Value::Object(fields)) => Value::Array(vec![fields.into()]),
        ("object", Value::String(text)) => {
            serde_json::from_str(&text).ok().or_else(|| hours(&text, expected)).unwrap_or(Value::String(text))
        }
        (_, value) => value,
    };
    let value = match value {
        Value::Number(number) if kind == "integer" => whole(&number).map_or(Value::Number(number), Value::from),
        value => value,
    };
    let fits = match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    if !fits {
        let problem = format!("must be {}, not {}", article(kind), describe(&value));
        let hint = shape(expected).unwrap_or_else(|| meaning(expected, "correct it and call again"));
        return Err(Failure::argument(path, problem, hint));
    }
    if let Some(problem) = out_of_range(&value, expected).or_else(|| none_of(&value, expected)) {
        return Err(Failure::argument(path, problem, "correct it and call again"));
    }
    match (value, expected.get("items"), expected.as_object()) {
        (Value::Array(given), Some(items), _) => {
            let was_empty = given.is_empty();
            let each = given.into_iter().enumerate().map(|(i, value)| coerce(&format!("{path}[{i}]"), value, items));
            let read: Vec<Value> = each.filter_map(Result::transpose).collect::<Result<_, _>>()?;
            // A list of nothing but fillers is not an empty list, which may mean to remove everything.
            Ok((was_empty || !read.is_empty()).then_some(Value::Array(read)))
        }
        (Value::Object(given), _, Some(expected)) => {
            let was_empty = given.is_empty();
            let read = fields(&format!("{path}."), expected, given)?;
            Ok((was_empty || !read.is_empty()).then_some(Value::Object(read)))
        }
        (value, ..) => Ok(Some(value)),
    }
}

/// Reads hours that are written as a range: `10:00-16:00`.
fn hours(text: &str, expected: &Value) -> Option<Value> {
    let fields = expected.get("properties")?;
    let text = typed(text).replace(" to ", "-");
    let (start, end) = text.split_once('-').filter(|(start, end)| !start.is_empty() && !end.contains('-'))?;
    let takes_hours = fields.get("start_time").is_some() && fields.get("end_time").is_some();
    takes_hours.then(|| json!({"start_time": start.trim(), "end_time": end.trim()}))
}

/// Shows an object with its required fields, as a hint.
fn shape(expected: &Value) -> Option<String> {
    let fields: Vec<String> = required(expected.as_object()?).map(|name| format!("{}: …", Value::from(name))).collect();
    (!fields.is_empty()).then(|| format!("write it as {{{}}}", fields.join(", ")))
}

fn kind_of(expected: &Value) -> &str {
    expected.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn required(schema: &JsonObject) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Checks that all required arguments are present.
fn complete(path: &str, schema: &JsonObject, read: &Map<String, Value>) -> Result<(), Failure> {
    let missing: Vec<&str> = required(schema).filter(|name| !read.contains_key(*name)).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let (problem, hint) = match missing.get(1..).unwrap_or_default() {
        [] => {
            let of_it = schema.get("properties").and_then(|known| known.get(*first)).unwrap_or(&Value::Null);
            let mut hint = meaning(of_it, "call again with it");
            // An id can be found; what is not one, a person has to know.
            if !first.ends_with("_id") {
                hint.push_str("; if you do not know it, ask the person: do not guess");
            }
            ("is required".to_owned(), hint)
        }
        others => {
            let hint = "call again with all of them; ask the person for what you do not know";
            (format!("is required, along with {}", others.join(", ")), hint.to_owned())
        }
    };
    Err(Failure::argument(&format!("{path}{first}"), problem, hint))
}

/// Describes an argument, as a hint.
fn meaning(expected: &Value, otherwise: &str) -> String {
    match expected.get("description").and_then(Value::as_str) {
        Some(meaning) => format!("expected: {meaning}"),
        None => otherwise.to_owned(),
    }
}

/// Returns the choice that is meant, whatever its case and whether its words are joined by spaces or dashes.
fn one_of(text: String, expected: &Value) -> String {
    let Some(choices) = expected.get("enum").and_then(Value::as_array) else { return text };
    // OnceHub itself uses both spellings.
    let fold = |text: &str| text.trim().to_lowercase().replace([' ', '-'], "_").replace("cancelled", "canceled");
    let folded = fold(&text);
    let found = choices.iter().filter_map(Value::as_str).find(|choice| fold(choice) == folded);
    found.map_or(text, str::to_owned)
}

/// Returns the problem with a text that is not one of the choices.
fn none_of(value: &Value, expected: &Value) -> Option<String> {
    let choices: Vec<&str> = expected.get("enum")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let text = value.as_str().filter(|text| !choices.contains(text))?;
    Some(format!("must be one of {}, not {}", choices.join(", "), describe(&text.into())))
}

/// Reads a list that was sent as one string: JSON, or comma-separated values. What is empty between commas stays, and is
/// a filler, so that nothing but commas is not an empty list.
fn list(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Array(values)) => Value::Array(values),
        _ => text.split(',').map(str::trim).map(Value::from).collect(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range and the fraction are checked")]
fn whole(number: &Number) -> Option<i64> {
    if number.is_i64() || number.is_u64() {
        return None;
    }
    number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64)
}

/// Returns the least number that is taken: a count is never negative, and one with a maximum begins at one.
fn least(expected: &Value) -> Option<f64> {
    let bound = |name: &str| expected.get(name).and_then(Value::as_f64);
    let counted = if bound("maximum").is_some() { 1.0 } else { 0.0 };
    bound("minimum").or(Some(counted).filter(|_| kind_of(expected) == "integer"))
}

fn out_of_range(value: &Value, expected: &Value) -> Option<String> {
    let number = value.as_f64()?;
    let (low, high) = (least(expected), expected.get("maximum").and_then(Value::as_f64));
    let outside = low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high);
    outside.then(|| match (low, high) {
        (Some(low), Some(high)) => format!("must be {low} to {high}, not {number}"),
        (Some(low), None) => format!("must be {low} or more, not {number}"),
        _ => format!("must be {} or less, not {number}", high.unwrap_or_default()),
    })
}

fn article(kind: &str) -> String {
    match kind {
        "integer" => "a whole number".into(),
        "array" => "a list".into(),
        "object" => "an object".into(),
        "boolean" => "true or false".into(),
        "string" => "text".into(),
        other => format!("a {other}"),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        other => other.to_string().chars().take(60).collect(),
    }
}

fn unknown(path: &str, known: &Map<String, Value>) -> Failure {
    let shown: String = path.chars().take(60).collect();
    let name = path.rsplit('.').next().unwrap_or(path);
    let all = known.keys().cloned().collect::<Vec<_>>().join(", ");
    let hint = match nearest(name, known.keys().map(String::as_str)) {
        Some(nearest) => format!("did you mean {nearest}? The arguments are {all}"),
        None if known.is_empty() => "this tool takes no arguments".into(),
        None => format!("leave it out; the arguments are {all}"),
    };
    Failure::argument(&shown, "there is no such argument", hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        booking_id: String,
        reason: Option<String>,
        #[schemars(range(min = 1, max = 500))]
        limit: Option<u32>,
        #[serde(default)]
        status: Vec<Status>,
        notify: Option<bool>,
        custom_fields: Option<Map<String, Value>>,
    }

    #[test]
    fn what_oncehub_names_is_the_argument_that_was_passed_for_it() {
        let tools = crate::tools::Catalogue::new(&crate::tools::Selection::default()).unwrap();
        for (tool, theirs, ours) in [
            ("get_booking", "id", Some("booking_id")),
            // It could be either's.
            ("move_booking", "id", None),
            ("list_users", "after", Some("cursor")),
            ("list_bookings", "starting_time.gt", Some("starts_after")),
            ("list_bookings", "limit", Some("limit")),
            ("reassign_booking", "location.value", Some("video_provider")),
            ("schedule_meeting", "location.value", Some("location_value")),
            ("update_scheduling_availability", "weekly.working_hours.start_time", Some("weekly")),
            ("create_one_time_link", "booking_settings.host", Some("host")),
            ("update_user", "body", None),
        ] {
            let schema = &tools.get(tool).unwrap().input_schema;
            assert_eq!(called_by_oncehub(schema, theirs).as_deref(), ours, "{tool}: {theirs}");
        }
    }

    #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Status {
        Scheduled,
        NoShow,
    }

    fn sample(arguments: Value) -> Result<Sample, Failure> {
        let Value::Object(arguments) = arguments else { panic!("not an object") };
        read(arguments)
    }

    #[test]
    fn what_a_model_plainly_means_is_taken() {
        let read = sample(json!({
            "booking_id": 17, "reason": "", "limit": "10", "status": "No-show, scheduled", "notify": "false",
            "custom_fields": "{\"a\": [1]}"
        }));
        let read = read.unwrap();
        assert_eq!((read.booking_id.as_str(), read.reason, read.limit), ("17", None, Some(10)));
        assert_eq!(read.status, [Status::NoShow, Status::Scheduled]);
        assert_eq!((read.notify, read.custom_fields.unwrap().len()), (Some(false), 1));
        assert_eq!(sample(json!({"booking_id": "a", "limit": 3.0, "status": null})).unwrap().limit, Some(3));
    }

    #[test]
    fn what_cannot_be_meant_is_named_with_what_would_be_right() {
        let message = |arguments| sample(arguments).unwrap_err().text();
        for (arguments, expected) in [
            (json!({"booking": "x"}), "booking: there is no such argument\nhint: did you mean booking_id?"),
            (json!({"booking_id": "x", "zzz": 1}), "leave it out; the arguments are booking_id, reason"),
            (
                json!({"booking_id": "x", "limits": 1}),
                "did you mean limit? The arguments are booking_id, reason, limit",
            ),
            (json!({"booking_id": ""}), "booking_id: is required"),
            (json!({"booking_id": "x", "limit": 501}), "limit: must be 1 to 500, not 501"),
            (json!({"booking_id": "x", "limit": "ten"}), "limit: must be a whole number, not \"ten\""),
            (json!({"booking_id": "x", "limit": 1.5}), "limit: must be a whole number, not 1.5"),
            (json!({"booking_id": ["x"]}), "booking_id: must be text, not a list"),
            (json!({"booking_id": "x", "notify": 1}), "notify: must be true or false, not 1"),
            (
                json!({"booking_id": "x", "status": ["gone"]}),
                "status[0]: must be one of scheduled, no_show, not \"gone\"",
            ),
            (json!({"booking_id": "x", "custom_fields": "{"}), "custom_fields: must be an object"),
        ] {
            let text = message(arguments);
            assert!(text.contains(expected), "{text}");
        }
    }
}

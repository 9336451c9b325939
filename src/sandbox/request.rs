//! A request as OnceHub reads it, and its rejections.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// A request that was received.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path segments below `/v2`.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    /// The body; `Err` when it is not JSON.
    pub(super) body: Result<Option<Value>, ()>,
    pub(super) key: Option<String>,
}

/// The response to a request.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    /// The `Link` header.
    pub(super) link: Option<String>,
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body, link: None }
    }

    /// Confirms that an object was deleted.
    pub(super) fn deleted(id: &str) -> Self {
        Self::ok(json!({"id": id, "deleted": true}))
    }
}

/// OnceHub's error object.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    kind: &'static str,
    message: String,
    param: Option<String>,
}

pub(super) type Answer = Result<Reply, Refusal>;

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        let kind = match status {
            401 | 403 => "authentication_error",
            429 => "rate_limit_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        Self { status, kind, message: message.into(), param: None }
    }

    /// Rejects a parameter.
    pub(super) fn bad(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(400, message).about(param)
    }

    /// Rejects a parameter for its value, which the message repeats.
    pub(super) fn invalid(param: impl Into<String>, what: &str, value: &Value) -> Self {
        Self::bad(param, format!("Invalid {what}: '{}'", repeated(value)))
    }

    pub(super) fn missing(param: impl Into<String>) -> Self {
        Self::bad(param, "Required fields are missing.")
    }

    /// Names the parameter at fault.
    pub(super) fn about(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Marks a rejection as unrelated to the key, though its status suggests otherwise.
    pub(super) fn of_the_request(mut self) -> Self {
        self.kind = "invalid_request_error";
        self
    }

    pub(super) fn not_found(noun: &str, id: &str) -> Self {
        Self::new(404, format!("No such {noun}: '{id}'")).about("id")
    }

    pub(super) fn reply(self) -> Reply {
        let mut body = json!({"type": self.kind, "message": self.message});
        if let (Some(param), Value::Object(fields)) = (self.param, &mut body) {
            fields.insert("param".into(), param.into());
        }
        Reply { status: self.status, body, link: None }
    }
}

/// Rejects a request unless a condition holds.
pub(super) fn ensure(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal) }
}

/// Rejects unknown parameters, as OnceHub does in queries and in some bodies.
pub(super) fn only<'a>(
    names: impl IntoIterator<Item = &'a String>,
    is_known: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    match names.into_iter().find(|name| !is_known(name)) {
        Some(name) => Err(Refusal::bad(name, format!("Received unknown parameter: {name}"))),
        None => Ok(()),
    }
}

impl Request {
    pub(super) fn unrecognized(&self) -> Refusal {
        Refusal::new(404, format!("Unrecognized request URL ({}: /v2/{})", self.method, self.path.join("/")))
    }

    /// Returns a query parameter, if it is present and not empty.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Rejects query parameters other than these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        only(self.query.iter().map(|(name, _)| name), |name| known.contains(&name))
    }

    /// Reads `name.gt` and `name.lt`, both exclusive.
    pub(super) fn range(&self, name: &str) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
        let (gt, lt) = (format!("{name}.gt"), format!("{name}.lt"));
        let (after, before) = (self.time(&gt)?, self.time(&lt)?);
        let in_order = after.zip(before).is_none_or(|(after, before)| after <= before);
        ensure(in_order, Refusal::bad(&gt, format!("{gt} cannot be later than {lt}")))?;
        Ok((after, before))
    }

    /// Reads a time: ISO 8601, or a date, meaning its midnight in UTC.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let read = |text: &str| read_time(text).ok_or_else(|| Refusal::bad(name, format!("Invalid date: {text}")));
        self.param(name).map(read).transpose()
    }

    /// Returns the body's fields; fields unknown to the operation are rejected.
    pub(super) fn fields(&self, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
        self.fields_or(known, "Unsupported field")
    }

    /// Returns the fields of a body that changes something: at least one is required.
    pub(super) fn changes(&self, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
        let fields = self.fields(known)?;
        ensure(!fields.is_empty(), Refusal::bad("body", "At least one field must be provided to update."))?;
        Ok(fields)
    }

    /// Returns the body's fields, with `unknown` as the error for fields unknown to the operation.
    pub(super) fn fields_or(&self, known: &[&str], unknown: &str) -> Result<Map<String, Value>, Refusal> {
        let fields = match &self.body {
            Err(()) => return Err(Refusal::bad("body", "Invalid JSON in the request body.")),
            Ok(None | Some(Value::Null)) => Map::new(),
            Ok(Some(Value::Object(fields))) => fields.clone(),
            Ok(Some(_)) => return Err(Refusal::bad("body", "The request body must be an object.")),
        };
        match fields.keys().find(|key| !known.is_empty() && !known.contains(&key.as_str())) {
            Some(key) => Err(Refusal::bad(key, unknown)),
            None => Ok(fields),
        }
    }
}

/// Formats a value as a rejection quotes it: a string without its quotation marks.
fn repeated(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a text is an email address with a dot after its @.
pub(super) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let is_plain = |text: &str| !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace());
    is_plain(name)
        && is_plain(host)
        && !host.contains('@')
        && host.contains('.')
        && host.split('.').all(|label| !label.is_empty())
}

/// Formats a time as it is sent: in UTC, in whole seconds.
pub(super) fn wire(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn read_time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let date: Date = text.parse().ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

//! A request as OnceHub reads it, and its refusals.

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

    /// Names the parameter at fault.
    pub(super) fn about(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Marks a refusal as unrelated to the key, though its status suggests otherwise.
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

impl Request {
    /// Returns a query parameter, if it is present and not empty.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Rejects unknown query parameters, as OnceHub does.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.query.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, _)) => Err(Refusal::new(400, format!("Received unknown parameter: {key}")).about(key)),
            None => Ok(()),
        }
    }

    /// Reads `name.gt` and `name.lt`, both exclusive.
    pub(super) fn range(&self, name: &str) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
        let (gt, lt) = (format!("{name}.gt"), format!("{name}.lt"));
        let after = self.time(&gt)?;
        let before = self.time(&lt)?;
        if let (Some(after), Some(before)) = (after, before)
            && after > before
        {
            return Err(Refusal::new(400, format!("{gt} cannot be later than {lt}")).about(gt));
        }
        Ok((after, before))
    }

    /// Reads a time: ISO 8601, or a date, meaning its midnight in UTC.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.param(name) else { return Ok(None) };
        read_time(text).map(Some).ok_or_else(|| Refusal::new(400, format!("Invalid date: {text}")).about(name))
    }

    /// Returns the body's fields; fields unknown to the operation are rejected.
    pub(super) fn fields(&self, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
        self.fields_or(known, "Unsupported field")
    }

    /// Returns the fields of a body that changes something: at least one is required.
    pub(super) fn changes(&self, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
        let fields = self.fields(known)?;
        if fields.is_empty() {
            return Err(Refusal::new(400, "At least one field must be provided to update.").about("body"));
        }
        Ok(fields)
    }

    /// Returns the body's fields, with `unknown` as the error for fields unknown to the operation.
    pub(super) fn fields_or(&self, known: &[&str], unknown: &str) -> Result<Map<String, Value>, Refusal> {
        let fields = match &self.body {
            Err(()) => {
                return Err(Refusal::new(400, "Invalid JSON in the request body.").about("body"));
            }
            Ok(None | Some(Value::Null)) => Map::new(),
            Ok(Some(Value::Object(fields))) => fields.clone(),
            Ok(Some(_)) => {
                return Err(Refusal::new(400, "The request body must be an object.").about("body"));
            }
        };
        match fields.keys().find(|key| !known.is_empty() && !known.contains(&key.as_str())) {
            Some(key) => Err(Refusal::new(400, unknown).about(key)),
            None => Ok(fields),
        }
    }
}

/// Formats a value as a refusal quotes it: a string without its quotation marks.
pub(super) fn repeated(value: &Value) -> String {
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

pub(super) fn read_time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let date: Date = text.parse().ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

/// Returns one page of `rows`, which are in order of creation: OnceHub lists the newest first.
pub(super) fn page<T>(
    request: &Request,
    rows: &[T],
    id: impl Fn(&T) -> &str,
    keep: impl Fn(&T) -> bool,
    show: impl Fn(&T) -> Value,
) -> Answer {
    let limit = match request.param("limit") {
        None => 10,
        Some(text) => text.parse().ok().filter(|n| (1..=100).contains(n)).ok_or_else(|| {
            Refusal::new(400, format!("Out of range value: {text}. Please provide a number between 1 and 100."))
                .about("limit")
        })?,
    };
    let (before, after) = (request.param("before"), request.param("after"));
    if before.is_some() && after.is_some() {
        return Err(Refusal::new(400, "Received both before and after parameters. Please provide only one."));
    }
    let place = |cursor: Option<&str>, param: &str| match cursor {
        None => Ok(None),
        Some(cursor) => rows
            .iter()
            .rposition(|row| id(row) == cursor)
            .map(Some)
            .ok_or_else(|| Refusal::new(400, format!("Invalid cursor: '{cursor}'")).about(param)),
    };
    let (before_at, after_at) = (place(before, "before")?, place(after, "after")?);
    // Older than `after`, newest first; or newer than `before`, starting with the nearest.
    let (shown, more_older, more_newer) = if let Some(at) = before_at {
        let newer = rows.iter().skip(at + 1).filter(|row| keep(row));
        let mut shown: Vec<&T> = newer.take(limit + 1).collect();
        let more = shown.len() > limit;
        shown.truncate(limit);
        shown.reverse();
        (shown, true, more)
    } else {
        let older = rows.iter().take(after_at.unwrap_or(rows.len())).rev().filter(|row| keep(row));
        let mut shown: Vec<&T> = older.take(limit + 1).collect();
        let more = shown.len() > limit;
        shown.truncate(limit);
        (shown, more, after_at.is_some())
    };
    let cursor = |row: Option<&&T>| row.map(|row| id(row).to_owned());
    let link = |rel: &str, key: &str, at: Option<String>| {
        // OnceHub's own links lack /v2.
        at.map(|at| {
            format!("<https://api.oncehub.com/{}?{key}={at}&limit={limit}>; rel=\"{rel}\"", request.path.join("/"))
        })
    };
    let next = if more_older { link("next", "after", cursor(shown.last())) } else { None };
    let previous = if more_newer { link("previous", "before", cursor(shown.first())) } else { None };
    let links: Vec<String> = [next, previous].into_iter().flatten().collect();
    let has_more = if before_at.is_some() { more_newer } else { more_older };
    let data: Vec<Value> = shown.into_iter().map(show).collect();
    let body = json!({"object": "list", "data": data, "has_more": has_more});
    Ok(Reply { status: 200, body, link: (!links.is_empty()).then(|| links.join(", ")) })
}

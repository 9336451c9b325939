//! A tool's reply: an object that fits its output schema, and one compact text that says the same.

use rmcp::ErrorData;
use rmcp::handler::server::tool::IntoCallToolResult;
use rmcp::model::{CallToolResponse, CallToolResult, ContentBlock, JsonObject};
use schemars::JsonSchema;
use serde::{Deserialize as _, Serialize};
use serde_json::{Map, Value, json};

use crate::actions::{Declined, Done, Stop};
use crate::oncehub::{Id, Outcome};
use crate::records::untrusted::clean_value;
use crate::records::{Failure, Zone, clean, localised, quoted};
use crate::tools::arguments;
use crate::tools::size::json_size;

/// The note on a reply when OnceHub's response to a write was lost.
pub(super) const FOUND_NOTE: &str =
    "OnceHub's response was lost, or did not show it; this was looked up afterwards and shows that it was done.";

/// What a tool's handler returns: a reply, or why there is none.
pub(super) type Answer<E = Failure> = Result<Reply, E>;

/// A successful reply.
#[derive(Debug)]
pub(super) struct Reply {
    structure: Map<String, Value>,
    text: String,
}

/// The reply to a deletion.
#[derive(Serialize, JsonSchema)]
pub(super) struct Deletion {
    id: String,
    deleted: bool,
    /// Its name
    name: String,
}

/// The reply to a change that the person did not agree to: the same for every tool, and nothing of the object, so that it
/// cannot pass for a change.
#[derive(Serialize, JsonSchema)]
pub(super) struct NotAgreed {
    /// False: the person did not agree, and nothing was changed. True: they were asked, and agreed. Absent: nobody was asked
    confirmed: bool,
    /// What the person was asked
    question: String,
    /// Anything else to know
    note: String,
}

/// The reply to a change of a server that only says what it would do.
#[derive(Serialize, JsonSchema)]
pub(super) struct DryRun {
    /// True: nothing was sent
    dry_run: bool,
    /// What a dry run would have done
    would: String,
}

fn fields(value: impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

impl Reply {
    pub(super) fn new(structure: impl Serialize, text: impl Into<String>) -> Self {
        Self { structure: fields(structure), text: text.into() }
    }

    /// States the zone of its local times.
    pub(super) fn in_zone(mut self, zone: &Zone) -> Self {
        self.structure.insert("time_zone".into(), zone.name().into());
        self
    }

    /// Adds the local form of each of its times.
    pub(super) fn localised(mut self, zone: &Zone) -> Self {
        self.structure = localised(self.structure, zone);
        self
    }

    /// Notes that OnceHub's response was lost, if it was.
    pub(super) fn after(mut self, done: &Done) -> Self {
        if done.looked_up {
            self.note(FOUND_NOTE);
        }
        self
    }

    /// Builds the reply to a deletion.
    pub(super) fn deleted(what: &str, id: &Id, name: String, done: &Done) -> Self {
        let text = format!("Deleted the {what} {} ({id}).", quoted(&name, 80));
        Self::new(Deletion { id: id.to_string(), deleted: true, name }, text).after(done)
    }

    /// Returns about how many bytes the reply takes as JSON, with its structure or without.
    pub(super) fn size(&self, structured: bool) -> usize {
        json_size(&self.text) + if structured { json_size(&self.structure) } else { 0 }
    }

    /// Inserts a field before all others.
    pub(super) fn put_first(&mut self, name: &str, value: impl Into<Value>) {
        self.structure.shift_insert(0, name.to_owned(), value.into());
    }

    /// Adds a field.
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.structure.insert(name.to_owned(), value.into());
    }

    /// Adds the arguments of a call to make next, to both forms; returns false if the reply has no room for them. They are
    /// whole or not there at all: a call with half of them would do something else.
    pub(super) fn put_arguments(&mut self, name: &str, tool: &str, arguments: &impl Serialize, most: usize) -> bool {
        let arguments = fields(arguments);
        if self.size(true) + 2 * json_size(&arguments) > most.saturating_sub(most / 20 + 1000) {
            return false;
        }
        self.text.push_str(&format!("\n{name}: {tool} {}", Value::Object(arguments.clone())));
        self.put(name, arguments);
        true
    }

    /// Adds a sentence of our own to both forms.
    pub(super) fn note(&mut self, note: &str) {
        let noted = match self.structure.get("note").and_then(Value::as_str) {
            Some(before) if before.ends_with('.') => format!("{before} {note}"),
            Some(before) => format!("{before}; {note}"),
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

impl From<Declined> for Reply {
    fn from(Declined { question, why }: Declined) -> Self {
        // A host that nobody sits at may decline by itself: then the user does not know of it.
        let note = format!(
            "Nothing was changed: {why}. Tell the user so, and what was asked: their client may have answered without them. \
             Call again only if they ask for it."
        );
        let text = format!("{note}\nThe question was: {question}");
        Self::new(NotAgreed { confirmed: false, question, note }, text)
    }
}

impl IntoCallToolResult for Stop {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        match self {
            Self::Failed(failure) => failure.into_call_tool_result(),
            Self::Declined(declined) => Reply::from(declined).into_call_tool_result(),
            Self::DryRun { would } => {
                let text = format!(
                    "Dry run: nothing was sent, and nobody was asked. Whether OnceHub would accept it was not checked. \
                     What it would do: {would}"
                );
                Reply::new(DryRun { dry_run: true, would }, text).into_call_tool_result()
            }
        }
    }
}

/// Returns only the typed failure: [`render`] adds the text once everything about it is known.
impl IntoCallToolResult for Failure {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        let mut result = CallToolResult::error(Vec::new());
        result.structured_content = Some(json!({ "error": self }));
        Ok(result.into())
    }
}

/// Takes the failure out of a tool's result, if it is one.
pub(super) fn failure_of(result: &mut CallToolResult) -> Option<Failure> {
    Failure::deserialize(result.structured_content.as_mut()?.get_mut("error")?.take()).ok()
}

/// Returns the error with which a failure stops a call before its handler runs.
pub(super) fn stopping(failure: Failure) -> ErrorData {
    let data = serde_json::to_value(&failure).ok();
    ErrorData::invalid_params(failure.message, data)
}

/// Takes the failure out of an error that stopped a call, if it is one.
pub(super) fn stopped_by(error: &ErrorData) -> Option<Failure> {
    Failure::deserialize(error.data.as_ref()?).ok()
}

/// Renders a failure for the client of a tool with this input schema. A tool that `changes` something has not done it,
/// unless the failure says otherwise.
pub(super) fn render(mut failure: Failure, input: &JsonObject, changes: bool) -> CallToolResult {
    if changes {
        failure.outcome.get_or_insert(Outcome::NotDone);
    }
    failure.argument = failure.param.as_deref().and_then(|param| match failure.status {
        Some(_) => arguments::called_by_oncehub(input, param),
        None => Some(param.to_owned()),
    });
    let mut result = CallToolResult::error(vec![ContentBlock::text(failure.text())]);
    result.structured_content = Some(json!({ "error": failure }));
    result
}

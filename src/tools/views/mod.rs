//! Opening a view in the chat, for the person to look and choose. Each tool only reads, and returns at once: it never
//! waits for the person. What they do in the view comes as calls of other tools.

mod agenda;
mod availability;
mod slots;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::records::time;
use crate::tools::Call;

/// The maximum size of a reply, in bytes: a host keeps it with the chat, and shows it to the model, too.
pub(super) const MOST: usize = 8000;

/// The room in it for text and structure: some is left for what is noted during the call.
const ROOM: usize = MOST - 500;

/// The longest text that is shown, in characters.
const LONGEST: usize = 120;

/// Returns when the call began: a view reads what is older again before a change.
fn as_of(call: &Call) -> String {
    time::instant(call.now())
}

/// Shortens all texts in a value.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

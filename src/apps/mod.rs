//! Views in the chat (MCP Apps): one static document each, which a host draws in a frame of its own.
//!
//! A document has no data and no names in it: it is the same for everybody, needs no network, and learns what it shows
//! from the reply of the tool that opened it. Its pieces are the files beside this one, joined by the compiler, and sent
//! without comments, indents and most line breaks.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::LazyLock;

use rmcp::model::{ClientCapabilities, JsonObject, MetaObject, Resource, ResourceContents};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The extension of the protocol, as clients and servers declare it.
pub const EXTENSION: &str = "io.modelcontextprotocol/ui";

/// The type of a view's document.
pub const MIME_TYPE: &str = "text/html;profile=mcp-app";

/// What the URIs of all views begin with.
const ROOT: &str = "ui://oncehub/";

/// Joins a view's sources: its title, and the name of its files.
macro_rules! document {
    ($title:literal, $view:literal) => {
        concat!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
            "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
            $title,
            "</title>\n<style>\n",
            include_str!("base.css"),
            include_str!(concat!($view, ".css")),
            "</style>\n</head>\n<body>\n",
            include_str!(concat!($view, ".html")),
            "<script type=\"module\">\n",
            include_str!("bridge.js"),
            include_str!("dom.js"),
            include_str!("time.js"),
            include_str!(concat!($view, ".js")),
            "</script>\n</body>\n</html>\n"
        )
    };
}

/// A view in the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum View {
    /// The free times of a calendar, to pick and book one.
    Slots,
    /// Bookings, to look at and to change.
    Agenda,
    /// The working hours of a user, to change.
    Availability,
}

/// The URIs of the views, in their order.
static URIS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let uri = |view: View| {
        let hash = Sha256::digest(view.document());
        let mut uri = format!("{ROOT}{}/", view.name());
        hash.iter().take(4).for_each(|byte| _ = write!(uri, "{byte:02x}"));
        uri
    };
    View::all().map(uri).collect()
});

impl View {
    /// Returns all views.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::IntoEnumIterator>::iter()
    }

    /// Returns its name, as it stands in its URI.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns its title, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Slots => "Free times",
            Self::Agenda => "Bookings",
            Self::Availability => "Working hours",
        }
    }

    /// Returns its document. It is made anew each time: hosts keep it, and so no server has to.
    pub fn document(self) -> String {
        let lines = self.sources().lines().map(str::trim).filter(|line| !line.is_empty() && !is_comment(line));
        lines.flat_map(|line| [line, if goes_on(line) { "" } else { "\n" }]).collect()
    }

    /// Returns its sources, as one document.
    fn sources(self) -> &'static str {
        match self {
            Self::Slots => document!("Free times", "slots"),
            Self::Agenda => document!("Bookings", "agenda"),
            Self::Availability => document!("Working hours", "availability"),
        }
    }

    /// Returns its URI. It ends in the beginning of the document's SHA-256, since hosts cache by URI.
    pub fn uri(self) -> &'static str {
        URIS.get(self as usize).map_or(ROOT, String::as_str)
    }

    /// Returns the view at a URI, with whatever end: a chat keeps the URI of the day on which it was held.
    pub fn at(uri: &str) -> Option<Self> {
        let (name, _) = uri.strip_prefix(ROOT).map(|path| path.split_once('/').unwrap_or((path, "")))?;
        name.parse().ok()
    }

    /// Returns the tool that opens it.
    pub fn opened_by(self) -> &'static str {
        match self {
            Self::Slots => "show_free_slots",
            Self::Agenda => "show_bookings",
            Self::Availability => "show_availability",
        }
    }

    /// Returns the tools that it calls. A host refuses it all others.
    pub fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Slots => &[
                "get_booking_calendar", "get_booking_time_slots", "list_bookings", "schedule_meeting",
                "show_free_slots",
            ],
            Self::Agenda => &[
                "cancel_booking", "get_booking", "list_bookings", "list_users", "mark_no_show", "reassign_booking",
                "request_reschedule", "show_bookings",
            ],
            Self::Availability => {
                &["get_scheduling_availability", "show_availability", "update_scheduling_availability"]
            }
        }
    }

    /// Returns what the definition of the tool that opens it says of it: in the form of today, and in that of before.
    pub fn of_tool(self) -> MetaObject {
        let ui = json!({"resourceUri": self.uri(), "visibility": ["model", "app"]});
        meta([("ui", ui), ("ui/resourceUri", self.uri().into())])
    }

    /// Returns it as a list of resources has it.
    pub fn resource(self) -> Resource {
        let resource = Resource::new(self.uri(), self.name()).with_title(self.title());
        resource.with_mime_type(MIME_TYPE).with_meta(Self::of_document())
    }

    /// Returns its document, read under this URI.
    pub fn contents(self, uri: &str) -> ResourceContents {
        ResourceContents::text(self.document(), uri).with_mime_type(MIME_TYPE).with_meta(Self::of_document())
    }

    /// It needs no network and no permission, and looks best with a border.
    fn of_document() -> MetaObject {
        meta([("ui", json!({"csp": {}, "prefersBorder": true}))])
    }
}

/// Whether a line is nothing but a comment, or a part of one. A comment before code is a type's.
fn is_comment(line: &str) -> bool {
    let is_whole = |rest: &str| rest.split_once("*/").is_none_or(|(_, after)| after.is_empty());
    line.starts_with("//")
        || line == "*"
        || ["* ", "*/"].iter().any(|mark| line.starts_with(mark))
        || line.strip_prefix("/*").is_some_and(is_whole)
}

/// Whether a script or a style sheet goes on after this line without a break, all the same.
fn goes_on(line: &str) -> bool {
    line.ends_with(['{', '(', '[', ',', ';'])
}

/// Returns what the definition of a tool that no view calls says: that only the model may.
pub fn for_the_model_alone() -> MetaObject {
    meta([("ui", json!({"visibility": ["model"]}))])
}

fn meta<const N: usize>(fields: [(&str, Value); N]) -> MetaObject {
    MetaObject(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<JsonObject>())
}

/// To whom views are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Views {
    /// To clients that say that they have views.
    #[default]
    Auto,
    /// To all: some have views, and do not say so.
    On,
    /// To none.
    Off,
}

impl Views {
    /// Whether they are offered to a client with these capabilities.
    pub fn are_offered_to(self, client: Option<&ClientCapabilities>) -> bool {
        match self {
            Self::Auto => client.is_some_and(has_views),
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// Whether a client says that it has views, and of our type.
fn has_views(client: &ClientCapabilities) -> bool {
    let settings = client.extensions.as_ref().and_then(|extensions| extensions.get(EXTENSION));
    let types = settings.and_then(|settings| settings.get("mimeTypes")?.as_array());
    types.is_some_and(|types| types.iter().any(|kind| kind == MIME_TYPE))
}

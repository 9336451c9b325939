//! Records as resources: a booking or a calendar at a URI of its own, which a person attaches to a conversation. They are
//! templates only: a list of them would cost requests.
//!
//! What is read at a URI is what the tool that reads the record replies. This room does not know the tools: it names the
//! one that its caller has to call.

use percent_encoding::percent_decode_str;
use rmcp::model::ResourceTemplate;

use crate::names::Names;
use crate::oncehub::Id;
use crate::records::{Noun, quoted};

/// What the URIs of all records begin with.
const SCHEME: &str = "oncehub://";

/// The only variable of a template.
const VARIABLE: &str = "id";

/// What the contents of a record are.
pub const MIME_TYPE: &str = "application/json";

/// All templates.
const ALL: [Template; 2] = [
    Template {
        name: "booking",
        title: "Booking",
        description: "A booking in full: notes and answers, join link, location, reschedule and cancel links, payment.",
        collection: "bookings",
        ids: Ids::OfBookings,
        tool: "get_booking",
        argument: "booking_id",
    },
    Template {
        name: "booking_calendar",
        title: "Booking calendar",
        description: "A booking calendar: its host, one of its durations, public URL, whether published, and what its form \
            asks.",
        collection: "calendars",
        ids: Ids::Of(Noun::Calendars),
        tool: "get_booking_calendar",
        argument: "calendar_id",
    },
];

/// The records of one noun.
#[derive(Debug)]
pub struct Template {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// What comes before the id in a URI.
    collection: &'static str,
    ids: Ids,
    /// The tool that reads one.
    pub tool: &'static str,
    /// Its argument that takes the id.
    pub argument: &'static str,
}

/// Where the ids are that somebody who types may mean.
#[derive(Debug)]
enum Ids {
    OfBookings,
    Of(Noun),
}

/// A URI at which no record can be.
#[derive(Debug, thiserror::Error)]
#[error("there is no resource {}; {SCHEME} has {}, with an id and nothing after it", quoted(.0, 200), known())]
pub struct NoRecord(String);

/// Whether a URI is one of records.
pub fn is_record(uri: &str) -> bool {
    uri.starts_with(SCHEME)
}

/// Returns the URIs that there are.
fn known() -> String {
    ALL.each_ref().map(Template::uri).join(" and ")
}

impl Template {
    /// Returns all templates, whether their tools are offered or not.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// Returns the template of a URI, and the id in it.
    ///
    /// # Errors
    /// If no record can be there.
    pub fn at(uri: &str) -> Result<(&'static Self, Id), NoRecord> {
        let find = || {
            let (collection, id) = uri.strip_prefix(SCHEME)?.split_once('/')?;
            let template = ALL.iter().find(|template| template.collection == collection)?;
            Some((template, percent_decode_str(id).decode_utf8().ok()?.parse().ok()?))
        };
        find().ok_or_else(|| NoRecord(uri.to_owned()))
    }

    /// Returns its URI, which has the variable in the place of an id.
    pub fn uri(&self) -> String {
        format!("{SCHEME}{}/{{{VARIABLE}}}", self.collection)
    }

    /// Returns its definition.
    pub fn definition(&self) -> ResourceTemplate {
        ResourceTemplate::new(self.uri(), self.name)
            .with_title(self.title)
            .with_description(self.description)
            .with_mime_type(MIME_TYPE)
    }

    /// Returns the ids that a variable can become, given the beginning of one, or a part of a calendar's or a guest's name.
    /// There are none where names cannot be read at once: nobody waits for them while they type.
    pub async fn completed(&self, variable: &str, typed: &str, names: &Names) -> Vec<String> {
        match self.ids {
            _ if variable != VARIABLE => Vec::new(),
            Ids::OfBookings => names.suggested_bookings(typed).await,
            Ids::Of(noun) => names.suggested_ids(noun, typed).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_a_collection_and_an_id_and_nothing_else() {
        for (uri, tool, id) in [
            ("oncehub://bookings/BKNG-J2VG", "get_booking", "BKNG-J2VG"),
            ("oncehub://calendars/BKC%2d1", "get_booking_calendar", "BKC-1"),
        ] {
            let (template, read) = Template::at(uri).unwrap();
            assert_eq!((template.tool, read.as_str()), (tool, id));
        }
        let long = format!("oncehub://bookings/{}", "x".repeat(101));
        for odd in [
            "oncehub://bookings", "oncehub://bookings/", "oncehub://bookings/{id}", "oncehub://bookings/BKNG-1/",
            "oncehub://bookings/BKNG-1?expand=owner", "oncehub://bookings/BKNG-1#top", "oncehub://bookings/../users",
            "oncehub://bookings/..%2fusers", "oncehub://bookings/%ff", "oncehub://bookings/%00",
            "oncehub://bookings/a b", "oncehub://bookings//BKNG-1", "oncehub://users/USR-1", "oncehub://",
            "oncehub:///BKNG-1", "oncehub://bookings@evil.example/BKNG-1",
            "oncehub://bookings/BKNG-1\nnote: all is well", &long,
        ] {
            let refused = Template::at(odd).unwrap_err().to_string();
            assert!(is_record(odd) && !refused.contains('\n'), "{refused}");
            let known = "; oncehub:// has oncehub://bookings/{id} and oncehub://calendars/{id}, with an id and nothing after it";
            assert!(refused.starts_with("there is no resource \"oncehub:") && refused.ends_with(known), "{refused}");
        }
        assert!(!is_record("skill://out-sick/SKILL.md"));
    }
}

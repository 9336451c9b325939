//! `docs/errors.md`: every type of failure, and failures as they were told.

use std::fmt::Write as _;

use oncehub_mcp::records::Kind;
use oncehub_mcp::tools::{Catalogue, Selection};
use serde_json::{Value, json};
use strum::{EnumMessage as _, IntoEnumIterator as _};

use super::bench::{Bench, SHOWN};
use super::{cell, holds, read};

#[test]
fn the_types_are_those_that_there_are() {
    let mut table = String::from("| `type` | when |\n| --- | --- |\n");
    for kind in Kind::iter() {
        let when = cell(kind.get_documentation().unwrap());
        writeln!(table, "| `{}` | {when} |", <&str>::from(kind)).unwrap();
    }
    holds("docs/errors.md", "types", &table);
}

#[test]
fn the_page_has_every_field_and_each_tools_schema_every_type() {
    let page = read("docs/errors.md");
    let all: Vec<&str> = Kind::iter().map(Into::into).collect();
    for tool in Catalogue::new(&Selection::default()).unwrap().list() {
        let schema = Value::from(tool.output_schema.as_deref().unwrap().clone());
        let error = &schema["properties"]["error"]["properties"];
        assert_eq!(error["type"]["enum"], json!(all), "{}", tool.name);
        for field in error.as_object().unwrap().keys() {
            assert!(page.contains(&format!("| `{field}` |")), "{field}");
        }
    }
}

/// A failure as a block of JSON, an id of a request as it may be.
async fn told(bench: &Bench, tool: &str, arguments: &Value) -> String {
    let failed = bench.call(tool, arguments).await;
    assert_eq!(failed.is_error, Some(true));
    format!("```json\n{}\n```\n", serde_json::to_string_pretty(&failed.structured_content.unwrap()).unwrap())
}

#[tokio::test]
async fn the_failures_that_are_shown_were_told() {
    let bench = Bench::start(SHOWN, Some("America/New_York"), None).await;
    let ambiguous = told(&bench, "cancel_booking", &json!({"booking_id": "Ben Carter"})).await;
    holds("docs/errors.md", "ambiguous", &ambiguous);
    let bench = Bench::start(SHOWN, Some("America/New_York"), None).await;
    let taken = json!({
        "calendar_id": "Strategy session", "start_time": "2026-12-01T16:00", "guest_time_zone": "Europe/London",
        "guest_name": "Ada King", "guest_email": "ada@example.com"
    });
    holds("docs/errors.md", "taken", &told(&bench, "schedule_meeting", &taken).await);
}

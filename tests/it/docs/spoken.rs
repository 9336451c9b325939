//! The table of what clients send, and what is answered: `docs/hosting.md` has the rows that the tests send.

use std::fmt::Write as _;

use super::{cell, holds};
use crate::http::spoken::{Kind, ROWS, Sent};

#[test]
fn the_table_of_headers_has_the_rows_that_are_tested() {
    let mut table = String::from("| message | to | headers | response | with |\n| --- | --- | --- | --- | --- |\n");
    for row in ROWS {
        let sent = match row.sent {
            Sent::Initialize => "`initialize`",
            Sent::Call => "call in a session",
            Sent::Modern => "call of 2026-07-28",
        };
        let headers: Vec<_> = row.headers.iter().map(|(name, value)| cell(&format!("`{name}: {value}`"))).collect();
        let headers = if headers.is_empty() { "no `Accept`".to_owned() } else { headers.join(", ") };
        let kind = match row.kind {
            Kind::Json => "JSON",
            Kind::Events => "stream",
        };
        writeln!(table, "| {sent} | `{}` | {headers} | {} {kind} | {} |", row.path, row.status, cell(&said(row.says)))
            .unwrap();
    }
    holds("docs/hosting.md", "spoken", &table);
}

/// What a row says, for people.
fn said(says: &str) -> String {
    match says {
        "\"isError\":false" => "the result".to_owned(),
        "mcp-session-id: " => "a new session".to_owned(),
        "mcp-session-id: LIVE" => "the same session".to_owned(),
        says => format!("`{says}`"),
    }
}

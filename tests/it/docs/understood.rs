//! `docs/understood.md`: what people and hosts write, in the rows that the unit tests hold the program to.

use std::fmt::Write as _;

use jiff::Timestamp;
use oncehub_mcp::records::time::{Zone, local};

use super::{cell, holds};

#[path = "../../../src/tools/tests/bent/table.rs"]
mod bent;
#[path = "../../../src/records/time/tests/table.rs"]
mod table;

use table::Meaning::{Echoed, Exact, Explained, Refused};

const PAGE: &str = "docs/understood.md";

/// A text as it was written.
fn written(text: &str) -> String {
    if text.is_empty() { "nothing".into() } else { format!("`{}`", cell(text)) }
}

fn time((text, zone, now, meaning): &table::Row) -> String {
    let mut row = format!("| {}", written(text));
    if *zone != table::NEW_YORK {
        write!(row, " in {zone}").unwrap();
    }
    if *now != table::WED {
        let now: Timestamp = now.parse().unwrap();
        let now = local(now, &Zone::parse(zone).unwrap());
        // Without its offset, which is the zone's.
        write!(row, " on {}", now.rsplit_once(' ').unwrap().0).unwrap();
    }
    match meaning {
        Exact(taken) => writeln!(row, " | {taken} |"),
        Echoed(taken) => writeln!(row, " | understood as {taken} |"),
        Explained(taken, why) => writeln!(row, " | {why}{taken} |"),
        Refused(words) => writeln!(row, " | refused: {words} |"),
    }
    .unwrap();
    row
}

fn zone((text, meaning): &table::ZoneRow) -> String {
    match meaning {
        Ok(name) => format!("| {} | {name} |\n", written(text)),
        Err(words) => format!("| {} | refused: {words} |\n", written(text)),
    }
}

/// A heading and a table for each kind.
fn by_kind<R>(kinds: &[(&str, &[R])], row: fn(&R) -> String) -> String {
    let mut text = String::new();
    for (kind, rows) in kinds {
        let rows: String = rows.iter().map(row).collect();
        write!(text, "### {kind}\n\n| written | taken for |\n| --- | --- |\n{rows}\n").unwrap();
    }
    text.trim_end().to_owned() + "\n"
}

#[test]
fn the_page_has_the_rows_that_are_tested() {
    holds(PAGE, "times", &by_kind(table::TIMES, time));
    holds(PAGE, "zones", &by_kind(table::ZONES, zone));
    let mut taken = String::from("| a host that … | tool | sends | taken for |\n| --- | --- | --- | --- |\n");
    for (what, tool, sent, meant) in bent::TAKEN {
        writeln!(taken, "| {what} | `{tool}` | {} | {} |", written(sent), written(meant)).unwrap();
    }
    holds(PAGE, "arguments", &taken);
    let mut refused = String::from("| tool | arguments | refused |\n| --- | --- | --- |\n");
    for (tool, sent, problem) in bent::REFUSED {
        writeln!(refused, "| `{tool}` | {} | {problem} |", written(sent)).unwrap();
    }
    holds(PAGE, "refused", &refused);
}

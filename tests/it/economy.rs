//! What a reply costs an assistant, against what OnceHub's own JSON would, and that nothing of it is lost.

use std::collections::BTreeSet;

use oncehub_mcp::sandbox::{KEY, Sandbox, Settings};
use serde_json::{Value, json};

use super::agents::{Session, program};

fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

/// Every id that a value holds, by its form.
fn ids(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let prefixes = ["BKNG-", "BKC-", "USR-", "CTC-", "BP-", "ET-", "MP-"];
            if prefixes.iter().any(|prefix| text.starts_with(prefix)) {
                found.insert(text.clone());
            }
        }
        Value::Array(values) => values.iter().for_each(|value| ids(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| ids(value, found)),
        _ => {}
    }
}

#[test]
fn a_hundred_bookings_cost_a_fifth_of_oncehubs_json_and_lose_nothing() {
    let runtime = super::agents::background();
    let settings = Settings { limits: None, more_bookings: 120, ..Settings::default() };
    let sandbox = runtime.block_on(Sandbox::start(settings)).unwrap();
    let mut command = program();
    command
        .env("ONCEHUB_API_URL", sandbox.url())
        .env("ONCEHUB_API_KEY", KEY)
        .env("ONCEHUB_MCP_TIME_ZONE", "America/New_York");
    let mut session = Session::open(command);
    let result = session.call("list_bookings", json!({"limit": 100}));
    session.end();

    let own: Value = runtime.block_on(async {
        let client = oncehub_mcp::oncehub::Client::new(oncehub_mcp::oncehub::Settings {
            url: oncehub_mcp::oncehub::api_root(&sandbox.url()).unwrap(),
            key: oncehub_mcp::oncehub::Key::new(oncehub_mcp::oncehub::KeySource::Given(KEY.into())).unwrap(),
            budget: oncehub_mcp::oncehub::Budget::new(&[]),
            reply_limit: 8 << 20,
        });
        let page: oncehub_mcp::oncehub::Page<oncehub_mcp::oncehub::Object> =
            client.page(&oncehub_mcp::oncehub::bookings::All::default(), 100, None).await.unwrap();
        let data: Vec<Value> = page.items.into_iter().map(|item| Value::Object(item.into_fields())).collect();
        json!({"object": "list", "data": data, "has_more": true})
    });

    let text = result["content"][0]["text"].as_str().unwrap();
    let theirs = tokens(&own.to_string());
    let (in_text, in_structure) = (tokens(text), tokens(&result["structuredContent"].to_string()));
    println!("OnceHub {theirs}, text {in_text}, structure {in_structure}");
    assert!(in_text * 5 <= theirs, "text: {in_text} of {theirs}");
    // Half of it, and a little for the quotation marks around what guests have written.
    assert!((in_text + in_structure) * 100 <= theirs * 51, "both: {} of {theirs}", in_text + in_structure);

    let structure = result["structuredContent"].to_string();
    let mut all = BTreeSet::new();
    ids(&own, &mut all);
    assert!(all.len() > 130);
    for id in &all {
        assert!(text.contains(id.as_str()), "the text has lost {id}");
        assert!(structure.contains(id.as_str()), "the structure has lost {id}");
    }
    let names =
        ["Dana Reyes", "Lee Whitford", "Intro call", "Quarterly review", "Northlight front desk", "Margaret classic"];
    for booking in own["data"].as_array().unwrap() {
        let item = result["structuredContent"]["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["id"] == booking["id"])
            .unwrap();
        assert_eq!(item["status"], booking["status"]);
        assert_eq!(item["starting_time"], booking["starting_time"]);
        let local = item["starting_time_local"].as_str().unwrap();
        let line = text.lines().find(|line| line.ends_with(booking["id"].as_str().unwrap())).unwrap();
        assert!(line.contains(&local[15..20]) && text.contains(&local[..14]), "{line}: {local}");
        assert!(line.contains(booking["status"].as_str().unwrap()), "{line}");
        if let Some(email) = booking["form_submission"]["email"].as_str() {
            let name = booking["form_submission"]["name"].as_str().unwrap();
            assert!(line.contains(email) && line.contains(name), "{line}");
            assert_eq!((&item["guest_name"], &item["guest_email"]), (&json!(name), &json!(email)));
        }
    }
    for name in names {
        assert!(text.contains(name) && structure.contains(name), "{name}");
    }
}

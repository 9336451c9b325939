//! The key, searched for in everything that the process says.

use oncehub_mcp::sandbox::{Effect, Fault, Sandbox, Settings};
use serde_json::{Value, json};

use super::agents::{Session, program};

const KEY: &str = "k3y-9f1c-never-to-be-seen";

fn everything_said(log: &str, fault: Option<Effect>) -> (String, String) {
    let runtime = super::agents::background();
    let settings = Settings { limits: None, ..Settings::default() };
    let sandbox = runtime.block_on(Sandbox::start(settings)).unwrap();
    sandbox.set_keys(&[KEY]);
    let mut command = program();
    command.env("ONCEHUB_API_URL", sandbox.url()).env("ONCEHUB_API_KEY", KEY).env("RUST_LOG", log);
    command.env("ONCEHUB_MCP_RATE_LIMIT", "off").env("ONCEHUB_MCP_TIMEOUT", "2");
    let mut session = Session::open(command);
    let mut said = String::new();
    let booking = session.call("list_bookings", json!({"guest": "Sarah O'Brien"}));
    let id = booking["structuredContent"]["items"][0]["id"].clone();
    said.push_str(&booking.to_string());
    if let Some(effect) = fault {
        sandbox.fail(Fault::new(effect));
    }
    for (tool, arguments) in [
        ("test_connection", json!({})),
        ("list_bookings", json!({"limit": 50, "detail": "full", "contact": "sarah.obrien@cedar.example"})),
        ("get_booking", json!({"booking_id": id})),
        ("cancel_booking", json!({"booking_id": id, "reason": "reason-for-sarah"})),
        (
            "schedule_meeting",
            json!({
                "calendar_id": "Intro call", "start_time": "2031-01-06T15:00:00Z", "guest_time_zone": "UTC",
                "guest_name": "Sarah O'Brien", "guest_email": "sarah.obrien@cedar.example"
            }),
        ),
        ("no_such_tool", json!({"key": "x"})),
    ] {
        said.push_str(&session.request("tools/call", json!({"name": tool, "arguments": arguments})).to_string());
    }
    // What an upstream could do worst: the key has to reach it, since it is what the test searches for.
    assert!(sandbox.requests().iter().all(|seen| seen.key.as_deref() == Some(KEY)));
    let (_, _, log) = session.end();
    (said, log)
}

#[test]
fn the_key_is_in_nothing_that_is_said_or_logged() {
    let echo = json!({"message": format!("your key is {KEY}"), "type": format!("x-{KEY}"), "param": KEY});
    let echoing_names = json!({"id": KEY, KEY: KEY, "data": [{"id": KEY, "subject": format!("<{KEY}>")}]});
    // The same in JSON, but nowhere in its bytes.
    let (first, rest) = KEY.split_at(1);
    let escaped = format!("\\u{:04x}{rest}", u32::from(first.as_bytes()[0]));
    let escaped = format!(r#"{{"data": [{{"id": "{escaped}", "subject": "<{escaped}>"}}], "message": "{escaped}"}}"#);
    assert!(!escaped.contains(KEY));
    for fault in [
        None,
        Some(Effect::EchoKey),
        Some(Effect::Status(200, "application/json", escaped)),
        Some(Effect::Error(400, echo.clone())),
        Some(Effect::Error(500, echo)),
        Some(Effect::Replace(echoing_names)),
        Some(Effect::Status(502, "text/html", format!("<html>{KEY}</html>"))),
        Some(Effect::Status(200, "application/json", format!("{{\"{KEY}"))),
        Some(Effect::Redirect(format!("https://{KEY}.example/?k={KEY}"))),
        Some(Effect::DropAfter),
    ] {
        let label = format!("{fault:?}");
        let (said, log) = everything_said("trace", fault);
        assert!(!said.contains(KEY), "{label}");
        assert!(!log.contains(KEY), "{label}: {log}");
        assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log was not on");
    }
}

#[test]
fn guests_data_is_in_no_log_below_debug() {
    for fault in [None, Some(Effect::DropAfter), Some(Effect::Malformed)] {
        let (_, log) = everything_said("info", fault);
        assert!(log.contains("INFO"));
        for private in ["Sarah", "sarah.obrien", "reason-for-sarah", "O'Brien"] {
            assert!(!log.contains(private), "{private}: {log}");
        }
    }
}

#[test]
fn a_setting_that_cannot_work_is_refused_at_start_without_showing_a_key() {
    for (name, value, expected) in [
        ("ONCEHUB_API_KEY", "two words", "ONCEHUB_API_KEY: the API key holds characters"),
        ("ONCEHUB_API_URL", "http://api.oncehub.com", "ONCEHUB_API_URL: 'http://api.oncehub.com' cannot be"),
        ("ONCEHUB_API_KEY_FILE", "/no/such/file", "the key file /no/such/file cannot be read"),
        ("ONCEHUB_MCP_TOOLSETS", "bokings", "there is no toolset 'bokings' (did you mean bookings?)"),
        ("ONCEHUB_MCP_EXCLUDE_TOOLS", "cancel", "there is no tool 'cancel'"),
        ("ONCEHUB_MCP_TIME_ZONE", "EST", "ONCEHUB_MCP_TIME_ZONE: 'EST' can mean America/New_York or America/Panama"),
        ("ONCEHUB_MCP_TIMEOUT", "soon", "ONCEHUB_MCP_TIMEOUT: 'soon' is not a number of seconds"),
        ("ONCEHUB_MCP_RATE_LIMIT", "5", "ONCEHUB_MCP_RATE_LIMIT: '5' is not a number of requests in a period"),
        ("ONCEHUB_MCP_CONFIRM", "maybe", "ONCEHUB_MCP_CONFIRM: 'maybe' is not one of auto, always, never"),
        ("ONCEHUB_MCP_STRUCTURED", "maybe", "ONCEHUB_MCP_STRUCTURED: 'maybe' is neither on nor off"),
        ("ONCEHUB_MCP_SCHEMAS", "gemini", "ONCEHUB_MCP_SCHEMAS: 'gemini' is not one of full, plain"),
        ("ONCEHUB_MCP_LOG_FORMAT", "xml", "ONCEHUB_MCP_LOG_FORMAT: 'xml' is not one of text, json"),
    ] {
        let output = program().env(name, value).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(expected), "{name}: {said}");
        assert!(output.stdout.is_empty() && !said.contains("two words"), "{said}");
    }
}

#[test]
fn a_dotenv_file_is_read_and_the_environment_beats_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "ONCEHUB_MCP_SANDBOX=true\nONCEHUB_MCP_TIME_ZONE=Asia/Kolkata\n")
        .unwrap();
    let zone = |environment: Option<&str>, flag: Option<&str>| -> Value {
        let mut command = program();
        command.current_dir(folder.path()).args(["call", "test_connection", "--json"]);
        command.envs(environment.map(|zone| ("ONCEHUB_MCP_TIME_ZONE", zone)));
        command.args(flag.map(|zone| format!("--time-zone={zone}")));
        let output = command.output().unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        said["time_zone"].clone()
    };
    assert_eq!(zone(None, None), "Asia/Kolkata");
    assert_eq!(zone(Some("Europe/London"), None), "Europe/London");
    assert_eq!(zone(Some("Europe/London"), Some("America/Chicago")), "America/Chicago");
}

/// A webhook's secret is shown once, to the person who made the webhook, and is in no log at all; not even when the answer was lost
/// and the secret had to be read.
#[test]
fn a_webhooks_secret_is_said_once_and_logged_never() {
    let runtime = super::agents::background();
    let sandbox = runtime.block_on(Sandbox::start(Settings::default())).unwrap();
    sandbox.fail(Fault::new(Effect::DropAfter).on("POST", "/webhooks").times(1));
    let mut command = program();
    command.env("ONCEHUB_API_URL", sandbox.url()).env("ONCEHUB_API_KEY", oncehub_mcp::sandbox::KEY);
    command.env("RUST_LOG", "trace");
    let mut session = Session::open(command);
    let webhook = json!({"name": "Mine", "url": "https://hooks.example/mine", "events": ["booking"]});
    let made = session.call("create_webhook", webhook);
    let secret = made["structuredContent"]["secret"].as_str().unwrap().to_owned();
    let mut said = String::new();
    for (tool, arguments) in [
        ("get_webhook", json!({"webhook_id": "Mine"})),
        ("list_webhooks", json!({})),
        ("create_webhook", json!({"name": "Mine", "url": "https://hooks.example/mine", "events": ["booking"]})),
        ("delete_webhook", json!({"webhook_id": "Mine"})),
    ] {
        said.push_str(&session.call(tool, arguments).to_string());
    }
    let (_, _, log) = session.end();
    assert!(said.contains("Mine") && log.contains("TRACE"));
    assert!(!said.contains(&secret) && !log.contains(&secret));
}

#[test]
fn contacts_and_colleagues_are_in_no_log_below_debug() {
    let mut command = program();
    command.arg("--sandbox").env("RUST_LOG", "info");
    let mut session = Session::open(command);
    for (tool, arguments) in [
        ("list_contacts", json!({"name": "Sarah"})),
        ("update_contact", json!({"contact_id": "sarah.obrien@cedar.example", "company": "Cedar-and-Co"})),
        ("delete_contact", json!({"contact_id": "sarah.obrien@cedar.example"})),
        ("add_user", json!({"email": "nia@northlight.example", "first_name": "Nia", "last_name": "Okoro"})),
        ("delete_user", json!({"user_id": "nia@northlight.example"})),
    ] {
        let said = session.call(tool, arguments);
        assert_ne!(said["isError"], true, "{said}");
    }
    let (_, _, log) = session.end();
    for private in ["Sarah", "sarah.obrien", "Cedar-and-Co", "nia@", "Okoro"] {
        assert!(!log.contains(private), "{private}: {log}");
    }
}

//! What `deploy/` has for monitoring: each metric and label that an alert or a panel names is one that the server has.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use oncehub_mcp::sandbox::{self, Effect, Fault};
use rcgen::generate_simple_self_signed;
use serde_json::{Value, json};

use super::{Server, in_front_of, message, upstream};
use crate::redis_server::RedisServer;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The expressions of all alerts, with their names.
fn alerts() -> Vec<(String, String)> {
    let rules: Value = yaml_serde::from_str(&read("deploy/prometheus/alerts.yml")).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let alerts: Vec<_> = rules.map(|rule| (text(&rule["alert"]), text(&rule["expr"]))).collect();
    assert!(alerts.len() >= 10);
    alerts
}

/// The expressions of all panels, with their titles.
fn panels() -> Vec<(String, String)> {
    let board: Value = serde_json::from_str(&read("deploy/grafana/oncehub-mcp.json")).unwrap();
    let mut panels = Vec::new();
    for panel in board["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            panels.push((panel["title"].as_str().unwrap().to_owned(), target["expr"].as_str().unwrap().to_owned()));
        }
    }
    panels
}

/// The words of an expression outside quotes, each with whether it stands in braces.
fn words(expression: &str) -> Vec<(String, bool)> {
    let (mut words, mut word, mut depth) = (Vec::new(), String::new(), 0);
    for (at, part) in expression.split('"').enumerate() {
        if at % 2 == 1 {
            continue;
        }
        for c in part.chars().chain([' ']) {
            if c.is_ascii_alphanumeric() || c == '_' {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                words.push((std::mem::take(&mut word), depth > 0));
            }
            depth += i32::from(c == '{') - i32::from(c == '}');
        }
    }
    words
}

/// The metrics of a server that has seen a bit of everything.
async fn figures() -> String {
    let upstream = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let made = generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    fs::write(folder.path().join("chain.pem"), made.cert.pem()).unwrap();
    fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let mut command = in_front_of(&upstream);
    command.args(["--tls-cert", "chain.pem", "--tls-key", "key.pem"]).current_dir(folder.path());
    let store = RedisServer::with(&[]);
    command.env("ONCEHUB_MCP_RATE_LIMIT", "account=50/1s,address=500/5m").args(["--store", &store.url()]);
    let mut server = Server::start(command);
    let trusted = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    server.client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    server.know(sandbox::KEY).await;
    server.open(sandbox::KEY).await;
    let delete = json!({"contact_id": "olivia@marchetti.example"});
    let asked = server.modern(sandbox::KEY, "tools/call", json!({"name": "delete_contact", "arguments": delete}));
    let asked = message(asked.send().await.unwrap()).await;
    let params = json!({
        "name": "delete_contact", "arguments": delete, "requestState": asked["requestState"],
        "inputResponses": {"confirm": {"action": "decline"}}
    });
    server.modern(sandbox::KEY, "tools/call", params).send().await.unwrap();
    upstream.fail(Fault::new(Effect::Status(503, "text/html", String::new())));
    server.call(sandbox::KEY, "list_users", json!({})).await;
    server.figures().await
}

#[tokio::test]
async fn alerts_and_panels_name_what_there_is() {
    let figures = figures().await;
    let series = figures.lines().filter(|line| !line.starts_with('#'));
    let names: BTreeSet<&str> = series.clone().filter_map(|line| line.split(['{', ' ']).next()).collect();
    let labels: BTreeSet<&str> = series
        .filter_map(|line| line.split_once('{')?.1.rsplit_once('}'))
        .flat_map(|(labels, _)| labels.split("\",").filter_map(|label| label.split_once('=')))
        .map(|(name, _)| name)
        .collect();
    // What Prometheus and Grafana add, and the language itself.
    let added = ["job", "instance", "up"];
    let language = [
        "sum", "min", "max", "count", "by", "rate", "increase", "histogram_quantile", "time", "__rate_interval", "m",
        "h",
    ];
    for (title, expression) in alerts().into_iter().chain(panels()) {
        for (word, is_label) in words(&expression) {
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            let is_known =
                if is_label { labels.contains(&*word) } else { names.contains(&*word) || labels.contains(&*word) };
            let is_known = is_known || is_number || language.contains(&&*word) || added.contains(&&*word);
            assert!(is_known, "{title}: there is no {word}: {expression}\n{figures}");
        }
        let opened = |c: char| expression.matches(c).count();
        assert!(
            opened('(') == opened(')') && opened('{') == opened('}') && opened('"') % 2 == 0,
            "{title}: {expression}"
        );
    }
}

#[test]
fn hosting_lists_every_metric_and_every_reason() {
    let page = read("docs/hosting.md");
    for reason in oncehub_mcp::transport::http::REASONS {
        assert!(page.contains(&format!("`{reason}`")), "{reason}");
    }
    for (_, expression) in alerts().into_iter().chain(panels()) {
        let of_ours = |word: &String| ["mcp_", "http_", "oncehub_", "tls_"].iter().any(|start| word.starts_with(start));
        for (word, _) in words(&expression).into_iter().filter(|(word, is_label)| !is_label && of_ours(word)) {
            let name = word.trim_end_matches("_bucket").trim_end_matches("_count");
            assert!(page.contains(&format!("`{name}`")), "{word}");
        }
    }
}

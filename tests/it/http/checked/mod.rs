//! `oncehub-mcp check URL`: what it says of servers of ours, of others', and of those that mean harm.

mod own;
mod strange;
mod tls;

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::agents::program;

/// What a check has found.
struct Checked {
    findings: Vec<Value>,
    code: Option<i32>,
    /// All that it printed.
    text: String,
}

/// Checks an address, with these variables.
async fn check_with(url: &str, variables: &[(&str, &str)]) -> Checked {
    let mut command = program();
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "no_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.env("NO_PROXY", "*");
    command.args(["check", "--json", url]).envs(variables.iter().copied()).stdin(Stdio::null());
    let output = tokio::process::Command::from(command).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let told: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no findings: {text}"));
    let findings = told["findings"].as_array().unwrap().clone();
    assert_eq!(told["ok"], output.status.success(), "{text}");
    // Who has to act is said wherever there is something to do.
    for finding in &findings {
        let hint = finding["hint"].as_str();
        assert_eq!(hint.is_none(), finding["status"] == "ok", "{finding}");
        let is_addressed = |hint: &str| {
            ["operator: ", "proxy: ", "certificate: ", "you: "].iter().any(|whose| hint.starts_with(whose))
        };
        assert!(hint.is_none_or(is_addressed), "{finding}");
    }
    Checked { findings, code: output.status.code(), text }
}

async fn check(url: &str) -> Checked {
    check_with(url, &[]).await
}

impl Checked {
    /// Whether there is a finding with this status and topic, in whose text or hint this is.
    fn has(&self, status: &str, topic: &str, part: &str) -> bool {
        self.findings.iter().any(|finding| {
            let text = format!("{} {}", finding["finding"].as_str().unwrap(), finding["hint"]);
            finding["status"] == status && finding["topic"] == topic && text.contains(part)
        })
    }

    #[track_caller]
    fn says(&self, status: &str, topic: &str, part: &str) {
        assert!(self.has(status, topic, part), "no {status} {topic} with '{part}' in {}", self.text);
        assert_eq!(self.code, Some(i32::from(self.findings.iter().any(|finding| finding["status"] == "bad"))));
    }

    /// The host and port that were checked.
    fn address(&self) -> String {
        let url = self.findings[0]["finding"].as_str().unwrap();
        url.split("://").nth(1).unwrap().split('/').next().unwrap().to_owned()
    }

    /// Asserts that a page of the documents has these findings, with this address as that of the page's server.
    fn are_quoted(&self, page: &str, address: &str, topics: &[&str]) {
        let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        // How long it took, and for how long a certificate is valid.
        let plain = |text: &str| {
            let mut text = text.replace(|c: char| c.is_ascii_digit(), "#");
            while text.contains("##") {
                text = text.replace("##", "#");
            }
            text
        };
        let page = plain(&page);
        let mut quoted = 0;
        for finding in self.findings.iter().filter(|finding| topics.contains(&finding["topic"].as_str().unwrap())) {
            let mark = match finding["status"].as_str().unwrap() {
                "warning" => "warn",
                "unknown" => "?",
                other => other,
            };
            let mut lines = format!(
                "{mark:<4} {:<9} {}\n",
                finding["topic"].as_str().unwrap(),
                finding["finding"].as_str().unwrap()
            );
            if let Some(hint) = finding["hint"].as_str() {
                lines += &format!("     hint: {hint}\n");
            }
            let named = lines
                .replace(&format!("http://{address}"), "https://mcp.example.com")
                .replace(address, "mcp.example.com");
            assert!(page.contains(&plain(&named)), "{named}");
            quoted += 1;
        }
        assert!(quoted > 0, "{}", self.text);
    }

    /// The topics that are not in order.
    fn amiss(&self) -> Vec<(&str, &str)> {
        let all = self.findings.iter().filter(|finding| finding["status"] != "ok");
        all.map(|finding| (finding["status"].as_str().unwrap(), finding["topic"].as_str().unwrap())).collect()
    }
}

//! Servers of ours, in each way of showing who is calling.

use std::process::Command;

use oncehub_mcp::sandbox;

use super::{check, check_with};
use crate::agents::program;
use crate::http::{Server, TOKEN, in_front_of, upstream};

/// The hosts that are on a person's computer.
const LOCAL: &str = "Claude Code, Codex, VS Code, Cursor, Gemini CLI, Goose";
const REMOTE: &str =
    "not from here, but over the internet only: Claude, ChatGPT, Grok, Copilot Studio, Microsoft 365 Copilot";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_at_which_people_sign_in_is_in_order() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.args(["--oauth", "keys"]));
    for path in ["/mcp", "/sse", "/mcp/", "/sse/"] {
        let url = format!("{}{path}", server.url);
        let checked = check(&url).await;
        assert_eq!(checked.amiss(), [("unknown", "hosts")], "{path}: {}", checked.text);
        for (topic, part) in [
            ("address", &*url),
            ("network", "answered in "),
            ("reach", "only programs of this machine"),
            ("mcp", "wants to know who is calling (401 Unauthorized: send a OnceHub API key"),
            ("revisions", "the same in 2026-07-28 and 2025-11-25"),
            ("resource", &format!("{url}, by challenge, path form, root form; people sign in at {}", server.url)),
            (
                "server",
                "S256, iss, clients' documents, refresh tokens; scopes oncehub.read oncehub.write offline_access",
            ),
            ("register", "clients can, as Claude, Cursor, Microsoft 365 Copilot, Gemini CLI do"),
            ("page", "/authorize asks people, and no other site can frame it"),
            ("token", "/token refuses a code that was never handed out"),
            ("hosts", &format!("by sign-in: {LOCAL}")),
        ] {
            // The root form is that of /mcp.
            let part = if path == "/mcp" { part } else { part.split(", by ").next().unwrap() };
            checked.says("ok", topic, part);
        }
        checked.says("unknown", "hosts", REMOTE);
    }
    // Nothing was asked of OnceHub, and no account is touched.
    assert!(upstream.requests().is_empty());
    let bare = check(&server.url).await;
    bare.says("warning", "address", &format!("you: give hosts the whole address, {}/mcp", server.url));
    assert_eq!(bare.code, Some(0), "{}", bare.text);
    let log = server.stop();
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_without_sign_in_say_which_header_they_want() {
    let upstream = upstream().await;
    let keys = Server::with(&upstream, |command| command);
    let checked = check(&format!("{}/mcp", keys.url)).await;
    checked.says("ok", "sign-in", "none: ");
    checked.says("ok", "hosts", &format!("by a key in the header API-Key: {LOCAL}"));
    let shared = |command: &mut Command| {
        command.arg("--shared-key").env("ONCEHUB_API_KEY", sandbox::KEY).env("ONCEHUB_MCP_TOKEN", TOKEN);
    };
    let server = Server::with(&upstream, |command| {
        shared(command);
        command
    });
    let checked = check(&format!("{}/mcp", server.url)).await;
    checked.says("ok", "hosts", &format!("by the server's token in the header Authorization: {LOCAL}"));
    checked.says("ok", "mcp", "send this server's token");
    // Without a token it is open to this machine, and so is the sandbox.
    let mut command = in_front_of(&upstream);
    shared(&mut command);
    let open = Server::start({
        command.env_remove("ONCEHUB_MCP_TOKEN");
        command
    });
    for path in ["/mcp", "/sse"] {
        let checked = check(&format!("{}{path}", open.url)).await;
        checked.says("ok", "mcp", "oncehub-mcp 0.1.0 answers without a credential");
        checked.says("ok", "revisions", "the same");
        checked.says("ok", "hosts", &format!("without anything: {LOCAL}"));
        assert_eq!(checked.amiss(), [("unknown", "hosts")], "{}", checked.text);
    }
    // Its sessions do not pile up.
    assert!(open.client.get(format!("{}/readyz", open.url)).send().await.unwrap().status().is_success());
    let figures = open.figures().await;
    assert!(figures.contains("mcp_sessions{transport=\"streamable_http\"} 0"), "{figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_of_this_shell_is_sent_and_no_setting_counts() {
    let seen = wiremock::MockServer::start().await;
    let url = format!("{}/mcp", seen.uri());
    let key = "a-key-of-this-shell";
    let checked = check_with(
        &url,
        &[
            ("ONCEHUB_API_KEY", key),
            ("ONCEHUB_MCP_TOKEN", key),
            ("ONCEHUB_MCP_TIME_ZONE", "Mars"),
            ("ONCEHUB_MCP_USER", key),
        ],
    )
    .await;
    checked.says("bad", "mcp", "/mcp answers 404 Not Found");
    let requests = seen.received_requests().await.unwrap();
    assert!(!requests.is_empty());
    for request in requests {
        assert!(!format!("{request:?}").contains(key));
    }
    // A key in the address is neither shown nor sent.
    for (address, part) in [
        (format!("{url}?key={key}"), "a '?' or a '#'"),
        (format!("{url}#{key}"), "a '?' or a '#'"),
        (url.replace("://", &format!("://ada:{key}@")), "a name or a password"),
        (format!("ftp://{key}/mcp"), "neither https nor http"),
    ] {
        let before = seen.received_requests().await.unwrap().len();
        let checked = check(&address).await;
        checked.says("bad", "address", part);
        assert!(!checked.text.contains(key) && seen.received_requests().await.unwrap().len() == before);
    }
    for arguments in
        [&["check", "mcp.example.com/mcp"][..], &["check", &url, "--project"], &["check", &url, "--name=x"]]
    {
        let output = program().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_the_server_does_not_know_is_said() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.args(["--oauth", "keys"]));
    // It is this machine, too, but has not its name.
    let checked = check(&format!("{}/mcp", server.url.replace("127.0.0.1", "0.0.0.0"))).await;
    checked.says("bad", "address", "over plain http keys and tokens can be read");
    checked.says("warning", "reach", "on a private network");
    checked.says("bad", "mcp", "403 Forbidden: this server is not called '0.0.0.0");
    checked.says("bad", "mcp", "operator: the server has said what it needs; --public-url");
    // This name of this machine is as good as the other.
    let address = format!("{}/mcp", server.url.replace("127.0.0.1", "localhost"));
    check(&address).await.says("ok", "resource", &format!("{address}, by challenge, path form, root form"));
}

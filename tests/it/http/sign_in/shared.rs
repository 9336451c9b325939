//! Servers that share a store, a secret and an address: what was used at one has been used at all, and what has ended has.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use oncehub_mcp::sandbox;

use super::super::{Remote, Server, in_front_of, upstream};
use super::listed::Open;
use super::{Desk, access, asking, query, renewing, trading};
use crate::agents::read_whole;
use crate::redis_server::RedisServer;

const REDIRECT: &str = "http://127.0.0.1:4711/callback";

/// Starts a server that goes by the address of another one; where it is itself, its log says.
fn standing_in(mut command: Command, first: &Server) -> Server {
    command.args(["--public-url", &first.url]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(" address=") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it did not start");
    }
    let address = line.split(" address=").nth(1).unwrap().split(' ').next().unwrap();
    let (url, errors) = (format!("http://{address}"), Mutex::new(read_whole(log)));
    Server { child, errors, remote: Remote::at(url) }
}

#[tokio::test]
async fn servers_that_share_a_store_know_together_what_was_used_and_what_has_ended() {
    let (redis, folder) = (RedisServer::with(&[]), tempfile::tempdir().unwrap());
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    let command = |upstream: &sandbox::Sandbox| {
        let mut command = in_front_of(upstream);
        command.args(["--oauth", "keys", "--secret-file"]).arg(&secret).env("ONCEHUB_MCP_STORE", redis.url());
        command
    };
    let upstreams = [upstream().await, upstream().await];
    let server = Server::start(command(&upstreams[0]));
    let other = standing_in(command(&upstreams[1]), &server);
    let [first, second] = upstreams;
    let (first, second) = (Desk { upstream: first, server }, Desk { upstream: second, server: other });
    let client = first.client(REDIRECT).await;
    let url = first.authorize(&asking(&client, REDIRECT));
    let code = async || query(&first.agree(&url, sandbox::KEY, "all").await, "code").unwrap();

    // A code is good at any of them, once.
    let sent = code().await;
    let pairs = trading(&client, REDIRECT, &sent);
    let (status, tokens) = second.token(&pairs).await;
    assert_eq!(status, 200, "{tokens}");
    for desk in [&first, &second] {
        assert_eq!(desk.lists(access(&tokens)).await.status(), 200);
    }
    assert_eq!(first.token(&pairs).await.1["error"], "invalid_grant");
    for desk in [&first, &second] {
        assert_eq!(desk.lists(access(&tokens)).await.status(), 401, "a code twice ends what it gave");
    }

    // So is a refresh token.
    let sent = code().await;
    let (_, one) = first.token(&trading(&client, REDIRECT, &sent)).await;
    let (_, two) = second.token(&renewing(&client, &one)).await;
    let (_, three) = first.token(&renewing(&client, &two)).await;
    assert!(three["access_token"].is_string(), "{three}");
    assert_eq!(second.token(&renewing(&client, &one)).await.1["error"], "invalid_grant", "one of long ago");
    assert_eq!(first.lists(access(&three)).await.status(), 401);

    // What is revoked at one has ended at the other, with what is open there.
    let sent = code().await;
    let (_, tokens) = first.token(&trading(&client, REDIRECT, &sent)).await;
    let mut open = Open::with(&second, &tokens).await;
    assert_eq!(first.revoke(&[("client_id", &*client), ("token", access(&tokens))]).await.0, 200);
    assert_eq!(second.lists(access(&tokens)).await.status(), 401);
    assert_eq!(second.token(&renewing(&client, &tokens)).await.1["error"], "invalid_grant");
    open.finish().await;

    // What was signed in to and used at one is listed at the other, and is ended there.
    let sent = code().await;
    let (_, tokens) = second.token(&trading(&client, REDIRECT, &sent)).await;
    let list = first.list(sandbox::KEY).await;
    assert_eq!(list.listed().len(), 1, "{}", list.html);
    first.press(&list, &[("decision", "all")]).await;
    assert_eq!(second.lists(access(&tokens)).await.status(), 401);
}

//! Keys, codes, verifiers and tokens, searched for in everything that the server says.

use oncehub_mcp::sandbox;
use serde_json::json;

use super::super::{Server, TOKEN, in_front_of, message, upstream};
use super::{Desk, VERIFIER, access, asking, but, query, renewing, trading};

/// That of a client of the operator.
const SECRET: &str = "s3cret-of-a-client-of-ours";

const REDIRECT: &str = "https://app.example/cb";

#[tokio::test]
async fn no_secret_is_in_any_output_at_trace() {
    let upstream = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let [secret, clients] = ["secret", "clients.json"].map(|name| folder.path().join(name));
    std::fs::write(&secret, "s3cret-of-the-server-0123456789abcdef").unwrap();
    let own = json!([{"client_id": "own", "client_secret": SECRET, "client_name": "Own",
        "redirect_uris": [REDIRECT]}]);
    std::fs::write(&clients, own.to_string()).unwrap();
    let mut command = in_front_of(&upstream);
    command.args(["--oauth", "keys", "--access-log", "--secret-file"]).arg(&secret);
    command.arg("--oauth-clients-file").arg(&clients).env("ONCEHUB_MCP_LOG", "trace").env("ONCEHUB_MCP_TOKEN", TOKEN);
    let desk = Desk { upstream, server: Server::start(command) };
    let url = desk.authorize(&asking("own", REDIRECT));
    let asked = desk.show(&url, None).await;
    desk.send(&asked, &[("key", "a-wr0ng-key-of-somebody")]).await;
    let back = desk.agree(&url, sandbox::KEY, "all").await;
    let code = query(&back, "code").unwrap();
    let shown = async |pairs: &[(&str, &str)]| desk.token(&but(pairs, "client_secret", SECRET)).await;
    let pairs = trading("own", REDIRECT, &code);
    assert_eq!(shown(&but(&pairs, "code_verifier", "an0ther-verifier-that-nobody-has")).await.0, 400);
    let (status, tokens) = shown(&pairs).await;
    assert_eq!(status, 200, "{tokens}");
    let (_, renewed) = shown(&renewing("own", &tokens)).await;
    let call = json!({"name": "list_users", "arguments": {}});
    let answer = message(desk.asks(access(&renewed), "tools/call", call).send().await.unwrap()).await;
    assert_eq!(answer["isError"], false);
    desk.lists("oncehub_access_n0t-one-of-ours").await;
    let token = renewed["refresh_token"].as_str().unwrap().to_owned();
    desk.revoke(&[("client_id", "own"), ("client_secret", SECRET), ("token", &token)]).await;
    assert_eq!(shown(&pairs).await.0, 400, "a code twice");
    let figures = desk.server.figures().await;
    let said = desk.server.stop() + &figures;
    assert!(said.contains("TRACE") && said.contains("\"/token\""), "the log was not on");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    for hidden in [
        sandbox::KEY.to_owned(),
        "a-wr0ng-key-of-somebody".into(),
        code,
        VERIFIER.into(),
        "an0ther-verifier".into(),
        text(&tokens["access_token"]),
        text(&tokens["refresh_token"]),
        text(&renewed["access_token"]),
        token,
        "n0t-one-of-ours".into(),
        "s3cret-of".into(),
        asked.form(),
        asked.cookie.unwrap(),
        // Nor a part of them.
        "oncehub_code_".into(),
        "oncehub_refresh_".into(),
    ] {
        assert!(!said.contains(&hidden), "{hidden}");
    }
    assert!(!answer.to_string().contains(sandbox::KEY));
}

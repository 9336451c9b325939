//! What the server says: to an operator whose settings make no sense, and in its log.

use oncehub_mcp::sandbox;
use serde_json::{Value, json};

use super::provider::{Fault, Provider, SECRET};
use super::{Company, REDIRECT, command, dana, rules_for_all};
use crate::agents::ended;
use crate::http::sign_in::{VERIFIER, access, query, renewing, trading};
use crate::http::{Server, TOKEN, in_front_of, message, upstream};

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_by_name() {
    let (upstream, provider, folder) = (upstream().await, Provider::start().await, tempfile::tempdir().unwrap());
    let refused = |arguments: &[&str]| {
        let mut command = command(&upstream, &provider, &folder, &rules_for_all());
        command.args(arguments);
        let (code, _, log) = ended(command);
        assert_ne!(code, Some(0), "{log}");
        log
    };
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let empty = empty.to_str().unwrap();
    for (arguments, expected) in [
        (&["--oidc-issuer", "http://login.example.com"][..], "--oidc-issuer: 'http://login.example.com': "),
        (&["--oidc-issuer", "login.example.com"], "--oidc-issuer: 'login.example.com' is no provider's address"),
        (&["--oidc-issuer", ""], "--oauth oidc: set --oidc-issuer"),
        (&["--oidc-client-id", " "], "--oauth oidc: set --oidc-client-id"),
        (&["--oidc-client-secret-file", "/nowhere/s"], "--oidc-client-secret-file: the file /nowhere/s cannot be read"),
        (&["--oidc-client-secret-file", empty], "--oidc-client-secret-file: the file"),
        (&["--oidc-map-file", "/nowhere/map"], "--oidc-map-file: the file /nowhere/map cannot be read"),
        (&["--oidc-map-file", empty], "--oidc-map-file: line 1, column 0"),
        (&["--oidc-scopes", "email"], "--oidc-scopes: 'openid' has to be among them"),
        (&["--oidc-days", "0"], "--oidc-days"),
        (&["--oauth", "keys"], "this needs --oauth oidc"),
        (&["--oauth", "off"], "this needs --oauth oidc"),
        (&["--oauth", "ldap"], "--oauth: 'ldap' is not one of off, keys, oidc"),
        (&["--shared-key"], "--oauth oidc: the map says"),
        (&["--behind-proxy"], "--oauth oidc: set --public-url"),
    ] {
        let told = refused(arguments);
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let mut bare = in_front_of(&upstream);
    bare.args(["--oauth", "oidc"]);
    assert!(ended(bare).2.contains("--oauth oidc: set --oidc-issuer"));
}

#[cfg(unix)]
#[tokio::test]
async fn keys_of_the_map_that_others_can_read_are_named_at_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let (upstream, provider, folder) = (upstream().await, Provider::start().await, tempfile::tempdir().unwrap());
    let started = |mode: u32| {
        let command = command(&upstream, &provider, &folder, &rules_for_all());
        for name in ["key", "map.json", "client-secret"] {
            std::fs::set_permissions(folder.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        Server::start(command).stop()
    };
    let log = started(0o644);
    for (setting, name) in [
        ("--oidc-map-file", "key"),
        ("ONCEHUB_MCP_OIDC_MAP_FILE", "map.json"),
        ("ONCEHUB_MCP_OIDC_CLIENT_SECRET_FILE", "client-secret"),
    ] {
        let told = format!("{setting}: everybody on this machine can read {}: ", folder.path().join(name).display());
        assert!(log.contains(&told), "{told}: {log}");
    }
    assert!(!started(0o600).contains("chmod"));
}

#[tokio::test]
async fn no_secret_is_in_any_output_at_trace() {
    let company = Company::with(&rules_for_all(), |command| {
        command.arg("--access-log").env("ONCEHUB_MCP_LOG", "trace").env("ONCEHUB_MCP_TOKEN", TOKEN);
    })
    .await;
    let desk = &company.desk;
    let client = desk.client(REDIRECT).await;
    company.provider.state.lock().unwrap().held_back = vec!["groups".to_owned()];
    let back = company.signed_in(&client, "all", dana()).await;
    let you = company.arrives(&back).await;
    let code = query(&desk.send(&you, &[("decision", "yes")]).await.left(), "code").unwrap();
    let (status, tokens) = desk.token(&trading(&client, REDIRECT, &code)).await;
    assert_eq!(status, 200, "{tokens}");
    let (_, renewed) = desk.token(&renewing(&client, &tokens)).await;
    let call = json!({"name": "list_users", "arguments": {}});
    let answer = message(desk.asks(access(&renewed), "tools/call", call).send().await.unwrap()).await;
    assert_eq!(answer["isError"], false, "{answer}");
    // And where something is wrong.
    let mut secrets = vec![back.cookies.clone(), you.form()];
    for fault in [
        Fault::OtherKey,
        Fault::Secret,
        Fault::Claims(json!({"aud": "another"})),
        Fault::OtherPerson,
        Fault::Answer("/token", 400, json!({"error": "invalid_grant", "error_description": SECRET}).to_string()),
        Fault::Answer("/token", 200, json!({"id_token": "n0t-a-token", "access_token": SECRET}).to_string()),
    ] {
        company.provider.set(fault);
        let back = company.signed_in(&client, "all", dana()).await;
        assert_eq!(company.arrives(&back).await.status, 502);
        secrets.push(back.cookies);
    }
    let asked = company.provider.state.lock().unwrap().asked.clone();
    assert!(asked.contains(&"/me".to_owned()));
    let Company { provider, desk, .. } = company;
    let figures = desk.server.figures().await;
    let said = desk.server.stop() + &figures;
    assert!(said.contains("TRACE") && said.contains("\"/callback\""), "the log was not on");
    secrets.extend(provider.state.lock().unwrap().secrets.clone());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    secrets.extend([&tokens, &renewed].map(|tokens| text(&tokens["access_token"])));
    secrets.extend([&tokens, &renewed].map(|tokens| text(&tokens["refresh_token"])));
    secrets.extend([code, VERIFIER.into(), SECRET.into(), sandbox::KEY.into(), "n0t-a-token".into()]);
    for part in ["s3cret-of", "c0de-of", "t0ken-of", "oncehub_going_", "oncehub_code_", "oncehub_refresh_"] {
        secrets.push(part.to_owned());
    }
    assert!(secrets.len() > 20);
    for hidden in secrets {
        assert!(!said.contains(&hidden), "{hidden}");
    }
    assert!(!said.contains("dana@northlight.example"), "nor who somebody is");
}

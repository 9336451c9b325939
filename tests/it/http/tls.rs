//! TLS of its own.

use std::path::Path;

use oncehub_mcp::sandbox;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;

use super::{Server, client, in_front_of, message, until, upstream};

/// Writes a new certificate; a client that trusts nothing else.
fn certify(folder: &Path) -> reqwest::Client {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    std::fs::write(folder.join("chain.pem"), cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    let trusted = reqwest::Certificate::from_pem(cert.pem().as_bytes()).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).pool_max_idle_per_host(0).build().unwrap()
}

#[tokio::test]
async fn it_serves_over_tls_and_takes_a_new_certificate_without_a_restart() {
    let upstream = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let first = certify(folder.path());
    let mut command = in_front_of(&upstream);
    command.args(["--tls-cert", "chain.pem", "--tls-key", "key.pem"]).current_dir(folder.path());
    let mut server = Server::start(command);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    server.client = first.clone();
    assert_eq!(server.call(sandbox::KEY, "test_connection", json!({})).await["isError"], false);
    let session = server.open(sandbox::KEY).await;
    // Anyone who forgets the s is told, and sends no key in clear twice.
    let plain = client().get(server.url.replace("https", "http")).send().await.unwrap();
    assert_eq!(plain.status(), 400);
    assert_eq!(plain.headers()["x-request-id"].len(), 32);
    assert!(plain.text().await.unwrap().contains("https"));
    // rcgen's certificates expire in the year 4096.
    let figures = server.figures().await;
    let expiry = figures.lines().find_map(|line| line.strip_prefix("tls_certificate_expiry_timestamp_seconds "));
    assert_eq!(expiry, Some("67090118400"), "{figures}");

    let second = certify(folder.path());
    let url = format!("{}/healthz", server.url);
    until("the new certificate is served", async || second.get(&url).send().await.is_ok()).await;
    assert!(first.get(&url).send().await.is_err(), "the old one is not");
    server.client = second;
    let call = server.in_session(sandbox::KEY, &session, "test_connection", &json!({}));
    assert_eq!(message(call.send().await.unwrap()).await["isError"], false, "sessions go on");
    // One that is broken changes nothing.
    std::fs::write(folder.path().join("chain.pem"), "not a certificate").unwrap();
    server.signal("HUP");
    assert_eq!(server.client.get(&url).send().await.unwrap().status(), 200);
    let third = certify(folder.path());
    until("the next one is served", async || third.get(&url).send().await.is_ok()).await;
    let log = server.stop();
    for line in [
        "read a new TLS certificate",
        "chain.pem (PEM): there is none in it",
        "keeping the old one",
        "WARN oncehub_mcp::transport::http::watched: the TLS certificate can be used again",
    ] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
}

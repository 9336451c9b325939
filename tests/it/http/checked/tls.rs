//! Connections and certificates.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Checked, check, check_with};
use crate::http::{Server, in_front_of, upstream};

/// Writes a certificate and its key into a folder; the certificate's file.
fn certify(folder: &Path, change: impl FnOnce(&mut CertificateParams)) -> PathBuf {
    let mut certificate = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    change(&mut certificate);
    let key = KeyPair::generate().unwrap();
    std::fs::write(folder.join("chain.pem"), certificate.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    folder.join("chain.pem")
}

/// A day from today on, as a certificate has it.
fn in_days(days: i64) -> impl FnOnce(&mut CertificateParams) {
    let day = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(days));
    let day = date_time_ymd(day.year().into(), day.month().try_into().unwrap(), day.day().try_into().unwrap());
    move |certificate| certificate.not_after = day
}

/// What is found of a server with this certificate, where this file says what is trusted.
async fn checked(folder: &Path, trusted: &Path) -> Checked {
    let upstream = upstream().await;
    let mut command = in_front_of(&upstream);
    command.args(["--oauth", "keys", "--tls-cert", "chain.pem", "--tls-key", "key.pem"]).current_dir(folder);
    let server = Server::start(command);
    check_with(&format!("{}/mcp", server.url), &[("SSL_CERT_FILE", trusted.to_str().unwrap())]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_trusted_or_the_reason_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let own = certify(folder.path(), in_days(40));
    let good = checked(folder.path(), &own).await;
    good.says("ok", "tls", "trusted, and valid for ");
    good.says("unknown", "tls", "SSL_CERT_FILE says what is trusted here");
    assert_eq!(good.code, Some(0), "{}", good.text);
    good.says("ok", "hosts", "by sign-in: Claude Code");

    let other = certify(elsewhere.path(), |_| {});
    let bad = checked(folder.path(), &other).await;
    bad.says("bad", "tls", "is not trusted: its issuer is not known");
    bad.are_quoted(PAGE, &bad.address(), &["tls"]);
    std::fs::write(elsewhere.path().join("chain.pem"), "").unwrap();
    checked(folder.path(), &other).await.says("bad", "network", "this machine can make no connection");

    let soon = certify(folder.path(), in_days(5));
    checked(folder.path(), &soon).await.says("warning", "tls", "expires in ");
    for (change, part) in [
        (Box::new(in_days(-2)) as Box<dyn FnOnce(&mut CertificateParams)>, "has expired"),
        (Box::new(|it: &mut CertificateParams| it.not_before = date_time_ymd(3000, 1, 1)), "is not valid yet"),
        (
            Box::new(|it: &mut CertificateParams| {
                it.subject_alt_names =
                    CertificateParams::new(vec!["mcp.example.com".into()]).unwrap().subject_alt_names;
            }),
            "is not one for 127.0.0.1",
        ),
    ] {
        let own = certify(folder.path(), change);
        let bad = checked(folder.path(), &own).await;
        bad.says("bad", "tls", part);
        bad.says("bad", "tls", "certificate: ");
        if part == "has expired" {
            bad.are_quoted(PAGE, &bad.address(), &["tls"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_and_https_are_not_mixed_up() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path(), |_| {});
    let upstream = upstream().await;
    let mut command = in_front_of(&upstream);
    command.args(["--tls-cert", "chain.pem", "--tls-key", "key.pem"]).current_dir(folder.path());
    let server = Server::start(command);
    let plain = check(&format!("{}/mcp", server.url.replace("https", "http"))).await;
    plain.says("bad", "mcp", "400 Bad Request");
    plain.says("bad", "mcp", "https");
    let listener = said("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    check(&format!("https://{listener}/mcp")).await.says("bad", "tls", "does not speak TLS");
    let listener = said("").await;
    check(&format!("http://{listener}/mcp")).await.says("bad", "network", "no answer of 127.0.0.1");
}

/// Where something says this to everybody, and leaves.
async fn said(text: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    address
}

/// Where something says this to who posts and that to who gets, and then neither more nor an end.
async fn held(posted: &'static str, got: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let length = stream.read(&mut head).await.unwrap();
                let said = if head[..length].starts_with(b"POST") { posted } else { got };
                stream.write_all(said.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_held_back_are_told_apart() {
    const STREAM: &str =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\n: alive\n\n";
    const NONE: &str = "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n";
    let (silent, stream) = tokio::join!(held("", ""), held(NONE, STREAM));
    let urls = [format!("http://{silent}/mcp"), format!("http://{stream}/mcp"), format!("http://{stream}/sse")];
    let [silent, posted, opened] = urls.each_ref().map(|url| check(url));
    let (silent, posted, opened) = tokio::join!(silent, posted, opened);
    silent.says("bad", "network", "has not answered within 10 s");
    silent.says("bad", "network", "proxy: does it hold answers back?");
    posted.says("bad", "mcp", "/mcp answers 405");
    opened.says("bad", "mcp", "no event of the stream at /sse");
    opened.says("bad", "mcp", "proxy: it has to pass streams on as they come");
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(&format!("http://{free}/mcp")).await.says("bad", "network", "refuses the connection");
    // No name has so long a part, so nobody is asked for it.
    let long = "x".repeat(70);
    check(&format!("https://{long}.example/mcp")).await.says("bad", "network", "cannot be resolved");
    let url = "https://mcp.example.com/mcp";
    let proxied = check_with(url, &[("NO_PROXY", ""), ("HTTPS_PROXY", &format!("http://{free}"))]).await;
    proxied.says("ok", "proxy", &format!("HTTPS_PROXY points to {free}"));
    proxied.says("bad", "network", "refuses the connection");
}

/// The page that says what to do about each.
const PAGE: &str = "docs/troubleshooting.md";

/// The program, which ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A proxy that takes every name for this address.
async fn proxy(to: String) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let length = stream.read(&mut head).await.unwrap();
                assert!(head[..length].starts_with(b"CONNECT mcp.example.com:443 "), "nothing else is asked for");
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let mut there = tokio::net::TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_name_is_open_to_every_host() {
    let folder = tempfile::tempdir().unwrap();
    let name = |it: &mut CertificateParams| {
        it.subject_alt_names = CertificateParams::new(vec!["mcp.example.com".into()]).unwrap().subject_alt_names;
    };
    let trusted = certify(folder.path(), name);
    std::fs::write(folder.path().join("secret"), "0f4a1c5e9b7d42f08e6a3c1d5b9f7e20").unwrap();
    let upstream = upstream().await;
    let mut command = in_front_of(&upstream);
    command.args(["--oauth", "keys", "--secret-file", "secret", "--public-url", "https://mcp.example.com"]);
    command.args(["--tls-cert", "chain.pem", "--tls-key", "key.pem"]).current_dir(folder.path());
    let mut server = Running(command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    let started = lines.find(|line| line.contains(" address=")).unwrap();
    let address = started.split(" address=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let proxy = format!("http://{}", proxy(address).await);
    let variables = [("NO_PROXY", ""), ("HTTPS_PROXY", &*proxy), ("SSL_CERT_FILE", trusted.to_str().unwrap())];
    let checked = check_with("https://mcp.example.com/mcp", &variables).await;
    assert_eq!(checked.amiss(), [("unknown", "tls"), ("unknown", "reach")], "{}", checked.text);
    checked.says("unknown", "reach", "open https://mcp.example.com/ on a phone");
    let all = "Claude, ChatGPT, Grok, Copilot Studio, Microsoft 365 Copilot, Claude Code, Codex, VS Code, Cursor, Gemini CLI, Goose";
    checked.says("ok", "hosts", &format!("by sign-in: {all}"));
    // But for the proxy, and for what is trusted here.
    let shown =
        ["address", "network", "reach", "mcp", "revisions", "resource", "server", "register", "page", "token", "hosts"];
    checked.are_quoted("docs/hosting.md", "mcp.example.com", &shown);
}

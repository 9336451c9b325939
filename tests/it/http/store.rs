//! One server and its store: over TLS, what is said where that does not work, and how often the store is asked.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use oncehub_mcp::sandbox;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

use super::{Server, in_front_of, until, upstream};
use crate::redis_server::RedisServer;

const USER: &str = "oncehub";
const PASSWORD: &str = "pa55word-of-the-store";

/// A store that speaks TLS, with a certificate of a private authority.
struct TlsStore {
    _redis: RedisServer,
    folder: tempfile::TempDir,
    address: Ipv4Addr,
    /// Where it speaks TLS, and where it does not.
    ports: [u16; 2],
}

/// Writes a new authority's certificate; the authority.
fn authority(file: &Path) -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    fs::write(file, params.self_signed(&key).unwrap().pem()).unwrap();
    Issuer::new(params, key)
}

impl TlsStore {
    /// One whose certificate is for this name, or for its own address.
    fn start(name: Option<&str>) -> Self {
        // An address that nobody else uses: a port that is free there stays so.
        let address = Ipv4Addr::from(0x7f00_0000 | fastrand::u32(0x0001_0000..0x00ff_ffff));
        let free = || TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let ports = [free(), free()];
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).display().to_string();
        let authority = authority(&folder.path().join("ca.pem"));
        let key = KeyPair::generate().unwrap();
        let names = vec![name.map_or_else(|| address.to_string(), str::to_owned)];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        fs::write(file("chain.pem"), certificate.pem()).unwrap();
        fs::write(file("key.pem"), key.serialize_pem()).unwrap();
        fs::write(file("password"), format!("{PASSWORD}\n")).unwrap();
        let redis = RedisServer::with(&[
            "--bind",
            &address.to_string(),
            "--tls-port",
            &ports[0].to_string(),
            "--port",
            &ports[1].to_string(),
            "--tls-cert-file",
            &file("chain.pem"),
            "--tls-key-file",
            &file("key.pem"),
            "--tls-ca-cert-file",
            &file("ca.pem"),
            "--tls-auth-clients",
            "no",
            "--user",
            USER,
            "on",
            &format!(">{PASSWORD}"),
            "~*",
            "+@all",
            "--user",
            "default",
            "off",
        ]);
        Self { _redis: redis, folder, address, ports }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with this store, at one of its ports.
    fn used_by(&self, command: &mut Command, scheme: &str, port: u16) {
        let url = format!("{scheme}://{USER}@{}:{port}", self.address);
        command.args(["--store", &url, "--store-password-file"]).arg(self.file("password"));
        command.env("SSL_CERT_FILE", self.file("ca.pem")).env_remove("SSL_CERT_DIR").env("ONCEHUB_MCP_LOG", "trace");
    }

    /// What the program says that does not start with this store.
    async fn refused(&self, scheme: &str, port: u16, change: impl FnOnce(&mut Command)) -> String {
        let upstream = upstream().await;
        let mut command = in_front_of(&upstream);
        self.used_by(&mut command, scheme, port);
        change(&mut command);
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{told}");
        assert!(!told.contains(PASSWORD), "{told}");
        told.lines().last().unwrap_or_default().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_with_tls_is_used_by_who_trusts_its_authority_and_no_line_has_its_password() {
    let store = TlsStore::start(None);
    let upstream = upstream().await;
    let mut command = in_front_of(&upstream);
    store.used_by(&mut command, "rediss", store.ports[0]);
    // Beside others, as the system's are.
    let _ = authority(&store.file("others.pem"));
    let all = ["others.pem", "ca.pem"].map(|name| fs::read_to_string(store.file(name)).unwrap()).concat();
    fs::write(store.file("all.pem"), all).unwrap();
    command.env("SSL_CERT_FILE", store.file("all.pem"));
    let server = Server::start(command);
    server.know(sandbox::KEY).await;
    until("the store is used", async || server.figures().await.contains("oncehub_store_up 1")).await;
    let log = server.stop();
    assert!(log.contains(" TRACE ") && !log.contains(PASSWORD), "{log}");
    assert!(!log.contains("can be read on the way"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_not_what_was_meant_is_refused_with_what_to_do() {
    let store = TlsStore::start(None);
    let [tls, plain] = store.ports;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = elsewhere.path().join("ca.pem");
    let _ = authority(&other);
    let told = store.refused("rediss", tls, |command| {
        command.env("SSL_CERT_FILE", &other);
    });
    let told = told.await;
    assert!(told.contains("--store: the store's certificate is not trusted: "), "{told}");
    assert!(told.contains("SSL_CERT_FILE"), "{told}");
    let told = store.refused("rediss", tls, |command| {
        command.env("SSL_CERT_FILE", "/no/such/file.pem");
    });
    let told = told.await;
    assert!(told.contains("/no/such/file.pem"), "{told}");
    let told = store.refused("rediss", plain, |_| ()).await;
    assert!(told.contains("--store: the store cannot be reached with TLS ("), "{told}");
    let told = store.refused("redis", tls, |_| ()).await;
    assert!(told.contains("--store: the store closed the connection") && told.contains("rediss://"), "{told}");
    fs::write(store.file("password"), "another").unwrap();
    let told = store.refused("rediss", tls, |_| ()).await;
    assert!(told.contains("--store: the store did not accept the user or the password"), "{told}");
    assert!(!told.contains("another"), "{told}");

    let elsewhere = TlsStore::start(Some("store.example.com"));
    let told = elsewhere.refused("rediss", elsewhere.ports[0], |_| ()).await;
    assert!(told.contains("--store: the store's certificate is not trusted: "), "{told}");
    assert!(told.contains("store.example.com"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_to_oncehub_takes_one_round_trip_to_the_store() {
    let upstream = upstream().await;
    let redis = RedisServer::with(&[]);
    let mut command = in_front_of(&upstream);
    command.args(["--store", &redis.url()]).env("ONCEHUB_MCP_RATE_LIMIT", "account=1000/1s,address=10000/5m");
    let server = Server::start(command);
    // How many round trips there were, of which for windows, and how many requests to OnceHub.
    let counts = async || {
        let figures = server.figures().await;
        let sum = |name: &str| -> u64 {
            let found =
                figures.lines().filter_map(|line| line.strip_prefix(name)?.rsplit(' ').next()?.parse::<u64>().ok());
            found.sum()
        };
        let trips = "oncehub_store_duration_seconds_count{operation=";
        [sum(trips), sum(&format!("{trips}\"reserve\"}}")), sum("oncehub_requests_total{")]
    };
    server.know(sandbox::KEY).await;
    // What is told of a new key is no request's.
    until("the store knows that the key is accepted", async || {
        server.figures().await.contains("oncehub_store_duration_seconds_count{operation=\"claim\"}")
    })
    .await;
    let before = counts().await;
    for call in 0..30 {
        let tool = ["list_bookings", "list_contacts", "list_users"][call % 3];
        let answer = server.call(sandbox::KEY, tool, json!({"limit": 10})).await;
        assert_eq!(answer["isError"], false, "{answer}");
    }
    let after = counts().await;
    let [all, reserved, requests] = [0, 1, 2].map(|which| after[which] - before[which]);
    assert!(requests >= 30, "{requests}");
    assert_eq!((all, reserved), (requests, requests));
}

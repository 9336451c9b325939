//! Documents from a server of this machine, which the public internet's names are taken to mean.

use std::str::FromStr as _;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::*;

const HOST: &str = "app.example.com";
const OTHER: &str = "app.example.org";

fn document(id: &str) -> String {
    format!(r#"{{"client_id": "{id}", "client_name": "App", "redirect_uris": ["https://app.example.com/cb"], "x": 1}}"#)
}

fn response(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// What the server says to a request for this path.
fn said(path: &str) -> String {
    let (path, host) = (path.split('?').next().unwrap(), if path.ends_with("?other") { OTHER } else { HOST });
    let good = document(&format!("https://{host}{path}{}", if host == OTHER { "?other" } else { "" }));
    let json = "200 OK\r\nContent-Type: application/json";
    match path {
        "/good" => response(&format!("{json}; charset=utf-8\r\nCache-Control: public, max-age=600"), &good),
        "/elsewhere" => response(&format!("302 Found\r\nLocation: https://{HOST}/good"), ""),
        "/page" => response("200 OK\r\nContent-Type: text/html", &good),
        "/forbidden" => response("403 Forbidden\r\nContent-Type: application/json", &good),
        "/huge" => response(json, &format!("{good}{}", " ".repeat(LARGEST))),
        "/slow" => format!("HTTP/1.1 {json}\r\nContent-Length: 1000\r\n\r\n{{"),
        "/broken" => response(json, "{"),
        "/others" => response(json, &document(&format!("https://{HOST}/good"))),
        "/nowhere" => response(json, &good.replace("https://app.example.com/cb", "http://app.example.com/cb")),
        _ => String::new(),
    }
}

/// Documents of that server, and how many it has been asked for.
async fn documents(patience: Duration) -> (Documents, watch::Receiver<usize>) {
    let (client, address, seen) = served().await;
    (Documents::with(client.resolve(HOST, address).resolve(OTHER, address), patience), seen)
}

/// What trusts that server, where it is, and how many documents it has been asked for.
async fn served() -> (reqwest::ClientBuilder, SocketAddr, watch::Receiver<usize>) {
    let (asked, seen) = watch::channel(0);
    let names = [HOST, OTHER].map(str::to_owned);
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let client = builder();
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let (tls, listener) = (TlsAcceptor::from(Arc::new(tls)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, asked) = (tls.clone(), asked.clone());
            tokio::spawn(async move {
                let mut stream = tls.accept(stream).await.unwrap();
                let mut head = [0; 4096];
                let length = stream.read(&mut head).await.unwrap();
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                assert!(
                    !head.to_ascii_lowercase().contains("cookie") && head.contains("ccept: application/json"),
                    "{head}"
                );
                let path = head.split(' ').nth(1).unwrap();
                asked.send_modify(|count| *count += 1);
                stream.write_all(said(path).as_bytes()).await.unwrap();
                if path.starts_with("/slow") {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    let root = reqwest::Certificate::from_der(cert.der()).unwrap();
    (client.tls_certs_only([root]), address, seen)
}

#[tokio::test]
async fn a_document_is_read_as_it_is_meant() {
    let (documents, _) = documents(Duration::from_millis(900)).await;
    let read =
        async |path: &str| documents.read(&format!("https://{HOST}{path}")).await.map(|read| read.client_name.clone());
    assert_eq!(read("/good").await.as_deref(), Ok("App"));
    for (path, expected) in [
        ("/elsewhere", BadDocument::NotJson),
        ("/page", BadDocument::NotJson),
        ("/forbidden", BadDocument::NotJson),
        ("/huge", BadDocument::TooLarge),
        ("/slow", BadDocument::Unreadable),
        ("/broken", BadDocument::Incomplete),
        ("/others", BadDocument::AnotherId),
        ("/nowhere", BadDocument::Incomplete),
        ("/closed", BadDocument::Unreadable),
    ] {
        assert_eq!(read(path).await, Err(expected), "{path}");
    }
}

#[tokio::test]
async fn a_site_that_does_not_answer_holds_up_its_own_documents_alone() {
    let (documents, mut seen) = documents(Duration::from_mins(1)).await;
    let documents = Arc::new(documents);
    let hanging: Vec<_> = (0..AT_ONCE + 2)
        .map(|number| {
            let documents = Arc::clone(&documents);
            tokio::spawn(async move { documents.read(&format!("https://{HOST}/slow?{number}")).await })
        })
        .collect();
    seen.wait_for(|count| *count >= AT_ONCE_OF_SITE).await.unwrap();
    let other = format!("https://{OTHER}/good?other");
    let other =
        tokio::time::timeout(Duration::from_secs(20), documents.read(&other)).await.expect("there is a place for it");
    assert_eq!(other.map(|read| read.client_name.clone()).as_deref(), Ok("App"));
    assert!(*seen.borrow() == AT_ONCE_OF_SITE + 1 && hanging.iter().all(|read| !read.is_finished()));
}

#[tokio::test]
async fn who_gets_no_place_is_told_that_and_may_try_again() {
    let (documents, mut seen) = documents(Duration::from_millis(900)).await;
    let documents = Arc::new(documents);
    for number in 0..AT_ONCE_OF_SITE {
        let documents = Arc::clone(&documents);
        tokio::spawn(async move { documents.read(&format!("https://{HOST}/slow?{number}")).await });
    }
    seen.wait_for(|count| *count == AT_ONCE_OF_SITE).await.unwrap();
    let held = documents.room_of(&format!("https://{HOST}/"));
    let good = format!("https://{HOST}/good");
    // Also once those have given up, somebody else has their place.
    let all = u32::try_from(AT_ONCE_OF_SITE).unwrap();
    let (places, read) = tokio::join!(held.acquire_many(all), documents.read(&good));
    assert_eq!(read.map(|read| read.client_name.clone()), Err(BadDocument::Busy));
    drop(places);
    assert_eq!(documents.read(&good).await.map(|read| read.client_name.clone()).as_deref(), Ok("App"));
}

#[test]
fn the_hosts_of_one_owner_are_one_site() {
    for (id, expected) in [
        ("https://app.example.com/x", "example.com"),
        ("https://a.b.app.example.com/x", "example.com"),
        ("https://example.com/x", "example.com"),
    ] {
        assert_eq!(site(id), expected);
    }
}

#[test]
fn a_documents_address_is_a_hosts_name_and_a_path() {
    assert!(is_address("https://app.example.com/client.json") && is_address("https://app.example.com/a/b?c=d"));
    let long = format!("https://app.example.com/{}", "x".repeat(512));
    for bad in [
        "http://app.example.com/x", "https://app.example.com", "https://app.example.com/",
        "https://app.example.com:8443/x", "https://app.example.com:443/x", "https://user@app.example.com/x",
        "https://u:p@app.example.com/x", "https://app.example.com/x#y", "https://app.example.com/a/../x",
        "https://app.example.com/%2e%2e/x", "https://APP.example.com/x", "https://127.0.0.1/x", "https://[::1]/x",
        "https://2130706433/x", "https://0x7f.1/x", "https://localhost/x", "https://metadata/x",
        "https://app.example.com./x", "https://app.example.com\\x", "x", &long,
    ] {
        assert!(!is_address(bad), "{bad}");
    }
}

#[tokio::test]
async fn a_name_that_means_this_machine_is_not_looked_at() {
    assert!(PublicOnly.resolve(Name::from_str("localhost").unwrap()).await.is_err());
}

#[test]
fn a_document_says_how_long_it_is_kept_within_bounds() {
    for (said, expected) in [
        ("", KEEP),
        ("public, max-age=600", Duration::from_mins(10)),
        ("max-age=1", LEAST),
        ("max-age=99999999", MOST),
        ("no-store", KEEP),
        ("max-age=x", KEEP),
    ] {
        assert_eq!(kept(said), expected, "{said}");
    }
}

/// Names that mean one address when they are looked up first, and another one after that.
struct Changing(SocketAddr, watch::Sender<usize>);

impl Resolve for Changing {
    fn resolve(&self, _: Name) -> Resolving {
        let before = *self.1.borrow();
        self.1.send_modify(|count| *count += 1);
        let found = if before == 0 { self.0 } else { SocketAddr::from(([127, 0, 0, 1], 9)) };
        Box::pin(async move { Ok(Box::new(std::iter::once(found)) as Addrs) })
    }
}

#[tokio::test]
async fn the_connection_is_made_to_the_address_that_was_looked_at() {
    let (client, address, _) = served().await;
    let (lookups, looked) = watch::channel(0);
    let documents = Documents::with(client.dns_resolver(Arc::new(Changing(address, lookups))), Duration::from_mins(1));
    let read = documents.read(&format!("https://{HOST}/good")).await;
    assert_eq!(read.map(|read| read.client_name.clone()).as_deref(), Ok("App"));
    assert_eq!(*looked.borrow(), 1);
}

#[test]
fn a_name_with_one_address_that_is_not_public_is_not_looked_at() {
    let [public, private] = ["1.1.1.1:0", "[::ffff:10.0.0.1]:0"].map(|address| address.parse::<SocketAddr>().unwrap());
    assert_eq!(all_public(vec![public, public]).map(Iterator::count), Some(2));
    for found in [vec![private], vec![public, private], vec![private, public]] {
        assert!(all_public(found).is_none());
    }
}

#[tokio::test]
async fn one_who_gets_a_place_late_is_not_told_that_the_document_is_at_fault() {
    let (documents, _) = documents(Duration::from_millis(900)).await;
    let held = documents.room_of(&format!("https://{HOST}/"));
    let all = u32::try_from(AT_ONCE_OF_SITE).unwrap();
    let places = held.acquire_many(all).await.unwrap();
    let slow = format!("https://{HOST}/slow");
    // Once more than a quarter of the time is over, however much.
    let late = async {
        tokio::time::sleep(documents.patience / 2).await;
        drop(places);
    };
    let (read, ()) = tokio::join!(documents.read(&slow), late);
    assert_eq!(read.map(|read| read.client_name.clone()), Err(BadDocument::Busy));
}

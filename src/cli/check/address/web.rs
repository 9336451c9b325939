//! The requests of a check: without a key, bounded in size and time, and never sent on to where an answer points.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::tls::TlsInfo;
use reqwest::{Client, ClientBuilder, Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use url::{Host, Origin, Url};

use super::Place;
use super::unreached::{Elsewhere, Unreached};

/// How long one answer is waited for: hosts do not wait longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the whole check waits.
const WHOLE: Duration = Duration::from_mins(1);

/// The most of a body that is read, in bytes.
const LARGEST: usize = 64 << 10;

/// The longest text of a server's that is shown, in characters.
const LONGEST: usize = 160;

/// What a check sends its requests with.
pub(super) struct Web {
    /// For the origin that was typed.
    own: Client,
    /// For other origins, which a server names.
    others: Client,
    origin: Origin,
    /// Where the address that was typed is: others may be as near.
    place: Place,
    /// Whether a proxy is between here and there.
    has_proxy: bool,
    patience: Duration,
    end: Instant,
}

/// An answer, as far as it was read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Whether there is more than was read.
    pub(super) is_too_large: bool,
    /// The certificate of its server.
    pub(super) certificate: Option<Vec<u8>>,
}

impl Web {
    /// Prepares for an address whose name means `found`, and which may be behind a proxy of this network.
    ///
    /// # Errors
    /// Why no request can be sent.
    pub(super) fn new(url: &Url, place: Place, found: &[SocketAddr], has_proxy: bool) -> Result<Self, String> {
        // Ignore: a provider may already be installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let own = builder();
        let own = if url.scheme() == "http" { own.no_proxy() } else { own };
        // Asked again, the name might mean another place.
        let own = match url.host_str() {
            Some(name) if !found.is_empty() => own.resolve_to_addrs(name, found),
            _ => own,
        };
        // A proxy would look up the names of others by itself, wherever they lead.
        let others = builder().no_proxy().dns_resolver(Arc::new(Names(place)));
        let built =
            |client: ClientBuilder| client.build().map_err(|error| anyhow::Error::new(error).root_cause().to_string());
        Ok(Self {
            own: built(own)?,
            others: built(others)?,
            origin: url.origin(),
            place,
            has_proxy,
            patience: PATIENCE,
            end: Instant::now() + WHOLE,
        })
    }

    /// Fetches a document.
    pub(super) async fn get(&self, url: &Url, accept: &str) -> Result<Answer, Unreached> {
        self.send(Method::GET, url, &[("accept", accept)], String::new()).await
    }

    /// Sends a request, and reads the answer, or the first event of one that is a stream.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, Unreached> {
        let client = if url.origin() == self.origin { &self.own } else { self.checked(url)? };
        let mut request = client.request(method, url.clone()).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let until = self.end.min(Instant::now() + self.patience);
        let answered = async {
            let mut response = request.send().await?;
            let certificate = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
            let mut answer = Answer {
                status: response.status(),
                headers: response.headers().clone(),
                body: Vec::new(),
                is_too_large: false,
                certificate: certificate.map(<[u8]>::to_vec),
            };
            while let Some(part) = response.chunk().await? {
                let room = LARGEST - answer.body.len();
                answer.is_too_large = part.len() > room;
                answer.body.extend(part.iter().take(room));
                if answer.is_too_large || answer.has_event() {
                    break;
                }
            }
            Ok(answer)
        };
        match timeout_at(until, answered).await {
            Ok(answered) => answered.map_err(|error: reqwest::Error| Unreached::from(&error)),
            Err(_) => Err(Unreached::Late(self.patience)),
        }
    }

    /// Returns what sends requests to another origin, if a host would send them there, and this machine may.
    fn checked(&self, url: &Url) -> Result<&Client, Unreached> {
        let is_allowed = match url.host() {
            Some(Host::Ipv4(address)) => self.place.may_lead_to(address.into()),
            Some(Host::Ipv6(address)) => self.place.may_lead_to(address.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        match url.scheme() {
            "https" if self.has_proxy && is_allowed => Err(Unreached::Proxied),
            "http" if !self.place.is_near() => Err(Unreached::Plain),
            "http" | "https" if is_allowed => Ok(&self.others),
            "http" | "https" => Err(Unreached::Elsewhere(Elsewhere)),
            _ => Err(Unreached::Plain),
        }
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("oncehub-mcp-check/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT)
        .tls_info(true)
}

/// Finds the addresses of names that a server gives which is at this place.
struct Names(Place);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let place = self.0;
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if !found.iter().all(|address| place.may_lead_to(address.ip())) {
                return Err(Elsewhere.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

impl Answer {
    /// Returns a header's value.
    pub(super) fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns the media type, without its parameters.
    pub(super) fn kind(&self) -> String {
        self.header(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    pub(super) fn is_html(&self) -> bool {
        matches!(&*self.kind(), "text/html" | "application/xhtml+xml")
    }

    pub(super) fn is_stream(&self) -> bool {
        self.kind() == "text/event-stream"
    }

    pub(super) fn has_event(&self) -> bool {
        self.is_stream() && self.events().next().is_some()
    }

    /// Returns the data of each event, but for those that have none.
    fn events(&self) -> impl Iterator<Item = String> {
        let text = String::from_utf8_lossy(&self.body).replace("\r\n", "\n");
        // What follows the last empty line is not complete.
        let whole = text.rfind("\n\n").map_or(0, |end| end + 2);
        let events: Vec<String> = text.get(..whole).unwrap_or_default().split("\n\n").map(data).collect();
        events.into_iter().filter(|data| !data.trim().is_empty())
    }

    /// Returns the JSON object that it is, or that its first event is; `None` if it is none.
    pub(super) fn object(&self) -> Option<Value> {
        let text = self.events().next().filter(|_| self.is_stream());
        let value = match text {
            Some(text) => serde_json::from_str(&text),
            None => serde_json::from_slice(&self.body),
        };
        value.ok().filter(Value::is_object)
    }

    /// Returns where it sends on to.
    pub(super) fn target(&self, from: &Url) -> Option<Url> {
        let given = Some(self.header(LOCATION)).filter(|given| self.status.is_redirection() && !given.is_empty());
        from.join(given?).ok()
    }

    /// Returns its status, and what it says about it in its own words.
    pub(super) fn told(&self) -> String {
        let words = self.words();
        if words.is_empty() { self.status.to_string() } else { format!("{}: {words}", self.status) }
    }

    fn words(&self) -> String {
        if let Some(body) = self.object() {
            let text = |at: &str| body.pointer(at).and_then(Value::as_str).filter(|text| !text.is_empty());
            let error = text("/error");
            let described = ["/error/message", "/error_description", "/message", "/detail"].into_iter().find_map(text);
            return match (error, described) {
                (Some(error), Some(described)) => shortened(&format!("{error}, {described}")),
                (one, other) => shortened(other.or(one).unwrap_or_default()),
            };
        }
        let text = String::from_utf8_lossy(&self.body);
        if self.is_html() {
            return title(&text).map(|title| format!("a page, \"{}\"", shortened(&title))).unwrap_or_default();
        }
        if self.kind() == "text/plain" { shortened(text.lines().next().unwrap_or_default()) } else { String::new() }
    }
}

fn data(event: &str) -> String {
    let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// Returns the title of a page.
fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    Some(html.get(start..end)?.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|title| !title.is_empty())
}

/// Returns as much of a server's text as is shown.
pub(super) fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that sends the same to everybody, and then neither more nor an end.
    async fn saying(text: &'static str) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4096]).await;
                    stream.write_all(text.as_bytes()).await.unwrap();
                    std::future::pending::<()>().await;
                });
            }
        });
        Url::parse(&format!("http://{address}/x")).unwrap()
    }

    async fn got(url: &Url) -> Result<Answer, Unreached> {
        let patience = Duration::from_millis(300);
        Web { patience, ..Web::new(url, Place::Machine, &[], false).unwrap() }.get(url, "*/*").await
    }

    #[tokio::test]
    async fn neither_silence_nor_a_drip_is_waited_for() {
        for text in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"] {
            assert!(matches!(got(&saying(text).await).await, Err(Unreached::Late(_))), "{text}");
        }
        let url = saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
        let over = Web { end: Instant::now(), ..Web::new(&url, Place::Machine, &[], false).unwrap() };
        assert!(matches!(over.get(&url, "*/*").await, Err(Unreached::Late(_))), "the whole check is over");
    }

    #[tokio::test]
    async fn a_stream_is_read_up_to_its_first_event() {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\n";
        let text = format!("{head}: alive\n\nid: 0\ndata:\n\ndata: {{\"a\":\ndata: 1}}\n\n").leak();
        let answer = got(&saying(text).await).await.unwrap();
        assert_eq!(answer.object().unwrap()["a"], 1);
        let endless = format!("{head}: alive\n\n").leak();
        assert!(matches!(got(&saying(endless).await).await, Err(Unreached::Late(_))));
    }

    #[tokio::test]
    async fn other_origins_are_asked_over_https_on_the_public_internet_only() {
        let url = Url::parse("https://mcp.example.com/mcp").unwrap();
        let web = Web::new(&url, Place::Internet, &[], false).unwrap();
        for (other, is_plain) in [
            ("https://127.0.0.1/x", false),
            ("https://169.254.169.254/x", false),
            ("https://[::1]/x", false),
            ("https://10.0.0.1:8443/x", false),
            ("https://localhost/x", false),
            ("http://mcp.example.com/x", true),
            ("ftp://mcp.example.com/x", true),
            ("data:text/plain,x", true),
        ] {
            let refused = web.get(&Url::parse(other).unwrap(), "*/*").await.err();
            let expected = if is_plain {
                matches!(refused, Some(Unreached::Plain))
            } else {
                matches!(refused, Some(Unreached::Elsewhere(_)))
            };
            assert!(expected, "{other}");
        }
    }

    #[tokio::test]
    async fn a_name_means_what_it_meant_when_it_was_looked_up() {
        let there = saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
        let found = [SocketAddr::new(there.host_str().unwrap().parse().unwrap(), there.port().unwrap())];
        // Nobody has this name, and no name is looked up for it.
        let url = Url::parse(&format!("http://mcp.example.invalid:{}/mcp", there.port().unwrap())).unwrap();
        let web = Web::new(&url, Place::Machine, &found, false).unwrap();
        assert_eq!(web.get(&url, "*/*").await.unwrap().body, b"{}");
    }

    #[tokio::test]
    async fn a_server_on_a_private_network_leads_nobody_to_this_machine() {
        let url = Url::parse("http://10.0.0.7/mcp").unwrap();
        let web = Web::new(&url, Place::Private, &[], false).unwrap();
        for other in [
            "http://127.0.0.1:1/x", "https://[::1]:1/x", "http://localhost:1/x", "http://169.254.169.254/x",
            "http://0.0.0.0:1/x",
        ] {
            let refused = web.get(&Url::parse(other).unwrap(), "*/*").await.err();
            assert!(matches!(refused, Some(Unreached::Elsewhere(_))), "{other}: {refused:?}");
        }
        for near in ["http://10.0.0.8/x", "https://192.168.1.1/x", "http://[fd00::1]/x", "https://1.1.1.1/x"] {
            assert!(web.checked(&Url::parse(near).unwrap()).is_ok(), "{near}");
        }
    }

    #[test]
    fn a_page_is_told_by_its_title() {
        assert_eq!(title("<html><TITLE lang=en>\n Just a\n moment…</title>").as_deref(), Some("Just a moment…"));
        for none in ["", "<title", "<title>", "<title></title>", "ı<title>İ"] {
            assert_eq!(title(none), None, "{none}");
        }
        assert_eq!(shortened(&"ä".repeat(LONGEST + 1)).chars().count(), LONGEST + 1);
    }
}

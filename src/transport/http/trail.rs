//! The trail that a request leaves: its id, which its response and each line about it have, its client's address and its
//! caller's hash; a line if it was refused, or for every request if the operator wants that; and its count.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use metrics::counter;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::caller::API_KEY;
use super::{Backend, Caller, Shared, network};

/// The header that carries a request's id, in both directions.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a request.
const LONGEST: usize = 64;

/// The most refusals of one kind that are logged in a minute: a scanner must not fill the disk.
const LOGGED: u32 = 10;
const MINUTE: Duration = Duration::from_mins(1);

/// nginx's status for a client that left before it was answered.
const CLIENT_LEFT: u16 = 499;

/// What the log says of a request, wherever it is served.
#[derive(Clone, Debug)]
pub struct Trail {
    /// The request's id: its own, or one made for it.
    pub id: Arc<str>,
    /// The client's address, as the proxy gives it.
    pub client: IpAddr,
    /// Whose request it is, once that is known.
    whose: Arc<OnceLock<Whose>>,
}

#[derive(Debug)]
struct Whose {
    /// The caller's hash.
    tenant: Arc<str>,
    /// What the log calls the server's token that the caller sent.
    token: Option<Arc<str>>,
}

/// The reason that a response carries in its extensions, for the log.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// The name it is counted under.
    pub(super) name: &'static str,
    pub(super) reason: Arc<str>,
    /// What the log calls the former token that was sent.
    pub(super) token: Option<Arc<str>>,
}

impl Trail {
    /// Returns the trail of a request, which begins here.
    fn of(request: &Parts, is_behind_proxy: bool) -> Self {
        let id = given(&request.headers).map_or_else(new_id, Into::into);
        Self { id, client: network::client(request, is_behind_proxy), whose: Arc::default() }
    }

    /// Returns the trail of a connection that is closed before its request is read.
    pub(super) fn of_connection(peer: IpAddr) -> Self {
        Self { id: new_id(), client: peer.to_canonical(), whose: Arc::default() }
    }

    /// Notes whose request it is.
    pub(super) fn is_of(&self, caller: &Caller) {
        let token = caller.token.as_ref().and_then(|token| token.name.clone());
        let _ = self.whose.set(Whose { tenant: Arc::clone(&caller.tenant), token });
    }

    fn tenant(&self) -> Option<&str> {
        self.whose.get().map(|whose| &*whose.tenant)
    }

    /// Returns what the log calls the server's token that the caller sent; `None` if it does not come from a file.
    pub fn token(&self) -> Option<&Arc<str>> {
        self.whose.get()?.token.as_ref()
    }

    /// Logs a refusal, unless there are too many like it.
    pub(super) fn refused(&self, method: &str, path: &str, status: StatusCode, refused: &Refused) {
        let Some(left_out) = REFUSALS.lock().entry(refused.name).or_default().admit(Instant::now()) else { return };
        tracing::info!(
            request = &*self.id,
            client = %self.client,
            tenant = self.tenant(),
            token = self.token().or(refused.token.as_ref()).map(|name| &**name),
            method,
            path,
            status = status.as_u16(),
            kind = refused.name,
            reason = &*refused.reason,
            // Refusals of this kind without a line of their own, since the last line.
            left_out,
            "refused"
        );
    }
}

/// Returns the id that a request brings, if it can stand in a log: a word, and not the request's key.
fn given(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let (Some(id), None) = (values.next(), values.next()) else { return None };
    let id = id.to_str().ok()?;
    let is_word = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let is_key = [API_KEY, AUTHORIZATION].iter().flat_map(|name| headers.get_all(name)).any(|value| {
        let words = value.to_str().unwrap_or_default();
        words.split_whitespace().any(|word| word.trim_matches(['"', '\'']) == id)
    });
    (!id.is_empty() && id.len() <= LONGEST && is_word && !is_key).then_some(id)
}

fn new_id() -> Arc<str> {
    format!("{:032x}", fastrand::u128(..)).into()
}

/// The refusals of each kind in the current minute.
static REFUSALS: LazyLock<Mutex<HashMap<&'static str, Sampled>>> = LazyLock::new(Mutex::default);

/// How many refusals of one kind have a line, and how many do not.
#[derive(Default)]
struct Sampled {
    began: Option<Instant>,
    logged: u32,
    left_out: u64,
}

impl Sampled {
    /// Returns how many were left out since the last line, if this one is to have a line.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.began.is_none_or(|began| now.duration_since(began) >= MINUTE) {
            (self.began, self.logged) = (Some(now), 0);
        }
        if self.logged >= LOGGED {
            self.left_out += 1;
            return None;
        }
        self.logged += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// A request that is being served: counted, and logged if every request is, also when its client leaves.
struct Serving {
    trail: Trail,
    started: Instant,
    method: String,
    path: String,
    agent: Option<String>,
    is_logged: bool,
    has_ended: bool,
}

impl Serving {
    fn end(&mut self, status: u16, refused: Option<&str>) {
        self.has_ended = true;
        let path = if is_known(&self.path) { self.path.clone() } else { "other".to_owned() };
        counter!("http_requests_total", "path" => path, "status" => status.to_string()).increment(1);
        if self.is_logged {
            tracing::info!(
                target: "oncehub_mcp::access",
                request = &*self.trail.id,
                client = %self.trail.client,
                tenant = self.trail.tenant(),
                token = self.trail.token().map(|name| &**name),
                method = &*self.method,
                path = &*self.path,
                status,
                ms = (self.started.elapsed().as_secs_f64() * 1e4).round() / 10.0,
                refused,
                agent = self.agent.as_deref(),
                "request"
            );
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.has_ended {
            self.end(CLIENT_LEFT, None);
        }
    }
}

/// Follows a request through everything else.
pub(super) async fn follow<B: Backend>(State(shared): State<Arc<Shared<B>>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let trail = Trail::of(&parts, shared.settings.door.is_behind_proxy());
    let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let mut serving = Serving {
        trail: trail.clone(),
        started: Instant::now(),
        method: parts.method.as_str().chars().take(16).collect(),
        path: shown(parts.uri.path()),
        agent: agent.map(|agent| agent.chars().take(80).collect()),
        is_logged: shared.settings.access_log,
        has_ended: false,
    };
    let id = HeaderValue::from_str(&trail.id);
    parts.extensions.insert(trail);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    response.headers_mut().extend(id.ok().map(|id| (REQUEST_ID, id)));
    let refused = response.extensions_mut().remove::<Refused>();
    if let Some(refused) = &refused {
        serving.trail.refused(&serving.method, &serving.path, response.status(), refused);
    }
    serving.end(response.status().as_u16(), refused.map(|refused| refused.name));
    response
}

/// The paths that are counted by their names.
const PATHS: [&str; 14] = [
    "/", "/mcp", "/mcp/", "/sse", "/sse/", "/message", "/healthz", "/readyz", "/metrics", "/authorize", "/token",
    "/register", "/revoke", "/callback",
];

fn is_known(path: &str) -> bool {
    PATHS.contains(&path)
}

/// Returns a path as the log may have it: of one that is not ours, a part that may be a key is left out. Queries never
/// get here.
fn shown(path: &str) -> String {
    if is_known(path) {
        return path.to_owned();
    }
    let part = |part: &str| {
        let is_words = part.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_' | b'.'));
        let is_short = part.len() <= 8 && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_words && part.len() <= 40 || is_short { part.to_owned() } else { "…".to_owned() }
    };
    path.split('/').take(8).map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn an_id_is_taken_if_it_can_stand_in_a_log() {
        let long = "a".repeat(65);
        for id in
            ["7", "0af7651916cd43dd8448eb211c80319c", "b9c0e1a2-7d6f-4e8b-9a0c-1d2e3f405162", "Req_1.2", &long[1..]]
        {
            assert_eq!(given(&headers(&[("x-request-id", id)])), Some(id));
        }
        for id in ["", "two words", "a\"b", "a=b", "a/b", "é", &long] {
            assert_eq!(given(&headers(&[("x-request-id", id)])), None, "{id}");
        }
        let mut twice = headers(&[("x-request-id", "a")]);
        twice.append(REQUEST_ID, "b".parse().unwrap());
        assert_eq!(given(&twice), None);
        assert_eq!(given(&HeaderMap::new()), None);
    }

    #[test]
    fn a_key_is_no_id() {
        for (name, value) in [("api-key", "k-1"), ("api-key", "\"k-1\""), ("authorization", "Bearer k-1")] {
            assert_eq!(given(&headers(&[("x-request-id", "k-1"), (name, value)])), None, "{name}: {value}");
        }
        assert_eq!(given(&headers(&[("x-request-id", "k-2"), ("api-key", "k-1")])), Some("k-2"));
    }

    #[test]
    fn a_path_that_may_hold_a_key_is_not_shown() {
        for path in ["/mcp", "/", "/.well-known/oauth-protected-resource", "/v1/mcp", "/favicon.ico"] {
            assert_eq!(shown(path), path);
        }
        assert_eq!(shown("/mcp/k3y-of-a-tenant"), "/mcp/…");
        assert_eq!(shown("/mcp/0af7651916cd43dd8448eb211c80319c/x"), "/mcp/…/x");
        assert_eq!(shown(&format!("/{}", "a".repeat(41))), "/…");
        assert!(shown(&"/a".repeat(5_000)).len() < 20);
    }

    #[test]
    fn of_many_refusals_some_have_a_line_and_the_rest_are_counted() {
        let (mut sampled, now) = (Sampled::default(), Instant::now());
        let lines = (0..500).filter_map(|_| sampled.admit(now)).collect::<Vec<_>>();
        assert_eq!(lines, vec![0; LOGGED as usize]);
        assert_eq!(sampled.admit(now + MINUTE), Some(490));
        assert_eq!(sampled.admit(now + MINUTE), Some(0));
    }
}

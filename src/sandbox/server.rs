//! The wire: HTTP/1.1 on the loopback interface, with OnceHub's headers and rate limits, and the effects of faults.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::stream;
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::BoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderValue, LINK, LOCATION, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::fault::{self, Effect, Fault};
use super::limits::Served;
use super::request::{Refusal, Reply, Request};
use super::world::World;
use super::{Settings, routes};

/// The largest request body that is read.
const BODY_LIMIT: usize = 1 << 20;
/// How many requests are kept in the log.
const REMEMBERED: usize = 50_000;

type Response = hyper::Response<BoxBody<Bytes, io::Error>>;

/// A request that the sandbox received, and its response.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path, with `/v2`.
    pub path: String,
    /// The query, as it came.
    pub query: String,
    /// The JSON body.
    pub body: Option<Value>,
    /// The `API-Key` header.
    pub key: Option<String>,
    /// The status of the response; `None` when the connection was dropped.
    pub status: Option<u16>,
}

/// The state that all connections share.
pub(super) struct Shared {
    pub(super) world: Mutex<World>,
    /// Other accounts, told apart by their keys.
    pub(super) others: Mutex<Vec<World>>,
    pub(super) faults: Mutex<Vec<Fault>>,
    pub(super) seen: Mutex<Vec<Seen>>,
    pub(super) stop: CancellationToken,
    /// Cancelled when held requests may resume.
    pub(super) released: CancellationToken,
    served: Mutex<Served>,
    pub(super) settings: Settings,
    requests: AtomicU64,
    /// Requests whose clients are waiting for the response: hyper drops one when its client leaves.
    pub(super) waiting: TaskTracker,
    /// Requests in progress, whether or not their clients are waiting.
    pub(super) working: TaskTracker,
    /// Requests held up on purpose.
    pub(super) held: TaskTracker,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            world: Mutex::new(settings.new_world()),
            others: Mutex::default(),
            faults: Mutex::default(),
            seen: Mutex::default(),
            stop: CancellationToken::new(),
            released: CancellationToken::new(),
            served: Mutex::default(),
            settings,
            requests: AtomicU64::new(0),
            waiting: TaskTracker::new(),
            working: TaskTracker::new(),
            held: TaskTracker::new(),
        }
    }
}

/// Accepts connections until it is aborted.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Probably out of file descriptors: other connections may close.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Small responses must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let stop = shared.stop.clone();
            let service = service_fn(move |request| exchange(Arc::clone(&shared), request));
            let connection =
                http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            // An error is a fault that closed the connection, or a client that did.
            let _ = stop.run_until_cancelled(connection).await;
        });
    }
}

async fn exchange(shared: Arc<Shared>, incoming: hyper::Request<Incoming>) -> Result<Response, io::Error> {
    let _waiting = shared.waiting.token();
    let (head, body) = incoming.into_parts();
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(answer(&shared, Refusal::new(413, "The request body is too large.").reply())),
    };
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: path.strip_prefix("/v2/").unwrap_or("\u{0}").split('/').map(str::to_owned).collect(),
        query: serde_urlencoded::from_str(&query).unwrap_or_default(),
        body: if body.is_empty() { Ok(None) } else { serde_json::from_slice(&body).map(Some).map_err(|_| ()) },
        key: head.headers.get("api-key").and_then(|key| key.to_str().ok()).map(str::to_owned),
    };
    let seen = Seen {
        method: request.method.clone(),
        path: path.clone(),
        query,
        body: request.body.clone().ok().flatten(),
        key: request.key.clone(),
        status: None,
    };
    let effect = fault::take(&mut shared.faults.lock(), &request.method, &path, &seen.query);
    // Like any real server, it continues with a request whose client has left.
    let working = shared.working.token();
    let stop = shared.stop.clone();
    let work = async move {
        let _working = working;
        let response = affected(&shared, request, effect).await;
        let mut log = shared.seen.lock();
        if log.len() < REMEMBERED {
            log.push(Seen { status: response.as_ref().ok().map(|response| response.status().as_u16()), ..seen });
        }
        response
    };
    let done = tokio::spawn(stop.run_until_cancelled_owned(work)).await;
    done.ok().flatten().unwrap_or_else(|| Err(io::Error::other("stopped")))
}

/// Answers a request, or applies a fault's effect.
async fn affected(shared: &Arc<Shared>, request: Request, effect: Option<Effect>) -> Result<Response, io::Error> {
    let dropped = || io::Error::other("dropped on purpose");
    let refuse = |status: u16, message: &str| answer(shared, Refusal::new(status, message).reply());
    let carry_out = || carry_out(shared, &request);
    let Some(effect) = effect else { return Ok(answer(shared, carry_out())) };
    Ok(match effect {
        Effect::Status(status, kind, body) => plain(shared, status, kind, body),
        Effect::Error(status, body) => answer(shared, Reply { status, ..Reply::ok(body) }),
        Effect::ErrorAfter => {
            carry_out();
            refuse(500, "An unexpected error occurred. Please try again later.")
        }
        Effect::Delay(wait) => {
            let _held = shared.held.token();
            tokio::time::sleep(wait).await;
            answer(shared, carry_out())
        }
        Effect::Hold => {
            let _held = shared.held.token();
            shared.released.cancelled().await;
            answer(shared, carry_out())
        }
        Effect::DropBefore => return Err(dropped()),
        Effect::DropDuring(wait) => {
            carry_out_later(shared, request, wait);
            return Err(dropped());
        }
        Effect::GatewayTimeout(wait) => {
            carry_out_later(shared, request, wait);
            plain(shared, 504, "text/html", "<html><body>504 Gateway Timeout</body></html>".into())
        }
        Effect::DropAfter => {
            carry_out();
            return Err(dropped());
        }
        Effect::DropInBody => {
            let reply = carry_out();
            let body = Bytes::from(reply.body.to_string());
            let mut response = answer(shared, reply);
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            let half = body.slice(..body.len() / 2);
            let broken = stream::iter([Ok(Frame::data(half)), Err(dropped())]);
            response.map(|_| BodyExt::boxed(StreamBody::new(broken)))
        }
        Effect::Truncated => {
            let Reply { status, body, .. } = carry_out();
            let whole = body.to_string();
            let half: String = whole.chars().take(whole.chars().count() / 2).collect();
            plain(shared, status, "application/json", half)
        }
        Effect::Malformed => {
            carry_out();
            plain(shared, 200, "text/html", "<html><body>Welcome</body></html>".into())
        }
        Effect::TooMany(retry_after) => {
            let mut response = refuse(429, "Request rate limit exceeded");
            response.headers_mut().extend(retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
            response
        }
        Effect::EchoKey => {
            refuse(400, &format!("The key {} was used oddly.", request.key.as_deref().unwrap_or_default()))
        }
        Effect::Redirect(to) => {
            let mut response = plain(shared, 302, "text/plain", String::new());
            response.headers_mut().extend(HeaderValue::from_str(&to).ok().map(|to| (LOCATION, to)));
            response
        }
        Effect::Huge(bytes) => {
            const PIECE: &[u8] = &[b' '; 1 << 16];
            let pieces = (0..bytes.div_ceil(PIECE.len())).map(|_| Ok(Frame::data(Bytes::from_static(PIECE))));
            plain(shared, 200, "application/json", String::new())
                .map(|_| BodyExt::boxed(StreamBody::new(stream::iter(pieces))))
        }
        Effect::Replace(body) => {
            carry_out();
            answer(shared, Reply::ok(body))
        }
    })
}

/// Carries out a request that was already answered, or never will be.
fn carry_out_later(shared: &Arc<Shared>, request: Request, wait: Duration) {
    let (shared, working) = (Arc::clone(shared), shared.working.token());
    tokio::spawn(shared.stop.clone().run_until_cancelled_owned(async move {
        let _working = working;
        tokio::time::sleep(wait).await;
        carry_out(&shared, &request);
    }));
}

/// Carries out a request, within the rate limits.
fn carry_out(shared: &Shared, request: &Request) -> Reply {
    let key = request.key.as_deref().unwrap_or_default();
    // One at a time, so that two guests cannot take the same slot.
    let (mut first, mut others) = (shared.world.lock(), shared.others.lock());
    let world = others.iter_mut().find(|world| world.keys.iter().any(|own| own == key)).unwrap_or(&mut first);
    if let Some(limits) = &shared.settings.limits {
        // An account counts as its first key.
        let account = world.keys.first().filter(|_| world.keys.iter().any(|own| own == key));
        let account = account.map_or(key, String::as_str);
        if !shared.served.lock().admit(limits, account, Instant::now()) {
            return Refusal::new(429, "Request rate limit exceeded").reply();
        }
    }
    routes::answer(world, request).unwrap_or_else(Refusal::reply)
}

fn answer(shared: &Shared, reply: Reply) -> Response {
    let mut response = plain(shared, reply.status, "application/json", reply.body.to_string());
    let link = reply.link.and_then(|link| HeaderValue::from_str(&link).ok());
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    response
}

fn plain(shared: &Shared, status: u16, kind: &'static str, body: String) -> Response {
    let whole = Full::new(Bytes::from(body)).map_err(|never: Infallible| match never {});
    let mut response = hyper::Response::new(BodyExt::boxed(whole));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let now = httpdate::fmt_http_date((shared.settings.now)().into());
    response.headers_mut().extend(HeaderValue::from_str(&now).ok().map(|now| (DATE, now)));
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let request_id = format!("req_{:016x}", 0x5EED_0000_0000_0000_u64 + number);
    if let Ok(request_id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("request-id", request_id);
    }
    response
}

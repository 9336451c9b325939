//! Sessions with a paused clock: the registry, the counts, and what rmcp is running agree, whatever clients do.

mod continued;

use std::collections::HashSet;
use std::sync::Mutex;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures::FutureExt;
use http::StatusCode;
use http_body_util::BodyExt;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, InitializeRequestParams, InitializeResult};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::network::Peer;
use super::sessions::Count;
use super::*;

/// A service whose calls end when told to, and that never gets to know a client called `slow`.
#[derive(Clone, Default)]
struct Slow {
    end: Arc<Notify>,
}

impl ServerHandler for Slow {
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        if request.client_info.name == "slow" {
            std::future::pending::<()>().await;
        }
        context.peer.set_peer_info(request);
        Ok(self.get_info())
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        tokio::select! {
            () = self.end.notified() => Ok(CallToolResult::success(vec![]).into()),
            () = context.ct.cancelled() => Err(ErrorData::internal_error("cancelled", None)),
        }
    }
}

/// Which tenants' keys have been accepted. The tests name tenants by their keys.
#[derive(Clone, Default)]
struct Accepted(Arc<Mutex<HashSet<Arc<str>>>>);

struct Simple {
    service: Slow,
    accepted: Accepted,
    /// The tenants for which a session has been opened.
    met: Accepted,
}

impl Backend for Simple {
    type Service = Slow;

    fn service(&self) -> Slow {
        self.service.clone()
    }

    fn admit(&self, _: &Caller, head: &mut Parts, in_flight: Option<InFlight>) -> Result<(), Refusal> {
        head.extensions.insert(Arc::new(in_flight));
        Ok(())
    }

    fn knows(&self, tenant: &str) -> bool {
        self.accepted.0.lock().unwrap().contains(tenant)
    }

    fn validate_key(&self, caller: &Caller) {
        self.met.0.lock().unwrap().insert(Arc::clone(&caller.tenant));
    }

    fn rejects(&self, _: &str) -> bool {
        false
    }

    async fn owner(&self, _: &Caller) -> Result<Option<String>, KeyProblem> {
        Ok(None)
    }

    async fn person(&self, _: &Caller) -> Result<(), (Field, String)> {
        Ok(())
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    fn metrics(&self) -> String {
        String::new()
    }

    async fn drain(&self) {}

    async fn finish_changes(&self) {}

    fn cut_off(&self) {}
}

struct Bench {
    shared: Arc<Shared<Simple>>,
    accepted: Accepted,
}

const LIMITS: Limits = Limits {
    connections: 10,
    sessions: 2_000,
    sessions_per_tenant: 2_000,
    calls: 1_000,
    calls_per_tenant: 1_000,
    body: 1 << 20,
    idle: Duration::from_hours(1),
    client_timeout: Duration::from_secs(30),
};

impl Bench {
    fn new(limits: Limits) -> Self {
        Self::sharing(limits, None)
    }

    /// The same, which shares its sessions through this store.
    fn sharing(limits: Limits, shared_sessions: Option<Arc<dyn SharedSessions>>) -> Self {
        let accepted = Accepted::default();
        let settings = Settings {
            door: Door::new(None, &[], &[], Proxy::None).unwrap(),
            keys: Keys::new(false, None, |text| Ok(text)).unwrap(),
            sign_in: None,
            metrics: Metrics::Closed,
            public_url: None,
            scheme: "http",
            limits,
            access_log: false,
            drain_delay: Duration::ZERO,
            pages: Vec::new(),
            shared_sessions,
            drain: Duration::ZERO,
        };
        let backend = Simple { service: Slow::default(), accepted: accepted.clone(), met: Accepted::default() };
        Self { shared: Arc::new(Shared::new(backend, settings, None, CancellationToken::new()).unwrap()), accepted }
    }

    /// Marks this key as accepted by OnceHub.
    fn accept(&self, key: &str) {
        let mut request = Self::request(key, 1, None, &json!({})).into_parts().0;
        let tenant = self.shared.caller(&mut request).now_or_never().unwrap().unwrap().tenant;
        self.accepted.0.lock().unwrap().insert(tenant);
    }

    fn request(key: &str, from: u8, session: Option<&str>, message: &Value) -> Request {
        let mut request = http::Request::post("/mcp")
            .header("host", "localhost")
            .header("api-key", key)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .extension(Peer([192, 0, 2, from].into()));
        if let Some(session) = session {
            request = request.header("mcp-session-id", session);
        }
        request.body(Body::from(message.to_string())).unwrap()
    }

    async fn ask(&self, request: Request) -> Result<Response, Refusal> {
        self.shared.streamed(request).await
    }

    /// Opens a session and returns its id.
    async fn open(&self, key: &str, from: u8) -> Result<String, Refusal> {
        let response = self.ask(Self::request(key, from, None, &initialize())).await?;
        assert_eq!(response.status(), StatusCode::OK);
        Ok(response.headers()["mcp-session-id"].to_str().unwrap().to_owned())
    }

    /// Opens a session and says that the client is ready.
    async fn use_one(&self, key: &str, from: u8) -> Result<String, Refusal> {
        let id = self.open(key, from).await?;
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.ask(Self::request(key, from, Some(&id), &ready)).await?;
        Ok(id)
    }

    fn call(key: &str, session: &str, id: &Value) -> Request {
        let params = json!({"name": "x", "arguments": {}});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        Self::request(key, 1, Some(session), &call)
    }

    fn is_open(&self, key: &str, session: &str) -> bool {
        let mut request = Self::request(key, 1, None, &json!({})).into_parts().0;
        let caller = self.shared.caller(&mut request).now_or_never().unwrap().unwrap();
        // Only looks: a request in the session would use it.
        self.shared.sessions.is_open(session, &caller.tenant)
    }

    /// Returns how many sessions are counted once everything has settled, and checks that so many are running.
    async fn count(&self) -> usize {
        settle().await;
        let Count { streamable, sse } = self.shared.sessions.count();
        settle().await;
        // Each has a service of its own; the backend and rmcp's factory have one each.
        let running = Arc::strong_count(&self.shared.backend.service.end) - 2;
        assert_eq!(streamable + sse, running, "services that are running");
        streamable + sse
    }
}

fn initialize() -> Value {
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
}

/// Lets every task run as far as it can without time passing.
async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

fn reason(refusal: Result<impl Sized, Refusal>) -> String {
    format!("{:?}", refusal.err().expect("it is refused"))
}

#[tokio::test(start_paused = true)]
async fn a_thousand_clients_that_leave_with_their_first_message_leave_nothing_uncounted() {
    let bench = Bench::new(LIMITS);
    bench.accept("known");
    for client in 0..1_000 {
        let mut asked = Box::pin(bench.ask(Bench::request("known", 1, None, &initialize())));
        // Some disconnect before their message is read, others while their session is being opened.
        for _ in 0..client % 5 {
            assert!(asked.as_mut().now_or_never().is_none() || client % 5 > 1);
            tokio::task::yield_now().await;
            if client % 5 > 1 {
                break;
            }
        }
    }
    assert_eq!(bench.count().await, 800);
    // No more messages came in them, so they are not kept for an hour.
    tokio::time::advance(LIMITS.client_timeout.saturating_sub(Duration::from_millis(1))).await;
    assert_eq!(bench.count().await, 800);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(bench.count().await, 0);
}

#[tokio::test(start_paused = true)]
async fn clients_that_leave_do_not_get_past_the_limit() {
    let bench = Bench::new(Limits { sessions: 300, ..LIMITS });
    bench.accept("known");
    for _ in 0..1_000 {
        let _ = bench.ask(Bench::request("known", 1, None, &initialize())).now_or_never();
    }
    assert_eq!(bench.count().await, 300);
    assert!(reason(bench.open("known", 1).await).contains("as many sessions"));
    tokio::time::advance(LIMITS.client_timeout).await;
    assert_eq!(bench.count().await, 0);
    bench.open("known", 1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_by_delete_and_after_its_idle_time() {
    let bench = Bench::new(LIMITS);
    bench.accept("known");
    let (ended, silent) = (bench.use_one("known", 1).await.unwrap(), bench.use_one("known", 1).await.unwrap());
    assert_eq!(bench.count().await, 2);
    let mut delete = Bench::request("known", 1, Some(&ended), &json!({}));
    *delete.method_mut() = http::Method::DELETE;
    assert_eq!(bench.ask(delete).await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(bench.count().await, 1);
    tokio::time::advance(LIMITS.idle.saturating_sub(Duration::from_millis(1))).await;
    assert_eq!(bench.count().await, 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(bench.count().await, 0);
    assert!(!bench.is_open("known", &silent));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_silent_for_too_long_is_refused_before_anything_has_ended_it() {
    let bench = Bench::new(LIMITS);
    bench.accept("known");
    let session = bench.use_one("known", 1).await.unwrap();
    tokio::time::advance(LIMITS.idle).await;
    assert!(bench.is_open("known", &session));
    let refused = bench.ask(Bench::call("known", &session, &json!(1))).await;
    assert!(reason(refused).contains("there is no such session with this key"));
}

#[tokio::test(start_paused = true)]
async fn a_session_in_which_a_call_is_in_flight_is_not_silent() {
    let bench = Bench::new(LIMITS);
    bench.accept("known");
    let session = bench.use_one("known", 1).await.unwrap();
    let _open = bench.ask(Bench::call("known", &session, &json!(7))).await.unwrap();
    settle().await;
    tokio::time::advance(LIMITS.idle * 2).await;
    assert_eq!(bench.count().await, 1);
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    bench.ask(Bench::request("known", 1, Some(&session), &cancel)).await.unwrap();
    settle().await;
    tokio::time::advance(LIMITS.idle).await;
    assert_eq!(bench.count().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_does_not_take_the_stream_of_another_with_the_same_id() {
    let bench = Bench::new(LIMITS);
    bench.accept("known");
    let session = bench.use_one("known", 1).await.unwrap();
    let first = bench.ask(Bench::call("known", &session, &json!("a"))).await.unwrap();
    settle().await;
    let told = reason(bench.ask(Bench::call("known", &session, &json!("a"))).await);
    assert!(told.contains("a request with this id is in flight"), "{told}");
    let _other = bench.ask(Bench::call("known", &session, &json!("b"))).await.unwrap();
    // In another session it is another request.
    let elsewhere = bench.use_one("known", 1).await.unwrap();
    let _elsewhere = bench.ask(Bench::call("known", &elsewhere, &json!("a"))).await.unwrap();
    settle().await;
    assert_eq!(bench.shared.calls.count(), 3);
    bench.shared.backend.service.end.notify_waiters();
    let answered = first.into_body().collect().await.unwrap().to_bytes();
    let answered = String::from_utf8(answered.to_vec()).unwrap();
    assert!(
        answered.contains("\"id\":\"a\"") && answered.contains("\"result\""),
        "its stream has stayed its own: {answered}"
    );
    settle().await;
    assert_eq!(bench.shared.calls.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn sessions_of_keys_that_are_made_up_stay_few_and_short_and_cost_known_ones_nothing() {
    let bench = Bench::new(LIMITS);
    bench.accept("known");
    let mut known = Vec::new();
    for _ in 0..100 {
        known.push(bench.use_one("known", 1).await.unwrap());
    }
    let many = crate::cases(150, 1_000);
    for number in 0..many {
        bench.use_one(&format!("made-up-{number}"), 1).await.unwrap();
    }
    assert_eq!(bench.count().await, 100 + 50, "one client address has half of the pool");
    // A new customer elsewhere, and one at the same address, whose key is accepted after a moment.
    let (elsewhere, same) = (bench.use_one("new", 2).await.unwrap(), bench.use_one("new-here", 1).await.unwrap());
    bench.accept("new-here");
    for number in many..2 * many {
        bench.use_one(&format!("made-up-{number}"), 1).await.unwrap();
    }
    assert!(bench.is_open("new", &elsewhere) && bench.is_open("new-here", &same));
    for from in 3..60 {
        for number in 0..crate::cases(4, 20) {
            bench.use_one(&format!("made-up-{from}-{number}"), from).await.unwrap();
        }
        assert!(bench.is_open("new", &elsewhere), "who takes most goes first");
    }
    assert_eq!(bench.count().await, 101 + 100);
    assert!(known.iter().all(|session| bench.is_open("known", session)));
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(bench.count().await, 101);
    let met = bench.shared.backend.met.0.lock().unwrap().len();
    assert!(met > 2 * many, "each has been asked about: {met}");
}

#[tokio::test(start_paused = true)]
async fn known_keys_need_no_room_that_strangers_have_taken() {
    let bench = Bench::new(Limits { sessions: 40, ..LIMITS });
    bench.accept("known");
    for number in 0..10 {
        bench.open(&format!("made-up-{number}"), number).await.unwrap();
    }
    assert_eq!(bench.count().await, 2);
    for _ in 0..40 {
        bench.use_one("known", 1).await.unwrap();
    }
    assert_eq!(bench.count().await, 40);
    assert!(reason(bench.open("known", 1).await).contains("as many sessions"));
    assert!(reason(bench.open("new", 2).await).contains("as many sessions"));
}

#[tokio::test(start_paused = true)]
async fn sessions_of_the_older_transport_are_in_the_same_book() {
    let bench = Bench::new(Limits { sessions: 40, ..LIMITS });
    bench.accept("known");
    let open = |key: &str, from| {
        let mut request = Bench::request(key, from, None, &json!({}));
        *request.method_mut() = http::Method::GET;
        sse::get(axum::extract::State(Arc::clone(&bench.shared)), request)
    };
    let kept = open("known", 1).await;
    let mut streams = Vec::new();
    for number in 0..10 {
        streams.push(open(&format!("made-up-{number}"), 1).await);
    }
    assert_eq!(bench.shared.sessions.count(), Count { streamable: 0, sse: 2 }, "one of them is a stranger's");
    // The streams of ended sessions end, too.
    let last = streams.pop().unwrap();
    for stream in streams {
        stream.into_body().collect().await.unwrap();
    }
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(bench.shared.sessions.count(), Count { streamable: 0, sse: 1 });
    last.into_body().collect().await.unwrap();
    drop(kept);
    settle().await;
    assert_eq!(bench.shared.sessions.count(), Count { streamable: 0, sse: 0 });
}

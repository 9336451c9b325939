//! MCP over HTTP, for many people at once, each with their own key.
//!
//! Reading order: [`listen`] accepts connections and rejects surplus ones, and [`connection`] serves each and drops
//! slow ones; [`trail`] gives each request the id that all lines about it have; [`door`] checks `Host` and `Origin`;
//! [`caller`] identifies the sender of a request, and [`network`] its address; [`limits`] and [`sessions`] say whether
//! there is room for it, and [`continued`] and [`takeover`] go on with sessions of other servers; then [`streamable`] (at `/mcp` and
//! `/sse`) or [`sse`] (the older HTTP+SSE, at `/sse` and `/message`) hands it to the service, whose response takes the
//! [`form`] that its client accepts. [`auth`] lets people sign in, where hosts send no key. [`routes`] shows all paths
//! at once. A rejected request gets a [`Refusal`]: a status, and a reason in words.

mod auth;
mod caller;
mod connection;
mod continued;
mod door;
mod form;
mod internet;
mod limits;
mod listen;
mod manager;
mod network;
mod page;
mod refusal;
mod routes;
mod sessions;
mod sse;
mod streamable;
mod takeover;
mod tls;
mod tokens;
mod trail;
mod watched;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::request::Parts;
use rmcp::ServerHandler;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use url::Url;

pub use auth::{
    Agreed, BadClientSecret, BadClients, BadKey, BadMap, BadProvider, BadSecrets, ClientSecret, Field, KeyProblem, Map,
    OwnClient, Policy, ProviderSettings, Secrets, SignIn,
};
pub use caller::{Caller, Keys, ReadKey};
pub use door::{Door, Proxy};
pub use internet::is_public;
pub use limits::{InFlight, Limits};
pub use listen::Listener;
pub use refusal::{REASONS, Refusal};
pub use tls::{BadCertificate, Certificates};
pub use tokens::{BadTokens, Tokens};
pub use trail::Trail;

use super::Stop;
use crate::store::SharedSessions;
use auth::{Auth, SignedIn};
use caller::API_KEY;
use limits::Calls;
use sessions::Sessions;
use streamable::Streamable;
use takeover::Takeovers;

/// The application that is served, as far as a transport has to know it.
pub trait Backend: Send + Sync + 'static {
    /// The MCP server.
    type Service: ServerHandler + Clone;

    /// Returns the MCP server for one session or one request. It finds what [`Backend::admit`] has left in the
    /// extensions of the request's head.
    fn service(&self) -> Self::Service;

    /// Leaves in the extensions of its head what a request of this caller is to be served with, and keeps `in_flight`
    /// while it is served.
    ///
    /// # Errors
    /// The reason not to serve it at all.
    fn admit(&self, caller: &Caller, head: &mut Parts, in_flight: Option<InFlight>) -> Result<(), Refusal>;

    /// Returns whether OnceHub has accepted a tenant's key, as far as is known. Until then its limits are low.
    fn knows(&self, tenant: &str) -> bool;

    /// Checks whether OnceHub accepts the key of a caller that opens a session, without holding anybody up.
    fn validate_key(&self, caller: &Caller);

    /// Returns whether OnceHub has rejected a tenant's key of late.
    fn rejects(&self, tenant: &str) -> bool;

    /// Asks OnceHub whether it accepts the key of a caller, and whose it is: the account, if OnceHub names one.
    ///
    /// # Errors
    /// If it does not accept the key, or has not said.
    fn owner(&self, caller: &Caller) -> impl Future<Output = Result<Option<String>, KeyProblem>> + Send;

    /// Checks that a caller is somebody in the account of their key, and their zone one that there is.
    ///
    /// # Errors
    /// What is wrong and where, in words for the person.
    fn person(&self, caller: &Caller) -> impl Future<Output = Result<(), (Field, String)>> + Send;

    /// Returns whether calls can succeed now, or else why not.
    fn ready(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// Renders all metrics, in Prometheus' text format.
    fn metrics(&self) -> String;

    /// Waits until the calls in flight have been answered, once no more are accepted.
    fn drain(&self) -> impl Future<Output = ()> + Send;

    /// Stops sending changes, and waits until the outcome of those already sent is known.
    fn finish_changes(&self) -> impl Future<Output = ()> + Send;

    /// Answers the calls that are still in flight: each response says whether a change may have been made.
    fn cut_off(&self);
}

/// The settings of the HTTP server.
#[derive(Debug)]
pub struct Settings {
    /// The hosts and origins that are allowed.
    pub door: Door,
    /// Which keys are accepted.
    pub keys: Keys,
    /// How people sign in, if they do.
    pub sign_in: Option<SignIn>,
    /// Who may read the metrics.
    pub metrics: Metrics,
    /// The URL that clients see, if it differs from the address listened on.
    pub public_url: Option<Url>,
    /// The scheme that this process itself speaks: `http` or `https`.
    pub scheme: &'static str,
    /// The server's limits.
    pub limits: Limits,
    /// Whether every request has a line in the log.
    pub access_log: bool,
    /// How long the server goes on as before once it has been asked to stop, except that `/readyz` says so: until a load
    /// balancer has noticed.
    pub drain_delay: Duration,
    /// How long in-flight calls get after that.
    pub drain: Duration,
    /// Further pages for a browser, behind the same door.
    pub pages: Vec<Page>,
    /// Where sessions are that other servers go on with; none if this server is alone.
    pub shared_sessions: Option<Arc<dyn SharedSessions>>,
}

/// A page for a browser.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Where it is.
    pub path: &'static str,
    /// The whole document.
    pub html: &'static str,
    /// What it may load: its `Content-Security-Policy`.
    pub policy: &'static str,
}

/// Who may read the metrics, which reveal how busy a company is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metrics {
    /// Everybody who can connect.
    Open,
    /// A client that has the server's token.
    WithToken,
    /// Nobody.
    Closed,
}

/// The state that all requests share.
struct Shared<B: Backend> {
    backend: Arc<B>,
    settings: Settings,
    auth: Option<Arc<Auth>>,
    streamable: Streamable<B>,
    sessions: Arc<Sessions>,
    takeovers: Takeovers,
    calls: Calls,
    /// The requests whose responses have not been sent completely.
    in_flight: TaskTracker,
    /// The server's own certificate, if it terminates TLS.
    certificates: Option<Certificates>,
    /// The first phase of a shutdown: `/readyz` says so, and connections close after their next response.
    leaving: CancellationToken,
    /// The second: no new calls.
    stopping: CancellationToken,
    /// The third: streams end.
    ended: CancellationToken,
}

/// Serves until it is asked to stop; then lets in-flight calls finish, for as long as the settings say unless it has to
/// end at once, and ends all streams.
pub async fn serve<B: Backend>(listener: Listener, backend: B, settings: Settings, stop: Stop) -> anyhow::Result<()> {
    let (limits, drain_delay, drain) = (settings.limits, settings.drain_delay, settings.drain);
    let ended = CancellationToken::new();
    let shared = Arc::new(Shared::new(backend, settings, listener.certificates().cloned(), ended.clone())?);
    let swept = Arc::clone(&shared);
    // Idle sessions end even when no requests come, and so do those of tokens that were taken out, and of sign-ins that
    // have ended elsewhere.
    let _ending = AbortOnDropHandle::new(tokio::spawn(async move {
        let mut seconds = 0_u64;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            swept.settings.keys.look();
            seconds += 1;
            if let Some(auth) = swept.auth.as_ref().filter(|_| seconds.is_multiple_of(LOOK)) {
                auth.look().await;
            }
            swept.sessions.end_idle();
            swept.look_at_sessions().await;
        }
    }));
    let greeting = shared.auth.clone();
    let _greeting = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Some(auth) = greeting {
            auth.greet().await;
        }
    }));
    let left = async {
        stop.asked.cancelled().await;
        let (calls, sessions) = (shared.calls.count(), shared.sessions.count());
        let sessions = sessions.streamable + sessions.sse;
        tracing::info!(calls, sessions, delay_s = drain_delay.as_secs(), drain_s = drain.as_secs(), "shutting down");
        shared.leaving.cancel();
        stop.unless_at_once(tokio::time::sleep(drain_delay)).await;
    };
    let connections = listener.accept_until(left, routes::all(Arc::clone(&shared)), &limits).await;
    // No more new connections. Clients that are connected get responses, but their new calls are rejected.
    shared.stopping.cancel();
    shared.in_flight.close();
    let finished = async {
        shared.backend.drain().await;
        shared.in_flight.wait().await;
    };
    let deadline = tokio::time::Instant::now() + drain;
    let mut cut_off = 0;
    if !matches!(stop.unless_at_once(tokio::time::timeout_at(deadline, finished)).await, Some(Ok(()))) {
        tracing::warn!(calls = shared.calls.count(), "calls were still in flight when they had to end");
        // Longer than the drain time, if need be: nobody else would learn the outcome of a change in flight.
        stop.unless_at_once(shared.backend.finish_changes()).await;
        cut_off = shared.calls.count();
        shared.backend.cut_off();
        let _ = tokio::time::timeout(LAST_WORDS, shared.in_flight.wait()).await;
    }
    stop.unless_at_once(shared.backend.finish_changes()).await;
    ended.cancel();
    // Responses still have to reach their clients.
    let last = tokio::time::Instant::now() + LAST_WORDS;
    let grace = if stop.at_once.is_cancelled() { last } else { deadline.max(last) };
    let _ = tokio::time::timeout_at(grace, connections.shutdown()).await;
    tracing::info!(cut_off, "ended");
    Ok(())
}

/// How often it is seen whether sign-ins have ended at another server, in seconds.
const LOOK: u64 = 5;

/// How long clients get to take the responses to calls that were cut off.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl<B: Backend> Shared<B> {
    fn new(
        backend: B,
        mut settings: Settings,
        certificates: Option<Certificates>,
        ended: CancellationToken,
    ) -> Result<Self, BadProvider> {
        let (backend, limits) = (Arc::new(backend), settings.limits);
        let knowing = Arc::clone(&backend);
        let sessions = Arc::new(Sessions::new(limits, Box::new(move |tenant| knowing.knows(tenant))));
        let auth = settings.sign_in.take().map(Auth::new).transpose()?.map(Arc::new);
        if auth.is_some() {
            settings.keys = settings.keys.beside_sign_in();
        }
        Ok(Self {
            streamable: streamable::service(&*backend, Arc::clone(&sessions), &limits, ended.clone()),
            auth,
            sessions,
            takeovers: Takeovers::default(),
            calls: Calls::new(&limits),
            in_flight: TaskTracker::new(),
            certificates,
            leaving: CancellationToken::new(),
            stopping: CancellationToken::new(),
            ended,
            backend,
            settings,
        })
    }

    /// Returns the sender of a request, and removes the keys from its headers.
    async fn caller(&self, request: &mut Parts) -> Result<Caller, Refusal> {
        let network = network::of(request, self.settings.door.is_behind_proxy());
        let caller = match &self.auth {
            Some(auth) => self.signed_in(auth, request, network).await?,
            None => self.settings.keys.take(&mut request.headers, network)?,
        };
        if let Some(trail) = request.extensions.get::<Trail>() {
            trail.is_of(&caller);
        }
        Ok(caller)
    }

    /// Returns the sender of a request where people sign in: by a token, or a key.
    async fn signed_in(&self, auth: &Auth, request: &mut Parts, network: IpAddr) -> Result<Caller, Refusal> {
        let keys = &self.settings.keys;
        let Some(SignedIn { key, agreed, in_use }) = auth.bearer(request).await? else {
            let taken = keys.take(&mut request.headers, network);
            return taken.map_err(|refusal| auth.refusal(request, refusal.reason(), false));
        };
        request.headers.remove(AUTHORIZATION);
        request.headers.remove(API_KEY);
        // Whom the provider has recognized cannot help it if OnceHub rejects the operator's key: the call says so.
        let is_own = agreed.person.is_none();
        let caller = Caller { agreed: Some(agreed), in_use: Some(in_use), ..keys.caller(key, network) };
        if is_own && self.backend.rejects(&caller.tenant) {
            let reason = "OnceHub does not accept the key of this sign-in any more: sign in again, with another key";
            return Err(auth.refusal(request, reason, true));
        }
        Ok(caller)
    }
}

/// Returns whether an address is a loopback address.
pub fn is_local(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

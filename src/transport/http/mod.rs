//! MCP over HTTP, for many people at once, each with their own key.
//!
//! Reading order: connections come in at [`listen`], which keeps surplus ones out, and each of them is a [`connection`], which
//! does so with slow ones; [`door`] checks `Host` and `Origin`; [`caller`] tells whose request it is, and [`network`] where it
//! comes from; [`limits`] and [`sessions`] say whether there is room for it; then [`streamable`] (at `/mcp` and `/sse`) or [`sse`] (the older HTTP+SSE, at
//! `/sse` and `/message`) hand it to the service. [`routes`] shows all paths at once. Whatever is turned away gets a
//! [`Refusal`]: a status, and a reason in words.

mod caller;
mod connection;
mod door;
mod kept;
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
mod tls;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Extensions, HeaderMap};
use rmcp::ServerHandler;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use url::Url;

pub use caller::{Caller, Keys};
pub use door::{Door, Proxy};
pub use limits::{InFlight, Limits};
pub use listen::Listener;
pub use refusal::Refusal;
pub use tls::{BadCertificate, Certificates};

use limits::Calls;
use sessions::Sessions;
use streamable::Streamable;

/// What is served, as far as a transport has to know.
pub trait Backend: Send + Sync + 'static {
    /// The MCP server.
    type Service: ServerHandler + Clone;

    /// The MCP server, for one session or one request. It finds what [`Backend::admit`] has left among the extensions of the
    /// request's head.
    fn service(&self) -> Self::Service;

    /// Leaves among `extensions` what a request of this caller is to be served with, and keeps `in_flight` for as long as
    /// it is.
    ///
    /// # Errors
    /// A reason not to serve it at all.
    fn admit(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        in_flight: Option<InFlight>,
        extensions: &mut Extensions,
    ) -> Result<(), Refusal>;

    /// Whether OnceHub has accepted a tenant's key, as far as is known. Until then there is little room for it.
    fn knows(&self, tenant: &str) -> bool;

    /// A caller opens a session: finds out whether OnceHub accepts the key, without holding anybody up.
    fn meet(&self, caller: &Caller);

    /// Whether calls can succeed now; else, why not.
    fn ready(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// Figures of everything, in Prometheus' text format.
    fn metrics(&self) -> String;

    /// Takes no more calls, and returns when those under way have been answered.
    fn drain(&self) -> impl Future<Output = ()> + Send;

    /// Lets no more changes leave, and returns when it is known what became of those that have.
    fn finish_changes(&self) -> impl Future<Output = ()> + Send;
}

/// How HTTP is served.
#[derive(Debug)]
pub struct Settings {
    /// Which hosts and origins may ask.
    pub door: Door,
    /// Whose keys are taken.
    pub keys: Keys,
    /// Who may read the figures.
    pub metrics: Metrics,
    /// The address that clients see, where it is another than the one that is listened on.
    pub public_url: Option<Url>,
    /// `http` or `https`, as this process itself speaks it.
    pub scheme: &'static str,
    /// How much there is room for.
    pub limits: Limits,
    /// How long calls under way get, once the process has been asked to stop.
    pub drain: Duration,
}

/// Who may read the figures, which tell how much a company works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metrics {
    /// Everybody who can connect.
    Open,
    /// Whoever has the server's token.
    WithToken,
    /// Nobody.
    Closed,
}

/// What all requests share.
struct Shared<B: Backend> {
    backend: Arc<B>,
    settings: Settings,
    streamable: Streamable<B>,
    sessions: Arc<Sessions>,
    calls: Calls,
    /// Requests whose answers have not been sent to the end.
    under_way: TaskTracker,
    /// The first phase of a shutdown: no new calls.
    stopping: CancellationToken,
    /// The second: streams end.
    ended: CancellationToken,
}

/// Serves until `stop` completes; then lets calls under way answer, for as long as the settings say, and ends all streams.
///
/// # Errors
/// When nothing can be accepted any more.
pub async fn serve<B: Backend>(
    listener: Listener,
    backend: B,
    settings: Settings,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let (limits, drain, ended) = (settings.limits, settings.drain, CancellationToken::new());
    let shared = Arc::new(Shared::new(backend, settings, ended.clone()));
    let _ending = AbortOnDropHandle::new(tokio::spawn(end_silent(Arc::clone(&shared.sessions))));
    let connections = listener.accept_until(stop, routes::all(Arc::clone(&shared)), &limits).await;
    // Nobody can connect any more. Who is connected is answered, but gets no new call through.
    shared.stopping.cancel();
    shared.under_way.close();
    let finished = async {
        shared.backend.drain().await;
        shared.under_way.wait().await;
    };
    let deadline = tokio::time::Instant::now() + drain;
    if tokio::time::timeout_at(deadline, finished).await.is_err() {
        tracing::warn!("calls were still under way when the time to drain was over");
    }
    // Longer than the time to drain, where it must be: nobody else would see what becomes of a change on its way.
    shared.backend.finish_changes().await;
    ended.cancel();
    // What has been answered still has to arrive.
    let grace = deadline.max(tokio::time::Instant::now() + Duration::from_secs(1));
    let _ = tokio::time::timeout_at(grace, connections.shutdown()).await;
    Ok(())
}

impl<B: Backend> Shared<B> {
    fn new(backend: B, settings: Settings, ended: CancellationToken) -> Self {
        let (backend, limits) = (Arc::new(backend), settings.limits);
        let knowing = Arc::clone(&backend);
        let sessions = Arc::new(Sessions::new(&limits, Box::new(move |tenant| knowing.knows(tenant))));
        Self {
            streamable: Streamable::new(&*backend, &sessions, &limits, ended.clone()),
            sessions,
            calls: Calls::new(&limits),
            under_way: TaskTracker::new(),
            stopping: CancellationToken::new(),
            ended,
            backend,
            settings,
        }
    }

    /// Whose request it is, and nothing of the keys is left in its headers.
    fn caller(&self, request: &mut Parts) -> Result<Caller, Refusal> {
        let network = network::of(request, self.settings.door.is_behind_proxy());
        self.settings.keys.take(&mut request.headers, network)
    }
}

/// Ends sessions that have been silent for too long, also when nobody asks for any.
async fn end_silent(sessions: Arc<Sessions>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sessions.end_silent();
    }
}

/// Whether an address is one of this machine alone.
pub fn is_local(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

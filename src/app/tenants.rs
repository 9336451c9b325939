//! Many accounts behind one server: a request's key determines its account, and its headers narrow the catalogue, and
//! say who the caller is.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode};
use moka::sync::Cache;
use secrecy::SecretString;
use tokio::time::Instant;

use super::figures::Figures;
use crate::oncehub::account::account_in;
use crate::oncehub::{Address, BadKey, Budget, Cause, Client, Key, KeySource, Rejection, Window, Windows};
use crate::records::failure::Failure;
use crate::records::{Reader, SaidBy, Zone};
use crate::server::{Account, Origin, Server};
use crate::store::Records;
use crate::tools::{Catalogue, Selection, Tools};
use crate::transport::http::{Backend, Caller, Field, InFlight, KeyProblem, Refusal, Trail};

/// How many accounts are cached, and for how long after their last request.
const ACCOUNTS: u64 = 10_000;
const REMEMBER: Duration = Duration::from_mins(15);

/// The same for keys that OnceHub has not accepted. Their cache is separate, so that made-up keys evict no account.
const STRANGERS: u64 = 1_000;
const REMEMBER_STRANGERS: Duration = Duration::from_mins(1);

/// The timeout for OnceHub to validate the key of a new session.
const VALIDATION_TIMEOUT: Duration = Duration::from_secs(10);

/// The timeout of a probe of readiness: those who probe give up soon.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a readiness result is cached: each one costs a request to OnceHub.
const READY_FOR: Duration = Duration::from_mins(1);
const UNREADY_FOR: Duration = Duration::from_secs(10);

/// The accounts that HTTP serves: the server's own, for callers that may use it, and each other caller's.
pub struct Tenants {
    server: Server,
    own: Account,
    client: Client,
    address: Address,
    known: Caches,
    strangers: Caches,
    ready: tokio::sync::Mutex<Option<(Instant, Result<(), String>)>>,
    figures: Figures,
}

/// The caches of callers' tools, and of catalogues that headers have narrowed.
struct Caches {
    tools: Cache<Arc<str>, Tools>,
    narrowed: Cache<Selection, Arc<Catalogue>>,
}

impl Caches {
    fn new(accounts: u64, selections: u64, idle: Duration) -> Self {
        Self {
            tools: Cache::builder().max_capacity(accounts).time_to_idle(idle).build(),
            narrowed: Cache::builder().max_capacity(selections).time_to_idle(idle).build(),
        }
    }
}

impl Tenants {
    /// Creates the backend. Callers without a key are served with `client` and `tools`, others with copies of them.
    ///
    /// # Errors
    /// If another server in this process already collects metrics.
    pub fn new(
        client: &Client,
        tools: &Tools,
        catalogue: Catalogue,
        windows: &Windows,
        store: &Arc<dyn Records>,
    ) -> anyhow::Result<Self> {
        // Without any limits nothing has to be shared.
        let shared = store.windows().filter(|_| *windows != Windows::default());
        let address = shared.map_or_else(|| Address::new(windows), |shared| Address::shared(windows, shared));
        // This account shares the address's limit with all others.
        let client = client.with_key(client.settings().key.clone(), Budget::own_at(&address));
        let tools = tools.with_client(client.clone()).in_store(Arc::clone(store));
        let server = Server::per_request(catalogue.views()).in_store(Arc::clone(store));
        let figures = Figures::collect(catalogue.list())?;
        Ok(Self {
            server,
            own: Account {
                tools,
                catalogue: Arc::new(catalogue),
                tenant: OWN.into(),
                origin: None,
                can_interrupt: true,
                held: None,
            },
            address,
            client,
            known: Caches::new(ACCOUNTS, 200, REMEMBER),
            strangers: Caches::new(STRANGERS, 20, REMEMBER_STRANGERS),
            ready: tokio::sync::Mutex::default(),
            figures,
        })
    }

    /// Asks OnceHub whether calls can succeed, unless that is known.
    async fn probe(&self) -> Result<(), String> {
        // Concurrent probes wait for one result.
        let mut known = self.ready.lock().await;
        if let Some((at, answer)) = &*known
            && at.elapsed() < if answer.is_ok() { READY_FOR } else { UNREADY_FOR }
        {
            return answer.clone();
        }
        // Before the probe itself is over, so that its result is kept.
        let client = self.client.until(Instant::now() + PROBE_TIMEOUT - Duration::from_millis(200));
        let asked =
            if client.settings().key.is_missing() { client.ping().await } else { client.check().await.map(|_| ()) };
        // A limit holds calls up, but is no outage: another server would meet it, too.
        let asked = asked.or_else(|error| if error.cause.is_rate_limit() { Ok(()) } else { Err(error) });
        let answer = asked.map_err(|error| Failure::from(&error).message);
        *known = Some((Instant::now(), answer.clone()));
        answer
    }

    /// Returns the caches for a tenant, and those it may still be in from before its key was accepted or rejected.
    fn caches(&self, tenant: &str) -> (&Caches, &Caches) {
        if self.knows(tenant) { (&self.known, &self.strangers) } else { (&self.strangers, &self.known) }
    }

    /// Returns the tools of a caller with a key of their own.
    fn tools(&self, caller: &Caller, key: &SecretString) -> Result<Tools, Refusal> {
        let make = || {
            let key = Key::new(KeySource::Given(key.clone()))?;
            let budget = Budget::of_key(&self.address, Arc::clone(&caller.tenant), caller.network);
            Ok(self.own.tools.of_account(self.client.with_key(key, budget), Arc::clone(&caller.tenant)))
        };
        let (here, before) = self.caches(&caller.tenant);
        // Keep what was learnt before the key was accepted.
        let moved = || before.tools.remove(&caller.tenant).map_or_else(make, Ok);
        let tools = here.tools.try_get_with(Arc::clone(&caller.tenant), moved);
        tools.map_err(|bad: Arc<BadKey>| Refusal::new(StatusCode::UNAUTHORIZED, "key", bad.to_string()))
    }

    /// Returns the catalogue, narrowed by the headers.
    fn catalogue(&self, caller: &Caller, headers: &HeaderMap) -> Result<Arc<Catalogue>, Refusal> {
        let mut selection = selection(headers)?;
        // Headers narrow what the person has agreed to, and widen nothing.
        selection.read_only |= caller.agreed.as_ref().is_some_and(|agreed| agreed.read_only);
        if selection == Selection::default() {
            return Ok(Arc::clone(&self.own.catalogue));
        }
        let narrow = || self.own.catalogue.narrowed(&selection).map(Arc::new);
        let (here, _) = self.caches(&caller.tenant);
        here.narrowed.try_get_with_by_ref(&selection, narrow).map_err(|bad| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                "selection",
                format!("the X-MCP headers name something unknown: {bad}"),
            )
        })
    }
}

/// The tenant of callers served with the server's own key.
const OWN: &str = "own";

impl Backend for Tenants {
    type Service = Server;

    fn service(&self) -> Server {
        self.server.clone()
    }

    fn admit(&self, caller: &Caller, head: &mut Parts, in_flight: Option<InFlight>) -> Result<(), Refusal> {
        let tools = match &caller.key {
            Some(key) => self.tools(caller, key)?,
            None => self.own.tools.clone(),
        };
        let catalogue = self.catalogue(caller, &head.headers)?;
        let (me, in_zone) = agreed(caller);
        // Whom the identity provider has recognized is who they are, whatever headers say.
        let is_recognized = caller.agreed.as_ref().is_some_and(|agreed| agreed.person.is_some());
        let said = if is_recognized { None } else { user(&head.headers)?.map(|user| (user, SaidBy::Header)) };
        let tools = tools.of_caller(said.or(me), zone(&head.headers)?.or(in_zone));
        let tools = match &caller.agreed {
            Some(_) if is_recognized => tools.for_reader(Reader::Recognized),
            Some(_) => tools.for_reader(Reader::SignedIn),
            None => tools,
        };
        let held = in_flight.map(|in_flight| Arc::new(in_flight) as Arc<dyn Any + Send + Sync>);
        let (tenant, can_interrupt) = (Arc::clone(&caller.tenant), caller.takes_stream);
        let trail = head.extensions.get::<Trail>();
        let origin = |trail: &Trail| Origin {
            request: Arc::clone(&trail.id),
            client: trail.client,
            token: trail.token().cloned(),
        };
        let origin = trail.map(origin);
        head.extensions.insert(Account { tools, catalogue, can_interrupt, held, origin, tenant });
        Ok(())
    }

    fn knows(&self, tenant: &str) -> bool {
        tenant == OWN || self.address.knows(tenant)
    }

    fn validate_key(&self, caller: &Caller) {
        let Some(key) = &caller.key else { return };
        if self.knows(&caller.tenant) {
            return;
        }
        if let Ok(tools) = self.tools(caller, key) {
            // Only if the rate limit has room now: otherwise the first call validates the key.
            let client = tools.client().without_waiting().until(Instant::now() + VALIDATION_TIMEOUT);
            tokio::spawn(async move { client.validate_key().await });
        }
    }

    fn rejects(&self, tenant: &str) -> bool {
        let caches = [&self.known, &self.strangers].into_iter();
        caches.filter_map(|cache| cache.tools.get(tenant)).any(|tools| tools.client().was_rejected())
    }

    async fn owner(&self, caller: &Caller) -> Result<Option<String>, KeyProblem> {
        let Some(key) = &caller.key else { return Err(KeyProblem::Rejected) };
        let tools = self.tools(caller, key).map_err(|_| KeyProblem::Rejected)?;
        let checked = tools.client().until(Instant::now() + VALIDATION_TIMEOUT).check().await;
        let checked = checked.map_err(|error| match &error.cause {
            cause if cause.rejection().is_some_and(Rejection::is_bad_key) => KeyProblem::Rejected,
            Cause::RateLimited { .. } | Cause::NoRoomToTry { .. } => KeyProblem::Busy,
            _ => KeyProblem::Unknown(sentence(&Failure::from(&error).message)),
        })?;
        Ok(checked.message.as_deref().and_then(account_in).map(str::to_owned))
    }

    async fn person(&self, caller: &Caller) -> Result<(), (Field, String)> {
        let (Some(key), Some(said)) = (&caller.key, &caller.agreed) else { return Ok(()) };
        if let Some(zone) = &said.zone {
            Zone::parse(zone).map_err(|problem| (Field::Zone, sentence(&problem.to_string())))?;
        }
        let (me, _) = agreed(caller);
        if me.is_none() {
            return Ok(());
        }
        let tools = self.tools(caller, key).map_err(|refusal| (Field::Me, sentence(&refusal.reason())))?;
        let found = tools.of_caller(me, None).for_reader(Reader::Person).check_me().await;
        found.map_err(|failure| (Field::Me, sentence(failure.message.trim_start_matches("me: "))))
    }

    async fn ready(&self) -> Result<(), String> {
        let late = || format!("OnceHub did not answer within {} s", PROBE_TIMEOUT.as_secs());
        tokio::time::timeout(PROBE_TIMEOUT, self.probe()).await.unwrap_or_else(|_| Err(late()))
    }

    fn metrics(&self) -> String {
        for (Window { requests, period }, left) in self.address.left() {
            let window = format!("{requests}/{}s", period.as_secs());
            metrics::gauge!("oncehub_budget_left", "window" => window)
                .set(f64::from(u32::try_from(left).unwrap_or(u32::MAX)));
        }
        self.figures.render()
    }

    async fn drain(&self) {
        // The transport accepts no more calls. What it has accepted is served, even if it has not begun.
        self.server.answered().await;
    }

    async fn finish_changes(&self) {
        self.own.tools.finish_changes().await;
    }

    fn cut_off(&self) {
        self.server.cut_off();
    }
}

/// Returns a problem as a page has it.
fn sentence(problem: &str) -> String {
    let mut chars = problem.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    let text: String = first.chain(chars).collect();
    if text.ends_with(['.', '?', '!']) { text } else { text + "." }
}

/// Returns who a caller is by their sign-in, and their zone.
fn agreed(caller: &Caller) -> (Option<(String, SaidBy)>, Option<Zone>) {
    let Some(agreed) = &caller.agreed else { return (None, None) };
    let zone = agreed.zone.as_deref().and_then(|zone| Zone::parse(zone).ok());
    let said_by = if agreed.person.is_some() { SaidBy::Map } else { SaidBy::SignIn };
    (agreed.me.clone().map(|me| (me, said_by)), zone)
}

/// The headers that narrow what is offered.
const NARROWING: [&str; 4] = ["x-mcp-readonly", "x-mcp-toolsets", "x-mcp-tools", "x-mcp-exclude-tools"];

/// The headers that say who the caller is, and in which zone.
const USER: &str = "x-mcp-user";
const ZONE: &str = "x-mcp-time-zone";

fn bad(name: &str, problem: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "selection", format!("{name}: {problem}"))
}

/// Returns a header's text, if there is any.
fn said<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    // A gateway that adds its own to a client's must not leave it open which one counts.
    if values.next().is_some() {
        return Err(bad(name, "send it once"));
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| bad(name, "is not UTF-8"))?;
    Ok(Some(text.trim()).filter(|text| !text.is_empty()))
}

/// Returns who `me` is for this request.
fn user(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    Ok(said(headers, USER)?.map(str::to_owned))
}

/// Returns the zone of this request's replies.
fn zone(headers: &HeaderMap) -> Result<Option<Zone>, Refusal> {
    let zone = said(headers, ZONE)?.map(Zone::parse).transpose();
    zone.map_err(|problem| bad(ZONE, &problem.to_string()))
}

/// Returns the selection in a request's headers. Headers that are absent narrow nothing.
fn selection(headers: &HeaderMap) -> Result<Selection, Refusal> {
    // Reject unknown headers: a misspelled X-MCP-Readonly must not pass silently.
    let known = || NARROWING.into_iter().chain([USER, ZONE]);
    let unknown = headers
        .keys()
        .map(HeaderName::as_str)
        .find(|name| name.starts_with("x-mcp-") && !known().any(|known| known == *name));
    if let Some(name) = unknown {
        let known = known().collect::<Vec<_>>().join(", ");
        return Err(bad(name, &format!("there is no such header; there are {known}")));
    }
    let text = |name: &str| match headers.get(name).map(http::HeaderValue::to_str).transpose() {
        Ok(text) => Ok(text.unwrap_or_default().trim().to_ascii_lowercase()),
        Err(_) => Err(bad(name, "has characters that no name has")),
    };
    let names = |name: &str| -> Result<Vec<String>, Refusal> {
        Ok(text(name)?.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
    };
    let read_only = match &*text("x-mcp-readonly")? {
        "1" | "true" | "yes" | "on" => true,
        "" | "0" | "false" | "no" | "off" => false,
        _ => return Err(bad("X-MCP-Readonly", "use true or false")),
    };
    Ok(Selection {
        read_only,
        toolsets: names("x-mcp-toolsets")?,
        tools: names("x-mcp-tools")?,
        exclude: names("x-mcp-exclude-tools")?,
    })
}

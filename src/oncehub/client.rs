//! The one place that touches the network: `Client::exchange` sends a request, and again as long as that is safe.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use metrics::{counter, histogram};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LINK, LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use url::{Host, Url};

use super::account::{Test, account_in};
use super::outage::Outage;
use super::retry::{MOST_ATTEMPTS, decide, retry_after, server_time};
use super::{Budget, Cause, Endpoint, Error, FromReply, Key, Ledger, Object, Outcome, Rejection, Sent, ledger};

const API_KEY: HeaderName = HeaderName::from_static("api-key");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// The settings of a client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The root of the API, from [`api_root`].
    pub url: Url,
    /// The account's key.
    pub key: Key,
    /// The rate limits to respect.
    pub budget: Budget,
    /// The largest response that is read, in bytes.
    pub reply_limit: usize,
}

/// A client of one OnceHub account. Clones share connections, key and budget.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    deadline: Option<Instant>,
    /// What this call has sent so far. Once it has begun, its requests do not queue behind those of new calls.
    ledger: Ledger,
    /// The most attempts at a request, whatever the failure.
    attempts: u32,
    /// Whether requests wait for the rate limits.
    waits: bool,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    /// Built with the first request, since loading certificates would slow down every start. Shared by all accounts.
    http: Arc<OnceLock<Result<reqwest::Client, String>>>,
    /// Shared, too.
    outage: Arc<Outage>,
}

/// The reason an address cannot be the API's.
#[derive(Debug, thiserror::Error)]
#[error("'{url}' cannot be the address of the OnceHub API: {reason}")]
pub struct BadUrl {
    url: String,
    reason: &'static str,
}

/// Parses the API's address, with or without `/v2`. Plain HTTP is only allowed to this machine: the key is sent in a
/// header.
///
/// # Errors
/// An address that is not absolute, not HTTPS, or that carries a password, a query or a fragment.
pub fn api_root(text: &str) -> Result<Url, BadUrl> {
    // Do not repeat a password that the address contains.
    let shown = text.rsplit('@').next().unwrap_or_default().to_owned();
    let bad = |reason| BadUrl { url: shown.clone(), reason };
    let mut url = Url::parse(text.trim()).map_err(|_| bad("it is not an absolute URL"))?;
    let on_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(bad("it names no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if on_loopback => {}
        "http" => {
            return Err(bad("the key may only travel over https (plain http is for this machine alone)"));
        }
        _ => return Err(bad("it is neither https nor http")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("a user or password does not belong in it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("a query or fragment does not belong in it"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&if path.ends_with("/v2") { path } else { format!("{path}/v2") });
    Ok(url)
}

/// The longer of OnceHub's two windows.
const LONGEST_WINDOW: Duration = Duration::from_mins(5);

/// The result of `GET /test`.
#[derive(Clone, Debug)]
pub struct Checked {
    /// OnceHub's message, with the account's address.
    pub message: Option<String>,
    /// OnceHub's clock.
    pub server_time: Option<SystemTime>,
    /// How long the response took, connecting included.
    pub took: Duration,
}

/// A response that has been read, with its headers.
pub(super) struct Answer<T> {
    pub(super) value: T,
    pub(super) headers: HeaderMap,
}

impl<T> Answer<T> {
    /// Returns whether a `Link` header names a next page. Nothing else is taken from it: its addresses lack `/v2`, and
    /// the key is never sent to an address that a response names.
    pub(super) fn links_to_next(&self) -> bool {
        self.headers
            .get_all(LINK)
            .iter()
            .any(|link| link.to_str().is_ok_and(|text| text.contains("rel=\"next\"") || text.contains("rel=next")))
    }
}

impl Client {
    /// Returns the number of the key in use, from 1: what was learnt with another may belong to another account.
    pub fn key_number(&self) -> usize {
        self.settings().key.number()
    }

    /// Creates a client, which opens its first connection with its first request.
    pub fn new(settings: Settings) -> Self {
        Self::of(Shared { settings, http: Arc::default(), outage: Arc::default() })
    }

    fn of(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            deadline: None,
            ledger: Ledger::default(),
            attempts: MOST_ATTEMPTS,
            waits: true,
        }
    }

    /// Returns a client of another account, which shares nothing with this one but connections.
    #[must_use]
    pub fn with_key(&self, key: Key, budget: Budget) -> Self {
        let settings = Settings { key, budget, ..self.settings().clone() };
        let (http, outage) = (Arc::clone(&self.shared.http), Arc::clone(&self.shared.outage));
        Self::of(Shared { settings, http, outage })
    }

    /// Returns the same client, whose requests all end by `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        let ledger = if self.deadline.is_some() { self.ledger.clone() } else { Ledger::default() };
        self.for_call(deadline, ledger)
    }

    /// Returns the same client for one call, which ends by `deadline` and is recorded in `ledger`.
    #[must_use]
    pub fn for_call(&self, deadline: Instant, ledger: Ledger) -> Self {
        Self { deadline: Some(deadline), ledger, ..self.clone() }
    }

    /// Returns the same client, which fails instead of waiting for the rate limits.
    #[must_use]
    pub fn without_waiting(&self) -> Self {
        Self { waits: false, ..self.clone() }
    }

    /// Returns the same client, which tries each request once: for what a call can do without.
    #[must_use]
    pub fn trying_once(&self) -> Self {
        Self { attempts: 1, ..self.clone() }
    }

    /// Returns what the call has sent, and what it was answered.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the settings in use.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Sends one request, retries included, and reads the response.
    ///
    /// # Errors
    /// See [`Cause`]; [`Error::outcome`] says whether a write may still have been carried out.
    pub async fn send<E: Endpoint>(&self, endpoint: &E) -> Result<E::Response, Error> {
        self.answer(endpoint).await.map(|answer| answer.value)
    }

    /// Asks OnceHub whether the key is valid, which account it belongs to, and what time it is there.
    pub async fn check(&self) -> Result<Checked, Error> {
        let _turn = self.turn().await?;
        self.ask_whose_key().await
    }

    /// Checks whether OnceHub accepts the key, if that matters and is not known yet: a key that a caller brought is
    /// first validated with one request, which also names its account.
    ///
    /// # Errors
    /// If OnceHub has rejected the key, now or recently, or there is no budget to check it. Any other failure says
    /// nothing about the key.
    pub async fn validate_key(&self) -> Result<(), Error> {
        let Some(_turn) = self.turn().await? else { return Ok(()) };
        let Err(error) = self.trying_once().ask_whose_key().await else { return Ok(()) };
        let says_something = match &error.cause {
            Cause::RateLimited { rejection: None, .. } | Cause::NoRoomToTry { .. } => true,
            cause => cause.rejection().is_some_and(Rejection::is_bad_key),
        };
        if says_something { Err(error) } else { Ok(()) }
    }

    /// Waits for the turn to validate the key. Returns `None` if it need not be validated.
    async fn turn(&self) -> Result<Option<tokio::sync::MutexGuard<'_, ()>>, Error> {
        let key_status = self.settings().budget.key_status();
        let Some(key_status) = key_status.filter(|key_status| !key_status.is_accepted()) else { return Ok(None) };
        let started = Instant::now();
        let turn = timeout_at(self.deadline_from(started), key_status.turn.lock());
        let turn = turn.await.map_err(|_| Error::not_done(Cause::Timeout(started.elapsed())))?;
        match key_status.refusal() {
            _ if key_status.is_accepted() => Ok(None),
            Some(refusal) => Err(refusal),
            None => Ok(Some(turn)),
        }
    }

    /// Returns whether OnceHub has rejected the key of late, for keys that callers bring.
    pub fn was_rejected(&self) -> bool {
        self.settings().budget.key_status().is_some_and(|status| status.refusal().is_some())
    }

    /// Returns whether both are clients of one account, as far as is known: `GET /test` names it.
    pub fn shares_account(&self, other: &Self) -> bool {
        self.settings().budget.shares_account(&other.settings().budget)
    }

    /// Returns the account's name in the store that servers share, as far as it is known.
    pub fn shared_account(&self) -> Arc<str> {
        self.settings().budget.shared_name()
    }

    /// Returns whether the store that servers share had notices for the account when its last request was sent.
    pub fn has_notices(&self) -> bool {
        self.settings().budget.has_notices()
    }

    async fn ask_whose_key(&self) -> Result<Checked, Error> {
        let started = Instant::now();
        let answer: Answer<Object> = self.ask(self.request(&Test {})?).await?;
        let message = answer.value.text("message").map(str::to_owned);
        if let Some(account) = message.as_deref().and_then(account_in) {
            self.settings().budget.name(account);
        }
        Ok(Checked { message, server_time: server_time(&answer.headers), took: started.elapsed() })
    }

    fn deadline_from(&self, now: Instant) -> Instant {
        self.deadline.unwrap_or_else(|| now + Duration::from_secs(25))
    }

    /// Sends OnceHub a request without a key: any response shows that it can be reached.
    ///
    /// # Errors
    /// If it cannot be reached, or returns a server error.
    pub async fn ping(&self) -> Result<(), Error> {
        let started = Instant::now();
        let asked = self.http()?.get(format!("{}/test", self.settings().url)).send();
        let asked = timeout_at(self.deadline_from(started), asked).await;
        let asked = asked.map_err(|_| Cause::Timeout(started.elapsed())).and_then(|sent| {
            let status = sent.map_err(|error| lost(&error))?.status().as_u16();
            let problem = format!("HTTP {status}");
            if status >= 500 { Err(Cause::UnexpectedReply { problem, status, request_id: None }) } else { Ok(()) }
        });
        self.shared.outage.note(asked.as_ref().err());
        asked.map_err(Error::not_done)
    }

    pub(super) async fn answer<E: Endpoint>(&self, endpoint: &E) -> Result<Answer<E::Response>, Error> {
        let request = self.request(endpoint)?;
        self.validate_key().await?;
        self.ask(request).await
    }

    async fn ask<T: FromReply>(&self, request: Request) -> Result<Answer<T>, Error> {
        // Only for export: in the log, the lines of a call have the call's span.
        let (method, path) = (&request.method, request.url.path());
        let span = tracing::debug_span!(target: "oncehub_mcp::exported", "request", %method, path);
        self.exchange(request).instrument(span).await
    }

    fn request<E: Endpoint>(&self, endpoint: &E) -> Result<Request, Error> {
        let unwritable = |error: &dyn std::fmt::Display| {
            let problem = format!("the request could not be written: {error}");
            Error::not_done(Cause::UnexpectedReply { problem, status: 0, request_id: None })
        };
        let (method, path) = endpoint.route();
        let mut url = self.settings().url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&path);
        }
        let (mut body, mut about) = (None, Vec::new());
        if method == Method::GET {
            let query = serde_urlencoded::to_string(endpoint).map_err(|error| unwritable(&error))?;
            url.set_query(Some(&*query).filter(|query| !query.is_empty()));
        } else {
            let value = serde_json::to_value(endpoint).map_err(|error| unwritable(&error))?;
            about = ledger::about(&path, &value);
            body = value.as_object().is_some_and(|fields| !fields.is_empty()).then(|| value.to_string());
        }
        let endpoint = format!("{method} {}", ledger::outline(&path));
        Ok(Request { method, url, endpoint, body, about })
    }

    /// Sends a request, and sends it again for as long as that is safe and can still succeed in time.
    async fn exchange<T: FromReply>(&self, request: Request) -> Result<Answer<T>, Error> {
        let started = Instant::now();
        let deadline = self.deadline_from(started);
        let is_read = request.method == Method::GET;
        let (mut attempt, mut last, mut is_reloaded) = (0, None, false);
        loop {
            attempt += 1;
            let key = self.settings().key.header();
            let key = key.ok_or_else(|| {
                let placeholder = self.settings().key.placeholder();
                let none = || "there is no OnceHub API key: set ONCEHUB_API_KEY".to_owned();
                Error::not_done(Cause::NoKey(placeholder.map_or_else(none, |text| text.to_string())))
            })?;
            // Built before a moment is reserved: the time that takes would bring this request closer to the next.
            let http = self.http()?;
            self.wait_for_limits(started, deadline, last.as_ref()).await?;
            if !is_read {
                self.ledger.begin_change(&request.about).map_err(|why| Error::not_done(Cause::HeldBack(why)))?;
            }
            self.ledger.sent();
            if attempt > 1 {
                counter!("oncehub_retries_total").increment(1);
            }
            let left_at = Instant::now();
            let tried = timeout_at(deadline, self.attempt(http, &request, &key)).await;
            let tried = tried.unwrap_or_else(|_| Err(Cause::Timeout(started.elapsed())));
            let failure = tried.as_ref().err().and_then(Cause::failure_label);
            // A response that never came took its time, too: otherwise an outage would look fast.
            let (endpoint, result) = (request.endpoint.clone(), failure.unwrap_or("answered"));
            histogram!("oncehub_request_duration_seconds", "endpoint" => endpoint, "result" => result)
                .record(left_at.elapsed());
            if let Some(name) = failure {
                counter!("oncehub_requests_total", "status" => name).increment(1);
            }
            self.shared.outage.note(tried.as_ref().err());
            let cause = match tried {
                Ok(answer) => return Ok(answer),
                Err(cause) => cause,
            };
            let (method, path) = (&request.method, request.url.path());
            tracing::debug!(%method, path, attempt, error = %scrubbed(&cause), "request failed");
            if let Some(rejection) = cause.rejection().filter(|rejection| rejection.is_bad_key()) {
                if !is_reloaded && timeout_at(deadline, self.reload_key(&key)).await.unwrap_or(false) {
                    is_reloaded = true;
                    continue;
                }
                // The cached rejection will answer other requests, so it must not carry this one's id.
                let caches = Rejection { request_id: None, ..rejection.clone() };
                self.settings().budget.refuse(Error::not_done(Cause::Rejected(caches)));
            }
            let outcome = if !is_read && cause.may_have_happened() { Outcome::Unknown } else { Outcome::NotDone };
            let error = Error { cause, outcome };
            let Some(wait) = decide(&error.cause, is_read, attempt, fastrand::f64()) else { return Err(error) };
            let is_last = attempt >= self.attempts || Instant::now() + wait >= deadline;
            if let Some(rejection) = error.rejection().filter(|rejection| rejection.is_rate_limit()) {
                // However long OnceHub asks for, its longest window is over by then, and one odd header must not stop
                // everybody for a day.
                self.settings().budget.pause(wait.min(LONGEST_WINDOW));
                if is_last {
                    let rejection = Some(rejection.clone());
                    return Err(Error::not_done(Cause::RateLimited { retry_after: wait, rejection }));
                }
                // The pause is waited out in order with all other requests, before the next attempt.
            } else if is_last {
                return Err(error);
            } else {
                tokio::time::sleep(wait).await;
                last = Some(error);
            }
        }
    }

    /// Waits until the rate limits let a request leave. `last` is the previous attempt's failure, which says more
    /// than a timeout.
    async fn wait_for_limits(&self, started: Instant, deadline: Instant, last: Option<&Error>) -> Result<(), Error> {
        let budget = &self.settings().budget;
        let has_begun = self.deadline.is_some() && self.ledger.requests() > 0;
        let until = if self.waits { deadline } else { deadline.min(Instant::now() + AT_ONCE) };
        let late = |cause| last.cloned().unwrap_or_else(|| Error::not_done(cause));
        let limited = |retry_after| Cause::RateLimited { retry_after, rejection: None };
        let _waiting = self.ledger.waiting();
        match budget.acquire(until, has_begun).await {
            // The deadline ended this, not the limit.
            Err(Duration::ZERO) => Err(late(Cause::Timeout(started.elapsed()))),
            Err(retry_after) if budget.key_status().is_some_and(|key_status| !key_status.is_accepted()) => {
                Err(Error::not_done(Cause::NoRoomToTry { retry_after }))
            }
            Err(retry_after) => Err(Error::not_done(limited(retry_after))),
            // A request sent this late cannot be answered in time: waiting has used up the deadline.
            Ok(()) if Instant::now() + MIN_RESPONSE_TIME > deadline && started.elapsed() > MIN_RESPONSE_TIME => {
                Err(late(limited(Duration::from_secs(1))))
            }
            Ok(()) => Ok(()),
        }
    }

    async fn attempt<T: FromReply>(
        &self,
        http: &reqwest::Client,
        request: &Request,
        key: &HeaderValue,
    ) -> Result<Answer<T>, Cause> {
        let mut builder = http.request(request.method.clone(), request.url.clone()).header(API_KEY, key.clone());
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = builder.send().await.map_err(|error| lost(&error))?;
        let status = response.status();
        let headers = response.headers().clone();
        let request_id = header(&headers, &REQUEST_ID);
        self.ledger.answered(request_id.as_deref(), server_time(&headers));
        if status.is_success() {
            self.settings().budget.accept();
        }
        counter!("oncehub_requests_total", "status" => status.as_str().to_owned()).increment(1);
        let (method, path) = (&request.method, request.url.path());
        tracing::debug!(%method, path, status = status.as_u16(), request_id = request_id.as_deref(), "reply");
        let unexpected = |problem: String| Cause::UnexpectedReply {
            problem: self.scrub(problem),
            status: status.as_u16(),
            request_id: request_id.clone(),
        };
        if status.is_redirection() {
            let elsewhere = header(&headers, &LOCATION).and_then(|to| request.url.join(&to).ok());
            let to = elsewhere.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "nowhere".into());
            return Err(unexpected(format!("it redirects to {to}, where the key is not sent")));
        }
        let limit = self.settings().reply_limit;
        let body = Limited::new(reqwest::Body::from(response), limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                unexpected(format!("it is larger than {limit} bytes"))
            } else {
                Cause::ConnectionLost(reason(&*error))
            }
        })?;
        let body = body.to_bytes();
        // An older branch of OnceHub's documentation has 204 for deletions. For anything else, an empty response is not
        // valid.
        let is_gone = request.method == Method::DELETE && status == StatusCode::NO_CONTENT && body.is_empty();
        let body = if is_gone { Bytes::from_static(b"{}") } else { body };
        // An upstream that echoes the key must not get it into a reply, an error or a log.
        let body = self.settings().key.redacted(&body).unwrap_or(body);
        // As text, since otherwise each text in it would be checked to be UTF-8; of what is not, the other says where.
        let text = str::from_utf8(&body);
        let json = text.map_or_else(|_| serde_json::from_slice::<Sent<'_>>(&body), serde_json::from_str);
        if !status.is_success() {
            // An error from an intermediary may not be JSON at all.
            let rejection = rejection(&json.unwrap_or_default().into(), status, &headers);
            return Err(rejection.map_or_else(|| unexpected(describe_refusal(status, &headers)), Cause::Rejected));
        }
        let json = json.map_err(|error| unexpected(describe_non_json(status, &headers, &body, &error)))?;
        let value = T::read(json).ok_or_else(|| unexpected(format!("it is not {}", T::OUTLINE)))?;
        if request.method == Method::GET && value.is_blank_reply() {
            return Err(unexpected(format!("it is {} with nothing in it", T::OUTLINE)));
        }
        Ok(Answer { value, headers })
    }

    /// Reads the key again, on a blocking thread: a keychain may prompt a person first.
    async fn reload_key(&self, refused: &HeaderValue) -> bool {
        let (key, refused) = (self.settings().key.clone(), refused.clone());
        tokio::task::spawn_blocking(move || key.reload(&refused)).await.unwrap_or(false)
    }

    fn http(&self) -> Result<&reqwest::Client, Error> {
        let http = self.shared.http.get_or_init(|| build(&self.settings().url)).as_ref();
        http.map_err(|problem| Error::not_done(Cause::Unreachable(problem.clone())))
    }

    fn scrub(&self, text: String) -> String {
        self.settings().key.scrub(&text).unwrap_or(text)
    }
}

struct Request {
    method: Method,
    url: Url,
    /// The method and the path without ids, for metrics.
    endpoint: String,
    body: Option<String>,
    /// For a change: the id in its path and the addresses in its body.
    about: Vec<String>,
}

/// How long a request that does not wait may take to get a moment that is free.
const AT_ONCE: Duration = Duration::from_millis(50);

/// The least time that a response takes.
const MIN_RESPONSE_TIME: Duration = Duration::from_millis(20);

fn build(url: &Url) -> Result<reqwest::Client, String> {
    // Ignore: a provider may already be installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("oncehub-mcp/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        // `exchange` retries, as `retry::decide` says, and once with another key.
        .retry(reqwest::retry::never())
        .https_only(url.scheme() == "https")
        .connect_timeout(Duration::from_secs(10))
        // Shorter than servers usually keep an idle connection, so that a write is not sent on a dying one.
        .pool_idle_timeout(Duration::from_secs(30));
    if url.scheme() == "http" {
        // Plain HTTP is for this machine, where no proxy belongs in between, and no certificate authority is needed:
        // there may be none.
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build().map_err(|error| reason(&error))
}

/// Distinguishes a connection that was never established from one that was lost.
fn lost(error: &reqwest::Error) -> Cause {
    if error.is_connect() { Cause::Unreachable(reason(error)) } else { Cause::ConnectionLost(reason(error)) }
}

/// Returns the innermost cause in words. The error's own text would repeat the URL with its query, and so guests' data.
fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.to_string() {
        text if text.contains("://") => "the connection failed".into(),
        text => text,
    }
}

/// Describes a failure for the log: OnceHub's message may quote a guest, so only its type and status are logged.
fn scrubbed(cause: &Cause) -> String {
    match cause.rejection() {
        Some(rejection) => format!("{} ({})", rejection.kind, rejection.status),
        None => cause.to_string(),
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text.chars().take(200).collect())
}

/// Reads OnceHub's error object, if the response is one; a 429 is a rejection whatever it says. Its `type` is an open
/// set: older errors carried `Bad Request`. Missing fields are derived from the status.
fn rejection(value: &Value, status: StatusCode, headers: &HeaderMap) -> Option<Rejection> {
    let is_error = ["type", "message"].iter().any(|field| value.get(field).is_some_and(Value::is_string));
    if !is_error && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let text = |field: &str| value.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let by_status = match status.as_u16() {
        401 => "authentication_error",
        429 => "rate_limit_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    Some(Rejection {
        kind: text("type").unwrap_or_else(|| by_status.into()),
        message: text("message").unwrap_or_else(|| describe_refusal(status, headers)),
        param: text("param"),
        status: status.as_u16(),
        request_id: header(headers, &REQUEST_ID),
        retry_after: header(headers, &RETRY_AFTER).and_then(|text| retry_after(&text, SystemTime::now())),
    })
}

fn describe_refusal(status: StatusCode, headers: &HeaderMap) -> String {
    let kind = header(headers, &CONTENT_TYPE).unwrap_or_else(|| "no content type".into());
    let reason = status.canonical_reason().unwrap_or("an unusual status");
    format!("HTTP {} ({reason}), with {kind} instead of the API's JSON", status.as_u16())
}

fn describe_non_json(status: StatusCode, headers: &HeaderMap, body: &[u8], error: &serde_json::Error) -> String {
    let kind = header(headers, &CONTENT_TYPE).unwrap_or_default();
    if body.is_empty() {
        "it is empty".into()
    } else if error.is_eof() {
        format!("its JSON is cut off after {} bytes", body.len())
    } else if kind.contains("html") || body.trim_ascii_start().starts_with(b"<") {
        format!("HTTP {} with an HTML page instead of the API's JSON", status.as_u16())
    } else {
        format!("its JSON is malformed at line {}, column {}", error.line(), error.column())
    }
}

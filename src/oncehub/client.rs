//! The one place that touches the network: `Client::exchange` sends a request, and again as long as that is safe.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use metrics::{counter, histogram};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::account::{Test, account_in};
use super::connection::{build, lost};
use super::outage::Outage;
use super::request::Request;
use super::response::{Answer, REQUEST_ID, header};
use super::retry::{MOST_ATTEMPTS, decide, server_time};
use super::{Budget, Cause, Endpoint, Error, FromReply, Key, Ledger, Object, Rejection};

const API_KEY: HeaderName = HeaderName::from_static("api-key");

/// The settings of a client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The root of the API, from [`api_root`](super::api_root).
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
        let answer: Answer<Object> = self.exchange(Request::of(&Test {}, &self.settings().url)?).await?;
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

    /// Sends one request as [`Client::send`] does, and returns the response's headers, too.
    pub(super) async fn answer<E: Endpoint>(&self, endpoint: &E) -> Result<Answer<E::Response>, Error> {
        let request = Request::of(endpoint, &self.settings().url)?;
        self.validate_key().await?;
        self.exchange(request).await
    }

    /// Sends a request, and sends it again for as long as that is safe and can still succeed in time. Its span is only for
    /// export: in the log, the lines of a call have the call's span.
    #[tracing::instrument(
        level = "debug", target = "oncehub_mcp::exported", name = "request", skip_all,
        fields(method = %request.method, path = request.url.path()),
    )]
    async fn exchange<T: FromReply>(&self, request: Request) -> Result<Answer<T>, Error> {
        let started = Instant::now();
        let deadline = self.deadline_from(started);
        let (mut attempt, mut last, mut is_reloaded) = (0, None, false);
        loop {
            attempt += 1;
            let key = self.key()?;
            // Built before a moment is reserved: the time that takes would bring this request closer to the next.
            let http = self.http()?;
            self.wait_for_limits(started, deadline, last.as_ref()).await?;
            self.record(&request, attempt)?;
            let cause = match self.attempt(http, &request, &key, started, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(cause) => cause,
            };
            let (method, path) = (&request.method, request.url.path());
            tracing::debug!(%method, path, attempt, error = %cause.scrubbed(), "request failed");
            if let Some(rejection) = cause.rejection().filter(|rejection| rejection.is_bad_key()) {
                if !is_reloaded && timeout_at(deadline, self.reload_key(&key)).await.unwrap_or(false) {
                    is_reloaded = true;
                    continue;
                }
                self.refuse_key(rejection);
            }
            last = self.wait_after(request.failed(cause), &request, attempt, deadline).await?.or(last);
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

    /// Records that a request is about to be sent, if it may be.
    fn record(&self, request: &Request, attempt: u32) -> Result<(), Error> {
        if !request.is_read() {
            self.ledger.begin_change(&request.about).map_err(|why| Error::not_done(Cause::HeldBack(why)))?;
        }
        self.ledger.sent();
        if attempt > 1 {
            counter!("oncehub_retries_total").increment(1);
        }
        Ok(())
    }

    /// Sends a request once. The time that takes is measured, also that of a response that never came: otherwise an outage
    /// would look fast.
    async fn attempt<T: FromReply>(
        &self,
        http: &reqwest::Client,
        request: &Request,
        key: &HeaderValue,
        started: Instant,
        deadline: Instant,
    ) -> Result<Answer<T>, Cause> {
        let left_at = Instant::now();
        let tried = timeout_at(deadline, self.round_trip(http, request, key)).await;
        let tried = tried.unwrap_or_else(|_| Err(Cause::Timeout(started.elapsed())));
        let failure = tried.as_ref().err().and_then(Cause::failure_label);
        let (endpoint, result) = (request.endpoint.clone(), failure.unwrap_or("answered"));
        histogram!("oncehub_request_duration_seconds", "endpoint" => endpoint, "result" => result)
            .record(left_at.elapsed());
        if let Some(name) = failure {
            counter!("oncehub_requests_total", "status" => name).increment(1);
        }
        self.shared.outage.note(tried.as_ref().err());
        tried
    }

    async fn round_trip<T: FromReply>(
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
        let (status, headers) = (response.status(), response.headers());
        let request_id = header(headers, &REQUEST_ID);
        self.ledger.answered(request_id.as_deref(), server_time(headers));
        if status.is_success() {
            self.settings().budget.accept();
        }
        counter!("oncehub_requests_total", "status" => status.as_str().to_owned()).increment(1);
        let (method, path) = (&request.method, request.url.path());
        tracing::debug!(%method, path, status = status.as_u16(), request_id = request_id.as_deref(), "reply");
        Answer::read(response, request, self.settings()).await
    }

    /// Waits for as long as a failure asks for, if the request may be sent again after it and time is left; else that is how
    /// it ends. Returns the failure, unless the next attempt waits for the rate limits anyway.
    async fn wait_after(
        &self,
        error: Error,
        request: &Request,
        attempt: u32,
        deadline: Instant,
    ) -> Result<Option<Error>, Error> {
        let Some(wait) = decide(&error.cause, request.is_read(), attempt, fastrand::f64()) else { return Err(error) };
        let is_last = attempt >= self.attempts || Instant::now() + wait >= deadline;
        if let Some(rejection) = error.rejection().filter(|rejection| rejection.is_rate_limit()) {
            // However long OnceHub asks for, its longest window is over by then, and one odd header must not stop everybody
            // for a day. The pause is waited out in order with all other requests, before the next attempt.
            self.settings().budget.pause(wait.min(LONGEST_WINDOW));
            let rejection = Some(rejection.clone());
            let limited = Error::not_done(Cause::RateLimited { retry_after: wait, rejection });
            return if is_last { Err(limited) } else { Ok(None) };
        }
        if is_last {
            return Err(error);
        }
        tokio::time::sleep(wait).await;
        Ok(Some(error))
    }

    fn key(&self) -> Result<HeaderValue, Error> {
        let key = &self.settings().key;
        key.header().ok_or_else(|| {
            let none = || "there is no OnceHub API key: set ONCEHUB_API_KEY".to_owned();
            Error::not_done(Cause::NoKey(key.placeholder().map_or_else(none, |text| text.to_string())))
        })
    }

    /// Remembers that OnceHub has rejected the key.
    fn refuse_key(&self, rejection: &Rejection) {
        // It will answer other requests, so it must not carry this one's id.
        let kept = Rejection { request_id: None, ..rejection.clone() };
        self.settings().budget.refuse(Error::not_done(Cause::Rejected(kept)));
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
}

/// How long a request that does not wait may take to get a moment that is free.
const AT_ONCE: Duration = Duration::from_millis(50);

/// The least time that a response takes.
const MIN_RESPONSE_TIME: Duration = Duration::from_millis(20);

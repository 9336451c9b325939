//! The documents in which clients describe themselves, at addresses that are their ids.
//!
//! Anybody who asks to sign in names the address, so nothing on this server's own network may be reached with it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use moka::Expiry;
use moka::future::Cache;
use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::Deserialize;
use tokio::sync::Semaphore;
use url::{Host, Url};

use crate::transport::http::auth::redirect;
use crate::transport::http::internet::is_public;

/// The largest document, in bytes.
const LARGEST: usize = 64 << 10;

/// How long a document may take, with the wait for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many are read at once: of all, and of one site, so that one which does not answer holds up nobody else.
const AT_ONCE: usize = 8;
const AT_ONCE_OF_SITE: usize = 2;

/// How many are kept.
const KEPT: u64 = 1_000;

/// How long a document is kept that does not say, and at least and at most if it does.
const KEEP: Duration = Duration::from_mins(5);
const LEAST: Duration = Duration::from_mins(1);
const MOST: Duration = Duration::from_hours(24);

/// The most addresses that a client may name.
const REDIRECTS: usize = 20;

/// What a client says of itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Document {
    client_id: String,
    pub(super) client_name: String,
    pub(super) redirect_uris: Vec<String>,
}

/// The reason a document cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadDocument {
    #[error("its address has to be https://, with a host's name and a path, and nothing else")]
    Address,
    #[error("it cannot be read")]
    Unreadable,
    #[error("too many are being read now: try again in a minute")]
    Busy,
    #[error("its response is not 200 with JSON")]
    NotJson,
    #[error("it is larger than 64 KiB")]
    TooLarge,
    #[error("it needs client_id, client_name and redirect_uris")]
    Incomplete,
    #[error("its client_id is another address")]
    AnotherId,
}

type Read = (Result<Arc<Document>, BadDocument>, Duration);

/// The documents that have been read.
pub(super) struct Documents {
    /// None if this system has no certificate authorities.
    client: Option<reqwest::Client>,
    read: Cache<String, Read>,
    room: Semaphore,
    /// The room of each site from which one is being read.
    sites: Mutex<HashMap<String, Weak<Semaphore>>>,
    patience: Duration,
}

/// Keeps each for as long as it says.
struct AsSaid;

impl Expiry<String, Read> for AsSaid {
    fn expire_after_create(&self, _: &String, (_, keep): &Read, _: Instant) -> Option<Duration> {
        Some(*keep)
    }
}

impl Default for Documents {
    fn default() -> Self {
        Self::with(builder().dns_resolver(Arc::new(PublicOnly)), PATIENCE)
    }
}

/// Returns the settings of all requests: nobody is followed elsewhere, and nothing is sent along.
fn builder() -> reqwest::ClientBuilder {
    // Ignore: a provider may already be installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("oncehub-mcp/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .https_only(true)
        .no_proxy()
        .pool_max_idle_per_host(0)
}

impl Documents {
    fn with(client: reqwest::ClientBuilder, patience: Duration) -> Self {
        let (read, room) = (Cache::builder().max_capacity(KEPT).expire_after(AsSaid).build(), Semaphore::new(AT_ONCE));
        Self { client: client.build().ok(), read, room, sites: Mutex::default(), patience }
    }

    /// Returns the document at this address.
    pub(super) async fn read(&self, id: &str) -> Result<Arc<Document>, BadDocument> {
        if !is_address(id) {
            return Err(BadDocument::Address);
        }
        // Failures are kept, too: nobody has this server ask another one again and again.
        let read = self.read.get_with_by_ref(id, async {
            match self.fetch(id).await {
                Ok((document, keep)) => (Ok(Arc::new(document)), keep),
                // That says nothing of the document.
                Err(BadDocument::Busy) => (Err(BadDocument::Busy), Duration::ZERO),
                Err(bad) => (Err(bad), LEAST),
            }
        });
        read.await.0
    }

    /// Reads a document, once there is a place for that: both in the same time.
    async fn fetch(&self, id: &str) -> Result<(Document, Duration), BadDocument> {
        let mut has_waited = true;
        let fetched = async {
            let site = self.room_of(id);
            let begun = Instant::now();
            let _of_site = site.acquire().await.map_err(|_| BadDocument::Busy)?;
            let _place = self.room.acquire().await.map_err(|_| BadDocument::Busy)?;
            // Who got a place late was given too little time to be told that the document is at fault.
            has_waited = begun.elapsed() > self.patience / 4;
            self.get(id).await
        };
        let fetched = tokio::time::timeout(self.patience, fetched).await;
        fetched.unwrap_or(Err(if has_waited { BadDocument::Busy } else { BadDocument::Unreadable }))
    }

    /// Returns the room of the site that an address is at.
    fn room_of(&self, id: &str) -> Arc<Semaphore> {
        let mut sites = self.sites.lock();
        sites.retain(|_, room| room.strong_count() > 0);
        let site = site(id);
        if let Some(room) = sites.get(&site).and_then(Weak::upgrade) {
            return room;
        }
        let room = Arc::new(Semaphore::new(AT_ONCE_OF_SITE));
        sites.insert(site, Arc::downgrade(&room));
        room
    }

    async fn get(&self, id: &str) -> Result<(Document, Duration), BadDocument> {
        let unreadable = |_| BadDocument::Unreadable;
        let client = self.client.as_ref().ok_or(BadDocument::Unreadable)?;
        let mut response = client.get(id).header(ACCEPT, "application/json").send().await.map_err(unreadable)?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = header(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json");
        if response.status() != 200 || !is_json {
            return Err(BadDocument::NotJson);
        }
        let keep = kept(header(CACHE_CONTROL));
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(unreadable)? {
            if body.len() + part.len() > LARGEST {
                return Err(BadDocument::TooLarge);
            }
            body.extend_from_slice(&part);
        }
        checked(id, &body).map(|document| (document, keep))
    }
}

fn checked(id: &str, body: &[u8]) -> Result<Document, BadDocument> {
    let mut document: Document = serde_json::from_slice(body).map_err(|_| BadDocument::Incomplete)?;
    if document.client_id != id {
        return Err(BadDocument::AnotherId);
    }
    document.redirect_uris.retain(|address| redirect::is_allowed(address));
    document.redirect_uris.truncate(REDIRECTS);
    let is_complete = !document.client_name.is_empty() && !document.redirect_uris.is_empty();
    is_complete.then_some(document).ok_or(BadDocument::Incomplete)
}

/// Returns the site of an address: the end of its host's name, before which its owner can put any number of others.
fn site(id: &str) -> String {
    let url = Url::parse(id).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let start = host.rmatch_indices('.').nth(1).map_or(0, |(dot, _)| dot + 1);
    host.get(start..).unwrap_or(host).to_owned()
}

/// Returns whether a document may be at this address: as it is written, and at a host with a name.
fn is_address(id: &str) -> bool {
    let Some(url) = (id.len() <= 512).then(|| Url::parse(id).ok()).flatten() else { return false };
    let has_name = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.') && !name.ends_with('.'));
    // What parsing has changed was not written as it was meant: dots in the path, the default port, another case.
    url.scheme() == "https"
        && has_name
        && url.as_str() == id
        && url.path() != "/"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}

/// Returns how long a document is kept.
fn kept(cache_control: &str) -> Duration {
    let said = cache_control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok());
    said.map_or(KEEP, Duration::from_secs).clamp(LEAST, MOST)
}

/// Finds the addresses of a host, if all of them are on the public internet. The connection is made to one of these, so
/// that a name which means something else a moment later gains nothing.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            all_public(found.collect()).ok_or_else(|| "an address that is not on the public internet".into())
        })
    }
}

/// Returns these addresses, if all of them are on the public internet.
fn all_public(found: Vec<SocketAddr>) -> Option<Addrs> {
    let is_public = found.iter().all(|address| is_public(address.ip()));
    is_public.then(|| Box::new(found.into_iter()) as Addrs)
}

#[cfg(test)]
mod tests;

//! An account's objects by noun, read once and cached.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use parking_lot::Mutex;
use serde::Deserialize;

use super::Me;
use super::fold::{fold, thousands};
use crate::oncehub::account::account_in;
use crate::oncehub::{Client, Error, Id, Item, Ledger, Page, Sent, bookings, tolerant};
use crate::records::user::full_name;
use crate::records::{Booking, Candidate, Failure, Learnt, Named, Noun, Told, Zone, clean, quoted, word};

/// The longest time for which what was read is used.
const LIFETIME: Duration = Duration::from_mins(15);

/// How long a failure to look up the zone of `me` is cached.
const FAILED_FOR: SignedDuration = SignedDuration::from_mins(1);

/// The most objects that are read of a noun: ten pages.
const MOST: usize = 1000;

/// How long the newest bookings are cached.
const RECENT_FOR: Duration = Duration::from_mins(1);

/// How many forms all directories cache together.
const FORMS: u64 = 10_000;

/// OnceHub's largest page: from so many bookings a form is learnt, and so many are the newest.
const PAGE: usize = 100;

/// How many objects all directories cache together.
const CACHED: u64 = 100_000;

/// The account's objects by noun, read on demand and cached.
///
/// Concurrent calls share one read. What is older than a minute is renewed in the background when it is used, and
/// nothing is used for longer than [`LIFETIME`]. A directory serves one account, and never uses what another key was
/// shown; all directories of a process share one cache, so that a thousand accounts take no more memory than a few
/// large ones.
#[derive(Clone)]
pub struct Directory {
    cache: Cache<Key, Arc<Entries>>,
    account: Account,
    accounts: Arc<AtomicU64>,
    generations: Arc<Mutex<HashMap<Noun, Generation>>>,
    renewing: Arc<Mutex<HashSet<Key>>>,
    /// The addresses of accounts, as OnceHub names them.
    addresses: Cache<(Account, usize), Option<String>>,
    /// The time zones of those who are `me`.
    zones: Cache<(Account, usize, Generation, Me), LookedUp>,
    /// What the forms of calendars ask.
    forms: Cache<(Account, usize, Id), Arc<Learnt>>,
    /// The newest bookings.
    recent: Cache<(Account, usize), Arc<Vec<Recent>>>,
    /// The age from which entries are renewed when they are used.
    fresh: Duration,
}

/// A booking, and what somebody who types may call it.
#[derive(Debug)]
pub(super) struct Recent {
    pub(super) id: Id,
    /// The guest's name and address, folded.
    pub(super) guest: Vec<String>,
}

impl Recent {
    /// Returns what is known of a booking, unless it has no id that can be asked for, or is deleted.
    fn of(booking: &Told<Booking>) -> Option<Self> {
        let id = booking.id.as_deref().filter(|_| !booking.is_deleted())?.parse().ok()?;
        let (name, email) = booking.guest();
        Some(Self { id, guest: name.iter().chain(&email).map(|known| fold(known)).collect() })
    }
}

/// The time zone of `me`, or why it could not be looked up.
#[derive(Clone)]
struct LookedUp {
    at: Timestamp,
    zone: Result<Option<Zone>, Arc<Failure>>,
}

/// A number for an account, which is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Account(u64);

/// How often a noun was changed through us: a read that began before a change is not used after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Generation(u64);

/// What a cached directory was read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    account: Account,
    noun: Noun,
    /// The number of the API key that it was read with.
    with: usize,
    generation: Generation,
}

impl Directory {
    /// Creates a directory whose entries are renewed when they are used and older than `fresh`.
    pub fn new(fresh: Duration) -> Self {
        // A noun of which an account has nothing takes some room too.
        let weigh = |_: &Key, entries: &Arc<Entries>| u32::try_from(entries.all.len() + 10).unwrap_or(u32::MAX);
        let recent = Cache::builder()
            .weigher(|_, bookings: &Arc<Vec<Recent>>| u32::try_from(bookings.len() + 10).unwrap_or(u32::MAX));
        Self {
            cache: Cache::builder().weigher(weigh).max_capacity(CACHED).time_to_live(LIFETIME).build(),
            account: Account(0),
            accounts: Arc::new(AtomicU64::new(1)),
            generations: Arc::default(),
            renewing: Arc::default(),
            addresses: Cache::builder().max_capacity(FORMS).time_to_live(LIFETIME).build(),
            zones: Cache::builder().max_capacity(FORMS).time_to_live(LIFETIME).build(),
            forms: Cache::builder().max_capacity(FORMS).time_to_live(LIFETIME).build(),
            recent: recent.max_capacity(CACHED).time_to_live(RECENT_FOR).build(),
            fresh,
        }
    }

    /// Returns a directory for another account.
    #[must_use]
    pub fn of_another_account(&self) -> Self {
        let account = Account(self.accounts.fetch_add(1, Ordering::Relaxed));
        Self { account, generations: Arc::default(), ..self.clone() }
    }

    /// Drops what is cached for a noun, because it was just changed.
    pub fn forget(&self, noun: Noun) {
        self.generations.lock().entry(noun).or_default().0 += 1;
    }

    fn generation(&self, noun: Noun) -> Generation {
        self.generations.lock().get(&noun).copied().unwrap_or_default()
    }

    /// Returns all objects of a noun.
    pub async fn all(&self, oncehub: &Client, noun: Noun) -> Result<Arc<Entries>, Error> {
        let generation = self.generation(noun);
        let key = Key { account: self.account, noun, with: oncehub.key_number(), generation };
        // Boxed: what reads is large, and most calls find the names in the cache.
        let entries = shared(&self.cache, key, || Box::pin(read(oncehub, noun))).await?;
        if entries.read_at.is_some_and(|at| at.elapsed() > self.fresh) {
            self.renew(oncehub, key);
        }
        Ok(entries)
    }

    /// Returns the address by which OnceHub names the key's account; `None` if the wording is not one that is known
    /// here.
    pub async fn account_of(&self, oncehub: &Client) -> Result<Option<String>, Error> {
        let ask = || async {
            let message = oncehub.check().await?.message;
            Ok(message.as_deref().and_then(account_in).map(str::to_owned))
        };
        shared(&self.addresses, (self.account, oncehub.key_number()), ask).await
    }

    /// Records the address by which OnceHub has just named the key's account.
    pub async fn name_account(&self, oncehub: &Client, address: Option<String>) {
        self.addresses.insert((self.account, oncehub.key_number()), address).await;
    }

    /// Returns the time zone of `me`, read with `look_up` unless it is cached. A failure is cached for a minute.
    pub(super) async fn zone(
        &self,
        oncehub: &Client,
        me: Me,
        now: Timestamp,
        look_up: impl Future<Output = Result<Option<Zone>, Failure>>,
    ) -> Result<Option<Zone>, Arc<Failure>> {
        let look_up = async { LookedUp { at: now, zone: look_up.await.map_err(Arc::new) } };
        let is_over = |known: &LookedUp| known.zone.is_err() && now.duration_since(known.at).abs() >= FAILED_FOR;
        // A change of users through us may be the deletion of this one.
        let key = (self.account, oncehub.key_number(), self.generation(Noun::Users), me);
        self.zones.entry(key).or_insert_with_if(look_up, is_over).await.into_value().zone
    }

    /// Returns what the form of a calendar asks, as far as the last bookings made on it show.
    pub async fn form(&self, oncehub: &Client, calendar: &Id) -> Result<Arc<Learnt>, Error> {
        let read = || async {
            let made_on_it = bookings::All { booking_calendar: Some(calendar.clone()), ..bookings::All::default() };
            let bookings: Page<Told<Booking>> = oncehub.page(&made_on_it, PAGE, None).await?;
            Ok(Arc::new(Learnt::from(&bookings.items)))
        };
        let key = (self.account, oncehub.key_number(), calendar.clone());
        shared(&self.forms, key, read).await
    }

    /// Returns a page of the newest bookings, cached for a minute.
    pub(super) async fn recent(&self, oncehub: &Client) -> Result<Arc<Vec<Recent>>, Error> {
        let read = || async {
            let newest: Page<Told<Booking>> = oncehub.page(&bookings::All::default(), PAGE, None).await?;
            Ok(Arc::new(newest.items.iter().filter_map(Recent::of).collect()))
        };
        shared(&self.recent, (self.account, oncehub.key_number()), read).await
    }

    /// Reads a directory again in the background. What there is serves meanwhile, and afterwards if that fails.
    fn renew(&self, oncehub: &Client, key: Key) {
        if !self.renewing.lock().insert(key) {
            return;
        }
        let deadline = tokio::time::Instant::now() + Duration::from_secs(25);
        let oncehub = oncehub.for_call(deadline, Ledger::default());
        let (cache, renewing) = (self.cache.clone(), Arc::clone(&self.renewing));
        tokio::spawn(async move {
            match read(&oncehub, key.noun).await {
                Ok(entries) => cache.insert(key, entries).await,
                Err(error) => tracing::debug!(noun = ?key.noun, outcome = ?error.outcome, "names were not renewed"),
            }
            renewing.lock().remove(&key);
        });
    }

    /// Returns all objects of a noun, or none on failure: for names that a reply can do without.
    pub async fn all_or_none(&self, oncehub: &Client, noun: Noun) -> Arc<Entries> {
        self.all(oncehub, noun).await.unwrap_or_else(|error| {
            tracing::debug!(?noun, outcome = ?error.outcome, "names are missing from this reply");
            Arc::default()
        })
    }
}

/// Returns what is cached, or reads it. Concurrent calls share one read.
async fn shared<K, V, F>(cache: &Cache<K, V>, key: K, read: impl Fn() -> F) -> Result<V, Error>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    F: Future<Output = Result<V, Error>>,
{
    let is_ours = AtomicBool::new(false);
    let reading = async {
        is_ours.store(true, Ordering::Relaxed);
        read().await
    };
    let mut found = cache.try_get_with(key.clone(), reading).await;
    // A read that another call began may have had less time than this call has, or fewer attempts.
    if found.is_err() && !is_ours.load(Ordering::Relaxed) {
        found = cache.try_get_with(key, read()).await;
    }
    found.map_err(|error: Arc<Error>| Error::clone(&error))
}

async fn read(oncehub: &Client, noun: Noun) -> Result<Arc<Entries>, Error> {
    let page = oncehub.list(&noun.collection().all(), MOST).await?;
    Ok(Arc::new(Entries::new(page)))
}

/// All objects of one noun.
#[derive(Debug, Default)]
pub struct Entries {
    pub(super) read_at: Option<Instant>,
    /// Whether the account has more than were read.
    pub(super) has_more: bool,
    pub(super) all: Vec<Entry>,
    by_id: HashMap<String, usize>,
    /// Names that several of them share.
    shared: HashSet<String>,
}

impl Entries {
    fn new(page: Page<Entry>) -> Self {
        let all: Vec<Entry> = page.items.into_iter().filter(|entry| entry.id().is_some()).collect();
        let by_id = all.iter().enumerate().map(|(index, entry)| (entry.id.clone(), index)).collect();
        let mut seen = HashSet::new();
        let shared = all.iter().filter(|entry| !seen.insert(&entry.name)).map(|entry| entry.name.clone()).collect();
        Self { read_at: Some(Instant::now()), has_more: page.has_more, all, by_id, shared }
    }

    /// Whether anything is known by this folded name.
    pub(super) fn knows(&self, folded: &str) -> bool {
        self.all.iter().any(|entry| entry.known_as.iter().any(|known| known == folded))
    }

    /// Returns what has this folded text as a part of its name.
    pub(super) fn called_like(&self, folded: &str) -> impl Iterator<Item = &Entry> {
        self.all.iter().filter(move |entry| !folded.is_empty() && entry.is_called_like(folded))
    }

    /// Describes a noun in which nothing was found: "no user", or none of the first so many.
    pub(super) fn none_of(&self, what: &str) -> String {
        if self.has_more {
            format!("none of the first {} {what}s", thousands(self.all.len()))
        } else {
            format!("no {what}")
        }
    }

    /// Returns how many were read.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// Returns the users who are in a team.
    pub fn in_team(&self, team: &str) -> impl Iterator<Item = &Entry> {
        self.all.iter().filter(move |entry| entry.teams.iter().any(|own| own == team))
    }

    /// Whether all of them were read, so that what is not among them does not exist.
    pub fn is_known(&self) -> bool {
        self.read_at.is_some() && !self.has_more
    }

    /// Returns the object with this id.
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.all.get(*self.by_id.get(id)?)
    }

    /// Returns the name of the object with this id.
    pub fn name(&self, id: &str) -> Option<&str> {
        self.get(id).map(|entry| entry.name.as_str())
    }

    /// Returns the calendars that a user or team hosts.
    pub fn of_host(&self, host: &str) -> impl Iterator<Item = &Entry> {
        self.all.iter().filter(move |entry| entry.host.as_deref() == Some(host))
    }

    /// Returns the objects with this URL.
    pub fn at_url(&self, url: &str) -> impl Iterator<Item = &Entry> {
        let folded = fold(url);
        self.all.iter().filter(move |entry| entry.url.as_deref().is_some_and(|url| fold(url) == folded))
    }
}

/// An object of any noun: its id, its names, and what tells it from others.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Entry {
    pub id: String,
    /// The name people use for it.
    pub name: String,
    first_name: Option<String>,
    last_name: Option<String>,
    /// The public label of a Classic page.
    label: Option<String>,
    /// The e-mail address, for a user.
    pub email: Option<String>,
    /// The zone, for a user.
    pub timezone: Option<String>,
    /// The id of a user or a team, for a calendar.
    pub host: Option<String>,
    /// Whether a calendar can be booked.
    pub published: Option<bool>,
    /// How long a meeting on a calendar is.
    pub duration_minutes: Option<i64>,
    /// What guests read, for a calendar: not distinctive enough to search by.
    subject: Option<String>,
    role_name: Option<String>,
    /// `active`, or `invited` until the invitation is accepted, for a user.
    pub status: Option<String>,
    /// The ids of the teams that a user is in.
    pub teams: Vec<String>,
    url: Option<String>,
    /// Its names in the narrow sense, folded: no id, address or URL.
    #[serde(skip)]
    names: Vec<String>,
    /// Every name it can be looked up by, folded.
    #[serde(skip)]
    pub(super) known_as: Vec<String>,
}

impl Item for Entry {
    fn read(sent: Sent<'_>) -> Self {
        let (mut entry, _) = tolerant::read::<Self>(sent);
        let person = full_name(entry.first_name.as_deref(), entry.last_name.as_deref());
        let name = person.or_else(|| Some(clean(&entry.name).trim().to_owned()).filter(|name| !name.is_empty()));
        let names = [Some(&entry.id), name.as_ref(), entry.label.as_ref(), entry.email.as_ref(), entry.url.as_ref()];
        entry.names = [name.as_ref(), entry.label.as_ref()].into_iter().flatten().map(|name| fold(name)).collect();
        entry.known_as = names.into_iter().flatten().map(|name| fold(name)).collect();
        entry.name = name.or_else(|| entry.email.clone()).unwrap_or_else(|| entry.id.clone());
        entry
    }

    fn id(&self) -> Option<&str> {
        Some(self.id.as_str()).filter(|id| !id.trim().is_empty())
    }
}

impl Entry {
    /// Returns its names in the narrow sense, folded.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a folded text is a part of one of its names.
    pub(super) fn is_called_like(&self, folded: &str) -> bool {
        self.names.iter().any(|name| name.contains(folded))
    }

    /// Creates the entry of a contact, which no directory lists.
    pub(super) fn of_contact(id: &str, name: Option<String>, email: Option<&str>) -> Self {
        let name = name.or_else(|| email.map(str::to_owned)).unwrap_or_else(|| id.to_owned());
        Self { id: id.to_owned(), name, email: email.map(str::to_owned), ..Self::default() }
    }

    pub(super) fn named(&self, noun: Noun, among: &Entries) -> Named {
        let is_shared = among.shared.contains(&self.name);
        Named { noun, name: self.name.clone(), subject: self.subject.clone(), is_shared }
    }

    /// Returns it as one of those that a name may stand for, with this description.
    pub(super) fn candidate(&self, described: &str) -> Candidate {
        Candidate::new(self.id.as_str(), Some(&self.name), described)
    }

    /// Describes it so that it can be told from others of the same name.
    pub(super) fn described(&self, hosts: &Entries) -> String {
        let mut words = format!("{} {}", word(&self.id), quoted(&self.name, 60));
        let host = self.host.as_deref();
        let details = [
            self.email.as_deref().filter(|email| *email != self.name).map(word),
            self.role_name.as_deref().map(word),
            host.map(|id| hosts.name(id).map_or_else(|| word(id), |name| quoted(name, 60))),
            self.url.as_deref().map(word),
        ];
        for detail in details.into_iter().flatten() {
            words.push_str(", ");
            words.push_str(&detail);
        }
        words
    }
}

//! Names in place of ids: wherever an id is expected, an exact name, an e-mail address or a public URL works too.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::future::Cache;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::arguments::nearest;
use super::failure::Failure;
use super::untrusted::{bare, clean, quoted, word};
use crate::oncehub::{
    Cause, Client, Error, Id, Object, Page, booking_calendars, booking_pages, event_types, master_pages, teams, users,
    webhooks,
};

/// The nouns that a directory lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Noun {
    Users,
    Teams,
    Calendars,
    BookingPages,
    MasterPages,
    EventTypes,
    Webhooks,
}

impl Noun {
    /// Returns the noun's word, and how to find one.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Users => ("user", "find the person with list_users"),
            Self::Teams => ("team", "find the team with list_teams"),
            Self::Calendars => ("booking calendar", "find it with list_booking_calendars"),
            Self::BookingPages => ("booking page", "find it with list_booking_pages"),
            Self::MasterPages => ("master page", "find it with list_master_pages"),
            Self::EventTypes => ("event type", "find it with list_event_types"),
            Self::Webhooks => ("webhook", "find it with list_webhooks"),
        }
    }
}

/// An object with an id and names.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    /// The name people use for it.
    pub(super) name: String,
    /// The e-mail address, for a user.
    pub(super) email: Option<String>,
    /// Every name it can be looked up by, folded.
    known_as: Vec<String>,
    /// The object as OnceHub sent it.
    pub(super) object: Object,
}

/// All objects of one noun.
#[derive(Debug, Default)]
pub(super) struct Entries {
    read_at: Option<Instant>,
    /// Whether the account has more than were read.
    has_more: bool,
    all: Vec<Entry>,
    by_id: HashMap<String, usize>,
    /// Names that several of them share.
    shared: HashSet<String>,
}

impl Entries {
    fn new(noun: Noun, page: Page) -> Self {
        let has_more = page.has_more;
        let all: Vec<Entry> = page.items.into_iter().filter_map(|object| Entry::new(noun, object)).collect();
        let by_id = all.iter().enumerate().map(|(index, entry)| (entry.id.clone(), index)).collect();
        let mut seen = HashSet::new();
        let shared = all.iter().filter(|entry| !seen.insert(&entry.name)).map(|entry| entry.name.clone()).collect();
        Self { read_at: Some(Instant::now()), has_more, all, by_id, shared }
    }

    /// Whether anything is known by this folded name.
    fn knows(&self, folded: &str) -> bool {
        self.all.iter().any(|entry| entry.known_as.iter().any(|known| known == folded))
    }

    /// Describes a noun in which nothing was found: "no user", or none of the first so many.
    fn none_of(&self, what: &str) -> String {
        if self.has_more {
            format!("none of the first {} {what}s", thousands(self.all.len()))
        } else {
            format!("no {what}")
        }
    }

    /// Returns the object with this id.
    pub(super) fn get(&self, id: &str) -> Option<&Entry> {
        self.all.get(*self.by_id.get(id)?)
    }

    /// Returns the calendars that a user or team hosts.
    pub(super) fn of_host(&self, host: &str) -> impl Iterator<Item = &Entry> {
        self.all.iter().filter(move |entry| entry.object.text("host") == Some(host))
    }

    /// Returns the objects with this URL.
    pub(super) fn at_url(&self, url: &str) -> impl Iterator<Item = &Entry> {
        let folded = fold(url);
        self.all.iter().filter(move |entry| entry.object.text("url").is_some_and(|url| fold(url) == folded))
    }

    /// Whether several of them share this name.
    pub(super) fn share_name(&self, name: &str) -> bool {
        self.shared.contains(name)
    }

    /// Returns the name of the object with this id.
    pub(super) fn name(&self, id: &str) -> Option<&str> {
        self.get(id).map(|entry| entry.name.as_str())
    }
}

impl Entry {
    fn new(noun: Noun, object: Object) -> Option<Self> {
        let id = object.text("id")?.to_owned();
        let email = object.text("email").map(str::to_owned);
        let name = match noun {
            Noun::Users => full_name(&object),
            _ => object.text("name").map(|name| clean(name).trim().to_owned()),
        };
        // A Classic page has a public label besides its name; a calendar's subject is not distinctive enough to search
        // by.
        let names = [Some(id.as_str()), name.as_deref(), object.text("label"), email.as_deref(), object.text("url")];
        let known_as = names.into_iter().flatten().map(fold).collect();
        let name = name.or_else(|| email.clone()).unwrap_or_else(|| id.clone());
        Some(Self { id, name, email, known_as, object })
    }

    /// Describes it so that it can be told from others of the same name.
    fn described(&self, hosts: &Entries) -> String {
        let mut words = format!("{} {}", word(&self.id), quoted(&self.name, 60));
        let host = self.object.text("host");
        let details = [
            self.email.as_deref().filter(|email| *email != self.name).map(word),
            self.object.text("role_name").map(word),
            host.map(|id| hosts.name(id).map_or_else(|| word(id), |name| quoted(name, 60))),
            self.object.text("url").map(word),
        ];
        for detail in details.into_iter().flatten() {
            words.push_str(", ");
            words.push_str(&detail);
        }
        words
    }
}

/// Joins first and last name.
pub(super) fn full_name(person: &Map<String, Value>) -> Option<String> {
    let part = |field: &str| person.get(field).and_then(Value::as_str).unwrap_or_default();
    let whole = format!("{} {}", part("first_name"), part("last_name"));
    let whole = clean(&whole).split_whitespace().collect::<Vec<_>>().join(" ");
    Some(whole).filter(|name| !name.is_empty())
}

/// Folds a name: ignores case, accents, surplus spaces, the kind of apostrophes and dashes, and invisible characters;
/// of a URL, also the scheme, `www.`, query and trailing slash.
pub(super) fn fold(text: &str) -> String {
    let text = bare(text);
    let alike = |c: char| match c {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2032}' | '`' | '\u{b4}' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    };
    let plain: String =
        text.chars().map(alike).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(url) = plain.strip_prefix("https://").or_else(|| plain.strip_prefix("http://")) else {
        return plain.strip_prefix("www.").unwrap_or(&plain).trim_end_matches('/').to_owned();
    };
    let url = url.split(['?', '#']).next().unwrap_or(url);
    url.strip_prefix("www.").unwrap_or(url).trim_end_matches('/').to_owned()
}

/// Whether a text has the form of OnceHub's ids, so that it may be an id that no list shows: deleted, or newer than the
/// list.
pub(super) fn looks_like_an_id(text: &str) -> bool {
    text.len() >= 6
        && text.contains('-')
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// The account's objects by noun, read on demand and cached for a while.
///
/// Concurrent calls share one read. A directory serves one account, and never uses what another key was shown; all
/// directories of a process share one cache, so that a thousand accounts take no more memory than a few large ones.
#[derive(Clone)]
pub(super) struct Directory {
    cache: Cache<Known, Arc<Entries>>,
    /// The account's number, which is never reused.
    account: u64,
    accounts: Arc<AtomicU64>,
    /// How often each noun was changed through us: a read that began before a change is not used after it.
    changes: Arc<Mutex<HashMap<Noun, u64>>>,
}

/// A cache key: the account, the noun, the number of its API key, and the count of changes.
type Known = (u64, Noun, usize, u64);

/// The words for a noun in which nothing has the name.
struct Missing {
    /// "no user", or none of the first so many.
    none: String,
    hint: String,
}

/// The most objects that a directory reads of a noun: ten pages.
const MOST: usize = 1000;

/// How many objects all directories cache together.
const REMEMBERED: u64 = 100_000;

impl Directory {
    pub(super) fn new(keep: Duration) -> Self {
        // A noun of which an account has nothing takes some room too.
        let weigh = |_: &Known, entries: &Arc<Entries>| u32::try_from(entries.all.len() + 10).unwrap_or(u32::MAX);
        let cache = Cache::builder().weigher(weigh).max_capacity(REMEMBERED).time_to_live(keep).build();
        Self { cache, account: 0, accounts: Arc::new(AtomicU64::new(1)), changes: Arc::default() }
    }

    /// Returns a directory for another account.
    pub(super) fn of_another_account(&self) -> Self {
        let account = self.accounts.fetch_add(1, Ordering::Relaxed);
        Self { account, changes: Arc::default(), ..self.clone() }
    }

    /// Drops what is cached for a noun, because it was just changed.
    pub(super) fn forget(&self, noun: Noun) {
        *self.changes.lock().entry(noun).or_default() += 1;
    }

    /// Returns all objects of a noun.
    pub(super) async fn all(&self, oncehub: &Client, noun: Noun) -> Result<Arc<Entries>, Error> {
        let read = || async {
            let page = match noun {
                Noun::Users => oncehub.list(&users::All::default(), MOST).await,
                Noun::Teams => oncehub.list(&teams::All::default(), MOST).await,
                Noun::Calendars => oncehub.list(&booking_calendars::All::default(), MOST).await,
                Noun::BookingPages => oncehub.list(&booking_pages::All::default(), MOST).await,
                Noun::MasterPages => oncehub.list(&master_pages::All::default(), MOST).await,
                Noun::EventTypes => oncehub.list(&event_types::All::default(), MOST).await,
                Noun::Webhooks => oncehub.list(&webhooks::All {}, MOST).await,
            }?;
            Ok(Arc::new(Entries::new(noun, page)))
        };
        let ran_out = |error: &Error| {
            matches!(error.cause, Cause::Timeout(_) | Cause::RateLimited { .. } | Cause::NoRoomToTry { .. })
        };
        let changes = self.changes.lock().get(&noun).copied();
        let key = (self.account, noun, oncehub.key_number(), changes.unwrap_or_default());
        let entries = match self.cache.try_get_with(key, read()).await {
            // The read may have been started by another call, with less time left than this one has.
            Err(error) if ran_out(&error) => self.cache.try_get_with(key, read()).await,
            other => other,
        };
        entries.map_err(|error: Arc<Error>| Error::clone(&error))
    }

    /// Returns all objects of a noun, or none on failure: for names that a reply can do without.
    pub(super) async fn all_or_none(&self, oncehub: &Client, noun: Noun) -> Arc<Entries> {
        self.all(oncehub, noun).await.unwrap_or_else(|error| {
            tracing::debug!(?noun, outcome = ?error.outcome, "names are missing from this reply");
            Arc::default()
        })
    }

    /// Finds what `text` names among these nouns: by id, exact name, address or URL. An id always wins.
    pub(super) async fn find(
        &self,
        oncehub: &Client,
        nouns: &[Noun],
        argument: &str,
        text: &str,
    ) -> Result<Found, Failure> {
        let (mut unlisted, mut missing) = (None, Vec::new());
        for noun in nouns {
            match self.find_one(oncehub, *noun, argument, text).await {
                Ok(Ok(found)) if found.entry.is_some() => return Ok(found),
                // An id that no list shows may belong to another noun; in the end the id is what counts.
                Ok(Ok(found)) => unlisted = unlisted.or(Some(found)),
                Ok(Err(none)) => missing.push(none),
                Err(_) if unlisted.is_some() => {}
                Err(failure) => return Err(failure),
            }
        }
        if let Some(found) = unlisted {
            return Ok(found);
        }
        let (first, others) =
            missing.split_first().map_or(("nothing", &[][..]), |(first, others)| (&first.none, others));
        let mut problem = format!("{argument}: {first} is called {}", quoted(text.trim(), 80));
        others.iter().for_each(|other| problem.push_str(&format!(", and {} either", other.none)));
        let hints = missing.into_iter().map(|none| none.hint).collect::<Vec<_>>();
        Err(Failure::not_found(argument, problem, hints.join("; ")))
    }

    /// Like [`Directory::find`], for one noun.
    async fn find_one(
        &self,
        oncehub: &Client,
        noun: Noun,
        argument: &str,
        text: &str,
    ) -> Result<Result<Found, Missing>, Failure> {
        let text = text.trim();
        let an_id = || text.parse::<Id>().ok().filter(|_| looks_like_an_id(text));
        let folded = fold(text);
        let began = Instant::now();
        let mut entries = match self.all(oncehub, noun).await {
            Ok(entries) => entries,
            // Names are a convenience; an id works without them.
            Err(error) => return an_id().map(|id| Ok(Found::unlisted(id))).ok_or_else(|| Failure::from(error)),
        };
        // Re-read before reporting "not found": the cache may be stale.
        if an_id().is_none() && !entries.knows(&folded) && entries.read_at.is_some_and(|at| at < began) {
            self.forget(noun);
            entries = self.all(oncehub, noun).await?;
        }
        if let (Some(entry), Ok(id)) = (entries.get(text), text.parse()) {
            return Ok(Ok(Found { id, entry: Some(entry.clone()) }));
        }
        let matches: Vec<&Entry> = entries.all.iter().filter(|entry| entry.known_as.contains(&folded)).collect();
        let (what, how) = noun.words();
        match matches.as_slice() {
            [entry] => match entry.id.parse() {
                Ok(id) => Ok(Ok(Found { id, entry: Some((*entry).clone()) })),
                Err(error) => Err(Failure::argument(argument, error, how)),
            },
            [] => {
                if let Some(id) = an_id() {
                    return Ok(Ok(Found::unlisted(id)));
                }
                if let Some(found) = self.unlisted(oncehub, noun, text, entries.has_more).await? {
                    return Ok(Ok(found));
                }
                let known = entries.all.iter().map(|entry| entry.name.as_str());
                let more = match noun {
                    _ if !entries.has_more => "",
                    Noun::Users => "there are more: pass the id or the exact e-mail address; ",
                    _ => "there are more: pass the id; ",
                };
                let hint = match nearest(text, known) {
                    Some(near) => format!("{more}did you mean {}? Otherwise {how}", quoted(near, 60)),
                    None => format!("{more}{how}"),
                };
                Ok(Err(Missing { none: entries.none_of(what), hint }))
            }
            several => {
                let hosts = match noun {
                    Noun::Calendars => self.all_or_none(oncehub, Noun::Users).await,
                    _ => Arc::default(),
                };
                let candidates: Vec<String> = several.iter().take(20).map(|entry| entry.described(&hosts)).collect();
                let count = match several.len() {
                    count if entries.has_more => {
                        format!("{count} of the first {} {what}s (there are more)", thousands(entries.all.len()))
                    }
                    count => format!("{count} {what}s"),
                };
                let others = several.len() - candidates.len();
                let others = if others > 0 { format!("; and {others} more") } else { String::new() };
                let problem =
                    format!("{argument}: {count} are called {}: {}{others}", quoted(text, 80), candidates.join("; "));
                Err(Failure::ambiguous(argument, problem))
            }
        }
    }
}

impl Directory {
    /// Finds what no list shows under this name although OnceHub may know it: an id of an older form, or the address of
    /// a user beyond those that were read.
    async fn unlisted(
        &self,
        oncehub: &Client,
        noun: Noun,
        text: &str,
        has_more: bool,
    ) -> Result<Option<Found>, Failure> {
        if noun == Noun::Users && has_more && text.contains('@') {
            let page = oncehub.page(&users::All { email: Some(text.to_owned()) }, 2, None).await?;
            let theirs = |entry: &Entry| entry.email.as_deref().is_some_and(|email| fold(email) == fold(text));
            let mut entries = page.items.into_iter().filter_map(|object| Entry::new(noun, object)).filter(theirs);
            let found = entries.next().and_then(|entry| Some(Found { id: entry.id.parse().ok()?, entry: Some(entry) }));
            return Ok(found);
        }
        let Ok(id) = text.parse::<Id>() else { return Ok(None) };
        let read = match noun {
            Noun::Users => oncehub.send(&users::Get::new(id.clone())).await,
            Noun::Teams => oncehub.send(&teams::Get::new(id.clone())).await,
            Noun::Calendars => oncehub.send(&booking_calendars::Get::new(id.clone())).await,
            Noun::BookingPages => oncehub.send(&booking_pages::Get::new(id.clone())).await,
            Noun::MasterPages => oncehub.send(&master_pages::Get::new(id.clone())).await,
            Noun::EventTypes => oncehub.send(&event_types::Get::new(id.clone())).await,
            Noun::Webhooks => oncehub.send(&webhooks::Get::new(id.clone())).await,
        };
        match read {
            Ok(mut object) => {
                object.fill_id(id.as_str());
                let entry = Entry::new(noun, object).filter(|entry| !entry.object.is_deleted());
                Ok(Some(Found { id, entry }))
            }
            // OnceHub rejecting the text as malformed means the same as "not found".
            Err(error) if error.rejection().is_some_and(|no| matches!(no.status, 400 | 404 | 410 | 422)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Formats a number with thousands separators.
pub(super) fn thousands(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", thousands(number / 1000), number % 1000) }
}

/// The object that a name stands for.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: Id,
    /// The directory's entry; `None` for an id that it does not list.
    pub(super) entry: Option<Entry>,
}

impl Found {
    fn unlisted(id: Id) -> Self {
        Self { id, entry: None }
    }

    /// Returns its name and id, or the id alone.
    pub(super) fn described(&self) -> String {
        match &self.entry {
            Some(entry) => format!("{} ({})", quoted(&entry.name, 60), self.id),
            None => self.id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_whatever_their_case_accents_and_spaces() {
        assert_eq!(fold("  Zoë   MÜLLER\u{200b} "), fold("zoe muller"));
        assert_eq!(fold("Sarah O\u{2019}Brien\u{2010}Lee"), fold("sarah o'brien-lee"));
        assert_eq!(fold("https://go.example/Dana/"), fold("go.example/dana"));
        assert_eq!(fold("علی\u{200c}رضا ❤\u{fe0f}"), fold("علیرضا ❤"), "joiners and selectors, too");
        assert_ne!(fold("Dana Lee"), fold("Dana Li"));
    }

    #[test]
    fn an_id_is_known_by_its_form_never_by_its_prefix() {
        for id in ["BKNG-22RN37EED5WS", "XY-123456", "ABCDEF-GH"] {
            assert!(looks_like_an_id(id), "{id}");
        }
        for name in ["Dana Lee", "dana@example.com", "Intro-call", "VIP", "Q1-2"] {
            assert!(!looks_like_an_id(name), "{name}");
        }
    }
}

//! Names for ids: wherever an id is asked for, an exact name, an e-mail address or a public URL serves as well.

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

/// What a directory lists.
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
    /// What one of them is called, and how to find one.
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

/// Something that has an id and names.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    /// What a person calls it.
    pub(super) name: String,
    /// A user's address.
    pub(super) email: Option<String>,
    /// Everything it can be asked for by, folded.
    known_as: Vec<String>,
    /// The object as OnceHub sent it.
    pub(super) object: Object,
}

/// All of one noun.
#[derive(Debug, Default)]
pub(super) struct Entries {
    read_at: Option<Instant>,
    /// Whether the account has more than were read.
    has_more: bool,
    all: Vec<Entry>,
    by_id: HashMap<String, usize>,
    /// Names that more than one has.
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

    /// Whether anything is known by this name, folded.
    fn knows(&self, folded: &str) -> bool {
        self.all.iter().any(|entry| entry.known_as.iter().any(|known| known == folded))
    }

    /// What a message says of a noun that was searched: "no user", or among how many.
    fn none_of(&self, what: &str) -> String {
        if self.has_more {
            format!("none of the first {} {what}s", thousands(self.all.len()))
        } else {
            format!("no {what}")
        }
    }

    /// The one with this id.
    pub(super) fn get(&self, id: &str) -> Option<&Entry> {
        self.all.get(*self.by_id.get(id)?)
    }

    /// The calendars that a user or team hosts.
    pub(super) fn of_host(&self, host: &str) -> impl Iterator<Item = &Entry> {
        self.all.iter().filter(move |entry| entry.object.text("host") == Some(host))
    }

    /// Those with this URL.
    pub(super) fn at_url(&self, url: &str) -> impl Iterator<Item = &Entry> {
        let folded = fold(url);
        self.all.iter().filter(move |entry| entry.object.text("url").is_some_and(|url| fold(url) == folded))
    }

    /// Whether more than one is called so.
    pub(super) fn share_name(&self, name: &str) -> bool {
        self.shared.contains(name)
    }

    /// What the one with this id is called.
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
        // A Classic page has a public label beside its name; a calendar's subject is not unique enough to go by.
        let names = [Some(id.as_str()), name.as_deref(), object.text("label"), email.as_deref(), object.text("url")];
        let known_as = names.into_iter().flatten().map(fold).collect();
        let name = name.or_else(|| email.clone()).unwrap_or_else(|| id.clone());
        Some(Self { id, name, email, known_as, object })
    }

    /// What tells it apart from others of the same name.
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

/// First and last name in one.
pub(super) fn full_name(person: &Map<String, Value>) -> Option<String> {
    let part = |field: &str| person.get(field).and_then(Value::as_str).unwrap_or_default();
    let whole = format!("{} {}", part("first_name"), part("last_name"));
    let whole = clean(&whole).split_whitespace().collect::<Vec<_>>().join(" ");
    Some(whole).filter(|name| !name.is_empty())
}

/// A name without case, accents, surplus spaces, the kind of its apostrophes and dashes, and what cannot be seen; a URL without its scheme, `www.`, query and last slash.
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

/// Whether a text has the form of OnceHub's ids, so that it may be one that no list shows: deleted, or newer than the list.
pub(super) fn looks_like_an_id(text: &str) -> bool {
    text.len() >= 6
        && text.contains('-')
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// What the account has of each noun, read when it is needed and kept for a while.
///
/// Many calls at once cause one reading. One directory serves one account, and what another key has shown is not used; all
/// directories of a process share one memory, so that a thousand accounts take no more than a few large ones.
#[derive(Clone)]
pub(super) struct Directory {
    cache: Cache<Known, Arc<Entries>>,
    /// The account's number. None is ever given out twice.
    account: u64,
    accounts: Arc<AtomicU64>,
    /// How often each noun has been changed through us: a reading that began before a change is not used after it.
    changes: Arc<Mutex<HashMap<Noun, u64>>>,
}

/// What is known: of which account, which noun, with its how many-th key, after how many changes.
type Known = (u64, Noun, usize, u64);

/// What nothing of a noun is called.
struct Missing {
    /// "no user", or among how many.
    none: String,
    hint: String,
}

/// The most that a directory reads: ten pages.
const MOST: usize = 1000;

/// How many things all directories remember together.
const REMEMBERED: u64 = 100_000;

impl Directory {
    pub(super) fn new(keep: Duration) -> Self {
        // A noun that an account has nothing of takes some room, too.
        let weigh = |_: &Known, entries: &Arc<Entries>| u32::try_from(entries.all.len() + 10).unwrap_or(u32::MAX);
        let cache = Cache::builder().weigher(weigh).max_capacity(REMEMBERED).time_to_live(keep).build();
        Self { cache, account: 0, accounts: Arc::new(AtomicU64::new(1)), changes: Arc::default() }
    }

    /// A directory of another account.
    pub(super) fn of_another_account(&self) -> Self {
        let account = self.accounts.fetch_add(1, Ordering::Relaxed);
        Self { account, changes: Arc::default(), ..self.clone() }
    }

    /// Forgets what is known of a noun, because it has just been changed.
    pub(super) fn forget(&self, noun: Noun) {
        *self.changes.lock().entry(noun).or_default() += 1;
    }

    /// All of a noun.
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
            // It may have been somebody else's call that was reading, with less time left than this one has.
            Err(error) if ran_out(&error) => self.cache.try_get_with(key, read()).await,
            other => other,
        };
        entries.map_err(|error: Arc<Error>| Error::clone(&error))
    }

    /// All of a noun, or none of it: for names that a reply can do without.
    pub(super) async fn all_or_none(&self, oncehub: &Client, noun: Noun) -> Arc<Entries> {
        self.all(oncehub, noun).await.unwrap_or_else(|error| {
            tracing::debug!(?noun, outcome = ?error.outcome, "names are missing from this reply");
            Arc::default()
        })
    }

    /// What `text` names among the things of these nouns: an id, an exact name, an address or a URL. An id always wins.
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
                // An id that no list shows may be another noun's; in the end it is the id that counts.
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

    /// As [`Directory::find`], for one noun.
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
            // The names are a help; an id serves without them.
            Err(error) => return an_id().map(|id| Ok(Found::unlisted(id))).ok_or_else(|| Failure::from(error)),
        };
        // What is not known may have come since: that nobody is called so is only said of what has just been read.
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
    /// What no list shows under this name, but OnceHub may know all the same: an id of an older form, or the address of a
    /// user beyond those that were read.
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
            // That OnceHub cannot make anything of it says as much as that there is none.
            Err(error) if error.rejection().is_some_and(|no| matches!(no.status, 400 | 404 | 410 | 422)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// A number as people write it.
pub(super) fn thousands(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", thousands(number / 1000), number % 1000) }
}

/// What a name stood for.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: Id,
    /// What the directory has of it; nothing for an id that it does not list.
    pub(super) entry: Option<Entry>,
}

impl Found {
    fn unlisted(id: Id) -> Self {
        Self { id, entry: None }
    }

    /// Its name and id, or the id alone.
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

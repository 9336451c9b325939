//! From a name to an id.

use std::sync::Arc;
use std::time::Instant;

use super::directory::{Entries, Entry};
use super::fold::{fold, looks_like_an_id, nearest, thousands};
use super::{Names, Takes};
use crate::oncehub::{Id, Item as _, Page, tolerant, users};
use crate::records::{Candidate, Failure, Noun, quoted};

/// Returns a noun's word, and how to find one.
fn words(noun: Noun) -> (&'static str, &'static str) {
    match noun {
        Noun::Users => ("user", "find the person with list_users"),
        Noun::Teams => ("team", "find the team with list_teams"),
        Noun::Calendars => ("booking calendar", "find it with list_booking_calendars"),
        Noun::BookingPages => ("booking page", "find it with list_booking_pages"),
        Noun::MasterPages => ("master page", "find it with list_master_pages"),
        Noun::EventTypes => ("event type", "find it with list_event_types"),
        Noun::Webhooks => ("webhook", "find it with list_webhooks"),
    }
}

/// The object that a name stands for.
#[derive(Clone, Debug)]
pub struct Found {
    pub id: Id,
    /// The directory's entry; `None` for an id that it does not list.
    pub entry: Option<Entry>,
    /// Whether only a part of its name was given.
    pub by_part: bool,
}

impl Found {
    pub(super) fn new(id: Id, entry: Option<Entry>) -> Self {
        Self { id, entry, by_part: false }
    }

    /// Returns its name and id, or the id alone.
    pub fn described(&self) -> String {
        match &self.entry {
            Some(entry) => format!("{} ({})", quoted(&entry.name, 60), self.id),
            None => self.id.to_string(),
        }
    }
}

/// A noun in which nothing has the name.
struct Missing {
    /// "no user", or none of the first so many.
    none: String,
    hint: String,
    /// Whether all of its objects were searched.
    is_whole: bool,
    /// What has the text as a part of its name, with its description.
    parts: Vec<(Entry, String)>,
}

/// The most candidates that are named: where one has to be chosen, and where one may have been meant.
const CANDIDATES: usize = 20;
pub(super) const SUGGESTED: usize = 5;

impl Names {
    /// Finds what an id, a name, an e-mail address, a URL or `me` refers to, among these nouns; for a call that only
    /// reads, also what a part of a name does. An id always wins, and an exact name beats a part of one.
    ///
    /// # Errors
    /// If nothing, or more than one thing, has that name; nobody is `me`; or a directory cannot be read.
    pub async fn find(&self, nouns: &[Noun], argument: &str, text: &str) -> Result<Found, Failure> {
        if nouns.contains(&Noun::Users) && text.trim().eq_ignore_ascii_case("me") {
            return self.me(argument).await;
        }
        let found = self.find_among(nouns, argument, text).await?;
        if found.by_part {
            self.note_part(argument, text, &found.described());
        }
        Ok(found)
    }

    /// Notes what a part of a name was read as.
    pub fn note_part(&self, argument: &str, text: &str, read_as: &str) {
        let note = format!("{argument}: {} was read as {read_as}.", quoted(text.trim(), 60));
        let mut notes = self.notes.lock();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    pub(super) async fn find_among(&self, nouns: &[Noun], argument: &str, text: &str) -> Result<Found, Failure> {
        let (mut unlisted, mut missing) = (None, Vec::new());
        for noun in nouns {
            match self.find_one(*noun, argument, text).await {
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
        let takes_parts = self.takes == Takes::Parts && missing.iter().all(|noun| noun.is_whole);
        let parts: Vec<&(Entry, String)> = missing.iter().flat_map(|noun| &noun.parts).collect();
        match parts.as_slice() {
            [(entry, _)] if takes_parts => {
                if let Ok(id) = entry.id.parse() {
                    return Ok(Found { by_part: true, ..Found::new(id, Some(entry.clone())) });
                }
            }
            [_, _, ..] if takes_parts => {
                let candidates = parts.iter().map(|(entry, described)| entry.candidate(described)).collect();
                return Err(in_several_names(argument, text, candidates));
            }
            _ => {}
        }
        let (first, others) =
            missing.split_first().map_or(("nothing", &[][..]), |(first, others)| (&first.none, others));
        let mut problem = format!("{argument}: {first} is called {}", quoted(text.trim(), 80));
        others.iter().for_each(|other| problem.push_str(&format!(", and {} either", other.none)));
        let meant: Vec<Candidate> =
            parts.iter().take(SUGGESTED).map(|(entry, described)| entry.candidate(described)).collect();
        let hint = match meant.as_slice() {
            [] => missing.into_iter().map(|none| none.hint).collect::<Vec<_>>().join("; "),
            some => format!("did you mean {}? Call again with its id", in_words(some, " or ")),
        };
        Err(Failure::not_found(argument, problem, hint).candidates(meant))
    }

    /// Like [`Names::find`], for one noun.
    async fn find_one(&self, noun: Noun, argument: &str, text: &str) -> Result<Result<Found, Missing>, Failure> {
        let text = text.trim();
        if self.takes == Takes::Ids
            && let Ok(id) = text.parse()
        {
            return Ok(Ok(Found::new(id, None)));
        }
        let an_id = || text.parse::<Id>().ok().filter(|_| looks_like_an_id(text));
        let folded = fold(text);
        let began = Instant::now();
        let mut entries = match self.directory.all(&self.oncehub, noun).await {
            Ok(entries) => entries,
            // Names are a convenience; an id works without them.
            Err(error) => return an_id().map(|id| Ok(Found::new(id, None))).ok_or_else(|| Failure::from(error)),
        };
        // Re-read before reporting "not found": the cache may be stale.
        let is_known = |entries: &Entries| {
            entries.knows(&folded) || self.takes == Takes::Parts && entries.called_like(&folded).next().is_some()
        };
        if an_id().is_none() && !is_known(&entries) && entries.read_at.is_some_and(|at| at < began) {
            self.directory.forget(noun);
            entries = self.directory.all(&self.oncehub, noun).await?;
        }
        if let (Some(entry), Ok(id)) = (entries.get(text), text.parse()) {
            return Ok(Ok(Found::new(id, Some(entry.clone()))));
        }
        let matches: Vec<&Entry> = entries.all.iter().filter(|entry| entry.known_as.contains(&folded)).collect();
        let (what, how) = words(noun);
        match matches.as_slice() {
            [entry] => match entry.id.parse() {
                Ok(id) => Ok(Ok(Found::new(id, Some((*entry).clone())))),
                Err(error) => Err(Failure::argument(argument, error, how)),
            },
            [] => {
                // A name in capitals may look like an id; no id is a part of a name.
                let is_in_names = entries.called_like(&folded).next().is_some();
                if let Some(id) = an_id().filter(|_| !is_in_names) {
                    return Ok(Ok(Found::new(id, None)));
                }
                if let Some(found) = self.unlisted(noun, text, entries.has_more).await? {
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
                let hosts = self.hosts_of(noun).await;
                let parts =
                    entries.called_like(&folded).map(|entry| (entry.clone(), entry.described(&hosts))).collect();
                Ok(Err(Missing { none: entries.none_of(what), hint, is_whole: !entries.has_more, parts }))
            }
            several => {
                let hosts = self.hosts_of(noun).await;
                let candidates = several.iter().map(|entry| entry.candidate(&entry.described(&hosts))).collect();
                let count = match several.len() {
                    count if entries.has_more => {
                        format!("{count} of the first {} {what}s (there are more)", thousands(entries.all.len()))
                    }
                    count => format!("{count} {what}s"),
                };
                Err(ambiguous(argument, &format!("{count} are called {}", quoted(text, 80)), candidates))
            }
        }
    }

    /// Returns the published calendars of a user or a team.
    ///
    /// # Errors
    /// If calendars cannot be read.
    pub async fn hosted_by(&self, host: &Found) -> Result<Vec<Found>, Failure> {
        let calendars = self.directory.all(&self.oncehub, Noun::Calendars).await?;
        let published = calendars.of_host(host.id.as_str()).filter(|entry| entry.published != Some(false));
        Ok(published.filter_map(|entry| Some(Found::new(entry.id.parse().ok()?, Some(entry.clone())))).collect())
    }

    /// Returns the name of a calendar's host, or the id where there is no name or several have it; `None` if it is not
    /// known who hosts it.
    pub async fn host_of(&self, calendar: &Found) -> Option<String> {
        let host = calendar.entry.as_ref()?.host.as_deref()?;
        for noun in [Noun::Users, Noun::Teams] {
            let hosts = self.all_or_none(noun).await;
            if let Some(entry) = hosts.get(host) {
                let named = entry.named(noun, &hosts);
                return Some(if named.is_shared { host.to_owned() } else { named.name });
            }
        }
        Some(host.to_owned())
    }

    /// Returns the hosts whose names describe the objects of a noun.
    async fn hosts_of(&self, noun: Noun) -> Arc<Entries> {
        match noun {
            Noun::Calendars => self.all_or_none(Noun::Users).await,
            _ => Arc::default(),
        }
    }

    /// Finds what no list shows under this name although OnceHub may know it: an id of an older form, or the address of
    /// a user beyond those that were read.
    pub(super) async fn unlisted(&self, noun: Noun, text: &str, has_more: bool) -> Result<Option<Found>, Failure> {
        let oncehub = &self.oncehub;
        if noun == Noun::Users && has_more && text.contains('@') {
            let page: Page<Entry> = oncehub.page(&users::All { email: Some(text.to_owned()) }, 2, None).await?;
            let theirs = |entry: &Entry| entry.email.as_deref().is_some_and(|email| fold(email) == fold(text));
            let mut entries = page.items.into_iter().filter(theirs);
            let found = entries.next().and_then(|entry| Some(Found::new(entry.id.parse().ok()?, Some(entry))));
            return Ok(found);
        }
        let Ok(id) = text.parse::<Id>() else { return Ok(None) };
        match oncehub.send(&noun.collection().get(&id)).await {
            Ok(mut object) => {
                object.fill_id(id.as_str());
                let entry = (!object.is_deleted()).then(|| Entry::read(tolerant::borrowed_fields(&object)));
                Ok(Some(Found::new(id, entry)))
            }
            // OnceHub rejecting the text as malformed means the same as "not found".
            Err(error) if error.rejection().is_some_and(|no| matches!(no.status, 400 | 404 | 410 | 422)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Joins the descriptions of candidates.
pub(super) fn in_words(candidates: &[Candidate], separator: &str) -> String {
    candidates.iter().map(|candidate| candidate.described.as_str()).collect::<Vec<_>>().join(separator)
}

/// A failure for a name that several have: it names as many of them as can be told apart, and how many more there are.
pub(super) fn ambiguous(argument: &str, problem: &str, mut candidates: Vec<Candidate>) -> Failure {
    let others = candidates.len().saturating_sub(CANDIDATES);
    candidates.truncate(CANDIDATES);
    let mut problem = format!("{argument}: {problem}: {}", in_words(&candidates, "; "));
    if others > 0 {
        problem.push_str(&format!("; and {others} more"));
    }
    Failure::ambiguous(argument, problem, candidates)
}

/// A failure for a part that several names have.
pub(super) fn in_several_names(argument: &str, text: &str, candidates: Vec<Candidate>) -> Failure {
    let (text, count) = (quoted(text.trim(), 80), candidates.len());
    ambiguous(argument, &format!("{text} is a part of the names of {count}"), candidates)
}

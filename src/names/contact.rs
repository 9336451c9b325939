//! Finding one contact, by id, e-mail address, mobile phone or name.

use parking_lot::Mutex;

use super::find::{SUGGESTED, ambiguous, in_several_names, in_words};
use super::search::Search;
use super::{Entry, Found, Names, Takes, fold, looks_like_an_id, thousands};
use crate::oncehub::{Collection, Id, contacts};
use crate::records::{Candidate, Contact, Failure, Kind, Noun, Told, quoted, time, word};

impl Names {
    /// Finds a contact by id, by e-mail address, or by an exact name among the 1,000 newest; for a call that only
    /// reads, also by a part of a name that only one has, if there are no more contacts than that.
    ///
    /// # Errors
    /// If no contact, or more than one, is known by that; or contacts cannot be read.
    pub async fn contact(&self, argument: &str, text: &str) -> Result<Found, Failure> {
        let found = self.find_contact(argument, text).await?;
        if found.by_part {
            self.note_part(argument, text, &found.described());
        }
        Ok(found)
    }

    /// Finds a user or a contact, trying colleagues first. A part of a name has to be in one name of both.
    ///
    /// # Errors
    /// If nobody, or more than one, is known by that; or they cannot be read.
    pub async fn user_or_contact(&self, argument: &str, text: &str) -> Result<(&'static str, Found), Failure> {
        match self.exactly().find(&[Noun::Users], argument, text).await {
            Err(failure) if failure.kind == Kind::NotFound => {}
            user => return Ok(("user", user?)),
        }
        let contact = self.find_contact(argument, text).await;
        let is_exact = contact.as_ref().is_ok_and(|found| !found.by_part);
        let user = if is_exact { None } else { Some(self.find_among(&[Noun::Users], argument, text).await) };
        let is_nobody = |failure: &Failure| failure.kind == Kind::NotFound;
        let (kind, found) = match (user, contact) {
            (Some(Ok(user)), Ok(contact)) => {
                let both = [&user, &contact].map(|found| {
                    let name = found.entry.as_ref().map(|entry| entry.name.as_str());
                    Candidate::new(found.id.as_str(), name, found.described())
                });
                return Err(in_several_names(argument, text, both.into()));
            }
            (Some(Ok(user)), Err(failure)) if is_nobody(&failure) => ("user", user),
            (Some(Err(failure)), _) if !is_nobody(&failure) => return Err(failure),
            (_, contact) => ("contact", contact?),
        };
        if found.by_part {
            self.note_part(argument, text, &found.described());
        }
        Ok((kind, found))
    }

    /// Finds a contact if the text is the id of one.
    async fn contact_with_id(&self, text: &str) -> Result<Option<Found>, Failure> {
        let Ok(id) = text.parse::<Id>() else { return Ok(None) };
        if looks_like_an_id(text) {
            return Ok(Some(Found::new(id, None)));
        }
        // It may be an id of an older form: asking OnceHub is cheaper than searching the names.
        match self.oncehub.send(&Collection::Contacts.get(&id)).await {
            Ok(_) => Ok(Some(Found::new(id, None))),
            Err(error) if error.rejection().is_some_and(|no| matches!(no.status, 400 | 404 | 410 | 422)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns a contact as one of those that a name may stand for.
    fn contact_candidate(&self, contact: &Told<Contact>) -> Candidate {
        let parts = [
            contact.id.as_deref().map(word),
            contact.email.as_deref().map(|email| quoted(email, 120)),
            contact.mobile_phone.as_deref().map(|number| quoted(number, 40)),
            contact.company.as_deref().map(|company| quoted(company, 60)),
            contact.creation_time.map(|at| format!("created {}", time::day(at.0, &self.zone))),
        ];
        let described = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Candidate::new(contact.id.as_deref().unwrap_or_default(), contact.full_name().as_deref(), described)
    }

    async fn find_contact(&self, argument: &str, text: &str) -> Result<Found, Failure> {
        let text = text.trim();
        if let Some(found) = self.contact_with_id(text).await? {
            return Ok(found);
        }
        let folded = fold(text);
        let by_email = text.contains('@');
        let listing = contacts::All { email: by_email.then(|| text.to_owned()), ..contacts::All::default() };
        // Contacts whose name contains the text, in case nobody has exactly that name.
        let alike = Mutex::new(Vec::new());
        let is_meant = |contact: &Told<Contact>| {
            let name = contact.full_name();
            let known = if by_email { contact.email.as_deref() } else { name.as_deref() }.map(fold);
            let is_like =
                !by_email && !folded.is_empty() && known.as_ref().is_some_and(|known| known.contains(&folded));
            if let (true, Some(name), Some(entry)) = (is_like, &name, entry(contact)) {
                let email = contact.email.as_deref().map(|email| format!(", {}", word(email))).unwrap_or_default();
                let candidate = entry.candidate(&format!("{} ({}{email})", quoted(name, 60), word(&entry.id)));
                alike.lock().push((entry, candidate));
            }
            known.as_deref() == Some(folded.as_str())
        };
        let gathered = self.gather(&listing, None, Search::for_some(20, &is_meant)).await?;
        let searched = gathered.searched().map(thousands);
        let (found, alike) = (gathered.items, alike.into_inner());
        if self.takes == Takes::Parts && found.is_empty() && searched.is_none() {
            match alike.as_slice() {
                [(entry, _)] => {
                    if let Ok(id) = entry.id.parse() {
                        return Ok(Found { by_part: true, ..Found::new(id, Some(entry.clone())) });
                    }
                }
                [_, _, ..] => {
                    let candidates = alike.into_iter().map(|(_, candidate)| candidate).collect();
                    return Err(in_several_names(argument, text, candidates));
                }
                _ => {}
            }
        }
        match found.as_slice() {
            [only] => match only.id.as_deref().unwrap_or_default().parse() {
                Ok(id) => Ok(Found::new(id, entry(only))),
                Err(error) => Err(Failure::argument(argument, error, "use the contact's e-mail address")),
            },
            [] => {
                let problem = match searched {
                    Some(count) => format!(
                        "{argument}: none of the newest {count} contacts is called {}; there are more",
                        quoted(text, 80)
                    ),
                    None => format!("{argument}: no contact is called {}", quoted(text, 80)),
                };
                let meant: Vec<Candidate> = alike.into_iter().take(SUGGESTED).map(|(_, candidate)| candidate).collect();
                let hint = match meant.as_slice() {
                    [] => "use the e-mail address, or find them with list_contacts, which takes part of a name".into(),
                    some => format!("did you mean {}? Use the id or the e-mail address", in_words(some, " or ")),
                };
                Err(Failure::not_found(argument, problem, hint).candidates(meant))
            }
            several => {
                let candidates = several.iter().map(|contact| self.contact_candidate(contact)).collect();
                let count = several.len();
                let among = match searched {
                    Some(searched) => format!("{count} of the newest {searched} contacts (there are more)"),
                    None => format!("{count} contacts"),
                };
                Err(ambiguous(argument, &format!("{among} are called {}", quoted(text, 80)), candidates))
            }
        }
    }
}

/// Returns what tells a contact from others.
fn entry(contact: &Told<Contact>) -> Option<Entry> {
    Some(Entry::of_contact(contact.id.as_deref()?, contact.full_name(), contact.email.as_deref()))
}

//! Finding one contact, by id, e-mail address, mobile phone or name.

use parking_lot::Mutex;

use super::search::Search;
use super::{Names, fold, looks_like_an_id, thousands};
use crate::oncehub::{Collection, Id, contacts};
use crate::records::{Contact, Failure, Told, quoted, time, word};

impl Names {
    /// Finds a contact by id, by e-mail address, or by an exact name among the 1,000 newest.
    ///
    /// # Errors
    /// If no contact, or more than one, is known by that; or contacts cannot be read.
    pub async fn contact(&self, argument: &str, text: &str) -> Result<Id, Failure> {
        let text = text.trim();
        if let Ok(id) = text.parse::<Id>() {
            if looks_like_an_id(text) {
                return Ok(id);
            }
            // It may be an id of an older form: asking OnceHub is cheaper than scanning the names.
            match self.oncehub.send(&Collection::Contacts.get(&id)).await {
                Ok(_) => return Ok(id),
                Err(error) if error.rejection().is_some_and(|no| matches!(no.status, 400 | 404 | 410 | 422)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let folded = fold(text);
        let by_email = text.contains('@');
        let listing = contacts::All { email: by_email.then(|| text.to_owned()), ..contacts::All::default() };
        // Contacts whose name contains the text, in case nobody has exactly that name.
        let alike = Mutex::new(Vec::new());
        let is_meant = |contact: &Told<Contact>| {
            let name = contact.full_name();
            let known = if by_email { contact.email.as_deref() } else { name.as_deref() }.map(fold);
            let is_like = !by_email && known.as_ref().is_some_and(|known| known.contains(&folded));
            if let (true, Some(name), Some(id)) = (is_like, &name, &contact.id) {
                alike.lock().push(format!("{} ({})", quoted(name, 60), word(id)));
            }
            known.as_deref() == Some(folded.as_str())
        };
        let gathered = self.gather(&listing, None, Search::for_some(20, &is_meant)).await?;
        let searched = gathered.searched().map(thousands);
        let found = gathered.items;
        let mut ids = found.iter().filter_map(|contact| contact.id.as_deref());
        match (ids.next().map(str::parse), ids.count()) {
            (Some(Ok(id)), 0) => Ok(id),
            (Some(Err(error)), 0) => Err(Failure::argument(argument, error, "use the contact's e-mail address")),
            (None, _) => Err(Failure::not_found(
                argument,
                match searched {
                    Some(count) => format!(
                        "{argument}: none of the newest {count} contacts is called {}; there are more",
                        quoted(text, 80)
                    ),
                    None => format!("{argument}: no contact is called {}", quoted(text, 80)),
                },
                match alike.lock().as_slice() {
                    some @ [_, ..] => {
                        let some: Vec<&str> = some.iter().take(5).map(String::as_str).collect();
                        format!("did you mean {}? Use the id or the e-mail address", some.join(" or "))
                    }
                    [] => "use the e-mail address, or find them with list_contacts, which takes part of a name".into(),
                },
            )),
            (_, others) => {
                let described = |contact: &Told<Contact>| {
                    let parts = [
                        contact.id.as_deref().map(word),
                        contact.email.as_deref().map(|email| quoted(email, 120)),
                        contact.mobile_phone.as_deref().map(|number| quoted(number, 40)),
                        contact.company.as_deref().map(|company| quoted(company, 60)),
                        contact.creation_time.map(|at| format!("created {}", time::day(at.0, &self.zone))),
                    ];
                    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
                };
                let candidates: Vec<String> = found.iter().map(described).collect();
                let among = match searched {
                    Some(searched) => format!("{} of the newest {searched} contacts (there are more)", others + 1),
                    None => format!("{} contacts", others + 1),
                };
                let problem = format!("{argument}: {among} are called {}: {}", quoted(text, 80), candidates.join("; "));
                Err(Failure::ambiguous(argument, problem))
            }
        }
    }
}

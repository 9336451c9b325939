//! The person that an argument refers to: a user, `me`, or a contact.

use parking_lot::Mutex;

use super::call::Call;
use super::failure::{Failure, Kind};
use super::names::{Found, Noun, fold, full_name, looks_like_an_id, thousands};
use super::time;
use super::untrusted::{quoted, word};
use crate::oncehub::{Id, Object, contacts};

impl Call {
    /// Finds what an id, a name, an e-mail address, a URL or `me` refers to, among these nouns.
    pub(super) async fn find(&self, nouns: &[Noun], argument: &str, text: &str) -> Result<Found, Failure> {
        if !nouns.contains(&Noun::Users) || !text.trim().eq_ignore_ascii_case("me") {
            return self.directory.find(&self.oncehub, nouns, argument, text).await;
        }
        let Some(me) = &self.settings.me else {
            return Err(Failure::configuration(
                format!("{argument}: nobody has said who `me` is: a key belongs to an account, not to a person"),
                "ask the person for their name or e-mail address and use that, or have ONCEHUB_MCP_USER set to it",
            ));
        };
        self.directory.find(&self.oncehub, &[Noun::Users], argument, me).await.map_err(|failure| match failure.kind {
            Kind::NotFound | Kind::AmbiguousName | Kind::InvalidArgument => Failure::configuration(
                format!("{argument}: ONCEHUB_MCP_USER, which says who `me` is, names no one user: {}", failure.message),
                "use the person's name or e-mail address, or have ONCEHUB_MCP_USER set to a user's e-mail or id",
            ),
            _ => failure,
        })
    }

    /// Finds a contact by id, by e-mail address, or by an exact name among the 1,000 newest.
    pub(super) async fn contact(&self, argument: &str, text: &str) -> Result<Id, Failure> {
        let text = text.trim();
        if let Ok(id) = text.parse::<Id>() {
            if looks_like_an_id(text) {
                return Ok(id);
            }
            // It may be an id of an older form: asking OnceHub is cheaper than scanning the names.
            match self.oncehub.send(&contacts::Get::new(id.clone())).await {
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
        let is_meant = |contact: &Object| {
            let name = full_name(contact);
            let known = if by_email { contact.text("email").map(fold) } else { name.as_deref().map(fold) };
            let is_like = !by_email && known.as_ref().is_some_and(|known| known.contains(&folded));
            if let (true, Some(name), Some(id)) = (is_like, &name, contact.text("id")) {
                alike.lock().push(format!("{} ({})", quoted(name, 60), word(id)));
            }
            known.as_deref() == Some(folded.as_str())
        };
        let gathered = self.search(&listing, 20, &is_meant).await?;
        let searched = gathered.searched();
        let found = gathered.items;
        let ids = || found.iter().filter_map(|contact| contact.text("id"));
        match (ids().count(), ids().next().map(str::parse)) {
            (1, Some(Ok(id))) => Ok(id),
            (0, _) | (_, None) => Err(Failure::not_found(
                argument,
                match searched {
                    Some(count) => {
                        let count = thousands(count);
                        format!(
                            "{argument}: none of the newest {count} contacts is called {}; there are more",
                            quoted(text, 80)
                        )
                    }
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
            (1, Some(Err(error))) => Err(Failure::argument(argument, error, "use the contact's e-mail address")),
            (count, _) => {
                let described = |contact: &Object| {
                    let made = contact.text("creation_time").and_then(time::read);
                    let parts = [
                        contact.text("id").map(word),
                        contact.text("email").map(|email| quoted(email, 120)),
                        contact.text("mobile_phone").map(|number| quoted(number, 40)),
                        contact.text("company").map(|company| quoted(company, 60)),
                        made.map(|at| format!("made {}", time::day(at, &self.settings.zone))),
                    ];
                    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
                };
                let candidates: Vec<String> = found.iter().map(described).collect();
                let among = match searched {
                    Some(searched) => {
                        format!("{count} of the newest {} contacts (there are more)", thousands(searched))
                    }
                    None => format!("{count} contacts"),
                };
                let problem = format!("{argument}: {among} are called {}: {}", quoted(text, 80), candidates.join("; "));
                Err(Failure::ambiguous(argument, problem))
            }
        }
    }
}

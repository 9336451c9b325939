//! Who `me` is.

use std::sync::Arc;

use super::{Found, Names};
use crate::oncehub::Error;
use crate::records::{Failure, Kind, Noun, Reader, SaidBy, Zone, quoted};

/// Who `me` is, as far as a call may rely on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Me {
    /// A user's e-mail address or id, as somebody has set it.
    Set(String),
    /// The user whom the key's account names.
    OfKey,
    /// The same, for a change: what a key says is no reason to act as somebody.
    OfKeyToName,
    /// Nobody.
    Nobody,
}

impl Names {
    /// Finds the user that `me` is.
    ///
    /// # Errors
    /// If nobody is `me`, or not exactly one user; or users cannot be read.
    pub async fn me(&self, argument: &str) -> Result<Found, Failure> {
        let Some(me) = self.whose().await? else { return Err(nobody(argument, self.reader)) };
        let source = match &self.me {
            Me::Set(_) if self.reader == Reader::Person && self.said_by == SaidBy::SignIn => {
                "what you have filled in".to_owned()
            }
            Me::Set(_) => format!("{}, which says who `me` is,", self.said_by.name()),
            _ => "the key's account, which says who `me` is,".to_owned(),
        };
        if matches!(self.me, Me::OfKeyToName) {
            return Err(Failure::configuration(
                format!(
                    "{argument}: nobody has set who `me` is; that the key's account is {} does not say it",
                    quoted(&me, 120)
                ),
                match self.reader {
                    Reader::SignedIn => {
                        "for a change, ask the person whether they are that user, and pass the address; or have them connect again in \
                         their client, and say who they are"
                    }
                    _ => {
                        "for a change, ask the person whether they are that user, and pass the address; or have ONCEHUB_MCP_USER set"
                    }
                },
            ));
        }
        self.named_by(&source, argument, &me).await
    }

    /// Finds the one user that a setting or the key's account names.
    async fn named_by(&self, source: &str, argument: &str, me: &str) -> Result<Found, Failure> {
        let named = format!("{argument}: ");
        let wrong = |problem: String| {
            Failure::configuration(
                format!("{named}{source} {problem}"),
                match self.reader {
                    Reader::SignedIn => {
                        "use the person's name or e-mail address, or have them connect again in their client, and say who they are"
                    }
                    Reader::Recognized => {
                        "use the person's name or e-mail address; this server's operator can correct who they are"
                    }
                    _ => {
                        "use the person's name or e-mail address, or have ONCEHUB_MCP_USER (over HTTP: the X-MCP-User header) set to a \
                         user's e-mail or id"
                    }
                },
            )
        };
        let found = self.exactly().find_among(&[Noun::Users], argument, me).await.map_err(|failure| {
            let problem = failure.message.trim_start_matches(&named);
            match failure.kind {
                Kind::NotFound => wrong(format!("names nobody: {problem}")),
                Kind::AmbiguousName | Kind::InvalidArgument => {
                    wrong(format!("does not name exactly one user: {problem}"))
                }
                _ => failure,
            }
        })?;
        if found.entry.is_some() {
            return Ok(found);
        }
        // An id that no list shows: of somebody who was deleted, or beyond those listed; or there is no list.
        match self.unlisted(Noun::Users, found.id.as_str(), false).await? {
            Some(found) if found.entry.is_some() => Ok(found),
            Some(_) => Err(wrong(format!("names nobody: the user {} was deleted", found.id))),
            None => Err(wrong(format!("names nobody: no user has the id {}", found.id))),
        }
    }

    /// Returns the time zone of `me`, which is kept as long as names are; `None` if nobody is `me`, or a user without a
    /// zone that is known. Why it cannot be looked up is kept for a minute.
    ///
    /// # Errors
    /// If it cannot be looked up, or the setting does not name exactly one user.
    pub async fn zone_of_me(&self) -> Result<Option<Zone>, Arc<Failure>> {
        let me = match &self.me {
            Me::Nobody => return Ok(None),
            // What may be changed as `me` makes no difference to the zone.
            Me::OfKeyToName => Me::OfKey,
            me => me.clone(),
        };
        let once = Self { me: me.clone(), ..self.trying_once() };
        let look_up = Box::pin(async move { once.look_up_zone().await });
        Box::pin(self.directory.zone(&self.oncehub, me, self.now, look_up)).await
    }

    async fn look_up_zone(&self) -> Result<Option<Zone>, Failure> {
        let is_set = matches!(self.me, Me::Set(_));
        let zone = match self.me("me").await {
            Ok(found) => found.entry.and_then(|entry| entry.timezone),
            // That the key's account is nobody among the users is no mistake.
            Err(failure) if failure.kind == Kind::ConfigurationError && !is_set => None,
            Err(failure) => return Err(failure),
        };
        Ok(zone.and_then(|zone| Zone::parse(&zone).ok()))
    }

    /// Returns the address, id or name of who `me` is, and `None` if nobody is.
    async fn whose(&self) -> Result<Option<String>, Error> {
        match &self.me {
            Me::Set(me) => Ok(Some(me.clone())),
            Me::OfKey | Me::OfKeyToName => self.directory.account_of(&self.oncehub).await,
            Me::Nobody => Ok(None),
        }
    }
}

fn nobody(argument: &str, reader: Reader) -> Failure {
    Failure::configuration(
        format!("{argument}: nobody has set who `me` is, and the key does not say it"),
        match reader {
            Reader::SignedIn => {
                "ask the person for their name or e-mail address and use that, or have them connect again in their client, and say who \
                 they are"
            }
            _ => {
                "ask the person for their name or e-mail address and use that, or have ONCEHUB_MCP_USER (over HTTP: the X-MCP-User \
                 header) set to it"
            }
        },
    )
}

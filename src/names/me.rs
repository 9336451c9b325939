//! Who `me` is.

use std::sync::Arc;

use super::{Found, Names};
use crate::oncehub::{Collection, Error, Rejection};
use crate::records::{Failure, Kind, Noun, Zone, quoted};

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
        let Some(me) = self.whose().await? else { return Err(nobody(argument)) };
        let source = match &self.me {
            Me::Set(_) => "ONCEHUB_MCP_USER (over HTTP: X-MCP-User), which says who `me` is,",
            _ => "the key's account, which says who `me` is,",
        };
        if matches!(self.me, Me::OfKeyToName) {
            return Err(Failure::configuration(
                format!(
                    "{argument}: nobody has set who `me` is; that the key's account is {} does not say it",
                    quoted(&me, 120)
                ),
                "for a change, ask the person whether they are that user, and pass the address; or have ONCEHUB_MCP_USER set",
            ));
        }
        let named = format!("{argument}: ");
        self.find(&[Noun::Users], argument, &me).await.map_err(|failure| match failure.kind {
            Kind::NotFound | Kind::AmbiguousName | Kind::InvalidArgument => Failure::configuration(
                format!(
                    "{named}{source} does not name exactly one user: {}",
                    failure.message.trim_start_matches(&named)
                ),
                "use the person's name or e-mail address, or have ONCEHUB_MCP_USER set to a user's e-mail or id",
            ),
            _ => failure,
        })
    }

    /// Returns the time zone of `me`, which is kept as long as names are; `None` if nobody is `me`, or not exactly one
    /// user, or a user without a zone that is known.
    ///
    /// # Errors
    /// If it cannot be looked up.
    pub async fn zone_of_me(&self) -> Result<Option<Zone>, Arc<Failure>> {
        let me = match &self.me {
            Me::Nobody => return Ok(None),
            // What may be changed as `me` makes no difference to the zone.
            Me::OfKeyToName => Me::OfKey,
            me => me.clone(),
        };
        let look_up = Box::pin(self.look_up_zone());
        Box::pin(self.directory.zone(&self.oncehub, me, look_up)).await
    }

    async fn look_up_zone(&self) -> Result<Option<Zone>, Failure> {
        let Some(me) = self.whose().await? else { return Ok(None) };
        let found = match self.find_among(&[Noun::Users], "me", &me).await {
            Ok(found) => found,
            Err(failure) => {
                let names_nobody = [Kind::NotFound, Kind::AmbiguousName, Kind::InvalidArgument].contains(&failure.kind);
                return if names_nobody { Ok(None) } else { Err(failure) };
            }
        };
        let zone = match found.entry {
            Some(entry) => entry.timezone,
            // An id that no list shows: of somebody who was deleted, or beyond those listed; or there is no list.
            None => match self.oncehub.send(&Collection::Users.get(&found.id)).await {
                Ok(user) => user.text("timezone").map(str::to_owned),
                Err(error) if error.rejection().is_some_and(Rejection::is_not_found) => None,
                Err(error) => return Err(error.into()),
            },
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

fn nobody(argument: &str) -> Failure {
    Failure::configuration(
        format!("{argument}: nobody has set who `me` is, and the key does not say it"),
        "ask the person for their name or e-mail address and use that, or have ONCEHUB_MCP_USER (over HTTP: the X-MCP-User header) set to it",
    )
}

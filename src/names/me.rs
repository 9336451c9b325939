//! Who `me` is.

use super::{Found, Names};
use crate::records::{Failure, Kind, Noun, quoted};

/// Who `me` is, as far as a call may rely on it.
#[derive(Clone, Debug)]
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
        let (me, source) = match &self.me {
            Me::Set(me) => (me.clone(), "ONCEHUB_MCP_USER (over HTTP: X-MCP-User), which says who `me` is,"),
            Me::OfKey | Me::OfKeyToName => match self.directory.account_of(&self.oncehub).await? {
                Some(address) => (address, "the key's account, which says who `me` is,"),
                None => return Err(nobody(argument)),
            },
            Me::Nobody => return Err(nobody(argument)),
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
}

fn nobody(argument: &str) -> Failure {
    Failure::configuration(
        format!("{argument}: nobody has set who `me` is, and the key does not say it"),
        "ask the person for their name or e-mail address and use that, or have ONCEHUB_MCP_USER (over HTTP: the X-MCP-User header) set to it",
    )
}

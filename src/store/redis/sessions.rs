//! Sessions of the protocol that servers share.

use std::time::Duration;

use async_trait::async_trait;
use redis::FromRedisValue;

use super::{Redis, key, milliseconds};
use crate::store::{LookAt, SharedSessions, Taken, Unavailable, Whereabouts, Windows as _};

/// How many sessions are looked at in one step.
const AT_ONCE: usize = 200;

/// What replaces a server's name where no single server has a session.
const NEW: &str = "new";
const SEVERAL: &str = "several";
const ENDED: &str = "ended";

fn session(id: &str) -> String {
    key(&format!("session:{id}"))
}

impl Redis {
    async fn about_session<T: FromRedisValue>(
        &self,
        what: &'static str,
        id: &str,
        owner: &str,
        keep: Duration,
        kept: [&str; 2],
    ) -> Result<T, Unavailable> {
        let mut call = self.shared.scripts.session.prepare_invoke();
        // What an identity provider says about a person could be guessed from an unkeyed digest.
        let owner = self.shared.name_of(owner);
        call.key(session(id)).arg(what).arg(owner).arg(milliseconds(keep).max(1)).arg(&self.shared.server).arg(&kept);
        self.shared.run(what, call).await
    }

    fn whereabouts(&self, at: Option<&str>) -> Whereabouts {
        match at {
            None => Whereabouts::Unknown,
            Some(NEW) => Whereabouts::New,
            Some(ENDED) => Whereabouts::Ended,
            Some(server) if server == self.shared.server => Whereabouts::Here,
            Some(_) => Whereabouts::Elsewhere,
        }
    }
}

#[async_trait]
impl SharedSessions for Redis {
    async fn keep_session(
        &self,
        id: &str,
        owner: &str,
        session: &str,
        whereabouts: Whereabouts,
        keep: Duration,
    ) -> Result<(), Unavailable> {
        let at = match whereabouts {
            Whereabouts::Unknown | Whereabouts::New => NEW,
            Whereabouts::Here => &self.shared.server,
            Whereabouts::Elsewhere => SEVERAL,
            Whereabouts::Ended => return self.end_session(id, owner, keep).await.map(|_| ()),
        };
        self.about_session::<u8>("keep", id, owner, keep, [at, session]).await.map(|_| ())
    }

    async fn take_session(&self, id: &str, owner: &str, keep: Duration) -> Result<Option<Taken>, Unavailable> {
        let taken: Option<(bool, String)> = self.about_session("take", id, owner, keep, [""; 2]).await?;
        Ok(taken.map(|(is_alone, session)| Taken { is_alone, session }))
    }

    async fn end_session(&self, id: &str, owner: &str, keep: Duration) -> Result<bool, Unavailable> {
        Ok(self.about_session::<u8>("end", id, owner, keep, [""; 2]).await? == 1)
    }

    async fn look_at_sessions(&self, sessions: &[LookAt]) -> Result<Vec<Whereabouts>, Unavailable> {
        let mut all = Vec::with_capacity(sessions.len());
        for some in sessions.chunks(AT_ONCE) {
            let mut look = redis::pipe();
            for LookAt { id, used } in some {
                look.cmd("HGET").arg(session(id)).arg("at");
                if let Some(keep) = used {
                    look.cmd("PEXPIRE").arg(session(id)).arg(milliseconds(*keep).max(1)).ignore();
                }
            }
            let found: Vec<Option<String>> =
                self.shared.ask("look", async |mut connection| look.query_async(&mut connection).await).await?;
            all.extend(found.iter().map(|at| self.whereabouts(at.as_deref())));
        }
        Ok(all)
    }
}

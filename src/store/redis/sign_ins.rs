//! Sign-ins that servers share.
//!
//! While the store is away, a token is accepted unless this server knows that its sign-in has ended. What may be used only
//! once, a code or a refresh token, is refused until it is back.

use std::collections::HashMap;

use async_trait::async_trait;

use super::{PREFIX, Redis};
use crate::store::{GRACE, KEEP, Listed, MOST_ENDED, MOST_OPEN, Owner, SignIn, Standing, Store, Unavailable};

fn open(owner: &Owner) -> String {
    format!("{PREFIX}:sign-ins:{}", owner.0)
}

impl Redis {
    async fn about(
        &self,
        what: &'static str,
        owner: &Owner,
        sign_in: Option<&SignIn>,
        turn: u64,
        at: u64,
    ) -> Result<u64, Unavailable> {
        let open = open(owner);
        let mut call = self.shared.scripts.sign_in.prepare_invoke();
        call.key(&open).key(format!("{open}:ended")).key(format!("{open}:before"));
        call.arg(what).arg(at).arg(KEEP.as_secs()).arg(MOST_OPEN).arg(MOST_ENDED);
        let (id, made, ends) = sign_in.map_or(("", 0, 0), |sign_in| (&sign_in.id, sign_in.made, sign_in.ends));
        let all = sign_in.map(serde_json::to_string).transpose().map_err(|_| Unavailable)?;
        call.arg(id).arg(made).arg(ends).arg(all.unwrap_or_default()).arg(turn).arg(GRACE.as_secs());
        self.shared.run(what, call).await
    }

    /// Runs an operation on a sign-in, and remembers if it has ended.
    async fn goes_on(&self, what: &'static str, sign_in: &SignIn, turn: u64, at: u64) -> Result<bool, Unavailable> {
        let goes_on = self.about(what, &sign_in.owner, Some(sign_in), turn, at).await? == 1;
        if !goes_on {
            self.ended.end(sign_in, at).await?;
        }
        Ok(goes_on)
    }
}

#[async_trait]
impl Store for Redis {
    async fn open(&self, sign_in: &SignIn, at: u64) -> Result<bool, Unavailable> {
        self.goes_on("open", sign_in, 0, at).await
    }

    async fn refresh(&self, sign_in: &SignIn, turn: u64, at: u64) -> Result<bool, Unavailable> {
        self.goes_on("refresh", sign_in, turn, at).await
    }

    async fn touch(&self, sign_in: &SignIn, at: u64) -> Result<bool, Unavailable> {
        match self.goes_on("touch", sign_in, 0, at).await {
            Err(Unavailable) => Ok(self.ended.standing(std::slice::from_ref(sign_in)).await? != [Standing::Ended]),
            answer => answer,
        }
    }

    async fn standing(&self, sign_ins: &[SignIn]) -> Result<Vec<Standing>, Unavailable> {
        let mut all = Vec::new();
        for sign_in in sign_ins {
            all.push(match self.about("standing", &sign_in.owner, Some(sign_in), 0, 0).await? {
                0 => Standing::Unknown,
                1 => Standing::Open,
                _ => Standing::Ended,
            });
        }
        Ok(all)
    }

    async fn of(&self, owners: &[Owner], at: u64) -> Result<Vec<Listed>, Unavailable> {
        let mut all = Vec::new();
        for owner in owners {
            let open = open(owner);
            let found: HashMap<String, String> = self
                .shared
                .ask("of", async |mut connection| redis::cmd("HGETALL").arg(&open).query_async(&mut connection).await)
                .await?;
            all.extend(found.values().filter_map(|value| read(value)));
        }
        let is_over = |listed: &Listed| listed.used.saturating_add(KEEP.as_secs()) <= at || listed.sign_in.ends <= at;
        all.retain(|listed| !is_over(listed));
        all.sort_by(|one: &Listed, other| (other.used, &other.sign_in.id).cmp(&(one.used, &one.sign_in.id)));
        Ok(all)
    }

    async fn end(&self, sign_in: &SignIn, at: u64) -> Result<(), Unavailable> {
        self.ended.end(sign_in, at).await?;
        self.about("end", &sign_in.owner, Some(sign_in), 0, at).await.map(|_| ())
    }

    async fn end_all(&self, owners: &[Owner], at: u64) -> Result<(), Unavailable> {
        self.ended.end_all(owners, at).await?;
        for owner in owners {
            self.about("all", owner, None, 0, at).await?;
        }
        Ok(())
    }

    fn is_of_process(&self) -> bool {
        false
    }
}

/// Reads an open sign-in: five numbers, of which the first says when it was used, and all of it.
fn read(value: &str) -> Option<Listed> {
    let used = value.split('|').next()?.parse().ok()?;
    let sign_in = serde_json::from_str(value.splitn(6, '|').nth(5)?).ok()?;
    Some(Listed { sign_in, used })
}

//! The windows that servers share, by the store's clock.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hmac::{Hmac, KeyInit as _, Mac as _};
use redis::RedisResult;
use sha2::Sha256;

use super::beat::{Known, microseconds};
use super::{PREFIX, Shared, notices};
use crate::store::{Ask, Limit, Moment, Share, Unavailable, Windows};

/// A request that this server has sent.
pub(super) struct Sent {
    at: Instant,
    account: String,
    stranger: Option<String>,
    name: String,
    /// Whether the store knows of it.
    pub(super) is_stored: bool,
}

/// The keys of the requests of an account or an address, and of the end of its pause.
fn log_and_pause(kind: &str, name: &str) -> [String; 2] {
    let log = format!("{PREFIX}:{kind}:{name}");
    let pause = format!("{log}:pause");
    [log, pause]
}

/// Returns a request's entry in the address's log: its network, its account, and its own name.
fn entry(account: &str, stranger: Option<&str>, name: &str) -> String {
    format!("{}|{account}|{name}", stranger.unwrap_or_default())
}

/// Returns a name made of 128 bits.
pub(super) fn hex(bits: u128) -> String {
    format!("{bits:032x}")
}

fn longest(limits: &[Limit]) -> Duration {
    limits.iter().map(|limit| limit.counts_for).max().unwrap_or_default()
}

impl Shared {
    pub(super) fn address_log(&self) -> String {
        let [log, _] = log_and_pause("address", &self.egress);
        log
    }

    fn remember(&self, sent: Sent) {
        let mut known = self.known.lock();
        self.forget_old(&mut known);
        known.sent.push_back(sent);
    }

    /// Forgets the requests that do not count any more.
    fn forget_old(&self, known: &mut Known) {
        let (now, counts_for) = (Instant::now(), longest(&self.limits.address).max(longest(&self.limits.account)));
        while known.sent.front().is_some_and(|sent| sent.at + counts_for <= now) {
            known.sent.pop_front();
        }
    }

    /// Tells the store what it does not know, or may have forgotten: what this server has sent recently.
    pub(super) async fn restore(&self) -> RedisResult<()> {
        let limits = [(&self.limits.account, "account"), (&self.limits.address, "address")];
        let unknown: Vec<_> = {
            let mut known = self.known.lock();
            self.forget_old(&mut known);
            let unknown = known.sent.iter().filter(|sent| !sent.is_stored);
            unknown.map(|sent| (sent.at, sent.account.clone(), sent.stranger.clone(), sent.name.clone())).collect()
        };
        if unknown.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection.clone();
        let (seconds, rest): (u64, u64) = redis::cmd("TIME").query_async(&mut connection).await?;
        let now = seconds * 1_000_000 + rest;
        let mut pipe = redis::pipe();
        for (at, account, stranger, name) in &unknown {
            // It may be reserved for a moment in the future.
            let here = Instant::now();
            let ahead = microseconds(at.saturating_duration_since(here));
            let at_there = (now + ahead).saturating_sub(microseconds(here.saturating_duration_since(*at)));
            for (limits, kind) in limits {
                let (whose, entry) = match kind {
                    "account" => (account.as_str(), name.clone()),
                    _ => (self.egress.as_str(), entry(account, stranger.as_deref(), name)),
                };
                let [log, _] = log_and_pause(kind, whose);
                let keep = super::milliseconds((*at + longest(limits)).saturating_duration_since(here));
                if keep > 0 {
                    pipe.cmd("ZADD").arg(&log).arg(at_there).arg(entry).ignore();
                    // Others' requests there may count for longer. A log without an expiry takes no greater one.
                    for condition in ["NX", "GT"] {
                        pipe.cmd("PEXPIRE").arg(&log).arg(keep).arg(condition).ignore();
                    }
                }
            }
        }
        // Nothing would answer a pipeline without commands.
        if !pipe.is_empty() {
            pipe.query_async::<()>(&mut connection).await?;
        }
        let mut known = self.known.lock();
        for sent in &mut known.sent {
            sent.is_stored |= unknown.iter().any(|(.., name)| *name == sent.name);
        }
        Ok(())
    }
}

#[async_trait]
impl Windows for Shared {
    fn name_of(&self, text: &str) -> String {
        // No key is too long or too short for HMAC.
        Hmac::<Sha256>::new_from_slice(&self.secret).map_or_else(
            |_| String::new(),
            |mut mac| {
                mac.update(text.as_bytes());
                // Half of it is enough.
                mac.finalize()
                    .into_bytes()
                    .first_chunk()
                    .map_or_else(String::new, |half| hex(u128::from_be_bytes(*half)))
            },
        )
    }

    async fn reserve(&self, ask: Ask<'_>) -> Result<Moment, Unavailable> {
        let mut call = self.scripts.reserve.prepare_invoke();
        for key in [log_and_pause("account", ask.account), log_and_pause("address", &self.egress)].as_flattened() {
            call.key(key);
        }
        call.key(notices::of(ask.account));
        call.arg(ask.name).arg(ask.account).arg(ask.stranger.unwrap_or_default()).arg(microseconds(ask.patience));
        call.arg(self.limits.share).arg(self.limits.strangers).arg(self.limits.trickle);
        for limits in [&self.limits.account, &self.limits.address] {
            call.arg(limits.len());
            for limit in limits {
                call.arg(limit.requests).arg(microseconds(limit.counts_for)).arg(microseconds(limit.period));
            }
        }
        let asked_at = Instant::now();
        let answer: Vec<u64> = self.run("reserve", call).await?;
        let [is_reserved, wait, has_notices, used @ ..] = &*answer else { return Err(Unavailable) };
        let (is_reserved, wait, has_notices) = (*is_reserved == 1, Duration::from_micros(*wait), *has_notices == 1);
        {
            let share = &mut self.known.lock().share;
            share.used = used.iter().map(|used| usize::try_from(*used).unwrap_or(usize::MAX)).collect();
            share.since = asked_at;
        }
        if !is_reserved {
            return Ok(Moment::TooLate(wait));
        }
        self.remember(Sent {
            at: asked_at + wait,
            account: ask.account.to_owned(),
            stranger: ask.stranger.map(str::to_owned),
            name: ask.name.to_owned(),
            is_stored: true,
        });
        Ok(Moment::In { wait, has_notices })
    }

    async fn give_back(&self, accounts: &[&str], name: &str) -> Result<(), Unavailable> {
        self.known.lock().sent.retain(|sent| sent.name != name);
        let mut call = self.scripts.give_back.prepare_invoke();
        call.key(self.address_log());
        for account in accounts {
            let [log, _] = log_and_pause("account", account);
            call.key(log);
        }
        let [any, _] = log_and_pause("account", "");
        call.arg(name).arg(any);
        self.run::<u8>("give_back", call).await.map(|_| ())
    }

    async fn claim(&self, from: &str, to: &str) -> Result<(), Unavailable> {
        for sent in &mut self.known.lock().sent {
            if sent.account == from {
                (sent.account, sent.stranger) = (to.to_owned(), None);
            }
        }
        let mut call = self.scripts.claim.prepare_invoke();
        for key in [log_and_pause("account", from), log_and_pause("account", to)].as_flattened() {
            call.key(key);
        }
        call.key(self.address_log()).key(notices::of(from)).key(notices::of(to)).arg(from).arg(to);
        self.run::<i64>("claim", call).await.map(|_| ())
    }

    async fn pause(&self, account: &str, at: Instant, wait: Duration, is_known: bool) -> Result<(), Unavailable> {
        let ([_, of_account], [log, of_address]) =
            (log_and_pause("account", account), log_and_pause("address", &self.egress));
        let mut call = self.scripts.pause.prepare_invoke();
        call.key(of_account).key(&log).key(of_address).key(format!("{log}:rejected"));
        call.arg(account).arg(microseconds(at.elapsed())).arg(microseconds(wait)).arg(u8::from(is_known));
        call.arg(microseconds(self.limits.coincidence));
        for limit in &self.limits.address {
            call.arg(limit.nearly_used_up).arg(microseconds(limit.counts_for));
        }
        self.run::<i64>("pause", call).await.map(|_| ())
    }

    fn sent(&self, account: &str, stranger: Option<&str>) {
        self.remember(Sent {
            at: Instant::now(),
            account: account.to_owned(),
            stranger: stranger.map(str::to_owned),
            name: hex(fastrand::u128(..)),
            is_stored: false,
        });
    }

    fn share(&self) -> Share {
        self.known.lock().share.clone()
    }

    fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }
}

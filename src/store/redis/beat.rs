//! Once a second each server says that it is alive, and learns what it needs to know in case the store goes away: how many
//! servers there are, and what has been used.
//!
//! A store that comes back may have forgotten everything. So each server first tells it what it has sent recently, and keeps
//! to its share until all of them have had time to do so.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use metrics::{counter, gauge};
use redis::{ErrorKind, RedisError, RedisResult};

use super::windows::Sent;
use super::{PREFIX, Shared};
use crate::store::Share;

/// The interval between two beats.
const EVERY: Duration = Duration::from_secs(1);

/// How long a server counts as alive after its last beat.
const ALIVE: Duration = Duration::from_secs(5);

/// How long a store has been back when all servers use it again, at the same moment: by then they have told it what they
/// sent.
const SETTLING: Duration = Duration::from_secs(3);

/// What is wrong if the store has a secret other than this server's: then each has its own name for every account.
const SPLIT: &str = "it has forgotten what these servers share, and others that were started since share something else: restart \
    this server";

/// Returns the key of the secret that all servers share.
pub(super) fn secret() -> String {
    format!("{PREFIX}:secret")
}

/// What a server knows of the others.
pub(super) struct Known {
    pub(super) share: Share,
    /// The requests that this server has sent recently.
    pub(super) sent: VecDeque<Sent>,
    /// When all servers use the store again, if it was away.
    settled_at: Option<Instant>,
    /// Why it is away, as last logged.
    why: String,
}

impl Default for Known {
    fn default() -> Self {
        let share = Share { outage: 0, servers: 1, here: 1, used: Vec::new(), since: Instant::now() };
        Self { share, sent: VecDeque::new(), settled_at: None, why: String::new() }
    }
}

impl Shared {
    /// Records that the store is away.
    pub(super) fn lose(&self, error: &RedisError) {
        let mut known = self.known.lock();
        known.settled_at = None;
        let why = error.to_string();
        let is_news = std::mem::replace(&mut known.why, why) != known.why;
        if self.is_away.swap(true, Ordering::Relaxed) {
            if is_news {
                tracing::warn!(%error, "the store is still away");
            }
            return;
        }
        known.share.outage += 1;
        // Whatever it knew of these may be gone when it is back.
        known.sent.iter_mut().for_each(|sent| sent.is_stored = false);
        tracing::warn!(
            %error,
            servers = known.share.servers,
            "the store is away: until it is back, requests get this server's share of the rate limits, and what must happen \
            only once is refused"
        );
    }

    pub(super) async fn beats(&self) {
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let beaten = async {
                if self.beat().await? != self.secret {
                    return Err(RedisError::from((ErrorKind::Client, SPLIT)));
                }
                self.restore().await?;
                self.settle().await
            };
            if let Err(error) = beaten.await {
                counter!("oncehub_store_failures_total", "operation" => "beat").increment(1);
                self.lose(&error);
            }
            gauge!("oncehub_store_up").set(if self.is_away.load(Ordering::Relaxed) { 0.0 } else { 1.0 });
        }
    }

    /// Uses the store again when all servers do.
    async fn settle(&self) -> RedisResult<()> {
        let settled_at = self.known.lock().settled_at;
        let Some(settled_at) = settled_at.filter(|at| *at <= Instant::now() + EVERY) else { return Ok(()) };
        tokio::time::sleep_until(settled_at.into()).await;
        self.restore().await?;
        self.known.lock().settled_at = None;
        self.is_away.store(false, Ordering::Relaxed);
        tracing::info!("the store is back");
        Ok(())
    }

    /// Waits until the store has the secret of the servers that are running: one that has just lost everything gets it from
    /// them.
    pub(super) async fn wait_for_secret(&self) -> RedisResult<()> {
        let (mut connection, until) = (self.connection.clone(), Instant::now() + SETTLING);
        while Instant::now() < until {
            if redis::cmd("EXISTS").arg(secret()).query_async(&mut connection).await? {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Says that this server is alive. Returns what the store has for the secret that all servers share.
    pub(super) async fn beat(&self) -> RedisResult<Vec<u8>> {
        let mut call = self.scripts.beat.prepare_invoke();
        call.key(format!("{PREFIX}:servers")).key(secret()).key(self.address_log());
        call.key(format!("{PREFIX}:settled"));
        let is_away = self.is_away.load(Ordering::Relaxed);
        call.arg(&self.server).arg(&self.egress).arg(microseconds(ALIVE)).arg(&self.secret);
        call.arg(if is_away { super::milliseconds(SETTLING) } else { 0 });
        for limit in &self.limits.address {
            call.arg(microseconds(limit.counts_for));
        }
        let asked_at = Instant::now();
        let answer: Vec<redis::Value> = call.invoke_async(&mut self.connection.clone()).await?;
        let mut answer = answer.into_iter();
        let secret: Vec<u8> = redis::from_redis_value(answer.next().unwrap_or(redis::Value::Nil))?;
        let settles_in: u64 = redis::from_redis_value(answer.next().unwrap_or(redis::Value::Nil))?;
        let mut counts = answer.map(redis::from_redis_value::<usize>).collect::<Result<Vec<_>, _>>()?.into_iter();
        let (servers, here) = (counts.next().unwrap_or(1).max(1), counts.next().unwrap_or(1).max(1));
        gauge!("oncehub_store_servers").set(f64::from(u32::try_from(servers).unwrap_or(u32::MAX)));
        let mut known = self.known.lock();
        // While the store is away, the share is what it was before.
        if is_away {
            known.settled_at.get_or_insert(asked_at + Duration::from_millis(settles_in));
        } else {
            let share = &mut known.share;
            (share.servers, share.here, share.used, share.since) = (servers, here, counts.collect(), asked_at);
        }
        Ok(secret)
    }
}

pub(super) fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

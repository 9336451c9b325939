//! A Redis or Valkey that several servers share.
//!
//! While it is away nothing waits for it: [`beat`] checks once a second whether it is back.

mod beat;
mod connect;
mod notices;
mod sessions;
mod sign_ins;
mod windows;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use metrics::{counter, histogram};
use redis::aio::ConnectionManager;
use redis::{FromRedisValue, RedisResult, Script, ScriptInvocation};
use secrecy::SecretString;
use tokio_util::task::AbortOnDropHandle;

pub use connect::{Address, BadStore};

use super::{Held, InMemory, Limits, Notices, Records, Unavailable, Windows};
use beat::Known;

/// The prefix of all keys. The braces would keep them together in a cluster.
const PREFIX: &str = "{oncehub-mcp}";

/// The settings of a store.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it is.
    pub address: Address,
    /// Its password, if it wants one.
    pub password: Option<SecretString>,
    /// The name of the address that this server sends from: servers at another have windows of their own.
    pub egress: String,
    /// The limits that are shared.
    pub limits: Limits,
}

/// A store that several servers share.
pub struct Redis {
    shared: Arc<Shared>,
    /// The sign-ins that this server knows to have ended.
    ended: InMemory,
    _beats: AbortOnDropHandle<()>,
}

struct Shared {
    connection: ConnectionManager,
    scripts: Scripts,
    egress: String,
    limits: Limits,
    /// This server's name among those that share the store.
    server: String,
    secret: [u8; 32],
    is_away: AtomicBool,
    known: parking_lot::Mutex<Known>,
}

struct Scripts {
    reserve: Script,
    give_back: Script,
    claim: Script,
    pause: Script,
    beat: Script,
    hold: Script,
    update: Script,
    sign_in: Script,
    session: Script,
    notice: Script,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("server", &self.server).field("is_away", &self.is_away).finish_non_exhaustive()
    }
}

impl Redis {
    /// Connects to a store.
    ///
    /// # Errors
    /// If it cannot be reached or used.
    pub async fn connect(settings: Settings) -> Result<Self, BadStore> {
        let connection = settings.address.connect(settings.password.as_ref()).await?;
        let (mut server, mut secret) = ([0; 16], [0; 32]);
        getrandom::fill(&mut server).map_err(|_| BadStore::NoRandomness)?;
        getrandom::fill(&mut secret).map_err(|_| BadStore::NoRandomness)?;
        let mut shared = Shared {
            connection,
            scripts: Scripts {
                reserve: Script::new(include_str!("reserve.lua")),
                give_back: Script::new(include_str!("give_back.lua")),
                claim: Script::new(include_str!("claim.lua")),
                pause: Script::new(include_str!("pause.lua")),
                beat: Script::new(include_str!("beat.lua")),
                hold: Script::new(include_str!("hold.lua")),
                update: Script::new(include_str!("update.lua")),
                sign_in: Script::new(include_str!("sign_in.lua")),
                session: Script::new(include_str!("session.lua")),
                notice: Script::new(include_str!("notice.lua")),
            },
            egress: settings.egress,
            limits: settings.limits,
            server: windows::hex(u128::from_be_bytes(server)),
            secret,
            is_away: AtomicBool::new(false),
            known: parking_lot::Mutex::new(Known::default()),
        };
        // The first server's secret is everybody's.
        let first = async {
            shared.wait_for_secret().await?;
            shared.beat().await
        };
        let first = first.await.map_err(|error| BadStore::Away(error.to_string()))?;
        shared.secret = first.try_into().map_err(|_| BadStore::Taken(beat::secret()))?;
        let shared = Arc::new(shared);
        let beating = Arc::clone(&shared);
        let beats = AbortOnDropHandle::new(tokio::spawn(async move { beating.beats().await }));
        Ok(Self { shared, ended: InMemory::default(), _beats: beats })
    }
}

fn key(name: &str) -> String {
    format!("{PREFIX}:{name}")
}

fn holder_of(name: &str) -> String {
    format!("{PREFIX}:holder:{name}")
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Shared {
    /// Asks the store, unless it is away. If anything goes wrong, it is away from then on.
    async fn ask<T>(
        &self,
        operation: &'static str,
        question: impl AsyncFnOnce(ConnectionManager) -> RedisResult<T>,
    ) -> Result<T, Unavailable> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(Unavailable);
        }
        let asked_at = Instant::now();
        let answer = question(self.connection.clone()).await;
        histogram!("oncehub_store_duration_seconds", "operation" => operation).record(asked_at.elapsed());
        answer.map_err(|error| {
            counter!("oncehub_store_failures_total", "operation" => operation).increment(1);
            self.lose(&error);
            Unavailable
        })
    }

    async fn run<T: FromRedisValue>(
        &self,
        operation: &'static str,
        script: ScriptInvocation<'_>,
    ) -> Result<T, Unavailable> {
        self.ask(operation, async |mut connection| script.invoke_async(&mut connection).await).await
    }
}

impl Shared {
    async fn update(
        &self,
        name: &str,
        holder: &str,
        record: Option<String>,
        lease: Option<Duration>,
    ) -> Result<bool, Unavailable> {
        let mut call = self.scripts.update.prepare_invoke();
        let lease = lease.map_or(0, |lease| milliseconds(lease).max(1));
        call.key(key(name)).key(holder_of(name)).arg(holder).arg(lease).arg(record);
        self.run("update", call).await
    }
}

#[async_trait]
impl Records for Redis {
    async fn note(&self, name: &str, number: u64, keep: Duration) -> Result<Option<u64>, Unavailable> {
        let keep = milliseconds(keep).max(1);
        let name = key(&format!("note:{name}"));
        self.shared
            .ask("note", async |mut connection| {
                let mut set = redis::cmd("SET");
                // One step sets and reads: the first caller reads that nothing was there.
                set.arg(&name).arg(number).arg("NX").arg("GET").arg("PX").arg(keep);
                set.query_async(&mut connection).await
            })
            .await
    }

    async fn keep(&self, name: &str, record: String, keep: Duration) -> Result<(), Unavailable> {
        let (name, holder, keep) = (key(name), holder_of(name), milliseconds(keep).max(1));
        self.shared
            .ask("keep", async |mut connection| {
                let mut both = redis::pipe();
                both.atomic().cmd("SET").arg(&name).arg(&record).arg("PX").arg(keep).ignore();
                both.cmd("DEL").arg(&holder).ignore();
                both.query_async(&mut connection).await
            })
            .await
    }

    async fn hold(&self, name: &str, holder: &str, lease: Duration) -> Result<Held, Unavailable> {
        let mut call = self.shared.scripts.hold.prepare_invoke();
        call.key(key(name)).key(holder_of(name)).arg(holder).arg(milliseconds(lease).max(1));
        let held: redis::Value = self.shared.run("hold", call).await?;
        Ok(match held {
            redis::Value::Nil => Held::Nothing,
            redis::Value::Int(_) => Held::ByAnother,
            record => String::from_redis_value(record).map_or(Held::Nothing, Held::Record),
        })
    }

    async fn update(
        &self,
        name: &str,
        holder: &str,
        record: Option<String>,
        lease: Option<Duration>,
    ) -> Result<bool, Unavailable> {
        self.shared.update(name, holder, record, lease).await
    }

    fn let_go(&self, name: &str, holder: &str) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (shared, name, holder) = (Arc::clone(&self.shared), name.to_owned(), holder.to_owned());
        runtime.spawn(async move { shared.update(&name, &holder, None, None).await });
    }

    fn secret(&self) -> Option<[u8; 32]> {
        Some(self.shared.secret)
    }

    fn windows(&self) -> Option<Arc<dyn Windows>> {
        Some(Arc::clone(&self.shared) as Arc<dyn Windows>)
    }

    fn notices(&self) -> Option<Arc<dyn Notices>> {
        Some(Arc::clone(&self.shared) as Arc<dyn Notices>)
    }
}

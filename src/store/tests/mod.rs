//! What every store does, in memory and in Redis.

mod notices;
mod server;
mod sessions;
mod sign_ins;

use std::time::Duration;

pub(crate) use server::RedisServer;

use super::redis::{Address, BadStore, Redis, Settings};
use super::{Held, InProcess, Limit, Limits, Records, Unavailable};

const MINUTE: Duration = Duration::from_mins(1);

fn settings(url: &str) -> Settings {
    let coincidence = Duration::from_secs(1);
    let limits = Limits { account: vec![], address: vec![], share: 4, strangers: 10, trickle: 15, coincidence };
    Settings { address: Address::parse(url).unwrap(), password: None, egress: "one".into(), limits }
}

pub(crate) async fn connected(server: &RedisServer, limits: Limits) -> Redis {
    leaving_by("one", server, limits).await
}

/// A server that sends from this address.
pub(crate) async fn leaving_by(egress: &str, server: &RedisServer, limits: Limits) -> Redis {
    Redis::connect(Settings { limits, egress: egress.into(), ..settings(&server.url()) }).await.unwrap()
}

/// Runs a test over memory, and over two servers that share a Redis.
async fn over_both(test: impl AsyncFn(&dyn Records, &dyn Records)) {
    let memory = InProcess::default();
    test(&memory, &memory).await;
    let redis = RedisServer::with(&[]);
    let [one, other] = [settings(&redis.url()), settings(&redis.url())].map(Redis::connect);
    test(&one.await.unwrap(), &other.await.unwrap()).await;
}

#[tokio::test]
async fn of_those_who_note_the_same_one_is_first() {
    over_both(async |one, other| {
        assert_eq!(one.note("a", 1, MINUTE).await, Ok(None));
        assert_eq!(other.note("a", 2, MINUTE).await, Ok(Some(1)));
        assert_eq!(one.note("a", 3, MINUTE).await, Ok(Some(1)));
        assert_eq!(other.note("b", 4, MINUTE).await, Ok(None));
        let noted = futures::future::join_all((0..20).map(|n| [one, other][n % 2].note("c", 7, MINUTE))).await;
        assert_eq!(noted.iter().filter(|noted| **noted == Ok(None)).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_record_is_held_by_one_at_a_time_and_is_as_the_last_one_left_it() {
    over_both(async |one, other| {
        let record = |text: &str| Held::Record(text.to_owned());
        assert_eq!(one.hold("plan", "a", MINUTE).await, Ok(Held::Nothing));
        one.keep("plan", "planned".into(), MINUTE).await.unwrap();
        assert_eq!(one.hold("plan", "a", MINUTE).await, Ok(record("planned")));
        assert_eq!(other.hold("plan", "b", MINUTE).await, Ok(Held::ByAnother));
        assert_eq!(other.update("plan", "b", Some("stolen".into()), None).await, Ok(false));
        assert_eq!(one.update("plan", "a", Some("half done".into()), Some(MINUTE)).await, Ok(true));
        assert_eq!(other.hold("plan", "b", MINUTE).await, Ok(Held::ByAnother));
        assert_eq!(one.update("plan", "a", Some("done".into()), None).await, Ok(true));
        assert_eq!(other.hold("plan", "b", MINUTE).await, Ok(record("done")));
        // One that lets go without a word leaves it as it was.
        assert_eq!(other.update("plan", "b", None, Some(MINUTE)).await, Ok(true));
        other.let_go("plan", "b");
        let mut held = Held::ByAnother;
        while held == Held::ByAnother {
            held = one.hold("plan", "c", MINUTE).await.unwrap();
        }
        assert_eq!(held, record("done"));
    })
    .await;
}

#[tokio::test]
async fn a_holder_that_has_died_holds_nothing_and_cannot_write_any_more() {
    over_both(async |one, other| {
        one.keep("plan", "planned".into(), MINUTE).await.unwrap();
        assert!(matches!(one.hold("plan", "a", Duration::from_millis(20)).await, Ok(Held::Record(_))));
        while other.hold("plan", "b", MINUTE).await == Ok(Held::ByAnother) {}
        assert_eq!(one.update("plan", "a", Some("late".into()), None).await, Ok(false));
        assert_eq!(other.update("plan", "b", Some("in time".into()), None).await, Ok(true));
    })
    .await;
}

/// Waits until nobody can take hold of a record any more.
async fn ended(store: &dyn Records, name: &str) {
    let ending = async {
        while store.hold(name, "nobody", Duration::from_millis(1)).await != Ok(Held::Nothing) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(MINUTE, ending).await.expect("it ends");
}

#[tokio::test]
async fn a_record_that_has_ended_is_nobodys_and_is_not_prolonged_by_its_holder() {
    let soon = Duration::from_millis(50);
    over_both(async |one, other| {
        for record in [None, Some("done".to_owned())] {
            one.keep("plan", "planned".into(), soon).await.unwrap();
            assert_eq!(one.hold("plan", "a", MINUTE).await, Ok(Held::Record("planned".into())));
            // It may have ended by now.
            let _ = one.update("plan", "a", Some("half done".into()), Some(MINUTE)).await;
            ended(other, "plan").await;
            assert_eq!(one.update("plan", "a", record, Some(MINUTE)).await, Ok(false));
        }
    })
    .await;
}

#[tokio::test]
async fn a_record_that_is_kept_again_is_held_by_nobody_and_is_kept_for_its_own_time() {
    let soon = Duration::from_millis(20);
    over_both(async |one, other| {
        one.keep("plan", "old".into(), soon).await.unwrap();
        let _ = one.hold("plan", "a", MINUTE).await;
        one.keep("plan", "new".into(), MINUTE).await.unwrap();
        one.keep("witness", String::new(), soon).await.unwrap();
        assert_eq!(one.update("plan", "a", Some("late".into()), None).await, Ok(false));
        ended(one, "witness").await;
        assert_eq!(other.hold("plan", "b", MINUTE).await, Ok(Held::Record("new".into())));
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_ends_by_itself() {
    over_both(async |one, other| {
        one.keep("plan", "planned".into(), Duration::from_millis(20)).await.unwrap();
        let _ = one.note("a", 1, Duration::from_millis(20)).await;
        while other.hold("plan", "b", Duration::from_millis(1)).await != Ok(Held::Nothing) {}
        while other.note("a", 2, Duration::from_millis(20)).await != Ok(None) {}
    })
    .await;
}

#[tokio::test]
async fn servers_that_share_a_store_have_a_secret_in_common() {
    let redis = RedisServer::with(&[]);
    let one = Redis::connect(settings(&redis.url())).await.unwrap();
    let other = Redis::connect(settings(&redis.url())).await.unwrap();
    assert!(one.secret().is_some() && one.secret() == other.secret());
    let (one, other) = (one.windows().unwrap(), other.windows().unwrap());
    assert_eq!(one.name_of("ada@example.com"), other.name_of("ada@example.com"));
    assert!(InProcess::default().secret().is_none());
}

#[tokio::test]
async fn while_a_store_is_away_nothing_waits_for_it_and_it_is_used_again_once_it_is_back() {
    let mut redis = RedisServer::with(&[]);
    let [one, other] = [settings(&redis.url()), settings(&redis.url())].map(Redis::connect);
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let secret = one.secret();
    redis.stop();
    for store in [&one, &other] {
        assert_eq!(store.note("a", 1, MINUTE).await, Err(Unavailable));
        assert!(store.windows().unwrap().is_away());
    }
    redis.start();
    let back = async |store: &Redis| {
        while store.note("a", 1, MINUTE).await == Err(Unavailable) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    back(&one).await;
    back(&other).await;
    // One that comes later has the secret that the others kept.
    assert_eq!(Redis::connect(settings(&redis.url())).await.unwrap().secret(), secret);
}

#[tokio::test]
async fn a_server_that_starts_when_a_store_has_just_forgotten_everything_shares_the_secret_of_those_that_run() {
    let mut redis = RedisServer::with(&[]);
    let one = Redis::connect(settings(&redis.url())).await.unwrap();
    redis.stop();
    redis.start();
    let other = Redis::connect(settings(&redis.url())).await.unwrap();
    assert_eq!(one.secret(), other.secret());
}

#[tokio::test]
async fn a_store_with_a_secret_of_others_counts_as_away() {
    let redis = RedisServer::with(&[]);
    let store = Redis::connect(settings(&redis.url())).await.unwrap();
    let mut raw = ::redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let is_away = async |expected: bool| {
        while store.windows().unwrap().is_away() != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let own = store.secret().unwrap().to_vec();
    // The third is too short to be a secret.
    for (secret, expected) in [(vec![1; 32], true), (own.clone(), false), (vec![1; 31], true), (own, false)] {
        ::redis::cmd("SET").arg("{oncehub-mcp}:secret").arg(&secret).exec_async(&mut raw).await.unwrap();
        tokio::time::timeout(MINUTE, is_away(expected)).await.expect("it notices");
    }
}

#[tokio::test]
async fn what_a_server_tells_a_store_again_is_kept_and_what_others_told_it_no_shorter() {
    let redis = RedisServer::with(&[]);
    let limit = Limit { requests: 5, nearly_used_up: 5, period: MINUTE, counts_for: MINUTE };
    let limits = Limits { account: vec![limit], address: vec![limit], ..settings(&redis.url()).limits };
    let store = connected(&redis, limits).await;
    let mut raw = ::redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let [ada, ben, all] = ["account:ada", "account:ben", "address:one"].map(|log| format!("{{oncehub-mcp}}:{log}"));
    // Others' requests, which count for longer than this server's.
    for log in [&ada, &all] {
        ::redis::cmd("ZADD").arg(log).arg(1).arg("another's").exec_async(&mut raw).await.unwrap();
        ::redis::cmd("EXPIRE").arg(log).arg(600).exec_async(&mut raw).await.unwrap();
    }
    // What is told with the second was told after the first.
    for told in 1..=2 {
        for account in ["ada", "ben"] {
            store.windows().unwrap().sent(account, None);
        }
        let mut count = 0;
        while count < 1 + 2 * told {
            tokio::time::sleep(Duration::from_millis(10)).await;
            count = ::redis::cmd("ZCARD").arg(&all).query_async(&mut raw).await.unwrap();
        }
    }
    for (log, shortest, longest) in [(&ada, 500, 600), (&all, 500, 600), (&ben, 1, 60)] {
        let left: i64 = ::redis::cmd("TTL").arg(log).query_async(&mut raw).await.unwrap();
        assert!((shortest..=longest).contains(&left), "{log}: {left}");
    }
}

#[tokio::test]
async fn a_store_is_used_again_also_when_nothing_of_what_was_sent_counts_any_more() {
    let mut redis = RedisServer::with(&[]);
    let short = Duration::from_millis(10);
    let limit = Limit { requests: 5, nearly_used_up: 5, period: short, counts_for: short };
    let limits = Limits { account: vec![limit], address: vec![limit], ..settings(&redis.url()).limits };
    let store = connected(&redis, limits).await;
    redis.stop();
    assert_eq!(store.note("a", 1, MINUTE).await, Err(Unavailable));
    store.windows().unwrap().sent("ada", None);
    tokio::time::sleep(2 * short).await;
    redis.start();
    let back = async {
        while store.note("a", 1, MINUTE).await == Err(Unavailable) {
            tokio::time::sleep(short).await;
        }
    };
    tokio::time::timeout(MINUTE, back).await.expect("it is used again");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_away_until_it_does() {
    let redis = RedisServer::with(&[]);
    let store = Redis::connect(settings(&redis.url())).await.unwrap();
    redis.signal("STOP");
    assert_eq!(store.note("a", 1, MINUTE).await, Err(Unavailable));
    assert!(store.windows().unwrap().is_away());
    redis.signal("CONT");
    while store.note("b", 1, MINUTE).await == Err(Unavailable) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("unix://{}/none.sock", folder.path().display());
    let said = async |settings: Settings| Redis::connect(settings).await.unwrap_err().to_string();
    assert!(said(settings(&nowhere)).await.starts_with("the store cannot be reached: "));
    let forgets = RedisServer::with(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]);
    let told = said(settings(&forgets.url())).await;
    assert!(told.contains("maxmemory-policy is allkeys-lru") && told.contains("noeviction"), "{told}");
    let closed = RedisServer::with(&["--requirepass", "a-passw0rd"]);
    let with = |password: Option<&str>| Settings { password: password.map(Into::into), ..settings(&closed.url()) };
    for wrong in [None, Some("another")] {
        let told = said(with(wrong)).await;
        assert!(told.starts_with("the store did not accept the user or the password"), "{told}");
        assert!(!told.contains("another"), "{told}");
    }
    assert!(Redis::connect(with(Some("a-passw0rd"))).await.is_ok());
    let cluster = RedisServer::with(&["--cluster-enabled", "yes"]);
    let told = said(settings(&cluster.url())).await;
    assert!(told.starts_with("the store is a cluster"), "{told}");
    let taken = RedisServer::with(&[]);
    let mut raw = ::redis::Client::open(taken.url()).unwrap().get_connection().unwrap();
    ::redis::cmd("SET").arg("{oncehub-mcp}:secret").arg("somebody else's").exec(&mut raw).unwrap();
    let told = said(settings(&taken.url())).await;
    assert!(told.contains("{oncehub-mcp}:secret"), "{told}");
}

#[test]
fn an_address_holds_no_password_and_nothing_that_is_not_understood() {
    for good in [
        "redis://localhost", "redis://127.0.0.1:6379/1", "rediss://cache.example.com:6380",
        "rediss://ada@example.com/2", "valkey://[::1]:6379", "valkeys://cache.example.com", "unix:///run/redis.sock",
        "unix:///run/redis.sock?db=2",
    ] {
        assert!(!Address::parse(good).unwrap_or_else(|bad| panic!("{good}: {bad}")).is_open, "{good}");
    }
    assert!(Address::parse("redis://cache.example.com").unwrap().is_open);
    for (bad, why) in [
        ("redis://:s3cret@localhost", "a password does not belong in the address"),
        ("unix:///run/redis.sock?pass=s3cret", "a password does not belong in the address"),
        ("redis://localhost/?password=s3cret", "what follows the ? does not belong"),
        ("rediss://localhost/#s3cret", "what follows the # does not belong"),
        ("localhost:6379", "is not the address of a store"),
        ("http://localhost:6379", "is not the address of a store"),
        ("redis://localhost/one", "is not the address of a store"),
        ("ada:s3cret@localhost", "is not the address of a store"),
        ("", "is not the address of a store"),
    ] {
        let told = Address::parse(bad).unwrap_err().to_string();
        assert!(told.contains(why) && !told.contains("s3cret"), "{bad}: {told}");
    }
    assert!(matches!(Address::parse("redis://:p@localhost"), Err(BadStore::Password)));
}

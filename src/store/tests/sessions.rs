//! Sessions that servers share. A server that is alone keeps its own, so there is no store of them in memory.

use std::time::Duration;

use super::{MINUTE, RedisServer, settings};
use crate::store::redis::Redis;
use crate::store::{LookAt, SharedSessions, Taken, Unavailable, Whereabouts};

const ID: &str = "0123456789abcdef0123456789abcdef";

async fn two(redis: &RedisServer) -> (Redis, Redis) {
    let [one, other] = [settings(&redis.url()), settings(&redis.url())].map(Redis::connect);
    (one.await.unwrap(), other.await.unwrap())
}

fn taken(is_alone: bool) -> Taken {
    Taken { is_alone, session: "said".into() }
}

async fn is(store: &Redis) -> Whereabouts {
    store.look_at_sessions(&[LookAt { id: ID.into(), used: None }]).await.unwrap()[0]
}

#[tokio::test]
async fn a_session_is_its_owners_at_every_server_until_one_ends_it() {
    let redis = RedisServer::with(&[]);
    let (one, other) = two(&redis).await;
    assert_eq!(other.take_session(ID, "ada", MINUTE).await, Ok(None));
    assert_eq!(is(&one).await, Whereabouts::Unknown);
    one.keep_session(ID, "ada", "said", Whereabouts::New, MINUTE).await.unwrap();
    // Nobody else takes or ends it.
    assert_eq!(other.take_session(ID, "ben", MINUTE).await, Ok(None));
    assert_eq!(other.end_session(ID, "ben", MINUTE).await, Ok(false));
    assert_eq!(is(&one).await, Whereabouts::New);
    assert_eq!(other.take_session(ID, "ada", MINUTE).await, Ok(Some(taken(true))));
    // What is known is not kept again.
    one.keep_session(ID, "ben", "stolen", Whereabouts::New, MINUTE).await.unwrap();
    assert_eq!(one.take_session(ID, "ada", MINUTE).await, Ok(Some(taken(false))));
    assert_eq!(other.end_session(ID, "ada", MINUTE).await, Ok(true));
    assert_eq!(is(&one).await, Whereabouts::Ended);
    assert_eq!(one.take_session(ID, "ada", MINUTE).await, Ok(None));
    assert_eq!(one.end_session(ID, "ada", MINUTE).await, Ok(false), "once");
    // A server that still has it does not bring it back.
    one.keep_session(ID, "ada", "said", Whereabouts::Here, MINUTE).await.unwrap();
    assert_eq!(is(&other).await, Whereabouts::Ended);
}

#[tokio::test]
async fn a_session_that_nobody_knows_is_not_remembered_for_long_and_an_owner_is_in_no_store() {
    let redis = RedisServer::with(&[]);
    let (one, _other) = two(&redis).await;
    let mut raw = ::redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    assert_eq!(one.end_session(ID, "ada", MINUTE).await, Ok(false));
    assert_eq!(is(&one).await, Whereabouts::Ended);
    let key = format!("{{oncehub-mcp}}:session:{ID}");
    let left: u64 = ::redis::cmd("PTTL").arg(&key).query_async(&mut raw).await.unwrap();
    assert!(left <= 5_000, "{left}");
    let owner: String = ::redis::cmd("HGET").arg(&key).arg("owner").query_async(&mut raw).await.unwrap();
    assert!(!owner.contains("ada") && owner.len() == 32, "{owner}");
}

#[tokio::test]
async fn the_first_to_take_a_session_is_alone_until_another_does() {
    let redis = RedisServer::with(&[]);
    let (one, other) = two(&redis).await;
    for (number, first) in [&one, &other].into_iter().enumerate() {
        let id = format!("{number:032x}");
        let at =
            async |store: &Redis| store.look_at_sessions(&[LookAt { id: id.clone(), used: None }]).await.unwrap()[0];
        one.keep_session(&id, "ada", "said", Whereabouts::New, MINUTE).await.unwrap();
        let second = if number == 0 { &other } else { &one };
        for _ in 0..2 {
            assert_eq!(first.take_session(&id, "ada", MINUTE).await, Ok(Some(taken(true))));
        }
        assert_eq!([at(first).await, at(second).await], [Whereabouts::Here, Whereabouts::Elsewhere]);
        for store in [second, first, second] {
            assert_eq!(store.take_session(&id, "ada", MINUTE).await, Ok(Some(taken(false))));
        }
        assert_eq!([at(first).await, at(second).await], [Whereabouts::Elsewhere; 2]);
    }
    // As it is after the store has lost everything.
    for (id, whereabouts) in [("a", Whereabouts::Here), ("b", Whereabouts::Elsewhere)] {
        one.keep_session(id, "ada", "said", whereabouts, MINUTE).await.unwrap();
        let seen = one.look_at_sessions(&[LookAt { id: id.into(), used: None }]).await.unwrap();
        assert_eq!(seen, [whereabouts]);
    }
}

#[tokio::test]
async fn the_end_of_a_session_that_was_forgotten_is_remembered() {
    let redis = RedisServer::with(&[]);
    let (one, other) = two(&redis).await;
    assert_eq!(one.end_session(ID, "ada", MINUTE).await, Ok(false));
    assert_eq!(is(&other).await, Whereabouts::Ended);
}

#[tokio::test]
async fn a_session_is_kept_for_as_long_as_it_is_used() {
    const SOON: Duration = Duration::from_millis(20);
    let redis = RedisServer::with(&[]);
    let (one, other) = two(&redis).await;
    let look = async |used: Option<Duration>| one.look_at_sessions(&[LookAt { id: ID.into(), used }]).await.unwrap()[0];
    let keep = async |long: Duration| one.keep_session(ID, "ada", "said", Whereabouts::New, long).await.unwrap();
    keep(SOON).await;
    while look(None).await != Whereabouts::Unknown {}
    // It may be forgotten before it is used: then once more.
    while look(Some(MINUTE)).await == Whereabouts::Unknown {
        keep(SOON).await;
    }
    tokio::time::sleep(2 * SOON).await;
    assert_eq!(look(None).await, Whereabouts::New);
    other.look_at_sessions(&[LookAt { id: ID.into(), used: Some(SOON) }]).await.unwrap();
    while look(None).await != Whereabouts::Unknown {}
    // Taking one is using it.
    keep(MINUTE).await;
    assert_eq!(other.take_session(ID, "ada", SOON).await, Ok(Some(taken(true))));
    while look(None).await != Whereabouts::Unknown {}
}

#[tokio::test]
async fn many_are_looked_at_in_their_order_and_none_while_the_store_is_away() {
    let mut redis = RedisServer::with(&[]);
    let (one, other) = two(&redis).await;
    let id = |number: usize| format!("{number:032x}");
    for number in (0..500).step_by(5) {
        one.keep_session(&id(number), "ada", "said", Whereabouts::New, MINUTE).await.unwrap();
    }
    for number in (0..500).step_by(10) {
        other.take_session(&id(number), "ada", MINUTE).await.unwrap();
    }
    let looks: Vec<_> =
        (0..500).map(|number| LookAt { id: id(number), used: (number % 3 == 0).then_some(MINUTE) }).collect();
    for (number, whereabouts) in one.look_at_sessions(&looks).await.unwrap().into_iter().enumerate() {
        let expected = match number {
            number if number % 10 == 0 => Whereabouts::Elsewhere,
            number if number % 5 == 0 => Whereabouts::New,
            _ => Whereabouts::Unknown,
        };
        assert_eq!(whereabouts, expected, "{number}");
    }
    redis.stop();
    assert_eq!(one.look_at_sessions(&looks).await, Err(Unavailable));
    assert_eq!(one.take_session(ID, "ada", MINUTE).await, Err(Unavailable));
    assert_eq!(one.end_session(ID, "ada", MINUTE).await, Err(Unavailable));
}

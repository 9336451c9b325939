//! Notices that servers share. A server that is alone keeps its own, so there is no store of them in memory.

use std::sync::Arc;
use std::time::Duration;

use super::{MINUTE, RedisServer, settings};
use crate::store::notices::MOST;
use crate::store::redis::Redis;
use crate::store::{Ask, Moment, Notice, Notices, Records as _};

fn notice(id: &str, text: &str) -> Notice {
    Notice { id: id.into(), text: text.into() }
}

async fn two(redis: &RedisServer) -> [(Redis, Arc<dyn Notices>); 2] {
    let [one, other] = [settings(&redis.url()), settings(&redis.url())].map(Redis::connect);
    [one.await.unwrap(), other.await.unwrap()].map(|store| {
        let notices = store.notices().unwrap();
        (store, notices)
    })
}

/// What a request of an account is told.
async fn has_notices(store: &Redis, account: &str) -> bool {
    let ask = Ask { account, stranger: None, name: "request", patience: MINUTE };
    let Moment::In { has_notices, .. } = store.windows().unwrap().reserve(ask).await.unwrap() else { panic!() };
    has_notices
}

#[tokio::test]
async fn a_notice_is_its_accounts_and_is_taken_once() {
    let redis = RedisServer::with(&[]);
    let [(_one, here), (other, there)] = two(&redis).await;
    assert_eq!(there.left("a").await, Ok(vec![]));
    assert!(!has_notices(&other, "a").await);
    here.leave("a", &notice("1", "begun"), MINUTE).await.unwrap();
    here.leave("a", &notice("12", "begun | too"), MINUTE).await.unwrap();
    here.leave("a", &notice("1", "ended"), MINUTE).await.unwrap();
    let left = there.left("a").await.unwrap();
    assert_eq!(left, [notice("12", "begun | too"), notice("1", "ended")]);
    assert!(has_notices(&other, "a").await && !has_notices(&other, "b").await);
    assert_eq!(there.left("b").await, Ok(vec![]));
    let taken = futures::future::join_all((0..8).map(|n| [&here, &there][n % 2].take("a", "1", MINUTE))).await;
    assert_eq!(taken.iter().filter(|taken| **taken == Ok(true)).count(), 1, "{taken:?}");
    assert_eq!(here.left("a").await, Ok(vec![notice("12", "begun | too")]));
    // One that was taken is not taken again, even if it is left once more, too late.
    here.leave("a", &notice("1", "ended"), MINUTE).await.unwrap();
    assert_eq!(there.take("a", "1", MINUTE).await, Ok(false));
    assert_eq!(there.take("a", "12", MINUTE).await, Ok(true));
    assert!(!has_notices(&other, "a").await);
}

#[tokio::test]
async fn notices_end_by_themselves_and_there_are_not_too_many() {
    let redis = RedisServer::with(&[]);
    let [(_one, here), (_other, there)] = two(&redis).await;
    here.leave("a", &notice("short", ""), Duration::from_millis(50)).await.unwrap();
    for id in 0..MOST - 1 {
        here.leave("a", &notice(&id.to_string(), ""), MINUTE).await.unwrap();
    }
    while there.left("a").await.unwrap().len() == MOST {}
    for id in 0..MOST {
        here.leave("a", &notice(&format!("more{id}"), ""), MINUTE).await.unwrap();
    }
    let left = there.left("a").await.unwrap();
    assert_eq!(left.len(), MOST);
    assert!(left.iter().all(|notice| notice.id.starts_with("more")), "the latest");
}

#[tokio::test]
async fn an_account_that_turns_out_to_be_another_takes_its_notices_along() {
    let redis = RedisServer::with(&[]);
    let [(one, here), (other, there)] = two(&redis).await;
    here.leave("own", &notice("1", ""), MINUTE).await.unwrap();
    here.leave("named", &notice("2", ""), MINUTE).await.unwrap();
    one.windows().unwrap().claim("own", "named").await.unwrap();
    let mut ids: Vec<String> = there.left("named").await.unwrap().into_iter().map(|notice| notice.id).collect();
    ids.sort();
    assert_eq!(ids, ["1", "2"]);
    assert!(has_notices(&other, "named").await && !has_notices(&other, "own").await);
    // Those of a key that has been accepted stay as they are.
    one.windows().unwrap().claim("named", "named").await.unwrap();
    assert_eq!(there.left("named").await.unwrap().len(), 2);
}

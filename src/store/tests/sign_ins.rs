//! What every store knows of sign-ins.

use super::{RedisServer, settings};
use crate::store::redis::Redis;
use crate::store::{GRACE, InMemory, KEEP, Listed, Owner, SignIn, Standing, Store, Unavailable};

const NOW: u64 = 1_800_000_000;

fn sign_in(owner: &str, id: &str, made: u64) -> SignIn {
    let (owner, app) = (Owner(owner.to_owned()), "An | app".to_owned());
    SignIn { id: id.to_owned(), owner, app, made, ends: made + 1_000_000_000, read_only: false }
}

fn ids(listed: &[Listed]) -> Vec<&str> {
    listed.iter().map(|listed| listed.sign_in.id.as_str()).collect()
}

/// Runs a test over memory, and over two servers that share a Redis.
async fn over_both(test: impl AsyncFn(&dyn Store, &dyn Store)) {
    let memory = InMemory::default();
    test(&memory, &memory).await;
    let redis = RedisServer::with(&[]);
    let [one, other] = [settings(&redis.url()), settings(&redis.url())].map(Redis::connect);
    test(&one.await.unwrap(), &other.await.unwrap()).await;
}

#[tokio::test]
async fn a_code_opens_a_sign_in_once_wherever_and_the_second_time_ends_it() {
    over_both(async |here, there| {
        let one = sign_in("ada", "1", NOW);
        assert!(here.open(&one, NOW).await.unwrap());
        let standing = there.standing(&[one.clone(), sign_in("ada", "2", NOW)]).await.unwrap();
        assert_eq!(standing, [Standing::Open, Standing::Unknown]);
        assert!(!there.open(&one, NOW).await.unwrap());
        assert!(!here.touch(&one, NOW).await.unwrap() && !there.refresh(&one, 0, NOW).await.unwrap());
        assert_eq!(here.standing(std::slice::from_ref(&one)).await.unwrap(), [Standing::Ended]);
        assert!(here.of(&[one.owner], NOW).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_used_again_within_its_grace_alone_wherever() {
    over_both(async |here, there| {
        let (good, late, old) = (sign_in("ada", "1", NOW), sign_in("ada", "2", NOW), sign_in("ada", "3", NOW));
        for one in [&good, &late, &old] {
            assert!(here.refresh(one, 4, NOW).await.unwrap(), "one that was forgotten goes on");
        }
        let grace = NOW + GRACE.as_secs();
        assert!(there.refresh(&good, 4, grace).await.unwrap() && here.refresh(&good, 5, grace).await.unwrap());
        assert!(!there.refresh(&late, 4, grace + 1).await.unwrap());
        assert!(here.refresh(&old, 5, NOW).await.unwrap() && !there.refresh(&old, 4, NOW).await.unwrap());
        assert_eq!(ids(&there.of(&[good.owner], grace).await.unwrap()), ["1"]);
    })
    .await;
}

#[tokio::test]
async fn an_owner_sees_and_ends_their_own_alone_wherever() {
    over_both(async |here, there| {
        let all = ["1", "2", "3"].map(|id| sign_in("ada", id, NOW));
        let other = sign_in("ben", "4", NOW);
        for (number, one) in all.iter().chain([&other]).enumerate() {
            assert!([here, there][number % 2].touch(one, NOW + 60 * number as u64).await.unwrap());
        }
        let (ada, ben) = (all[0].owner.clone(), other.owner.clone());
        let listed = there.of(std::slice::from_ref(&ada), NOW).await.unwrap();
        assert_eq!((ids(&listed), &listed[2].sign_in), (vec!["3", "2", "1"], &all[0]));
        assert_eq!(here.of(&[ada.clone(), ben.clone()], NOW).await.unwrap().len(), 4);
        here.end(&all[1], NOW).await.unwrap();
        assert_eq!(ids(&there.of(std::slice::from_ref(&ada), NOW).await.unwrap()), ["3", "1"]);
        let unknown = sign_in("ada", "5", NOW - 1);
        there.end_all(std::slice::from_ref(&ada), NOW).await.unwrap();
        assert!(here.of(std::slice::from_ref(&ada), NOW).await.unwrap().is_empty());
        for one in all.iter().chain([&unknown]) {
            assert!(!here.touch(one, NOW).await.unwrap(), "{}", one.id);
        }
        assert!(here.touch(&sign_in("ada", "6", NOW), NOW).await.unwrap(), "who signs in again is signed in");
        assert!(there.touch(&other, NOW).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn what_is_no_longer_used_is_not_listed_and_an_owner_with_too_many_gets_none_back() {
    over_both(async |here, there| {
        let one = sign_in("cleo", "1", NOW);
        assert!(here.touch(&one, NOW).await.unwrap());
        let owners = [one.owner];
        assert_eq!(there.of(&owners, NOW + KEEP.as_secs() - 1).await.unwrap().len(), 1);
        assert!(there.of(&owners, NOW + KEEP.as_secs()).await.unwrap().is_empty());
        let all: Vec<SignIn> = (0..1_500).map(|made| sign_in("ada", &made.to_string(), NOW + made)).collect();
        for one in &all {
            here.end(one, NOW).await.unwrap();
        }
        for one in &all {
            assert!(!there.touch(one, NOW).await.unwrap(), "{}", one.id);
        }
    })
    .await;
}

#[tokio::test]
async fn while_the_store_is_away_tokens_go_on_that_are_not_known_to_have_ended() {
    let mut redis = RedisServer::with(&[]);
    let store = Redis::connect(settings(&redis.url())).await.unwrap();
    let (good, ended) = (sign_in("ada", "1", NOW), sign_in("ada", "2", NOW));
    for one in [&good, &ended] {
        assert!(store.open(one, NOW).await.unwrap());
    }
    store.end(&ended, NOW).await.unwrap();
    redis.stop();
    assert!(store.touch(&good, NOW).await.unwrap());
    assert!(!store.touch(&ended, NOW).await.unwrap());
    assert_eq!(store.open(&sign_in("ada", "3", NOW), NOW).await, Err(Unavailable));
    assert_eq!(store.refresh(&good, 0, NOW).await, Err(Unavailable));
}

use super::window::SLACK;
use super::*;
use crate::oncehub::{Cause, Rejection};

const FOREVER: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

fn one_account() -> Budget {
    Budget::new(&Windows::oncehub().all())
}

fn network(number: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, number])
}

/// A key that OnceHub has accepted.
fn accepted(address: &Address, key: &str) -> Budget {
    let budget = Budget::of_key(address, key.into(), network(1));
    budget.accept();
    budget
}

/// Returns how long the next request has to wait.
async fn wait(budget: &Budget) -> Duration {
    let began = Instant::now();
    budget.acquire(began + FOREVER, true).await.unwrap();
    began.elapsed()
}

fn oncehub() -> Address {
    Address::new(&Windows::oncehub())
}

/// Returns how many of 300 moments, requested all at once, fall into the fullest stretch of each window.
fn fullest(windows: &[Window]) -> Vec<usize> {
    let account = Account::new(0, windows.into());
    let now = Instant::now();
    let moments: Vec<_> = (0..300).map(|_| account.reserve(now, now + FOREVER).unwrap()).collect();
    let fullest_of = |window: &Window| {
        moments.iter().map(|&from| moments.iter().filter(|&&at| at >= from && at < from + window.period).count()).max()
    };
    windows.iter().filter_map(fullest_of).collect()
}

#[test]
fn no_stretch_of_time_holds_more_than_oncehub_allows() {
    assert_eq!(fullest(&Windows::oncehub().all()), [5, 200]);
}

#[test]
fn a_wait_past_the_deadline_is_refused_with_its_length_and_takes_nothing() {
    let account = Account::new(0, Windows::oncehub().all().into());
    let now = Instant::now();
    for _ in 0..5 {
        assert_eq!(account.reserve(now, now), Ok(now));
    }
    let wait = SECOND + SLACK;
    assert_eq!(account.reserve(now, now + SECOND / 2), Err(NoSlot::TooLate(wait)));
    assert_eq!(account.reserve(now, now + FOREVER), Ok(now + wait), "the refusal reserved nothing");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_already_waits_when_oncehub_refuses_another_waits_with_the_others() {
    let budget = Budget::new(&[Window { requests: 1, period: SECOND }]);
    wait(&budget).await;
    let deadline = Instant::now() + FOREVER;
    let mut waiting = std::pin::pin!(budget.acquire(deadline, true));
    assert!(tokio::time::timeout(SECOND / 2, &mut waiting).await.is_err());
    let refused = Instant::now();
    budget.pause(Duration::from_secs(30));
    waiting.await.unwrap();
    assert!(refused.elapsed() >= Duration::from_secs(30), "waited {:?}", refused.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_wait_gives_its_moment_back() {
    let budget = Budget::new(&[Window { requests: 1, period: Duration::from_secs(10) }]);
    wait(&budget).await;
    let cancelled = tokio::time::timeout(SECOND, budget.acquire(Instant::now() + FOREVER, true)).await;
    assert!(cancelled.is_err());
    // Not as long as if the other were still in line, and not before the first one's period is over.
    let waited = wait(&budget).await;
    assert!((Duration::from_secs(9)..Duration::from_secs(10)).contains(&waited), "waited {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_all_requests_of_the_account_wait() {
    let budget = one_account();
    budget.pause(Duration::from_secs(30));
    let refused = budget.acquire(Instant::now() + Duration::from_secs(3), true).await.unwrap_err();
    assert_eq!(refused, Duration::from_secs(30));
}

/// A hundred calls of three requests each, with time for half of their requests: those that begin also finish.
#[tokio::test(start_paused = true)]
async fn a_call_that_has_begun_goes_before_those_that_have_not() {
    let budget = Budget::new(&[Window { requests: 5, period: SECOND }]);
    let deadline = Instant::now() + Duration::from_secs(30);
    let call = || async {
        for request in 0..3 {
            budget.acquire(deadline, request > 0).await.ok()?;
        }
        Some(())
    };
    let calls = futures::future::join_all((0..100).map(|_| call())).await;
    let done = calls.into_iter().flatten().count();
    assert!(done >= 45, "only {done} of the fifty that there was time for");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_one_account_holds_up_no_other_however_long_it_is() {
    let address = oncehub();
    let (a, b) = (accepted(&address, "a"), accepted(&address, "b"));
    for seconds in [1, 2, 20, 300] {
        a.pause(Duration::from_secs(seconds));
        assert_eq!(wait(&b).await, Duration::ZERO, "after {seconds} s for another");
        assert_eq!(wait(&a).await, Duration::from_secs(seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_refused_again_and_again_is_not_several() {
    let address = oncehub();
    let (a, b) = (accepted(&address, "a"), accepted(&address, "b"));
    (0..5).for_each(|_| a.pause(Duration::from_secs(9)));
    assert_eq!(wait(&b).await, Duration::ZERO);
    // Nor are two with unrelated rejections.
    tokio::time::advance(SECOND).await;
    b.pause(Duration::from_secs(9));
    assert_eq!(wait(&accepted(&address, "c")).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn refusals_of_several_accounts_at_once_hold_everybody_up_for_the_shortest() {
    let address = oncehub();
    let (a, b, c) = (accepted(&address, "a"), accepted(&address, "b"), accepted(&address, "c"));
    a.pause(Duration::from_mins(5));
    tokio::time::advance(SECOND / 2).await;
    b.pause(Duration::from_secs(20));
    assert_eq!(wait(&c).await, Duration::from_secs(20));
    assert_eq!(wait(&a).await, Duration::from_mins(5) - Duration::from_millis(20_500));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_holds_everybody_up_when_the_addresss_own_window_is_nearly_used_up() {
    let address = Address::new(&"account=1000/1s,address=100/5m".parse().unwrap());
    let keys = ["a", "b", "c", "d"].map(|key| accepted(&address, key));
    let left = || address.left()[0].1;
    let mut all = keys.iter();
    // Eighty-seven of a hundred: it may just as well be the account's own limit.
    let mut busy = all.next().unwrap();
    while left() > 13 {
        if busy.acquire(Instant::now(), true).await.is_err() {
            busy = all.next().unwrap();
        }
    }
    keys[0].pause(Duration::from_secs(40));
    assert_eq!(wait(&keys[3]).await, Duration::ZERO);
    assert_eq!(left(), 12);
    keys[0].pause(Duration::from_secs(40));
    assert_eq!(wait(&keys[3]).await, Duration::from_secs(40));
}

#[tokio::test(start_paused = true)]
async fn refusals_of_keys_that_are_made_up_hold_nobody_up() {
    let address = oncehub();
    for number in 0..10 {
        Budget::of_key(&address, format!("made-up {number}").into(), network(7)).pause(Duration::from_mins(5));
    }
    assert_eq!(wait(&accepted(&address, "a")).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn two_keys_of_one_account_share_its_window() {
    let address = oncehub();
    let (one, two, other) = (accepted(&address, "one"), accepted(&address, "two"), accepted(&address, "other"));
    // Until OnceHub names them, each is an account of its own.
    for budget in [&one, &one, &one, &two, &two, &two, &two, &two] {
        assert_eq!(wait(budget).await, Duration::ZERO);
    }
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            tokio::spawn({
                let two = two.clone();
                async move { wait(&two).await }
            })
        })
        .collect();
    tokio::task::yield_now().await;
    [&one, &two].iter().for_each(|budget| budget.name("admin@example.com"));
    other.name("somebody-else@example.com");
    assert_eq!(wait(&other).await, Duration::ZERO);
    // Eight have been sent, more than one account may: waiting requests already wait for the shared window, and none
    // goes ahead.
    assert_eq!(wait(&one).await, SECOND + SLACK);
    for waiting in waiting {
        let waited = waiting.await.unwrap();
        assert!(waited >= SECOND + SLACK, "waited {waited:?}");
    }
    let mut left = Vec::new();
    for turn in 0..40 {
        wait([&one, &two][turn % 2]).await;
        left.push(Instant::now());
    }
    let most = left.iter().map(|from| left.iter().filter(|at| *at >= from && **at < *from + SECOND).count()).max();
    assert_eq!(most, Some(5));
    // A rejection of either is the account's.
    two.pause(Duration::from_secs(20));
    assert_eq!(wait(&one).await, Duration::from_secs(20));
    // A new key of a named account finds all that the account has used.
    let third = accepted(&address, "three");
    third.name("admin@example.com");
    (0..4).for_each(|_| {
        assert!(futures::FutureExt::now_or_never(third.acquire(Instant::now(), true)).is_some_and(|it| it.is_ok()));
    });
    assert_eq!(wait(&two).await, SECOND + SLACK);
}

#[tokio::test(start_paused = true)]
async fn an_account_whose_name_changes_stays_one() {
    let address = oncehub();
    let (one, two) = (accepted(&address, "one"), accepted(&address, "two"));
    one.name("old@example.com");
    two.name("new@example.com");
    one.name("new@example.com");
    two.name("old@example.com");
    one.pause(SECOND);
    assert_eq!(wait(&two).await, SECOND);
}

fn refusal() -> Error {
    let rejection = Rejection {
        kind: "authentication_error".into(),
        message: "Invalid API key.".into(),
        param: None,
        status: 401,
        request_id: None,
        retry_after: None,
    };
    Error::not_done(Cause::Rejected(rejection))
}

#[tokio::test(start_paused = true)]
async fn a_key_that_oncehub_refuses_is_a_stranger_again_and_asked_about_after_half_a_minute() {
    let address = oncehub();
    let budget = accepted(&address, "revoked");
    assert!(address.knows("revoked"));
    budget.refuse(refusal());
    assert!(!address.knows("revoked"));
    let is_remembered = || budget.key_status().unwrap().refusal().is_some();
    assert!(is_remembered());
    tokio::time::advance(Duration::from_secs(30) - Duration::from_millis(1)).await;
    assert!(is_remembered());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(!is_remembered());
    budget.accept();
    assert!(address.knows("revoked"));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_known_goes_as_soon_as_another_is_accepted_or_twenty_seconds_after_the_last() {
    let address = oncehub();
    let new = |number: usize| Budget::of_key(&address, format!("new {number}").into(), network(1));
    let first: Vec<_> = (0..5).map(new).collect();
    for budget in &first {
        assert_eq!(wait(budget).await, Duration::ZERO);
    }
    let next = new(5);
    let waiting = tokio::spawn(async move { wait(&next).await });
    tokio::time::sleep(SECOND).await;
    first[0].accept();
    assert_eq!(waiting.await.unwrap(), SECOND);
    assert_eq!(wait(&new(6)).await, Duration::from_secs(20));
    let (began, next) = (Instant::now(), new(7));
    let refused = next.acquire(began + Duration::from_secs(10), true).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::from_secs(5), "that the others are accepted is not waited for any longer");
    assert_eq!(refused, Duration::from_secs(15), "then it is told how long");
}

#[tokio::test(start_paused = true)]
async fn a_new_customer_gets_through_where_a_thousand_made_up_keys_have_just_come_from() {
    let address = oncehub();
    let tries = |key: String| {
        let budget = Budget::of_key(&address, key.into(), network(1));
        tokio::spawn(async move {
            let began = Instant::now();
            (budget.acquire(began + Duration::from_secs(30), false).await.is_ok(), began.elapsed())
        })
    };
    let made_up: Vec<_> = (0..1_000).map(|number| tries(format!("made-up {number}"))).collect();
    tokio::time::sleep(SECOND).await;
    let waiting = made_up.iter().filter(|made_up| !made_up.is_finished()).count();
    assert_eq!(waiting, LINE, "no more than that take up room");
    let customer = tries("a customer's".into());
    assert_eq!(customer.await.unwrap(), (true, Duration::from_secs(19)));
    let tried = futures::future::join_all(made_up).await.into_iter().map(Result::unwrap);
    assert_eq!(tried.filter(|(left, _)| *left).count(), 5);
}

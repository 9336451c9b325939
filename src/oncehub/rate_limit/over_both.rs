//! What windows do, whether one server counts them itself or several share them in a store.

use super::*;
use crate::store::redis::Redis;
use crate::store::tests::{RedisServer, connected, leaving_by};
use crate::store::{Ask, Moment, Records as _};

const MINUTE: Duration = Duration::from_mins(1);

/// Shorter than any wait for a window here.
const AT_ONCE: Duration = Duration::from_millis(10);

/// Runs a test over one server, twice the same, and over two that share a Redis.
async fn over_both(windows: &str, test: impl AsyncFn([&Address; 2])) {
    let windows: Windows = windows.parse().unwrap();
    let alone = Address::new(&windows);
    test([&alone, &alone]).await;
    let redis = RedisServer::with(&[]);
    let one = connected(&redis, limits(&windows)).await;
    let other = connected(&redis, limits(&windows)).await;
    let [here, there] = [&one, &other].map(|store| Address::shared(&windows, store.windows().unwrap()));
    test([&here, &there]).await;
}

fn network(number: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, number])
}

fn stranger(address: &Address, key: &str, from: u8) -> Budget {
    Budget::of_key(address, key.into(), network(from))
}

/// A key that OnceHub has accepted, at both servers.
fn accepted(addresses: [&Address; 2], key: &str) -> [Budget; 2] {
    addresses.map(|address| {
        let budget = stranger(address, key, 1);
        budget.accept();
        budget
    })
}

async fn at_once(budget: &Budget) -> Result<(), Duration> {
    loop {
        match budget.acquire(Instant::now() + AT_ONCE, true).await {
            // The deadline was over before it was looked at.
            Err(Duration::ZERO) => {}
            answer => return answer,
        }
    }
}

/// Returns whether a stranger gets a moment, for which it waits a little.
async fn is_tried(budget: &Budget) -> bool {
    budget.acquire(Instant::now() + 10 * AT_ONCE, true).await.is_ok()
}

/// Returns how many requests an account gets at once, which it sends by one server and the other in turn.
async fn all_that_it_gets(budgets: &[Budget; 2]) -> usize {
    let mut count = 0;
    while at_once(&budgets[count % 2]).await.is_ok() {
        count += 1;
    }
    count
}

#[tokio::test]
async fn an_account_that_comes_after_a_busy_one_finds_something_left() {
    over_both("account=1000/1s,address=200/5m", async |addresses| {
        assert_eq!(all_that_it_gets(&accepted(addresses, "a")).await, 144);
        assert_eq!(all_that_it_gets(&accepted(addresses, "b")).await, 29);
        assert_eq!(all_that_it_gets(&accepted(addresses, "c")).await, 6);
        assert_eq!(addresses[1].left()[0].1, 200 - 144 - 29 - 6);
    })
    .await;
}

#[tokio::test]
async fn keys_that_are_made_up_burn_a_tenth_whichever_server_they_try() {
    over_both("account=1000/1s,address=200/5m", async |addresses| {
        let mut burnt = Vec::new();
        for from in 1..=4 {
            let mut count = 0;
            for key in 0..8 {
                let budget = stranger(addresses[key % 2], &format!("{from} {key}"), from);
                count += usize::from(is_tried(&budget).await);
            }
            burnt.push(count);
        }
        assert_eq!(burnt, [5, 3, 1, 1]);
        assert_eq!(all_that_it_gets(&accepted(addresses, "a")).await, 144, "a known account has its full share");
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_accepted_burdens_no_stranger_any_more() {
    over_both("account=1000/1s,address=200/5m", async |addresses| {
        for key in 0..30 {
            let budget = stranger(addresses[key % 2], &format!("key {key}"), 1);
            assert!(is_tried(&budget).await, "{key}");
            budget.accept();
        }
        let mut count = 0;
        while is_tried(&stranger(addresses[count % 2], &format!("new {count}"), 1)).await {
            count += 1;
        }
        assert_eq!(count, 5);
    })
    .await;
}

#[tokio::test]
async fn a_refusal_holds_up_its_account_at_all_servers_and_no_other() {
    over_both("account=5/1s,address=200/5m", async |addresses| {
        let [a, b] = ["a", "b"].map(|key| accepted(addresses, key));
        a[0].pause(MINUTE);
        at_once(&a[0]).await.unwrap_err();
        let wait = at_once(&a[1]).await.unwrap_err();
        assert!(wait <= MINUTE && wait > MINUTE / 2, "{wait:?}");
        at_once(&b[0]).await.unwrap();
        at_once(&b[1]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn refusals_of_two_accounts_at_once_hold_everybody_up_for_the_shorter_wait() {
    over_both("account=5/1s,address=200/5m", async |addresses| {
        let [a, b, c] = ["a", "b", "c"].map(|key| accepted(addresses, key));
        a[0].pause(MINUTE);
        a[0].pause(MINUTE);
        at_once(&c[1]).await.unwrap();
        b[0].pause(5 * MINUTE);
        at_once(&b[0]).await.unwrap_err();
        let wait = at_once(&c[1]).await.unwrap_err();
        assert!(wait <= MINUTE && wait > MINUTE / 2, "{wait:?}");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_holds_everybody_up_when_the_addresss_own_window_is_nearly_used_up() {
    over_both("account=1000/1s,address=100/5m", async |addresses| {
        let keys = ["a", "b", "c", "d"].map(|key| accepted(addresses, key));
        let mut sent = 0;
        for budgets in &keys {
            while sent < 87 && at_once(&budgets[sent % 2]).await.is_ok() {
                sent += 1;
            }
        }
        assert_eq!(sent, 87);
        keys[0][0].pause(MINUTE);
        at_once(&keys[0][0]).await.unwrap_err();
        at_once(&keys[3][1]).await.unwrap();
        keys[0][0].pause(MINUTE);
        at_once(&keys[0][0]).await.unwrap_err();
        at_once(&keys[3][1]).await.unwrap_err();
    })
    .await;
}

#[tokio::test]
async fn where_the_address_is_nearly_used_up_the_longest_wait_of_several_accounts_counts() {
    over_both("account=1000/1s,address=100/5m", async |addresses| {
        let keys = ["a", "b", "c", "d"].map(|key| accepted(addresses, key));
        let mut sent = 0;
        for budgets in &keys {
            while sent < 88 && at_once(&budgets[sent % 2]).await.is_ok() {
                sent += 1;
            }
        }
        assert_eq!(sent, 88);
        keys[0][0].pause(Duration::from_secs(1));
        keys[1][0].pause(MINUTE);
        at_once(&keys[1][0]).await.unwrap_err();
        let wait = at_once(&keys[3][1]).await.unwrap_err();
        assert!(wait <= MINUTE && wait > MINUTE / 2, "{wait:?}");
    })
    .await;
}

#[tokio::test]
async fn two_keys_of_one_account_share_its_window_at_all_servers() {
    over_both("account=8/1h,address=200/5m", async |addresses| {
        let [one, two, other] = ["one", "two", "other"].map(|key| accepted(addresses, key));
        for budget in [&one[0], &one[1], &one[0], &two[0], &two[1]] {
            at_once(budget).await.unwrap();
        }
        // Each server asks OnceHub for itself.
        for budget in one.iter().chain(&two) {
            budget.name("admin@example.com");
        }
        other.iter().for_each(|budget| budget.name("somebody-else@example.com"));
        assert_eq!(all_that_it_gets(&one).await, 3);
        assert_eq!(all_that_it_gets(&two).await, 0);
        assert_eq!(all_that_it_gets(&other).await, 8);
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_wait_gives_its_moment_back() {
    over_both("account=1/1h,address=200/5m", async |addresses| {
        let [a, _] = accepted(addresses, "a");
        let cancelled = a.acquire(Instant::now() + 3 * 60 * MINUTE, true);
        at_once(&a).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), cancelled).await.is_err());
        // Not as long as if the other were still in line.
        loop {
            let wait = at_once(&a).await.unwrap_err();
            if wait < 61 * MINUTE {
                break;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Returns how many requests the accounts' logs in a store hold.
fn in_logs(redis: &RedisServer) -> usize {
    let mut raw = ::redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let logs: Vec<String> = ::redis::cmd("KEYS").arg("{oncehub-mcp}:account:*").query(&mut raw).unwrap();
    logs.iter().map(|log| ::redis::cmd("ZCARD").arg(log).query::<usize>(&mut raw).unwrap()).sum()
}

/// Two servers, an account of theirs that has sent one request, and one more at each that waits for its moment.
async fn two_that_wait(windows: &str, redis: &RedisServer) -> ([Redis; 2], [Budget; 2], [Waiting; 2]) {
    let windows: Windows = windows.parse().unwrap();
    let stores = [connected(redis, limits(&windows)).await, connected(redis, limits(&windows)).await];
    let addresses = [0, 1].map(|at| Address::shared(&windows, stores[at].windows().unwrap()));
    let budgets = accepted([&addresses[0], &addresses[1]], "a");
    at_once(&budgets[0]).await.unwrap();
    let wait = |budget: Budget| async move { budget.acquire(Instant::now() + 5 * MINUTE, true).await };
    let waiting = budgets.clone().map(|budget| tokio::spawn(wait(budget)));
    until(|| in_logs(redis) == 3).await;
    (stores, budgets, waiting)
}

type Waiting = tokio::task::JoinHandle<Result<(), Duration>>;

async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(MINUTE, waiting).await.expect("it comes to that");
}

const WITH_AND_WITHOUT_AN_ADDRESS: [&str; 2] =
    ["account=1/1s,account=1000/1h,address=200/1h", "account=1/1s,account=1000/1h"];

#[tokio::test]
async fn requests_that_wait_when_their_account_is_named_count_once() {
    for windows in WITH_AND_WITHOUT_AN_ADDRESS {
        let redis = RedisServer::with(&[]);
        let (_stores, budgets, waiting) = two_that_wait(windows, &redis).await;
        // The other server does not know the name yet.
        budgets[0].name("admin@example.com");
        for waiting in waiting {
            waiting.await.unwrap().unwrap();
        }
        assert_eq!(in_logs(&redis), 3, "{windows}");
    }
}

#[tokio::test]
async fn requests_that_are_cancelled_after_their_account_was_named_do_not_count() {
    let redis = RedisServer::with(&[]);
    // The moments of those that wait are far away.
    let windows = "account=1/1m,address=200/1h";
    let (stores, budgets, waiting) = two_that_wait(windows, &redis).await;
    budgets[0].name("admin@example.com");
    let named = stores[0].windows().unwrap().name_of("admin@example.com");
    let mut raw = ::redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let log = format!("{{oncehub-mcp}}:account:{named}");
    while ::redis::cmd("ZCARD").arg(&log).query::<usize>(&mut raw).unwrap() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    waiting.iter().for_each(Waiting::abort);
    until(|| in_logs(&redis) == 1).await;
    let rows: Vec<String> =
        ::redis::cmd("ZRANGE").arg("{oncehub-mcp}:address:one").arg(0).arg(-1).query(&mut raw).unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
}

#[tokio::test]
async fn what_oncehub_rejects_while_the_store_is_away_is_told_to_all_once_it_is_back() {
    const LONG: Duration = Duration::from_mins(5);
    let windows: Windows = "account=1000/1s,address=90000/1h".parse().unwrap();
    let mut redis = RedisServer::with(&[]);
    let stores = [connected(&redis, limits(&windows)).await, connected(&redis, limits(&windows)).await];
    let addresses = [0, 1].map(|at| Address::shared(&windows, stores[at].windows().unwrap()));
    let [a, b, c] = ["a", "b", "c"].map(|key| accepted([&addresses[0], &addresses[1]], key));
    redis.stop();
    for store in &stores {
        store.note("it notices", 1, MINUTE).await.unwrap_err();
    }
    a[0].pause(LONG);
    at_once(&a[0]).await.unwrap_err();
    // It turns out to be another account in the meantime.
    a[0].name("admin@example.com");
    at_once(&a[0]).await.unwrap_err();
    redis.start();
    until(|| stores.iter().all(|store| !store.windows().unwrap().is_away())).await;
    let wait = at_once(&a[0]).await.unwrap_err();
    assert!(wait > MINUTE && wait < LONG, "{wait:?}");
    a[1].name("admin@example.com");
    at_once(&a[1]).await.unwrap_err();
    at_once(&b[1]).await.unwrap();
    // This server sends nothing more: what it has to tell is told without that.
    redis.stop();
    for store in &stores {
        store.note("it notices again", 1, MINUTE).await.unwrap_err();
    }
    b[0].pause(LONG);
    c[0].pause(LONG / 2);
    for rejected in [&b, &c] {
        at_once(&rejected[0]).await.unwrap_err();
    }
    redis.start();
    until(|| stores.iter().all(|store| !store.windows().unwrap().is_away())).await;
    let mut waits = [Duration::ZERO; 2];
    let told = async {
        while waits.contains(&Duration::ZERO) {
            waits[0] = at_once(&b[1]).await.err().unwrap_or_default();
            waits[1] = at_once(&accepted([&addresses[0], &addresses[1]], "d")[1]).await.err().unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(MINUTE, told).await.expect("it is told");
    // Rejected at once, both: it may be the address's limit.
    assert!(waits[0] > LONG / 2 && waits[1] > MINUTE && waits[1] < LONG / 2, "{waits:?}");
}

#[tokio::test]
async fn a_rejection_that_is_told_late_counts_from_when_it_was() {
    let redis = RedisServer::with(&[]);
    let store = connected(&redis, limits(&"account=5/1s,address=200/5m".parse().unwrap())).await.windows().unwrap();
    let now = std::time::Instant::now();
    let earlier = now.checked_sub(MINUTE / 4).unwrap();
    let wait = async |name: &str| {
        let ask = Ask { account: name, stranger: None, name, patience: Duration::ZERO };
        match store.reserve(ask).await.unwrap() {
            Moment::In { wait, .. } | Moment::TooLate(wait) => wait,
        }
    };
    // Those of several accounts, a quarter of a minute apart: each is its account's.
    for (account, at) in [("a", earlier), ("b", now), ("c", earlier)] {
        store.pause(account, at, MINUTE, true).await.unwrap();
    }
    assert_eq!(wait("another").await, Duration::ZERO);
    // At the same time: it may be the address's.
    store.pause("d", earlier, MINUTE, true).await.unwrap();
    for name in ["a", "d", "yet another"] {
        let wait = wait(name).await;
        assert!(wait > MINUTE / 4 && wait <= MINUTE * 3 / 4, "{name}: {wait:?}");
    }
}

#[tokio::test]
async fn no_stretch_of_the_stores_time_holds_more_than_a_window_allows() {
    let windows: Windows = "account=5/1s,address=20/4s".parse().unwrap();
    let redis = RedisServer::with(&[]);
    let stores = [connected(&redis, limits(&windows)).await, connected(&redis, limits(&windows)).await];
    let shared: Vec<_> = stores.iter().map(|store| store.windows().unwrap()).collect();
    let ask = async |number: usize| {
        let (account, name) = (["a", "b", "c"][number % 3], number.to_string());
        let ask = Ask { account, stranger: None, name: &name, patience: MINUTE };
        let began = Instant::now();
        let Moment::In { wait, .. } = shared[number % 2].reserve(ask).await.unwrap() else { panic!("too late") };
        // By the store's clock it comes between these two.
        (account, began + wait, Instant::now() + wait)
    };
    let mut reserved = Vec::new();
    for number in 0..60 {
        reserved.push(ask(number).await);
    }
    for (of, most, period) in [(Some("a"), 5, 1), (Some("b"), 5, 1), (Some("c"), 5, 1), (None, 20, 4)] {
        let moments: Vec<_> = reserved.iter().filter(|(account, ..)| of.is_none_or(|of| of == *account)).collect();
        let period = Duration::from_secs(period);
        let fullest = moments
            .iter()
            .map(|(_, from, _)| moments.iter().filter(|(_, at, until)| at >= from && *until < *from + period).count());
        let fullest = fullest.max().unwrap();
        assert!(fullest <= most, "{of:?}: {fullest}");
        assert!(fullest >= most / 2, "{of:?}: {fullest}");
    }
}

#[tokio::test]
async fn what_was_sent_before_the_stores_clock_was_set_back_counts_from_now_on() {
    let windows: Windows = "account=2/1m,address=20/5m".parse().unwrap();
    let redis = RedisServer::with(&[]);
    let store = connected(&redis, limits(&windows)).await.windows().unwrap();
    let ask = Ask { account: "a", stranger: None, name: "new", patience: MINUTE / 2 };
    let mut raw = ::redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let (seconds, _): (u64, u64) = ::redis::cmd("TIME").query(&mut raw).unwrap();
    let ahead = (seconds + 86_400) * 1_000_000;
    let log = "{oncehub-mcp}:account:a";
    let _: u8 = ::redis::cmd("ZADD").arg(log).arg(ahead).arg("old").arg(ahead).arg("older").query(&mut raw).unwrap();
    let _: () = ::redis::cmd("SET").arg(format!("{log}:pause")).arg(ahead).query(&mut raw).unwrap();
    let Moment::TooLate(wait) = store.reserve(ask).await.unwrap() else { panic!("they do not count") };
    assert!(wait > MINUTE / 2 && wait < 2 * MINUTE, "{wait:?}");
}

#[tokio::test]
async fn servers_that_leave_by_different_addresses_have_a_window_each_and_share_those_of_accounts() {
    let windows: Windows = "account=6/1h,address=10/5m".parse().unwrap();
    let redis = RedisServer::with(&[]);
    let stores =
        [leaving_by("one", &redis, limits(&windows)).await, leaving_by("other", &redis, limits(&windows)).await];
    let addresses = [0, 1].map(|at| Address::shared(&windows, stores[at].windows().unwrap()));
    let [here, there] = &addresses;
    let own_window = [accepted([here, here], "a"), accepted([there, there], "b")];
    assert_eq!(all_that_it_gets(&own_window[0]).await, 6);
    assert_eq!(all_that_it_gets(&own_window[1]).await, 6);
    assert_eq!([here, there].map(|address| address.left()[0].1), [4, 4]);
    let shared = accepted([here, there], "c");
    assert_eq!(all_that_it_gets(&shared).await, 6, "by both addresses together");
    assert_eq!([here, there].map(|address| address.left()[0].1), [1, 1]);
}

/// A store that goes away, and comes back without anything: what was sent before counts in between and after.
#[tokio::test]
async fn while_the_store_is_away_each_server_has_its_share_of_what_was_left() {
    let windows: Windows = "account=1000/1s,address=200/1h".parse().unwrap();
    let mut redis = RedisServer::with(&[]);
    let stores = [connected(&redis, limits(&windows)).await, connected(&redis, limits(&windows)).await];
    let addresses = [0, 1].map(|at| Address::shared(&windows, stores[at].windows().unwrap()));
    let [a, b] = ["a", "b"].map(|key| accepted([&addresses[0], &addresses[1]], key));
    for _ in 0..50 {
        at_once(&a[0]).await.unwrap();
    }
    // Both know of both, and of what has been used.
    while stores
        .iter()
        .any(|store| store.windows().unwrap().share().here < 2 || store.windows().unwrap().share().used != [50])
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    redis.stop();
    let patience = Duration::from_secs(20);
    let mut sent = [0, 0];
    for (at, sent) in sent.iter_mut().enumerate() {
        // Accounts wait until everybody has noticed.
        b[at].acquire(Instant::now() + patience, true).await.unwrap();
        *sent = 1;
        while at_once(&b[at]).await.is_ok() || at_once(&a[at]).await.is_ok() {
            *sent += 1;
        }
    }
    assert!(sent.iter().all(|sent| (20..=75).contains(sent)), "{sent:?}");
    assert_eq!(
        addresses[0].left()[0].0.requests,
        200,
        "a window goes by one name, also when only a share of it is left"
    );
    redis.start();
    while stores.iter().any(|store| store.windows().unwrap().is_away()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for at in [0, 1] {
        let _ = at_once(&a[at]).await;
    }
    let used = 50 + sent[0] + sent[1];
    let left = addresses[0].left()[0].1;
    assert!(left <= 200 - used, "{left} are left of 200, of which {used} are used");
}

//! A store of this process alone.
//!
//! It is bounded. Open sign-ins are dropped first, the least recently used ones: they keep working, but are not listed, and
//! a second use of one of their refresh tokens goes unnoticed. What has ended is dropped only for what has ended later. If an
//! owner has ended too many, all that were made before those count as ended, so that none comes back.

use std::collections::HashMap;
use std::{fmt, mem};

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{GRACE, KEEP, Listed, MOST_ENDED, MOST_OPEN, Owner, SignIn, Standing, Store, Unavailable};

/// How many sign-ins are remembered of all owners.
const MOST: usize = 200_000;

/// How many are added before the next check whether there are too many.
const BETWEEN: usize = 1_000;

/// A store of this process alone.
#[derive(Default)]
pub struct InMemory(Mutex<Held>);

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemory").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Held {
    owners: HashMap<Owner, Owned>,
    /// How many have been added since it was last tidied.
    added: usize,
}

/// What is remembered of one owner.
#[derive(Default)]
struct Owned {
    open: HashMap<String, Open>,
    ended: HashMap<String, Ended>,
    /// When all that were made before this moment had ended.
    all: Option<Ended>,
}

struct Open {
    sign_in: SignIn,
    used: u64,
    /// How many refresh tokens have been used, and when the last one was.
    turn: u64,
    turned: u64,
}

#[derive(Clone, Copy)]
struct Ended {
    made: u64,
    /// When that may be forgotten.
    until: u64,
}

impl Ended {
    fn now(made: u64, at: u64) -> Self {
        Self { made, until: at.saturating_add(KEEP.as_secs()) }
    }
}

impl Open {
    fn new(sign_in: &SignIn, turn: u64, at: u64) -> Self {
        Self { sign_in: sign_in.clone(), used: at, turn, turned: at }
    }

    fn is_over(&self, at: u64) -> bool {
        self.used.saturating_add(KEEP.as_secs()) <= at || self.sign_in.ends <= at
    }
}

impl Owned {
    fn standing(&self, sign_in: &SignIn) -> Standing {
        let is_before = self.all.is_some_and(|all| sign_in.made < all.made);
        if is_before || self.ended.contains_key(&sign_in.id) {
            return Standing::Ended;
        }
        if self.open.contains_key(&sign_in.id) { Standing::Open } else { Standing::Unknown }
    }

    fn add(&mut self, open: Open) {
        if self.open.len() >= MOST_OPEN {
            let oldest = self.open.values().min_by_key(|open| open.used).map(|open| open.sign_in.id.clone());
            oldest.and_then(|id| self.open.remove(&id));
        }
        self.open.insert(open.sign_in.id.clone(), open);
    }

    fn end(&mut self, sign_in: &SignIn, at: u64) {
        self.open.remove(&sign_in.id);
        self.ended.insert(sign_in.id.clone(), Ended::now(sign_in.made, at));
        if self.ended.len() <= MOST_ENDED {
            return;
        }
        self.ended.retain(|_, ended| ended.until > at);
        // None may come back: the oldest half goes, and with it everything that was made before.
        let mut made: Vec<u64> = self.ended.values().map(|ended| ended.made).collect();
        made.sort_unstable();
        if let Some(middle) = made.get(made.len() / 2).filter(|_| made.len() > MOST_ENDED) {
            self.end_before(middle.saturating_add(1), at);
        }
    }

    /// Ends all that were made before this moment.
    fn end_before(&mut self, moment: u64, at: u64) {
        let moment = self.all.map_or(moment, |all| all.made.max(moment));
        self.all = Some(Ended::now(moment, at));
        self.ended.retain(|_, ended| ended.made >= moment);
        self.open.retain(|_, open| open.sign_in.made >= moment);
    }

    fn forget_old(&mut self, at: u64) {
        self.open.retain(|_, open| !open.is_over(at));
        self.ended.retain(|_, ended| ended.until > at);
        self.all = self.all.filter(|all| all.until > at);
    }

    fn count(&self) -> usize {
        self.open.len() + self.ended.len() + usize::from(self.all.is_some())
    }
}

impl Held {
    /// Returns what is remembered of the owner of a sign-in.
    fn of(&mut self, sign_in: &SignIn, at: u64) -> &mut Owned {
        self.added += 1;
        if self.added >= BETWEEN {
            self.added = 0;
            self.tidy(at, MOST);
        }
        self.owners.entry(sign_in.owner.clone()).or_default()
    }

    /// Forgets what is over, and if there is still too much, what matters least.
    fn tidy(&mut self, at: u64, most: usize) {
        self.owners.values_mut().for_each(|owned| owned.forget_old(at));
        let count: usize = self.owners.values().map(Owned::count).sum();
        let mut surplus = count.saturating_sub(most);
        if surplus > 0 {
            let open = self.owners.values().flat_map(|owned| owned.open.values().map(|open| open.used));
            let limit = least(open.collect(), surplus);
            for owned in self.owners.values_mut() {
                owned.open.retain(|_, open| {
                    let goes = surplus > 0 && open.used <= limit;
                    surplus -= usize::from(goes);
                    !goes
                });
            }
        }
        if surplus > 0 {
            let ended = self.owners.values().flat_map(|owned| owned.ended.values().map(|ended| ended.until));
            let limit = least(ended.collect(), surplus);
            for owned in self.owners.values_mut() {
                owned.ended.retain(|_, ended| {
                    let goes = surplus > 0 && ended.until <= limit;
                    surplus -= usize::from(goes);
                    !goes
                });
            }
        }
        self.owners.retain(|_, owned| owned.count() > 0);
    }
}

/// Returns the largest of the `count` smallest numbers.
fn least(mut numbers: Vec<u64>, count: usize) -> u64 {
    numbers.sort_unstable();
    let last = count.min(numbers.len()).checked_sub(1);
    last.and_then(|last| numbers.get(last).copied()).unwrap_or_default()
}

#[async_trait]
impl Store for InMemory {
    async fn open(&self, sign_in: &SignIn, at: u64) -> Result<bool, Unavailable> {
        let mut held = self.0.lock();
        let owned = held.of(sign_in, at);
        match owned.standing(sign_in) {
            Standing::Unknown => owned.add(Open::new(sign_in, 0, at)),
            Standing::Open => {
                owned.end(sign_in, at);
                return Ok(false);
            }
            Standing::Ended => return Ok(false),
        }
        Ok(true)
    }

    async fn refresh(&self, sign_in: &SignIn, turn: u64, at: u64) -> Result<bool, Unavailable> {
        let mut held = self.0.lock();
        let owned = held.of(sign_in, at);
        if owned.standing(sign_in) == Standing::Ended {
            return Ok(false);
        }
        let Some(open) = owned.open.get_mut(&sign_in.id) else {
            owned.add(Open::new(sign_in, turn + 1, at));
            return Ok(true);
        };
        if turn >= open.turn {
            (open.turn, open.turned) = (turn + 1, at);
        } else if turn + 1 < open.turn || at.saturating_sub(open.turned) > GRACE.as_secs() {
            owned.end(sign_in, at);
            return Ok(false);
        }
        open.used = at;
        Ok(true)
    }

    async fn touch(&self, sign_in: &SignIn, at: u64) -> Result<bool, Unavailable> {
        let mut held = self.0.lock();
        let owned = held.of(sign_in, at);
        if owned.standing(sign_in) == Standing::Ended {
            return Ok(false);
        }
        match owned.open.get_mut(&sign_in.id) {
            Some(open) => open.used = at,
            None => owned.add(Open::new(sign_in, 0, at)),
        }
        Ok(true)
    }

    async fn standing(&self, sign_ins: &[SignIn]) -> Result<Vec<Standing>, Unavailable> {
        let held = self.0.lock();
        let standing = |sign_in: &SignIn| {
            held.owners.get(&sign_in.owner).map_or(Standing::Unknown, |owned| owned.standing(sign_in))
        };
        Ok(sign_ins.iter().map(standing).collect())
    }

    async fn of(&self, owners: &[Owner], at: u64) -> Result<Vec<Listed>, Unavailable> {
        let held = self.0.lock();
        let open = owners.iter().filter_map(|owner| held.owners.get(owner)).flat_map(|owned| owned.open.values());
        let listed = |open: &Open| Listed { sign_in: open.sign_in.clone(), used: open.used };
        let mut all: Vec<Listed> = open.filter(|open| !open.is_over(at)).map(listed).collect();
        all.sort_by(|one, other| (other.used, &other.sign_in.id).cmp(&(one.used, &one.sign_in.id)));
        Ok(all)
    }

    async fn end(&self, sign_in: &SignIn, at: u64) -> Result<(), Unavailable> {
        self.0.lock().of(sign_in, at).end(sign_in, at);
        Ok(())
    }

    async fn end_all(&self, owners: &[Owner], at: u64) -> Result<(), Unavailable> {
        let mut held = self.0.lock();
        for owner in owners {
            let owned = held.owners.entry(owner.clone()).or_default();
            owned.end_before(at, at);
            // Those of this very second.
            for (_, open) in mem::take(&mut owned.open) {
                owned.end(&open.sign_in, at);
            }
        }
        Ok(())
    }

    fn is_of_process(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn sign_in(owner: &str, id: &str, made: u64) -> SignIn {
        let (owner, app) = (Owner(owner.to_owned()), "App".to_owned());
        SignIn { id: id.to_owned(), owner, app, made, ends: made + 1_000_000_000, read_only: false }
    }

    fn ids(listed: &[Listed]) -> Vec<&str> {
        listed.iter().map(|listed| listed.sign_in.id.as_str()).collect()
    }

    #[tokio::test]
    async fn a_code_opens_a_sign_in_once_and_the_second_time_ends_it() {
        let (store, one) = (InMemory::default(), sign_in("ada", "1", NOW));
        assert!(store.open(&one, NOW).await.unwrap());
        assert_eq!(
            store.standing(&[one.clone(), sign_in("ada", "2", NOW)]).await.unwrap(),
            [Standing::Open, Standing::Unknown]
        );
        assert!(!store.open(&one, NOW).await.unwrap());
        assert!(!store.touch(&one, NOW).await.unwrap() && !store.refresh(&one, 0, NOW).await.unwrap());
        assert!(store.of(&[one.owner], NOW).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_refresh_token_is_used_again_within_its_grace_alone() {
        let store = InMemory::default();
        let (good, late, old) = (sign_in("ada", "1", NOW), sign_in("ada", "2", NOW), sign_in("ada", "3", NOW));
        for one in [&good, &late, &old] {
            assert!(store.refresh(one, 4, NOW).await.unwrap(), "one that was forgotten goes on");
        }
        let grace = NOW + GRACE.as_secs();
        assert!(store.refresh(&good, 4, grace).await.unwrap() && store.refresh(&good, 5, grace).await.unwrap());
        assert!(!store.refresh(&late, 4, grace + 1).await.unwrap());
        assert!(store.refresh(&old, 5, NOW).await.unwrap() && !store.refresh(&old, 4, NOW).await.unwrap());
        assert_eq!(ids(&store.of(&[good.owner], grace).await.unwrap()), ["1"]);
    }

    #[tokio::test]
    async fn an_owner_sees_and_ends_their_own_alone() {
        let store = InMemory::default();
        let all = ["1", "2", "3"].map(|id| sign_in("ada", id, NOW));
        let other = sign_in("ben", "4", NOW);
        for (one, at) in all.iter().chain([&other]).zip(NOW..) {
            assert!(store.touch(one, at).await.unwrap());
        }
        let (ada, ben) = (all[0].owner.clone(), other.owner.clone());
        assert_eq!(ids(&store.of(std::slice::from_ref(&ada), NOW).await.unwrap()), ["3", "2", "1"]);
        assert_eq!(store.of(&[ada.clone(), ben.clone()], NOW).await.unwrap().len(), 4);
        store.end(&all[1], NOW).await.unwrap();
        assert_eq!(ids(&store.of(std::slice::from_ref(&ada), NOW).await.unwrap()), ["3", "1"]);
        let unknown = sign_in("ada", "5", NOW - 1);
        store.end_all(std::slice::from_ref(&ada), NOW).await.unwrap();
        assert!(store.of(std::slice::from_ref(&ada), NOW).await.unwrap().is_empty());
        for one in all.iter().chain([&unknown]) {
            assert!(!store.touch(one, NOW).await.unwrap(), "{}", one.id);
        }
        assert!(store.touch(&sign_in("ada", "6", NOW), NOW).await.unwrap(), "who signs in again is signed in");
        assert!(store.touch(&other, NOW).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_no_longer_used_is_not_listed() {
        let (store, one) = (InMemory::default(), sign_in("ada", "1", NOW));
        assert!(store.touch(&one, NOW).await.unwrap());
        let owners = [one.owner];
        assert_eq!(store.of(&owners, NOW + KEEP.as_secs() - 1).await.unwrap().len(), 1);
        assert!(store.of(&owners, NOW + KEEP.as_secs()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_owner_with_too_many_gets_none_back_and_takes_no_room_from_others() {
        let store = InMemory::default();
        let other = sign_in("ben", "x", NOW);
        store.end(&other, NOW).await.unwrap();
        let all: Vec<SignIn> = (0..3_000).map(|made| sign_in("ada", &made.to_string(), NOW + made)).collect();
        for one in &all {
            store.end(one, NOW).await.unwrap();
        }
        for one in all.iter().chain([&other]) {
            assert!(!store.touch(one, NOW).await.unwrap(), "{}", one.id);
        }
        for made in 0..3_000 {
            assert!(store.open(&sign_in("cleo", &made.to_string(), NOW + made), NOW + made).await.unwrap());
        }
        let cleo = store.of(&[Owner("cleo".to_owned())], NOW).await.unwrap();
        assert_eq!((cleo.len(), &*cleo[0].sign_in.id), (MOST_OPEN, "2999"));
        let held = store.0.lock();
        assert!(held.owners.values().all(|owned| owned.count() <= MOST_OPEN + MOST_ENDED));
    }

    #[tokio::test]
    async fn open_ones_make_room_for_those_that_have_ended() {
        let store = InMemory::default();
        for made in 0..20 {
            store.touch(&sign_in("ada", &made.to_string(), NOW + made), NOW + made).await.unwrap();
            store.end(&sign_in("ben", &made.to_string(), NOW + made), NOW + made).await.unwrap();
        }
        let count = |held: &Held, owner: &str| {
            held.owners.get(&Owner(owner.to_owned())).map_or((0, 0), |owned| (owned.open.len(), owned.ended.len()))
        };
        let mut held = store.0.lock();
        for (most, ada, ben) in [(30, (10, 0), (0, 20)), (20, (0, 0), (0, 20)), (5, (0, 0), (0, 5))] {
            held.tidy(NOW + 20, most);
            assert_eq!((count(&held, "ada"), count(&held, "ben")), (ada, ben), "{most}");
        }
        assert!(held.owners[&Owner("ben".to_owned())].ended.contains_key("19"), "the latest");
        held.tidy(NOW + 19 + KEEP.as_secs(), MOST);
        assert!(held.owners.is_empty(), "over by itself");
    }
}

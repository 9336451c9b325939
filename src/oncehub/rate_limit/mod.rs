//! Client-side limits that keep OnceHub from having to reject requests: an account's windows, and those of the IP
//! address that requests are sent from. Over HTTP many accounts share one address, and keys that OnceHub has not
//! accepted yet get a small part of it.

mod account;
mod address;
mod key_status;
mod log;
mod shared;
mod window;

#[cfg(test)]
#[cfg(unix)]
mod over_both;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use address::Address;
pub use shared::limits;
pub use window::{BadWindows, Window, Windows};

use super::Error;
use account::{Account, NoSlot};
use address::Owner;
pub(super) use key_status::KeyStatus;
use shared::NoMoment;

/// How long a key that OnceHub has not accepted waits for others to be accepted and make room. Only the latest from a
/// client address waits longer.
const STRANGERS_WAIT: Duration = Duration::from_secs(5);

/// How many requests from one client address may wait to try a key. One more takes the place of the first, so that
/// made-up keys leave room for a call.
const LINE: usize = 20;

/// The name of the account of the operator's own key, until OnceHub has named it.
const OWN: &str = "own";

/// The requests that one key may send to OnceHub, and when.
#[derive(Clone, Debug)]
pub struct Budget {
    account: Arc<Account>,
    /// The address that it shares with others; without one, all windows are its own.
    address: Option<Address>,
    /// The key, if it has to be accepted first.
    key: Option<Arc<NewKey>>,
}

/// Why a request cannot be sent now.
enum NotNow {
    /// The next moment comes this late, after its deadline.
    Never(Duration),
    /// Perhaps it can: look again.
    Again,
    /// There is room from this moment on.
    At(Instant),
}

/// A key that a caller brought.
#[derive(Debug)]
struct NewKey {
    /// The key's name, which reveals nothing of the key.
    name: Arc<str>,
    network: IpAddr,
    key_status: KeyStatus,
}

impl Budget {
    /// Creates a budget with these windows; none means no limit.
    pub fn new(windows: &[Window]) -> Self {
        Self { account: Account::new(0, windows.into()), address: None, key: None }
    }

    /// Creates a budget for the key of the operator of this process, at an address that it shares with others'.
    pub fn own_at(address: &Address) -> Self {
        Self { account: address.account(OWN), address: Some(address.clone()), key: None }
    }

    /// Creates a budget for a key that a caller brought from `network`. It goes by `name`, which reveals nothing of it.
    pub fn of_key(address: &Address, name: Arc<str>, network: IpAddr) -> Self {
        let (known, key_status) = (address.known(&name), KeyStatus::default());
        if known.is_some() {
            key_status.accept();
        }
        let account = known.unwrap_or_else(|| address.account(&name));
        Self { account, address: Some(address.clone()), key: Some(Arc::new(NewKey { name, network, key_status })) }
    }

    /// Returns what OnceHub has said about the key, if that matters.
    pub(super) fn key_status(&self) -> Option<&KeyStatus> {
        self.key.as_ref().map(|key| &key.key_status)
    }

    /// Records that OnceHub has accepted the key.
    pub(super) fn accept(&self) {
        if let (Some(key), Some(address)) = (&self.key, &self.address)
            && (key.key_status.accept() || !address.knows(&key.name))
        {
            address.accept(&key.name, &self.account.root());
        }
    }

    /// Records that OnceHub has rejected the key.
    pub(super) fn refuse(&self, error: Error) {
        if let (Some(key), Some(address)) = (&self.key, &self.address) {
            key.key_status.refuse(error);
            address.forget(&key.name);
        }
    }

    /// Records the key's account, as OnceHub has named it: all keys of an account share its windows.
    pub(super) fn name(&self, account: &str) {
        if let Some(address) = &self.address {
            address.name(&self.account, account);
        }
    }

    /// Returns whether both are budgets of one account, as far as is known.
    pub(super) fn shares_account(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.account.root(), &other.account.root())
    }

    /// Returns the account's name in the store that servers share.
    pub(super) fn shared_name(&self) -> Arc<str> {
        self.account.root().shared_name()
    }

    /// Returns whether the store had notices for the account when its last request was sent.
    pub(super) fn has_notices(&self) -> bool {
        self.account.root().has_notices()
    }

    /// Waits for a free moment. A call that `has_begun`, having sent a request before, goes ahead of those that have
    /// not.
    ///
    /// # Errors
    /// How long the wait would be, if it would end after `deadline`; then nothing is reserved.
    pub async fn acquire(&self, deadline: Instant, has_begun: bool) -> Result<(), Duration> {
        let account = self.account.root();
        if has_begun || account.windows.is_empty() {
            return self.wait(deadline).await;
        }
        match tokio::time::timeout_at(deadline, account.door.lock()).await {
            Ok(_in_front) => self.wait(deadline).await,
            Err(_) => Err(account.windows.iter().map(|window| window.period).min().unwrap_or_default()),
        }
    }

    async fn wait(&self, deadline: Instant) -> Result<(), Duration> {
        let strangers_deadline = deadline.min(Instant::now() + STRANGERS_WAIT);
        let mut place = None;
        loop {
            let account = self.account.root();
            let Some(address) = &self.address else {
                match account.moment(deadline).await {
                    Ok(_) => return Ok(()),
                    Err(NoSlot::TooLate(wait)) => return Err(wait),
                    Err(NoSlot::Elsewhere) => continue,
                }
            };
            let stranger = self.key.as_ref().filter(|key| !key.key_status.is_accepted()).map(|key| key.network);
            let freed = address.freed();
            let at = match self.moment(address, &account, stranger, deadline).await {
                Ok(()) => return Ok(()),
                Err(NotNow::Never(wait)) => return Err(wait),
                Err(NotNow::Again) => continue,
                Err(NotNow::At(at)) => at,
            };
            let now = Instant::now();
            let too_late = Err(at.saturating_duration_since(now));
            let Some(network) = stranger else {
                if at > deadline {
                    return too_late;
                }
                tokio::time::sleep_until(at).await;
                continue;
            };
            let until = match place.get_or_insert_with(|| address.enqueue(network)).behind() {
                0 if at <= deadline => at,
                0..LINE => strangers_deadline,
                _ => now,
            };
            if until <= now {
                return too_late;
            }
            let _ = tokio::time::timeout_at(until, freed).await;
        }
    }

    /// Waits for a moment at which the windows of the account, and of its address, let a request leave.
    async fn moment(
        &self,
        address: &Address,
        account: &Arc<Account>,
        stranger: Option<IpAddr>,
        deadline: Instant,
    ) -> Result<(), NotNow> {
        let shared = address.windows_of_all();
        let network = shared.zip(stranger).map(|(shared, network)| shared.name_of(&network.to_string()));
        if let Some(shared) = shared {
            // A stranger waits here: room for it may come earlier than is known there.
            let patience = if stranger.is_some() { Duration::ZERO } else { deadline - Instant::now() };
            match shared.moment(account, network.as_deref(), patience).await {
                Ok(()) => return Ok(()),
                Err(NoMoment::TooLate(wait)) if stranger.is_some() => return Err(NotNow::At(Instant::now() + wait)),
                Err(NoMoment::TooLate(wait)) => return Err(NotNow::Never(wait)),
                Err(NoMoment::Again) => return Err(NotNow::Again),
                Err(NoMoment::Unavailable) => {
                    let outage = shared.outage();
                    address.begin(&outage);
                    account.begin(outage.number, &outage.account, outage.account_from);
                }
            }
        }
        let moment = account.moment(deadline).await.map_err(|no_slot| match no_slot {
            NoSlot::TooLate(wait) => NotNow::Never(wait),
            NoSlot::Elsewhere => NotNow::Again,
        })?;
        if shared.is_some_and(|shared| !shared.is_away()) {
            account.give_back(moment);
            return Err(NotNow::Again);
        }
        if let Err(at) = address.take(Owner { account: account.number, stranger }) {
            // The account had room, but its address had not: nothing is reserved while it waits.
            account.give_back(moment);
            return Err(NotNow::At(at));
        }
        if let Some(shared) = shared {
            shared.sent(account, network.as_deref());
        }
        Ok(())
    }

    /// Holds back the account's requests for this long after a rate-limit rejection, and everybody's if the limit seems
    /// to be the address's.
    pub(super) fn pause(&self, wait: Duration) {
        let account = self.account.root();
        account.pause(wait);
        let is_known = self.key_status().is_none_or(KeyStatus::is_accepted);
        let Some(address) = &self.address else { return };
        if let Some(shared) = address.windows_of_all() {
            shared.pause(&account, wait, is_known);
        }
        if is_known {
            address.refused(account.number, wait);
        }
    }

    /// Returns how many requests each of the account's windows has left.
    pub fn left(&self) -> Vec<(Window, usize)> {
        self.account.root().left()
    }
}

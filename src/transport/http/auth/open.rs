//! The sign-ins with which sessions and streams are open at this server: they end with it, and with what the operator's map
//! says of its person.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::Auth;
use super::grant::Grant;
use crate::store::{SignIn, Standing};

/// A sign-in that is in use here.
pub(in crate::transport::http) struct InUse {
    grant: Grant,
    /// Cancelled when it is known to have ended, or to be good for nothing.
    pub(in crate::transport::http) ended: CancellationToken,
}

/// Ids of sign-ins are in no log.
impl fmt::Debug for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InUse").finish_non_exhaustive()
    }
}

/// All sign-ins in use here, by their ids.
#[derive(Default)]
pub(super) struct AllInUse(Mutex<HashMap<String, Weak<InUse>>>);

impl AllInUse {
    /// Counts one more use of a grant.
    pub(super) fn add(&self, grant: &Grant) -> Arc<InUse> {
        let mut all = self.0.lock();
        let in_use = all.get(&grant.id).and_then(Weak::upgrade);
        // Who is let in again has nothing to do with what had to end.
        if let Some(in_use) = in_use.filter(|in_use| !in_use.ended.is_cancelled()) {
            return in_use;
        }
        let in_use = Arc::new(InUse { grant: grant.clone(), ended: CancellationToken::new() });
        all.insert(grant.id.clone(), Arc::downgrade(&in_use));
        in_use
    }

    /// Returns those that are still in use.
    fn current(&self) -> Vec<Arc<InUse>> {
        let mut all = self.0.lock();
        all.retain(|_, in_use| in_use.strong_count() > 0);
        all.values().filter_map(Weak::upgrade).collect()
    }
}

impl Auth {
    /// Ends what is open with sign-ins that have ended: here, or at a server that shares the store; and with those that are
    /// good for nothing any more.
    pub(in crate::transport::http) async fn look(&self) {
        let mut in_use = self.in_use.current();
        in_use.retain(|in_use| {
            let is_good = self.opened(in_use.grant.clone()).is_ok();
            if !is_good {
                in_use.ended.cancel();
            }
            is_good
        });
        if in_use.is_empty() {
            return;
        }
        let sign_ins: Vec<SignIn> = in_use.iter().map(|in_use| in_use.grant.sign_in()).collect();
        // A store that is away says so to the next request. What is open stays until it is back.
        let Ok(standings) = self.store.standing(&sign_ins).await else { return };
        for (in_use, standing) in in_use.iter().zip(standings) {
            if standing == Standing::Ended {
                in_use.ended.cancel();
            }
        }
    }
}

//! A simulated OnceHub: the far side of the wire. It serves a whole account over real HTTP on this machine, for
//! newcomers without one (`--sandbox`), for `oncehub-mcp sandbox`, and for tests, which can make it fail on purpose.
//!
//! It shares no types with the client, so that a field misspelled there is not misspelled here too. Reading order: a
//! [`World`] is the account's state; `routes` passes a `Request` to the file of its noun, which answers or rejects it
//! as OnceHub would; `noun` lists, finds, expands and redacts the objects of all of them; `server` puts that on the
//! wire, enforces the rate limits and applies each [`Fault`]; `seed` creates the account.

mod availability;
mod booking_calendars;
mod bookings;
mod classic;
mod contacts;
mod fault;
mod limits;
mod notifications;
mod noun;
mod request;
mod routes;
mod seed;
mod server;
mod slots;
mod teams;
mod users;
mod webhooks;
mod world;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;

pub use fault::{Effect, Fault};
pub use limits::Limits;
pub use server::Seen;
pub use world::{HostShows, World};

/// The key that a new sandbox accepts. It opens nothing but a sandbox.
pub const KEY: &str = "sandbox-key-that-opens-nothing-real";

/// Who a person that tries a sandbox is: a user with calendars, colleagues and meetings of their own.
pub const ME: &str = "dana@northlight.example";

/// A source of the current time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The settings of a sandbox.
#[derive(Clone)]
pub struct Settings {
    /// The loopback address to listen on; port 0 picks a free port.
    pub listen: SocketAddr,
    /// The clock. The account's data is placed around the moment of the start.
    pub now: Clock,
    /// OnceHub's rate limits; `None` switches them off.
    pub limits: Option<Limits>,
    /// How many extra past bookings to create, for testing long lists.
    pub more_bookings: usize,
    /// How many bookings of the past year to create, for reports: as varied as real ones.
    pub history: usize,
    /// How many extra calendars to create, for looking through many.
    pub more_calendars: usize,
}

/// The history of an account that people try.
pub const HISTORY: usize = 1000;

impl Settings {
    /// Creates an account in its initial state.
    fn new_world(&self) -> World {
        seed::account(self)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            now: Arc::new(Timestamp::now),
            limits: Some(Limits::default()),
            more_bookings: 0,
            history: 0,
            more_calendars: 0,
        }
    }
}

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    address: SocketAddr,
    shared: Arc<server::Shared>,
    serving: tokio::task::JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox.
    ///
    /// # Errors
    /// When the address is taken, or is not a loopback address.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        if !settings.listen.ip().is_loopback() {
            let problem = "the sandbox only listens on this machine (127.0.0.1 or ::1)";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let listener = tokio::net::TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(server::Shared::new(settings));
        let serving = tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, serving })
    }

    /// Returns its base URL, without `/v2`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Reads or changes the account behind the API's back.
    pub fn with<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        look(&mut self.shared.world.lock())
    }

    /// Opens another account, to which only this key belongs, and which `furnish` makes different from the first.
    pub fn open_account(&self, key: &str, furnish: impl FnOnce(&mut World)) {
        let mut world = self.shared.settings.new_world();
        world.keys = vec![key.to_owned()];
        let mut others = self.shared.others.lock();
        // No two accounts have the same owner, by whom `GET /test` tells them apart.
        world.rename_owner(&format!("account{}.", others.len() + 2));
        furnish(&mut world);
        others.push(world);
    }

    /// Makes it fail on purpose. Faults apply in the order in which they were added, one per request.
    pub fn fail(&self, fault: Fault) {
        self.shared.faults.lock().push(fault);
    }

    /// Removes all faults.
    pub fn heal(&self) {
        self.shared.faults.lock().clear();
    }

    /// Resumes the requests that it [holds](fault::Effect::Hold), and stops holding any.
    pub fn release(&self) {
        self.shared.released.cancel();
    }

    /// Returns the requests it has received, in order.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.seen.lock().iter().cloned().collect()
    }

    /// Returns the requests received since they were last forgotten, and forgets them.
    pub fn forget_requests(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.shared.seen.lock())
    }

    /// Returns how many requests have clients waiting for their responses.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.len()
    }

    /// Returns how many requests are in progress, including those whose clients have left.
    pub fn working(&self) -> usize {
        self.shared.working.len()
    }

    /// Returns how many requests a [`Hold`](fault::Effect::Hold) or a [`Delay`](fault::Effect::Delay) is holding up.
    pub fn held(&self) -> usize {
        self.shared.held.len()
    }

    /// Sets the keys that it accepts from now on.
    pub fn set_keys(&self, keys: &[&str]) {
        self.with(|world| world.keys = keys.iter().map(ToString::to_string).collect());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.serving.abort();
        self.shared.stop.cancel();
    }
}

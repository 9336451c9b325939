//! Room 6: the pretend OnceHub, the far side of the wire. A whole account, over real HTTP on this machine: for newcomers
//! without one (`--sandbox`), for `oncehub-mcp sandbox`, and for tests, which can make it fail on purpose.
//!
//! It shares no type with the client, so that a field misspelt there is not misspelt here too. Reading order: a [`World`] is
//! the account's state, which `shown` puts into JSON; `routes` sends a `Request` to the file of its noun, which answers or refuses as OnceHub would;
//! `server` puts that on the wire, keeps the rate limits and breaks what a [`Fault`] says; `seed` makes the account.

mod account;
mod availability;
mod booking_calendars;
mod booking_pages;
mod bookings;
mod contacts;
mod event_types;
mod fault;
mod limits;
mod master_pages;
mod notifications;
mod request;
mod routes;
mod seed;
mod server;
mod shown;
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

/// Where time comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How a sandbox is set up.
#[derive(Clone)]
pub struct Settings {
    /// An address of this machine; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The clock. The account is placed around the moment at which it starts.
    pub now: Clock,
    /// OnceHub's rate limits; none switches them off.
    pub limits: Option<Limits>,
    /// How many more bookings there were in the past, for lists that have to be long.
    pub more_bookings: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            now: Arc::new(Timestamp::now),
            limits: Some(Limits::default()),
            more_bookings: 0,
        }
    }
}

/// A running sandbox. It ends when this is dropped.
pub struct Sandbox {
    address: SocketAddr,
    shared: Arc<server::Shared>,
    serving: tokio::task::JoinHandle<()>,
}

impl Sandbox {
    /// Starts one.
    ///
    /// # Errors
    /// When the address is taken, or is not one of this machine alone.
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

    /// Where it is, without `/v2`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Reads or changes the account behind the API's back.
    pub fn with<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        look(&mut self.shared.world.lock())
    }

    /// Opens one more account, which only this key belongs to, and which `furnish` makes different from the first.
    pub fn open_account(&self, key: &str, furnish: impl FnOnce(&mut World)) {
        let mut world = self.shared.new_world();
        world.keys = vec![key.to_owned()];
        let mut others = self.shared.others.lock();
        // Two accounts have no owner in common, by whom `GET /test` tells them apart.
        world.rename_owner(&format!("account{}.", others.len() + 2));
        furnish(&mut world);
        others.push(world);
    }

    /// Makes it fail on purpose. Faults apply in the order in which they were added, one to a request.
    pub fn fail(&self, fault: Fault) {
        self.shared.faults.lock().push(fault);
    }

    /// Lets it work again.
    pub fn heal(&self) {
        self.shared.faults.lock().clear();
    }

    /// Goes on with what it [holds](fault::Effect::Hold), and holds nothing any more.
    pub fn release(&self) {
        self.shared.released.cancel();
    }

    /// What it has been asked, in order.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.seen.lock().iter().cloned().collect()
    }

    /// What it has been asked since it was last told to forget it.
    pub fn forget_requests(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.shared.seen.lock())
    }

    /// How many requests have clients that wait for their answers.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// How many requests are worked on, those included whose clients have left.
    pub fn working(&self) -> usize {
        self.shared.working.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// How many requests have come that a [`Hold`](fault::Effect::Hold) or a [`Delay`](fault::Effect::Delay) holds up.
    pub fn held(&self) -> usize {
        self.shared.held.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// The keys that it accepts from now on.
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

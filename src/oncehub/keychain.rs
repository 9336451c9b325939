//! The system's keychain: macOS's, Windows' credentials, or the Secret Service of a Linux desktop.

use std::sync::mpsc::RecvTimeoutError;
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use keyring_core::Entry;
use secrecy::{ExposeSecret, SecretString};

/// The service name under which all keys are stored, each with a name of its own.
const SERVICE: &str = "oncehub-mcp";

/// The timeout for the keychain, including the person who unlocks it: clients wait for their servers about as long.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Returns the key stored under a name, or `None` if there is none.
///
/// # Errors
/// Why the keychain cannot be queried, in words.
pub fn read(name: &str) -> Result<Option<SecretString>, String> {
    with(name, |entry| match entry.get_password() {
        Ok(key) => Ok(Some(key.into())),
        Err(keyring_core::Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
}

/// Stores a key under a name, replacing any earlier one.
///
/// # Errors
/// Why the keychain does not accept it, in words.
pub fn store(name: &str, key: &SecretString) -> Result<(), String> {
    let key = key.clone();
    with(name, move |entry| entry.set_password(key.expose_secret()))
}

/// Runs `act` on an entry, on a separate thread: a keychain may prompt a person first, or never respond, and some start
/// a runtime of their own, which must not happen within ours.
fn with<T: Send + 'static>(
    name: &str,
    act: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, String> {
    static OPENED: OnceLock<Result<(), String>> = OnceLock::new();
    let (name, (tell, told)) = (name.to_owned(), mpsc::channel());
    thread::spawn(move || {
        let done = OPENED.get_or_init(|| open().map_err(|error| error.to_string())).clone().and_then(|()| {
            let entry = Entry::new(SERVICE, &name).map_err(|error| error.to_string())?;
            act(&entry).map_err(|error| error.to_string())
        });
        // Ignore: the receiver may have timed out.
        let _ = tell.send(done);
    });
    told.recv_timeout(TIMEOUT).unwrap_or_else(|gone| {
        Err(match gone {
            RecvTimeoutError::Timeout => format!("it has not answered within {} s: is it locked?", TIMEOUT.as_secs()),
            RecvTimeoutError::Disconnected => "it failed because of a bug in this program".into(),
        })
    })
}

fn open() -> keyring_core::Result<()> {
    #[cfg(target_os = "macos")]
    let store = apple_native_keyring_store::keychain::Store::new()?;
    #[cfg(windows)]
    let store = windows_native_keyring_store::Store::new()?;
    #[cfg(all(unix, not(target_os = "macos")))]
    let store = zbus_secret_service_keyring_store::Store::new()?;
    keyring_core::set_default_store(store);
    Ok(())
}

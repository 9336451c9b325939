//! The system's keychain: that of macOS, the credentials of Windows, or the Secret Service of a Linux desktop.

use std::sync::mpsc::RecvTimeoutError;
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use keyring_core::Entry;
use secrecy::{ExposeSecret, SecretString};

/// Under which all keys are kept, each with a name of its own.
const SERVICE: &str = "oncehub-mcp";

/// How long a keychain may take, the person who unlocks it included: a client waits for its servers about as long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The key that is kept under a name; nothing if there is none.
///
/// # Errors
/// Why the keychain cannot be asked, in words.
pub fn read(name: &str) -> Result<Option<SecretString>, String> {
    with(name, |entry| match entry.get_password() {
        Ok(key) => Ok(Some(key.into())),
        Err(keyring_core::Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
}

/// Keeps a key under a name, in place of the one that was there.
///
/// # Errors
/// Why the keychain does not take it, in words.
pub fn store(name: &str, key: &SecretString) -> Result<(), String> {
    let key = key.clone();
    with(name, move |entry| entry.set_password(key.expose_secret()))
}

/// Does something with an entry, on a thread of its own: a keychain may ask a person first, or never answer, and some bring a
/// runtime of their own, which does not bear to be started within ours.
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
        // Nobody may be waiting any more.
        let _ = tell.send(done);
    });
    told.recv_timeout(PATIENCE).unwrap_or_else(|gone| {
        Err(match gone {
            RecvTimeoutError::Timeout => format!("it has not answered within {} s: is it locked?", PATIENCE.as_secs()),
            RecvTimeoutError::Disconnected => "it failed through a fault of this program".into(),
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

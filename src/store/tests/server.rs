//! A Redis or Valkey of its own for a test, at a socket in a folder that goes with it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The program of tests that name none in this variable.
const REDIS: &str = "redis-server";
const PROGRAM: &str = "ONCEHUB_STORE_SERVER";

/// A running Redis.
pub(crate) struct RedisServer {
    folder: TempDir,
    process: Option<Child>,
    settings: Vec<String>,
}

impl RedisServer {
    /// Starts a Redis with these settings beside its own.
    pub(crate) fn with(settings: &[&str]) -> Self {
        let settings = settings.iter().map(ToString::to_string).collect();
        let mut server = Self { folder: tempfile::tempdir().unwrap(), process: None, settings };
        server.start();
        server
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Starts it; after it was stopped it has forgotten everything.
    pub(crate) fn start(&mut self) {
        let program =
            std::env::var_os(PROGRAM).filter(|name| !name.is_empty()).unwrap_or_else(|| OsString::from(REDIS));
        let mut command = Command::new(&program);
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(self.socket());
        command.args(&self.settings).current_dir(self.folder.path()).stdout(Stdio::null());
        let process = command.spawn();
        self.process = Some(process.unwrap_or_else(|error| {
            panic!("{}: {error} (Debian has packages redis-server and valkey-server)", program.display())
        }));
        let deadline = Instant::now() + Duration::from_secs(30);
        // Its socket is there as soon as it listens.
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            assert!(Instant::now() < deadline, "{} does not listen", program.display());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &*id]).status().unwrap().success());
    }

    /// Stops it at once.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        let _ = std::fs::remove_file(self.socket());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

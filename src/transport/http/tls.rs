//! TLS: a certificate and its key, read again when their files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The shortest interval between checks of the files.
const LOOK: Duration = Duration::from_secs(1);

/// A certificate and its key, as read from their files.
#[derive(Debug)]
pub struct Certificates {
    chain: PathBuf,
    key: PathBuf,
    read: Mutex<Read>,
}

#[derive(Debug)]
struct Read {
    config: Arc<ServerConfig>,
    changed: Changed,
    looked: Instant,
}

/// When each of the files was last modified.
type Changed = [Option<SystemTime>; 2];

/// The reason a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// A file cannot be read, or does not contain what it should.
    #[error("no {what} can be read from {path} (PEM): {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The certificate and the key do not match, or are of an unsupported kind.
    #[error("the certificate and the key cannot be used together: {0}")]
    Pair(#[from] rustls::Error),
}

impl Certificates {
    /// Reads the certificate and the key.
    pub fn new(chain: PathBuf, key: PathBuf) -> Result<Self, BadCertificate> {
        let changed = changed(&chain, &key);
        let read = Read { config: load(&chain, &key)?, changed, looked: Instant::now() };
        Ok(Self { chain, key, read: Mutex::new(read) })
    }

    /// Returns the configuration for the next connection. If changed files cannot be used, the old certificate stays.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        let mut read = self.read.lock();
        if read.looked.elapsed() >= LOOK {
            read.looked = Instant::now();
            let changed = changed(&self.chain, &self.key);
            if changed != read.changed {
                read.changed = changed;
                match load(&self.chain, &self.key) {
                    Ok(config) => {
                        read.config = config;
                        tracing::info!("read a new TLS certificate");
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the TLS certificate has changed and cannot be used: keeping the old one");
                    }
                }
            }
        }
        Arc::clone(&read.config)
    }
}

fn changed(chain: &Path, key: &Path) -> Changed {
    [chain, key].map(|path| path.metadata().and_then(|data| data.modified()).ok())
}

fn load(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, BadCertificate> {
    let bad = |path: &Path, what| {
        let path = path.to_owned();
        move |error: rustls::pki_types::pem::Error| BadCertificate::File { path, what, reason: error.to_string() }
    };
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(bad(chain, "certificate"))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(bad(key, "private key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

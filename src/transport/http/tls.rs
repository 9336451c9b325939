//! TLS: a certificate and its key, read again when their files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use metrics::gauge;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::parse_x509_certificate;

use super::watched::Watched;

/// A certificate and its key, as read from their files. Clones share them.
#[derive(Clone, Debug)]
pub struct Certificates(Arc<Watched<Served, BadCertificate>>);

/// What connections are served with.
#[derive(Clone, Debug)]
struct Served {
    config: Arc<ServerConfig>,
    chain: Arc<[CertificateDer<'static>]>,
    /// When the first certificate of the chain to expire does, in seconds since 1970; `None` if that cannot be read.
    expires: Option<i64>,
}

/// A certificate stands for its key, too.
impl PartialEq for Served {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

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
    #[error("the certificate {chain} and the key {key} cannot be used together: {reason}")]
    Pair {
        /// The file of the certificate.
        chain: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Certificates {
    /// Reads the certificate and the key.
    pub fn new(chain: PathBuf, key: PathBuf) -> Result<Self, BadCertificate> {
        let files = vec![chain.clone(), key.clone()];
        Ok(Self(Arc::new(Watched::new("TLS certificate", files, move || load(&chain, &key))?)))
    }

    /// Returns the configuration for the next connection. If changed files cannot be used, the old certificate stays.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.0.current().config
    }

    /// Sets the metric that says when the certificate expires.
    pub(super) fn measure(&self) {
        if let Some(expires) = self.0.current().expires {
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
            gauge!("tls_certificate_expiry_timestamp_seconds").set(expires as f64);
        }
    }

    /// Reads both files again now.
    pub fn reload(&self) {
        self.0.reload();
    }
}

fn load(chain: &Path, key: &Path) -> Result<Served, BadCertificate> {
    let bad = |path: &Path, what, reason: String| BadCertificate::File { path: path.to_owned(), what, reason };
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad(chain, "certificate", error.to_string()))?;
    if certificates.is_empty() {
        return Err(bad(chain, "certificate", "there is none in it".into()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, "private key", error.to_string()))?;
    let expiry = |der: &CertificateDer<'_>| Some(parse_x509_certificate(der).ok()?.1.validity().not_after.timestamp());
    let expires = certificates.iter().filter_map(expiry).min();
    let served = certificates.as_slice().into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, private));
    let mut config = config.map_err(|error| BadCertificate::Pair {
        chain: chain.to_owned(),
        key: key.to_owned(),
        reason: error.to_string(),
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Served { config: Arc::new(config), chain: served, expires })
}

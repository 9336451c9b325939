//! The reason there is no answer, and what to do about it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use rustls::{CertificateError, InvalidMessage};

use super::web::shortened;
use crate::cli::check::report::Report;

/// What keeps hosts out, and what to do about it.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) finding: String,
    pub(super) hint: String,
    /// Whether hosts may get on: it is only that nothing can be seen from here.
    is_unknown: bool,
    /// Whether there may be an answer another time.
    pub(super) is_lost: bool,
}

impl Trouble {
    pub(super) fn new(finding: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { finding: finding.into(), hint: hint.into(), is_unknown: false, is_lost: false }
    }

    pub(super) fn unknown(finding: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { is_unknown: true, ..Self::new(finding, hint) }
    }

    /// Says that there may be an answer another time.
    pub(super) fn lost(self) -> Self {
        Self { is_lost: true, ..self }
    }

    /// Says of what it is.
    pub(super) fn of(self, what: &str) -> Self {
        Self { finding: format!("{what}: {}", self.finding), ..self }
    }

    /// Says more of it.
    pub(super) fn and(self, more: &str) -> Self {
        Self { finding: self.finding + more, ..self }
    }

    /// Says what else to do about it.
    pub(super) fn with_hint(self, hint: String) -> Self {
        Self { hint, ..self }
    }

    pub(super) fn is_bad(&self) -> bool {
        !self.is_unknown
    }

    pub(super) fn tell(&self, report: &mut Report, topic: &'static str) {
        if self.is_unknown {
            report.unknown(topic, &self.finding, &self.hint);
        } else {
            report.bad(topic, &self.finding, &self.hint);
        }
    }
}

/// An address that is not on the public internet.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("an address that is not on the public internet")]
pub(super) struct Elsewhere;

/// The reason there is no answer.
#[derive(Debug)]
pub(super) enum Unreached {
    /// It may not be asked: it is on a private network.
    Elsewhere(Elsewhere),
    /// It may not be asked: not over HTTPS.
    Plain,
    /// It may not be asked: it is at another origin, and a proxy would look up where.
    Proxied,
    Refused,
    /// No connection in time.
    Silent,
    /// No answer in time.
    Late(Duration),
    Certificate(CertificateError),
    /// What answers does not speak TLS.
    NotTls,
    /// The handshake failed in another way.
    Handshake(String),
    Lost(String),
}

impl From<&reqwest::Error> for Unreached {
    fn from(error: &reqwest::Error) -> Self {
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        let mut last = String::new();
        while let Some(cause) = next {
            if let Some(elsewhere) = cause.downcast_ref::<Elsewhere>() {
                return Self::Elsewhere(*elsewhere);
            }
            if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
                return Self::from(tls);
            }
            last = cause.to_string();
            let io = cause.downcast_ref::<io::Error>();
            if io.is_some_and(|io| io.kind() == ErrorKind::ConnectionRefused) {
                return Self::Refused;
            }
            // The source of one that wraps another is not that, but its source.
            let wrapped = io.and_then(io::Error::get_ref).map(|inner| inner as &(dyn Error + 'static));
            next = wrapped.or_else(|| cause.source());
        }
        if error.is_timeout() { Self::Silent } else { Self::Lost(last) }
    }
}

impl From<&rustls::Error> for Unreached {
    fn from(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(bad) => Self::Certificate(bad.clone()),
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls,
            other => Self::Handshake(other.to_string()),
        }
    }
}

impl Unreached {
    /// Returns what it is about.
    pub(super) fn topic(&self) -> &'static str {
        match self {
            Self::Certificate(_) | Self::NotTls | Self::Handshake(_) => "tls",
            _ => "network",
        }
    }

    /// Returns what happened at a host, and what to do about it.
    pub(super) fn told(&self, host: &str) -> Trouble {
        let (finding, hint) = match self {
            Self::Elsewhere(elsewhere) => (
                format!("{host} is not asked: it is {elsewhere}"),
                "operator: name addresses that hosts can reach; from here they are not followed into a private network",
            ),
            Self::Plain => (
                format!("{host} is not asked: its address is not https"),
                "operator: name https addresses only; hosts take no others",
            ),
            Self::Proxied => {
                let finding = format!("{host} is not asked: it is at another origin, and this network has a proxy");
                return Trouble::unknown(finding, "you: check from a network without a proxy");
            }
            Self::Refused => (
                format!("{host} refuses the connection"),
                "operator: is the server up, or the proxy in front of it, and at this port?",
            ),
            Self::Silent => (
                format!("{host} accepts no connection within 5 s"),
                "operator: does a firewall let this port in, and does the name lead to the right machine?",
            ),
            Self::Late(patience) => (
                format!("{host} has not answered within {} s; hosts give up then", patience.as_secs()),
                "operator: what does the server's log say? proxy: does it hold answers back?",
            ),
            Self::Certificate(bad) => return certificate(bad, host),
            Self::NotTls => (
                format!("what answers at {host} does not speak TLS"),
                "operator: --tls-cert and --tls-key, or a proxy that has a certificate; proxy: in nginx 'listen … ssl'",
            ),
            Self::Handshake(reason) => (
                format!("no encrypted connection to {host}: {reason}"),
                "proxy: does it take TLS 1.2 or 1.3, and has it a certificate for this name?",
            ),
            Self::Lost(reason) => (
                format!("no answer of {host}: {reason}"),
                "operator: what does the server's log say, and that of the proxy in front of it?",
            ),
        };
        Trouble::new(finding, hint).lost()
    }
}

/// Returns what is wrong with a certificate, and what to do about it.
fn certificate(bad: &CertificateError, host: &str) -> Trouble {
    let (finding, hint) = match bad {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            format!("the certificate of {host} has expired"),
            "certificate: renew it, and have it renewed by itself; is this machine's clock right?",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            format!("the certificate of {host} is not valid yet"),
            "certificate: wait until it is, or replace it; is this machine's clock right?",
        ),
        CertificateError::NotValidForName => (format!("the certificate is not one for {host}"), OTHER_NAME),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = shortened(&presented.join(", "));
            (format!("the certificate is not one for {host}, but for {names}"), OTHER_NAME)
        }
        // With the second, it calls its issuer by the name of one that is.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            format!("the certificate of {host} is not trusted: its issuer is not known"),
            "certificate: take one of a public authority, and serve its whole chain (fullchain.pem)",
        ),
        other => (
            format!("the certificate of {host} is not accepted: {other}"),
            "certificate: take one of a public authority, and serve its whole chain (fullchain.pem)",
        ),
    };
    Trouble::new(finding, hint)
}

const OTHER_NAME: &str = "certificate: get one for this name; proxy: does it serve this name with its own certificate?";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_certificate_is_told_apart() {
        for (bad, part) in [
            (CertificateError::Expired, "has expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidForName, "not one for h"),
            (CertificateError::UnknownIssuer, "issuer is not known"),
            (CertificateError::BadSignature, "issuer is not known"),
            (CertificateError::Revoked, "not accepted: "),
        ] {
            let Trouble { finding, hint, .. } = Unreached::from(&rustls::Error::InvalidCertificate(bad)).told("h");
            assert!(finding.contains(part) && hint.starts_with("certificate: "), "{finding}");
        }
    }

    #[test]
    fn what_never_answers_is_told_apart_from_what_answers_late() {
        for (unreached, part) in [
            (Unreached::Silent, "accepts no connection"),
            (Unreached::Late(Duration::from_secs(10)), "not answered within 10 s"),
            (Unreached::Plain, "is not https"),
            (Unreached::Proxied, "this network has a proxy"),
            (Unreached::Elsewhere(Elsewhere), "not on the public internet"),
            (Unreached::Handshake("x".into()), "no encrypted connection"),
        ] {
            let Trouble { finding, hint, is_unknown, .. } = unreached.told("h");
            assert!(finding.contains(part) && hint.contains(": "), "{finding}");
            assert_eq!(is_unknown, finding.contains("a proxy"), "{finding}");
        }
    }
}

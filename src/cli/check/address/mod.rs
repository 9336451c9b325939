//! `oncehub-mcp check URL`: a server's address, tried as a host would that has nothing to show yet.
//!
//! Reading order: [`greeting`] is the first message, and its [`challenge`] leads to the [`metadata`]; with that clients
//! try to [`sign_in`], up to where a person would be asked; [`hosts`] says who can connect. What they send goes through
//! [`web`], which is bounded, and [`unreached`] says why there is no answer. Who has to act is the first word of a hint:
//! the operator of the server, the proxy in front of it, the certificate, or the person who runs this.

mod challenge;
mod greeting;
mod hosts;
mod metadata;
mod sign_in;
mod unreached;
mod web;

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout};
use url::{Host, Url};
use x509_parser::parse_x509_certificate;

use super::report::Report;
use super::trouble;
use crate::cli::install::{is_of_machine, with_path};
use crate::transport::http::is_public;
use greeting::Wants;
use hosts::{SignIn, Ways};
use metadata::NoSignIn;
use web::{Answer, Web, shortened};

/// How long a name is looked up.
const LOOK_UP: Duration = Duration::from_secs(5);

/// How long a certificate has to be valid for nobody to be told.
const SOON: u64 = 14;

const DAY: u64 = 24 * 60 * 60;

/// Where an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Machine,
    Private,
    /// Here and there.
    Mixed,
    Internet,
    /// On the internet, but not for those who have only IPv4.
    Internet6,
    /// A proxy knows.
    Unknown,
}

impl Place {
    /// Whether only some reach it.
    fn is_near(self) -> bool {
        matches!(self, Self::Machine | Self::Private)
    }

    /// Whether a server that is there may have this machine ask an address: none that is nearer to it. Who asks over a
    /// network does not reach what only this machine reaches.
    fn may_lead_to(self, address: IpAddr) -> bool {
        let is_own = match address.to_canonical() {
            IpAddr::V4(address) => address.is_loopback() || address.is_unspecified() || address.is_link_local(),
            IpAddr::V6(address) => address.is_loopback() || address.is_unspecified() || address.is_unicast_link_local(),
        };
        is_public(address) || self == Self::Machine || self == Self::Private && !is_own
    }
}

/// Reports one finding after another; exit code 1 if any of them is bad.
pub(super) async fn run(url: &Url, is_json: bool) -> anyhow::Result<ExitCode> {
    let mut report = Report::new(is_json);
    look(&mut report, url).await;
    Ok(report.end())
}

/// Goes as far as a host would get.
async fn look(report: &mut Report, given: &Url) -> Option<()> {
    let url = &address(report, given)?;
    let proxy = trouble::proxy(url);
    let (place, found) = place(report, url, proxy.as_ref()).await?;
    let web = match Web::new(url, place, &found, proxy.is_some()) {
        Ok(web) => web,
        Err(reason) => {
            let hint = "you: install this system's certificate authorities (ca-certificates)";
            report.bad("network", &format!("this machine can make no connection: {reason}"), hint);
            return None;
        }
    };
    let began = Instant::now();
    let first = match greeting::first(&web, url).await {
        Ok(answer) => answer,
        Err(unreached) => {
            unreached.told(&host_and_port(url)).tell(report, unreached.topic());
            return None;
        }
    };
    report.fine("network", &format!("answered in {} ms, connection included", began.elapsed().as_millis()));
    if url.scheme() == "https" {
        certificate(report, &first);
    }
    reach(report, url, place);
    let wants = greeting::greet(report, &web, url, first).await?;
    let mut ways = Ways {
        sign_in: SignIn::Unsaid,
        header: None,
        is_open: matches!(wants, Wants::Nothing),
        is_public: !place.is_near() && url.scheme() == "https",
    };
    if let Wants::Credential { challenge, header } = &wants {
        ways.header = Some(*header);
        ways.sign_in = signs_in(report, &web, url, challenge.as_ref()).await;
    }
    hosts::tell(report, &ways);
    Some(())
}

async fn signs_in(report: &mut Report, web: &Web, url: &Url, challenge: Option<&challenge::Challenge>) -> SignIn {
    let resource = match metadata::resource(report, web, url, challenge).await {
        Ok(resource) => resource,
        Err(NoSignIn::Unsaid) => {
            report.fine("sign-in", "none: no metadata says where people could sign in");
            return SignIn::Unsaid;
        }
        Err(NoSignIn::Unusable) => return SignIn::Broken,
    };
    match metadata::server(report, web, url, &resource).await {
        Some(server) => sign_in::attempt(report, web, &resource, &server).await,
        None => SignIn::Broken,
    }
}

/// Reports the address, and completes it.
fn address(report: &mut Report, given: &Url) -> Option<Url> {
    let bad = match given {
        url if !matches!(url.scheme(), "http" | "https") => Some("it is neither https nor http"),
        url if !url.username().is_empty() || url.password().is_some() => Some("there is a name or a password in it"),
        // Either may be a key, which must not be sent anywhere nor shown.
        url if url.query().is_some() || url.fragment().is_some() => Some("there is a '?' or a '#' in it"),
        _ => None,
    };
    if let Some(bad) = bad {
        report.bad("address", &format!("not tried: {bad}"), "you: leave that out; this check sends no secret");
        return None;
    }
    let (url, is_bare) = with_path(given);
    if is_bare {
        let finding = format!("{given} has no path; {url} is checked");
        report.warn("address", &finding, &format!("you: give hosts the whole address, {url}"));
    } else {
        report.fine("address", url.as_str());
    }
    if url.scheme() == "http" && !is_of_machine(&url) {
        let finding = "over plain http keys and tokens can be read on the way, and hosts do not use it";
        report.bad("address", finding, "operator: serve it over https (docs/hosting.md)");
    }
    Some(url)
}

/// Returns where an address is, and what its name means if it was looked up here, and not by a proxy.
async fn place(report: &mut Report, url: &Url, proxy: Option<&trouble::Proxy>) -> Option<(Place, Vec<SocketAddr>)> {
    if let Some(proxy) = proxy {
        report.fine("proxy", &format!("{} points to {}", proxy.variable, proxy.address));
    }
    let name = match url.host()? {
        Host::Ipv4(address) => return Some((place_of(&[address.into()]), Vec::new())),
        Host::Ipv6(address) => return Some((place_of(&[address.into()]), Vec::new())),
        Host::Domain(_) if proxy.is_some() => return Some((Place::Unknown, Vec::new())),
        Host::Domain(name) => name,
    };
    let port = url.port_or_known_default()?;
    let found = match timeout(LOOK_UP, tokio::net::lookup_host((name, port))).await {
        Ok(found) => found.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", LOOK_UP.as_secs())),
    };
    match found {
        Ok(found) => {
            let found: Vec<SocketAddr> = found.collect();
            Some((place_of(&found.iter().map(SocketAddr::ip).collect::<Vec<_>>()), found))
        }
        Err(reason) => {
            let finding = format!("{name} cannot be resolved: {reason}");
            report.bad("network", &finding, "you: is it spelled right? operator: has the name an A record yet?");
            None
        }
    }
}

fn place_of(addresses: &[IpAddr]) -> Place {
    if addresses.iter().all(|address| address.to_canonical().is_loopback()) {
        return Place::Machine;
    }
    if !addresses.iter().any(|address| is_public(*address)) {
        return Place::Private;
    }
    if !addresses.iter().all(|address| is_public(*address)) {
        return Place::Mixed;
    }
    if addresses.iter().any(IpAddr::is_ipv4) { Place::Internet } else { Place::Internet6 }
}

/// Reports from where an address can be reached.
fn reach(report: &mut Report, url: &Url, place: Place) {
    let host = url.host_str().unwrap_or_default();
    match place {
        Place::Machine => report.fine("reach", "only programs of this machine reach it"),
        Place::Private => report.warn(
            "reach",
            "it is on a private network, where hosts on the internet do not reach it",
            "operator: if they are to, give the name a public IPv4 address",
        ),
        Place::Mixed => report.warn(
            "reach",
            &format!("{host} has addresses on the internet and on a private network, and hosts may try any of them"),
            "operator: give the name public addresses alone",
        ),
        Place::Internet6 => report.bad(
            "reach",
            &format!("{host} has no IPv4 address, and Claude calls over IPv4 only"),
            "operator: add an A record",
        ),
        Place::Internet | Place::Unknown => report.unknown(
            "reach",
            "whether it is let in from the internet, over IPv4, cannot be seen from here",
            &format!("you: open {}://{host}/ on a phone without Wi-Fi", url.scheme()),
        ),
    }
}

/// Reports how long a certificate is still valid.
fn certificate(report: &mut Report, answer: &Answer) {
    let der = answer.certificate.as_deref().unwrap_or_default();
    let parsed = parse_x509_certificate(der).ok();
    let until = parsed.and_then(|(_, parsed)| u64::try_from(parsed.validity().not_after.timestamp()).ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match until.map(|until| until.saturating_sub(now) / DAY) {
        Some(days) if days < SOON => {
            let finding = format!("the certificate is trusted, and expires in {days} days");
            report.warn("tls", &finding, "certificate: renew it, and have it renewed by itself");
        }
        Some(days) => report.fine("tls", &format!("the certificate is trusted, and valid for {days} more days")),
        None => report.fine("tls", "the certificate is trusted"),
    }
    if std::env::var_os("SSL_CERT_FILE").is_some() {
        let finding = "SSL_CERT_FILE says what is trusted here; hosts trust public authorities";
        report.unknown("tls", finding, "you: check without SSL_CERT_FILE, too");
    }
}

/// Returns a host as a person names it: with its port, unless that is the usual one.
fn host_and_port(url: &Url) -> String {
    shortened(&url[url::Position::BeforeHost..url::Position::AfterPort])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_where_all_that_its_name_means_are() {
        for (addresses, place) in [
            (&["127.0.0.1", "::1", "::ffff:127.0.0.1"][..], Place::Machine),
            (&["10.0.0.7"], Place::Private),
            (&["0.0.0.0"], Place::Private),
            (&["127.0.0.1", "10.0.0.7"], Place::Private),
            (&["1.1.1.1", "10.0.0.7"], Place::Mixed),
            (&["127.0.0.1", "1.1.1.1"], Place::Mixed),
            (&["2606:4700::1111"], Place::Internet6),
            (&["2606:4700::1111", "1.1.1.1"], Place::Internet),
        ] {
            let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            assert_eq!(place_of(&addresses), place, "{addresses:?}");
        }
    }

    #[test]
    fn it_is_said_from_where_an_address_can_be_reached() {
        let url = Url::parse("https://mcp.example.com/mcp").unwrap();
        for (place, part, is_bad) in [
            (Place::Machine, "only programs of this machine", false),
            (Place::Private, "private network", false),
            (Place::Mixed, "on the internet and on a private network", false),
            (Place::Internet, "open https://mcp.example.com/ on a phone", false),
            (Place::Internet6, "mcp.example.com has no IPv4 address", true),
        ] {
            let mut report = Report::new(true);
            reach(&mut report, &url, place);
            let (said, bad) = report.last();
            assert!(said.starts_with("reach ") && said.contains(part) && bad == is_bad, "{said}");
        }
    }
}

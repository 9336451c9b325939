//! The client address of a request, as far as it is known. The share of strangers is divided by it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::request::Parts;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Returns the client's address: the other end of the connection, or behind a proxy the one that the proxy saw, which
/// is the last in `X-Forwarded-For`. The client may have made up any entry before that one.
pub(super) fn client(request: &Parts, is_behind_proxy: bool) -> IpAddr {
    let peer = request.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let forwarded = || {
        let last = request.headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
        address(last.rsplit(',').next()?.trim())
    };
    is_behind_proxy.then(forwarded).flatten().unwrap_or(peer).to_canonical()
}

/// Returns what stands for a client's address: for IPv6 its /64 network, since a client that has one address there has
/// them all.
pub(super) fn of(request: &Parts, is_behind_proxy: bool) -> IpAddr {
    network(client(request, is_behind_proxy))
}

/// Parses an address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(forwarded: &[&str], is_behind_proxy: bool) -> String {
        let mut request = http::Request::builder().extension(Peer([10, 0, 0, 1].into()));
        for value in forwarded {
            request = request.header(FORWARDED_FOR, *value);
        }
        of(&request.body(()).unwrap().into_parts().0, is_behind_proxy).to_string()
    }

    #[test]
    fn behind_a_proxy_the_last_address_counts_which_the_proxy_has_added() {
        assert_eq!(seen(&["192.0.2.7"], true), "192.0.2.7");
        assert_eq!(seen(&["198.51.100.1, 192.0.2.7"], true), "192.0.2.7", "the first is what the client says");
        assert_eq!(seen(&["198.51.100.1", "203.0.113.9,192.0.2.7"], true), "192.0.2.7", "however many headers");
        assert_eq!(seen(&["192.0.2.7:4711"], true), "192.0.2.7");
        assert_eq!(seen(&["[2001:db8:1:2:3:4:5:6]:4711"], true), "2001:db8:1:2::");
        assert_eq!(seen(&["[2001:db8:1:2:3:4:5:6]"], true), "2001:db8:1:2::");
    }

    #[test]
    fn whatever_is_no_address_counts_as_the_proxys_own() {
        let long = "9".repeat(9_000);
        for odd in ["", "unknown", "192.0.2.7, ", "192.0.2.7, _hidden", "192.0.2", &long] {
            assert_eq!(seen(&[odd], true), "10.0.0.1", "{odd}");
        }
        assert_eq!(seen(&[], true), "10.0.0.1");
    }

    #[test]
    fn without_a_proxy_nobody_says_where_they_come_from() {
        assert_eq!(seen(&["192.0.2.7"], false), "10.0.0.1");
    }

    #[test]
    fn addresses_of_one_network_of_64_bits_are_one() {
        for (address, expected) in [
            ("2001:db8:1:2::1", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::9", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(network(address.parse().unwrap()).to_string(), expected);
        }
    }
}

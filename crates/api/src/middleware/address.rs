//! Where a client is.

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;
use ipnet::IpNet;

/// The client's address. What `X-Forwarded-For` says is believed only as far
/// as trusted proxies added it: read from the right, the first address that is
/// not one of theirs.
pub(crate) fn of(request: &ServiceRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    if trusted.is_empty() {
        return Some(peer);
    }
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok());
    Some(client(peer, forwarded, trusted))
}

/// By what requests of an address are counted: an IPv6 address by its network
/// of 64 bits, which is what one customer is given.
pub(crate) fn counted(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            format!("{}/64", std::net::Ipv6Addr::from(network))
        }
    }
}

fn client<'a>(peer: IpAddr, forwarded: impl Iterator<Item = &'a str>, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).collect();
    let mut last = peer;
    for hop in hops.into_iter().rev() {
        // What cannot be read may have been made up; so may all before it.
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            return last;
        };
        if !is_trusted(&address) {
            return address;
        }
        last = address;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_64_bits_counts_as_one() {
        let of = |text: &str| counted(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let from = |peer: &str, forwarded: &[&str]| {
            client(peer.parse().unwrap(), forwarded.iter().copied(), &trusted).to_string()
        };
        // A stranger claims to be somebody else.
        assert_eq!(from("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        // The client made up the first entry; our proxy added the second.
        assert_eq!(from("10.0.0.1", &["1.1.1.1, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            from("10.0.0.1", &["198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            from("10.0.0.1", &["198.51.100.1", "10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(from("10.0.0.1", &["x, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
    }
}

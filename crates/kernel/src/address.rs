//! Which addresses belong to everybody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What of version 4 is not the public internet: a network and how many bits
/// name it.
pub const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    // The host service of Azure: public by its number, and yet of the host.
    (AZURE_HOST, 32),
];
const AZURE_HOST: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Whether an address is one of the public internet: not of this machine, of a
/// private network, or reserved, by the IANA registries of special-purpose
/// addresses (RFC 6890 and its successors).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|&(network, bits)| {
        let others = 32 - bits;
        u32::from(address) >> others == u32::from(network) >> others
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let segments = address.segments();
    let global = segments[0] & 0xe000 == 0x2000;
    let documentation = segments[0] == 0x2001 && segments[1] == 0x0db8
        || segments[0] == 0x3fff && segments[1] < 0x1000;
    let protocols = segments[0] == 0x2001 && segments[1] < 0x0200;
    // These carry addresses of version 4, which may be private.
    let six_to_four = segments[0] == 0x2002;
    global && !documentation && !protocols && !six_to_four
}

/// Whether clouds tell machines their credentials at an address: what is local
/// to a link, and the few that are elsewhere (AWS and Google by version 6,
/// Alibaba, Oracle, the host service of Azure). Nothing that somebody names is there.
pub fn serves_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_link_local()
                || address == AZURE_HOST
                || matches!(address.octets(), [100, 100, 100, 200] | [192, 0, 0, 192])
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => serves_metadata(mapped.into()),
            None => {
                address.is_unicast_link_local()
                    || matches!(
                        address.segments(),
                        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254]
                            | [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254]
                    )
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "2001::1",
            "2002:a00:1::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn what_tells_credentials_is_known() {
        for metadata in [
            "169.254.169.254",
            "169.254.170.2",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
        ] {
            let metadata: IpAddr = metadata.parse().unwrap();
            assert!(serves_metadata(metadata), "{metadata}");
            assert!(!is_public(metadata), "{metadata}");
        }
        for other in [
            "10.0.0.1",
            "127.0.0.1",
            "1.1.1.1",
            "fd00::1",
            "100.100.100.100",
        ] {
            assert!(!serves_metadata(other.parse().unwrap()), "{other}");
        }
    }
}

//! Who visits a shop, without knowing who it is.
//!
//! A visitor of a day is the hash of their address and what their browser
//! calls itself, with a salt that is drawn for the day and deleted after it.
//! Nothing is stored in the browser, the same person is another visitor on the
//! next day, and without the salt the hashes tell nothing.

use std::net::IpAddr;

use kernel::Timestamp;
use kernel::secret::sha256;

/// How far a visitor came, as bits: each visitor of a day has some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage(u8);

impl Stage {
    /// Saw anything of the shop.
    pub const VISITED: Self = Self(1);
    /// Looked at a product.
    pub const VIEWED: Self = Self(1 | 2);
    /// Put something into a cart.
    pub const FILLED_CART: Self = Self(1 | 4);
    /// Placed an order.
    pub const CHECKED_OUT: Self = Self(1 | 8);

    /// As stored.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Somebody, as long as they are only in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Visitor {
    address: IpAddr,
    agent: [u8; 16],
}

/// How far somebody came, and when they were seen first.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// How far.
    pub stage: Stage,
    /// When.
    pub at: Timestamp,
}

/// What programs that read pages on their own call themselves, in part.
const PROGRAMS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "monitor",
    "headless",
    "python",
    "curl",
    "wget",
    "http-client",
    "scrape",
    "uptime",
    "lighthouse",
];

impl Visitor {
    /// Whoever has this address and browser; none for programs that say so, and
    /// for those who say nothing.
    pub fn new(address: Option<IpAddr>, agent: Option<&str>) -> Option<Self> {
        let agent = agent.filter(|agent| !agent.trim().is_empty())?;
        let lower = agent.to_ascii_lowercase();
        if PROGRAMS.iter().any(|program| lower.contains(program)) {
            return None;
        }
        let mut short = [0; 16];
        short.copy_from_slice(&sha256(agent.as_bytes())[..16]);
        Some(Self {
            address: address?.to_canonical(),
            agent: short,
        })
    }

    /// What is stored of them, for a day with this salt.
    pub fn hash(&self, salt: &[u8]) -> Vec<u8> {
        let address = self.address.to_string();
        let whole = [salt, address.as_bytes(), b"/", &self.agent].concat();
        sha256(&whole)[..16].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(address: &str, agent: &str) -> Option<Visitor> {
        Visitor::new(address.parse().ok(), Some(agent))
    }

    #[test]
    fn one_browser_at_one_address_is_one_visitor_of_a_day() {
        let ada = visitor("192.0.2.1", "Mozilla/5.0 Firefox/140").unwrap();
        let same = visitor("::ffff:192.0.2.1", "Mozilla/5.0 Firefox/140").unwrap();
        let bob = visitor("192.0.2.2", "Mozilla/5.0 Firefox/140").unwrap();
        let eve = visitor("192.0.2.1", "Mozilla/5.0 Safari/20").unwrap();
        assert_eq!(ada.hash(b"monday"), same.hash(b"monday"));
        assert_ne!(ada.hash(b"monday"), bob.hash(b"monday"));
        assert_ne!(ada.hash(b"monday"), eve.hash(b"monday"));
        assert_ne!(ada.hash(b"monday"), ada.hash(b"tuesday"));
    }

    #[test]
    fn programs_are_no_visitors() {
        for agent in [
            "Googlebot/2.1",
            "curl/8.5",
            "python-requests/2",
            " ",
            "HeadlessChrome",
        ] {
            assert!(visitor("192.0.2.1", agent).is_none(), "{agent}");
        }
        assert!(Visitor::new("192.0.2.1".parse().ok(), None).is_none());
        assert!(Visitor::new(None, Some("Mozilla/5.0")).is_none());
    }
}

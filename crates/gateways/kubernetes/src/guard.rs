//! Which hosts may be talked to.
//!
//! Who registers a cluster names a host; it must not make Sutler reach into
//! the network around it. A name is resolved once, refused if any of its
//! addresses is not public, and the connection goes to those very addresses.
//! Addresses at which clouds tell machines their credentials are never talked
//! to, even where private ones are allowed. Redirects are not followed.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use kernel::address::{is_public, serves_metadata};
use url::{Host, Url};

/// Reads the address of an API server: HTTPS at a public host. Where private
/// addresses are allowed, plain HTTP to this machine is too (`kubectl proxy`).
pub(crate) fn read_server(text: &str, allow_private: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| format!("its server {text:?} is no URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its server has a user or password in the URL; use a token".to_owned());
    }
    let Some(host) = url.host() else {
        return Err(format!("its server {text:?} has no host"));
    };
    if url.query().is_some() || url.fragment().is_some() || url.port() == Some(0) {
        return Err(format!(
            "its server {text:?} is more than https://host:port/path; leave the rest out"
        ));
    }
    let address = match &host {
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address)),
        Host::Domain(_) => None,
    };
    let is_here = address.is_some_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_here && allow_private => {}
        _ => return Err("its server has to begin with https://".to_owned()),
    }
    let name_of_own = matches!(&host, Host::Domain(name) if is_own_name(name));
    if address.is_some_and(serves_metadata) {
        return Err(format!(
            "its server {host} is a link-local address or one of a cloud's metadata service, where no API server is"
        ));
    }
    if !allow_private && (name_of_own || address.is_some_and(|address| !is_public(address))) {
        return Err(format!(
            "its server {host} is not a public address; the operator can allow it with CLUSTERS_ALLOW_PRIVATE_ADDRESSES"
        ));
    }
    Ok(url)
}

/// Names that never leave the own network.
fn is_own_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || ["localhost", "local", "internal", "svc"]
            .iter()
            .any(|end| name.ends_with(&format!(".{end}")))
        || !name.contains('.')
}

/// Why a name was not resolved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotResolved {
    /// It has no addresses.
    #[error("the host has no address")]
    Unknown,
    /// One of them is not public.
    #[error("the host is at an address that is not public")]
    Private,
    /// One of them is where clouds tell credentials.
    #[error("the host is at a link-local address or one of a cloud's metadata service")]
    Metadata,
    /// Nobody answered.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Resolves names as the system does, and refuses private addresses.
#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    pub(crate) allow_private: bool,
}

type Addresses = std::vec::IntoIter<SocketAddr>;

impl tower::Service<Name> for Guarded {
    type Response = Addresses;
    type Error = NotResolved;
    type Future = Pin<Box<dyn Future<Output = Result<Addresses, NotResolved>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotResolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let resolve = move || (name.as_str(), 0).to_socket_addrs();
            let found: Vec<SocketAddr> = tokio::task::spawn_blocking(resolve)
                .await
                .map_err(std::io::Error::other)??
                .collect();
            if found.is_empty() {
                return Err(NotResolved::Unknown);
            }
            checked(found, allow_private)
        })
    }
}

fn checked(found: Vec<SocketAddr>, allow_private: bool) -> Result<Addresses, NotResolved> {
    if found.iter().any(|one| serves_metadata(one.ip())) {
        return Err(NotResolved::Metadata);
    }
    if !allow_private && found.iter().any(|one| !is_public(one.ip())) {
        return Err(NotResolved::Private);
    }
    Ok(found.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_to_public_hosts_is_taken() {
        for good in [
            "https://k8s.example.com",
            "https://k8s.example.com:6443/clusters/1",
            "https://1.1.1.1:6443",
            "https://[2606:4700::1111]",
        ] {
            assert!(read_server(good, false).is_ok(), "{good}");
        }
        for bad in [
            "",
            "k8s.example.com",
            "http://k8s.example.com",
            "ftp://k8s.example.com",
            "https://user:password@k8s.example.com",
            "https://localhost:6443",
            "https://kubernetes.default.svc",
            "https://kubernetes",
            "https://127.0.0.1",
            "https://2130706433",
            "https://k8s.example.com:0",
            "https://k8s.example.com?x=1",
            "https://k8s.example.com#x",
            "https://10.0.0.1",
            "https://169.254.169.254",
            "https://[::1]",
            "https://[::ffff:10.0.0.1]",
        ] {
            assert!(read_server(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn private_hosts_are_taken_where_they_are_allowed() {
        for good in [
            "https://10.0.0.1:6443",
            "https://kubernetes.default.svc",
            "http://127.0.0.1:8001",
        ] {
            assert!(read_server(good, true).is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1:6443",
            "http://k8s.example.com",
            "https://169.254.169.254",
            "https://2852039166",
            "https://[fd00:ec2::254]",
        ] {
            assert!(read_server(bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_bad_address_among_others_is_enough() {
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 0);
        let metadata = vec![at("1.1.1.1"), at("169.254.169.254")];
        for allow_private in [false, true] {
            let found = checked(metadata.clone(), allow_private);
            assert!(matches!(found, Err(NotResolved::Metadata)));
        }
        let private = vec![at("1.1.1.1"), at("10.0.0.1")];
        let found = checked(private.clone(), false);
        assert!(matches!(found, Err(NotResolved::Private)));
        assert_eq!(checked(private, true).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn names_of_private_addresses_are_not_resolved() {
        use tower::Service as _;
        let resolve = |allow_private| {
            let name: Name = "localhost".parse().unwrap();
            Guarded { allow_private }.call(name)
        };
        assert!(matches!(resolve(false).await, Err(NotResolved::Private)));
        assert!(
            resolve(true)
                .await
                .unwrap()
                .all(|one| one.ip().is_loopback())
        );
    }
}

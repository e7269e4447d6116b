//! The HTTP server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::reader::Reader;
use crate::settings::Settings;
use crate::values::Secret;

/// The HTTP server.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where it listens.
    pub bind: SocketAddr,
    /// The base of the links we give out.
    pub public_url: Url,
    /// The base of links into the app, if that is elsewhere.
    pub app_url: Option<Url>,
    /// Threads that serve requests.
    pub workers: NonZeroUsize,
    /// Which browsers' pages may call.
    pub cors_origins: Vec<Url>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The largest request body, in bytes.
    pub max_body_bytes: NonZeroUsize,
    /// How long a client may take to send the head of a request.
    pub header_timeout: Duration,
    /// How long a client may take to send the body of a request.
    pub body_timeout: Duration,
    /// How long the server goes on listening after a signal to stop.
    pub drain_delay: Duration,
    /// How long open requests may go on after a signal to stop.
    pub shutdown_timeout: Duration,
    /// What a scraper of `/metrics` must send.
    pub metrics_token: Option<Secret>,
}

impl Http {
    /// The base of links into the app.
    pub fn app_url(&self) -> &Url {
        self.app_url.as_ref().unwrap_or(&self.public_url)
    }
}

pub(crate) fn read(r: &mut Reader) -> Http {
    let bind = r.value("http.bind", "127.0.0.1:8080", "Where the server listens.");
    Http {
        bind,
        public_url: r.following(
            "http.public_url",
            "http://127.0.0.1:8080",
            at(bind),
            "The origin of the links we give out: pay pages, mails; http:// or https:// without a path. Unless it is set, it follows HTTP_BIND.",
        ),
        app_url: r.optional(
            "http.app_url",
            "https://shop.example",
            "The base of links into the single-page app, in mails and after payment, when that is not HTTP_PUBLIC_URL; it may have a path.",
        ),
        workers: r.value("http.workers", "2", "Threads that serve requests; 1 to 1024."),
        cors_origins: r.value(
            "http.cors_origins",
            "",
            "Origins whose pages may call the API from a browser.",
        ),
        trusted_proxies: r.value(
            "http.trusted_proxies",
            "",
            "Networks of the reverse proxies whose `X-Forwarded-For` is believed.",
        ),
        max_body_bytes: r.value(
            "http.max_body_bytes",
            "262144",
            "The largest request body, in bytes; 1024 to 67108864.",
        ),
        header_timeout: r.value(
            "http.header_timeout",
            "10s",
            "How long a client may take to send the head of a request; 100ms to 10m.",
        ),
        body_timeout: r.value(
            "http.body_timeout",
            "30s",
            "How long a client may take to send the body of a request; 100ms to 10m.",
        ),
        drain_delay: r.value(
            "http.drain_delay",
            "0s",
            "How long the server goes on listening after a signal to stop, answering 503, so that load balancers see `/ready` fail first; some 5s behind one.",
        ),
        shutdown_timeout: r.value(
            "http.shutdown_timeout",
            "20s",
            "How long open requests may go on after a signal to stop.",
        ),
        metrics_token: r.optional(
            "http.metrics_token",
            "a-long-random-text",
            "What a scraper of `/metrics` must send as a bearer token; without it `/metrics` answers everybody.",
        ),
    }
}

/// How this machine itself reaches what listens there.
fn at(bind: SocketAddr) -> Url {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let origin = SocketAddr::new(ip, bind.port());
    Url::parse(&format!("http://{origin}")).expect("an address and a port are an origin")
}

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    for origin in &s.http.cors_origins {
        if origin.path() != "/" || origin.host().is_none() {
            r.mistake(
                "http.cors_origins",
                &format!("{:?}", origin.as_str()),
                "origins without a path, such as https://shop.example",
            );
        }
    }
    let public = &s.http.public_url;
    if !is_base(public) || public.path() != "/" {
        r.mistake(
            "http.public_url",
            &shown(public),
            "an http:// or https:// URL without a path, query or password, such as https://api.shop.example",
        );
    }
    if let Some(app) = &s.http.app_url
        && !is_base(app)
    {
        r.mistake(
            "http.app_url",
            &shown(app),
            "an http:// or https:// URL without a query or password, such as https://shop.example/store",
        );
    }
}

/// Whether links can begin with it.
pub(crate) fn is_base(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

fn shown(url: &Url) -> String {
    if url.password().is_some() {
        "a URL with a password".to_owned()
    } else {
        format!("{:?}", url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Mistakes, Settings, Sources};

    fn load(variables: &[(&str, &str)]) -> Result<Settings, Mistakes> {
        Settings::load(Sources::of(variables.iter().copied(), None))
    }

    #[test]
    fn links_follow_the_address_of_the_server() {
        let public = |variables: &[(&str, &str)]| {
            let http = load(variables).unwrap().http;
            assert_eq!(*http.app_url(), http.public_url);
            String::from(http.public_url)
        };
        assert_eq!(public(&[]), "http://127.0.0.1:8080/");
        for (bind, expected) in [
            ("127.0.0.1:18504", "http://127.0.0.1:18504/"),
            ("192.0.2.7:80", "http://192.0.2.7/"),
            ("0.0.0.0:8081", "http://127.0.0.1:8081/"),
            ("[::]:8081", "http://[::1]:8081/"),
            ("[2001:db8::7]:8081", "http://[2001:db8::7]:8081/"),
        ] {
            assert_eq!(public(&[("HTTP_BIND", bind)]), expected);
        }
        let given = ("HTTP_PUBLIC_URL", "https://shop.example");
        let both = [("HTTP_BIND", "0.0.0.0:8081"), given];
        assert_eq!(public(&both), "https://shop.example/");
    }

    #[test]
    fn links_begin_with_http_and_have_no_query() {
        for bad in [
            "ftp://shop.example",
            "mailto:shop@shop.example",
            "https://shop.example/?a=1",
            "https://shop.example/#a",
            "https://user:hunter2@shop.example",
        ] {
            let both = [("HTTP_PUBLIC_URL", bad), ("HTTP_APP_URL", bad)];
            let text = load(&both).unwrap_err().to_string();
            assert!(text.starts_with("2 mistakes"), "{bad}: {text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
        let app = ("HTTP_APP_URL", "https://shop.example/store/");
        assert!(load(&[app]).is_ok(), "the app may live below a path");
        let text = load(&[("HTTP_PUBLIC_URL", app.1)]).unwrap_err().to_string();
        assert!(text.contains("without a path"), "{text}");
    }
}

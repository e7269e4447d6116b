//! The HTTP server.

use std::net::SocketAddr;
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
    Http {
        bind: r.value("http.bind", "127.0.0.1:8080", "Where the server listens."),
        public_url: r.value(
            "http.public_url",
            "http://127.0.0.1:8080",
            "The base of the links we give out: pay pages, mails.",
        ),
        app_url: r.optional(
            "http.app_url",
            "https://shop.example",
            "The base of links into the single-page app, in mails and after payment, when that is not HTTP_PUBLIC_URL.",
        ),
        workers: r.value("http.workers", "2", "Threads that serve requests."),
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
            "The largest request body, in bytes.",
        ),
        header_timeout: r.value(
            "http.header_timeout",
            "10s",
            "How long a client may take to send the head of a request.",
        ),
        body_timeout: r.value(
            "http.body_timeout",
            "30s",
            "How long a client may take to send the body of a request.",
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
    if !matches!(s.http.public_url.scheme(), "http" | "https") {
        r.mistake(
            "http.public_url",
            &format!("{:?}", s.http.public_url.as_str()),
            "an http:// or https:// URL",
        );
    }
}

//! Bounds and forms of single settings, beyond what their types say.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::reader::Reader;
use crate::settings::Settings;
use crate::values::Secret;

/// What a secret of random bytes has at the very least.
const MIN_DISTINCT: usize = 10;

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    numbers(s, r);
    top_ups(s, r);
    times(s, r);
    addresses(s, r);
    secrets(s, r);
    if EnvFilter::try_new(&s.telemetry.log_filter).is_err() {
        r.mistake(
            "log.filter",
            &format!("{:?}", s.telemetry.log_filter),
            "the syntax of tracing's EnvFilter, such as info,sqlx=warn",
        );
    }
    if !is_sender(&s.mail.from) {
        r.mistake(
            "mail.from",
            &format!("{:?}", s.mail.from),
            "a mail address, with or without a name: My shop <shop@shop.example>",
        );
    }
}

fn numbers(s: &Settings, r: &mut Reader) {
    let bounds = [
        ("http.workers", s.http.workers.get(), 1, 1_024),
        (
            "http.max_body_bytes",
            s.http.max_body_bytes.get(),
            1_024,
            67_108_864,
        ),
        (
            "database.max_connections",
            usize::try_from(s.database.max_connections.get()).unwrap_or(usize::MAX),
            1,
            10_000,
        ),
        (
            "images.max_bytes",
            s.media.max_bytes.get(),
            1_024,
            67_108_864,
        ),
        (
            "images.max_pixels",
            s.media.max_pixels.get(),
            10_000,
            100_000_000,
        ),
        ("images.concurrency", s.media.concurrency.get(), 1, 64),
        (
            "imports.max_bytes",
            s.imports.max_bytes.get(),
            1_024,
            1_073_741_824,
        ),
        ("imports.max_rows", s.imports.max_rows.get(), 1, 1_000_000),
    ];
    for (key, value, least, most) in bounds {
        if !(least..=most).contains(&value) {
            let expected = format!("a whole number from {least} to {most}");
            r.mistake(key, &value.to_string(), &expected);
        }
    }
}

fn top_ups(s: &Settings, r: &mut Reader) {
    let (least, most) = (s.credits.top_up_min.get(), s.credits.top_up_max.get());
    if most < least {
        let expected = format!("at least CREDITS_TOP_UP_MIN, which is {least}");
        r.mistake("credits.top_up_max", &most.to_string(), &expected);
    }
}

fn times(s: &Settings, r: &mut Reader) {
    let (millis, secs) = (Duration::from_millis, Duration::from_secs);
    let bounds = [
        (
            "http.header_timeout",
            s.http.header_timeout,
            millis(100)..=secs(600),
            "100ms to 10m",
        ),
        (
            "http.body_timeout",
            s.http.body_timeout,
            millis(100)..=secs(600),
            "100ms to 10m",
        ),
        (
            "database.start_timeout",
            s.database.start_timeout,
            secs(0)..=secs(600),
            "0s to 10m",
        ),
        (
            "database.acquire_timeout",
            s.database.acquire_timeout,
            millis(100)..=secs(60),
            "100ms to 1m",
        ),
        (
            "auth.refresh_leeway",
            s.auth.refresh_leeway,
            secs(0)..=secs(60),
            "0s to 1m",
        ),
        (
            "jobs.poll_interval",
            s.jobs.poll_interval,
            // Between two looks a worker renews its leases.
            millis(10)..=secs(60).min(s.jobs.lease / 3),
            "10ms to 1m, and at most a third of JOBS_LEASE",
        ),
        (
            "jobs.lease",
            s.jobs.lease,
            secs(2)..=secs(3_600),
            "2s to 1h",
        ),
    ];
    for (key, value, range, expected) in bounds {
        if !range.contains(&value) {
            r.mistake(key, &format!("{value:?}"), expected);
        }
    }
    checkout_times(s, r);
}

fn checkout_times(s: &Settings, r: &mut Reader) {
    // Stripe counts its half hour from when it hears of a session, which is a
    // little later than when we decide on one.
    let (least, expected) = match &s.payments.stripe {
        Some(_) => (
            31,
            "31m to 24h; Stripe allows 30m to 24h from when it hears of a session",
        ),
        None => (1, "1m to 24h"),
    };
    let ttl = s.checkout.session_ttl;
    if !(Duration::from_mins(least)..=Duration::from_hours(24)).contains(&ttl) {
        r.mistake("checkout.session_ttl", &format!("{ttl:?}"), expected);
    }
    // Nobody's order is canceled while the first page to pay it is open.
    for (name, pending) in [
        ("checkout.pending_ttl", s.checkout.pending_ttl),
        ("checkout.exchange_ttl", s.checkout.exchange_ttl),
    ] {
        if pending <= ttl.saturating_add(s.checkout.reservation_grace) {
            r.mistake(
                name,
                &format!("{pending:?}"),
                "more than CHECKOUT_SESSION_TTL and CHECKOUT_RESERVATION_GRACE together",
            );
        }
    }
}

/// Addresses that may hold a password and so are not shown.
fn addresses(s: &Settings, r: &mut Reader) {
    let known: [(&'static str, &Option<Secret>, &[&str]); 4] = [
        ("redis.url", &s.redis_url, &["redis", "rediss"]),
        ("nats.url", &s.nats_url, &["nats", "tls", "ws", "wss"]),
        ("smtp.url", &s.mail.smtp_url, &["smtp", "smtps"]),
        ("sentry.dsn", &s.telemetry.sentry_dsn, &["https", "http"]),
    ];
    for (key, value, schemes) in known {
        let Some(text) = value else { continue };
        let good = Url::parse(text.expose_secret()).is_ok_and(|url| {
            let is_dsn = !url.username().is_empty() && url.path().len() > 1;
            schemes.contains(&url.scheme()) && url.has_host() && (key != "sentry.dsn" || is_dsn)
        });
        if !good {
            let schemes: Vec<String> = schemes.iter().map(|one| format!("{one}://")).collect();
            let form = if key == "sentry.dsn" {
                "the DSN of a project, such as https://key@sentry.example/1".to_owned()
            } else {
                format!(
                    "a URL with a host that begins with {}",
                    schemes.join(" or ")
                )
            };
            r.mistake(key, "something else (hidden, it may hold a secret)", &form);
        }
    }
}

fn secrets(s: &Settings, r: &mut Reader) {
    for secret in s.secret_key.iter().chain(&s.secret_key_previous) {
        let text = secret.expose_secret();
        let length = text.len();
        let distinct = text
            .chars()
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        let found = if length < kernel::secret::MIN_SECRET {
            format!("a secret of {length} characters")
        } else if text.contains("openssl rand") {
            "the example of the documentation".to_owned()
        } else if distinct < MIN_DISTINCT {
            format!("a secret of {distinct} different characters")
        } else {
            continue;
        };
        r.mistake(
            "secret_key",
            &found,
            "at least 32 random characters; make them with `openssl rand -base64 48`",
        );
    }
    if let Some(stripe) = &s.payments.stripe {
        let key = stripe.secret_key.expose_secret();
        if !["sk_", "rk_"].iter().any(|start| key.starts_with(start)) {
            r.mistake(
                "stripe.secret_key",
                "something else (hidden)",
                "a secret or restricted key, which begins with sk_ or rk_",
            );
        }
    }
}

/// `a@b.example` or `Name <a@b.example>`.
fn is_sender(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    // It is taken as it stands, so it has to be in the form of the wire.
    let sendable =
        kernel::email::normal(address).is_some_and(|known| known.eq_ignore_ascii_case(address));
    sendable && !text.contains(['\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::is_sender;
    use crate::{Settings, Sources};

    fn refused(name: &str, value: &str) -> bool {
        let sources = Sources::of([(name, value)], None);
        match Settings::load(sources) {
            Ok(_) => false,
            Err(mistakes) => {
                let text = mistakes.to_string();
                assert!(text.starts_with("1 mistake "), "{text}");
                text.contains(&format!("{name}: found "))
            }
        }
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        for (name, good, bad) in [
            ("HTTP_WORKERS", ["1", "1024"], ["0", "1025"]),
            (
                "HTTP_MAX_BODY_BYTES",
                ["1024", "67108864"],
                ["1023", "67108865"],
            ),
            ("HTTP_HEADER_TIMEOUT", ["100ms", "10m"], ["99ms", "601s"]),
            ("HTTP_BODY_TIMEOUT", ["100ms", "10m"], ["0s", "1d"]),
            ("DATABASE_MAX_CONNECTIONS", ["1", "10000"], ["0", "10001"]),
            ("DATABASE_ACQUIRE_TIMEOUT", ["100ms", "1m"], ["0s", "61s"]),
            ("AUTH_REFRESH_LEEWAY", ["0s", "1m"], ["61s", "7d"]),
            (
                "AUTH_HASH_MEMORY_KIB",
                ["19456", "1048576"],
                ["8192", "1048577"],
            ),
            ("AUTH_HASH_ITERATIONS", ["2", "100"], ["1", "101"]),
            ("CHECKOUT_SESSION_TTL", ["1m", "23h"], ["59s", "0s"]),
            ("CHECKOUT_PENDING_TTL", ["36m 1s", "30d"], ["36m", "0s"]),
            ("CHECKOUT_EXCHANGE_TTL", ["36m 1s", "90d"], ["36m", "0s"]),
            ("JOBS_POLL_INTERVAL", ["10ms", "20s"], ["0s", "21s"]),
            ("JOBS_LEASE", ["2s", "1h"], ["1999ms", "2h"]),
            (
                "CREDITS_TOP_UP_MAX",
                ["4294967296", "9007199254740991"],
                ["9007199254740992", "99"],
            ),
        ] {
            for value in good {
                assert!(!refused(name, value), "{name}={value} is refused");
            }
            for value in bad {
                assert!(refused(name, value), "{name}={value} is accepted");
            }
        }
    }

    #[test]
    fn senders_are_addresses_with_or_without_a_name() {
        for good in ["shop@localhost", "My shop <shop@shop.example>"] {
            assert!(is_sender(good), "{good}");
        }
        for bad in [
            "",
            "shop",
            "not an address",
            "Shop <shop>",
            "a@b\r\nBcc: c@d",
        ] {
            assert!(!is_sender(bad), "{bad}");
        }
    }
}

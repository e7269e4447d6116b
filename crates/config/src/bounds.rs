//! Bounds and forms of single settings, beyond what their types say.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use tracing_subscriber::EnvFilter;
use url::Url;
use validator::ValidateEmail as _;

use crate::reader::Reader;
use crate::settings::Settings;
use crate::values::Secret;

/// What a secret of random bytes has at the very least.
const MIN_DISTINCT: usize = 10;

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    numbers(s, r);
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
    ];
    for (key, value, least, most) in bounds {
        if !(least..=most).contains(&value) {
            let expected = format!("a whole number from {least} to {most}");
            r.mistake(key, &value.to_string(), &expected);
        }
    }
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
    address.validate_email() && !text.contains(['\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::is_sender;

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

//! The settings, section by section.

use std::path::PathBuf;

use kernel::Currency;
use strum::{EnumString, VariantNames};

use crate::bounds;
use crate::reader::{Entry, Mistakes, Reader};
use crate::sections::abandoned_carts::AbandonedCarts;
use crate::sections::auth::Auth;
use crate::sections::catalog::Catalog;
use crate::sections::checkout::Checkout;
use crate::sections::clusters::Clusters;
use crate::sections::credits::Credits;
use crate::sections::database::Database;
use crate::sections::http::Http;
use crate::sections::imports::Imports;
use crate::sections::jobs::Jobs;
use crate::sections::mail::{Mail, MailTransport};
use crate::sections::media::Media;
use crate::sections::payments::{GatewayName, Payments};
use crate::sections::rate_limits::RateLimits;
use crate::sections::telemetry::Telemetry;
use crate::sections::{
    abandoned_carts, auth, catalog, checkout, clusters, credits, database, http, imports, jobs,
    mail, media, payments, rate_limits, telemetry,
};
use crate::sources::Sources;
use crate::values::{Choice, Secret};

/// Where the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Environment {
    /// On a developer's machine: everything has a default.
    Development,
    /// For real: secrets must be given, the test gateway is refused.
    Production,
}

impl Choice for Environment {}

/// The default tenant, as it is made at the first start.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// What it is called.
    pub name: String,
    /// The currency of its prices.
    pub currency: Currency,
}

/// Everything.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the process runs.
    pub environment: Environment,
    /// Where the embedded database, mails and the development secret are kept.
    pub data_dir: PathBuf,
    /// The installation's secret.
    pub secret_key: Option<Secret>,
    /// Secrets it had before.
    pub secret_key_previous: Vec<Secret>,
    /// The default tenant.
    pub tenant: Tenant,
    /// The HTTP server.
    pub http: Http,
    /// The database.
    pub database: Database,
    /// Redis, to share rate limits among nodes.
    pub redis_url: Option<Secret>,
    /// NATS, to publish events to.
    pub nats_url: Option<Secret>,
    /// Accounts and sessions.
    pub auth: Auth,
    /// Rate limits.
    pub rate_limits: RateLimits,
    /// The public catalog.
    pub catalog: Catalog,
    /// Outgoing mail.
    pub mail: Mail,
    /// Payment.
    pub payments: Payments,
    /// Checkout.
    pub checkout: Checkout,
    /// Wallets.
    pub credits: Credits,
    /// Kubernetes clusters, and what runs there for customers.
    pub clusters: Clusters,
    /// Carts that were left behind.
    pub abandoned_carts: AbandonedCarts,
    /// Background work.
    pub jobs: Jobs,
    /// Pictures.
    pub media: Media,
    /// Imports.
    pub imports: Imports,
    /// Logs, traces, errors.
    pub telemetry: Telemetry,
    /// Variables that look like settings but are none, for `doctor`.
    pub suspicious_variables: Vec<String>,
}

impl Settings {
    /// Reads everything, or tells all that is wrong.
    pub fn load(sources: Sources) -> Result<Self, Mistakes> {
        let mut reader = Reader::new(sources);
        let mut settings = read(&mut reader);
        check(&settings, &mut reader);
        settings.suspicious_variables = reader.suspicious();
        reader.finish().map(|_| settings)
    }

    /// Every setting there is, for the reference.
    pub fn entries() -> Vec<Entry> {
        let mut reader = Reader::new(Sources::default());
        read(&mut reader);
        reader.entries
    }

    /// Whether this is production.
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }
}

fn read(r: &mut Reader) -> Settings {
    let environment = r.value(
        "environment",
        "development",
        "`development` has defaults for everything; `production` insists on secrets, HTTPS and a real gateway.",
    );
    let data_dir: PathBuf = r.value(
        "data_dir",
        "./data",
        "Where the embedded database, mails and the development secret are kept.",
    );
    Settings {
        environment,
        secret_key: r.optional(
            "secret_key",
            "paste the output of: openssl rand -base64 48",
            "The installation's secret, at least 32 characters; tokens, cursors and sealed values derive from it. In development one is made and kept in the data directory.",
        ),
        secret_key_previous: r.value(
            "secret_key_previous",
            "",
            "Secrets it had before, so that what they made stays good while you rotate.",
        ),
        tenant: Tenant {
            name: r.value(
                "tenant.name",
                "My shop",
                "What the default tenant is called when it is made at the first start; later it is a setting of the tenant.",
            ),
            currency: r.value(
                "tenant.currency",
                "EUR",
                "The currency of the default tenant's prices when it is made at the first start; it stays.",
            ),
        },
        http: http::read(r),
        database: database::read(r, &data_dir),
        redis_url: r.optional(
            "redis.url",
            "redis://127.0.0.1:6379",
            "Redis, so that nodes share their rate limits; without it each node counts for itself.",
        ),
        nats_url: r.optional(
            "nats.url",
            "nats://127.0.0.1:4222",
            "NATS with JetStream, to which every event is published.",
        ),
        auth: auth::read(r),
        rate_limits: rate_limits::read(r),
        catalog: catalog::read(r),
        mail: mail::read(r, &data_dir),
        payments: payments::read(r),
        checkout: checkout::read(r),
        credits: credits::read(r),
        clusters: clusters::read(r),
        abandoned_carts: abandoned_carts::read(r),
        jobs: jobs::read(r),
        media: media::read(r, &data_dir),
        imports: imports::read(r),
        telemetry: telemetry::read(r),
        suspicious_variables: Vec::new(),
        data_dir,
    }
}

/// What only several settings together, or bounds, can show to be wrong.
fn check(s: &Settings, r: &mut Reader) {
    database::check(s, r);
    payments::check(s, r);
    mail::check(s, r);
    auth::check(s, r);
    http::check(s, r);
    abandoned_carts::check(s, r);
    media::check(s, r);
    clusters::check(s, r);
    bounds::check(s, r);
    if s.is_production() {
        check_production(s, r);
    }
}

fn check_production(s: &Settings, r: &mut Reader) {
    if s.secret_key.is_none() {
        r.mistake(
            "secret_key",
            "nothing",
            "a secret of at least 32 characters, because ENVIRONMENT is production",
        );
    }
    if s.payments.test_enabled {
        r.mistake(
            "payment.test_enabled",
            "true",
            "false, because ENVIRONMENT is production and the test gateway takes no money",
        );
    }
    if s.payments.gateway == GatewayName::Test {
        r.mistake(
            "payment.gateway",
            "\"test\"",
            "a real gateway, because ENVIRONMENT is production",
        );
    }
    if s.http.public_url.scheme() != "https" {
        r.mistake(
            "http.public_url",
            &format!("{:?}", s.http.public_url.as_str()),
            "an https:// URL, because ENVIRONMENT is production",
        );
    }
    if s.mail.transport == MailTransport::Folder {
        r.mistake(
            "mail.transport",
            "\"folder\"",
            "smtp or resend, because ENVIRONMENT is production and mails in a folder reach nobody",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn load(variables: &[(&str, &str)], file: Option<&str>) -> Result<Settings, Mistakes> {
        Settings::load(Sources::of(variables.iter().copied(), file))
    }

    #[test]
    fn defaults_are_enough_for_development() {
        let settings = load(&[], None).unwrap();
        assert_eq!(settings.http.bind.port(), 8080);
        assert_eq!(settings.payments.gateway, GatewayName::Test);
    }

    #[test]
    fn a_variable_wins_over_the_file() {
        let file = "[http]\nbind = \"127.0.0.1:1\"\nworkers = 3\ncors_origins = [\"https://a.example\", \"https://b.example\"]";
        let settings = load(&[("HTTP_BIND", "127.0.0.1:2")], Some(file)).unwrap();
        assert_eq!(settings.http.bind.port(), 2);
        assert_eq!(settings.http.workers.get(), 3);
        assert_eq!(settings.http.cors_origins.len(), 2);
    }

    #[test]
    fn all_mistakes_are_told_at_once_and_secrets_never() {
        let Err(mistakes) = load(
            &[
                ("ENVIRONMENT", "production"),
                ("HTTP_BIND", "here"),
                ("DATABASE_URL", "mysql://root:hunter2@db/x"),
                ("SECRET_KEY", "tooshort-hunter2"),
                ("AUTH_ACCESS_TTL", "48h"),
                ("STRIPE_SECRET_KEY", "sk_live_hunter2"),
                ("STRIPE_API_BASE", "http://stripe.example"),
                ("STRIPE_TIMEOUT", "3m"),
                ("CHECKOUT_SESSION_TTL", "30m"),
                ("ABANDONED_CART_AFTER", "1m"),
                ("ABANDONED_CART_WEBHOOK_URL", "ftp://crm.example"),
                ("CLUSTERS_TIMEOUT", "5m"),
                ("CLUSTERS_NAMESPACE_PREFIX", "Sutler"),
            ],
            Some("[databse]\nurl = \"x\""),
        ) else {
            panic!("accepted");
        };
        let text = mistakes.to_string();
        for name in [
            "HTTP_BIND: found \"here\", expected an address and port",
            "DATABASE_URL: ",
            "SECRET_KEY: found a secret of 16 characters",
            "AUTH_ACCESS_TTL: ",
            "STRIPE_WEBHOOK_SECRET: found nothing",
            "STRIPE_API_BASE: found \"http://stripe.example/\"",
            "STRIPE_TIMEOUT: ",
            "CHECKOUT_SESSION_TTL: ",
            "ABANDONED_CART_AFTER: ",
            "ABANDONED_CART_WEBHOOK_URL: ",
            "ABANDONED_CART_WEBHOOK_SECRET: found a secret of 0 characters",
            "CLUSTERS_TIMEOUT: ",
            "CLUSTERS_NAMESPACE_PREFIX: ",
            "PAYMENT_TEST_ENABLED: ",
            "PAYMENT_GATEWAY: ",
            "HTTP_PUBLIC_URL: ",
            "MAIL_TRANSPORT: ",
            "databse.url in sutler.toml: found an unknown setting",
        ] {
            assert!(text.contains(name), "{name} is missing in:\n{text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn what_is_kept_follows_the_data_directory() {
        let kept = |variables: &[(&str, &str)]| {
            let settings = load(variables, None).unwrap();
            let url = settings.database.url.expose_secret().to_owned();
            (url, settings.mail.folder)
        };
        let of = |url: &str, folder: &str| (url.to_owned(), PathBuf::from(folder));
        assert_eq!(kept(&[]), of("sqlite://./data/sutler.db", "./data/mail"));
        let there = ("DATA_DIR", "/var/lib/100%");
        assert_eq!(
            kept(&[there]),
            of("sqlite:///var/lib/100%25/sutler.db", "/var/lib/100%/mail")
        );
        let url = ("DATABASE_URL", "sqlite://x.db");
        assert_eq!(
            kept(&[there, url, ("MAIL_FOLDER", "/mails")]),
            of("sqlite://x.db", "/mails")
        );
    }

    #[test]
    fn a_broken_file_is_a_mistake() {
        let text = load(&[], Some("[http\n")).unwrap_err().to_string();
        assert!(text.contains("line 1: found unclosed table"), "{text}");
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let settings = load(
            &[
                ("SECRET_KEY", "hunter2-QWERasdfZXCV1234-hunter2-5678"),
                ("DATABASE_URL", "postgres://u:hunter2@h/d"),
                ("REDIS_URL", "redis://:hunter2@h"),
            ],
            None,
        )
        .unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn look_alike_variables_are_noticed() {
        let settings = load(&[("DATABASE_ULR", "x"), ("HOME", "/")], None).unwrap();
        assert_eq!(settings.suspicious_variables, ["DATABASE_ULR"]);
    }

    #[test]
    fn names_are_unique() {
        let entries = Settings::entries();
        let names: std::collections::BTreeSet<_> =
            entries.iter().map(|entry| &entry.variable).collect();
        assert_eq!(names.len(), entries.len());
    }

    #[test]
    fn the_reference_is_up_to_date() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
        let entries = Settings::entries();
        for (file, expected) in [
            (".env.example", crate::env_example(&entries)),
            ("docs/configuration.md", crate::markdown(&entries)),
        ] {
            let found = std::fs::read_to_string(format!("{root}{file}")).unwrap_or_default();
            assert!(found == expected, "{file} is stale; run `make docs`");
        }
    }
}

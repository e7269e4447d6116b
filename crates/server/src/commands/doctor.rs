//! `sutler doctor`: what is wrong, and how to mend it.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use config::{MailTransport, Settings};
use database::Database;
use gateway_bus::Bus;
use gateway_redis::RedisLimiter;
use gateway_stripe::StripeGateway;
use kernel::secret::Sealer;
use kernel::{Clock as _, Fault, SystemClock};
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use url::Url;

use super::print;
use crate::migrations;
use crate::secret;

/// What was found about one thing.
enum Finding {
    Good(String),
    /// Works, but is not as it should be.
    Doubt(String, String),
    /// Does not work; and how to mend it.
    Bad(String, String),
}

/// How long something outside may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// By how much the clocks of this machine and of the database may differ.
const MAX_SKEW: Duration = Duration::from_secs(5);

pub(super) async fn run(settings: &Settings) -> Result<ExitCode> {
    let mut findings = vec![configuration(settings)];
    findings.extend(database(settings).await);
    findings.push(stripe(settings).await);
    findings.push(mail(settings).await);
    findings.extend(redis(settings).await);
    findings.extend(nats(settings).await);
    findings.extend(traces(settings).await);
    findings.extend(sentry(settings).await);
    let mut healthy = true;
    for finding in &findings {
        match finding {
            Finding::Good(text) => print(&format!("✓ {text}")),
            Finding::Doubt(text, mend) => print(&format!("! {text}\n    {mend}")),
            Finding::Bad(text, mend) => {
                healthy = false;
                print(&format!("✗ {text}\n    {mend}"));
            }
        }
    }
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn configuration(settings: &Settings) -> Finding {
    let environment = if settings.is_production() {
        "production"
    } else {
        "development"
    };
    if settings.suspicious_variables.is_empty() {
        Finding::Good(format!("configuration for {environment} is complete"))
    } else {
        Finding::Doubt(
            format!(
                "configuration for {environment} is complete, but these variables mean nothing: {}",
                settings.suspicious_variables.join(", ")
            ),
            "compare them with docs/configuration.md; one may be misspelt".to_owned(),
        )
    }
}

async fn database(settings: &Settings) -> Vec<Finding> {
    let opened = secret::key_ring(settings).and_then(|keys| {
        Database::open(&settings.database, Sealer::new(&keys, "request-keys"))
            .map_err(|fault| migrations::explained(&fault))
    });
    let database = match opened {
        Ok(database) => database,
        Err(error) => {
            let mend = "look at DATABASE_URL and DATA_DIR".to_owned();
            return vec![Finding::Bad(format!("database: {error:#}"), mend)];
        }
    };
    let checked = match database.check().await {
        Ok(checked) => checked,
        Err(fault) => {
            return vec![Finding::Bad(
                format!("database: {}", fault.chain()),
                "is it running, and do address, name and password in DATABASE_URL fit?".to_owned(),
            )];
        }
    };
    let mut findings = vec![Finding::Good(format!(
        "database: {:?} {}",
        checked.backend, checked.version
    ))];
    findings.push(schema(settings, &database).await);
    findings.extend(role(settings, &database).await);
    findings.extend(clock(&database).await);
    findings
}

async fn schema(settings: &Settings, database: &Database) -> Finding {
    let mend = if settings.database.auto_migrate {
        "`sutler serve` will apply them; or run `sutler migrate up` now"
    } else {
        "run `sutler migrate up`"
    };
    match migrations::pending(database).await {
        Ok(missing) if missing.is_empty() => Finding::Good("migrations are up to date".to_owned()),
        Ok(missing) => Finding::Doubt(
            format!("migrations are missing: {}", missing.join(", ")),
            mend.to_owned(),
        ),
        // Not even the table of migrations is there.
        Err(_) => Finding::Doubt("the database is empty".to_owned(), mend.to_owned()),
    }
}

async fn role(settings: &Settings, database: &Database) -> Option<Finding> {
    let role = database.role().await.ok().flatten()?;
    if role.is_confined() {
        return Some(Finding::Good(format!(
            "row-level security holds for the role {:?}",
            role.name
        )));
    }
    let text = format!(
        "row-level security does not hold for the role {:?}",
        role.name
    );
    let mend = "let DATABASE_URL name a plain role and DATABASE_OWNER_URL the owner, then run `sutler migrate up`".to_owned();
    Some(if settings.is_production() {
        Finding::Bad(text, mend)
    } else {
        Finding::Doubt(text, mend)
    })
}

async fn clock(database: &Database) -> Option<Finding> {
    let theirs = database.now().await.ok().flatten()?;
    let ours = SystemClock.now();
    let skew = ours.since(theirs).max(theirs.since(ours));
    Some(if skew <= MAX_SKEW {
        Finding::Good("the clock agrees with the database's".to_owned())
    } else {
        Finding::Bad(
            format!(
                "the clock differs from the database's by {} s",
                skew.as_secs()
            ),
            "let both machines keep time by NTP; signatures are good for 300 s only".to_owned(),
        )
    })
}

async fn stripe(settings: &Settings) -> Finding {
    let Some(stripe) = &settings.payments.stripe else {
        let text = "payment: the embedded test gateway; no money moves".to_owned();
        return Finding::Good(text);
    };
    let mend =
        "look at STRIPE_SECRET_KEY and STRIPE_API_BASE, and whether this machine may reach Stripe";
    let result = match StripeGateway::new(stripe) {
        Ok(gateway) => gateway.check().await,
        Err(fault) => Err(fault),
    };
    outcome("payment: Stripe", result, mend)
}

async fn mail(settings: &Settings) -> Finding {
    let mail = &settings.mail;
    let text = match mail.transport {
        MailTransport::Folder => format!("mail: into {}", mail.folder.display()),
        MailTransport::Smtp => "mail: by SMTP".to_owned(),
        MailTransport::Resend => "mail: through Resend".to_owned(),
    };
    if let Err(fault) = gateway_mail::from_settings(mail) {
        return Finding::Bad(
            format!("{text}: {}", fault.chain()),
            "look at MAIL_FROM and the settings of the transport".to_owned(),
        );
    }
    match mail.transport {
        MailTransport::Folder => Finding::Good(text),
        MailTransport::Smtp => outcome(
            &text,
            in_time(gateway_mail::check_smtp(mail)).await,
            "look at SMTP_URL: scheme, host, port, name and password; until then mails wait as jobs",
        ),
        MailTransport::Resend => outcome(
            &text,
            reach(&mail.resend_api_base).await,
            "look at RESEND_API_BASE, and whether this machine may reach Resend; until then mails wait as jobs",
        ),
    }
}

async fn redis(settings: &Settings) -> Option<Finding> {
    let url = settings.redis_url.clone()?;
    let result = in_time(RedisLimiter::new(url).ping()).await;
    Some(outcome(
        "Redis",
        result,
        "look at REDIS_URL; until Redis answers, each node counts for itself",
    ))
}

async fn nats(settings: &Settings) -> Option<Finding> {
    let url = settings.nats_url.clone()?;
    let result = in_time(Bus::new(url).check()).await;
    Some(outcome(
        "NATS",
        result,
        "look at NATS_URL, and whether JetStream is on; until then events wait as jobs",
    ))
}

async fn traces(settings: &Settings) -> Option<Finding> {
    let endpoint = settings.telemetry.otlp_endpoint.as_ref()?;
    Some(outcome(
        "traces: the OTLP receiver",
        reach(endpoint).await,
        "look at OTEL_EXPORTER_OTLP_ENDPOINT, and whether the receiver runs; until then traces are lost",
    ))
}

async fn sentry(settings: &Settings) -> Option<Finding> {
    let dsn = settings.telemetry.sentry_dsn.as_ref()?;
    let result = match Url::parse(dsn.expose_secret()) {
        Ok(url) => reach(&url).await,
        Err(error) => Err(Fault::permanent("it is not a URL").caused_by(error)),
    };
    Some(outcome(
        "error reports: Sentry",
        result,
        "look at SENTRY_DSN, and whether this machine may reach Sentry; until then reports are lost",
    ))
}

/// Whether a connection to the host of a URL can be made.
async fn reach(url: &Url) -> Result<(), Fault> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(Fault::permanent("the URL names no host"));
    };
    let place = format!("{host}:{port}");
    in_time(async {
        TcpStream::connect(&place)
            .await
            .map(|_| ())
            .map_err(|error| Fault::transient(format!("connect to {place}")).caused_by(error))
    })
    .await
}

/// What a check found, or that it took too long.
async fn in_time(check: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
    tokio::time::timeout(PATIENCE, check)
        .await
        .unwrap_or_else(|_| {
            let seconds = PATIENCE.as_secs();
            Err(Fault::transient(format!("no answer within {seconds} s")))
        })
}

fn outcome(what: &str, result: Result<(), Fault>, mend: &str) -> Finding {
    match result {
        Ok(()) => Finding::Good(format!("{what} answers")),
        Err(fault) => Finding::Bad(format!("{what}: {}", fault.chain()), mend.to_owned()),
    }
}

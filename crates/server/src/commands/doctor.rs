//! `sutler doctor`: what is wrong, and how to mend it.

mod database;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use config::{MailTransport, MediaStore, Settings};
use gateway_bus::Bus;
use gateway_midtrans::MidtransGateway;
use gateway_redis::RedisLimiter;
use gateway_stripe::StripeGateway;
use kernel::Fault;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use url::Url;

use super::print;

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
    findings.extend(database::findings(settings).await);
    findings.push(stripe(settings).await);
    findings.extend(midtrans(settings).await);
    findings.push(mail(settings).await);
    findings.push(pictures(settings).await);
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

async fn midtrans(settings: &Settings) -> Option<Finding> {
    let midtrans = settings.payments.midtrans.as_ref()?;
    let mend = "look at MIDTRANS_SERVER_KEY and MIDTRANS_API_BASE, and whether this machine may reach Midtrans";
    let result = match MidtransGateway::new(midtrans) {
        Ok(gateway) => gateway.check().await,
        Err(fault) => Err(fault),
    };
    Some(outcome("payment: Midtrans", result, mend))
}

async fn mail(settings: &Settings) -> Finding {
    let mail = &settings.mail;
    let text = match mail.transport {
        MailTransport::Folder => format!("mail: into {}", mail.folder.display()),
        MailTransport::Smtp => "mail: by SMTP".to_owned(),
        MailTransport::Resend => "mail: through Resend".to_owned(),
    };
    if let Err(fault) = gateway_mail::check_settings(mail) {
        return Finding::Bad(
            format!("{text}: {}", fault.chain()),
            "look at MAIL_FROM and the settings of the transport".to_owned(),
        );
    }
    match mail.transport {
        MailTransport::Folder => folder("mail", &mail.folder, "MAIL_FOLDER"),
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

async fn pictures(settings: &Settings) -> Finding {
    let media = &settings.media;
    match media.store {
        MediaStore::S3 => outcome(
            "pictures: the bucket",
            in_time(gateway_storage::check_bucket(media)).await,
            "look at S3_ENDPOINT, S3_REGION, S3_BUCKET and the keys, and whether these may list the bucket; until then no picture is stored or shown",
        ),
        MediaStore::Local => folder("pictures", &media.folder, "MEDIA_FOLDER"),
    }
}

/// A folder that is made when it is first needed.
fn folder(what: &str, folder: &Path, variable: &str) -> Finding {
    let text = format!("{what}: into {}", folder.display());
    if folder.is_dir() {
        Finding::Good(text)
    } else if folder.exists() {
        Finding::Bad(
            format!("{text}, which is not a folder"),
            format!("let {variable} name a folder"),
        )
    } else {
        Finding::Good(format!("{text}, which will be created at the first start"))
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

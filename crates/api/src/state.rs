//! What controllers and middleware share.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accounts_service::{Accounts, People};
use actix_web::http::header::HeaderMap;
use catalog_service::Catalog;
use clusters_service::Clusters;
use config::Settings;
use credits_service::{Credits, Quotas};
use engagement_service::Engagement;
use ipnet::IpNet;
use kernel::secret::KeyRing;
use kernel::{Clock, CursorCodec, Scope};
use orders_service::Orders;
use queue::{QueueAdmin, StaleTags};
use secrecy::SecretString;
use subscriptions_service::Subscriptions;
use tracing::Span;

use crate::cache::AnswerCache;
use crate::dto::image::ImageUrls;
use crate::extract::{BodyLimits, FRAME};
use crate::limits::Limits;
use crate::routes::Route;

/// Whether the process can serve, as `/ready` tells load balancers.
pub trait Readiness: Send + Sync {
    /// None when it can; else why not, in words without secrets.
    fn check(&self) -> std::pin::Pin<Box<dyn Future<Output = Option<String>> + Send + '_>>;
}

/// Gives a span a name in traces, and the parent that a caller's trace headers
/// name.
pub type TraceParent = Arc<dyn Fn(&HeaderMap, &str, &Span) + Send + Sync>;

/// The use cases of every domain. A new domain is one field here.
#[derive(Clone)]
pub struct Services {
    /// Accounts.
    pub accounts: Arc<Accounts>,
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// Wallets and their ledger.
    pub credits: Arc<Credits>,
    /// How much of plans can be sold.
    pub quotas: Arc<Quotas>,
    /// Subscriptions of hosted services.
    pub subscriptions: Arc<Subscriptions>,
    /// Orders.
    pub orders: Arc<Orders>,
    /// Reminders of carts, and figures.
    pub engagement: Arc<Engagement>,
    /// All that is known about a person, over all domains.
    pub people: Arc<People>,
    /// The use cases of clusters.
    pub clusters: Arc<Clusters>,
}

/// What the API is made of.
pub struct ApiParts {
    /// The use cases.
    pub services: Services,
    /// Jobs and webhooks, for operators.
    pub queue: Arc<QueueAdmin>,
    /// Where caches learn what is stale.
    pub stale: StaleTags,
    /// Rate limits.
    pub limits: Limits,
    /// What cursors are sealed with.
    pub keys: Arc<KeyRing>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Whether the process can serve.
    pub readiness: Arc<dyn Readiness>,
    /// Renders `/metrics`.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Reads trace headers, where traces are collected.
    pub trace_parent: Option<TraceParent>,
}

/// What controllers and middleware share.
pub struct ApiState {
    services: Services,
    pub(crate) queue: Arc<QueueAdmin>,
    pub(crate) limits: Limits,
    pub(crate) cursors: CursorCodec,
    pub(crate) answers: AnswerCache,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) readiness: Arc<dyn Readiness>,
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) trace_parent: Option<TraceParent>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) metrics_token: Option<SecretString>,
    pub(crate) body_limits: BodyLimits,
    /// The largest picture, in bytes.
    pub(crate) upload_bytes: usize,
    /// Where pictures are; it ends with a slash.
    media_url: String,
    pub(crate) hsts: bool,
    draining: AtomicBool,
}

/// So that controllers name a use case as `state.catalog`.
impl Deref for ApiState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

impl ApiState {
    /// The state of a process.
    pub fn new(parts: ApiParts, settings: &Settings) -> Self {
        Self {
            answers: AnswerCache::new(
                settings.catalog.cache_bytes.get(),
                settings.catalog.cache_ttl,
                &parts.stale,
            ),
            cursors: CursorCodec::new(&parts.keys),
            services: parts.services,
            queue: parts.queue,
            limits: parts.limits,
            clock: parts.clock,
            readiness: parts.readiness,
            metrics: parts.metrics,
            trace_parent: parts.trace_parent,
            trusted_proxies: settings.http.trusted_proxies.clone(),
            metrics_token: settings.http.metrics_token.clone(),
            body_limits: BodyLimits {
                bytes: settings.http.max_body_bytes.get(),
                time: settings.http.body_timeout,
            },
            upload_bytes: settings.media.max_bytes.get(),
            media_url: media_url(settings),
            hsts: settings.is_production(),
            draining: AtomicBool::new(false),
        }
    }

    /// Where the pictures of a caller's tenant are.
    pub(crate) fn image_urls(&self, scope: &Scope) -> ImageUrls<'_> {
        ImageUrls::new(&self.media_url, scope.tenant())
    }

    /// How large a body may be that is kept in memory, on a route.
    pub(crate) fn body_limits_of(&self, route: &Route) -> BodyLimits {
        match route.name() {
            "/api/admin/catalog/products/{product_id}/images" => BodyLimits {
                bytes: self.upload_bytes + FRAME,
                ..self.body_limits
            },
            _ => self.body_limits,
        }
    }

    /// From now on the process only finishes what it has begun.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Forgets callers that have not been counted for a while.
    pub fn forget_idle_limits(&self) {
        self.limits.forget_idle();
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}

/// Where pictures are, with a slash at the end.
fn media_url(settings: &Settings) -> String {
    let base = match &settings.media.public_url {
        Some(elsewhere) => elsewhere.as_str().trim_end_matches('/').to_owned(),
        None => format!(
            "{}/media",
            settings.http.public_url.as_str().trim_end_matches('/')
        ),
    };
    format!("{base}/")
}

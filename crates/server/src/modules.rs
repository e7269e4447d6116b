//! The domains: their use cases and their background work, in the order in
//! which they may use each other. A new domain is a line in each of the two
//! functions.

use std::sync::Arc;

use accounts_model::mails::{ACCOUNTS_MAILS, MailKind};
use accounts_model::ports::Mailer;
use accounts_service::{Accounts, AccountsParts, People, PersonalData};
use api::Services;
use catalog_model::ports::FileStore;
use catalog_service::{Catalog, CatalogParts};
use clusters_service::{Clusters, ClustersParts};
use config::Settings;
use credits_model::mails::CREDITS_MAILS;
use credits_model::quota::mails::QUOTA_MAILS;
use credits_service::{Credits, CreditsParts, Quotas, QuotasParts};
use database::Database;
use engagement_model::mails::ENGAGEMENT_MAILS;
use engagement_service::{Engagement, EngagementParts};
use gateway_bus::Bus;
use gateway_kubernetes::Kubernetes;
use kernel::secret::KeyRing;
use orders_model::mails::ORDERS_MAILS;
use orders_service::{Orders, OrdersParts};
use queue::schedule::Schedule;
use queue::{Queue, Registry};
use subscriptions_model::mails::SUBSCRIPTIONS_MAILS;
use subscriptions_service::{Subscriptions, SubscriptionsParts};

use crate::compose::Gateways;

/// What use cases are made of.
pub(crate) struct Base<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) database: &'a Database,
    pub(crate) queue: &'a Queue,
    pub(crate) keys: &'a Arc<KeyRing>,
}

/// The use cases of every domain.
pub(crate) fn services(
    base: &Base<'_>,
    gateways: Gateways,
    mailer: &Arc<dyn Mailer>,
    files: Arc<dyn FileStore>,
) -> Services {
    let (database, queue) = (base.database, base.queue);
    let accounts = accounts(base, mailer);
    let catalog = catalog(base, &accounts, files);
    let credits = Arc::new(Credits::new(CreditsParts {
        database: database.clone(),
        queue: queue.clone(),
        accounts: accounts.clone(),
        gateways: gateways.all.clone(),
        keys: base.keys.clone(),
        settings: base.settings.credits.clone(),
        session_ttl: base.settings.checkout.session_ttl,
        return_origins: return_origins(base.settings),
    }));
    let quotas = quotas(base, &accounts, &catalog);
    let clusters = clusters(base, &accounts);
    let subscriptions = subscriptions(base, &accounts, &catalog, &credits, &quotas, &clusters);
    let orders = Arc::new(Orders::new(OrdersParts {
        database: database.clone(),
        queue: queue.clone(),
        accounts: accounts.clone(),
        catalog: catalog.clone(),
        credits: credits.clone(),
        gateways: gateways.all,
        test_buyer: gateways.buyer,
        printer: Arc::new(gateway_pdf::PdfPrinter),
        keys: base.keys.clone(),
        settings: base.settings.checkout.clone(),
        return_origins: return_origins(base.settings),
    }));
    let engagement = Arc::new(Engagement::new(EngagementParts {
        database: database.clone(),
        queue: queue.clone(),
        accounts: accounts.clone(),
        catalog: catalog.clone(),
        orders: orders.clone(),
        hook: gateways.cart_hook,
        keys: base.keys.clone(),
        settings: base.settings.abandoned_carts.clone(),
        public_url: base.settings.http.public_url.clone(),
    }));
    // The last domain first.
    let parts: Vec<Arc<dyn PersonalData>> = vec![
        engagement.clone(),
        orders.clone(),
        subscriptions.clone(),
        clusters.clone(),
        quotas.clone(),
        credits.clone(),
    ];
    let people = Arc::new(People::new(accounts.clone(), parts));
    Services {
        clusters,
        accounts,
        catalog,
        credits,
        quotas,
        subscriptions,
        orders,
        engagement,
        people,
    }
}

/// Who signs in.
fn accounts(base: &Base<'_>, mailer: &Arc<dyn Mailer>) -> Arc<Accounts> {
    Arc::new(Accounts::new(AccountsParts {
        database: base.database.clone(),
        queue: base.queue.clone(),
        keys: base.keys.clone(),
        mailer: mailer.clone(),
        mail_kinds: mail_kinds(),
        settings: base.settings.auth.clone(),
        app_url: base.settings.http.app_url().clone(),
        own_host: base.settings.http.public_url.host_str().map(str::to_owned),
    }))
}

/// The mails of every domain.
fn mail_kinds() -> Vec<&'static MailKind> {
    [
        ACCOUNTS_MAILS,
        CREDITS_MAILS,
        QUOTA_MAILS,
        SUBSCRIPTIONS_MAILS,
        ORDERS_MAILS,
        ENGAGEMENT_MAILS,
    ]
    .concat()
}

/// What is sold.
fn catalog(base: &Base<'_>, accounts: &Arc<Accounts>, files: Arc<dyn FileStore>) -> Arc<Catalog> {
    Arc::new(Catalog::new(CatalogParts {
        database: base.database.clone(),
        queue: base.queue.clone(),
        accounts: accounts.clone(),
        files,
        media: base.settings.media.clone(),
        imports: base.settings.imports.clone(),
        search_bytes: base.settings.catalog.search_bytes,
    }))
}

/// How much of plans can be sold.
fn quotas(base: &Base<'_>, accounts: &Arc<Accounts>, catalog: &Arc<Catalog>) -> Arc<Quotas> {
    Arc::new(Quotas::new(QuotasParts {
        database: base.database.clone(),
        queue: base.queue.clone(),
        accounts: accounts.clone(),
        catalog: catalog.clone(),
    }))
}

/// Clusters, and what runs there.
fn clusters(base: &Base<'_>, accounts: &Arc<Accounts>) -> Arc<Clusters> {
    let settings = &base.settings.clusters;
    let kubernetes = Arc::new(Kubernetes::new(settings, base.queue.clock().clone()));
    Arc::new(Clusters::new(ClustersParts {
        database: base.database.clone(),
        queue: base.queue.clone(),
        accounts: accounts.clone(),
        keys: base.keys.clone(),
        gateway: kubernetes.clone(),
        provisioner: kubernetes,
        settings: settings.clone(),
    }))
}

/// Subscriptions of hosted services.
fn subscriptions(
    base: &Base<'_>,
    accounts: &Arc<Accounts>,
    catalog: &Arc<Catalog>,
    credits: &Arc<Credits>,
    quotas: &Arc<Quotas>,
    clusters: &Arc<Clusters>,
) -> Arc<Subscriptions> {
    Arc::new(Subscriptions::new(SubscriptionsParts {
        database: base.database.clone(),
        queue: base.queue.clone(),
        accounts: accounts.clone(),
        catalog: catalog.clone(),
        credits: credits.clone(),
        quotas: quotas.clone(),
        clusters: clusters.clone(),
    }))
}

/// Handlers and schedules of every domain.
pub(crate) fn background(base: &Base<'_>, services: &Services) -> (Registry, Vec<Schedule>) {
    let mut registry = Registry::default();
    queue::sweep::register(&mut registry, base.database, base.queue);
    accounts_jobs::register(&mut registry, &services.accounts, &services.people);
    catalog_jobs::register(&mut registry, &services.catalog);
    credits_jobs::register(&mut registry, &services.credits);
    credits_jobs::register_quotas(&mut registry, &services.quotas);
    clusters_jobs::register(&mut registry, &services.clusters);
    subscriptions_jobs::register(&mut registry, &services.subscriptions);
    orders_jobs::register(&mut registry, &services.orders);
    engagement_jobs::register(&mut registry, &services.engagement);
    if let Some(url) = &base.settings.nats_url {
        Arc::new(Bus::new(url.clone())).register(&mut registry);
    }
    let mut schedules = queue::sweep::schedules();
    schedules.extend(accounts_jobs::schedules());
    schedules.extend(catalog_jobs::schedules());
    schedules.extend(credits_jobs::schedules());
    schedules.extend(credits_jobs::quota_schedules());
    schedules.extend(clusters_jobs::schedules());
    schedules.extend(subscriptions_jobs::schedules());
    schedules.extend(orders_jobs::schedules());
    schedules.extend(engagement_jobs::schedules());
    (registry, schedules)
}

/// Where a payment page may send buyers back to.
fn return_origins(settings: &Settings) -> Vec<url::Url> {
    let mut origins = vec![settings.http.app_url().clone()];
    origins.push(settings.http.public_url.clone());
    origins.extend(settings.checkout.return_origins.iter().cloned());
    origins.extend(settings.http.cors_origins.iter().cloned());
    origins
}

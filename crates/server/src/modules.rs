//! The domains: their use cases and their background work, in the order in
//! which they may use each other. A new domain is a line in each of the two
//! functions.

use std::sync::Arc;

use accounts_model::ports::Mailer;
use accounts_service::{Accounts, AccountsParts};
use api::Services;
use catalog_service::Catalog;
use config::Settings;
use database::Database;
use gateway_bus::Bus;
use kernel::secret::KeyRing;
use orders_service::{Orders, OrdersParts};
use queue::schedule::Schedule;
use queue::{Queue, Registry};

use crate::compose::Gateways;

/// What use cases are made of.
pub(crate) struct Base<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) database: &'a Database,
    pub(crate) queue: &'a Queue,
    pub(crate) keys: &'a Arc<KeyRing>,
}

/// The use cases of every domain.
pub(crate) fn services(base: &Base<'_>, gateways: Gateways, mailer: &Arc<dyn Mailer>) -> Services {
    let (database, queue) = (base.database, base.queue);
    let accounts = Arc::new(Accounts::new(AccountsParts {
        database: database.clone(),
        queue: queue.clone(),
        keys: base.keys.clone(),
        mailer: mailer.clone(),
        settings: base.settings.auth.clone(),
        app_url: base.settings.http.app_url().clone(),
    }));
    let catalog = Arc::new(Catalog::new(
        database.clone(),
        queue.clone(),
        accounts.clone(),
    ));
    let orders = Arc::new(Orders::new(OrdersParts {
        database: database.clone(),
        queue: queue.clone(),
        accounts: accounts.clone(),
        catalog: catalog.clone(),
        gateways: gateways.all,
        test_buyer: gateways.buyer,
        mailer: mailer.clone(),
        keys: base.keys.clone(),
        settings: base.settings.checkout.clone(),
        return_origins: return_origins(base.settings),
    }));
    Services {
        accounts,
        catalog,
        orders,
    }
}

/// Handlers and schedules of every domain.
pub(crate) fn background(base: &Base<'_>, services: &Services) -> (Registry, Vec<Schedule>) {
    let mut registry = Registry::default();
    queue::sweep::register(&mut registry, base.database, base.queue);
    accounts_jobs::register(&mut registry, &services.accounts);
    catalog_jobs::register(&mut registry, &services.catalog);
    orders_jobs::register(&mut registry, &services.orders);
    if let Some(url) = &base.settings.nats_url {
        Arc::new(Bus::new(url.clone())).register(&mut registry);
    }
    let mut schedules = queue::sweep::schedules();
    schedules.extend(accounts_jobs::schedules());
    schedules.extend(orders_jobs::schedules());
    schedules.extend(catalog_jobs::schedules());
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

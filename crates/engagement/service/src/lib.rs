//! The use cases of engagement.
//!
//! Carts that were left behind are marked by a schedule, and each has one
//! reminder at most. What is counted for shops is counted by jobs, once for
//! each fact, however often its event is delivered; visitors are counted in
//! memory and written down now and then.

mod abandoned;
mod counting;
mod insight;
mod links;
mod personal;
mod visits;

use std::sync::Arc;

use accounts_service::Accounts;
use catalog_service::Catalog;
use database::Database;
use engagement_model::ports::CartHook;
use kernel::Timestamp;
use kernel::secret::{KeyRing, Signer};
use orders_service::Orders;
use queue::Queue;
use url::Url;

use visits::Visits;

/// What engagement is made of.
pub struct EngagementParts {
    /// Where it is stored.
    pub database: Database,
    /// Where background work goes.
    pub queue: Queue,
    /// Tenants, people, mails.
    pub accounts: Arc<Accounts>,
    /// What is sold.
    pub catalog: Arc<Catalog>,
    /// Carts and orders.
    pub orders: Arc<Orders>,
    /// Who else hears of carts that were left behind.
    pub hook: Option<Arc<dyn CartHook>>,
    /// What mailed links are signed with.
    pub keys: Arc<KeyRing>,
    /// The settings.
    pub settings: config::AbandonedCarts,
    /// Where this server is reached.
    pub public_url: Url,
}

/// The use cases of engagement.
pub struct Engagement {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
    catalog: Arc<Catalog>,
    orders: Arc<Orders>,
    hook: Option<Arc<dyn CartHook>>,
    restore_links: Signer,
    unsubscribe_links: Signer,
    settings: config::AbandonedCarts,
    public_url: Url,
    visits: Visits,
}

impl Engagement {
    /// The use cases over these parts.
    pub fn new(parts: EngagementParts) -> Self {
        Self {
            restore_links: Signer::new(&parts.keys, "cart-restore"),
            unsubscribe_links: Signer::new(&parts.keys, "unsubscribe"),
            database: parts.database,
            queue: parts.queue,
            accounts: parts.accounts,
            catalog: parts.catalog,
            orders: parts.orders,
            hook: parts.hook,
            settings: parts.settings,
            public_url: parts.public_url,
            visits: Visits::default(),
        }
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }
}

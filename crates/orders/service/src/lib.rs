//! The use cases of carts, orders, payments and refunds.
//!
//! Money and stock change like this: `checkout` places an order and reserves
//! its stock in one transaction, then opens a page at the gateway; what the
//! gateway says of the attempt, by webhook or because we asked, goes through
//! `settle`, which is the only place where an attempt succeeds or fails;
//! refunds are promised in a transaction and told to the gateway by a job; and
//! `sweep` settles whatever a crash or a lost webhook left open.

mod abandoned;
mod access;
mod address_book;
mod audit;
mod cancel;
mod cart_coupons;
mod carts;
mod checkout;
mod disputes;
mod documents;
mod edit;
mod exchanges;
mod export;
mod figures;
mod fulfilment;
mod mails;
mod merge;
mod notes;
mod orders;
mod payments;
mod personal;
mod placing;
mod pricing;
mod promising;
mod promotions;
mod receiving;
mod redeeming;
mod refunds;
mod restocking;
mod returns;
mod sales;
mod settle;
mod shares;
mod shipping;
mod shipping_zones;
mod sweep;
mod tenant_cache;
mod test_buyer;
mod top_ups;
mod wallet_payments;
mod webhooks;

use std::sync::Arc;

use accounts_service::Accounts;
use catalog_service::Catalog;
use credits_service::Credits;
use database::Database;
use kernel::secret::{KeyRing, Signer};
use kernel::{Currency, Scope, Timestamp};
use orders_model::OrdersError;
use orders_model::document::Printer;
use orders_model::events::{PromotionsChanged, ShippingMethodsChanged};
use orders_model::ports::{Gateways, PaymentGateway, TestBuyer};
use orders_model::promotion::Promotion;
use orders_model::shipping::ShippingWay;
use queue::Queue;
use url::Url;

pub use abandoned::AbandonedCart;
pub use access::{CartKey, OrderKey};
pub use address_book::GivenAddress;
pub use cancel::CancelReason;
pub use carts::{CartAnswer, GivenCartChange};
pub use checkout::CheckoutRequest;
pub use documents::OrderFile;
pub use edit::EditRequest;
pub use exchanges::NewExchange;
pub use fulfilment::{NewShipment, ShipmentStep};
pub use orders::{OrderAnswer, OrderFilter, OrderPosition, OrderSort};
pub use payments::NewAttempt;
pub use promotions::PromotionFilter;
pub use refunds::RefundCommand;
pub use returns::{NewReturn, ReturnFilter, ReturnStep};
pub use sales::AskedDays;
pub use sweep::SWEEP_INTERVAL;
pub use wallet_payments::WalletShare;

use tenant_cache::TenantCache;

/// What orders are made of.
pub struct OrdersParts {
    /// Where they are stored.
    pub database: Database,
    /// Where background work goes.
    pub queue: Queue,
    /// Tenants and their settings.
    pub accounts: Arc<Accounts>,
    /// What is sold.
    pub catalog: Arc<Catalog>,
    /// Wallets, whose top-ups are paid through the same gateways.
    pub credits: Arc<Credits>,
    /// The payment gateways; the first is used when none is named.
    pub gateways: Vec<Arc<dyn PaymentGateway>>,
    /// Who plays the buyer at the embedded gateway, where there is one.
    pub test_buyer: Option<Arc<dyn TestBuyer>>,
    /// How documents become files.
    pub printer: Arc<dyn Printer>,
    /// What cart and order tokens are made with.
    pub keys: Arc<KeyRing>,
    /// The settings.
    pub settings: config::Checkout,
    /// Origins a buyer may be sent to after payment.
    pub return_origins: Vec<Url>,
}

/// The use cases of orders.
pub struct Orders {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
    catalog: Arc<Catalog>,
    credits: Arc<Credits>,
    gateways: Gateways,
    test_buyer: Option<Arc<dyn TestBuyer>>,
    printer: Arc<dyn Printer>,
    cart_tokens: Signer,
    order_tokens: Signer,
    settings: config::Checkout,
    return_origins: Vec<Url>,
    shipping: TenantCache<ShippingWay>,
    automatic: TenantCache<Promotion>,
}

impl Orders {
    /// The use cases over these parts.
    pub fn new(parts: OrdersParts) -> Self {
        Self {
            shipping: TenantCache::new(parts.queue.stale_tags(), ShippingMethodsChanged::TAG),
            automatic: TenantCache::new(parts.queue.stale_tags(), PromotionsChanged::TAG),
            gateways: Gateways::new(parts.gateways),
            cart_tokens: Signer::new(&parts.keys, "cart-token"),
            order_tokens: Signer::new(&parts.keys, "order-token"),
            database: parts.database,
            queue: parts.queue,
            accounts: parts.accounts,
            catalog: parts.catalog,
            credits: parts.credits,
            test_buyer: parts.test_buyer,
            printer: parts.printer,
            settings: parts.settings,
            return_origins: parts.return_origins,
        }
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }

    /// The tenant of a scope, with its settings.
    /// A currency the tenant sells in: the one that is asked for, or else its
    /// own, which then refuses amounts in the other one.
    async fn sold_in(
        &self,
        scope: &Scope,
        asked: Currency,
        own: Currency,
    ) -> Result<Currency, OrdersError> {
        if asked == own || !self.catalog.currencies(scope).await?.contains(&asked) {
            return Ok(own);
        }
        Ok(asked)
    }

    async fn tenant(
        &self,
        scope: &Scope,
    ) -> Result<Arc<accounts_model::tenant::Tenant>, OrdersError> {
        self.accounts.tenant(scope).await.map_err(|error| {
            kernel::Fault::transient("read the tenant's settings")
                .caused_by(error)
                .into()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// What follows a mark in a text, up to a quotation mark or a backtick.
    fn after<'a>(text: &'a str, mark: &str) -> BTreeSet<&'a str> {
        text.split(mark)
            .skip(1)
            .filter_map(|rest| rest.split(['"', '`']).next())
            .collect()
    }

    #[test]
    fn what_needs_attention_is_documented() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/checkout.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (_, table) = text.split_once("| `attention` |").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        let documented = after(table, "\n| `");
        let code = [
            include_str!("disputes.rs"),
            include_str!("refunds.rs"),
            include_str!("settle.rs"),
            include_str!("webhooks.rs"),
        ]
        .concat();
        let mut flags = after(&code, ".flag(\"");
        flags.extend(after(&code, "order, attempt, \""));
        assert_eq!(documented, flags);
    }
}

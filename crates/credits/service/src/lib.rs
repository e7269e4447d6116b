//! The use cases of credits: wallets, their ledger, lots, holds and top-ups.
//!
//! Every booking goes the same way: the wallet is locked and read with its
//! open lots, the model says what the booking does to them, and one batch
//! writes the transfer, its two entries, the lots and the wallet. Methods that
//! end in `_in_tx` are for other domains, in transactions of theirs; each has
//! one effect for each reference.

mod acknowledging;
mod admin;
mod auto_charging;
mod auto_top_ups;
mod booking;
mod chargebacks;
mod expiry;
mod gift_cards;
mod gone_back;
mod holds;
mod holds_by_name;
mod notices;
mod personal;
mod proof;
mod quota;
mod settling;
mod taking_back;
mod top_up_refunds;
mod top_ups;
mod wallets;

use std::sync::Arc;
use std::time::Duration;

use accounts_model::tenant::Tenant;
use accounts_service::Accounts;
use credits_model::CreditsError;
use database::{Database, Transaction};
use kernel::secret::{KeyRing, Signer};
use kernel::{AuditEntry, Fault, Scope, Timestamp};
use payments::{Gateways, PaymentGateway};
use queue::Queue;
use url::Url;

pub use acknowledging::Acknowledgement;
pub use admin::{Adjustment, AdminRefund, Grant, WalletDetail};
pub use auto_top_ups::{OwnAutoTopUp, WantedAutoTopUp};
pub use booking::{Credit, CreditSource, RefundOf, RefundSpend, Spend};
pub use credits_repository::gift_cards::Filter as GiftCardFilter;
pub use credits_repository::ledger::Filter as TransactionFilter;
pub use credits_repository::top_ups::Filter as TopUpFilter;
pub use credits_repository::wallets::Filter as WalletFilter;
pub use gift_cards::{IssuedGiftCard, NewGiftCard};
pub use holds::{Authorise, Capture};
pub use holds_by_name::HoldUpTo;
pub use quota::{QuotaDetail, QuotaFilter, Quotas, QuotasParts};
pub use top_up_refunds::RefundTopUp;
pub use top_ups::NewTopUp;
pub use wallets::OwnWallet;

/// What credits are made of.
pub struct CreditsParts {
    /// Where they are stored.
    pub database: Database,
    /// Where background work goes.
    pub queue: Queue,
    /// Tenants and people.
    pub accounts: Arc<Accounts>,
    /// The payment gateways; the first is used when none is named.
    pub gateways: Vec<Arc<dyn PaymentGateway>>,
    /// What the codes of gift cards are made with.
    pub keys: Arc<KeyRing>,
    /// The settings.
    pub settings: config::Credits,
    /// How long a payment page is open.
    pub session_ttl: Duration,
    /// Origins somebody may be sent to after payment.
    pub return_origins: Vec<Url>,
}

/// The use cases of credits.
pub struct Credits {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
    gateways: Gateways,
    gift_codes: Signer,
    settings: config::Credits,
    session_ttl: Duration,
    return_origins: Vec<Url>,
}

impl Credits {
    /// The use cases over these parts.
    pub fn new(parts: CreditsParts) -> Self {
        Self {
            database: parts.database,
            queue: parts.queue,
            accounts: parts.accounts,
            gateways: Gateways::new(parts.gateways),
            gift_codes: Signer::new(&parts.keys, "gift-card-code"),
            settings: parts.settings,
            session_ttl: parts.session_ttl,
            return_origins: parts.return_origins,
        }
    }

    /// Records what an administrator did, as the last write of the transaction.
    async fn record(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault> {
        self.accounts.audit().record_in_tx(tx, entry).await
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }

    /// The tenant of a scope, with its settings.
    async fn tenant(&self, scope: &Scope) -> Result<Arc<Tenant>, CreditsError> {
        self.accounts.tenant(scope).await.map_err(|error| {
            Fault::transient("read the tenant's settings")
                .caused_by(error)
                .into()
        })
    }
}

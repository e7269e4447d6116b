//! What domains need of payment gateways: the port that gateways implement, and
//! the words that all sides share. Pure: nothing here talks to anything.

mod attempt;
mod gateways;
mod kept;
mod reports;
mod return_urls;
mod test_buyer;

use kernel::{Fault, Money, OrderId, PaymentId, Scope, TenantId, Timestamp, TopUpId};

pub use kept::{ChargeRequest, SavedMethod};

pub use attempt::{DisputeOutcome, PaymentStatus, RefundStatus};
pub use gateways::Gateways;
pub use reports::{
    DisputeReport, RefundReport, RefundRequest, RefundState, SessionReport, SessionState,
};
pub use return_urls::{ReturnUrls, return_url};
pub use test_buyer::{TestBuyer, TestOutcome, TestPage};

/// What a payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An order.
    Order {
        /// Which.
        id: OrderId,
        /// Its number, for people.
        number: i64,
    },
    /// Credit of a wallet.
    TopUp(TopUpId),
}

impl Purpose {
    /// What the buyer sees of it.
    pub fn title(&self) -> String {
        match self {
            Self::Order { number, .. } => format!("Order {number}"),
            Self::TopUp(_) => "Top-up".to_owned(),
        }
    }
}

/// One line on the gateway's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLine {
    /// What it is called.
    pub name: String,
    /// What one costs.
    pub unit: Money,
    /// How many.
    pub quantity: i64,
}

/// A payment page to open.
#[derive(Debug, Clone)]
pub struct SessionRequest {
    /// For which attempt; the idempotency key.
    pub payment: PaymentId,
    /// For what.
    pub purpose: Purpose,
    /// What is paid for; adds up to the amount.
    pub lines: Vec<SessionLine>,
    /// How much.
    pub amount: Money,
    /// Who pays.
    pub email: String,
    /// Where they go afterwards.
    pub return_urls: ReturnUrls,
    /// Until when they can pay.
    pub expires_at: Timestamp,
    /// Since when the gateway may have been asked for it.
    pub decided_at: Timestamp,
    /// Whether the gateway keeps the way in which it is paid, to charge it
    /// later; only of gateways that can.
    pub save_method: bool,
}

/// A payment page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The gateway's name for it.
    pub id: String,
    /// Where the buyer pays.
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why a gateway did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It refused, and would again; says why.
    #[error("the payment gateway refused: {0}")]
    Refused(String),
    /// It is unknown whether it happened. Asking again with the same key is
    /// safe.
    #[error(transparent)]
    Unknown(#[from] Fault),
}

/// A webhook as it came.
pub struct RawWebhook<'a> {
    /// The signature header.
    pub signature: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// A webhook whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedWebhook {
    /// The gateway's id of the event.
    pub id: String,
    /// The gateway's name of what happened.
    pub kind: String,
    /// Whose it is, if the event says so.
    pub tenant: Option<TenantId>,
}

/// What a webhook is about. What happened is then read from the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An attempt to pay, by the gateway's name for it.
    Session(String),
    /// An attempt to pay, by its money.
    Payment(MoneyRef),
    /// What went back of some money.
    Refunds(MoneyRef),
    /// A dispute, by the gateway's name for it.
    Dispute(String),
    /// Nothing of ours; says why.
    Nothing(String),
}

/// Some money, by our name for the attempt or by the gateway's for the money;
/// at least one is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyRef {
    /// The attempt, as the gateway was told.
    pub payment: Option<PaymentId>,
    /// The gateway's name for the money.
    pub intent: Option<String>,
}

/// Why a webhook is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// The signature is missing, wrong or too old.
    #[error("the signature is missing, wrong or older than 300 seconds")]
    Signature,
    /// It is signed, but cannot be read.
    #[error("the body is not an event: {0}")]
    Unreadable(String),
    /// It is about another account, or about the other mode (live or test).
    #[error("the event is for another account or mode: {0}")]
    NotOurs(String),
}

/// A payment gateway. Every call that changes something there carries a key
/// made from our own id, so that it can be repeated.
#[async_trait::async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Its name, as in `payments.gateway` and in the path of its webhooks.
    fn name(&self) -> &'static str;

    /// Why it cannot take or give back such an amount, and what to change;
    /// none when it can.
    fn objection(&self, _amount: Money) -> Option<String> {
        None
    }

    /// The largest amount up to one that it can take or give back, in whole
    /// units of its own.
    fn at_most(&self, amount: Money) -> Money {
        amount
    }

    /// Opens a payment page. Asking again answers the same page.
    async fn open(&self, scope: &Scope, request: &SessionRequest) -> Result<Session, GatewayError>;

    /// The gateway's name for the page that was opened for an attempt, if
    /// there is one: for when no answer to `open` was heard.
    async fn find(
        &self,
        scope: &Scope,
        request: &SessionRequest,
    ) -> Result<Option<String>, GatewayError>;

    /// Says where an attempt stands.
    async fn report(&self, scope: &Scope, session: &str) -> Result<SessionReport, GatewayError>;

    /// Closes a payment page if it is open, and says where the attempt stands
    /// then: it may have been paid a moment before.
    async fn close(&self, scope: &Scope, session: &str) -> Result<SessionReport, GatewayError>;

    /// Gives money back. Asking again answers where that refund stands now.
    async fn refund(
        &self,
        scope: &Scope,
        request: &RefundRequest,
    ) -> Result<RefundReport, GatewayError>;

    /// All that went back of some money.
    async fn refunds(&self, scope: &Scope, intent: &str)
    -> Result<Vec<RefundReport>, GatewayError>;

    /// What went back of an attempt that was paid, and of which it says by now
    /// that its money will not come; none where it does not say so. Only for
    /// what is known to have been paid.
    async fn taken_back(
        &self,
        _scope: &Scope,
        _session: &str,
    ) -> Result<Option<RefundReport>, GatewayError> {
        Ok(None)
    }

    /// Whether it can keep ways of paying and charge them later.
    fn keeps_methods(&self) -> bool {
        false
    }

    /// Charges a way of paying that it keeps. Asking again answers where that
    /// charge stands now, by the name under which it is reported and closed
    /// like a page.
    async fn charge(
        &self,
        _scope: &Scope,
        _request: &ChargeRequest,
    ) -> Result<SessionReport, GatewayError> {
        Err(GatewayError::Refused(
            "it keeps no ways of paying".to_owned(),
        ))
    }

    /// Forgets a way of paying that it kept. Again is no error.
    async fn forget(&self, _scope: &Scope, _method: &SavedMethod) -> Result<(), GatewayError> {
        Ok(())
    }

    /// Says where a dispute stands. Gateways without disputes know none.
    async fn dispute(&self, _scope: &Scope, _id: &str) -> Result<DisputeReport, GatewayError> {
        Err(GatewayError::Refused("there is no such dispute".to_owned()))
    }

    /// Checks the signature of a webhook.
    fn verify(
        &self,
        webhook: &RawWebhook<'_>,
        now: Timestamp,
    ) -> Result<VerifiedWebhook, WebhookRefused>;

    /// What a verified webhook is about.
    fn subject(&self, payload: &str) -> Subject;
}

//! Orders and their states.

mod buyer;
mod changes;
mod credit;
mod demand;
mod line;
mod states;
mod wallet;

use kernel::{Audited, CartId, Currency, Money, MoneyError, OrderId, Snapshot, Timestamp, UserId};
use serde::{Deserialize, Serialize};

pub use buyer::{BY_SHOP, CANCELED, REFUND_PROMISED};
pub use credit::lesser;
pub use demand::{Goods, LineComponent, demand, waiting};
pub use line::{LineMove, OrderLine, Pieces, Settled};
pub use states::{FulfilmentState, OrderStatus, PaymentState};

use crate::address::Address;
use crate::dispute::{Dispute, DisputeOutcome};
use crate::note::OrderNote;
use crate::payment::Payment;
use crate::promotion::apply::AppliedPromotion;
use crate::refund::Refund;
use crate::returns::Return;
use crate::shipment::Shipment;

pub use payments::ReturnUrls;

/// The mail address of orders whose buyer was forgotten. Nothing is sent there.
pub const NOBODY: &str = "erased@erased.invalid";

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which.
    pub id: OrderId,
    /// Its number in the tenant, for people.
    pub number: i64,
    /// The cart it came from.
    pub cart: CartId,
    /// Whose; none for guests.
    pub user: Option<UserId>,
    /// Where mails about it go.
    pub email: String,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where its money stands.
    pub payment_status: PaymentState,
    /// Where its goods stand.
    pub fulfilment_status: FulfilmentState,
    /// All lines together, before any discount.
    pub subtotal: Money,
    /// What promotions took off the lines.
    pub discount: Money,
    /// What the buyer pays for shipping.
    pub shipping: Money,
    /// What promotions took off the shipping.
    pub shipping_discount: Money,
    /// The platform's fee.
    pub fee: Money,
    /// What the buyer was to pay, before the gateway's taxes.
    pub total: Money,
    /// The taxes the gateway computed, on top of the total or inside it.
    pub tax: Money,
    /// What came in, taxes included.
    pub captured: Money,
    /// What went back, or is promised to go back.
    pub refunded: Money,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// Who is billed.
    pub billing_address: Option<Address>,
    /// The code of the shipping method.
    pub shipping_method: Option<String>,
    /// What the shipping method was called.
    pub shipping_method_name: Option<String>,
    /// The promotions that it uses.
    pub promotions: Vec<AppliedPromotion>,
    /// Where the buyer goes after the payment page.
    pub return_urls: ReturnUrls,
    /// Until when stock is reserved; none when none is.
    pub reserved_until: Option<Timestamp>,
    /// Why somebody should look at it; none when all is well.
    pub attention: Option<String>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// Where it can be followed.
    pub tracking_number: Option<String>,
    /// Why it was canceled.
    pub cancel_reason: Option<String>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it was shipped.
    pub shipped_at: Option<Timestamp>,
    /// When it was canceled.
    pub canceled_at: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Where the disputes of its payments stand; none when there are none.
    #[serde(default)]
    pub dispute: Option<DisputeOutcome>,
    /// The order whose goods came back for what is in this one.
    #[serde(default)]
    pub exchange_of: Option<OrderId>,
    /// What of that order's money pays this one.
    pub exchange_credit: Money,
    /// What of this order's money pays others, for which goods came back.
    pub exchanged: Money,
    /// What of `exchange_credit` went back to the buyer, as money of the order
    /// it came from, or pays yet another exchange.
    pub credit_back: Money,
    /// What of the total is paid from the buyer's wallet: promised while the
    /// order is pending, spent when it is paid.
    pub wallet_credit: Money,
}

impl Order {
    /// The part of the platform's fee that the buyer bears; nothing in an
    /// exchange.
    pub fn fee_of_buyer(&self) -> Result<Money, MoneyError> {
        if self.exchange_of.is_some() {
            return Ok(Money::zero(self.currency));
        }
        self.total
            .plus(self.discount)?
            .minus(self.subtotal)?
            .minus(self.shipping)
    }
}

/// Who buys, where it goes and why something was done stay out.
impl Audited for Order {
    fn snapshot(&self) -> Snapshot {
        let (status, payment): (&'static str, &'static str) =
            (self.status.into(), self.payment_status.into());
        let fulfilment: &'static str = self.fulfilment_status.into();
        Snapshot::new()
            .with("number", self.number)
            .with("status", status)
            .with("payment_status", payment)
            .with("fulfilment_status", fulfilment)
            .with("total", self.total)
            .with("captured", self.captured)
            .with("refunded", self.refunded)
            .with_hidden("tracking_number", self.tracking_number.as_deref())
            .with("version", self.version)
    }
}

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// What, such as `paid`.
    pub kind: String,
    /// Anything more.
    pub note: Option<String>,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// An order as lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// The order.
    pub order: Order,
    /// How many pieces were bought.
    pub pieces: i64,
}

impl Order {
    /// Who buys it, as far as the addresses say: who gets it, else who is
    /// billed.
    pub fn customer_name(&self) -> Option<&str> {
        let address = self.shipping_address.as_ref();
        let address = address.or(self.billing_address.as_ref())?;
        Some(&address.name)
    }
}

/// An order with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDetail {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// The attempts to pay it, oldest first.
    pub payments: Vec<Payment>,
    /// What went back, oldest first.
    pub refunds: Vec<Refund>,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
    /// What happened after it was paid.
    #[serde(default)]
    pub after: Aftercare,
}

/// What happened to an order after it was paid, each oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftercare {
    /// The parts in which it went out.
    pub shipments: Vec<Shipment>,
    /// What came or is to come back.
    pub returns: Vec<Return>,
    /// What people wrote about it.
    pub notes: Vec<OrderNote>,
    /// Which payments the buyer disputes.
    pub disputes: Vec<Dispute>,
}

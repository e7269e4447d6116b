//! The mails about orders.

mod kinds;

use kernel::{Money, MoneyError, OrderLineId};
use serde::Serialize;

use crate::order::{Order, OrderLine};
use crate::returns::{Return, ReturnStatus};
use crate::shipment::Shipment;

pub use kinds::{
    EXCHANGE_CANCELED, ORDER_CONFIRMATION, ORDER_EXCHANGED, ORDER_REFUNDED, ORDER_SHIPPED,
    ORDERS_MAILS, RETURN_APPROVED, RETURN_REJECTED,
};

/// What a mail about an order is filled with. Amounts are texts such as
/// `20.85 EUR`.
#[derive(Debug, Clone, Serialize)]
pub struct OrderMail {
    /// The order.
    pub order: OrderOfMail,
    /// What went back; none unless the mail is about that.
    pub refund: Option<RefundOfMail>,
    /// What is on its way; none unless the mail is about that.
    pub shipment: Option<ShipmentOfMail>,
    /// What is to come back; none unless the mail is about that.
    #[serde(rename = "return")]
    pub returned: Option<ReturnOfMail>,
    /// What the order is got for; none unless the mail is about that.
    pub exchange: Option<ExchangeOfMail>,
    /// Where a guest sees the order; none for those who sign in.
    pub link: Option<String>,
}

/// An order as mails show it.
#[derive(Debug, Clone, Serialize)]
pub struct OrderOfMail {
    /// Its number.
    pub number: i64,
    /// What was bought.
    pub lines: Vec<LineOfMail>,
    /// All lines together.
    pub subtotal: String,
    /// Shipping.
    pub shipping: String,
    /// The platform's fee, if there is one.
    pub fee: Option<String>,
    /// What promotions take off, if anything.
    pub discount: Option<String>,
    /// What of the price was paid by what came back, if anything.
    pub credit: Option<String>,
    /// What was paid.
    pub paid: String,
    /// Who carries it.
    pub carrier: Option<String>,
    /// Where it can be followed.
    pub tracking_number: Option<String>,
}

/// A line as mails show it.
#[derive(Debug, Clone, Serialize)]
pub struct LineOfMail {
    /// What.
    pub name: String,
    /// The stock keeping unit.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// What is in all of them, if they are bundles.
    pub components: Vec<PartOfMail>,
    /// What one cost.
    pub unit_price: String,
    /// What all cost together.
    pub total: String,
}

/// What is in bundles, as mails show it.
#[derive(Debug, Clone, Serialize)]
pub struct PartOfMail {
    /// What.
    pub name: String,
    /// How many are in all of the bundles.
    pub quantity: i64,
}

impl PartOfMail {
    fn of(line: &OrderLine, quantity: i64) -> Vec<Self> {
        let components = line.components.iter();
        components
            .map(|one| Self {
                name: one.name.clone(),
                quantity: one.quantity.saturating_mul(quantity),
            })
            .collect()
    }
}

/// Money that went back.
#[derive(Debug, Clone, Serialize)]
pub struct RefundOfMail {
    /// How much.
    pub amount: String,
}

/// Pieces of a line as mails show them.
#[derive(Debug, Clone, Serialize)]
pub struct PiecesOfMail {
    /// What.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// What is in all of them, if they are bundles.
    pub components: Vec<PartOfMail>,
}

impl PiecesOfMail {
    fn all(entries: impl Iterator<Item = (OrderLineId, i64)>, lines: &[OrderLine]) -> Vec<Self> {
        entries
            .map(|(id, quantity)| {
                let line = lines.iter().find(|line| line.id == id);
                Self {
                    name: line.map(|line| line.name.clone()).unwrap_or_default(),
                    quantity,
                    components: line.map_or_else(Vec::new, |line| PartOfMail::of(line, quantity)),
                }
            })
            .collect()
    }
}

/// A shipment as mails show it.
#[derive(Debug, Clone, Serialize)]
pub struct ShipmentOfMail {
    /// Whether it holds all there is to ship of the order.
    pub whole: bool,
    /// What is in it.
    pub lines: Vec<PiecesOfMail>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number for it.
    pub tracking_number: Option<String>,
    /// Where it can be followed.
    pub tracking_url: Option<String>,
}

impl ShipmentOfMail {
    /// A shipment as mails show it.
    pub fn new(shipment: &Shipment, lines: &[OrderLine]) -> Self {
        let entries = shipment.lines.iter();
        Self {
            whole: lines
                .iter()
                .all(|line| shipment.pieces_of(line.id) >= line.to_ship()),
            lines: PiecesOfMail::all(entries.map(|entry| (entry.line, entry.quantity)), lines),
            carrier: shipment.tracking.carrier.clone(),
            tracking_number: shipment.tracking.number.clone(),
            tracking_url: shipment.tracking.url.clone(),
        }
    }

    /// An order that went out before there were shipments.
    pub fn whole(order: &Order) -> Self {
        Self {
            whole: true,
            lines: Vec::new(),
            carrier: order.carrier.clone(),
            tracking_number: order.tracking_number.clone(),
            tracking_url: None,
        }
    }
}

/// A return as mails show it.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnOfMail {
    /// What comes back.
    pub lines: Vec<PiecesOfMail>,
    /// What the shop said when it decided.
    pub decision: Option<String>,
}

impl ReturnOfMail {
    /// A return as mails show it.
    pub fn new(returned: &Return, lines: &[OrderLine]) -> Self {
        let entries = returned.lines.iter();
        Self {
            lines: PiecesOfMail::all(entries.map(|entry| (entry.line, entry.quantity)), lines),
            decision: returned.decision.clone(),
        }
    }
}

/// An exchange as mails show it: the order is what the buyer gets.
#[derive(Debug, Clone, Serialize)]
pub struct ExchangeOfMail {
    /// The number of the order that the goods come back of.
    pub of: i64,
    /// What the buyer still pays, if anything.
    pub to_pay: Option<String>,
    /// The day, such as `2026-12-24`, on which it is canceled unless that is
    /// paid.
    pub pay_before: Option<String>,
    /// What the buyer gets back when the goods are here, if anything.
    pub refund_due: Option<String>,
    /// Whether what comes back is not here yet.
    pub awaited: bool,
}

impl ExchangeOfMail {
    /// An exchange as mails show it: what comes back, of which order, what the
    /// buyer gets, and the day on which it ends unless that is paid.
    pub fn new(back: &Return, first: &Order, order: &Order, ends: String) -> Self {
        let some = |amount: Money| (!amount.is_zero()).then(|| amount.to_string());
        let to_pay = order.paid_at.is_none().then(|| some(order.total)).flatten();
        Self {
            of: first.number,
            pay_before: to_pay.is_some().then_some(ends),
            to_pay,
            refund_due: some(back.refund_due),
            awaited: back.status == ReturnStatus::Approved,
        }
    }
}

impl OrderOfMail {
    /// An order as mails show it.
    pub fn new(order: &Order, lines: &[OrderLine]) -> Result<Self, MoneyError> {
        let lines = lines
            .iter()
            .map(|line| {
                Ok(LineOfMail {
                    name: line.name.clone(),
                    sku: line.sku.clone(),
                    quantity: line.quantity,
                    components: PartOfMail::of(line, line.quantity),
                    unit_price: line.unit_price.to_string(),
                    total: line.unit_price.times(line.quantity)?.to_string(),
                })
            })
            .collect::<Result<_, MoneyError>>()?;
        Ok(Self {
            number: order.number,
            lines,
            subtotal: order.subtotal.to_string(),
            shipping: order.shipping.to_string(),
            fee: (!order.fee.is_zero()).then(|| order.fee.to_string()),
            discount: (!order.discount.is_zero()).then(|| order.discount.to_string()),
            credit: (!order.exchange_credit.is_zero()).then(|| order.exchange_credit.to_string()),
            paid: order.captured.to_string(),
            carrier: order.carrier.clone(),
            tracking_number: order.tracking_number.clone(),
        })
    }
}

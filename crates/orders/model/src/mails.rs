//! The mails about orders.

use accounts_model::mails::{DefaultTemplate, MailKind};
use kernel::MoneyError;
use serde::Serialize;
use serde_json::{Value, json};

use crate::order::{Order, OrderLine};

/// What a mail about an order is filled with. Amounts are texts such as
/// `20.85 EUR`.
#[derive(Debug, Clone, Serialize)]
pub struct OrderMail {
    /// The order.
    pub order: OrderOfMail,
    /// What went back; none unless the mail is about that.
    pub refund: Option<RefundOfMail>,
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
    /// What one cost.
    pub unit_price: String,
    /// What all cost together.
    pub total: String,
}

/// Money that went back.
#[derive(Debug, Clone, Serialize)]
pub struct RefundOfMail {
    /// How much.
    pub amount: String,
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
            paid: order.captured.to_string(),
            carrier: order.carrier.clone(),
            tracking_number: order.tracking_number.clone(),
        })
    }
}

fn sample(full: bool, refund: bool) -> Value {
    let line = |name: &str, quantity: i64, unit_price: &str, total: &str| LineOfMail {
        name: name.to_owned(),
        sku: "LAMP-1".to_owned(),
        quantity,
        unit_price: unit_price.to_owned(),
        total: total.to_owned(),
    };
    let some = |text: &str| full.then(|| text.to_owned());
    json!(OrderMail {
        order: OrderOfMail {
            number: 1001,
            lines: vec![
                line("Desk lamp, brass", 2, "24.90 EUR", "49.80 EUR"),
                line("Bulb", 1, "4.90 EUR", "4.90 EUR"),
            ],
            subtotal: "54.70 EUR".to_owned(),
            shipping: "4.90 EUR".to_owned(),
            fee: some("0.90 EUR"),
            discount: some("5.00 EUR"),
            paid: "55.50 EUR".to_owned(),
            carrier: some("DHL"),
            tracking_number: some("00340434161094042557"),
        },
        refund: refund.then(|| RefundOfMail {
            amount: "24.90 EUR".to_owned(),
        }),
        link: some("https://shop.example/orders/ord_example?token=example"),
    })
}

fn samples() -> Vec<Value> {
    vec![sample(true, false), sample(false, false)]
}

fn samples_of_refund() -> Vec<Value> {
    vec![sample(true, true), sample(false, true)]
}

/// An order was paid.
pub const ORDER_CONFIRMATION: MailKind = MailKind {
    name: "order_confirmation",
    about: "An order was paid.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../mails/order_confirmation.en.txt"),
            html: include_str!("../mails/order_confirmation.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../mails/order_confirmation.de.txt"),
            html: include_str!("../mails/order_confirmation.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../mails/order_confirmation.id.txt"),
            html: include_str!("../mails/order_confirmation.id.html"),
        },
    ],
};

/// An order is on its way.
pub const ORDER_SHIPPED: MailKind = MailKind {
    name: "order_shipped",
    about: "An order is on its way.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../mails/order_shipped.en.txt"),
            html: include_str!("../mails/order_shipped.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../mails/order_shipped.de.txt"),
            html: include_str!("../mails/order_shipped.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../mails/order_shipped.id.txt"),
            html: include_str!("../mails/order_shipped.id.html"),
        },
    ],
};

/// Money of an order went back.
pub const ORDER_REFUNDED: MailKind = MailKind {
    name: "order_refunded",
    about: "Money of an order went back.",
    samples: samples_of_refund,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../mails/order_refunded.en.txt"),
            html: include_str!("../mails/order_refunded.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../mails/order_refunded.de.txt"),
            html: include_str!("../mails/order_refunded.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../mails/order_refunded.id.txt"),
            html: include_str!("../mails/order_refunded.id.html"),
        },
    ],
};

/// All of them.
pub const ORDERS_MAILS: &[&MailKind] = &[&ORDER_CONFIRMATION, &ORDER_SHIPPED, &ORDER_REFUNDED];

#[cfg(test)]
mod tests {
    use super::*;
    use accounts_model::mails::check;

    #[test]
    fn defaults_are_in_order() {
        for kind in ORDERS_MAILS {
            for language in kind.languages() {
                let check = check(kind, &kind.default_in(language).unwrap());
                assert!(check.is_ok(), "{} {language}: {check:?}", kind.name);
            }
        }
    }
}

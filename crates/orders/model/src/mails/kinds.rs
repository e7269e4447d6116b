//! Which mails there are, with what they say unless a shop says otherwise.

use accounts_model::mails::{DefaultTemplate, MailKind};
use serde_json::{Value, json};

use super::{
    ExchangeOfMail, LineOfMail, OrderMail, OrderOfMail, PartOfMail, PiecesOfMail, RefundOfMail,
    ReturnOfMail, ShipmentOfMail,
};

/// What is in a bundle.
fn parts() -> Vec<PartOfMail> {
    vec![PartOfMail {
        name: "Bulb (E27)".to_owned(),
        quantity: 4,
    }]
}

/// A mail with all there can be in it, or with as little as there can be.
fn sample(full: bool) -> OrderMail {
    let line = |name: &str, sku: &str, quantity: i64, unit_price: &str, total: &str| LineOfMail {
        name: name.to_owned(),
        sku: sku.to_owned(),
        quantity,
        components: if full && sku == "LAMP-SET" {
            parts()
        } else {
            Vec::new()
        },
        unit_price: unit_price.to_owned(),
        total: total.to_owned(),
    };
    let some = |text: &str| full.then(|| text.to_owned());
    OrderMail {
        order: OrderOfMail {
            number: 1001,
            lines: vec![
                line(
                    "Desk lamp with bulbs",
                    "LAMP-SET",
                    2,
                    "24.90 EUR",
                    "49.80 EUR",
                ),
                line("Cloth", "CLOTH-1", 1, "4.90 EUR", "4.90 EUR"),
            ],
            subtotal: "54.70 EUR".to_owned(),
            shipping: "4.90 EUR".to_owned(),
            fee: some("0.90 EUR"),
            discount: some("5.00 EUR"),
            credit: some("24.90 EUR"),
            paid: if full { "30.60 EUR" } else { "59.60 EUR" }.to_owned(),
            carrier: some("DHL"),
            tracking_number: some("00340434161094042557"),
        },
        refund: None,
        shipment: None,
        returned: None,
        exchange: None,
        link: some("https://shop.example/orders/ord_example?token=example"),
    }
}

fn samples_with(fill: impl Fn(&mut OrderMail, bool)) -> Vec<Value> {
    let one = |full| {
        let mut mail = sample(full);
        fill(&mut mail, full);
        json!(mail)
    };
    vec![one(true), one(false)]
}

fn pieces() -> Vec<PiecesOfMail> {
    vec![PiecesOfMail {
        name: "Desk lamp with bulbs".to_owned(),
        quantity: 2,
        components: parts(),
    }]
}

fn samples() -> Vec<Value> {
    samples_with(|_, _| {})
}

fn samples_of_refund() -> Vec<Value> {
    samples_with(|mail, _| {
        mail.refund = Some(RefundOfMail {
            amount: "24.90 EUR".to_owned(),
        });
    })
}

fn samples_of_shipment() -> Vec<Value> {
    samples_with(|mail, full| {
        let some = |text: &str| full.then(|| text.to_owned());
        mail.shipment = Some(ShipmentOfMail {
            whole: full,
            lines: if full { pieces() } else { Vec::new() },
            carrier: some("DHL"),
            tracking_number: some("00340434161094042557"),
            tracking_url: some("https://carrier.example/00340434161094042557"),
        });
    })
}

fn samples_of_return() -> Vec<Value> {
    samples_with(|mail, full| {
        mail.returned = Some(ReturnOfMail {
            lines: pieces(),
            decision: full.then(|| "It was worn.".to_owned()),
        });
    })
}

fn samples_of_exchange() -> Vec<Value> {
    samples_with(|mail, full| {
        mail.returned = Some(ReturnOfMail {
            lines: pieces(),
            decision: None,
        });
        let some = |text: &str, is: bool| is.then(|| text.to_owned());
        mail.exchange = Some(ExchangeOfMail {
            of: 1000,
            to_pay: some("5.70 EUR", full),
            pay_before: some("2026-12-24", full),
            refund_due: some("2.40 EUR", !full),
            awaited: full,
        });
    })
}

/// An order was paid.
pub const ORDER_CONFIRMATION: MailKind = MailKind {
    name: "order_confirmation",
    about: "An order was paid.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/order_confirmation.en.txt"),
            html: include_str!("../../mails/order_confirmation.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/order_confirmation.de.txt"),
            html: include_str!("../../mails/order_confirmation.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/order_confirmation.id.txt"),
            html: include_str!("../../mails/order_confirmation.id.html"),
        },
    ],
};

/// An order, or a part of it, is on its way.
pub const ORDER_SHIPPED: MailKind = MailKind {
    name: "order_shipped",
    about: "An order, or a part of it, is on its way.",
    samples: samples_of_shipment,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/order_shipped.en.txt"),
            html: include_str!("../../mails/order_shipped.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/order_shipped.de.txt"),
            html: include_str!("../../mails/order_shipped.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/order_shipped.id.txt"),
            html: include_str!("../../mails/order_shipped.id.html"),
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
            text: include_str!("../../mails/order_refunded.en.txt"),
            html: include_str!("../../mails/order_refunded.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/order_refunded.de.txt"),
            html: include_str!("../../mails/order_refunded.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/order_refunded.id.txt"),
            html: include_str!("../../mails/order_refunded.id.html"),
        },
    ],
};

/// Goods are exchanged for others.
pub const ORDER_EXCHANGED: MailKind = MailKind {
    name: "order_exchanged",
    about: "Goods are exchanged for others.",
    samples: samples_of_exchange,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/order_exchanged.en.txt"),
            html: include_str!("../../mails/order_exchanged.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/order_exchanged.de.txt"),
            html: include_str!("../../mails/order_exchanged.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/order_exchanged.id.txt"),
            html: include_str!("../../mails/order_exchanged.id.html"),
        },
    ],
};

/// Goods are not exchanged after all.
pub const EXCHANGE_CANCELED: MailKind = MailKind {
    name: "exchange_canceled",
    about: "Goods are not exchanged after all.",
    samples: samples_of_exchange,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/exchange_canceled.en.txt"),
            html: include_str!("../../mails/exchange_canceled.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/exchange_canceled.de.txt"),
            html: include_str!("../../mails/exchange_canceled.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/exchange_canceled.id.txt"),
            html: include_str!("../../mails/exchange_canceled.id.html"),
        },
    ],
};

/// Goods may come back.
pub const RETURN_APPROVED: MailKind = MailKind {
    name: "return_approved",
    about: "Goods may come back.",
    samples: samples_of_return,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/return_approved.en.txt"),
            html: include_str!("../../mails/return_approved.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/return_approved.de.txt"),
            html: include_str!("../../mails/return_approved.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/return_approved.id.txt"),
            html: include_str!("../../mails/return_approved.id.html"),
        },
    ],
};

/// Goods may not come back.
pub const RETURN_REJECTED: MailKind = MailKind {
    name: "return_rejected",
    about: "Goods may not come back.",
    samples: samples_of_return,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/return_rejected.en.txt"),
            html: include_str!("../../mails/return_rejected.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/return_rejected.de.txt"),
            html: include_str!("../../mails/return_rejected.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/return_rejected.id.txt"),
            html: include_str!("../../mails/return_rejected.id.html"),
        },
    ],
};

/// All of them.
pub const ORDERS_MAILS: &[&MailKind] = &[
    &ORDER_CONFIRMATION,
    &ORDER_SHIPPED,
    &ORDER_REFUNDED,
    &ORDER_EXCHANGED,
    &EXCHANGE_CANCELED,
    &RETURN_APPROVED,
    &RETURN_REJECTED,
];

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

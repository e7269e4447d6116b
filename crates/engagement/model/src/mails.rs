//! The mails of engagement.

use accounts_model::mails::{DefaultTemplate, MailKind};
use orders_model::ordering::full_name;
use orders_model::priced_cart::PricedCart;
use serde::Serialize;
use serde_json::{Value, json};

/// What a reminder of a cart is filled with. Amounts are texts such as
/// `20.85 EUR`.
#[derive(Debug, Clone, Serialize)]
pub struct CartMail {
    /// The cart.
    pub cart: CartOfMail,
    /// Where the buyer goes on.
    pub link: String,
    /// Where they say that they want no reminders.
    pub unsubscribe_link: String,
}

/// A cart as mails show it.
#[derive(Debug, Clone, Serialize)]
pub struct CartOfMail {
    /// What is in it.
    pub lines: Vec<LineOfCart>,
    /// What it costs.
    pub total: String,
}

/// A line as mails show it.
#[derive(Debug, Clone, Serialize)]
pub struct LineOfCart {
    /// What.
    pub name: String,
    /// The stock keeping unit.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// What all cost together.
    pub total: String,
}

impl CartOfMail {
    /// A cart as mails show it; what is not sold any more is left out.
    pub fn new(priced: &PricedCart) -> Self {
        let lines = priced.lines.iter().filter_map(|line| {
            let offer = line.offer.as_ref()?;
            Some(LineOfCart {
                name: full_name(offer),
                sku: offer.sku.clone(),
                quantity: line.line.quantity,
                total: line.total.to_string(),
            })
        });
        Self {
            lines: lines.collect(),
            total: priced.totals.total.to_string(),
        }
    }
}

fn samples() -> Vec<Value> {
    vec![json!(CartMail {
        cart: CartOfMail {
            lines: vec![LineOfCart {
                name: "Desk lamp, brass".to_owned(),
                sku: "LAMP-1".to_owned(),
                quantity: 2,
                total: "49.80 EUR".to_owned(),
            }],
            total: "49.80 EUR".to_owned(),
        },
        link: "https://shop.example/cart/restore?token=example".to_owned(),
        unsubscribe_link: "https://shop.example/unsubscribe?token=example".to_owned(),
    })]
}

/// Somebody left a cart behind.
pub const ABANDONED_CART: MailKind = MailKind {
    name: "abandoned_cart",
    about: "Somebody left a cart behind; sent once for each cart.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../mails/abandoned_cart.en.txt"),
            html: include_str!("../mails/abandoned_cart.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../mails/abandoned_cart.de.txt"),
            html: include_str!("../mails/abandoned_cart.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../mails/abandoned_cart.id.txt"),
            html: include_str!("../mails/abandoned_cart.id.html"),
        },
    ],
};

/// All of them.
pub const ENGAGEMENT_MAILS: &[&MailKind] = &[&ABANDONED_CART];

#[cfg(test)]
mod tests {
    use super::*;
    use accounts_model::mails::check;

    #[test]
    fn defaults_are_in_order() {
        for language in ABANDONED_CART.languages() {
            let template = ABANDONED_CART.default_in(language).unwrap();
            let check = check(&ABANDONED_CART, &template);
            assert!(check.is_ok(), "{language}: {check:?}");
        }
    }
}

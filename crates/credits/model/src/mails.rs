//! The mails of credits.

use accounts_model::mails::{DefaultTemplate, MailKind};
use serde::Serialize;
use serde_json::{Value, json};

/// What a mail about a wallet is filled with. Amounts are texts such as
/// `20.85 EUR`.
#[derive(Debug, Clone, Serialize)]
pub struct WalletMail<'a> {
    /// What its owner is called.
    pub name: &'a str,
    /// What is in it.
    pub balance: String,
    /// Below which balance its owner wants to be told, or that it tops itself
    /// up.
    pub threshold: String,
    /// Where its owner sees it.
    pub link: String,
    /// Of automatic top-ups: how much was to be paid in.
    pub amount: Option<String>,
    /// Of automatic top-ups: what was to be charged.
    pub method: Option<&'a str>,
    /// Of automatic top-ups: why it failed.
    pub reason: Option<&'a str>,
}

fn low_samples() -> Vec<Value> {
    vec![json!(WalletMail {
        name: "Ada Lovelace",
        balance: "4.20 EUR".to_owned(),
        threshold: "10.00 EUR".to_owned(),
        link: "https://shop.example/wallet".to_owned(),
        amount: None,
        method: None,
        reason: None,
    })]
}

fn stopped_samples() -> Vec<Value> {
    let of = |reason| {
        json!(WalletMail {
            name: "Ada Lovelace",
            balance: "4.20 EUR".to_owned(),
            threshold: "10.00 EUR".to_owned(),
            link: "https://shop.example/wallet".to_owned(),
            amount: Some("50.00 EUR".to_owned()),
            method: Some("visa 4242"),
            reason,
        })
    };
    vec![of(Some("Your card was declined.")), of(None)]
}

/// The balance of a wallet fell below what its owner wants to be told of.
pub const WALLET_LOW: MailKind = MailKind {
    name: "wallet_low",
    about: "The balance of a wallet fell below what its owner wants to be told of; once each time that it falls.",
    samples: low_samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../mails/wallet_low.en.txt"),
            html: include_str!("../mails/wallet_low.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../mails/wallet_low.de.txt"),
            html: include_str!("../mails/wallet_low.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../mails/wallet_low.id.txt"),
            html: include_str!("../mails/wallet_low.id.html"),
        },
    ],
};

/// Automatic top-ups of a wallet stopped, because they failed.
pub const AUTO_TOP_UP_STOPPED: MailKind = MailKind {
    name: "auto_top_up_stopped",
    about: "Automatic top-ups of a wallet stopped, because charging failed three times in a row.",
    samples: stopped_samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../mails/auto_top_up_stopped.en.txt"),
            html: include_str!("../mails/auto_top_up_stopped.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../mails/auto_top_up_stopped.de.txt"),
            html: include_str!("../mails/auto_top_up_stopped.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../mails/auto_top_up_stopped.id.txt"),
            html: include_str!("../mails/auto_top_up_stopped.id.html"),
        },
    ],
};

/// All of them.
pub const CREDITS_MAILS: &[&MailKind] = &[&WALLET_LOW, &AUTO_TOP_UP_STOPPED];

#[cfg(test)]
mod tests {
    use super::*;
    use accounts_model::mails::check;

    #[test]
    fn defaults_are_in_order() {
        for kind in CREDITS_MAILS {
            for language in kind.languages() {
                let template = kind.default_in(language).unwrap();
                let check = check(kind, &template);
                assert!(check.is_ok(), "{} {language}: {check:?}", kind.name);
            }
        }
    }
}

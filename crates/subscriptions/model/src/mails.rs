//! The mails of subscriptions.

use accounts_model::mails::{DefaultTemplate, MailKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::{EnumIter, IntoStaticStr};

/// What the owner of a subscription is mailed about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumIter)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// There is not enough credit to renew it.
    PastDue,
    /// It is suspended.
    Suspended,
    /// It is over.
    Ended,
}

impl Notice {
    /// The mail about it.
    pub fn mail(self) -> &'static MailKind {
        match self {
            Self::PastDue => &SUBSCRIPTION_PAST_DUE,
            Self::Suspended => &SUBSCRIPTION_SUSPENDED,
            Self::Ended => &SUBSCRIPTION_ENDED,
        }
    }
}

/// What a mail about a subscription is filled with.
#[derive(Debug, Clone, Serialize)]
pub struct SubscriptionMail<'a> {
    /// What the person is called.
    pub name: &'a str,
    /// The plan.
    pub plan: &'a str,
    /// The service it is a plan of.
    pub service: &'a str,
    /// What the next period costs, such as `9.00 EUR`.
    pub price: String,
    /// The day on which what comes next comes, as the shop's calendar has it.
    pub day: String,
}

fn samples() -> Vec<Value> {
    vec![json!(SubscriptionMail {
        name: "Ada Lovelace",
        plan: "Pro",
        service: "n8n",
        price: "9.00 EUR".to_owned(),
        day: "2026-12-01".to_owned(),
    })]
}

/// There is not enough credit to renew a subscription.
pub const SUBSCRIPTION_PAST_DUE: MailKind = MailKind {
    name: "subscription_past_due",
    about: "There is not enough credit to renew a subscription; sent up to three times.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../mails/subscription_past_due.en.txt"),
            html: include_str!("../mails/subscription_past_due.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../mails/subscription_past_due.de.txt"),
            html: include_str!("../mails/subscription_past_due.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../mails/subscription_past_due.id.txt"),
            html: include_str!("../mails/subscription_past_due.id.html"),
        },
    ],
};

/// A subscription is suspended.
pub const SUBSCRIPTION_SUSPENDED: MailKind = MailKind {
    name: "subscription_suspended",
    about: "A subscription is suspended, because there was not enough credit.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../mails/subscription_suspended.en.txt"),
            html: include_str!("../mails/subscription_suspended.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../mails/subscription_suspended.de.txt"),
            html: include_str!("../mails/subscription_suspended.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../mails/subscription_suspended.id.txt"),
            html: include_str!("../mails/subscription_suspended.id.html"),
        },
    ],
};

/// A subscription is over.
pub const SUBSCRIPTION_ENDED: MailKind = MailKind {
    name: "subscription_ended",
    about: "A subscription is over.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../mails/subscription_ended.en.txt"),
            html: include_str!("../mails/subscription_ended.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../mails/subscription_ended.de.txt"),
            html: include_str!("../mails/subscription_ended.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../mails/subscription_ended.id.txt"),
            html: include_str!("../mails/subscription_ended.id.html"),
        },
    ],
};

/// All of them.
pub const SUBSCRIPTIONS_MAILS: &[&MailKind] = &[
    &SUBSCRIPTION_PAST_DUE,
    &SUBSCRIPTION_SUSPENDED,
    &SUBSCRIPTION_ENDED,
];

#[cfg(test)]
mod tests {
    use super::*;
    use accounts_model::mails::check;

    #[test]
    fn defaults_are_in_order() {
        for kind in SUBSCRIPTIONS_MAILS {
            for language in kind.languages() {
                let template = kind.default_in(language).unwrap();
                let check = check(kind, &template);
                assert!(check.is_ok(), "{language}: {check:?}");
            }
        }
    }
}

//! The mails of quotas.

use accounts_model::mails::{DefaultTemplate, MailKind};
use serde::Serialize;
use serde_json::{Value, json};

/// What a mail about room in a plan is filled with.
#[derive(Debug, Clone, Serialize)]
pub struct RoomMail<'a> {
    /// What the person is called.
    pub name: &'a str,
    /// The plan.
    pub plan: &'a str,
    /// The service it is a plan of.
    pub service: &'a str,
    /// Where they go on.
    pub link: &'a str,
}

fn samples() -> Vec<Value> {
    vec![json!(RoomMail {
        name: "Ada Lovelace",
        plan: "Pro",
        service: "n8n",
        link: "https://shop.example/services/n8n",
    })]
}

/// There is room in a plan that somebody waited for.
pub const PLAN_AVAILABLE: MailKind = MailKind {
    name: "plan_available",
    about: "There is room in a plan that somebody waited for; sent once for each place in the waiting list.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/plan_available.en.txt"),
            html: include_str!("../../mails/plan_available.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/plan_available.de.txt"),
            html: include_str!("../../mails/plan_available.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/plan_available.id.txt"),
            html: include_str!("../../mails/plan_available.id.html"),
        },
    ],
};

/// All of them.
pub const QUOTA_MAILS: &[&MailKind] = &[&PLAN_AVAILABLE];

#[cfg(test)]
mod tests {
    use super::*;
    use accounts_model::mails::check;

    #[test]
    fn defaults_are_in_order() {
        for kind in QUOTA_MAILS {
            for language in kind.languages() {
                let template = kind.default_in(language).unwrap();
                let check = check(kind, &template);
                assert!(check.is_ok(), "{language}: {check:?}");
            }
        }
    }
}

//! What subscriptions know about a person: handing it out, and forgetting it.

use accounts_service::{NotErased, Person, PersonalData};
use database::{Scoped, Transaction};
use kernel::{Fault, PageRequest, Scope, SubscriptionId};
use serde_json::{Value, json};
use subscriptions_model::charge::Charge;
use subscriptions_model::subscription::SubscriptionStatus;
use subscriptions_repository::{charges, subscriptions};

use crate::reading::CHARGES;
use crate::{SubscriptionFilter, Subscriptions};

/// How many are read at a time.
const AT_ONCE: u64 = 500;

#[async_trait::async_trait]
impl PersonalData for Subscriptions {
    fn part(&self) -> &'static str {
        "subscriptions"
    }

    async fn export(&self, scope: &Scope, person: &Person) -> Result<Value, Fault> {
        let db = self.database.read(scope).await?;
        let filter = SubscriptionFilter {
            user: Some(person.id),
            ..SubscriptionFilter::default()
        };
        let mut all = Vec::new();
        let mut page = PageRequest::first(AT_ONCE);
        loop {
            let part = subscriptions::list(&db, filter, page.clone()).await?;
            for one in part.items {
                let charges = all_charges(&db, one.id).await?;
                all.push(json!({ "subscription": one, "charges": charges }));
            }
            page.after = part.next;
            if page.after.is_none() {
                return Ok(all.into());
            }
        }
    }

    /// What was charged stays: accounting has to keep it, and it names nobody.
    async fn erase_in_tx(&self, tx: &Transaction, person: &Person) -> Result<(), NotErased> {
        for status in [
            SubscriptionStatus::Trialing,
            SubscriptionStatus::Active,
            SubscriptionStatus::PastDue,
            SubscriptionStatus::Suspended,
        ] {
            let filter = SubscriptionFilter {
                user: Some(person.id),
                status: Some(status),
                ..SubscriptionFilter::default()
            };
            let some = subscriptions::list(tx, filter, PageRequest::first(1)).await?;
            if !some.items.is_empty() {
                let why = "a subscription of a hosted service goes on; cancel it now";
                return Err(NotErased::InProgress(why.to_owned()));
            }
        }
        Ok(())
    }
}

/// What was charged for a subscription, all of it.
async fn all_charges(db: &Scoped, id: SubscriptionId) -> Result<Vec<Charge>, Fault> {
    let mut all: Vec<Charge> = Vec::new();
    loop {
        let some = charges::of(db, id, all.last(), CHARGES).await?;
        let is_last = i64::try_from(some.len()).is_ok_and(|found| found < CHARGES);
        all.extend(some);
        if is_last {
            return Ok(all);
        }
    }
}

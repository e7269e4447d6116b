//! What subscriptions know about a person: handing it out, and forgetting it.

use accounts_service::{NotErased, Person, PersonalData};
use database::{Scoped, Transaction};
use kernel::{Fault, PageRequest, Scope, SubscriptionId};
use serde_json::{Value, json};
use subscriptions_model::SubscriptionError;
use subscriptions_model::charge::Charge;
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

    /// What goes on ends now, as if they had canceled it: units go back, what
    /// runs for it goes, and what is unused of the period is booked into the
    /// wallet before that is closed. What was charged stays: accounting has to
    /// keep it, and it names nobody.
    async fn erase_in_tx(&self, tx: &Transaction, person: &Person) -> Result<(), NotErased> {
        self.end_all(tx, person)
            .await
            .map_err(|error| NotErased::failed("end the subscriptions of a person", &error))
    }
}

impl Subscriptions {
    /// All are locked before the first of them is given its credit back: who
    /// has the lock of another one may wait for the wallet.
    async fn end_all(&self, tx: &Transaction, person: &Person) -> Result<(), SubscriptionError> {
        for mut one in subscriptions::lock_live(tx, person.id).await? {
            self.end_now(tx, &mut one, true).await?;
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

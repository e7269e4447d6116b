//! What engagement knows about a person: handing it out, and forgetting it.
//!
//! Reminders go with the carts they are about, which orders delete. Visitors
//! and figures hold nobody's name: they are counted by hashes whose salts are
//! thrown away every day, and by ids of orders.

use accounts_model::email::Email;
use accounts_service::{NotErased, Person, PersonalData};
use database::Transaction;
use engagement_repository::reminders;
use kernel::{Fault, Scope, TenantId};
use serde_json::{Value, json};

use crate::Engagement;
use crate::links::address_hash;

/// What is kept of a person's address, if it is proven.
fn hash_of(tenant: TenantId, person: &Person) -> Option<Vec<u8>> {
    let email = person.proven_email.as_ref().map(Email::as_str);
    email.map(|email| address_hash(tenant, email))
}

#[async_trait::async_trait]
impl PersonalData for Engagement {
    fn part(&self) -> &'static str {
        "reminders"
    }

    async fn export(&self, scope: &Scope, person: &Person) -> Result<Value, Fault> {
        let carts = self.orders.carts_of(scope, person).await?;
        let db = self.database.read(scope).await?;
        let mut sent = Vec::new();
        for cart in carts {
            if let Some(at) = reminders::find(&db, cart)
                .await?
                .and_then(|claim| claim.sent_at)
            {
                sent.push(json!({ "cart_id": cart, "sent_at": at }));
            }
        }
        let unsubscribed = match hash_of(scope.tenant(), person) {
            Some(address) => reminders::has_opted_out(&db, &address).await?,
            None => false,
        };
        Ok(json!({ "unsubscribed": unsubscribed, "sent": sent }))
    }

    async fn erase_in_tx(&self, tx: &Transaction, person: &Person) -> Result<(), NotErased> {
        if let Some(address) = hash_of(tx.scope().tenant(), person) {
            reminders::forget_address(tx, &address).await?;
        }
        Ok(())
    }
}

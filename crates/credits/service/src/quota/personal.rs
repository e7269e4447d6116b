//! What waiting lists know about a person: handing it out, and forgetting it.

use accounts_service::{NotErased, Person, PersonalData};
use credits_model::quota::waiter::Waiter;
use credits_repository::quota::waiters;
use database::Transaction;
use kernel::{Fault, PageRequest, Scope};
use serde_json::{Value, json};

use super::Quotas;

/// How many are read at a time.
const AT_ONCE: u64 = 500;

#[async_trait::async_trait]
impl PersonalData for Quotas {
    fn part(&self) -> &'static str {
        "waiting_lists"
    }

    async fn export(&self, scope: &Scope, person: &Person) -> Result<Value, Fault> {
        let db = self.database.read(scope).await?;
        let mut all: Vec<Waiter> = Vec::new();
        let mut page = PageRequest::first(AT_ONCE);
        loop {
            let part = waiters::of(&db, person.id, page.clone()).await?;
            all.extend(part.items);
            page.after = part.next;
            if page.after.is_none() {
                break;
            }
        }
        let one = |one: &Waiter| {
            json!({
                "id": one.id,
                "plan": one.plan,
                "status": one.status,
                "told_at": one.told_at,
                "created_at": one.created_at,
            })
        };
        Ok(all.iter().map(one).collect())
    }

    async fn erase_in_tx(&self, tx: &Transaction, person: &Person) -> Result<(), NotErased> {
        Ok(waiters::forget(tx, person.id).await?)
    }
}

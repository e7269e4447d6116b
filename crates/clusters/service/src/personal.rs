//! What instances know about a person: handing it out, and forgetting it.

use accounts_service::{NotErased, Person, PersonalData};
use clusters_repository::instances;
use database::Transaction;
use kernel::{Fault, PageRequest, Scope};
use serde_json::{Value, json};

use crate::{Clusters, InstanceFilter};

/// How many instances are read at a time.
const AT_ONCE: u64 = 500;

#[async_trait::async_trait]
impl PersonalData for Clusters {
    fn part(&self) -> &'static str {
        "clusters"
    }

    async fn export(&self, scope: &Scope, person: &Person) -> Result<Value, Fault> {
        let db = self.database.read(scope).await?;
        let filter = InstanceFilter {
            owner: Some(person.id),
            ..InstanceFilter::default()
        };
        let mut all = Vec::new();
        let mut page = PageRequest::first(AT_ONCE);
        loop {
            let part = instances::list(&db, &filter, page.clone()).await?;
            all.extend(part.items.iter().map(|one| {
                json!({
                    "id": one.id,
                    "name": one.name,
                    "status": one.status,
                    "host": one.host(),
                    "created_at": one.created_at,
                })
            }));
            page.after = part.next;
            if page.after.is_none() {
                return Ok(json!({ "instances": all }));
            }
        }
    }

    /// What ran for them names nobody, and stays as a record. What still runs
    /// has to end first.
    async fn erase_in_tx(&self, tx: &Transaction, person: &Person) -> Result<(), NotErased> {
        if instances::living(tx, person.id).await? > 0 {
            let why = "services run for them; end their subscriptions, and wait until the instances are gone";
            return Err(NotErased::InProgress(why.to_owned()));
        }
        Ok(())
    }
}

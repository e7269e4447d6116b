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

    /// What runs for them goes, with all it stored, and what it kept secret is
    /// forgotten at once. That does not wait for clusters: what cannot be
    /// reached is removed when it answers, and needs nothing but ids for it.
    /// The rows stay as a record, and name nobody.
    async fn erase_in_tx(&self, tx: &Transaction, person: &Person) -> Result<(), NotErased> {
        for subscription in instances::living(tx, person.id).await? {
            self.terminate_in_tx(tx, &subscription)
                .await
                .map_err(|error| NotErased::failed("remove the instances of a person", &error))?;
        }
        Ok(())
    }
}

//! Hosted services: their catalog, plans, quotas and waiting lists.

mod catalog;
mod plans;
mod quotas;
mod races;
mod waiting;

use std::sync::Arc;

use credits_model::quota::QuotaError;
use credits_service::Quotas;
use database::Database;
use kernel::{PlanId, Scope};
use serde_json::{Value, json};
use testkit::shop::{Person, Tenant};
use testkit::{Answer, App};

/// Somebody with a key instead of an access token: it is good for longer.
pub async fn lasting(app: &App, person: &Person) -> Person {
    let made = app
        .client
        .post("/api/api-keys", &json!({"name": "lasting"}));
    let made = made.bearer(&person.token).expect(201).await;
    Person {
        token: made.text_at("/secret"),
        ..person.clone()
    }
}

/// A template that Kubernetes would take.
fn template() -> Value {
    json!({
        "image": "docker.io/n8nio/n8n:1.80.0",
        "ports": [{"name": "http", "number": 5678}],
        "environment": [
            {"name": "NODE_ENV", "value": "production"},
            {"name": "N8N_LICENSE", "secret": {"name": "n8n-license", "key": "LICENSE_KEY"}},
        ],
        "resources": {
            "cpu_request": "250m", "cpu_limit": "1",
            "memory_request": "256Mi", "memory_limit": "512Mi",
        },
        "volumes": [{"name": "data", "mount_path": "/home/node/.n8n", "size": "5Gi"}],
        "health_check": {"port": "http", "path": "/healthz"},
        "ingress": {"host": "{instance}.n8n.example.com", "port": "http"},
    })
}

/// A service that is shown.
pub async fn service(app: &App, tenant: &Tenant, name: &str) -> String {
    let body = json!({"name": name, "status": "active", "template": template()});
    let made = app.client.post("/api/admin/catalog/services", &body);
    made.bearer(&tenant.key).expect(201).await.text_at("/id")
}

/// The amount of a price in the tenant's currency.
async fn money(app: &App, tenant: &Tenant, amount: i64) -> Value {
    let settings = app.client.get("/api/admin/settings").bearer(&tenant.key);
    let currency = settings.expect(200).await.text_at("/currency");
    json!({"amount": amount, "currency": currency})
}

/// A monthly plan of the tier PRO with a quota.
async fn plan(app: &App, tenant: &Tenant, service: &str, name: &str, total: Value) -> Answer {
    let body = json!({
        "name": name,
        "tier": "PRO",
        "price": money(app, tenant, 900).await,
        "interval": {"unit": "month"},
        "total_quota": total,
    });
    let path = format!("/api/admin/catalog/services/{service}/plans");
    let made = app.client.post(&path, &body).bearer(&tenant.key);
    made.expect(201).await
}

/// What other domains do with quotas, each time in a transaction of its own.
#[derive(Clone)]
struct Pool {
    quotas: Arc<Quotas>,
    database: Database,
    scope: Scope,
    plan: PlanId,
}

impl Pool {
    fn new(app: &App, tenant: &Tenant, plan: &Answer) -> Self {
        Self {
            quotas: app.sutler.quotas.clone(),
            database: app.sutler.database.clone(),
            scope: app.scope(&tenant.id),
            plan: plan.text_at("/id").parse().expect("the id of a plan"),
        }
    }

    async fn give(&self, reference: &str) -> Result<(), QuotaError> {
        let tx = self.database.begin_write(&self.scope, "test").await?;
        self.quotas
            .allocate_in_tx(&tx, self.plan, reference, 1)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn take_back(&self, reference: &str) -> Result<bool, QuotaError> {
        let tx = self.database.begin_write(&self.scope, "test").await?;
        let released = self.quotas.release_in_tx(&tx, self.plan, reference).await?;
        tx.commit().await?;
        Ok(released)
    }

    /// Writes to the database past all rules.
    async fn write(&self, sql: &'static str) {
        let write = (sql, vec![self.plan.uuid().into()]);
        let written = self.database.write_one(&self.scope, "test", write).await;
        assert!(written.expect("a write") > 0, "{sql}");
    }
}

//! The pay page.

use kernel::secret::{base64url, from_base64url};
use kernel::{Fault, Scope, TenantId, random};
use orders_model::jobs::ProcessWebhook;
use payments::{PaymentGateway as _, RawWebhook, TestBuyer, TestOutcome, TestPage};
use queue::inbox::{self, Received};

use crate::TestGateway;
use crate::gateway::{Event, SESSION_PREFIX, unwritable};
use crate::store::{self, StoredSession};

impl TestGateway {
    fn page_of(&self, session: StoredSession) -> TestPage {
        let open = session.status == "open" && self.queue.clock().now() < session.expires_at;
        TestPage {
            id: session.id,
            description: session.description,
            amount: session.amount,
            open,
            outcome: match session.status.as_str() {
                "paid" if matches!(session.kept.as_deref(), Some("declining" | "once")) => {
                    Some(TestOutcome::PayOnce)
                }
                "paid" => Some(TestOutcome::Pay),
                "declined" => Some(TestOutcome::Decline),
                "expired" => Some(TestOutcome::Expire),
                _ => None,
            },
            success_url: session.success_url,
            cancel_url: session.cancel_url,
        }
    }
}

#[async_trait::async_trait]
impl TestBuyer for TestGateway {
    fn tenant_of(&self, session: &str) -> Option<TenantId> {
        let name = from_base64url(session.strip_prefix(SESSION_PREFIX)?)?;
        let tenant = name.first_chunk::<16>()?;
        Some(TenantId::from_uuid(uuid::Uuid::from_bytes(*tenant)))
    }

    async fn page(&self, scope: &Scope, session: &str) -> Result<Option<TestPage>, Fault> {
        let db = self.database.read(scope).await?;
        let stored = store::find(&db, session).await?;
        Ok(stored.map(|stored| self.page_of(stored)))
    }

    async fn act(
        &self,
        scope: &Scope,
        session: &str,
        outcome: TestOutcome,
    ) -> Result<Option<TestPage>, Fault> {
        let now = self.queue.clock().now();
        let (status, kind) = match outcome {
            TestOutcome::Pay | TestOutcome::PayOnce => ("paid", "session.paid"),
            TestOutcome::Decline => ("declined", "session.declined"),
            TestOutcome::Expire => ("expired", "session.expired"),
        };
        let tx = self.database.begin_write(scope, "test_gateway.act").await?;
        if store::leave_open(&tx, session, status, now).await? {
            if status == "paid" {
                store::keep(&tx, session, outcome == TestOutcome::Pay).await?;
            }
            let event = Event {
                id: format!("tev_{}", base64url(&random::id_bytes::<16>())),
                kind: kind.to_owned(),
                session: session.to_owned(),
                tenant: Some(scope.tenant()),
            };
            // Signed and checked like a delivery from outside.
            let body = serde_json::to_string(&event).map_err(unwritable)?;
            let signature = self.sign(body.as_bytes(), now);
            let raw = RawWebhook {
                signature: &signature,
                body: body.as_bytes(),
            };
            let verified = self
                .verify(&raw, now)
                .map_err(|error| Fault::permanent("own webhook").caused_by(error))?;
            let received = Received {
                source: Self::NAME,
                external_id: verified.id,
                kind: verified.kind,
                payload: body,
            };
            if let Some(webhook) = inbox::store(&tx, received, now).await? {
                self.queue.enqueue(&tx, &ProcessWebhook { webhook }).await?;
            }
            tx.commit().await?;
        } else {
            drop(tx);
        }
        self.page(scope, session).await
    }
}

//! Publishes every event to NATS JetStream.
//!
//! The relay makes a job of each event, so an event is published when NATS is
//! there again, however long that takes, and JetStream drops what it was told
//! twice by its message id. Subjects have the form
//! `sutler.{tenant}.{kind}`, such as `sutler.ten_01h….order.paid`; the order
//! of messages is not the order of events.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::{self, stream};
use kernel::{Fault, Job};
use queue::{Delivery, Registry};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

/// The stream events go to; made when it is missing.
const STREAM: &str = "SUTLER";
/// For how long JetStream recognises what it was told before.
const DUPLICATE_WINDOW: Duration = Duration::from_hours(1);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Publishes an event.
#[derive(Debug, Serialize, Deserialize)]
pub struct Publish {
    /// The event.
    pub delivery: Delivery,
}

impl Job for Publish {
    const KIND: &'static str = "bus.publish";
    const MAX_ATTEMPTS: u32 = 30;
}

/// A connection to NATS, made when it is first needed.
pub struct Bus {
    url: SecretString,
    context: OnceCell<jetstream::Context>,
}

impl Bus {
    /// A bus at a URL.
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            context: OnceCell::new(),
        }
    }

    /// Lets every event become a job that publishes it.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.subscribe_to_all(|delivery| Publish {
            delivery: delivery.clone(),
        });
        let bus = self.clone();
        registry.handle(move |_, job: Publish| {
            let bus = bus.clone();
            async move { bus.publish(&job.delivery).await }
        });
    }

    /// Whether NATS answers.
    pub async fn check(&self) -> Result<(), Fault> {
        self.context().await.map(|_| ())
    }

    async fn context(&self) -> Result<&jetstream::Context, Fault> {
        self.context
            .get_or_try_init(|| async {
                let client = async_nats::ConnectOptions::new()
                    .name("sutler")
                    .connection_timeout(TIMEOUT)
                    .connect(self.url.expose_secret())
                    .await
                    .map_err(|error| Fault::transient("connect to NATS").caused_by(error))?;
                let context = jetstream::new(client);
                context
                    .get_or_create_stream(stream::Config {
                        name: STREAM.to_owned(),
                        subjects: vec!["sutler.>".to_owned()],
                        duplicate_window: DUPLICATE_WINDOW,
                        ..stream::Config::default()
                    })
                    .await
                    .map_err(|error| Fault::transient("make the stream").caused_by(error))?;
                Ok(context)
            })
            .await
    }

    /// Publishes one event and waits until JetStream has it.
    pub async fn publish(&self, delivery: &Delivery) -> Result<(), Fault> {
        let context = self.context().await?;
        let body = serde_json::to_vec(delivery)
            .map_err(|error| Fault::permanent("write an event").caused_by(error))?;
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", delivery.id.to_string().as_str());
        let subject = format!("sutler.{}.{}", delivery.tenant, delivery.kind);
        let acknowledged = tokio::time::timeout(TIMEOUT, async {
            context
                .publish_with_headers(subject, headers, body.into())
                .await?
                .await
        })
        .await
        .map_err(|error| Fault::transient("publish an event").caused_by(error))?
        .map_err(|error| Fault::transient("publish an event").caused_by(error))?;
        tracing::debug!(sequence = acknowledged.sequence, "event published");
        Ok(())
    }
}

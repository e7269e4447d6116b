//! NATS with JetStream.

use std::time::Duration;

use async_nats::jetstream::{self, consumer};
use futures::StreamExt as _;
use serde_json::Value;

use super::tools::installed;
use super::{Program, free_port};

/// A NATS server that keeps its streams when it is started again.
pub struct Nats(pub Program);

/// A message of a stream.
#[derive(Debug, Clone)]
pub struct Published {
    /// The subject.
    pub subject: String,
    /// The header by which JetStream drops repetitions.
    pub id: String,
    /// The body.
    pub body: Value,
}

impl Nats {
    /// An empty one.
    pub async fn start() -> Self {
        let port = free_port();
        let program = Program::start("nats-server", installed("nats-server"), port, |folder| {
            let arguments = [
                "--addr",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--jetstream",
                "--store_dir",
                &folder.join("store").display().to_string(),
            ];
            arguments.map(str::to_owned).to_vec()
        });
        Self(program.await)
    }

    /// What to set `NATS_URL` to.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.0.port())
    }

    /// All messages of the stream that Sutler publishes to, oldest first.
    ///
    /// # Panics
    /// When there is no such stream.
    pub async fn published(&self) -> Vec<Published> {
        let client = async_nats::connect(self.url()).await.expect("connect");
        let stream = jetstream::new(client)
            .get_stream("SUTLER")
            .await
            .expect("the stream is there");
        let all = consumer::pull::OrderedConfig::default();
        let consumer = stream.create_consumer(all).await.expect("a consumer");
        let mut waiting = consumer.cached_info().num_pending;
        let mut messages = consumer.messages().await.expect("messages");
        let mut published = Vec::new();
        while waiting > 0 {
            let next = tokio::time::timeout(Duration::from_secs(10), messages.next()).await;
            let message = next
                .expect("the next message in time")
                .expect("a message")
                .expect("no error");
            let headers = message.headers.as_ref();
            let id = headers.and_then(|headers| headers.get("Nats-Msg-Id"));
            published.push(Published {
                subject: message.subject.to_string(),
                id: id.map(ToString::to_string).unwrap_or_default(),
                body: serde_json::from_slice(&message.payload).expect("JSON"),
            });
            waiting -= 1;
        }
        published
    }
}

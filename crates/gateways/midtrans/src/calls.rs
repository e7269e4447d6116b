//! Calls of Midtrans' API, and what their answers mean.

use kernel::Fault;
use payments::GatewayError;
use reqwest::RequestBuilder;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use crate::MidtransGateway;

/// The longest reason that is kept.
const REASON: usize = 300;

/// What Midtrans answered.
pub(crate) struct Answer {
    /// The status: that of the body, where there is one. Refusals come with a
    /// status of 200 and another one inside.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Value,
}

impl Answer {
    /// What it says, in one line.
    pub(crate) fn reason(&self) -> String {
        let messages = self.body["error_messages"].as_array();
        let listed = messages.into_iter().flatten().filter_map(Value::as_str);
        let text = match self.body["status_message"].as_str() {
            Some(text) => text.to_owned(),
            None => listed.collect::<Vec<_>>().join("; "),
        };
        if text.is_empty() {
            return format!("status {}, and no reason", self.status);
        }
        text.chars().take(REASON).collect()
    }

    /// Why a call that was not done was not: refused for good, or nobody
    /// knows. A bad key (401), too many requests (429) and trouble at Midtrans
    /// (5xx) pass.
    pub(crate) fn failure(&self, context: &'static str) -> GatewayError {
        match self.status {
            401 | 403 | 408 | 429 | 500.. => {
                let why = format!("status {}: {}", self.status, self.reason());
                Fault::transient(context).caused_by(why).into()
            }
            _ => GatewayError::Refused(self.reason()),
        }
    }
}

/// An address under a base.
fn under(base: &Url, path: &[&str]) -> Result<Url, GatewayError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| Fault::permanent("the address of Midtrans cannot be used"))?
        .pop_if_empty()
        .extend(path);
    Ok(url)
}

impl MidtransGateway {
    /// A read of the core API.
    pub(crate) async fn get(&self, path: &[&str]) -> Result<Answer, GatewayError> {
        let url = under(&self.api, path)?;
        self.send("ask Midtrans", self.client.get(url)).await
    }

    /// A change through the core API.
    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> Result<Answer, GatewayError> {
        let url = under(&self.api, path)?;
        let call = self.client.post(url).json(body);
        self.send("call Midtrans", call).await
    }

    /// A change through Snap's API.
    pub(crate) async fn post_snap(&self, body: &Value) -> Result<Answer, GatewayError> {
        let url = under(&self.snap, &["snap", "v1", "transactions"])?;
        let call = self.client.post(url).json(body);
        self.send("open a page at Midtrans", call).await
    }

    async fn send(
        &self,
        context: &'static str,
        call: RequestBuilder,
    ) -> Result<Answer, GatewayError> {
        let unknown = |error: reqwest::Error| {
            // The address may hold ids; the rest is in the log of the call.
            Fault::transient(context).caused_by(error.without_url())
        };
        let answer = call
            .basic_auth(self.server_key.expose_secret(), Some(""))
            .header("accept", "application/json")
            .send()
            .await
            .map_err(unknown)?;
        let outer = answer.status().as_u16();
        let text = answer.text().await.map_err(unknown)?;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let inner = body["status_code"]
            .as_str()
            .and_then(|code| code.parse().ok());
        if body.is_null() && outer < 500 {
            let why = format!("status {outer}, and no JSON");
            return Err(Fault::transient(context).caused_by(why).into());
        }
        Ok(Answer {
            status: inner.unwrap_or(outer),
            body,
        })
    }
}

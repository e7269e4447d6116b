//! An HTTP client that speaks JSON and forgets nothing of an answer.

use std::fmt::Write as _;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// To call with a body of any kind.
pub const POST: Method = Method::POST;

/// Calls one server.
#[derive(Clone)]
pub struct Client {
    base: String,
    http: reqwest::Client,
}

/// A request that is being put together.
pub struct Call {
    request: reqwest::RequestBuilder,
    what: String,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null when it is none.
    pub body: Value,
    what: String,
}

impl Client {
    /// A client for a server.
    pub fn new(base: String) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { base, http }
    }

    /// Where the server is, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let what = format!("{method} {path}");
        let request = self.http.request(method, format!("{}{path}", self.base));
        Call { request, what }
    }

    /// A `GET` request.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A `POST` request with a body.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call(Method::POST, path).json(body)
    }

    /// A `PUT` request with a body.
    pub fn put(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PUT, path).json(body)
    }

    /// A `PATCH` request with a body.
    pub fn patch(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PATCH, path).json(body)
    }

    /// A `DELETE` request.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }
}

impl Call {
    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        let value = HeaderValue::from_str(value).expect("a header value");
        self.request = self.request.header(name, value);
        self
    }

    /// As somebody.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// As one request that may be repeated.
    #[must_use]
    pub fn once(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        if !body.is_null() {
            self.request = self.request.json(body);
        }
        self
    }

    /// With a body as it is.
    #[must_use]
    pub fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    /// Sends it.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn send(self) -> Answer {
        match self.try_send().await {
            Ok(answer) => answer,
            Err(error) => panic!("no answer: {error:?}"),
        }
    }

    /// Sends it; for tests in which the server may go away.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let response = self.request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await?.to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer {
            status,
            headers,
            bytes,
            text,
            body,
            what: self.what,
        })
    }

    /// Sends it and insists on a status.
    ///
    /// # Panics
    /// When another status is answered.
    pub async fn expect(self, status: u16) -> Answer {
        let answer = self.send().await;
        assert_eq!(answer.status, status, "{}", answer.describe());
        answer
    }

    /// Sends it and insists on a refusal with a code.
    ///
    /// # Panics
    /// When something else is answered.
    pub async fn refused(self, status: u16, code: &str) -> Answer {
        let answer = self.expect(status).await;
        assert_eq!(answer.body["code"], code, "{}", answer.describe());
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{}",
            answer.describe()
        );
        answer
    }
}

impl Answer {
    /// The value of a header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// A text in the body.
    ///
    /// # Panics
    /// When there is none.
    pub fn text_at(&self, pointer: &str) -> String {
        match self.body.pointer(pointer).and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => panic!("no text at {pointer} in {}", self.describe()),
        }
    }

    /// A whole number in the body.
    ///
    /// # Panics
    /// When there is none.
    pub fn number_at(&self, pointer: &str) -> i64 {
        match self.body.pointer(pointer).and_then(Value::as_i64) {
            Some(number) => number,
            None => panic!("no number at {pointer} in {}", self.describe()),
        }
    }

    /// The answer for people.
    pub fn describe(&self) -> String {
        let mut text = format!("{} answered {}", self.what, self.status);
        let _ = write!(text, ": {}", self.text);
        text
    }
}

//! An HTTP client that costs little: one connection, one request at a time.
//! The machine that is measured also runs the client.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a server, made when it is needed.
pub struct Client {
    address: SocketAddr,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path with its query.
    pub path: String,
    headers: HeaderMap,
    /// The body.
    pub body: Option<Value>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Bytes,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Call {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// A `GET` request.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A `POST` request without a body.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// A `PUT` request without a body.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// A `PATCH` request without a body.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// With a JSON body.
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// With a header. One that cannot be sent is left out.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// As somebody who signed in.
    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION_NAME, &format!("Bearer {token}"))
    }

    /// As one request that may be repeated.
    pub fn once(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }
}

const AUTHORIZATION_NAME: &str = "authorization";

impl Client {
    /// A client of a server.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            connection: None,
        }
    }

    async fn connect(&mut self) -> Result<SendRequest<Full<Bytes>>> {
        if let Some(open) = self.connection.take()
            && !open.is_closed()
        {
            return Ok(open);
        }
        let stream = TcpStream::connect(self.address).await.context("connect")?;
        stream.set_nodelay(true).context("connect")?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.context("connect")?;
        tokio::spawn(async move {
            // Whoever waits for an answer hears of it.
            let _ = connection.await;
        });
        Ok(sender)
    }

    /// Sends a request. An error means that it is unknown what became of it.
    pub async fn send(&mut self, call: &Call) -> Result<Answer> {
        tokio::time::timeout(PATIENCE, self.exchange(call))
            .await
            .with_context(|| format!("{} {} took too long", call.method, call.path))?
    }

    async fn exchange(&mut self, call: &Call) -> Result<Answer> {
        let mut sender = self.connect().await?;
        sender.ready().await.context("wait for the connection")?;
        let body = match &call.body {
            Some(body) => Bytes::from(serde_json::to_vec(body)?),
            None => Bytes::new(),
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.path.parse().context("the path")?;
        let headers = request.headers_mut();
        headers.clone_from(&call.headers);
        headers.insert(HOST, HeaderValue::from_str(&self.address.to_string())?);
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        debug_assert_eq!(AUTHORIZATION.as_str(), AUTHORIZATION_NAME);
        let response = sender.send_request(request).await.context("send")?;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.context("read the answer")?.to_bytes();
        self.connection = Some(sender);
        let is_json = head
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().ends_with(b"json"));
        let body = if is_json {
            serde_json::from_slice(&bytes).context("read the answer")?
        } else {
            Value::Null
        };
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            bytes,
            body,
        })
    }

    /// Sends a request and insists on a status.
    pub async fn expect(&mut self, call: &Call, status: u16) -> Result<Answer> {
        let answer = self.send(call).await?;
        if answer.status != status {
            bail!(
                "{} {} answered {} instead of {status}: {}",
                call.method,
                call.path,
                answer.status,
                String::from_utf8_lossy(&answer.bytes)
            );
        }
        Ok(answer)
    }
}

impl Answer {
    /// A text in the body.
    pub fn text(&self, pointer: &str) -> Result<&str> {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .with_context(|| format!("no text at {pointer} in {}", self.body))
    }

    /// A whole number in the body.
    pub fn number(&self, pointer: &str) -> Result<i64> {
        self.body
            .pointer(pointer)
            .and_then(Value::as_i64)
            .with_context(|| format!("no number at {pointer} in {}", self.body))
    }

    /// A list in the body.
    pub fn list(&self, pointer: &str) -> Result<&Vec<Value>> {
        self.body
            .pointer(pointer)
            .and_then(Value::as_array)
            .with_context(|| format!("no list at {pointer} in {}", self.body))
    }
}

//! Errors in Stripe's shape (<https://docs.stripe.com/api/errors>).

use serde_json::{Value, json};

/// Why a call is refused.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
    /// Whether work had begun, so that the answer is kept for the key.
    pub(super) kept: bool,
}

impl Refusal {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            code: None,
            message: message.into(),
            param: None,
            kept: false,
        }
    }

    /// A parameter is wrong: nothing was begun.
    pub(super) fn parameter(
        code: &'static str,
        param: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code: Some(code),
            param: Some(param.into()),
            ..Self::new(400, "invalid_request_error", message)
        }
    }

    /// The object's state forbids it.
    pub(super) fn state(code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self {
            code,
            kept: true,
            ..Self::new(400, "invalid_request_error", message)
        }
    }

    /// The card or its bank says no; the payment was made all the same.
    pub(super) fn card(code: &'static str, message: &str) -> Self {
        Self {
            code: Some(code),
            kept: true,
            ..Self::new(402, "card_error", message)
        }
    }

    pub(super) fn missing(what: &str, id: &str) -> Self {
        Self {
            code: Some("resource_missing"),
            param: Some(what.to_owned()),
            ..Self::new(
                404,
                "invalid_request_error",
                format!("No such {what}: '{id}'"),
            )
        }
    }

    pub(super) fn unknown_url(method: &str, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        Self::new(404, "invalid_request_error", message)
    }

    pub(super) fn bad_key() -> Self {
        Self::new(401, "invalid_request_error", "Invalid API Key provided")
    }

    pub(super) fn other_parameters(key: &str) -> Self {
        Self::new(
            400,
            "idempotency_error",
            format!(
                "Keys for idempotent requests can only be used with the same parameters they \
                 were first used with. Try using a key other than '{key}' if you meant to \
                 execute a different request."
            ),
        )
    }

    pub(super) fn in_use() -> Self {
        Self {
            code: Some("idempotency_key_in_use"),
            ..Self::new(
                409,
                "idempotency_error",
                "There is currently another in-progress request using this Stripe idempotent key.",
            )
        }
    }

    /// What a server in trouble says.
    pub(super) fn trouble(status: u16) -> Self {
        if status == 429 {
            let message = "Request rate limit exceeded.";
            return Self {
                code: Some("rate_limit"),
                ..Self::new(429, "invalid_request_error", message)
            };
        }
        Self::new(status, "api_error", "An unknown error occurred")
    }

    pub(super) fn body(&self) -> Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let Some(code) = self.code {
            error["code"] = json!(code);
            error["doc_url"] = json!(format!("https://stripe.com/docs/error-codes/{code}"));
        }
        if let Some(param) = &self.param {
            error["param"] = json!(param);
        }
        json!({"error": error})
    }
}

//! Rate limits: which routes have which, and who counts.

mod memory;
mod refusals;

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::Method;
use actix_web::{HttpMessage as _, HttpRequest};
use config::{Rate, RateLimits};
use kernel::limit::{Decision, Limit, RateLimiter};
use kernel::secret::{base64url, sha256};

use memory::MemoryLimiter;
use refusals::Refusals;

use crate::problem::{ApiError, RequestError};

/// Which limit a route has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Login,
    Auth,
    Checkout,
    AdminWrites,
    Catalog,
    General,
    Webhooks,
    /// Health checks and metrics are not limited.
    Unlimited,
}

impl Class {
    /// The class of a route.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let writes = method != Method::GET && method != Method::HEAD && method != Method::OPTIONS;
        match path {
            "/api/auth/login" | "/api/auth/login/2fa" | "/api/auth/register" => Self::Login,
            "/health" | "/ready" | "/metrics" => Self::Unlimited,
            "/api/checkout" => Self::Checkout,
            _ if path.starts_with("/api/auth/") => Self::Auth,
            _ if path.starts_with("/api/webhooks/") || path == "/api/stripe/webhook" => {
                Self::Webhooks
            }
            _ if path.starts_with("/api/admin/") && writes => Self::AdminWrites,
            _ if path.starts_with("/api/catalog/") || path.starts_with("/media/") => Self::Catalog,
            _ if path.starts_with("/api/orders/") && path.ends_with("/payments") => Self::Checkout,
            // Pages are opened, and codes must not be guessed.
            "/api/wallet/top-ups" | "/api/wallet/gift-cards" => Self::Checkout,
            // It opens another page, as a payment does.
            _ if path.starts_with("/api/orders/") && *method == Method::PATCH => Self::Checkout,
            // Codes must not be guessed: these take coupons.
            "/api/subscriptions" if writes => Self::Checkout,
            _ if path.starts_with("/api/carts/") && path.ends_with("/coupons") => Self::Checkout,
            _ => Self::General,
        }
    }
}

/// What a controller counted for an account, for the headers of the answer.
#[derive(Clone, Copy)]
pub(crate) struct OfAccount(pub(crate) Limit, pub(crate) Decision);

/// By what tries for an account are counted. What was typed is a mail address
/// and not for the memory of another system, nor for the log.
fn account_key(account: &str) -> String {
    base64url(&sha256(account.as_bytes())[..16])
}

/// The limits of a process.
pub struct Limits {
    rates: Option<RateLimits>,
    memory: MemoryLimiter,
    shared: Option<Arc<dyn RateLimiter>>,
    refusals: Refusals,
}

impl Limits {
    /// Limits as the settings have them, counted by a shared limiter if there
    /// is one, else by this process.
    pub fn new(rates: &RateLimits, shared: Option<Arc<dyn RateLimiter>>) -> Self {
        Self {
            rates: rates.enabled.then(|| rates.clone()),
            memory: MemoryLimiter::default(),
            shared,
            refusals: Refusals::default(),
        }
    }

    pub(crate) fn limit(&self, class: Class) -> Option<Limit> {
        let rates = self.rates.as_ref()?;
        let (name, Rate { count, period }) = match class {
            Class::Login => ("login", rates.login),
            Class::Auth => ("auth", rates.auth),
            Class::Checkout => ("checkout", rates.checkout),
            Class::AdminWrites => ("admin_writes", rates.admin_writes),
            Class::Catalog => ("catalog", rates.catalog),
            Class::General => ("general", rates.general),
            Class::Webhooks => ("webhooks", rates.webhooks),
            Class::Unlimited => return None,
        };
        Some(Limit {
            name,
            count,
            period,
        })
    }

    /// Counts a request. When the shared limiter does not answer, this process
    /// counts for itself: a limiter that is down must neither let everything
    /// through nor nothing.
    pub(crate) async fn check(&self, limit: &Limit, key: &str) -> Decision {
        if let Some(shared) = &self.shared {
            match shared.check(limit, key).await {
                Ok(decision) => return decision,
                Err(fault) => {
                    metrics::counter!("sutler_rate_limiter_failures_total").increment(1);
                    tracing::warn!(
                        cause = fault.chain(),
                        "the shared rate limiter does not answer; this node counts for itself"
                    );
                }
            }
        }
        self.memory.check(limit, key)
    }

    /// Counts a try to get into an account, for the account; the middleware
    /// has counted it for the address.
    pub(crate) async fn count_account(
        &self,
        request: &HttpRequest,
        account: &str,
    ) -> Result<(), ApiError> {
        let Some(limit) = self.limit(Class::Login) else {
            return Ok(());
        };
        let key = account_key(account);
        let decision = self.check(&limit, &key).await;
        request.extensions_mut().insert(OfAccount(limit, decision));
        if decision.allowed {
            return Ok(());
        }
        Err(self.refused(&limit, &decision, "account", &key))
    }

    /// The refusal of one too many: counted, and logged now and then for each
    /// of those who are refused: a network, a user, or what stands for an
    /// account that somebody tries to get into.
    pub(crate) fn refused(
        &self,
        limit: &Limit,
        decision: &Decision,
        by: &'static str,
        who: &str,
    ) -> ApiError {
        if let Some(unsaid) = self.refusals.say(limit, who, Instant::now()) {
            tracing::warn!(limit = limit.name, by, who, unsaid, "too many requests");
        }
        metrics::counter!("sutler_rate_limited_total", "limit" => limit.name, "by" => by)
            .increment(1);
        RequestError::RateLimited(decision.retry_after).into()
    }

    /// Forgets whoever has not asked for a while; called now and then.
    pub fn forget_idle(&self) {
        self.memory.forget_idle();
        self.refusals.forget_idle(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_counted_without_their_names() {
        let key = account_key("ten_1/ada@mail.test");
        assert_eq!(key, account_key("ten_1/ada@mail.test"));
        assert_ne!(key, account_key("ten_2/ada@mail.test"));
        assert!(key.len() == 22 && !key.contains("ada"), "{key}");
    }

    #[test]
    fn routes_have_the_limits_they_should() {
        for (method, path, class) in [
            (Method::POST, "/api/auth/login", Class::Login),
            (Method::POST, "/api/auth/register", Class::Login),
            (Method::POST, "/api/auth/login/2fa", Class::Login),
            (Method::POST, "/api/auth/refresh", Class::Auth),
            (Method::GET, "/api/auth/me", Class::Auth),
            (Method::POST, "/api/checkout", Class::Checkout),
            (Method::POST, "/api/orders/ord_x/payments", Class::Checkout),
            (Method::POST, "/api/admin/orders/x/ship", Class::AdminWrites),
            (Method::GET, "/api/admin/orders", Class::General),
            (Method::GET, "/api/catalog/products", Class::Catalog),
            (Method::POST, "/api/webhooks/stripe", Class::Webhooks),
            (Method::POST, "/api/stripe/webhook", Class::Webhooks),
            (Method::POST, "/api/wallet/top-ups", Class::Checkout),
            (Method::POST, "/api/wallet/gift-cards", Class::Checkout),
            (Method::GET, "/api/wallet", Class::General),
            (Method::GET, "/health", Class::Unlimited),
            (Method::POST, "/api/carts", Class::General),
            (Method::POST, "/api/carts/cart_x/coupons", Class::Checkout),
            (Method::PATCH, "/api/orders/ord_x", Class::Checkout),
            (Method::POST, "/api/subscriptions", Class::Checkout),
            (Method::GET, "/api/subscriptions", Class::General),
            (
                Method::POST,
                "/api/subscriptions/sub_x/upgrade",
                Class::General,
            ),
        ] {
            assert_eq!(Class::of(&method, path), class, "{method} {path}");
        }
    }
}

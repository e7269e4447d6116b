//! The embedded gateway, at which a developer plays the buyer.

use kernel::{Fault, Money, Scope, TenantId};

/// The page of the embedded gateway, where a developer plays the buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestPage {
    /// The session.
    pub id: String,
    /// What is paid for.
    pub description: String,
    /// How much.
    pub amount: Money,
    /// Whether it can be paid.
    pub open: bool,
    /// What the buyer did; none while they did nothing.
    pub outcome: Option<TestOutcome>,
    /// Where the buyer goes when they paid.
    pub success_url: String,
    /// Where the buyer goes when they turned back.
    pub cancel_url: String,
}

/// What a developer lets the buyer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestOutcome {
    /// The buyer pays.
    Pay,
    /// The buyer pays; when the same card is charged without them, it is
    /// declined.
    PayOnce,
    /// The card is declined for good.
    Decline,
    /// The buyer takes too long.
    Expire,
}

/// Plays the buyer at the embedded gateway.
#[async_trait::async_trait]
pub trait TestBuyer: Send + Sync {
    /// The tenant that a session's name tells; its page is the same at every
    /// host.
    fn tenant_of(&self, session: &str) -> Option<TenantId>;

    /// The page of a session; none when there is no such session.
    async fn page(&self, scope: &Scope, session: &str) -> Result<Option<TestPage>, Fault>;

    /// Lets the buyer act, and delivers the signed webhook of it. None when
    /// there is no such session; the page shows what came of it.
    async fn act(
        &self,
        scope: &Scope,
        session: &str,
        outcome: TestOutcome,
    ) -> Result<Option<TestPage>, Fault>;
}

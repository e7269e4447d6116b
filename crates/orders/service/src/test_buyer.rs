//! Playing the buyer at the embedded gateway.

use kernel::Scope;
use orders_model::OrdersError;
use orders_model::ports::{TestBuyer, TestOutcome, TestPage};

use crate::Orders;

impl Orders {
    /// Whether the embedded gateway is there.
    pub fn has_test_gateway(&self) -> bool {
        self.test_buyer.is_some()
    }

    /// The pay page of a session of the embedded gateway.
    pub async fn test_page(&self, scope: &Scope, session: &str) -> Result<TestPage, OrdersError> {
        let (buyer, inside) = self.at_page(scope, session)?;
        buyer
            .page(&inside, session)
            .await?
            .ok_or(OrdersError::TestSessionNotFound)
    }

    /// Lets the buyer act on a session of the embedded gateway. To do the same
    /// again is no error.
    pub async fn test_act(
        &self,
        scope: &Scope,
        session: &str,
        outcome: TestOutcome,
    ) -> Result<TestPage, OrdersError> {
        let (buyer, inside) = self.at_page(scope, session)?;
        let page = buyer
            .act(&inside, session, outcome)
            .await?
            .ok_or(OrdersError::TestSessionNotFound)?;
        if page.outcome == Some(outcome) {
            Ok(page)
        } else {
            Err(OrdersError::TestSessionClosed)
        }
    }

    /// The gateway, in the tenant of the session: its page is at one host,
    /// whichever shop the buyer came from.
    fn at_page(
        &self,
        scope: &Scope,
        session: &str,
    ) -> Result<(&dyn TestBuyer, Scope), OrdersError> {
        let found = self.test_buyer.as_deref().and_then(|buyer| {
            let tenant = buyer.tenant_of(session)?;
            let request = scope.request().request_id.clone();
            Some((buyer, self.accounts.system_scope(tenant, request)))
        });
        found.ok_or(OrdersError::TestSessionNotFound)
    }
}

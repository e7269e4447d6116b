//! Playing the buyer at the embedded gateway.

use kernel::Scope;
use orders_model::OrdersError;
use orders_model::ports::{TestOutcome, TestPage};

use crate::Orders;

impl Orders {
    /// Whether the embedded gateway is there.
    pub fn has_test_gateway(&self) -> bool {
        self.test_buyer.is_some()
    }

    /// The pay page of a session of the embedded gateway.
    pub async fn test_page(&self, scope: &Scope, session: &str) -> Result<TestPage, OrdersError> {
        let buyer = self
            .test_buyer
            .as_ref()
            .ok_or(OrdersError::TestSessionNotFound)?;
        buyer
            .page(scope, session)
            .await?
            .ok_or(OrdersError::TestSessionNotFound)
    }

    /// Lets the buyer act on a session of the embedded gateway.
    pub async fn test_act(
        &self,
        scope: &Scope,
        session: &str,
        outcome: TestOutcome,
    ) -> Result<TestPage, OrdersError> {
        let buyer = self
            .test_buyer
            .as_ref()
            .ok_or(OrdersError::TestSessionNotFound)?;
        buyer
            .act(scope, session, outcome)
            .await?
            .ok_or(OrdersError::TestSessionNotFound)
    }
}

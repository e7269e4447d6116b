//! Orders as a table for other programs.

use kernel::{Page, PageRequest, Scope};
use orders_model::OrdersError;
use orders_model::order::Order;

use crate::Orders;
use crate::orders::{OrderFilter, OrderPosition, OrderSort};

/// How many orders are in memory at once.
const AT_ONCE: u64 = 500;

impl Orders {
    /// The next part of an export of orders. No connection is held between two
    /// parts, so that a slow reader holds up nobody.
    pub async fn export_part(
        &self,
        scope: &Scope,
        filter: &OrderFilter,
        sort: OrderSort,
        after: Option<OrderPosition>,
    ) -> Result<Page<Order, OrderPosition>, OrdersError> {
        let page = PageRequest {
            after,
            limit: AT_ONCE,
        };
        self.all_orders(scope, filter, sort, &page).await
    }
}

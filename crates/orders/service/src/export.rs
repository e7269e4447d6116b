//! Orders as a table for other programs.

use std::collections::BTreeMap;

use kernel::{OrderId, Page, PageRequest, Permission, Scope};
use orders_model::OrdersError;
use orders_model::order::{ListedOrder, OrderLine};
use orders_repository::lines;

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
    ) -> Result<Page<ListedOrder, OrderPosition>, OrdersError> {
        let page = PageRequest {
            after,
            limit: AT_ONCE,
        };
        self.all_orders(scope, filter, sort, &page).await
    }

    /// The lines of the orders of such a part, by order.
    pub async fn lines_of_part(
        &self,
        scope: &Scope,
        part: &[ListedOrder],
    ) -> Result<BTreeMap<OrderId, Vec<OrderLine>>, OrdersError> {
        scope.require(Permission::OrdersRead)?;
        let orders: Vec<_> = part
            .iter()
            .map(|listed| (listed.order.id, listed.order.currency))
            .collect();
        let db = self.database.read(scope).await?;
        Ok(lines::of_orders(&db, &orders).await?)
    }
}

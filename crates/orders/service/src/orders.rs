//! Looking at orders.

use database::Scoped;
use kernel::{OrderId, Page, PageRequest, Permission, Scope};
use orders_model::OrdersError;
use orders_model::order::{Order, OrderDetail};
use orders_repository::{history, lines, orders, payments, refunds};
use serde::{Deserialize, Serialize};

use crate::Orders;
use crate::access::OrderKey;

pub use orders_repository::orders::Filter as OrderFilter;

/// An order as its owner sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderAnswer {
    /// The order with all that belongs to it.
    pub detail: OrderDetail,
    /// What a guest sees it with.
    pub token: Option<String>,
}

impl Orders {
    /// The caller's orders, newest first.
    pub async fn my_orders(
        &self,
        scope: &Scope,
        page: PageRequest<OrderId>,
    ) -> Result<Page<Order, OrderId>, OrdersError> {
        let filter = OrderFilter {
            user: Some(scope.require_user()?),
            ..OrderFilter::default()
        };
        let db = self.database.read(scope).await?;
        Ok(orders::list(&db, &filter, page).await?)
    }

    /// One order of the caller.
    pub async fn order(&self, scope: &Scope, key: &OrderKey) -> Result<OrderDetail, OrdersError> {
        let detail = self.whole_order(scope, key.id).await?;
        self.check_order(scope, &detail.order, key.token.as_deref())?;
        Ok(detail)
    }

    /// The orders of the tenant, newest first.
    pub async fn all_orders(
        &self,
        scope: &Scope,
        filter: &OrderFilter,
        page: PageRequest<OrderId>,
    ) -> Result<Page<Order, OrderId>, OrdersError> {
        scope.require(Permission::OrdersRead)?;
        let db = self.database.read(scope).await?;
        Ok(orders::list(&db, filter, page).await?)
    }

    /// One order of the tenant.
    pub async fn admin_order(
        &self,
        scope: &Scope,
        id: OrderId,
    ) -> Result<OrderDetail, OrdersError> {
        scope.require(Permission::OrdersRead)?;
        self.whole_order(scope, id).await
    }

    /// An order that the caller may see, because they just did something to
    /// it.
    pub(crate) async fn order_answer(
        &self,
        scope: &Scope,
        id: OrderId,
    ) -> Result<OrderAnswer, OrdersError> {
        let detail = self.whole_order(scope, id).await?;
        let token = self.order_token(scope, &detail.order);
        Ok(OrderAnswer { detail, token })
    }

    async fn whole_order(&self, scope: &Scope, id: OrderId) -> Result<OrderDetail, OrdersError> {
        let db = self.database.read(scope).await?;
        orders_repository::detail::find(&db, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)
    }
}

/// An order with all that belongs to it.
pub(crate) async fn detail(db: &Scoped, order: Order) -> Result<OrderDetail, OrdersError> {
    Ok(OrderDetail {
        lines: lines::of(db, &order).await?,
        payments: payments::of(db, order.id).await?,
        refunds: refunds::of(db, order.id).await?,
        history: history::of(db, order.id).await?,
        order,
    })
}

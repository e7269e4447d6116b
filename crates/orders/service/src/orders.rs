//! Looking at orders.

use database::Scoped;
use kernel::{OrderId, Page, PageRequest, Permission, Scope};
use orders_model::OrdersError;
use orders_model::order::{ListedOrder, Order, OrderDetail};
use orders_repository::listing;
use serde::{Deserialize, Serialize};

use crate::Orders;
use crate::access::OrderKey;

pub use orders_repository::listing::{
    Filter as OrderFilter, Position as OrderPosition, Sort as OrderSort,
};

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
        page: PageRequest<OrderPosition>,
    ) -> Result<Page<ListedOrder, OrderPosition>, OrdersError> {
        let filter = OrderFilter {
            user: Some(scope.require_user()?),
            ..OrderFilter::default()
        };
        let db = self.database.read(scope).await?;
        Ok(listing::list(&db, &filter, OrderSort::Newest, &page).await?)
    }

    /// One order of the caller.
    pub async fn order(&self, scope: &Scope, key: &OrderKey) -> Result<OrderDetail, OrdersError> {
        let detail = self.whole_order(scope, key.id).await?;
        self.check_order(scope, &detail.order, key.token.as_deref())?;
        Ok(detail)
    }

    /// The orders of the tenant.
    pub async fn all_orders(
        &self,
        scope: &Scope,
        filter: &OrderFilter,
        sort: OrderSort,
        page: &PageRequest<OrderPosition>,
    ) -> Result<Page<ListedOrder, OrderPosition>, OrdersError> {
        scope.require(Permission::OrdersRead)?;
        let db = self.database.read(scope).await?;
        Ok(listing::list(&db, filter, sort, page).await?)
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

    pub(crate) async fn whole_order(
        &self,
        scope: &Scope,
        id: OrderId,
    ) -> Result<OrderDetail, OrdersError> {
        let db = self.database.read(scope).await?;
        orders_repository::detail::find(&db, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)
    }
}

/// An order with all that belongs to it, as it was just written.
pub(crate) async fn detail(db: &Scoped, order: Order) -> Result<OrderDetail, OrdersError> {
    orders_repository::detail::find(db, order.id)
        .await?
        .ok_or(OrdersError::OrderNotFound)
}

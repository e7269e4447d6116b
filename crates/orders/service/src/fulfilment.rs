//! Sending the goods.

use database::{Batch, Once};
use kernel::{Audited as _, OrderId, Permission, Scope};
use orders_model::OrdersError;
use orders_model::events::OrderShipped;
use orders_model::order::{OrderDetail, PaymentState};
use orders_repository::{history, orders};

use crate::Orders;
use crate::orders::detail;

impl Orders {
    /// Notes that a paid order is on its way, and mails its buyer.
    pub async fn ship(
        &self,
        scope: &Scope,
        id: OrderId,
        carrier: Option<String>,
        tracking_number: Option<String>,
    ) -> Result<OrderDetail, OrdersError> {
        scope.require(Permission::OrdersWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<OrderDetail>(scope, "order.ship", now)
            .await?
        {
            Once::Replayed(detail) => return Ok(detail),
            Once::Fresh(tx) => tx,
        };
        let mut order = orders::lock(&tx, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        if order.payment_status == PaymentState::Refunded {
            return Err(OrdersError::Refunded);
        }
        let before = order.snapshot();
        order.ship(carrier, tracking_number, now)?;
        let mut batch = Batch::new();
        batch.add(orders::update(&order));
        let note = order.tracking_number.clone();
        batch.add(history::note(id, "shipped", note, scope.actor(), now));
        let event = OrderShipped { order: id };
        self.queue.publish_with(&tx, &mut batch, &event)?;
        batch.run(&tx).await?;
        self.audit_order(&tx, "order.ship", &before, &order).await?;
        let answer = detail(&tx, order).await?;
        Ok(tx.commit_with(answer).await?)
    }
}

//! What of orders is counted, for the domains after this one.

use kernel::{MoneyError, OrderId, RefundId, Scope};
use orders_model::OrdersError;
use orders_model::figures::{LineFigures, OrderFigures, RefundFigures};
use orders_model::order::{Order, OrderLine};
use orders_model::refund::{Refund, RefundStatus};
use orders_repository::{figures, lines, orders, refunds};

use crate::Orders;

impl Orders {
    /// A paid order; none when it is not paid.
    pub async fn order_figures(
        &self,
        scope: &Scope,
        order: OrderId,
    ) -> Result<Option<OrderFigures>, OrdersError> {
        let db = self.database.read(scope).await?;
        let Some(order) = orders::find(&db, order).await? else {
            return Ok(None);
        };
        let lines = lines::of(&db, &order).await?;
        Ok(figures_of(&order, &lines)?)
    }

    /// Paid orders after one, in the order of their ids.
    pub async fn figures_after(
        &self,
        scope: &Scope,
        after: OrderId,
        limit: i64,
    ) -> Result<Vec<OrderFigures>, OrdersError> {
        let db = self.database.read(scope).await?;
        let mut page = Vec::new();
        for order in figures::paid_after(&db, after, limit).await? {
            let lines = lines::of(&db, &order).await?;
            page.extend(figures_of(&order, &lines)?);
        }
        Ok(page)
    }

    /// Money that went back; none when it did not.
    pub async fn refund_figures(
        &self,
        scope: &Scope,
        refund: RefundId,
    ) -> Result<Option<RefundFigures>, OrdersError> {
        let db = self.database.read(scope).await?;
        let refund = refunds::find(&db, refund).await?;
        Ok(refund
            .filter(|refund| refund.status == RefundStatus::Succeeded)
            .map(|refund| of_refund(&refund)))
    }

    /// Refunds that succeeded after one, in the order of their ids.
    pub async fn refund_figures_after(
        &self,
        scope: &Scope,
        after: RefundId,
        limit: i64,
    ) -> Result<Vec<RefundFigures>, OrdersError> {
        let db = self.database.read(scope).await?;
        let page = figures::refunds_after(&db, after, limit).await?;
        Ok(page.iter().map(of_refund).collect())
    }
}

fn figures_of(order: &Order, lines: &[OrderLine]) -> Result<Option<OrderFigures>, MoneyError> {
    let Some(paid_at) = order.paid_at else {
        return Ok(None);
    };
    let lines = lines
        .iter()
        .map(|line| {
            Ok(LineFigures {
                line: line.id,
                product: line.product,
                name: line.name.clone(),
                quantity: line.quantity,
                total: line.paid()?,
            })
        })
        .collect::<Result<_, MoneyError>>()?;
    Ok(Some(OrderFigures {
        order: order.id,
        cart: order.cart,
        total: order.total,
        placed_at: order.placed_at,
        paid_at,
        lines,
    }))
}

fn of_refund(refund: &Refund) -> RefundFigures {
    RefundFigures {
        refund: refund.id,
        amount: refund.amount,
        at: refund.updated_at,
    }
}

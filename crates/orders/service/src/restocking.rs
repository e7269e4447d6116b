//! Goods that go back into stock with a refund.

use catalog_model::stock::Demand;
use database::Transaction;
use orders_model::OrdersError;
use orders_model::order::{Order, OrderLine};
use orders_model::refund::{Restock, check_restock};
use orders_repository::lines;

use crate::Orders;

impl Orders {
    /// Puts goods of an order back into stock, at most as many as were sold.
    pub(crate) async fn restock(
        &self,
        tx: &Transaction,
        order: &Order,
        lines: &mut [OrderLine],
        restock: &[Restock],
    ) -> Result<(), OrdersError> {
        check_restock(lines, restock)?;
        let (mut counted, mut given_up) = (Vec::new(), Vec::new());
        for entry in restock {
            let line = lines
                .iter_mut()
                .find(|line| line.id == entry.line)
                .ok_or(OrdersError::LineNotFound)?;
            let by = line.put_back(entry.quantity);
            if !lines::move_pieces(tx, entry.line, by).await? {
                return Err(OrdersError::LineNotFound);
            }
            // What never was there cannot be put back.
            let (back, never_there) = line.back_in_stock(entry.quantity, by);
            if by.backordered < 0 && !line.components.is_empty() {
                lines::set_waiting(tx, line).await?;
            }
            counted.extend(back);
            given_up.extend(never_there);
        }
        let (returned, given_up) = (Demand::of(counted)?, Demand::of(given_up)?);
        self.catalog
            .restock_in_tx(tx, order.id, &returned, &given_up)
            .await?;
        Ok(())
    }
}

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
        let mut counted = Vec::new();
        for entry in restock {
            let line = lines
                .iter_mut()
                .find(|line| line.id == entry.line)
                .ok_or(OrdersError::LineNotFound)?;
            let by = line.put_back(entry.quantity);
            if !lines::move_pieces(tx, entry.line, by).await? {
                return Err(OrdersError::LineNotFound);
            }
            counted.extend(line.stock_item.map(|item| (item, entry.quantity)));
        }
        if counted.is_empty() {
            return Ok(());
        }
        let returned = Demand::of(counted)?;
        Ok(self.catalog.restock_in_tx(tx, order.id, &returned).await?)
    }
}

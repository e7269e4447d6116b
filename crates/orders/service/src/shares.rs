//! Whose money it is that goes back.

use database::{Batch, Transaction};
use kernel::{Fault, Money};
use orders_model::OrdersError;
use orders_model::order::{Order, OrderLine, Settled};
use orders_model::refund::Restock;
use orders_model::returns::Return;
use orders_model::shares::{Cause, Goods, Part, parts_of, spread};
use orders_repository::{lines, refund_shares};

use crate::Orders;

impl Orders {
    /// The parts of an order whose money may go back. The order is locked.
    pub(crate) async fn parts(&self, tx: &Transaction, order: &Order) -> Result<Vec<Part>, Fault> {
        let lines = lines::of(tx, order).await?;
        self.parts_with(tx, order, &lines).await
    }

    /// The same when the lines were read before.
    pub(crate) async fn parts_with(
        &self,
        tx: &Transaction,
        order: &Order,
        lines: &[OrderLine],
    ) -> Result<Vec<Part>, Fault> {
        let given = refund_shares::of(tx, order.id).await?;
        Ok(parts_of(order, lines, &given))
    }

    /// Notes whose money it is that goes back, first of all that of some goods.
    pub(crate) fn share(
        &self,
        batch: &mut Batch,
        order: &Order,
        parts: &mut [Part],
        (cause, amount): (Cause, Money),
        goods: &[Goods],
    ) {
        let shares = spread(parts, amount, goods);
        if let Some(write) = refund_shares::insert(order.id, cause, &shares, self.now()) {
            batch.add(write);
        }
    }
}

/// What was paid for the goods of a return.
pub(crate) fn goods_of_return(back: &Return) -> Vec<Goods> {
    let lines = back.lines.iter();
    lines
        .filter_map(|line| Some((line.line, line.settled?.worth)))
        .collect()
}

/// What was paid for goods that go back into stock.
pub(crate) fn goods_of_restock(
    lines: &[OrderLine],
    restock: &[Restock],
) -> Result<Vec<Goods>, OrdersError> {
    let mut goods = Vec::with_capacity(restock.len());
    for entry in restock {
        if let Some(line) = lines.iter().find(|line| line.id == entry.line) {
            let worth = line.worth(Settled::default(), entry.quantity)?.worth;
            goods.push((entry.line, worth));
        }
    }
    Ok(goods)
}

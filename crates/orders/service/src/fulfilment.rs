//! Sending the goods, in one or in several parts.

use catalog_model::CatalogError;
use catalog_model::stock::Demand;
use database::{Batch, Once, OnceTransaction, Transaction};
use kernel::{Audited as _, OrderId, Permission, Scope, ShipmentId, Snapshot};
use orders_model::events::{OrderShipped, ShipmentDelivered, ShipmentShipped};
use orders_model::order::{LineMove, Order, OrderDetail, OrderLine, OrderStatus};
use orders_model::search::words_of_tracking;
use orders_model::shipment::{
    LineQuantity, Shipment, ShipmentStatus, Tracking, choose, fulfilment,
};
use orders_model::{AftercareError, OrdersError};
use orders_repository::{history, lines, orders, shipments, words};

use crate::Orders;
use crate::orders::detail;

/// A shipment to make.
#[derive(Debug, Clone)]
pub struct NewShipment {
    /// What goes into it; all that is in none yet when none.
    pub lines: Option<Vec<LineQuantity>>,
    /// How it can be followed.
    pub tracking: Tracking,
    /// Whether the carrier has it already.
    pub hand_over: bool,
}

/// What becomes of a shipment.
#[derive(Debug, Clone)]
pub enum ShipmentStep {
    /// The carrier has it.
    HandOver(Tracking),
    /// The buyer has it.
    Deliver,
    /// It does not leave.
    Cancel,
}

impl Orders {
    /// Packs goods of a paid order. When they are handed over, the buyer gets
    /// a mail.
    pub async fn create_shipment(
        &self,
        scope: &Scope,
        id: OrderId,
        new: NewShipment,
    ) -> Result<OrderDetail, OrdersError> {
        scope.require(Permission::OrdersWrite)?;
        let now = self.now();
        let tracking = new.tracking.completed()?;
        let tx = match self
            .database
            .begin_once::<OrderDetail>(scope, "shipment.create", now)
            .await?
        {
            Once::Replayed(detail) => return Ok(detail),
            Once::Fresh(tx) => tx,
        };
        let mut order = orders::lock(&tx, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let before = order.snapshot();
        order.check_shippable()?;
        let mut lines = lines::of(&tx, &order).await?;
        let mut all = shipments::of(&tx, id).await?;
        let mut shipment = Shipment {
            id: ShipmentId::new(now),
            order: id,
            status: ShipmentStatus::Prepared,
            lines: choose(&lines, new.lines.as_deref())?,
            tracking,
            created_at: now,
            shipped_at: None,
            delivered_at: None,
            canceled_at: None,
        };
        self.pack(&tx, &order, &mut lines, &shipment.lines).await?;
        let mut batch = Batch::new();
        if new.hand_over {
            shipment.hand_over(Tracking::default(), now)?;
            self.note_handed_over(&tx, &mut batch, &mut order, &shipment)?;
        } else {
            let note = Some(shipment.id.to_string());
            batch.add(history::note(id, "packed", note, scope.actor(), now));
        }
        batch.add(shipments::insert(&shipment));
        all.push(shipment);
        self.settle_goods(&tx, &mut batch, &mut order, &lines, &all)?;
        self.finish_order(tx, batch, order, ("shipment.create", &before))
            .await
    }

    /// Takes what goes into a shipment from what is to be shipped. What was
    /// bought before it was there has to be there by now.
    async fn pack(
        &self,
        tx: &Transaction,
        order: &Order,
        lines: &mut [OrderLine],
        entries: &[LineQuantity],
    ) -> Result<(), OrdersError> {
        let mut waited_for = Vec::new();
        for entry in entries {
            let mut to_fill = 0;
            if let Some(line) = lines.iter_mut().find(|line| line.id == entry.line) {
                to_fill = line.to_fill(entry.quantity);
                waited_for.extend(line.fill(entry.quantity));
            }
            let by = LineMove {
                shipped: entry.quantity,
                backordered: -to_fill,
                ..LineMove::default()
            };
            move_pieces(tx, lines, *entry, by).await?;
            let bundle = lines.iter().find(|line| line.id == entry.line);
            if let Some(bundle) = bundle.filter(|line| to_fill > 0 && !line.components.is_empty()) {
                lines::set_waiting(tx, bundle).await?;
            }
        }
        if waited_for.is_empty() {
            return Ok(());
        }
        let filled = Demand::of(waited_for)?;
        let filled = self.catalog.fill_in_tx(tx, order.id, &filled).await;
        filled.map_err(|error| match error {
            CatalogError::NotThereYet(short) => {
                let names = crate::payments::names(lines, &short);
                AftercareError::NotThereYet(names).into()
            }
            other => other.into(),
        })
    }

    /// Lets a shipment go on.
    pub async fn move_shipment(
        &self,
        scope: &Scope,
        id: ShipmentId,
        step: ShipmentStep,
    ) -> Result<OrderDetail, OrdersError> {
        scope.require(Permission::OrdersWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<OrderDetail>(scope, "shipment.move", now)
            .await?
        {
            Once::Replayed(detail) => return Ok(detail),
            Once::Fresh(tx) => tx,
        };
        let missing = AftercareError::ShipmentNotFound;
        let Some(order) = shipments::order_of(&tx, id).await? else {
            return Err(missing.into());
        };
        let mut order = orders::lock(&tx, order).await?.ok_or(missing)?;
        let before = order.snapshot();
        // Read now that nobody else changes them.
        let mut all = shipments::of(&tx, order.id).await?;
        let mut lines = lines::of(&tx, &order).await?;
        let shipment = all
            .iter_mut()
            .find(|shipment| shipment.id == id)
            .ok_or(AftercareError::ShipmentNotFound)?;
        let mut batch = Batch::new();
        match step {
            ShipmentStep::HandOver(tracking) => {
                order.check_shippable()?;
                shipment.hand_over(tracking, now)?;
                self.note_handed_over(&tx, &mut batch, &mut order, shipment)?;
            }
            ShipmentStep::Deliver => {
                shipment.deliver(now)?;
                let event = ShipmentDelivered {
                    order: order.id,
                    shipment: id,
                };
                self.queue.publish_with(&tx, &mut batch, &event)?;
                let note = Some(id.to_string());
                batch.add(history::note(
                    order.id,
                    "delivered",
                    note,
                    scope.actor(),
                    now,
                ));
            }
            ShipmentStep::Cancel => {
                shipment.cancel(now)?;
                for entry in shipment.lines.clone() {
                    let by = LineMove {
                        shipped: -entry.quantity,
                        ..LineMove::default()
                    };
                    move_pieces(&tx, &mut lines, entry, by).await?;
                }
                let note = Some(id.to_string());
                let kind = "shipment_canceled";
                batch.add(history::note(order.id, kind, note, scope.actor(), now));
            }
        }
        batch.add(shipments::update(shipment));
        self.settle_goods(&tx, &mut batch, &mut order, &lines, &all)?;
        self.finish_order(tx, batch, order, ("shipment.move", &before))
            .await
    }

    /// What follows from handing a shipment over.
    fn note_handed_over(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        shipment: &Shipment,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        order.handed_over(&shipment.tracking, now);
        let number = shipment.tracking.number.as_deref();
        let found_by = number.map(words_of_tracking);
        if let Some(write) = words::index(order.id, &found_by.unwrap_or_default()) {
            batch.add(write);
        }
        let actor = tx.scope().actor();
        let note = Some(shipment.id.to_string());
        batch.add(history::note(order.id, "shipped", note, actor, now));
        let event = ShipmentShipped {
            order: order.id,
            shipment: shipment.id,
        };
        self.queue.publish_with(tx, batch, &event)?;
        Ok(())
    }

    /// Takes over where the goods of a paid order stand; the caller writes the
    /// order.
    pub(crate) fn settle_goods(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        lines: &[OrderLine],
        shipments: &[Shipment],
    ) -> Result<(), OrdersError> {
        if !matches!(order.status, OrderStatus::Paid | OrderStatus::Shipped) {
            return Ok(());
        }
        if order.settle_goods(fulfilment(lines, shipments), self.now())? {
            let event = OrderShipped { order: order.id };
            self.queue.publish_with(tx, batch, &event)?;
        }
        Ok(())
    }

    /// Writes an order with a batch, records what was done, and answers it as
    /// it is then.
    pub(crate) async fn finish_order(
        &self,
        tx: OnceTransaction,
        mut batch: Batch,
        order: Order,
        (action, before): (&'static str, &Snapshot),
    ) -> Result<OrderDetail, OrdersError> {
        batch.add(orders::update(&order));
        batch.run(&tx).await?;
        self.audit_order(&tx, action, before, &order).await?;
        let answer = detail(&tx, order).await?;
        Ok(tx.commit_with(answer).await?)
    }
}

/// Changes the counts of a line, in the database and as it was read. The
/// database refuses what the rules of the model do not.
pub(crate) async fn move_pieces(
    tx: &Transaction,
    lines: &mut [OrderLine],
    entry: LineQuantity,
    by: LineMove,
) -> Result<(), OrdersError> {
    if !lines::move_pieces(tx, entry.line, by).await? {
        return Err(OrdersError::LineNotFound);
    }
    if let Some(line) = lines.iter_mut().find(|line| line.id == entry.line) {
        line.moved(by);
    }
    Ok(())
}

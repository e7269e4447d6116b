//! What people write about orders.

use database::{Batch, Once, Transaction};
use kernel::{Audited as _, OrderId, OrderNoteId, Permission, Scope};
use orders_model::note::{NoteAudience, OrderNote};
use orders_model::order::OrderDetail;
use orders_model::{AftercareError, OrdersError};
use orders_repository::{notes, orders};

use crate::Orders;

impl Orders {
    /// Writes a note to an order of the tenant.
    pub async fn add_note(
        &self,
        scope: &Scope,
        id: OrderId,
        audience: NoteAudience,
        body: String,
    ) -> Result<OrderDetail, OrdersError> {
        scope.require(Permission::OrdersWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<OrderDetail>(scope, "order.note", now)
            .await?
        {
            Once::Replayed(detail) => return Ok(detail),
            Once::Fresh(tx) => tx,
        };
        let mut order = orders::lock(&tx, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let before = order.snapshot();
        self.write_note(&tx, id, audience, body).await?;
        order.changed(now);
        self.finish_order(tx, Batch::new(), order, ("order.note", &before))
            .await
    }

    /// Lets the buyer read why something was done to their order; the caller
    /// holds its lock.
    pub(crate) async fn tell_customer(
        &self,
        tx: &Transaction,
        id: OrderId,
        reason: &str,
    ) -> Result<(), OrdersError> {
        self.write_note(tx, id, NoteAudience::Customer, reason.to_owned())
            .await
    }

    async fn write_note(
        &self,
        tx: &Transaction,
        id: OrderId,
        audience: NoteAudience,
        body: String,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        let note = OrderNote {
            id: OrderNoteId::new(now),
            audience,
            body,
            actor: tx.scope().actor().label(),
            at: now,
        };
        if !notes::insert(tx, id, &note).await? {
            return Err(AftercareError::TooManyNotes(notes::MAX_NOTES).into());
        }
        Ok(())
    }
}

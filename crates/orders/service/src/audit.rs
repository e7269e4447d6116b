//! What administrators do to orders, for the audit log.

use database::Transaction;
use kernel::{AuditEntry, Fault, Permission, Snapshot};
use orders_model::order::Order;

use crate::Orders;

impl Orders {
    /// Records what was done to an order, in the transaction that does it, as
    /// its last write.
    pub(crate) async fn audit_order(
        &self,
        tx: &Transaction,
        action: &'static str,
        before: &Snapshot,
        order: &Order,
    ) -> Result<(), Fault> {
        let entry = AuditEntry::new(action, order.id);
        let entry = entry.before(before).after(order);
        self.accounts.audit().record_in_tx(tx, entry).await
    }

    /// The same for what buyers and sweeps do as well: only that of people,
    /// and keys of people, who run the shop is recorded.
    pub(crate) async fn audit_staff(
        &self,
        tx: &Transaction,
        action: &'static str,
        before: &Snapshot,
        order: &Order,
    ) -> Result<(), Fault> {
        let scope = tx.scope();
        if scope.user().is_some() && scope.may(Permission::OrdersWrite) {
            self.audit_order(tx, action, before, order).await?;
        }
        Ok(())
    }
}

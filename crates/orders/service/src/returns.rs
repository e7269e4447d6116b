//! Goods that come back: asking, deciding, receiving, paying back.

use database::{Batch, Once, OnceTransaction, Scoped, Transaction};
use kernel::{Audited as _, Money, OrderId, Page, PageRequest, Permission, ReturnId, Scope};
use orders_model::events::{ReturnApproved, ReturnRequested};
use orders_model::order::Order;
use orders_model::returns::{
    ReceivedLine, Return, ReturnKind, ReturnStatus, WantedReturn, check_returnable, check_window,
};
use orders_model::{AftercareError, OrdersError};
use orders_repository::{history, lines, orders, returns, shipments};

use crate::Orders;
use crate::access::OrderKey;
use crate::receiving::{Parts, hold};

pub use orders_repository::returns::Filter as ReturnFilter;

/// A return to make.
#[derive(Debug, Clone)]
pub struct NewReturn {
    /// What is to come back.
    pub lines: Vec<WantedReturn>,
    /// Anything more.
    pub note: Option<String>,
    /// Whether it needs no decision; only the shop can say so.
    pub approved: bool,
}

/// What becomes of a return.
#[derive(Debug, Clone)]
pub enum ReturnStep {
    /// The goods may come.
    Approve,
    /// They may not; why.
    Reject(String),
    /// It is called off; why.
    Cancel(Option<String>),
    /// The goods are here; all of them, as new, when none.
    Receive(Option<Vec<ReceivedLine>>),
    /// The money goes back.
    Refund {
        /// How much; what the goods were bought for when none.
        amount: Option<Money>,
        /// Even if the bank may give it back itself.
        despite_dispute: bool,
    },
}

impl Orders {
    /// Asks to return goods of an order of the caller, within the time that
    /// the shop gives.
    pub async fn request_return(
        &self,
        scope: &Scope,
        key: &OrderKey,
        new: NewReturn,
    ) -> Result<Return, OrdersError> {
        let days = self.tenant(scope).await?.settings.return_window_days;
        let tx = match self.begin_return(scope).await? {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        let order = orders::lock(&tx, key.id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        self.check_order_change(scope, &order, key.token.as_deref())?;
        self.make_return(tx, order, new, Some(days)).await
    }

    /// Makes a return of an order of the tenant, at any time.
    pub async fn create_return(
        &self,
        scope: &Scope,
        id: OrderId,
        new: NewReturn,
    ) -> Result<Return, OrdersError> {
        scope.require(Permission::OrdersWrite)?;
        let tx = match self.begin_return(scope).await? {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        let order = orders::lock(&tx, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        self.make_return(tx, order, new, None).await
    }

    async fn begin_return(&self, scope: &Scope) -> Result<Once<Return>, OrdersError> {
        let begun = self.database.begin_once(scope, "return.create", self.now());
        Ok(begun.await?)
    }

    async fn make_return(
        &self,
        tx: OnceTransaction,
        mut order: Order,
        new: NewReturn,
        window_days: Option<u32>,
    ) -> Result<Return, OrdersError> {
        let now = self.now();
        let before = order.snapshot();
        let mut batch = Batch::new();
        let made = self
            .open_return(&tx, &mut batch, &order, &new, window_days)
            .await?;
        batch.add(returns::insert(&made));
        order.changed(now);
        batch.add(orders::update(&order));
        batch.run(&tx).await?;
        self.audit_staff(&tx, "return.create", &before, &order)
            .await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Checks a new return and holds its pieces, under the order's lock; the
    /// caller inserts it.
    pub(crate) async fn open_return(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &Order,
        new: &NewReturn,
        window_days: Option<u32>,
    ) -> Result<Return, OrdersError> {
        let now = self.now();
        let mut of_order = lines::of(tx, order).await?;
        let sent = shipments::of(tx, order.id).await?;
        let checked = check_returnable(&of_order, &sent, &new.lines)?;
        if let Some(days) = window_days {
            check_window(&sent, &checked, days, now)?;
        }
        let actor = tx.scope().actor();
        let nothing = Money::zero(order.currency);
        let mut made = Return {
            id: ReturnId::new(now),
            order: order.id,
            kind: ReturnKind::Refund,
            status: ReturnStatus::Requested,
            lines: checked,
            note: new.note.clone(),
            decision: None,
            exchange_order: None,
            refund_due: nothing,
            refunded: nothing,
            actor: actor.label(),
            created_at: now,
            decided_at: None,
            received_at: None,
            updated_at: now,
        };
        if new.approved {
            made.become_status(ReturnStatus::Approved, now)?;
        }
        hold(tx, &mut of_order, &made, 1).await?;
        let event = ReturnRequested {
            order: order.id,
            id: made.id,
        };
        self.queue.publish_with(tx, batch, &event)?;
        let note = Some(made.id.to_string());
        batch.add(history::note(
            order.id,
            "return_requested",
            note,
            actor,
            now,
        ));
        if new.approved {
            let event = ReturnApproved {
                order: order.id,
                id: made.id,
            };
            self.queue.publish_with(tx, batch, &event)?;
        }
        Ok(made)
    }

    /// Calls off a return of an order of the caller whose goods are not here.
    pub async fn cancel_return(
        &self,
        scope: &Scope,
        key: &OrderKey,
        id: ReturnId,
    ) -> Result<Return, OrdersError> {
        let db = self.database.read(scope).await?;
        let order = orders::find(&db, key.id).await?;
        let order = order.ok_or(OrdersError::OrderNotFound)?;
        let found = returns::find(&db, id).await?;
        drop(db);
        self.check_order_change(scope, &order, key.token.as_deref())?;
        let found = found.filter(|found| found.order == key.id);
        let found = found.ok_or(AftercareError::ReturnNotFound)?;
        self.step(scope, found.id, ReturnStep::Cancel(None)).await
    }

    /// Lets a return of the tenant go on.
    pub async fn move_return(
        &self,
        scope: &Scope,
        id: ReturnId,
        step: ReturnStep,
    ) -> Result<Return, OrdersError> {
        scope.require(match step {
            ReturnStep::Refund { .. } => Permission::OrdersRefund,
            _ => Permission::OrdersWrite,
        })?;
        self.step(scope, id, step).await
    }

    async fn step(
        &self,
        scope: &Scope,
        id: ReturnId,
        step: ReturnStep,
    ) -> Result<Return, OrdersError> {
        let now = self.now();
        let tx = match self.database.begin_once(scope, "return.move", now).await? {
            Once::Replayed(done) => return Ok(done),
            Once::Fresh(tx) => tx,
        };
        let missing = || AftercareError::ReturnNotFound;
        let order = returns::order_of(&tx, id).await?.ok_or_else(missing)?;
        let mut order = orders::lock(&tx, order).await?.ok_or_else(missing)?;
        let before = order.snapshot();
        // Read now that nobody else changes it.
        let mut of_order = lines::of(&tx, &order).await?;
        let mut found = returns::find(&tx, id).await?.ok_or_else(missing)?;
        let mut batch = Batch::new();
        let mut parts = Parts {
            order: &mut order,
            lines: &mut of_order,
            found: &mut found,
        };
        let kind = self.take_step(&tx, &mut batch, &mut parts, step).await?;
        batch.add(returns::update(&found));
        // Not why: that can be forgotten, the history cannot.
        let note = Some(id.to_string());
        batch.add(history::note(order.id, kind, note, scope.actor(), now));
        order.changed(now);
        batch.add(orders::update(&order));
        batch.run(&tx).await?;
        self.audit_staff(&tx, "return.move", &before, &order)
            .await?;
        Ok(tx.commit_with(found).await?)
    }

    /// The returns of the tenant, newest first.
    pub async fn returns(
        &self,
        scope: &Scope,
        filter: ReturnFilter,
        page: PageRequest<ReturnId>,
    ) -> Result<Page<Return, ReturnId>, OrdersError> {
        scope.require(Permission::OrdersRead)?;
        let db = self.database.read(scope).await?;
        Ok(returns::list(&db, filter, page).await?)
    }

    /// One return of the tenant.
    pub async fn find_return(&self, scope: &Scope, id: ReturnId) -> Result<Return, OrdersError> {
        scope.require(Permission::OrdersRead)?;
        let db: Scoped = self.database.read(scope).await?;
        let found = returns::find(&db, id).await?;
        Ok(found.ok_or(AftercareError::ReturnNotFound)?)
    }
}

//! Settles what a crash, a lost webhook or a buyer who walked away left open.

use std::time::Duration;

use kernel::{DomainError as _, OrderId, Scope, Timestamp, last_of_full};
use orders_model::OrdersError;
use orders_model::jobs::FreeReservations;
use orders_model::order::OrderStatus;
use orders_model::payment::{Payment, PaymentStatus};
use orders_repository::{carts, orders, payments, refunds};

use crate::Orders;
use crate::cancel::{CancelReason, Captured};
use crate::settle::Said;

/// How often there is a sweep.
pub const SWEEP_INTERVAL: Duration = Duration::from_mins(1);
/// How long after its time stock is freed at the latest, besides the time the
/// job itself waits.
const SOON: Duration = Duration::from_secs(5);

/// How much of each kind is looked up at once. A run goes over everything, so
/// that what fails each time cannot keep the rest from its turn.
const AT_ONCE: i64 = 200;
/// How long an attempt whose page was never noted may wait for the request
/// that is opening it.
const OPENING: Duration = Duration::from_mins(1);
/// How often the gateway is asked about an attempt that is open.
const ASK_OPEN: Duration = Duration::from_mins(10);
/// How often the gateway is asked about a payment that takes days.
const ASK_PROCESSING: Duration = Duration::from_hours(1);
/// How often the gateway is asked about a refund.
const ASK_REFUND: Duration = Duration::from_mins(5);

impl Orders {
    /// Settles what was left open; called by its job, every minute. What
    /// fails is logged and left for the next run, so that one broken thing
    /// does not hold up the others.
    pub async fn sweep(&self, scope: &Scope) -> Result<(), OrdersError> {
        let now = self.now();
        self.sweep_attempts(scope, now).await?;
        self.sweep_reservations(scope, now).await?;
        self.sweep_pending(scope, now).await?;
        self.sweep_refunds(scope, now).await?;
        let tx = self.database.begin_write(scope, "cart.sweep").await?;
        carts::delete_idle(&tx, now.minus(self.settings.cart_ttl)).await?;
        tx.commit().await?;
        self.plan_reservations(scope, now).await
    }

    /// Frees stock whose time is over.
    pub async fn free_reservations(&self, scope: &Scope) -> Result<(), OrdersError> {
        self.sweep_reservations(scope, self.now()).await
    }

    /// Has the stock freed soon after its time is over, where that comes
    /// before the next sweep. That way placing an order needs no job for it.
    async fn plan_reservations(&self, scope: &Scope, now: Timestamp) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let next = now.plus(SWEEP_INTERVAL);
        let ends = orders::reservations_ending(&db, now, next, SOON).await?;
        drop(db);
        if ends.is_empty() {
            return Ok(());
        }
        let tx = self.database.begin_write(scope, "reservation.plan").await?;
        for at in ends {
            self.queue.enqueue_at(&tx, &FreeReservations {}, at).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Asks the gateways about attempts nobody heard of.
    async fn sweep_attempts(&self, scope: &Scope, now: Timestamp) -> Result<(), OrdersError> {
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let open = payments::unsettled(&db, now.minus(OPENING), last, AT_ONCE).await?;
            drop(db);
            for payment in open.iter().filter(|payment| is_due(payment, now)) {
                let result = self.ask(scope, payment, now).await;
                warn("attempt", &payment.id.to_string(), result);
            }
            last = match last_of_full(&open, AT_ONCE) {
                Some(payment) => Some(payment.id),
                None => return Ok(()),
            };
        }
    }

    async fn ask(
        &self,
        scope: &Scope,
        payment: &Payment,
        now: Timestamp,
    ) -> Result<(), OrdersError> {
        if now >= payment.expires_at && payment.status != PaymentStatus::Processing {
            return self.close_attempt(scope, payment).await;
        }
        let Some(session) = &payment.session else {
            return self.open_page(scope, payment.id).await;
        };
        let gateway = self.gateways.of(&payment.gateway)?;
        let report = gateway.report(scope, session).await?;
        self.settle(scope, payment.id, &report, Said::Asked).await?;
        Ok(())
    }

    /// Frees the stock of pending orders whose time is over.
    async fn sweep_reservations(&self, scope: &Scope, now: Timestamp) -> Result<(), OrdersError> {
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let expired = orders::with_expired_reservation(&db, now, last, AT_ONCE).await?;
            drop(db);
            for &id in &expired {
                let result = self.expire_reservation(scope, id).await;
                warn("reservation", &id.to_string(), result);
            }
            last = match last_of_full(&expired, AT_ONCE) {
                Some(&id) => Some(id),
                None => return Ok(()),
            };
        }
    }

    /// Frees the stock of an order, unless it was paid in the meantime: its
    /// pages are closed first, and what the gateway says then is settled.
    async fn expire_reservation(&self, scope: &Scope, id: OrderId) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let attempts = payments::of(&db, id).await?;
        drop(db);
        for attempt in attempts.iter().filter(|attempt| !attempt.status.is_final()) {
            self.close_attempt(scope, attempt).await?;
        }
        let now = self.now();
        let tx = self
            .database
            .begin_write(scope, "reservation.expire")
            .await?;
        let Some(mut order) = orders::lock(&tx, id).await? else {
            return Ok(());
        };
        let over = order.status == OrderStatus::Pending
            && order.reserved_until.is_some_and(|until| until <= now);
        let under_way = payments::of(&tx, id)
            .await?
            .iter()
            .any(|attempt| !attempt.status.is_final());
        if !over || under_way {
            return Ok(());
        }
        self.catalog.release_in_tx(&tx, id).await?;
        order.reserved_until = None;
        order.changed(now);
        let (sql, values) = orders::update(&order);
        tx.run(sql, values).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Cancels orders that were never paid.
    async fn sweep_pending(&self, scope: &Scope, now: Timestamp) -> Result<(), OrdersError> {
        let before = now.minus(self.settings.pending_ttl);
        let exchanges = now.minus(self.settings.exchange_ttl);
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let old = orders::pending_since(&db, before, exchanges, last, AT_ONCE).await?;
            drop(db);
            for &id in &old {
                let result = self
                    .cancel_pending(
                        scope,
                        id,
                        CancelReason::known("not paid in time"),
                        Captured::Stays,
                    )
                    .await
                    .map(|_| ());
                warn("order", &id.to_string(), result);
            }
            last = match last_of_full(&old, AT_ONCE) {
                Some(&id) => Some(id),
                None => return Ok(()),
            };
        }
    }

    /// Asks the gateways about refunds nobody heard of.
    async fn sweep_refunds(&self, scope: &Scope, now: Timestamp) -> Result<(), OrdersError> {
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let open = refunds::pending(&db, now.minus(ASK_REFUND), last, AT_ONCE).await?;
            drop(db);
            for &id in &open {
                // The same key gives the same refund, so asking is telling again.
                let result = self.execute_refund(scope, id).await;
                warn("refund", &id.to_string(), result);
            }
            last = match last_of_full(&open, AT_ONCE) {
                Some(&id) => Some(id),
                None => return Ok(()),
            };
        }
    }
}

/// Whether it is time to ask about an attempt.
fn is_due(payment: &Payment, now: Timestamp) -> bool {
    let interval = match payment.status {
        PaymentStatus::Created => OPENING,
        PaymentStatus::Processing => ASK_PROCESSING,
        _ => ASK_OPEN,
    };
    let over = now >= payment.expires_at && payment.status != PaymentStatus::Processing;
    over || now.since(payment.checked_at) >= interval
}

fn warn(what: &str, id: &str, result: Result<(), OrdersError>) {
    if let Err(error) = result {
        let cause = error.fault().map(kernel::Fault::chain).unwrap_or_default();
        tracing::warn!(what, id, %error, cause, "could not be settled; the next sweep tries again");
    }
}

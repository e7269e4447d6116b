//! Attempts to pay an order, and their pages at the gateway.

use catalog_model::CatalogError;
use database::{Batch, Once, retrying};
use kernel::{Money, PaymentId, Scope, Timestamp};
use orders_model::OrdersError;
use orders_model::order::{Order, OrderLine, OrderStatus, demand, waiting};
use orders_model::payment::{Payment, PaymentStatus};
use orders_model::ports::{
    GatewayError, Purpose, Session, SessionLine, SessionReport, SessionRequest, SessionState,
};
use orders_repository::{history, lines, orders, payments};

use crate::Orders;
use crate::access::OrderKey;
use crate::orders::OrderAnswer;
use crate::placing::Progress;
use crate::settle::Said;

/// Another attempt to pay an order.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    /// Which order.
    pub order: OrderKey,
    /// Through whom.
    pub gateway: Option<String>,
}

/// What came of deciding on an attempt.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for a moment, on the stack"
)]
enum Decided {
    /// It was decided on, now or before.
    Progress(Progress),
    /// One of another gateway is open and has to be closed first.
    CloseFirst(Payment),
}

impl Orders {
    /// Opens a page for another attempt to pay a pending order. An attempt
    /// that is open at the same gateway is answered again.
    pub async fn pay(&self, scope: &Scope, new: NewAttempt) -> Result<OrderAnswer, OrdersError> {
        let gateway = self.gateway_of(new.gateway.as_deref())?;
        for _ in 0..3 {
            let decided = retrying("payment.decide", || {
                self.decide_attempt(scope, &new.order, gateway)
            })
            .await?;
            match decided {
                Decided::Progress(progress) => return self.finish(scope, progress, None).await,
                Decided::CloseFirst(payment) => self.close_attempt(scope, &payment).await?,
            }
        }
        Err(OrdersError::PaymentProcessing)
    }

    async fn decide_attempt(
        &self,
        scope: &Scope,
        key: &OrderKey,
        gateway: &'static str,
    ) -> Result<Decided, OrdersError> {
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Progress>(scope, "payment.decide", now)
            .await?
        {
            Once::Replayed(progress) => return Ok(Decided::Progress(progress)),
            Once::Fresh(tx) => tx,
        };
        let mut order = orders::lock(&tx, key.id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        self.check_order_change(scope, &order, key.token.as_deref())?;
        if order.status != OrderStatus::Pending {
            return Err(OrdersError::NotPayable(order.status));
        }
        if !order.refundable()?.is_zero() {
            // Of the wrong amount, or it would be paid.
            return Err(OrdersError::MoneyHeld);
        }
        let known = payments::of(&tx, order.id).await?;
        if let Some(open) = known.into_iter().find(|attempt| !attempt.status.is_final()) {
            if open.status == PaymentStatus::Processing {
                return Err(OrdersError::PaymentProcessing);
            }
            if open.gateway == gateway && now < open.expires_at {
                let progress = Progress::placed(&order, Some(&open));
                return Ok(Decided::Progress(tx.commit_with(progress).await?));
            }
            return Ok(Decided::CloseFirst(open));
        }
        let mut batch = Batch::new();
        if order.reserved_until.is_none_or(|until| until <= now) {
            self.reserve_again(&tx, &mut batch, &mut order).await?;
        } else {
            order.reserved_until = Some(self.reserved_until_of(&order));
        }
        let attempt = self.attempt(&order, gateway, now)?;
        order.changed(now);
        batch.add(payments::insert(&attempt));
        batch.add(orders::update(&order));
        let note = Some(attempt.id.to_string());
        batch.add(history::note(
            order.id,
            "payment_attempt",
            note,
            scope.actor(),
            now,
        ));
        batch.run(&tx).await?;
        let progress = Progress::placed(&order, Some(&attempt));
        Ok(Decided::Progress(tx.commit_with(progress).await?))
    }

    /// Reserves the stock of an order whose reservation is over, or of what it
    /// is now instead of what it was.
    pub(crate) async fn reserve_again(
        &self,
        tx: &database::Transaction,
        batch: &mut Batch,
        order: &mut Order,
    ) -> Result<(), OrdersError> {
        let lines = lines::of(tx, order).await?;
        let wanted = demand(&lines)?;
        self.catalog.release_in_tx(tx, order.id).await?;
        if wanted.is_empty() {
            return Ok(());
        }
        let until = self.reserved_until_of(order);
        let owed = self
            .catalog
            .reserve_in_tx(tx, batch, order.id, &wanted, until)
            .await
            .map_err(|error| short(error, &lines))?;
        note_waiting(tx, &lines, &owed).await?;
        order.reserved_until = Some(until);
        Ok(())
    }

    /// The gateway a buyer chose, or the one for those who did not.
    pub(crate) fn gateway_of(&self, name: Option<&str>) -> Result<&'static str, OrdersError> {
        let chosen = self.gateways.choose(name);
        Ok(chosen.map_err(OrdersError::UnknownGateway)?.name())
    }

    /// Opens the page of an attempt at its gateway, unless it has one. The
    /// attempt's id is the idempotency key there, so that any number of calls
    /// open one page.
    pub(crate) async fn open_page(
        &self,
        scope: &Scope,
        payment: PaymentId,
    ) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let Some(payment) = payments::find(&db, payment).await? else {
            return Err(OrdersError::OrderNotFound);
        };
        if payment.session.is_some() || payment.status.is_final() {
            return Ok(());
        }
        let order = orders::find(&db, payment.order)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let lines = lines::of(&db, &order).await?;
        drop(db);
        self.open_session(scope, &order, &lines, &payment)
            .await
            .map(|_| ())
    }

    /// Opens the page of an attempt and notes it. None when somebody else has
    /// noted one in the meantime.
    pub(crate) async fn open_session(
        &self,
        scope: &Scope,
        order: &Order,
        lines: &[OrderLine],
        payment: &Payment,
    ) -> Result<Option<(Session, Timestamp)>, OrdersError> {
        let request = session_request(order, lines, payment)?;
        let gateway = self.gateways.of(&payment.gateway)?;
        let session = match gateway.open(scope, &request).await {
            Ok(session) => session,
            Err(GatewayError::Refused(why)) => {
                // It would refuse again, so the attempt is over and the buyer
                // can make another one.
                let (state, said) = (SessionState::Failed, Some(why.clone()));
                let report = SessionReport::without_session(payment.id, state, said);
                self.settle(scope, payment.id, &report, Said::Asked).await?;
                return Err(OrdersError::Gateway(why));
            }
            Err(GatewayError::Unknown(fault)) => return Err(fault.into()),
        };
        let now = self.now();
        let write = payments::opened(payment.id, &session.id, &session.url, now);
        let noted = self
            .database
            .write_one(scope, "payment.opened", write)
            .await?;
        Ok((noted == 1).then_some((session, now)))
    }

    /// What the gateway is asked for an attempt; the same each time.
    async fn session_request(
        &self,
        scope: &Scope,
        payment: &Payment,
    ) -> Result<SessionRequest, OrdersError> {
        let db = self.database.read(scope).await?;
        let order = orders::find(&db, payment.order)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let lines = lines::of(&db, &order).await?;
        session_request(&order, &lines, payment)
    }

    /// Closes the page of an attempt, and settles what the gateway says of it
    /// then: it may have been paid a moment before.
    pub(crate) async fn close_attempt(
        &self,
        scope: &Scope,
        payment: &Payment,
    ) -> Result<(), OrdersError> {
        let over = self.now() >= payment.expires_at;
        let gateway = self.gateways.of(&payment.gateway)?;
        let session = match &payment.session {
            Some(session) => Some(session.clone()),
            // The gateway may have opened a page that we did not hear of.
            None if over => {
                let request = self.session_request(scope, payment).await?;
                gateway.find(scope, &request).await?
            }
            // Asking again tells which.
            None => return self.open_and_close(scope, payment.id).await,
        };
        let Some(session) = session else {
            let report = SessionReport::without_session(payment.id, SessionState::Expired, None);
            self.settle(scope, payment.id, &report, Said::Asked).await?;
            return Ok(());
        };
        let report = match gateway.close(scope, &session).await {
            // Its key is another account's now, or of the other mode.
            Err(GatewayError::Refused(why)) if over => {
                SessionReport::without_session(payment.id, SessionState::Lost, Some(why))
            }
            answer => answer?,
        };
        let said = if over { Said::Asked } else { Said::Closed };
        self.settle(scope, payment.id, &report, said).await?;
        Ok(())
    }

    async fn open_and_close(&self, scope: &Scope, payment: PaymentId) -> Result<(), OrdersError> {
        self.open_page(scope, payment).await?;
        let db = self.database.read(scope).await?;
        let again = payments::find(&db, payment).await?;
        drop(db);
        match again {
            Some(again) if again.session.is_some() => {
                Box::pin(self.close_attempt(scope, &again)).await
            }
            _ => Err(OrdersError::PaymentProcessing),
        }
    }
}

/// Notes what of the lines is waited for, where that is not known yet.
pub(crate) async fn note_waiting(
    tx: &database::Transaction,
    known: &[OrderLine],
    owed: &[(kernel::StockItemId, i64)],
) -> Result<(), OrdersError> {
    for (line, waits) in known.iter().zip(waiting(known.to_vec(), owed)) {
        if *line != waits {
            lines::set_waiting(tx, &waits).await?;
        }
    }
    Ok(())
}

/// What it means that there is not enough for some lines.
pub(crate) fn short(error: CatalogError, lines: &[OrderLine]) -> OrdersError {
    match error {
        CatalogError::OutOfStock(short) => OrdersError::OutOfStock(names(lines, &short)),
        other => other.into(),
    }
}

pub(crate) fn names(lines: &[OrderLine], short: &[kernel::StockItemId]) -> String {
    let names: Vec<&str> = lines
        .iter()
        .filter(|line| line.takes_from(short))
        .map(|line| line.name.as_str())
        .collect();
    names.join(", ")
}

/// A line as the gateway's page shows it. Where a discount does not come out
/// even for each piece, all pieces are shown as one.
fn shown_line(line: &OrderLine) -> Result<SessionLine, OrdersError> {
    let paid = line.paid()?;
    let even = paid.minor % line.quantity == 0;
    let (pieces, name) = if even {
        (line.quantity, line.name.clone())
    } else {
        (1, format!("{} x {}", line.quantity, line.name))
    };
    Ok(SessionLine {
        name,
        unit: Money::new(paid.minor / pieces, paid.currency),
        quantity: pieces,
    })
}

/// What the gateway's page shows: the lines, shipping and fee, which add up to
/// the total.
fn session_request(
    order: &Order,
    lines: &[OrderLine],
    payment: &Payment,
) -> Result<SessionRequest, OrdersError> {
    // What came back, or the buyer's wallet, pays the rest.
    let part = match (order.exchange_credit.minor, order.wallet_credit.minor) {
        (1.., _) => Some("difference of an exchange"),
        (_, 1..) => Some("rest beside the wallet"),
        _ => None,
    };
    if let Some(part) = part {
        let line = SessionLine {
            name: format!("Order {}: {part}", order.number),
            unit: payment.amount,
            quantity: 1,
        };
        return Ok(request_of(order, payment, vec![line]));
    }
    let mut shown = lines
        .iter()
        .map(shown_line)
        .collect::<Result<Vec<_>, _>>()?;
    let mut extra = |name: &str, amount: Money| {
        if amount.minor > 0 {
            shown.push(SessionLine {
                name: name.to_owned(),
                unit: amount,
                quantity: 1,
            });
        }
    };
    extra("Shipping", order.shipping);
    // Only what the buyer bears is in the total.
    extra("Service fee", order.fee_of_buyer()?);
    Ok(request_of(order, payment, shown))
}

fn request_of(order: &Order, payment: &Payment, lines: Vec<SessionLine>) -> SessionRequest {
    SessionRequest {
        payment: payment.id,
        purpose: Purpose::Order {
            id: order.id,
            number: order.number,
        },
        lines,
        amount: payment.amount,
        email: order.email.clone(),
        return_urls: order.return_urls.clone(),
        expires_at: payment.expires_at,
        decided_at: payment.created_at,
        save_method: false,
    }
}

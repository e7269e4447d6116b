//! Changing an order before it is paid. Nobody pays the amount of before: an
//! open page is closed at its gateway first, the order is changed only while
//! no attempt is under way, and another attempt is made for the new amount.

use accounts_model::tenant::PlatformFee;
use database::{Batch, Transaction, retrying};
use kernel::{Audited as _, Expected, Scope, VariantId};
use orders_model::address::Address;
use orders_model::edit::{EditLine, Edited, OrderEdit, Terms, edit};
use orders_model::events::{OrderEdited, PromotionsChanged};
use orders_model::order::{Order, OrderLine, OrderStatus, PaymentState};
use orders_model::payment::{Payment, PaymentStatus};
use orders_model::search::words_of;
use orders_model::{DeliveryError, OrdersError};
use orders_repository::promotions::{self, redemptions};
use orders_repository::{history, lines, orders, payments, words};

use crate::Orders;
use crate::access::OrderKey;
use crate::address_book::GivenAddress;
use crate::orders::OrderAnswer;
use crate::placing::Progress;

/// How often pages are closed that others open at the same moment.
const ROUNDS: usize = 5;

/// What is to become of an order.
#[derive(Debug, Clone)]
pub struct EditRequest {
    /// Which.
    pub order: OrderKey,
    /// The version it is based on.
    pub version: Expected,
    /// Where the goods go.
    pub shipping_address: Option<GivenAddress>,
    /// Who is billed.
    pub billing_address: Option<GivenAddress>,
    /// The code of the shipping method.
    pub shipping_method: Option<String>,
    /// What is bought, all of it.
    pub lines: Option<Vec<EditLine>>,
}

impl EditRequest {
    /// Whether nothing is to become of it.
    fn is_empty(&self) -> bool {
        self.shipping_address.is_none()
            && self.billing_address.is_none()
            && self.shipping_method.is_none()
            && self.lines.is_none()
    }
}

/// What came of trying to change an order.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for a moment, on the stack"
)]
enum Tried {
    /// It is changed.
    Done(Progress),
    /// An attempt to pay is open and has to be closed first.
    CloseFirst(Payment, Seen),
}

/// What an order was when its page was closed. Closing it makes another
/// version of the order, but must not hide that somebody else changed it.
struct Seen {
    gateway: String,
    order: Order,
    lines: Vec<OrderLine>,
}

impl Seen {
    fn is_still(&self, order: &Order, lines: &[OrderLine]) -> bool {
        let own = &self.order;
        own.total == order.total
            && own.shipping_address == order.shipping_address
            && own.billing_address == order.billing_address
            && own.shipping_method == order.shipping_method
            && own.promotions == order.promotions
            && self.lines == lines
    }
}

impl Orders {
    /// Changes a pending order of the caller, or of the tenant for those who
    /// may. When a page was open, another one is opened for what the order
    /// costs then.
    pub async fn edit_order(
        &self,
        scope: &Scope,
        request: EditRequest,
    ) -> Result<OrderAnswer, OrdersError> {
        let mut closed: Option<Seen> = None;
        for _ in 0..ROUNDS {
            let tried = retrying("order.edit", || {
                self.try_edit(scope, &request, closed.as_ref())
            })
            .await?;
            match tried {
                Tried::Done(progress) => return self.finish(scope, progress, None).await,
                Tried::CloseFirst(payment, seen) => {
                    self.close_attempt(scope, &payment).await?;
                    closed = Some(seen);
                }
            }
        }
        Err(OrdersError::PaymentProcessing)
    }

    async fn try_edit(
        &self,
        scope: &Scope,
        request: &EditRequest,
        closed: Option<&Seen>,
    ) -> Result<Tried, OrdersError> {
        let tenant = self.tenant(scope).await?;
        let tx = self.database.begin_write(scope, "order.edit").await?;
        let order = orders::lock(&tx, request.order.id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        self.check_order_change(scope, &order, request.order.token.as_deref())?;
        check_editable(&order)?;
        let known = lines::of(&tx, &order).await?;
        let is_known = match closed {
            None => request.version.is_met_by(order.version),
            Some(seen) => seen.is_still(&order, &known),
        };
        if !is_known {
            return Err(OrdersError::VersionMismatch);
        }
        // An open page stays open.
        if request.is_empty() {
            return Ok(Tried::Done(Progress::placed(&order, None)));
        }
        let fee = tenant.settings.fee_in(order.currency);
        // What cannot be done is refused before any page is closed.
        let edited = self
            .edited(scope, &tx, &order, &known, request, fee)
            .await?;
        let attempts = payments::of(&tx, order.id).await?;
        let open = attempts.into_iter().find(|one| !one.status.is_final());
        if let Some(open) = open {
            if open.status == PaymentStatus::Processing {
                return Err(OrdersError::PaymentProcessing);
            }
            // Whether there is stock for it shows when it is written, which is
            // taken back with the transaction.
            self.write_edited(&tx, &order, edited, None).await?;
            let seen = Seen {
                gateway: open.gateway.clone(),
                order,
                lines: known,
            };
            return Ok(Tried::CloseFirst(open, seen));
        }
        let before = order;
        let closed = closed.map(|seen| seen.gateway.as_str());
        let progress = self.write_edited(&tx, &before, edited, closed).await?;
        let after = orders::find(&tx, before.id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        self.audit_staff(&tx, "order.edit", &before.snapshot(), &after)
            .await?;
        tx.commit().await?;
        Ok(Tried::Done(progress))
    }

    /// The order as it is to be.
    async fn edited(
        &self,
        scope: &Scope,
        tx: &Transaction,
        order: &Order,
        known: &[OrderLine],
        request: &EditRequest,
        fee: PlatformFee,
    ) -> Result<Edited, OrdersError> {
        let change = OrderEdit {
            shipping_address: self
                .given(scope, tx, request.shipping_address.clone())
                .await?,
            billing_address: self
                .given(scope, tx, request.billing_address.clone())
                .await?,
            shipping_method: request.shipping_method.clone(),
            lines: request.lines.clone(),
        };
        let offers = self
            .catalog
            .offers_in_tx(
                tx,
                &variants(known, request.lines.as_deref()),
                order.currency,
            )
            .await?;
        let used: Vec<_> = order.promotions.iter().map(|one| one.promotion).collect();
        let terms = Terms {
            offers: &offers,
            ways: &self.shipping_ways_cached(scope, tx).await?,
            promotions: &promotions::of(tx, &used).await?,
            fee,
            now: self.now(),
        };
        edit(order.clone(), known.to_vec(), change, &terms)
    }

    async fn given(
        &self,
        scope: &Scope,
        tx: &Transaction,
        address: Option<GivenAddress>,
    ) -> Result<Option<Address>, OrdersError> {
        match address {
            Some(given) => self.resolve_address(scope, tx, given).await.map(Some),
            None => Ok(None),
        }
    }

    /// Writes the order as it is to be, reserves what it wants then, and
    /// decides on another attempt at the gateway whose page was closed.
    async fn write_edited(
        &self,
        tx: &Transaction,
        before: &Order,
        edited: Edited,
        closed: Option<&str>,
    ) -> Result<Progress, OrdersError> {
        let now = self.now();
        let Edited {
            mut order,
            mut lines,
            dropped,
        } = edited;
        for line in &mut lines {
            // Found out anew when it is reserved.
            line.waits_for_nothing();
        }
        lines::replace(tx, order.id, &lines).await?;
        let got_cheaper = order.wallet_credit.minor > order.total.minor;
        if got_cheaper {
            order.wallet_credit = order.total;
        }
        let (sql, values) = orders::update_contents(&order);
        tx.run(sql, values).await?;
        let mut batch = Batch::new();
        let sells_now = order.to_pay()?.is_zero();
        if before.reserved_until.is_some() || closed.is_some() || sells_now {
            order.reserved_until = None;
            self.reserve_again(tx, &mut batch, &mut order).await?;
        }
        if !dropped.is_empty() {
            redemptions::release(tx, order.id, Some(&dropped), now).await?;
            self.queue
                .publish_with(tx, &mut batch, &PromotionsChanged {})?;
        }
        // The wallet is locked after the stock.
        if got_cheaper {
            self.lower_held(tx, &order).await?;
        }
        let found_by = words_of(&order);
        if found_by != words_of(before) {
            words::forget(tx, &order).await?;
            if let Some(write) = words::index(order.id, &found_by) {
                batch.add(write);
            }
        }
        order.changed(now);
        let note = Some(format!("{} instead of {}", order.total, before.total));
        let actor = tx.scope().actor();
        batch.add(history::note(order.id, "edited", note, actor, now));
        let event = OrderEdited { order: order.id };
        self.queue.publish_with(tx, &mut batch, &event)?;
        if sells_now {
            batch.run(tx).await?;
            let needs_shipping = order.shipping_method.is_some();
            let progress = Progress::placed(&order, None);
            self.pay_nothing(tx, order, needs_shipping).await?;
            return Ok(progress);
        }
        let attempt = closed
            .map(|gateway| self.attempt(&order, gateway, now))
            .transpose()?;
        if let Some(attempt) = &attempt {
            batch.add(payments::insert(attempt));
        }
        batch.add(orders::update(&order));
        batch.run(tx).await?;
        Ok(Progress::placed(&order, attempt.as_ref()))
    }
}

/// Refuses orders that cannot be changed: paid, over, or with money in them.
fn check_editable(order: &Order) -> Result<(), OrdersError> {
    if order.status != OrderStatus::Pending {
        return Err(DeliveryError::NotEditable(order.status).into());
    }
    if !order.refundable()?.is_zero() {
        return Err(OrdersError::MoneyHeld);
    }
    if order.payment_status == PaymentState::Processing {
        return Err(OrdersError::PaymentProcessing);
    }
    Ok(())
}

/// All variants there are before or after.
fn variants(known: &[OrderLine], wanted: Option<&[EditLine]>) -> Vec<VariantId> {
    let mut all: Vec<VariantId> = known.iter().map(|line| line.variant).collect();
    all.extend(wanted.into_iter().flatten().map(|line| line.variant));
    all.sort_unstable();
    all.dedup();
    all
}

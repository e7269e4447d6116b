//! Placing an order: the cart, its prices, the stock and the order change in
//! one transaction.

use catalog_model::CatalogError;
use catalog_model::offer::Offer;
use database::{Batch, Once, OnceTransaction, Transaction};
use kernel::{Fault, OrderId, PaymentId, Scope, StockItemId, Timestamp, VariantId};
use orders_model::OrdersError;
use orders_model::events::OrderPlaced;
use orders_model::order::{
    Aftercare, HistoryEntry, Order, OrderDetail, OrderLine, ReturnUrls, demand, waiting,
};
use orders_model::ordering::{
    check_as_seen, check_complete, full_name, lines_of, new_attempt, new_order,
};
use orders_model::payment::{Payment, PaymentStatus};
use orders_model::priced_cart::PricedCart;
use orders_model::search::words_of;
use orders_repository::promotions::redemptions;
use orders_repository::{carts, history, lines, numbers, orders, payments, words};
use serde::{Deserialize, Serialize};

use crate::Orders;
use crate::carts::GivenCartChange;
use crate::checkout::CheckoutRequest;
use crate::orders::OrderAnswer;
use crate::pricing::price;

/// What stands in the history of an order when it is placed.
const PLACED: &str = "placed";

/// How far a checkout got, as remembered for a repeated request.
#[derive(Serialize, Deserialize)]
pub(crate) enum Progress {
    /// The order is there; the payment page may or may not be.
    Placed {
        order: OrderId,
        payment: Option<PaymentId>,
    },
    /// The buyer was answered.
    Answered(Box<OrderAnswer>),
}

impl Progress {
    /// The order is there, with an attempt to pay it.
    pub(crate) fn placed(order: &Order, payment: Option<&Payment>) -> Self {
        Self::Placed {
            order: order.id,
            payment: payment.map(|payment| payment.id),
        }
    }
}

/// An order that this very request has placed: nothing of it has to be read
/// again to go on.
pub(crate) struct JustPlaced {
    order: Order,
    lines: Vec<OrderLine>,
    payment: Payment,
}

impl Orders {
    /// Goes on from where a checkout or another attempt got to: opens the
    /// payment page, and remembers what the buyer is answered.
    pub(crate) async fn finish(
        &self,
        scope: &Scope,
        progress: Progress,
        placed: Option<JustPlaced>,
    ) -> Result<OrderAnswer, OrdersError> {
        let (order, payment) = match progress {
            Progress::Answered(answer) => return Ok(*answer),
            Progress::Placed { order, payment } => (order, payment),
        };
        // It is another order when the same request was faster elsewhere.
        let answer = if let Some(placed) = placed.filter(|placed| placed.order.id == order) {
            self.open_first_page(scope, placed).await?
        } else {
            if let Some(payment) = payment {
                self.open_page(scope, payment).await?;
            }
            self.order_answer(scope, order).await?
        };
        if scope.request().idempotency.is_some() {
            let progress = Progress::Answered(Box::new(answer.clone()));
            self.database.amend_once(scope, &progress).await?;
        }
        Ok(answer)
    }

    /// Opens the payment page of an order that was placed just now, and tells
    /// how the order stands then.
    async fn open_first_page(
        &self,
        scope: &Scope,
        placed: JustPlaced,
    ) -> Result<OrderAnswer, OrdersError> {
        let JustPlaced {
            order,
            lines,
            mut payment,
        } = placed;
        let Some((session, at)) = self.open_session(scope, &order, &lines, &payment).await? else {
            return self.order_answer(scope, order.id).await;
        };
        payment.status = PaymentStatus::Open;
        payment.session = Some(session.id);
        payment.url = Some(session.url);
        payment.updated_at = at;
        let history = vec![HistoryEntry {
            kind: PLACED.to_owned(),
            note: None,
            actor: scope.actor().label(),
            at: order.placed_at,
        }];
        Ok(OrderAnswer {
            token: self.order_token(scope, &order),
            detail: OrderDetail {
                order,
                lines,
                payments: vec![payment],
                refunds: Vec::new(),
                history,
                after: Aftercare::default(),
            },
        })
    }

    /// Places the order of a cart as pending, with its stock reserved and an
    /// attempt to pay it decided. No gateway is asked here.
    pub(crate) async fn place(
        &self,
        scope: &Scope,
        request: &CheckoutRequest,
        gateway: &'static str,
        return_urls: &ReturnUrls,
    ) -> Result<(Progress, Option<JustPlaced>), OrdersError> {
        let now = self.now();
        let tenant = self.tenant(scope).await?;
        let tx = match self
            .database
            .begin_once::<Progress>(scope, "order.place", now)
            .await?
        {
            Once::Replayed(progress) => return Ok((progress, None)),
            Once::Fresh(tx) => tx,
        };
        let cart = self.open_cart(scope, &tx, &request.cart).await?;
        let given = GivenCartChange {
            email: request.email.clone().map(Some),
            shipping_address: request.shipping_address.clone().map(Some),
            billing_address: request.billing_address.clone().map(Some),
            shipping_method: request.shipping_method.clone().map(Some),
        };
        let cart = cart.changed(self.change_of(scope, &tx, given).await?);
        let prices = self.prices(scope, &tenant, &tx, &cart, None).await?;
        let method_name = prices
            .ways
            .iter()
            .find(|way| Some(&way.method.code) == cart.shipping_method.as_ref())
            .map(|way| way.method.name.clone());
        let priced = price(cart, &prices)?;
        check_complete(&priced)?;
        check_as_seen(&priced, request.expected_total)?;
        let order_id = OrderId::new(now);
        let lines = lines_of(&priced, now)?;
        let mut batch = Batch::new();
        let (lines, reserved_until) = self
            .reserve(&tx, &mut batch, order_id, lines, &priced)
            .await?;
        let mut order = new_order(
            order_id,
            &priced,
            scope.user(),
            method_name,
            return_urls,
            reserved_until,
            now,
        )?;
        self.redeem(&tx, &mut batch, &order, &priced, &prices.candidates)
            .await?;
        batch.add_as(
            numbers::TAKEN,
            numbers::take(tenant.settings.order_numbers_after),
        );
        if let Some(share) = request.wallet {
            self.hold_credit(&tx, &mut order, share, gateway).await?;
        }
        let payment = self.first_attempt(&order, gateway, now)?;
        order.number = self
            .write_placed(&tx, batch, &order, &lines, payment.as_ref())
            .await?;
        let progress = Progress::placed(&order, payment.as_ref());
        let placed = if let Some(payment) = payment {
            Some(JustPlaced {
                order,
                lines,
                payment,
            })
        } else {
            self.pay_nothing(&tx, order, priced.needs_shipping).await?;
            None
        };
        Ok((tx.commit_with(progress).await?, placed))
    }

    /// Reserves what the lines want, for a little longer than the buyer has to
    /// pay; the lines, which know then what of them is not there yet. No
    /// instant when there is nothing to reserve.
    async fn reserve(
        &self,
        tx: &OnceTransaction,
        batch: &mut Batch,
        order: OrderId,
        lines: Vec<OrderLine>,
        priced: &PricedCart,
    ) -> Result<(Vec<OrderLine>, Option<Timestamp>), OrdersError> {
        let wanted = demand(&lines)?;
        if wanted.is_empty() {
            return Ok((lines, None));
        }
        let until = self.reserved_until();
        let reserved = self
            .catalog
            .reserve_in_tx(tx, batch, order, &wanted, until)
            .await;
        match reserved {
            Ok(owed) => Ok((waiting(lines, &owed), Some(until))),
            Err(CatalogError::OutOfStock(short)) => {
                self.require_same_piles(tx, priced).await?;
                let offers = priced.lines.iter().filter_map(|line| line.offer.as_ref());
                let names: Vec<String> = offers
                    .filter(|offer| offer.draws().iter().any(|draw| short.contains(&draw.item)))
                    .map(full_name)
                    .collect();
                Err(OrdersError::OutOfStock(names.join(", ")))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Fails for a passing reason when something in a cart takes from other
    /// piles by now than when it was read: it became a bundle, or another one,
    /// while we waited for its pile. Tried again, the order wants the right ones.
    async fn require_same_piles(
        &self,
        tx: &Transaction,
        priced: &PricedCart,
    ) -> Result<(), OrdersError> {
        let offers = || priced.lines.iter().filter_map(|line| line.offer.as_ref());
        let variants: Vec<VariantId> = offers().map(|offer| offer.variant).collect();
        let currency = priced.cart.currency;
        let now = self.catalog.offers_in_tx(tx, &variants, currency).await?;
        let same = offers().all(|offer| {
            let now = now.iter().find(|one| one.variant == offer.variant);
            let piles = |offer: &Offer| -> Vec<(StockItemId, i64)> {
                let draws = offer.draws().into_iter();
                draws.map(|draw| (draw.item, draw.quantity)).collect()
            };
            now.is_some_and(|now| piles(now) == piles(offer))
        });
        if same {
            Ok(())
        } else {
            Err(Fault::transient("what is ordered takes from other piles by now").into())
        }
    }

    /// Until when stock that is reserved now stays reserved.
    pub(crate) fn reserved_until(&self) -> Timestamp {
        self.now()
            .plus(self.settings.session_ttl)
            .plus(self.settings.reservation_grace)
    }

    /// Until when the stock of an order stays reserved that is reserved now.
    /// The buyer of an exchange reads of it in a mail, and does not sit before
    /// the page where it is paid.
    pub(crate) fn reserved_until_of(&self, order: &Order) -> Timestamp {
        let page = self.reserved_until();
        match order.exchange_of {
            Some(_) => page.max(self.exchange_ends(order.placed_at)),
            None => page,
        }
    }

    /// When an exchange is canceled that was made then, if it is not paid.
    pub(crate) fn exchange_ends(&self, made: Timestamp) -> Timestamp {
        made.plus(self.settings.exchange_ttl)
    }

    /// The attempt that comes with an order; none when there is nothing to pay.
    fn first_attempt(
        &self,
        order: &Order,
        gateway: &str,
        now: Timestamp,
    ) -> Result<Option<Payment>, OrdersError> {
        if order.to_pay()?.is_zero() {
            return Ok(None);
        }
        self.attempt(order, gateway, now).map(Some)
    }

    /// An attempt to pay an order.
    ///
    /// # Errors
    /// [`OrdersError::AmountNotTaken`] for what the gateway cannot take.
    pub(crate) fn attempt(
        &self,
        order: &Order,
        gateway: &str,
        now: Timestamp,
    ) -> Result<Payment, OrdersError> {
        let attempt = new_attempt(order, gateway, now, self.settings.session_ttl);
        let named = self.gateways.named(gateway);
        match named.and_then(|one| one.objection(attempt.amount)) {
            Some(why) => Err(OrdersError::AmountNotTaken(why)),
            None => Ok(attempt),
        }
    }

    /// Writes an order and all that belongs to it; the number it got.
    async fn write_placed(
        &self,
        tx: &OnceTransaction,
        mut batch: Batch,
        order: &Order,
        lines: &[OrderLine],
        payment: Option<&Payment>,
    ) -> Result<i64, OrdersError> {
        let (now, backend) = (order.placed_at, tx.backend());
        batch.add(orders::insert(order, backend));
        batch.add(lines::insert(order.id, lines));
        if let Some(write) = lines::index_components(order.id, lines) {
            batch.add(write);
        }
        batch.add(words::index_new(order.id, &words_of(order), backend));
        if let Some(payment) = payment {
            batch.add(payments::insert(payment));
        }
        if !order.promotions.is_empty() {
            let uses = order.promotions.iter();
            let uses = uses.map(|one| (one.promotion, one.coupon));
            let (user, email) = (order.user, &order.email);
            batch.add(redemptions::insert(order.id, user, email, uses, now));
        }
        let actor = tx.scope().actor();
        batch.add(history::note(order.id, PLACED, None, actor, now));
        let event = OrderPlaced { order: order.id };
        self.queue.publish_with(tx, &mut batch, &event)?;
        batch.add(carts::becomes_order(order.cart, order.id, backend, now));
        let number: Option<numbers::Number> = batch.run_for(tx).await?;
        Ok(number.ok_or(OrdersError::CartNotFound)?.number)
    }

    /// An order of nothing, or that its buyer's wallet pays, is paid as soon as
    /// it is placed.
    pub(crate) async fn pay_nothing(
        &self,
        tx: &Transaction,
        mut order: Order,
        needs_shipping: bool,
    ) -> Result<(), OrdersError> {
        self.catalog.sell_in_tx(tx, order.id).await?;
        let mut batch = Batch::new();
        self.spend_held(tx, &mut batch, &mut order).await?;
        self.mark_paid(tx, &mut batch, &mut order, None, needs_shipping)?;
        batch.add(orders::update(&order));
        batch.run(tx).await?;
        Ok(())
    }
}

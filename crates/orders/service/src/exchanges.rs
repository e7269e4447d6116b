//! Something else for what comes back.

use database::{Batch, Once, OnceTransaction, Transaction};
use kernel::{Audited as _, Money, OrderId, Permission, Scope, Timestamp, VariantId};
use orders_model::OrdersError;
use orders_model::events::{ExchangeCanceled, OrderPlaced};
use orders_model::exchange::{ExchangeItem, Settlement, lines_of, order_of, price_of, settle};
use orders_model::order::{Order, OrderLine, demand, waiting};
use orders_model::payment::Payment;
use orders_model::returns::{Return, ReturnKind, ReturnStatus, WantedReturn};
use orders_model::search::words_of;
use orders_model::shares::{Cause, Part};
use orders_repository::{history, lines, numbers, orders, payments, refund_shares, returns, words};

use crate::Orders;
use crate::disputes::check_undisputed;
use crate::orders::OrderAnswer;
use crate::placing::Progress;
use crate::returns::NewReturn;
use crate::shares::goods_of_return;

/// An exchange to make.
#[derive(Debug, Clone)]
pub struct NewExchange {
    /// What comes back.
    pub lines: Vec<WantedReturn>,
    /// What the buyer gets instead.
    pub items: Vec<ExchangeItem>,
    /// Anything more.
    pub note: Option<String>,
    /// Through whom a difference is paid.
    pub gateway: Option<String>,
}

impl Orders {
    /// Exchanges goods of an order: what comes back becomes an approved
    /// return, and what goes out an order of its own, whose stock is reserved.
    /// The buyer pays what it costs more; what it costs less goes back when
    /// the goods are here. Without a difference it can be shipped at once.
    pub async fn exchange(
        &self,
        scope: &Scope,
        id: OrderId,
        new: NewExchange,
    ) -> Result<OrderAnswer, OrdersError> {
        scope.require(Permission::OrdersRefund)?;
        let gateway = self.gateway_of(new.gateway.as_deref())?;
        let numbers_after = self.tenant(scope).await?.settings.order_numbers_after;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Progress>(scope, "order.exchange", now)
            .await?
        {
            Once::Replayed(progress) => return self.finish(scope, progress, None).await,
            Once::Fresh(tx) => tx,
        };
        let mut first = orders::lock(&tx, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let before = first.snapshot();
        check_undisputed(&first, false)?;
        let mut batch = Batch::new();
        let back = NewReturn {
            lines: new.lines,
            note: new.note,
            approved: true,
        };
        let mut back = self
            .open_return(&tx, &mut batch, &first, &back, None)
            .await?;
        let variants: Vec<VariantId> = new.items.iter().map(|item| item.variant).collect();
        let offers = self
            .catalog
            .offers_in_tx(&tx, &variants, first.currency)
            .await?;
        let goods = lines_of(&new.items, &offers, &first, now)?;
        let out = price_of(&goods, first.currency)?;
        let (settlement, mut parts) = self.settle_against(&tx, &first, &mut back, out).await?;
        let ends = self.exchange_ends(now);
        let mut order = order_of(&first, &goods, settlement, ends, now)?;
        first.exchange(settlement.credit, now)?;
        let part = (Cause::Exchange(order.id), settlement.credit);
        let returned = goods_of_return(&back);
        self.share(&mut batch, &first, &mut parts, part, &returned);
        back.kind = ReturnKind::Exchange;
        back.exchange_order = Some(order.id);
        back.refund_due = settlement.refund_due;
        let goods = self
            .reserve_goods(&tx, &mut batch, order.id, goods, ends)
            .await?;
        batch.add_as(numbers::TAKEN, numbers::take(numbers_after));
        let attempt = (!order.total.is_zero())
            .then(|| self.attempt(&order, gateway, now))
            .transpose()?;
        let write = ExchangeWrite {
            first: &first,
            order: &order,
            goods: &goods,
            attempt: attempt.as_ref(),
            back: &back,
        };
        order.number = self.write_exchange(&tx, batch, &write).await?;
        let progress = Progress::placed(&order, attempt.as_ref());
        if attempt.is_none() {
            let needs_shipping = order.shipping_method.is_some();
            self.pay_nothing(&tx, order, needs_shipping).await?;
        }
        self.audit_order(&tx, "order.exchange", &before, &first)
            .await?;
        let progress = tx.commit_with(progress).await?;
        self.finish(scope, progress, None).await
    }

    /// Settles what comes back of an order against what goes out, and the parts
    /// of that order whose money pays for it.
    async fn settle_against(
        &self,
        tx: &Transaction,
        first: &Order,
        back: &mut Return,
        out: Money,
    ) -> Result<(Settlement, Vec<Part>), OrdersError> {
        let of_first = lines::of(tx, first).await?;
        let known = returns::of_order(tx, first).await?;
        let worth = back.settle(&of_first, &known)?;
        let settlement = settle(worth, first.refundable()?, out)?;
        Ok((settlement, self.parts_with(tx, first, &of_first).await?))
    }

    /// Reserves what the buyer gets `until` then; the lines know afterwards
    /// what of it is not there yet.
    async fn reserve_goods(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: OrderId,
        goods: Vec<OrderLine>,
        until: Timestamp,
    ) -> Result<Vec<OrderLine>, OrdersError> {
        let wanted = demand(&goods)?;
        if wanted.is_empty() {
            return Ok(goods);
        }
        let owed = self
            .catalog
            .reserve_in_tx(tx, batch, order, &wanted, until)
            .await
            .map_err(|error| crate::payments::short(error, &goods))?;
        Ok(waiting(goods, &owed))
    }

    /// Writes an exchange; the number its order got.
    async fn write_exchange(
        &self,
        tx: &OnceTransaction,
        mut batch: Batch,
        write: &ExchangeWrite<'_>,
    ) -> Result<i64, OrdersError> {
        let (order, backend) = (write.order, tx.backend());
        batch.add(orders::insert(order, backend));
        batch.add(lines::insert(order.id, write.goods));
        if let Some(write) = lines::index_components(order.id, write.goods) {
            batch.add(write);
        }
        batch.add(words::index_new(order.id, &words_of(order), backend));
        if let Some(attempt) = write.attempt {
            batch.add(payments::insert(attempt));
        }
        batch.add(returns::insert(write.back));
        let (actor, now) = (tx.scope().actor(), order.placed_at);
        let note = Some(format!("exchange of order {}", write.first.number));
        batch.add(history::note(order.id, "placed", note, actor, now));
        let note = Some(format!("{} for {}", order.id, write.back.id));
        batch.add(history::note(write.first.id, "exchanged", note, actor, now));
        let event = OrderPlaced { order: order.id };
        self.queue.publish_with(tx, &mut batch, &event)?;
        batch.add(orders::update_for_number(write.first, backend));
        let number: Option<numbers::Number> = batch.run_for(tx).await?;
        Ok(number.ok_or(OrdersError::OrderNotFound)?.number)
    }

    /// Gives the credit of an exchange back to the order it came from, because
    /// the exchange is canceled: what came back for it is paid back then. The
    /// caller writes the order. Locks go from the exchange to the order before
    /// it, and never the other way.
    pub(crate) async fn release_credit(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
    ) -> Result<(), OrdersError> {
        let Some(first) = order.exchange_of else {
            return Ok(());
        };
        let now = self.now();
        let mut first = orders::lock(tx, first)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        first.withdraw_exchange(order.exchange_credit, now)?;
        let cause = Cause::Exchange(order.id);
        batch.add(refund_shares::take_back(first.id, cause, now));
        if order.paid_at.is_some() {
            // What was sold for it is not sold after all.
            let mut parts = self.parts(tx, order).await?;
            let part = (cause, order.exchange_credit);
            self.share(batch, order, &mut parts, part, &[]);
        }
        order.exchange_credit = Money::zero(order.currency);
        for mut back in returns::of_exchange(tx, order.id).await? {
            back.kind = ReturnKind::Refund;
            back.refund_due = Money::zero(order.currency);
            back.unsettle();
            if back.status == ReturnStatus::Exchanged {
                back.become_status(ReturnStatus::Received, now)?;
            }
            batch.add(returns::update(&back));
            let event = ExchangeCanceled {
                order: order.id,
                id: back.id,
            };
            self.queue.publish_with(tx, batch, &event)?;
        }
        let note = Some(order.id.to_string());
        let actor = tx.scope().actor();
        batch.add(history::note(
            first.id,
            "exchange_canceled",
            note,
            actor,
            now,
        ));
        batch.add(orders::update(&first));
        Ok(())
    }
}

/// What is written for an exchange.
struct ExchangeWrite<'a> {
    first: &'a Order,
    order: &'a Order,
    goods: &'a [OrderLine],
    attempt: Option<&'a Payment>,
    back: &'a Return,
}

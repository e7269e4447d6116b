//! What orders know about a person: handing it out, and forgetting it.
//!
//! What accounting must keep stays: every amount, line, number and date, and
//! of orders for which money came, the name and address that were billed, for
//! as long as `CHECKOUT_INVOICE_RETENTION` says.

use accounts_model::email::Email;
use accounts_service::{NotErased, Person, PersonalData};
use database::Transaction;
use kernel::{CartId, Fault, Scope};
use orders_model::OrdersError;
use orders_model::address::Address;
use orders_model::note::NoteAudience;
use orders_model::order::{Order, OrderDetail};
use orders_repository::personal::{self, Whose};
use orders_repository::{address_books, carts, orders};
use serde_json::{Value, json};

use crate::Orders;

fn whose(person: &Person) -> Whose<'_> {
    Whose {
        user: person.id,
        email: person.proven_email.as_ref().map(Email::as_str),
    }
}

#[async_trait::async_trait]
impl PersonalData for Orders {
    fn part(&self) -> &'static str {
        "shop"
    }

    async fn export(&self, scope: &Scope, person: &Person) -> Result<Value, Fault> {
        let db = self.database.read(scope).await?;
        let addresses = address_books::of(&db, person.id).await?;
        let mut theirs = Vec::new();
        for id in personal::carts_of(&db, &whose(person)).await? {
            theirs.extend(carts::find(&db, id).await?);
        }
        let mut all = Vec::new();
        for id in personal::orders_of(&db, &whose(person)).await? {
            if let Some(detail) = orders_repository::detail::find(&db, id).await? {
                all.push(order(&detail));
            }
        }
        Ok(json!({ "addresses": addresses, "carts": theirs, "orders": all }))
    }

    async fn erase_in_tx(&self, tx: &Transaction, person: &Person) -> Result<(), NotErased> {
        let whose = whose(person);
        if let Some(number) = personal::in_progress(tx, &whose).await? {
            let why = format!(
                "the order {number} is not done; cancel it, or wait until it is paid and sent, and its returns, refunds and disputes are over"
            );
            return Err(NotErased::InProgress(why));
        }
        let now = self.now();
        for id in personal::orders_of(tx, &whose).await? {
            let Some(order) = orders::lock(tx, id).await? else {
                continue;
            };
            let billed = billed(&order);
            if billed.is_some() {
                let until = order.placed_at.plus(self.settings.invoice_retention);
                if until <= now {
                    personal::erase_order(tx, &order, None, now).await?;
                    continue;
                }
                personal::keep_until(tx, id, until).await?;
            }
            personal::erase_order(tx, &order, billed.as_ref(), now).await?;
        }
        personal::delete_carts(tx, &whose).await?;
        personal::delete_address_book(tx, person.id).await?;
        Ok(())
    }
}

/// What an invoice has to say of the buyer; nothing where no money came.
fn billed(order: &Order) -> Option<Address> {
    let address = order
        .billing_address
        .as_ref()
        .or(order.shipping_address.as_ref())?;
    (order.captured.minor > 0).then(|| Address {
        phone: None,
        ..address.clone()
    })
}

/// An order as its buyer is told of it.
fn order(detail: &OrderDetail) -> Value {
    let order = &detail.order;
    json!({
        "id": order.id,
        "number": order.number,
        "email": order.email,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "subtotal": order.subtotal,
        "discount": order.discount,
        "promotions": order.promotions,
        "shipping": order.shipping,
        "fee": order.fee,
        "tax": order.tax,
        "total": order.total,
        "captured": order.captured,
        "refunded": order.refunded,
        "wallet_credit": order.wallet_credit,
        "shipping_address": order.shipping_address,
        "billing_address": order.billing_address,
        "shipping_method": order.shipping_method_name,
        "carrier": order.carrier,
        "tracking_number": order.tracking_number,
        "cancel_reason": detail.cancel_reason_for_buyer(),
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "shipped_at": order.shipped_at,
        "canceled_at": order.canceled_at,
        "lines": detail.lines.iter().map(|line| json!({
            "sku": line.sku,
            "name": line.name,
            "options": line.options,
            "unit_price": line.unit_price,
            "quantity": line.quantity,
        })).collect::<Vec<_>>(),
        "payments": detail.payments.iter().map(|payment| json!({
            "id": payment.id,
            "gateway": payment.gateway,
            "status": payment.status,
            "amount": payment.amount,
            "captured": payment.captured,
            "created_at": payment.created_at,
        })).collect::<Vec<_>>(),
        "refunds": detail.refunds.iter().map(|refund| json!({
            "id": refund.id,
            "status": refund.status,
            "amount": refund.amount,
            "created_at": refund.created_at,
        })).collect::<Vec<_>>(),
        "after": after(detail),
    })
}

/// What happened to an order after it was paid, as its buyer is told of it.
fn after(detail: &OrderDetail) -> Value {
    json!({
        "shipments": detail.after.shipments.iter().map(|shipment| json!({
            "id": shipment.id,
            "status": shipment.status,
            "carrier": shipment.tracking.carrier,
            "tracking_number": shipment.tracking.number,
            "tracking_url": shipment.tracking.url,
            "shipped_at": shipment.shipped_at,
            "delivered_at": shipment.delivered_at,
        })).collect::<Vec<_>>(),
        "returns": detail.after.returns.iter().map(|found| json!({
            "id": found.id,
            "status": found.status,
            "note": found.note,
            "decision": found.decision,
            "lines": found.lines.iter().map(|line| json!({
                "order_line_id": line.line,
                "quantity": line.quantity,
                "reason": line.reason,
                "comment": line.comment,
            })).collect::<Vec<_>>(),
            "refunded": found.refunded,
            "created_at": found.created_at,
        })).collect::<Vec<_>>(),
        "notes": detail.after.notes.iter().filter(|note| note.audience == NoteAudience::Customer).map(|note| json!({
            "body": note.body,
            "created_at": note.at,
        })).collect::<Vec<_>>(),
        "disputes": detail.after.disputes.iter().map(|dispute| json!({
            "id": dispute.id,
            "outcome": dispute.outcome,
            "amount": dispute.amount,
            "reason": dispute.reason,
            "opened_at": dispute.opened_at,
        })).collect::<Vec<_>>(),
        "history": detail.history.iter().map(|entry| json!({
            "kind": entry.kind,
            "created_at": entry.at,
        })).collect::<Vec<_>>(),
    })
}

impl Orders {
    /// The carts of a person, for other domains that know something about
    /// them.
    pub async fn carts_of(&self, scope: &Scope, person: &Person) -> Result<Vec<CartId>, Fault> {
        let db = self.database.read(scope).await?;
        personal::carts_of(&db, &whose(person)).await
    }

    /// Forgets who was billed where that need not be known any longer; called
    /// by its job.
    pub async fn forget_invoices(&self, scope: &Scope) -> Result<(), OrdersError> {
        let tx = self
            .database
            .begin_write(scope, "order.forget_invoices")
            .await?;
        let orders = personal::forget_due(&tx, self.now()).await?;
        tx.commit().await?;
        tracing::debug!(orders, "forgot who was billed");
        Ok(())
    }
}

//! Mails about orders.

use accounts_model::AccountsError;
use accounts_model::mails::MailKind;
use accounts_service::Letter;
use database::Scoped;
use kernel::{Fault, JobId, OrderId, RefundId, ReturnId, Scope, ShipmentId};
use orders_model::OrdersError;
use orders_model::mails::{
    EXCHANGE_CANCELED, ExchangeOfMail, ORDER_CONFIRMATION, ORDER_EXCHANGED, ORDER_REFUNDED,
    ORDER_SHIPPED, OrderMail, OrderOfMail, RETURN_APPROVED, RETURN_REJECTED, RefundOfMail,
    ReturnOfMail, ShipmentOfMail,
};
use orders_model::order::{NOBODY, Order, OrderLine};
use orders_model::refund::{Refund, RefundStatus};
use orders_model::returns::{Return, ReturnKind, ReturnStatus};
use orders_model::shipment::Shipment;
use orders_repository::{carts, lines, orders, refunds, returns, shipments};
use serde_json::json;

use crate::Orders;

/// What a mail is about, besides its order.
#[derive(Clone, Copy)]
enum About<'a> {
    /// Nothing.
    Order,
    /// Goods that are on their way: in a shipment, or, of an order from before
    /// there were any, all of them.
    Shipment(Option<&'a Shipment>),
    /// Money that went back.
    Refund(&'a Refund),
    /// Goods that are to come back.
    Return(&'a Return),
    /// Goods of an order, with its lines, that are to come back for what is in
    /// this one.
    Exchange(&'a Return, &'a Order, &'a [OrderLine]),
}

impl Orders {
    /// Mails the buyer that their order was paid; called by its job.
    pub async fn send_confirmation(
        &self,
        scope: &Scope,
        job: JobId,
        order: OrderId,
    ) -> Result<(), OrdersError> {
        self.mail(scope, job, order, &ORDER_CONFIRMATION, About::Order)
            .await
    }

    /// Mails the buyer that their order, or a part of it, is on its way;
    /// called by its job.
    pub async fn send_shipping_notice(
        &self,
        scope: &Scope,
        job: JobId,
        order: OrderId,
        shipment: Option<ShipmentId>,
    ) -> Result<(), OrdersError> {
        let shipment = match shipment {
            Some(id) => {
                let db = self.database.read(scope).await?;
                shipments::find(&db, id).await?
            }
            None => None,
        };
        let about = About::Shipment(shipment.as_ref());
        self.mail(scope, job, order, &ORDER_SHIPPED, about).await
    }

    /// Mails the buyer what was decided on their return; called by its job.
    pub async fn send_return_notice(
        &self,
        scope: &Scope,
        job: JobId,
        id: ReturnId,
    ) -> Result<(), OrdersError> {
        let Some(found) = self.return_of(scope, id).await? else {
            return Ok(());
        };
        let kind = match found.status {
            ReturnStatus::Requested | ReturnStatus::Canceled => return Ok(()),
            ReturnStatus::Rejected => &RETURN_REJECTED,
            _ if found.exchange_order.is_some() => {
                // Of one that came to nothing the buyer hears anyway.
                return match found.kind {
                    ReturnKind::Exchange => {
                        self.mail_exchange(scope, job, &found, &ORDER_EXCHANGED)
                            .await
                    }
                    ReturnKind::Refund => Ok(()),
                };
            }
            _ => &RETURN_APPROVED,
        };
        self.mail(scope, job, found.order, kind, About::Return(&found))
            .await
    }

    /// Mails the buyer that goods are not exchanged after all; called by its
    /// job.
    pub async fn send_exchange_canceled(
        &self,
        scope: &Scope,
        job: JobId,
        id: ReturnId,
    ) -> Result<(), OrdersError> {
        let found = self.return_of(scope, id).await?;
        match found.filter(|found| found.kind == ReturnKind::Refund) {
            Some(found) => {
                self.mail_exchange(scope, job, &found, &EXCHANGE_CANCELED)
                    .await
            }
            None => Ok(()),
        }
    }

    async fn return_of(&self, scope: &Scope, id: ReturnId) -> Result<Option<Return>, OrdersError> {
        let db = self.database.read(scope).await?;
        Ok(returns::find(&db, id).await?)
    }

    /// Mails the buyer about what they get, or do not get, for a return.
    async fn mail_exchange(
        &self,
        scope: &Scope,
        job: JobId,
        found: &Return,
        kind: &'static MailKind,
    ) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let first = orders::find(&db, found.order).await?;
        let (Some(first), Some(order)) = (first, found.exchange_order) else {
            return Ok(());
        };
        let lines = lines::of(&db, &first).await?;
        drop(db);
        let about = About::Exchange(found, &first, &lines);
        self.mail(scope, job, order, kind, about).await
    }

    /// Mails the buyer that money went back; called by its job.
    pub async fn send_refund_notice(
        &self,
        scope: &Scope,
        job: JobId,
        order: OrderId,
        refund: RefundId,
    ) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let refund = refunds::find(&db, refund).await?;
        drop(db);
        match refund.filter(|refund| refund.status == RefundStatus::Succeeded) {
            Some(refund) => {
                let about = About::Refund(&refund);
                self.mail(scope, job, order, &ORDER_REFUNDED, about).await
            }
            None => Ok(()),
        }
    }

    /// Where a guest sees an order. Who has an account signs in.
    async fn order_link(
        &self,
        scope: &Scope,
        order: &Order,
    ) -> Result<Option<String>, OrdersError> {
        let Some(token) = self.order_token(scope, order) else {
            return Ok(None);
        };
        let tenant = self.tenant(scope).await?;
        let page = format!("orders/{}", order.id);
        Ok(Some(self.accounts.link(&tenant, &page, &token)))
    }

    async fn mail(
        &self,
        scope: &Scope,
        job: JobId,
        id: OrderId,
        kind: &'static MailKind,
        about: About<'_>,
    ) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let Some(order) = orders::find(&db, id).await? else {
            return Ok(());
        };
        if order.email == NOBODY {
            return Ok(());
        }
        let lines = lines::of(&db, &order).await?;
        let of_cart = language_of(&db, &order).await?;
        drop(db);
        let link = self.order_link(scope, &order).await?;
        let of_profile = match order.user {
            Some(user) => self
                .accounts
                .contact(scope, user)
                .await
                .map_err(mail_error)?
                .and_then(|contact| contact.locale),
            None => None,
        };
        let mut values = OrderMail {
            order: OrderOfMail::new(&order, &lines)?,
            refund: None,
            shipment: None,
            returned: None,
            exchange: None,
            link,
        };
        match about {
            About::Order => {}
            About::Shipment(Some(shipment)) => {
                // For templates that know of one shipment to an order.
                values.order.carrier.clone_from(&shipment.tracking.carrier);
                let number = &shipment.tracking.number;
                values.order.tracking_number.clone_from(number);
                values.shipment = Some(ShipmentOfMail::new(shipment, &lines));
            }
            About::Shipment(None) => values.shipment = Some(ShipmentOfMail::whole(&order)),
            About::Refund(refund) => {
                values.refund = Some(RefundOfMail {
                    amount: refund.amount.to_string(),
                });
            }
            About::Return(found) => values.returned = Some(ReturnOfMail::new(found, &lines)),
            About::Exchange(found, first, of_first) => {
                values.returned = Some(ReturnOfMail::new(found, of_first));
                let zone = self.tenant(scope).await?.settings.time_zone.clone();
                let ends = self.exchange_ends(order.placed_at).date_in(&zone);
                values.exchange = Some(ExchangeOfMail::new(found, first, &order, ends));
            }
        }
        let letter = Letter {
            kind,
            to: &order.email,
            languages: &[of_profile.as_deref(), of_cart.as_deref()],
            values: json!(values),
            key: job.to_string(),
            unsubscribe: None,
        };
        self.accounts
            .send_letter(scope, letter)
            .await
            .map_err(mail_error)
    }
}

/// The language of the cart of an order; that of an exchange is the language
/// of the order that was bought first.
async fn language_of(db: &Scoped, order: &Order) -> Result<Option<String>, Fault> {
    let (mut cart, mut before) = (order.cart, order.exchange_of);
    while let Some(id) = before {
        let Some(first) = orders::find(db, id).await? else {
            break;
        };
        (cart, before) = (first.cart, first.exchange_of);
    }
    carts::language_of(db, cart).await
}

fn mail_error(error: AccountsError) -> OrdersError {
    match error {
        AccountsError::Fault(fault) => fault.into(),
        other => Fault::permanent("send a mail").caused_by(other).into(),
    }
}

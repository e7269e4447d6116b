//! Mails about orders.

use accounts_model::AccountsError;
use accounts_model::mails::MailKind;
use accounts_service::Letter;
use kernel::{Fault, JobId, OrderId, RefundId, Scope};
use orders_model::OrdersError;
use orders_model::mails::{
    ORDER_CONFIRMATION, ORDER_REFUNDED, ORDER_SHIPPED, OrderMail, OrderOfMail, RefundOfMail,
};
use orders_model::refund::{Refund, RefundStatus};
use orders_repository::{carts, lines, orders, refunds};
use serde_json::json;

use crate::Orders;

impl Orders {
    /// Mails the buyer that their order was paid; called by its job.
    pub async fn send_confirmation(
        &self,
        scope: &Scope,
        job: JobId,
        order: OrderId,
    ) -> Result<(), OrdersError> {
        self.mail(scope, job, order, &ORDER_CONFIRMATION, None)
            .await
    }

    /// Mails the buyer that their order is on its way; called by its job.
    pub async fn send_shipping_notice(
        &self,
        scope: &Scope,
        job: JobId,
        order: OrderId,
    ) -> Result<(), OrdersError> {
        self.mail(scope, job, order, &ORDER_SHIPPED, None).await
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
                self.mail(scope, job, order, &ORDER_REFUNDED, Some(&refund))
                    .await
            }
            None => Ok(()),
        }
    }

    async fn mail(
        &self,
        scope: &Scope,
        job: JobId,
        id: OrderId,
        kind: &'static MailKind,
        refund: Option<&Refund>,
    ) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let Some(order) = orders::find(&db, id).await? else {
            return Ok(());
        };
        let lines = lines::of(&db, &order).await?;
        let of_cart = carts::language_of(&db, order.cart).await?;
        drop(db);
        // Where a guest sees the order. Who has an account signs in.
        let link = match self.order_token(scope, &order) {
            Some(token) => {
                let tenant = self.tenant(scope).await?;
                let page = format!("orders/{}", order.id);
                Some(self.accounts.link(&tenant, &page, &token))
            }
            None => None,
        };
        let of_profile = match order.user {
            Some(user) => self
                .accounts
                .contact(scope, user)
                .await
                .map_err(mail_error)?
                .and_then(|contact| contact.locale),
            None => None,
        };
        let values = OrderMail {
            order: OrderOfMail::new(&order, &lines)?,
            refund: refund.map(|refund| RefundOfMail {
                amount: refund.amount.to_string(),
            }),
            link,
        };
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

fn mail_error(error: AccountsError) -> OrdersError {
    match error {
        AccountsError::Fault(fault) => fault.into(),
        other => Fault::permanent("send a mail").caused_by(other).into(),
    }
}

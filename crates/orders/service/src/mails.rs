//! Mails about orders.

use std::fmt::Write as _;

use accounts_model::ports::Mail;
use kernel::{JobId, OrderId, Scope};
use orders_model::OrdersError;
use orders_model::order::{Order, OrderLine};
use orders_repository::{lines, orders};

use crate::Orders;

impl Orders {
    /// Mails the buyer that their order was paid; called by its job.
    pub async fn send_confirmation(
        &self,
        scope: &Scope,
        job: JobId,
        order: OrderId,
    ) -> Result<(), OrdersError> {
        let Some((order, lines)) = self.order_with_lines(scope, order).await? else {
            return Ok(());
        };
        let subject = format!("Your order {}", order.number);
        let mut text = format!("Thank you for your order {}.\n\n", order.number);
        for line in &lines {
            let _ = writeln!(
                text,
                "{} x {}  {}",
                line.quantity,
                line.name,
                line.unit_price.times(line.quantity)?
            );
        }
        let _ = write!(
            text,
            "\nGoods     {}\nShipping  {}\nPaid      {}\n",
            order.subtotal, order.shipping, order.captured
        );
        if !order.discount.is_zero() {
            let _ = writeln!(text, "You saved {}", order.discount);
        }
        self.point_to(scope, &order, &mut text).await?;
        self.mail(scope, job, &order, &subject, text).await
    }

    /// Mails the buyer that their order is on its way; called by its job.
    pub async fn send_shipping_notice(
        &self,
        scope: &Scope,
        job: JobId,
        order: OrderId,
    ) -> Result<(), OrdersError> {
        let Some((order, _)) = self.order_with_lines(scope, order).await? else {
            return Ok(());
        };
        let subject = format!("Your order {} is on its way", order.number);
        let mut text = format!("Your order {} is on its way.\n", order.number);
        if let Some(carrier) = &order.carrier {
            let _ = write!(text, "\nCarrier: {carrier}");
        }
        if let Some(tracking) = &order.tracking_number {
            let _ = write!(text, "\nTracking number: {tracking}");
        }
        text.push('\n');
        self.point_to(scope, &order, &mut text).await?;
        self.mail(scope, job, &order, &subject, text).await
    }

    /// Where a guest sees the order. Who has an account signs in.
    async fn point_to(
        &self,
        scope: &Scope,
        order: &Order,
        text: &mut String,
    ) -> Result<(), OrdersError> {
        if let Some(token) = self.order_token(scope, order) {
            let tenant = self.tenant(scope).await?;
            let page = format!("orders/{}", order.id);
            let page = self.accounts.link(&tenant, &page, &token);
            let _ = write!(text, "\nYour order: {page}\n");
        }
        Ok(())
    }

    async fn order_with_lines(
        &self,
        scope: &Scope,
        id: OrderId,
    ) -> Result<Option<(Order, Vec<OrderLine>)>, OrdersError> {
        let db = self.database.read(scope).await?;
        let Some(order) = orders::find(&db, id).await? else {
            return Ok(None);
        };
        let lines = lines::of(&db, &order).await?;
        Ok(Some((order, lines)))
    }

    async fn mail(
        &self,
        scope: &Scope,
        job: JobId,
        order: &Order,
        subject: &str,
        text: String,
    ) -> Result<(), OrdersError> {
        let tenant = self.tenant(scope).await?;
        let mail = Mail {
            to: order.email.clone(),
            subject: format!("{subject} – {}", tenant.name),
            text,
            reply_to: tenant.settings.support_email.clone(),
            key: job.to_string(),
        };
        Ok(self.mailer.send(&mail).await?)
    }
}

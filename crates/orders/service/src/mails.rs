//! Mails about orders.

use std::fmt::Write as _;

use accounts_model::ports::Mail;
use kernel::{JobId, OrderId, ReturnId, Scope, ShipmentId};
use orders_model::OrdersError;
use orders_model::order::{Order, OrderLine, OrderStatus};
use orders_model::returns::ReturnStatus;
use orders_model::shipment::Tracking;
use orders_repository::{lines, orders, returns, shipments};

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
        self.point_to(scope, &order, &mut text).await?;
        self.mail(scope, job, &order, &subject, text).await
    }

    /// Mails the buyer that their order is on its way; called by its job.
    pub async fn send_shipping_notice(
        &self,
        scope: &Scope,
        job: JobId,
        order: OrderId,
        shipment: Option<ShipmentId>,
    ) -> Result<(), OrdersError> {
        let Some((order, lines)) = self.order_with_lines(scope, order).await? else {
            return Ok(());
        };
        let db = self.database.read(scope).await?;
        let shipment = match shipment {
            Some(id) => shipments::find(&db, id).await?,
            None => None,
        };
        drop(db);
        let all = order.status == OrderStatus::Shipped;
        let what = if all {
            "Your order"
        } else {
            "A part of your order"
        };
        let subject = format!("{what} {} is on its way", order.number);
        let mut text = format!("{what} {} is on its way.\n", order.number);
        let tracking = shipment.as_ref().map_or_else(
            || Tracking {
                carrier: order.carrier.clone(),
                number: order.tracking_number.clone(),
                url: None,
            },
            |shipment| shipment.tracking.clone(),
        );
        for entry in shipment.iter().flat_map(|shipment| &shipment.lines) {
            let line = lines.iter().find(|line| line.id == entry.line);
            let name = line.map_or("", |line| line.name.as_str());
            let _ = write!(text, "\n{} x {name}", entry.quantity);
        }
        if let Some(carrier) = &tracking.carrier {
            let _ = write!(text, "\nCarrier: {carrier}");
        }
        if let Some(number) = &tracking.number {
            let _ = write!(text, "\nTracking number: {number}");
        }
        if let Some(url) = &tracking.url {
            let _ = write!(text, "\nFollow it: {url}");
        }
        text.push('\n');
        self.point_to(scope, &order, &mut text).await?;
        self.mail(scope, job, &order, &subject, text).await
    }

    /// Mails the buyer what was decided on their return; called by its job.
    pub async fn send_return_notice(
        &self,
        scope: &Scope,
        job: JobId,
        id: ReturnId,
    ) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let found = returns::find(&db, id).await?;
        drop(db);
        let Some(found) = found else { return Ok(()) };
        let Some((order, lines)) = self.order_with_lines(scope, found.order).await? else {
            return Ok(());
        };
        let (word, next) = match found.status {
            ReturnStatus::Rejected => ("rejected", String::new()),
            ReturnStatus::Canceled | ReturnStatus::Requested => return Ok(()),
            _ => ("approved", "\nPlease send the goods back.\n".to_owned()),
        };
        let subject = format!("Your return for order {} was {word}", order.number);
        let mut text = format!("Your return for order {} was {word}.\n", order.number);
        for entry in &found.lines {
            let line = lines.iter().find(|line| line.id == entry.line);
            let name = line.map_or("", |line| line.name.as_str());
            let _ = write!(text, "\n{} x {name}", entry.quantity);
        }
        text.push('\n');
        text.push_str(&next);
        if let Some(why) = &found.decision {
            let _ = write!(text, "\n{why}\n");
        }
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

//! Documents about orders, as files.

use std::sync::Arc;

use kernel::{Fault, MoneyError, OrderId, Permission, Scope, ShipmentId, Timestamp};
use orders_model::document::{Document, Issuer, packing_slip, receipt};
use orders_model::order::OrderDetail;
use orders_model::{AftercareError, OrdersError};

use crate::Orders;
use crate::access::OrderKey;

/// A file about an order.
#[derive(Debug, Clone)]
pub struct OrderFile {
    /// What it is called.
    pub name: String,
    /// A PDF.
    pub bytes: Vec<u8>,
}

impl Orders {
    /// What goes into the parcels of an order of the tenant, or into one.
    pub async fn packing_slip(
        &self,
        scope: &Scope,
        id: OrderId,
        shipment: Option<ShipmentId>,
    ) -> Result<OrderFile, OrdersError> {
        scope.require(Permission::OrdersRead)?;
        let detail = self.whole_order(scope, id).await?;
        let of = |wanted| {
            let mut all = detail.after.shipments.iter();
            all.find(|one| one.id == wanted)
                .ok_or(AftercareError::ShipmentNotFound)
        };
        let shipment = shipment.map(of).transpose()?;
        let make =
            |detail: &OrderDetail, issuer: Issuer<'_>| Ok(packing_slip(detail, shipment, issuer));
        self.print(scope, &detail, "packing-slip", make).await
    }

    /// What was bought and paid, for the caller or, of any order of the
    /// tenant, for those who may read them.
    pub async fn receipt(&self, scope: &Scope, key: &OrderKey) -> Result<OrderFile, OrdersError> {
        let detail = self.order(scope, key).await?;
        self.print(scope, &detail, "receipt", receipt).await
    }

    /// The same, for the shop.
    pub async fn admin_receipt(
        &self,
        scope: &Scope,
        id: OrderId,
    ) -> Result<OrderFile, OrdersError> {
        let detail = self.admin_order(scope, id).await?;
        self.print(scope, &detail, "receipt", receipt).await
    }

    async fn print(
        &self,
        scope: &Scope,
        detail: &OrderDetail,
        name: &str,
        make: impl Fn(&OrderDetail, Issuer<'_>) -> Result<Document, MoneyError>,
    ) -> Result<OrderFile, OrdersError> {
        let tenant = self.tenant(scope).await?;
        let issuer = Issuer {
            name: &tenant.name,
            contact: tenant.settings.support_email.as_deref(),
            date: Timestamp::date_in,
            time_zone: &tenant.settings.time_zone,
        };
        let document = make(detail, issuer)?;
        let printer = Arc::clone(&self.printer);
        // It computes, and others wait for this thread.
        let printed = tokio::task::spawn_blocking(move || printer.print(&document)).await;
        let bytes = printed.map_err(|error| Fault::permanent("print").caused_by(error))??;
        Ok(OrderFile {
            name: format!("{name}-{}.pdf", detail.order.number),
            bytes,
        })
    }
}

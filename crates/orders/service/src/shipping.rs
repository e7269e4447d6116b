//! Shipping methods.

use std::sync::Arc;

use database::Scoped;
use kernel::{
    AuditEntry, Audited as _, Expected, Fault, Money, Permission, Scope, ShippingMethodId,
    ShippingZoneId,
};
use orders_model::events::ShippingMethodsChanged;
use orders_model::shipping::{
    MAX_ZONES_OF_METHOD, NewShippingMethod, ShippingMethod, ShippingMethodChange, ShippingStatus,
    ShippingWay, free_above,
};
use orders_model::{DeliveryError, OrdersError};
use orders_repository::{carts, shipping_methods, shipping_zones};

use crate::Orders;
use crate::access::CartKey;
use crate::pricing::price;

impl Orders {
    pub(crate) async fn shipping_ways_cached(
        &self,
        scope: &Scope,
        db: &Scoped,
    ) -> Result<Arc<Vec<ShippingWay>>, Fault> {
        if let Some(ways) = self.shipping.get(scope.tenant()) {
            return Ok(ways);
        }
        let ways = shipping_methods::ways(db).await?;
        Ok(self.shipping.put(scope.tenant(), ways))
    }

    /// How a cart can be shipped to its address, and what that costs.
    pub async fn shipping_options(
        &self,
        scope: &Scope,
        key: &CartKey,
    ) -> Result<Vec<(ShippingMethod, Money)>, OrdersError> {
        let tenant = self.tenant(scope).await?;
        let db = self.database.read(scope).await?;
        let cart = carts::find(&db, key.id)
            .await?
            .ok_or(OrdersError::CartNotFound)?;
        self.check_cart(scope, &cart, key.token.as_deref())?;
        let address = cart.shipping_address.clone();
        let address = address.ok_or(OrdersError::AddressMissing)?;
        let prices = self.prices(scope, &tenant, &db, &cart, None).await?;
        drop(db);
        let priced = price(cart, &prices)?;
        let goods = priced.totals.subtotal.minus(priced.totals.discount)?;
        Ok(prices
            .ways
            .iter()
            .filter_map(|way| {
                let quote = way.quote(goods, priced.weight_grams, &address)?;
                Some((way.method.clone(), quote))
            })
            .collect())
    }

    /// All shipping methods.
    pub async fn shipping_methods(
        &self,
        scope: &Scope,
    ) -> Result<Vec<ShippingMethod>, OrdersError> {
        scope.require(Permission::SettingsRead)?;
        let db = self.database.read(scope).await?;
        Ok(shipping_methods::all(&db).await?)
    }

    /// One shipping method.
    pub async fn shipping_method(
        &self,
        scope: &Scope,
        id: ShippingMethodId,
    ) -> Result<ShippingMethod, OrdersError> {
        scope.require(Permission::SettingsRead)?;
        let db = self.database.read(scope).await?;
        shipping_methods::find(&db, id)
            .await?
            .ok_or(OrdersError::ShippingMethodNotFound)
    }

    /// Makes a shipping method.
    pub async fn create_shipping_method(
        &self,
        scope: &Scope,
        new: NewShippingMethod,
    ) -> Result<ShippingMethod, OrdersError> {
        scope.require(Permission::SettingsWrite)?;
        let own = self.tenant(scope).await?.settings.currency;
        let currency = self.sold_in(scope, new.rates.currency(own), own).await?;
        let rates = new.rates.in_currency(currency)?;
        let free_above = free_above(new.free_above, currency)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<ShippingMethod>(scope, "shipping_method.create", now)
            .await?
        {
            database::Once::Replayed(method) => return Ok(method),
            database::Once::Fresh(tx) => tx,
        };
        let method = ShippingMethod {
            id: ShippingMethodId::new(now),
            code: new.code,
            name: new.name,
            rates,
            free_above,
            zones: sorted(new.zones)?,
            currency,
            status: ShippingStatus::Active,
            position: new.position,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        check_zones(&tx, &method.zones).await?;
        shipping_methods::insert(&tx, &method)
            .await
            .map_err(refused)?;
        self.queue.publish(&tx, &ShippingMethodsChanged {}).await?;
        let entry = AuditEntry::new("shipping_method.create", method.id).after(&method);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        Ok(tx.commit_with(method).await?)
    }

    /// Changes a shipping method, if its version is still that one.
    pub async fn change_shipping_method(
        &self,
        scope: &Scope,
        id: ShippingMethodId,
        change: ShippingMethodChange,
        expected: &Expected,
    ) -> Result<ShippingMethod, OrdersError> {
        scope.require(Permission::SettingsWrite)?;
        let tx = self
            .database
            .begin_write(scope, "shipping_method.change")
            .await?;
        let mut method = shipping_methods::find(&tx, id)
            .await?
            .ok_or(OrdersError::ShippingMethodNotFound)?;
        if !expected.is_met_by(method.version) {
            return Err(OrdersError::VersionMismatch);
        }
        if change == ShippingMethodChange::default() {
            return Ok(method);
        }
        let before = method.snapshot();
        method.name = change.name.unwrap_or(method.name);
        if let Some(given) = change.rates {
            method.rates = given.in_currency(method.currency)?;
        }
        if let Some(given) = change.free_above {
            method.free_above = free_above(given, method.currency)?;
        }
        if let Some(zones) = change.zones {
            method.zones = sorted(zones)?;
            check_zones(&tx, &method.zones).await?;
        }
        method.status = change.status.unwrap_or(method.status);
        method.position = change.position.unwrap_or(method.position);
        method.version += 1;
        method.updated_at = self.now();
        let written = shipping_methods::update(&tx, &method).await;
        if !written.map_err(refused)? {
            return Err(OrdersError::VersionMismatch);
        }
        self.queue.publish(&tx, &ShippingMethodsChanged {}).await?;
        let entry = AuditEntry::new("shipping_method.change", id);
        let entry = entry.before(&before).after(&method);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(method)
    }
}

/// Zones without repetition, in the order in which they are locked.
fn sorted(mut zones: Vec<ShippingZoneId>) -> Result<Vec<ShippingZoneId>, OrdersError> {
    zones.sort_unstable();
    zones.dedup();
    if zones.len() > MAX_ZONES_OF_METHOD {
        return Err(DeliveryError::TooManyZones.into());
    }
    Ok(zones)
}

/// Refuses zones that do not exist. One that is deleted at the same moment is
/// kept from it by the foreign key.
async fn check_zones(db: &Scoped, zones: &[ShippingZoneId]) -> Result<(), OrdersError> {
    if zones.is_empty() {
        return Ok(());
    }
    let known = shipping_zones::all(db).await?;
    for zone in zones {
        if !known.iter().any(|one| one.id == *zone) {
            return Err(DeliveryError::UnknownZone(zone.to_string()).into());
        }
    }
    Ok(())
}

fn refused(fault: Fault) -> OrdersError {
    if fault.violates(shipping_methods::UNIQUE_CODE) {
        OrdersError::ShippingCodeTaken
    } else if fault.violates(shipping_zones::METHOD_GOES_THERE) {
        // Deleted a moment ago.
        DeliveryError::UnknownZone("that was deleted a moment ago".to_owned()).into()
    } else {
        fault.into()
    }
}

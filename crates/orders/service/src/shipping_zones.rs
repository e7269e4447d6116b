//! Making and changing shipping zones.

use database::Once;
use kernel::{AuditEntry, Audited as _, Expected, Permission, Scope, ShippingZoneId};
use orders_model::events::ShippingMethodsChanged;
use orders_model::shipping::{
    MAX_ZONES, NewShippingZone, ShippingZone, ShippingZoneChange, check_areas,
};
use orders_model::{DeliveryError, OrdersError};
use orders_repository::shipping_zones;

use crate::Orders;

impl Orders {
    /// All zones, by name.
    pub async fn shipping_zones(&self, scope: &Scope) -> Result<Vec<ShippingZone>, OrdersError> {
        scope.require(Permission::SettingsRead)?;
        let db = self.database.read(scope).await?;
        Ok(shipping_zones::all(&db).await?)
    }

    /// One zone.
    pub async fn shipping_zone(
        &self,
        scope: &Scope,
        id: ShippingZoneId,
    ) -> Result<ShippingZone, OrdersError> {
        scope.require(Permission::SettingsRead)?;
        let db = self.database.read(scope).await?;
        Ok(shipping_zones::find(&db, id)
            .await?
            .ok_or(DeliveryError::ZoneNotFound)?)
    }

    /// Makes a zone.
    pub async fn create_shipping_zone(
        &self,
        scope: &Scope,
        new: NewShippingZone,
    ) -> Result<ShippingZone, OrdersError> {
        scope.require(Permission::SettingsWrite)?;
        check_areas(&new.areas)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<ShippingZone>(scope, "shipping_zone.create", now)
            .await?
        {
            Once::Replayed(zone) => return Ok(zone),
            Once::Fresh(tx) => tx,
        };
        let zone = ShippingZone {
            id: ShippingZoneId::new(now),
            name: new.name,
            areas: new.areas,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        shipping_zones::insert(&tx, &zone).await?;
        // Two at once may end a little above; that does no harm.
        if shipping_zones::all(&tx).await?.len() > MAX_ZONES {
            return Err(DeliveryError::TooManyZones.into());
        }
        let entry = AuditEntry::new("shipping_zone.create", zone.id).after(&zone);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        Ok(tx.commit_with(zone).await?)
    }

    /// Changes a zone, if its version is still that one.
    pub async fn change_shipping_zone(
        &self,
        scope: &Scope,
        id: ShippingZoneId,
        change: ShippingZoneChange,
        expected: &Expected,
    ) -> Result<ShippingZone, OrdersError> {
        scope.require(Permission::SettingsWrite)?;
        let tx = self
            .database
            .begin_write(scope, "shipping_zone.change")
            .await?;
        let mut zone = shipping_zones::find(&tx, id)
            .await?
            .ok_or(DeliveryError::ZoneNotFound)?;
        if !expected.is_met_by(zone.version) {
            return Err(OrdersError::VersionMismatch);
        }
        if change == ShippingZoneChange::default() {
            return Ok(zone);
        }
        let before = zone.snapshot();
        zone.name = change.name.unwrap_or(zone.name);
        zone.areas = change.areas.unwrap_or(zone.areas);
        check_areas(&zone.areas)?;
        zone.version += 1;
        zone.updated_at = self.now();
        if !shipping_zones::update(&tx, &zone).await? {
            return Err(OrdersError::VersionMismatch);
        }
        self.queue.publish(&tx, &ShippingMethodsChanged {}).await?;
        let entry = AuditEntry::new("shipping_zone.change", id);
        let entry = entry.before(&before).after(&zone);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(zone)
    }

    /// Deletes a zone, if its version is still that one and no method goes
    /// there.
    pub async fn delete_shipping_zone(
        &self,
        scope: &Scope,
        id: ShippingZoneId,
        expected: &Expected,
    ) -> Result<(), OrdersError> {
        scope.require(Permission::SettingsWrite)?;
        let tx = self
            .database
            .begin_write(scope, "shipping_zone.delete")
            .await?;
        let zone = shipping_zones::find(&tx, id)
            .await?
            .ok_or(DeliveryError::ZoneNotFound)?;
        if !expected.is_met_by(zone.version) {
            return Err(OrdersError::VersionMismatch);
        }
        match shipping_zones::delete(&tx, id, zone.version).await {
            Ok(true) => {}
            Ok(false) => return Err(DeliveryError::ZoneInUse.into()),
            Err(fault) if fault.violates(shipping_zones::METHOD_GOES_THERE) => {
                return Err(DeliveryError::ZoneInUse.into());
            }
            Err(fault) => return Err(fault.into()),
        }
        let entry = AuditEntry::new("shipping_zone.delete", id).before(&zone);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

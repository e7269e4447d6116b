//! Shipping methods.

use std::sync::Arc;

use database::Scoped;
use kernel::{Fault, Money, Permission, Scope, ShippingMethodId};
use orders_model::OrdersError;
use orders_model::events::ShippingMethodsChanged;
use orders_model::shipping::{
    NewShippingMethod, ShippingMethod, ShippingMethodChange, ShippingStatus, check_countries,
};
use orders_repository::{carts, shipping_methods};

use crate::Orders;
use crate::access::CartKey;
use crate::pricing::price;

impl Orders {
    pub(crate) async fn shipping_methods_cached(
        &self,
        scope: &Scope,
        db: &Scoped,
    ) -> Result<Arc<Vec<ShippingMethod>>, Fault> {
        if let Some(methods) = self.shipping.get(scope.tenant()) {
            return Ok(methods);
        }
        let methods = shipping_methods::all(db).await?;
        Ok(self.shipping.put(scope.tenant(), methods))
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
        let country = match &cart.shipping_address {
            Some(address) => address.country.clone(),
            None => return Err(OrdersError::AddressMissing),
        };
        let prices = self.prices(scope, &tenant, &db, &cart, None).await?;
        drop(db);
        let priced = price(cart, &prices)?;
        let subtotal = priced.totals.subtotal;
        Ok(prices
            .methods
            .iter()
            .filter_map(|method| {
                let quote = method.quote(subtotal, priced.weight_grams, &country)?;
                Some((method.clone(), quote))
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
        let currency = self.tenant(scope).await?.settings.currency;
        let rates = new.rates.in_currency(currency)?;
        check_countries(&new.countries)?;
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
            countries: new.countries,
            currency,
            status: ShippingStatus::Active,
            position: new.position,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        shipping_methods::insert(&tx, &method)
            .await
            .map_err(|fault| {
                if fault.violates(shipping_methods::UNIQUE_CODE) {
                    OrdersError::ShippingCodeTaken
                } else {
                    fault.into()
                }
            })?;
        self.queue.publish(&tx, &ShippingMethodsChanged {}).await?;
        Ok(tx.commit_with(method).await?)
    }

    /// Changes a shipping method, if its version is still that one.
    pub async fn change_shipping_method(
        &self,
        scope: &Scope,
        id: ShippingMethodId,
        change: ShippingMethodChange,
        version: i64,
    ) -> Result<ShippingMethod, OrdersError> {
        scope.require(Permission::SettingsWrite)?;
        let tx = self
            .database
            .begin_write(scope, "shipping_method.change")
            .await?;
        let mut method = shipping_methods::find(&tx, id)
            .await?
            .ok_or(OrdersError::ShippingMethodNotFound)?;
        if method.version != version {
            return Err(OrdersError::VersionMismatch);
        }
        method.name = change.name.unwrap_or(method.name);
        if let Some(given) = change.rates {
            method.rates = given.in_currency(method.currency)?;
        }
        method.countries = change.countries.unwrap_or(method.countries);
        method.status = change.status.unwrap_or(method.status);
        method.position = change.position.unwrap_or(method.position);
        check_countries(&method.countries)?;
        method.version += 1;
        method.updated_at = self.now();
        if !shipping_methods::update(&tx, &method).await? {
            return Err(OrdersError::VersionMismatch);
        }
        self.queue.publish(&tx, &ShippingMethodsChanged {}).await?;
        tx.commit().await?;
        Ok(method)
    }
}

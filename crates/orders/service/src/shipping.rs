//! Shipping methods.

use std::sync::Arc;
use std::time::Duration;

use database::Scoped;
use kernel::{
    AuditEntry, Audited as _, Fault, Money, Permission, Scope, ShippingMethodId, TenantId,
};
use moka::sync::Cache;
use orders_model::OrdersError;
use orders_model::events::ShippingMethodsChanged;
use orders_model::shipping::{
    NewShippingMethod, ShippingMethod, ShippingMethodChange, ShippingStatus, check_countries,
};
use orders_repository::{carts, shipping_methods};
use queue::{Stale, StaleTags};

use crate::Orders;
use crate::access::CartKey;
use crate::pricing::price;

/// The methods of each tenant, kept for a moment: every look at a cart needs
/// them and they change seldom.
pub(crate) struct ShippingCache(Cache<TenantId, Arc<Vec<ShippingMethod>>>);

impl ShippingCache {
    pub(crate) fn new(stale: &StaleTags) -> Self {
        let cache: Cache<TenantId, Arc<Vec<ShippingMethod>>> = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(Duration::from_secs(30))
            .build();
        let forget = cache.clone();
        stale.listen(move |stale| match stale {
            Stale::Everything => forget.invalidate_all(),
            Stale::Tags(tenant, tags) => {
                if tags.iter().any(|tag| tag == ShippingMethodsChanged::TAG) {
                    forget.invalidate(tenant);
                }
            }
        });
        Self(cache)
    }
}

impl Orders {
    pub(crate) async fn shipping_methods_cached(
        &self,
        scope: &Scope,
        db: &Scoped,
    ) -> Result<Arc<Vec<ShippingMethod>>, Fault> {
        if let Some(methods) = self.shipping.0.get(&scope.tenant()) {
            return Ok(methods);
        }
        let methods = Arc::new(shipping_methods::all(db).await?);
        self.shipping.0.insert(scope.tenant(), methods.clone());
        Ok(methods)
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
        let before = method.snapshot();
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
        let entry = AuditEntry::new("shipping_method.change", id);
        let entry = entry.before(&before).after(&method);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(method)
    }
}

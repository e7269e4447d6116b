//! Demonstration data: a shop that looks like one.

mod catalog;
mod hosting;
mod words;

use std::time::Duration;

use accounts_model::tenant::Tenant;
use accounts_service::NewUser;
use anyhow::{Context as _, Result};
use kernel::{Role, Scope, ShippingZoneId};
use orders_model::shipping::{Area, NewShippingMethod, NewShippingZone, Rates, Step};
use secrecy::SecretString;

use crate::Sutler;

/// How many products there are unless somebody asks for another number.
pub const PRODUCTS: u32 = 1000;
/// How many products are added in one transaction.
const AT_ONCE: usize = 5000;

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "sutler-demo-login";

/// Whom to sign in as.
pub struct Login {
    /// The address.
    pub email: &'static str,
    /// The password.
    pub password: &'static str,
}

impl Sutler {
    /// The default tenant.
    pub async fn default_tenant(&self) -> Result<std::sync::Arc<Tenant>> {
        self.accounts
            .default_tenant()
            .await
            .context("read the default tenant")
    }
}

/// Makes sure that the default tenant has a catalog, shipping methods, hosted
/// services and an administrator with a well-known password.
pub async fn ensure(sutler: &Sutler) -> Result<Login> {
    let tenant = sutler.default_tenant().await?;
    let scope = sutler.accounts.system_scope(tenant.id, "demo");
    if sutler.catalog.is_empty(&scope).await? {
        // Not at every start: it sets the password and ends their sessions.
        let admin = NewUser {
            email: EMAIL.to_owned(),
            password: SecretString::from(PASSWORD),
            name: "Demo Administrator".to_owned(),
            role: Role::Operator,
        };
        sutler.accounts.ensure_user(&scope, admin).await?;
        add(sutler, &scope, PRODUCTS).await?;
        tracing::info!(products = PRODUCTS, "demonstration data added");
        // The statements that added so much are not needed again.
        sutler.database.close_idle(Duration::ZERO);
    }
    Ok(Login {
        email: EMAIL,
        password: PASSWORD,
    })
}

/// Fills an empty shop. False when it has a catalog already.
pub async fn fill(sutler: &Sutler, scope: &Scope, products: u32) -> Result<bool> {
    let empty = sutler.catalog.is_empty(scope).await?;
    if empty {
        add(sutler, scope, products).await?;
    }
    Ok(empty)
}

/// Adds what is not there. The catalog comes last, as it tells the next start
/// that there is nothing to add: whoever is interrupted before begins again.
async fn add(sutler: &Sutler, scope: &Scope, products: u32) -> Result<()> {
    let tenant = sutler.accounts.tenant(scope).await?;
    let currency = tenant.settings.currency;
    ship(sutler, scope).await?;
    hosting::add(sutler, scope, currency).await?;
    let now = sutler.queue.clock().now();
    let demo = catalog::make(products, currency, now);
    // A catalog as `serve --demo` has it is added at once: all of it or nothing.
    // A big one would keep a transaction open for minutes.
    let mut categories = demo.categories.as_slice();
    let mut rest = demo.listings.into_iter();
    loop {
        let some: Vec<_> = rest.by_ref().take(AT_ONCE).collect();
        if some.is_empty() && categories.is_empty() {
            break;
        }
        let added = sutler.catalog.add_many(scope, categories, some).await;
        added.context("add the catalog")?;
        categories = &[];
    }
    Ok(())
}

/// Adds zones and ways to ship there that are missing.
async fn ship(sutler: &Sutler, scope: &Scope) -> Result<()> {
    let zone = |name: &str, countries: &[&str]| NewShippingZone {
        name: name.to_owned(),
        areas: countries.iter().map(|code| area(code)).collect(),
    };
    let known = sutler.orders.shipping_zones(scope).await?;
    let mut zones = Vec::new();
    for new in [
        zone("Germany", &["DE"]),
        zone("Neighbours", &["AT", "CH", "FR", "NL"]),
    ] {
        let zone = if let Some(zone) = known.iter().find(|zone| zone.name == new.name) {
            zone.id
        } else {
            let made = sutler.orders.create_shipping_zone(scope, new).await;
            made.context("add a shipping zone")?.id
        };
        zones.push(zone);
    }
    let known = sutler.orders.shipping_methods(scope).await?;
    for method in shipping_methods(&zones) {
        if known.iter().any(|one| one.code == method.code) {
            continue;
        }
        sutler
            .orders
            .create_shipping_method(scope, method)
            .await
            .context("add a shipping method")?;
    }
    Ok(())
}

fn area(country: &str) -> Area {
    Area {
        country: country.to_owned(),
        regions: Vec::new(),
        postal_codes: Vec::new(),
        except_postal_codes: Vec::new(),
    }
}

fn shipping_methods(zones: &[ShippingZoneId]) -> [NewShippingMethod; 3] {
    let step = |up_to_grams, below, amount| Step {
        up_to_grams,
        below,
        amount,
    };
    let table = |steps| Rates::Table { steps }.into();
    [
        NewShippingMethod {
            code: "standard".to_owned(),
            name: "Standard, 2 to 4 days".to_owned(),
            rates: table(vec![step(None, Some(5000), 490), step(None, None, 0)]),
            free_above: None,
            zones: Vec::new(),
            position: 1,
        },
        NewShippingMethod {
            code: "parcel".to_owned(),
            name: "Parcel by weight".to_owned(),
            rates: table(vec![
                step(Some(1000), None, 390),
                step(Some(5000), None, 590),
                step(Some(31_500), None, 990),
            ]),
            free_above: None,
            zones: zones.to_vec(),
            position: 2,
        },
        NewShippingMethod {
            code: "express".to_owned(),
            name: "Express, next day".to_owned(),
            rates: Rates::Flat { amount: 1490 }.into(),
            free_above: None,
            zones: zones.iter().take(1).copied().collect(),
            position: 3,
        },
    ]
}

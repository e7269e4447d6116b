//! Demonstration data: a shop that looks like one.

mod catalog;
mod words;

use accounts_model::tenant::Tenant;
use accounts_service::NewUser;
use anyhow::{Context as _, Result};
use kernel::{Role, Scope};
use orders_model::shipping::{NewShippingMethod, Rates, SubtotalStep, WeightStep};
use secrecy::SecretString;

use crate::Sutler;

/// How many products there are unless somebody asks for another number.
pub const PRODUCTS: u32 = 1000;

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

/// Makes sure that the default tenant has a catalog, shipping methods and an
/// administrator with a well-known password.
pub async fn ensure(sutler: &Sutler) -> Result<Login> {
    let tenant = sutler.default_tenant().await?;
    let scope = sutler.accounts.system_scope(tenant.id, "demo");
    if fill(sutler, &scope, PRODUCTS).await? {
        tracing::info!(products = PRODUCTS, "demonstration data added");
        let admin = NewUser {
            email: EMAIL.to_owned(),
            password: SecretString::from(PASSWORD),
            name: "Demo Administrator".to_owned(),
            role: Role::Operator,
        };
        sutler.accounts.ensure_user(&scope, admin).await?;
    }
    Ok(Login {
        email: EMAIL,
        password: PASSWORD,
    })
}

/// Fills an empty shop. False when it has a catalog already.
pub async fn fill(sutler: &Sutler, scope: &Scope, products: u32) -> Result<bool> {
    if !sutler.catalog.is_empty(scope).await? {
        return Ok(false);
    }
    let tenant = sutler.accounts.tenant(scope).await?;
    let now = sutler.queue.clock().now();
    let demo = catalog::make(products, tenant.settings.currency, now);
    sutler
        .catalog
        .add_many(scope, &demo.categories, demo.listings)
        .await
        .context("add the catalog")?;
    for method in shipping_methods() {
        sutler
            .orders
            .create_shipping_method(scope, method)
            .await
            .context("add a shipping method")?;
    }
    Ok(true)
}

fn shipping_methods() -> [NewShippingMethod; 3] {
    let weight = |up_to_grams, amount| WeightStep {
        up_to_grams,
        amount,
    };
    [
        NewShippingMethod {
            code: "standard".to_owned(),
            name: "Standard, 2 to 4 days".to_owned(),
            rates: Rates::BySubtotal {
                steps: vec![
                    SubtotalStep {
                        below: Some(5000),
                        amount: 490,
                    },
                    SubtotalStep {
                        below: None,
                        amount: 0,
                    },
                ],
            }
            .into(),
            countries: Vec::new(),
            position: 1,
        },
        NewShippingMethod {
            code: "parcel".to_owned(),
            name: "Parcel by weight".to_owned(),
            rates: Rates::ByWeight {
                steps: vec![
                    weight(Some(1000), 390),
                    weight(Some(5000), 590),
                    weight(Some(31_500), 990),
                ],
            }
            .into(),
            countries: ["DE", "AT", "CH", "FR", "NL"].map(String::from).to_vec(),
            position: 2,
        },
        NewShippingMethod {
            code: "express".to_owned(),
            name: "Express, next day".to_owned(),
            rates: Rates::Flat { amount: 1490 }.into(),
            countries: vec!["DE".to_owned()],
            position: 3,
        },
    ]
}

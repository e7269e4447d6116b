//! Callers who belong to a seller, and people to make such callers of.

use kernel::Role;
use serde_json::json;
use testkit::App;
use testkit::shop::{Shop, Tenant};

use super::callers::{Caller, key, names};
use super::routes::Route;
use crate::sellers::{person, seller};

/// Somebody who belongs to a seller that sells nothing of what there is, and
/// keys of theirs.
pub async fn seller_callers(app: &App, shop: &Shop) -> Vec<Caller> {
    let tenant = &shop.first;
    let oak = seller(app, tenant, json!({"name": "Oak"})).await;
    let person = person(app, tenant, &oak, "sal@mail.test").await;
    let all = names(Role::Seller);
    let mut callers = vec![Caller {
        name: "a seller".to_owned(),
        credential: person.token.clone(),
        person: true,
        permissions: Vec::new(),
        within: all.clone(),
    }];
    for within in [all, vec!["catalog:read"], Vec::new()] {
        let made = key(app, &person, &within).await;
        callers.push(Caller {
            name: format!("a seller's key for {within:?}"),
            credential: made.text_at("/secret"),
            person: false,
            permissions: Vec::new(),
            within,
        });
    }
    callers
}

/// Somebody who is to belong to a seller, or does.
pub async fn of_seller(
    app: &App,
    tenant: &Tenant,
    route: &Route,
    number: u32,
    seller: &str,
) -> String {
    let email = format!("seller-{number}@mail.test");
    if route.method == "DELETE" {
        let person = person(app, tenant, seller, &email).await;
        return person.id;
    }
    app.register(&email, tenant.host).await.id
}

//! Every route × every kind of caller × both tenants.

mod audited;
mod belongings;
mod callers;
mod clusters;
mod of_sellers;
mod routes;
mod services;
mod wallets;

use std::collections::BTreeSet;

use callers::{Caller, Things, Tokens, callers, fresh, things};
use routes::{Access, Route};
use rstest::rstest;
use serde_json::Value;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Answer, App, midtrans, stripe};

/// The codes that say who you are not.
const DENIED: &[&str] = &[
    "auth.required",
    "auth.forbidden",
    "auth.users_only",
    "auth.sellers_only",
];

/// Settings that turn the gateways on whose webhooks are routes.
fn gateways() -> Vec<(&'static str, &'static str)> {
    [stripe::KEYS, midtrans::KEYS].concat()
}

fn fill(text: &str, things: &Things) -> String {
    let mut text = text.to_owned();
    for (name, id) in things {
        text = text.replace(&format!("{{{name}}}"), id);
    }
    text
}

/// Calls a route for some things.
async fn call(
    app: &App,
    route: &Route,
    credential: &str,
    things: &Things,
    tokens: Option<&Tokens>,
) -> Answer {
    call_if(app, route, credential, things, tokens, "\"1\"").await
}

/// Calls a route for some things of a version.
async fn call_if(
    app: &App,
    route: &Route,
    credential: &str,
    things: &Things,
    tokens: Option<&Tokens>,
    version: &str,
) -> Answer {
    let path = fill(route.path, things);
    let mut call = app
        .client
        .call(route.method.parse().expect("a method"), &path)
        .header("if-match", version);
    if !route.body.is_empty() {
        let body = fill(route.body, things);
        call = match body.as_bytes()[0] {
            b'{' => call.json(&serde_json::from_str::<Value>(&body).expect("a body")),
            b'-' => call
                .header("content-type", "multipart/form-data; boundary=b")
                .body(body),
            _ => call.header("content-type", "text/csv").body(body),
        };
    }
    if !credential.is_empty() {
        call = call.bearer(credential);
    }
    if let Some(tokens) = tokens {
        call = call
            .header("x-cart-token", &tokens.cart)
            .header("x-order-token", &tokens.order);
    }
    call.send().await
}

fn code(answer: &Answer) -> &str {
    answer.body["code"].as_str().unwrap_or_default()
}

/// A problem without what differs from one answer to the next.
fn problem(answer: &Answer) -> Value {
    let mut problem = answer.body.clone();
    if let Some(members) = problem.as_object_mut() {
        members.remove("request_id");
        members.remove("timestamp");
    }
    problem
}

fn let_through(answer: &Answer, who: &str) {
    assert!(
        answer.status < 500 && answer.status != 404 && !DENIED.contains(&code(answer)),
        "{who} may, but {}",
        answer.describe()
    );
}

/// Who has no token of a guest is told that there is no such thing.
fn not_there(answer: &Answer, who: &str) {
    assert_eq!(answer.status, 404, "{who}: {}", answer.describe());
}

fn turned_away(answer: &Answer, who: &Caller) {
    if who.credential.is_empty() {
        assert_eq!(
            (answer.status, code(answer)),
            (401, "auth.required"),
            "{}",
            answer.describe()
        );
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    } else {
        assert_eq!(
            answer.status,
            403,
            "{} may not, but {}",
            who.name,
            answer.describe()
        );
        assert!(DENIED[1..].contains(&code(answer)), "{}", answer.describe());
    }
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

/// Whether a route is for those who belong to a seller, and this caller does,
/// but the thing is not the seller's.
fn is_of_others(route: &Route, caller: &Caller) -> bool {
    let within = matches!(route.access, Access::Within(_) | Access::OfSeller(_));
    within && route.path.contains('{') && caller.may(route.access) && !caller.within.is_empty()
}

#[test]
fn the_table_names_every_route_of_the_document_and_no_other() {
    let document: Value =
        serde_json::from_str(include_str!("../../../openapi/openapi.json")).unwrap();
    let mut published = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                published.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let listed: BTreeSet<String> = routes::all()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(published, listed);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_route_lets_in_whom_it_is_for(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &gateways()).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (mut things, mut tokens) = things(&app, tenant).await;
    let everybody = callers(&app, &shop).await;
    for route in routes::all() {
        for caller in &everybody {
            let kept = [
                "{address_id}",
                "{instance_id}",
                "{top_up_id}",
                "{waiter_id}",
                "{subscription_id}",
            ];
            let keeps =
                kept.iter().any(|name| route.path.contains(name)) && !caller.credential.is_empty();
            let owner = if caller.person || keeps {
                &caller.credential
            } else {
                &tenant.user.token
            };
            fresh(&app, tenant, route, owner, &mut things, &mut tokens).await;
            let who = format!("{} {}: {}", route.method, route.path, caller.name);
            let bare = call(&app, route, &caller.credential, &things, None).await;
            if is_of_others(route, caller) {
                not_there(&bare, &who);
                continue;
            }
            if caller.may(route.access) {
                // A guest's cart is merged with its token only.
                let tokens = route.path.ends_with("/merge").then_some(&tokens);
                let answer = match tokens {
                    Some(_) => call(&app, route, &caller.credential, &things, tokens).await,
                    None => bare,
                };
                let_through(&answer, &who);
                continue;
            }
            match route.access {
                Access::Owner | Access::OwnerOr(_) => not_there(&bare, &who),
                Access::OwnerOrBoth { see, .. } if !caller.permissions.contains(&see) => {
                    not_there(&bare, &who);
                }
                _ => {
                    turned_away(&bare, caller);
                    continue;
                }
            }
            let held = call(&app, route, &caller.credential, &things, Some(&tokens)).await;
            let_through(&held, &who);
        }
        if route.access != Access::Open {
            let answer = call(&app, route, "not-a-token", &things, None).await;
            assert_eq!(
                (answer.status, code(&answer)),
                (401, "auth.invalid_token"),
                "{}",
                answer.describe()
            );
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn things_of_another_tenant_are_as_if_they_did_not_exist(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (mut things, mut tokens) = things(&app, tenant).await;
    callers::things(&app, &shop.second).await;
    let stranger = &shop.second.admin.token;
    for route in routes::all() {
        if !route.path.contains('{') || route.path.contains("{tenant_id}") {
            continue;
        }
        if route.path.contains("{mail}") {
            // Every shop has the same mails; `mails.rs` shows that what one
            // wrote in them is its own.
            continue;
        }
        if matches!(route.access, Access::OfSeller(_)) {
            // Refuses whoever belongs to no seller; those who do are asked in
            // `sellers_get_nothing_of_others`.
            continue;
        }
        let owner = &tenant.user.token;
        fresh(&app, tenant, route, owner, &mut things, &mut tokens).await;
        let missing: Things = things
            .iter()
            .map(|(name, id)| match id.split_once('_') {
                Some((prefix, _)) => (*name, format!("{prefix}_01h455vb4pex5vsknk084sn02q")),
                None => (*name, id.clone()),
            })
            .collect();
        for tokens in [None, Some(&tokens)] {
            let theirs = call(&app, route, stranger, &things, tokens).await;
            let none = call(&app, route, stranger, &missing, tokens).await;
            if route.access == Access::Open && route.path.contains("{session_id}") {
                // The page of a session is for whoever knows its address.
                continue;
            }
            assert_eq!(theirs.status, 404, "{}", theirs.describe());
            assert_eq!(problem(&theirs), problem(&none), "{}", route.path);
            assert_eq!(
                theirs.headers.get("content-type"),
                none.headers.get("content-type")
            );
        }
        // An id of another kind of thing is not found either.
        let other_kind: Things = things
            .iter()
            .map(|(name, id)| {
                let id = match id.split_once('_') {
                    Some(_) => "prod0_01h455vb4pex5vsknk084sn02q",
                    None => id,
                };
                (*name, id.to_owned())
            })
            .collect();
        let answer = call(&app, route, &tenant.key, &other_kind, None).await;
        if !DENIED.contains(&code(&answer)) && !route.body.contains("_id}") {
            assert_eq!(answer.status, 404, "{}", answer.describe());
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_hold_nothing_of_another_tenant(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (first, _) = things(&app, &shop.first).await;
    let (second, _) = things(&app, &shop.second).await;
    for (tenant, own, other) in [
        (&shop.first, &first, &second),
        (&shop.second, &second, &first),
    ] {
        for credential in [&tenant.key, &tenant.admin.token, &tenant.user.token] {
            for route in routes::all() {
                if route.method != "GET" || !route.path.starts_with("/api/") {
                    continue;
                }
                let answer = call(&app, route, credential, own, None).await;
                // The names of mails are the same everywhere.
                for (name, id) in other.iter().filter(|(name, _)| **name != "mail") {
                    assert!(
                        !id.contains('_') || !answer.text.contains(id.as_str()),
                        "{name} of another tenant in {}",
                        answer.describe()
                    );
                }
            }
        }
    }
}

/// What everybody sees, or has of their own.
fn is_for_everybody(route: &Route) -> bool {
    matches!(
        route.access,
        Access::Open | Access::Account | Access::Person
    )
}

/// Whoever belongs to a seller gets nothing of what is not the seller's: of the
/// shop, of other sellers, of buyers; by no route, with no kind of id.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sellers_get_nothing_of_others(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &gateways()).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (mut things, mut tokens) = things(&app, tenant).await;
    let seller = of_sellers::seller_callers(&app, &shop).await.remove(0);
    for route in routes::all().filter(|route| !is_for_everybody(route)) {
        let owner = &tenant.user.token;
        fresh(&app, tenant, route, owner, &mut things, &mut tokens).await;
        let answer = call(&app, route, &seller.credential, &things, None).await;
        let who = format!("{} {}", route.method, route.path);
        if seller.may(route.access) && !route.path.contains('{') {
            assert!(answer.status < 300, "{who}: {}", answer.describe());
        } else {
            assert!(
                [403, 404].contains(&answer.status),
                "{who}: {}",
                answer.describe()
            );
        }
        let hidden = things
            .iter()
            .filter(|(name, id)| id.contains('_') && **name != "mail");
        for (name, id) in hidden {
            let echoed = answer.status == 404 && answer.body["instance"].is_string();
            assert!(
                echoed || !answer.text.contains(id.as_str()),
                "{who}: {name} in {}",
                answer.describe()
            );
        }
    }
    // What they made on the way is theirs.
    let list = app.client.get("/api/admin/catalog/products?limit=100");
    let list = list.bearer(&seller.credential).expect(200).await;
    let own = list.body["data"].as_array().expect("a list");
    assert_eq!(own.len(), 1, "{}", list.describe());
    assert_eq!(own[0]["name"], "Chair");
}

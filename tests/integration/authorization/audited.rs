//! Every route with which administrators change something leaves an entry in
//! the audit log.

use rstest::rstest;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::POST;
use testkit::picture::Part;
use testkit::shop::Shop;
use testkit::{Answer, App, stripe};

use super::callers::{Things, fresh, things};
use super::routes::{self, Access, Route};
use super::{call_if, fill};

/// Writing routes under `/api/admin` that leave no entry, each with the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[(
    "POST",
    "/api/admin/mail-templates/{mail}/{language}/preview",
    "it shows what a mail would look like and changes nothing",
)];

/// Parts of paths of routes that need more than the table of routes makes: a
/// shipment in the right state, all pictures of a product by name. Where they
/// do not succeed here, the tests of shipments, returns, exchanges and pictures
/// look for their entries.
const NEEDY: &[&str] = &[
    "/images/order",
    "/shipments",
    "/returns",
    "/exchange",
    "/ship",
    "/deliver",
];

/// Routes elsewhere that leave one.
const ELSEWHERE: &[(&str, &str)] = &[
    ("POST", "/api/api-keys"),
    ("DELETE", "/api/api-keys/{key_id}"),
    ("POST", "/api/orders/{order_id}/cancel"),
];

fn is(route: &Route, method: &str, path: &str) -> bool {
    route.method == method && route.path == path
}

fn is_recorded(route: &Route) -> bool {
    let writes = route.method != "GET" && route.path.starts_with("/api/admin/");
    let excepted = EXCEPTIONS
        .iter()
        .any(|(method, path, _)| is(route, method, path));
    let elsewhere = ELSEWHERE
        .iter()
        .any(|(method, path)| is(route, method, path));
    (writes && !excepted) || elsewhere
}

/// Makes dead letters of all jobs that wait, as failures would.
async fn kill_jobs(app: &App, tenant: &str) {
    let scope = app.scope(tenant);
    let tx = app.sutler.database.begin_write(&scope, "test").await;
    let tx = tx.expect("a transaction");
    tx.run("UPDATE jobs SET state = 'dead' WHERE tenant_id = $1", [])
        .await
        .expect("an update");
    tx.commit().await.expect("a commit");
}

/// Gives somebody a second factor that nobody has the codes of.
async fn give_second_factor(app: &App, tenant: &str, user: &str) {
    let user: kernel::UserId = user.parse().expect("the id of a user");
    let scope = app.scope(tenant);
    let tx = app.sutler.database.begin_write(&scope, "test").await;
    let tx = tx.expect("a transaction");
    tx.run(
        "INSERT INTO two_factors (tenant_id, user_id, secret, confirmed_at, last_step, failures, created_at) \
         VALUES ($1, $2, $3, 1, 0, 0, 1)",
        [user.uuid().into(), vec![0u8].into()],
    )
    .await
    .expect("an insert");
    tx.commit().await.expect("a commit");
}

/// The version of what a route changes, as its address answers it; what has
/// no address of its own was not changed yet.
async fn version(app: &App, route: &Route, credential: &str, things: &Things) -> String {
    if !route.path.contains('{') && route.method != "PATCH" {
        return "\"1\"".to_owned();
    }
    if route.path.contains("{variant_id}") {
        // It is seen with its product.
        let path = fill("/api/admin/catalog/products/{product_id}", things);
        let seen = app.client.get(&path).bearer(credential).expect(200).await;
        return format!("\"{}\"", seen.number_at("/variants/0/version"));
    }
    let path = route.path.strip_suffix("/archive").unwrap_or(route.path);
    let seen = app.client.get(&fill(path, things)).bearer(credential);
    let seen = seen.send().await;
    match seen.header("etag") {
        "" => "\"1\"".to_owned(),
        etag => etag.to_owned(),
    }
}

/// The log of each tenant, of one request.
async fn entries(app: &App, shop: &Shop, answer: &Answer) -> Vec<Answer> {
    let path = format!(
        "/api/admin/audit?request_id={}",
        answer.header("x-request-id")
    );
    let mut found = Vec::new();
    // Only operators see what was done to tenants.
    for key in [&shop.operator.token, &shop.second.key] {
        let list = app.client.get(&path).bearer(key).expect(200).await;
        if list.body["data"] != serde_json::json!([]) {
            found.push(list);
        }
    }
    found
}

#[test]
fn exceptions_name_routes_and_reasons() {
    for (method, path, reason) in EXCEPTIONS {
        assert!(routes::all().any(|route| is(route, method, path)), "{path}");
        assert!(!reason.is_empty(), "{path}");
    }
    for (method, path) in ELSEWHERE {
        assert!(routes::all().any(|route| is(route, method, path)), "{path}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_write_of_administrators_leaves_an_entry(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, stripe::KEYS).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (mut things, mut tokens) = things(&app, tenant).await;
    let paid = things["order_id"].clone();
    let mut silent = Vec::new();
    // What is archived takes nothing new.
    let (last, first): (Vec<&Route>, Vec<&Route>) = routes::all()
        .filter(|route| is_recorded(route))
        .partition(|route| route.path.ends_with("/archive"));
    for route in first.into_iter().chain(last) {
        let credential = match route.access {
            Access::Needs("tenants:manage") => &shop.operator.token,
            _ => &tenant.admin.token,
        };
        things.insert("order_id", paid.clone());
        fresh(&app, tenant, route, credential, &mut things, &mut tokens).await;
        if route.path == "/api/admin/imports" {
            // Another one that goes on would be in its way.
            app.drain().await;
        }
        if route.path.contains("{job_id}") {
            // So that there is a dead letter.
            kill_jobs(&app, &tenant.id).await;
        }
        if route.path.ends_with("/2fa/reset") {
            give_second_factor(&app, &tenant.id, &things["user_id"]).await;
        }
        let version = version(&app, route, credential, &things).await;
        let answer = if route.path.ends_with("/images") {
            // The table's body is no picture.
            let file = testkit::picture::small(7_777);
            let call = app.client.call(POST, &fill(route.path, &things));
            let call = call.bearer(credential).form(&[Part::file(&file)]);
            call.send().await
        } else {
            call_if(&app, route, credential, &things, None, &version).await
        };
        let needy = NEEDY.iter().any(|part| route.path.contains(part));
        if needy && answer.status >= 400 {
            continue;
        }
        assert!(
            answer.status < 300,
            "to leave an entry it has to succeed: {}",
            answer.describe()
        );
        let found = entries(&app, &shop, &answer).await;
        if found.is_empty() {
            silent.push(format!("{} {}", route.method, route.path));
            continue;
        }
        let entry = &found[0].body["data"][0];
        let action = entry["action"].as_str().expect("a word");
        let page = include_str!("../../../docs/security.md");
        assert!(
            page.contains(&format!("`{action}`")),
            "docs/security.md does not list {action}"
        );
        let who = if credential == &shop.operator.token {
            &shop.operator.id
        } else {
            &tenant.admin.id
        };
        assert_eq!(entry["actor"], who.as_str(), "{}", route.path);
        assert_eq!(entry["user_id"], who.as_str(), "{}", route.path);
        assert!(
            !entry["before"].is_null() || !entry["after"].is_null() || route.method == "DELETE",
            "{}: {entry}",
            route.path
        );
    }
    assert_eq!(
        silent,
        Vec::<String>::new(),
        "routes that leave no entry in the audit log; record one, or except them with a reason"
    );
    // And nothing of a person came along.
    let export = app
        .client
        .get("/api/admin/audit/export")
        .bearer(&tenant.key);
    let export = export.expect(200).await.text;
    // Names of requests are random letters, which may spell anything.
    let cells = export.split(',').filter(|cell| !cell.starts_with("req_"));
    let export = cells.collect::<Vec<_>>().join(",");
    for personal in ["mail.test", "Some Body", "Ada", "broken", "192.0.2.1"] {
        assert!(!export.contains(personal), "{personal} in {export}");
    }
    for key in [&shop.first.key, &shop.second.key] {
        let verdict = app.client.get("/api/admin/audit/verify").bearer(key);
        assert_eq!(verdict.expect(200).await.body["intact"], true);
    }
}

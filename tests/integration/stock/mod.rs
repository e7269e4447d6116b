//! Stock that runs low, is sold before it is there, is counted elsewhere, and
//! is compared with its reservations.

mod backorders;
mod feed;
mod levels;
mod sync;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Tenant};

/// Runs a statement past the application; the first number it answers.
async fn sql(app: &App, backend: Backend, text: &str) -> i64 {
    let text = AssertSqlSafe(text.to_owned());
    let rows: Vec<i64> = match backend {
        Postgres => {
            let mut db = app.store().superuser().await;
            sqlx::query_scalar(text).fetch_all(&mut db).await
        }
        Sqlite => {
            let path = app.store().folder().join("sutler.db");
            let url = format!("sqlite://{}", path.display());
            let mut db = SqliteConnection::connect(&url).await.expect("the file");
            sqlx::query_scalar(text).fetch_all(&mut db).await
        }
    }
    .expect("a statement");
    rows.first().copied().unwrap_or_default()
}

/// How many events of a kind wait to be told.
async fn told(app: &App, backend: Backend, kind: &str) -> i64 {
    let count = format!("SELECT count(*) FROM events WHERE kind = '{kind}'");
    sql(app, backend, &count).await
}

fn path(item: &Item, what: &str) -> String {
    let variant = &item.variants[0];
    format!("/api/admin/catalog/variants/{variant}/{what}")
}

fn patch(app: &App, tenant: &Tenant, item: &Item, body: &Value) -> Call {
    let call = app.client.patch(&path(item, "stock"), body);
    call.bearer(&tenant.key)
}

fn adjust(app: &App, tenant: &Tenant, item: &Item, by: i64) -> Call {
    let body = json!({"by": by, "reason": "a delivery"});
    let call = app.client.post(&path(item, "stock-adjustments"), &body);
    call.bearer(&tenant.key)
}

/// The stock of a thing with one variant.
async fn pile(app: &App, tenant: &Tenant, item: &Item) -> Value {
    let path = format!("/api/admin/catalog/products/{}", item.product);
    let seen = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    seen.body["variants"][0]["stock"].clone()
}

/// The changes of a thing's pile, newest first, as (kind, on hand, reserved,
/// backordered).
async fn moves(app: &App, tenant: &Tenant, item: &Item) -> Vec<(String, i64, i64, i64)> {
    let call = app.client.get(&path(item, "stock-movements"));
    let seen = call.bearer(&tenant.key).expect(200).await;
    let all = seen.body["data"].as_array().expect("a list").clone();
    all.iter()
        .map(|one| {
            let number = |field: &str| one[field].as_i64().unwrap_or_default();
            (
                one["kind"].as_str().unwrap_or_default().to_owned(),
                number("on_hand_delta"),
                number("reserved_delta"),
                number("backordered_delta"),
            )
        })
        .collect()
}

//! Migrations that move data into another shape, and back.

use rstest::rstest;
use serde_json::{Value, json};
use server::migrations;
use sqlx::{Connection as _, SqliteConnection};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::Store;

const TENANT: &str = "018f0000-0000-7000-8000-000000000001";
const METHOD: &str = "018f0000-0000-7000-8000-000000000002";

/// A literal of an id, as each database stores it.
fn id(backend: Backend, text: &str) -> String {
    match backend {
        Postgres => format!("'{text}'::uuid"),
        Sqlite => format!("x'{}'", text.replace('-', "")),
    }
}

/// Runs a statement as somebody whom no policy confines.
async fn run(store: &Store, backend: Backend, sql: String) {
    let sql = sqlx::AssertSqlSafe(sql);
    match backend {
        Postgres => {
            let mut db = store.superuser().await;
            sqlx::raw_sql(sql)
                .execute(&mut db)
                .await
                .expect("a statement");
        }
        Sqlite => {
            let mut db = sqlite(store).await;
            sqlx::raw_sql(sql)
                .execute(&mut db)
                .await
                .expect("a statement");
        }
    }
}

/// One JSON value.
async fn value(store: &Store, backend: Backend, sql: &str) -> Value {
    let sql = sqlx::AssertSqlSafe(match backend {
        Postgres => format!("SELECT ({sql})::text"),
        Sqlite => format!("SELECT ({sql})"),
    });
    let text: Option<String> = match backend {
        Postgres => {
            let mut db = store.superuser().await;
            let one = sqlx::query_scalar(sql).fetch_one(&mut db).await;
            one.expect("a value")
        }
        Sqlite => {
            let mut db = sqlite(store).await;
            let one = sqlx::query_scalar(sql).fetch_one(&mut db).await;
            one.expect("a value")
        }
    };
    text.map_or(Value::Null, |text| {
        serde_json::from_str(&text).expect("JSON")
    })
}

async fn sqlite(store: &Store) -> SqliteConnection {
    let path = store.folder().join("sutler.db");
    let url = format!("sqlite://{}", path.display());
    SqliteConnection::connect(&url).await.expect("the file")
}

#[rstest]
#[tokio::test]
async fn countries_and_tables_of_shipping_methods_are_moved_over(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let store = Store::empty(backend).await;
    let settings = store.settings(&[]).database;
    let all = migrations::status(&settings).await.expect("a status");
    let at = all
        .iter()
        .position(|one| one.name == "m0012_shipping_zones");
    let before = u32::try_from(at.expect("the one that makes zones")).expect("a few");
    migrations::up(&settings, Some(before))
        .await
        .expect("up to it");
    let (tenant, method) = (id(backend, TENANT), id(backend, METHOD));
    let no = if backend == Postgres { "false" } else { "0" };
    let rates = r#"{"kind": "by_weight", "steps": [{"up_to_grams": 1000, "amount": 490}]}"#;
    let insert = format!(
        "INSERT INTO tenants (id, slug, name, status, is_default, settings, version, created_at, updated_at) \
           VALUES ({tenant}, 'old', 'Old', 'active', {no}, '{{}}', 1, 1, 1); \
         INSERT INTO shipping_methods (tenant_id, id, code, name, rates, countries, currency, status, position, \
             version, created_at, updated_at) \
           VALUES ({tenant}, {method}, 'parcel', 'Parcel', '{rates}', '[\"DE\", \"AT\"]', 'EUR', 'active', 0, 3, 1, 1);"
    );
    run(&store, backend, insert).await;
    migrations::up(&settings, Some(1)).await.expect("up");
    let moved = value(&store, backend, "SELECT rates FROM shipping_methods").await;
    assert_eq!(moved["kind"], "table");
    assert_eq!(moved["steps"][0]["up_to_grams"], 1000);
    let areas = "SELECT z.areas FROM shipping_zones z \
         JOIN shipping_method_zones l ON l.tenant_id = z.tenant_id AND l.zone_id = z.id";
    let areas = value(&store, backend, areas).await;
    assert_eq!(areas, json!([{"country": "DE"}, {"country": "AT"}]));
    migrations::down(&settings, 1).await.expect("down");
    let back = value(&store, backend, "SELECT rates FROM shipping_methods").await;
    assert_eq!(back, serde_json::from_str::<Value>(rates).expect("JSON"));
    let countries = value(&store, backend, "SELECT countries FROM shipping_methods").await;
    let mut countries: Vec<String> = serde_json::from_value(countries).expect("codes");
    countries.sort();
    assert_eq!(countries, ["AT", "DE"]);
    migrations::up(&settings, None).await.expect("up again");
}

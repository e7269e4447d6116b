//! The schema: migrations up and down on both databases, and what it must
//! hold for every table.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use server::migrations;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Store};

/// Tables whose rows belong to no tenant, and why.
const GLOBAL: &[(&str, &str)] = &[
    ("seaql_migrations", "what was applied"),
    ("schedules", "what the installation does again and again"),
    ("tenants", "the directory of tenants itself"),
];

/// Unique keys that cannot include the tenant, because they find it.
const FINDS_THE_TENANT: &[&str] = &["tenant_hosts_pkey"];

/// Everything there is, as text: tables, columns, indexes, triggers, policies.
async fn schema(store: &Store, backend: Backend) -> BTreeSet<String> {
    match backend {
        Sqlite => {
            let mut db = sqlite(store).await;
            let rows = sqlx::query(
                "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema \
                 WHERE name NOT LIKE 'sqlite_%'",
            )
            .fetch_all(&mut db)
            .await
            .expect("a schema");
            rows.iter().map(|row| row.get::<String, _>(0)).collect()
        }
        Postgres => {
            let mut db = store.superuser().await;
            let mut all = BTreeSet::new();
            for sql in [
                "SELECT format('column %s.%s %s %s %s %s', table_name, column_name, data_type, is_nullable, column_default, collation_name) \
                 FROM information_schema.columns WHERE table_schema = 'public'",
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
                "SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) \
                 FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
                "SELECT format('policy %s %s %s %s', tablename, policyname, qual, with_check) FROM pg_policies",
                "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
                "SELECT format('function %s', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
                "SELECT format('table %s %s %s', relname, relrowsecurity, relforcerowsecurity) \
                 FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
            ] {
                all.extend(texts(&mut db, sql).await);
            }
            all
        }
    }
}

async fn texts(db: &mut PgConnection, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql)
        .fetch_all(db)
        .await
        .expect("a catalog query")
}

async fn sqlite(store: &Store) -> SqliteConnection {
    let path = store.folder().join("sutler.db");
    SqliteConnection::connect(&format!("sqlite://{}", path.display()))
        .await
        .expect("the database file")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_not_ready_when_migrations_are_taken_back(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    app.client.get("/ready").expect(200).await;
    let settings = app.store().settings(&[]).database;
    let all = u32::try_from(migrations::status(&settings).await.expect("a status").len());
    for steps in [1, all.expect("a few") - 1] {
        migrations::down(&settings, steps).await.expect("down");
        app.advance(Duration::from_secs(3));
        let answer = app.client.get("/ready").expect(503).await;
        assert!(
            answer.text.contains("migrations are missing"),
            "{}",
            answer.text
        );
    }
    migrations::up(&settings, None).await.expect("up");
    app.client.get("/ready").expect(200).await;
}

#[rstest]
#[tokio::test]
async fn migrations_go_up_and_down_and_up_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let store = Store::empty(backend).await;
    let settings = store.settings(&[]).database;
    let all = migrations::status(&settings).await.expect("a status");
    assert!(all.len() > 5 && all.iter().all(|one| !one.applied));

    // One by one, each taken back and applied again on the way.
    let mut before = None;
    for _ in &all {
        migrations::up(&settings, Some(1)).await.expect("up");
        let after = schema(&store, backend).await;
        migrations::down(&settings, 1).await.expect("down");
        if let Some(before) = before {
            assert_eq!(before, schema(&store, backend).await);
        }
        migrations::up(&settings, Some(1)).await.expect("up again");
        assert_eq!(after, schema(&store, backend).await);
        before = Some(after);
    }
    let known = migrations::status(&settings).await.expect("a status");
    assert!(known.iter().all(|one| one.applied));

    let down = u32::try_from(all.len()).expect("a few");
    migrations::down(&settings, down).await.expect("all down");
    let left: BTreeSet<String> = schema(&store, backend)
        .await
        .into_iter()
        .filter(|line| !line.contains("seaql_migrations"))
        .collect();
    assert_eq!(left, BTreeSet::new());
    migrations::up(&settings, None).await.expect("all up");
    assert_eq!(before, Some(schema(&store, backend).await));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_go_down_and_up_over_data(#[values(Sqlite, Postgres)] backend: Backend) {
    let store = Arc::new(Store::new(backend).await);
    let app = App::on(store.clone(), &[]).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 5).await;
    let order = app.order(&shop.first, &[(&item.variants[0], 2)]).await;
    app.pay(&order).await;
    let path = format!("/api/catalog/products/{}", item.product);
    drop(app);

    let settings = store.settings(&[]).database;
    let all = migrations::status(&settings).await.expect("a status");
    let orders = all.iter().position(|one| one.name == "m0005_orders");
    let down_to = all.len() - orders.expect("the one that holds orders");
    for step in 1..=all.len() {
        let count = u32::try_from(step).expect("a few");
        migrations::down(&settings, count)
            .await
            .expect("down over data");
        migrations::up(&settings, None).await.expect("up over data");
        // Orders are gone; what is below them stays.
        if step == down_to {
            let app = App::on(store.clone(), &[]).await;
            app.client.get(&path).expect(200).await;
            app.client
                .get(&format!("/api/orders/{}", order.id))
                .header("x-order-token", &order.token)
                .expect(404)
                .await;
        }
    }
    // Now everything is gone, and a first start makes a shop of it again.
    let app = App::on(store, &[]).await;
    app.client.get(&path).expect(404).await;
    app.shop().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_processes_may_migrate_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let store = Store::empty(backend).await;
    let settings = store.settings(&[]).database;
    let mut runs = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let settings = settings.clone();
        runs.spawn(async move { migrations::up(&settings, None).await });
    }
    for run in runs.join_all().await {
        run.expect("each succeeds");
    }
    let known = migrations::status(&settings).await.expect("a status");
    assert!(known.iter().all(|one| one.applied));
}

#[tokio::test]
async fn every_table_of_a_tenant_has_forced_security_and_scoped_keys() {
    let store = Store::new(Postgres).await;
    let mut db = store.superuser().await;
    let global: Vec<String> = GLOBAL.iter().map(|(name, _)| (*name).to_owned()).collect();

    let without: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace \
           AND NOT relname::text = ANY ($1) AND NOT EXISTS (SELECT FROM pg_attribute a \
             WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull)",
    )
    .bind(&global)
    .fetch_all(&mut db)
    .await
    .expect("a catalog query");
    assert_eq!(without, Vec::<String>::new(), "tables without tenant_id");

    let open: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace \
           AND (NOT relname::text = ANY ($1) OR relname = 'tenants') \
           AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT FROM pg_policies p \
             WHERE p.tablename = c.relname AND p.cmd = 'ALL' AND p.permissive = 'PERMISSIVE' \
               AND p.qual LIKE '%app.tenant%' AND p.with_check = p.qual AND p.roles = '{public}'))",
    )
    .bind(&global)
    .fetch_all(&mut db)
    .await
    .expect("a catalog query");
    assert_eq!(open, Vec::<String>::new(), "tables without forced security");

    let unscoped = texts(
        &mut db,
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
         WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace \
           AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') \
           AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' \
             AND a.attnum = ANY (i.indkey::int2[]))",
    )
    .await;
    assert_eq!(unscoped, FINDS_THE_TENANT, "unique keys without the tenant");

    let crossing = texts(
        &mut db,
        "SELECT format('%s %s', k.conrelid::regclass, pg_get_constraintdef(k.oid)) FROM pg_constraint k \
         WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND NOT EXISTS ( \
           SELECT FROM unnest(k.conkey, k.confkey) AS pair (own, other) \
           JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.own AND a.attname = 'tenant_id' \
           JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.other \
             AND b.attname = CASE WHEN k.confrelid = 'tenants'::regclass THEN 'id' ELSE 'tenant_id' END)",
    )
    .await;
    assert_eq!(
        crossing,
        Vec::<String>::new(),
        "foreign keys without the tenant"
    );
}

/// What the catalog promises, tried out as the application's role.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_of_the_application_sees_one_tenant_at_most() {
    let store = Arc::new(Store::new(Postgres).await);
    let app = App::on(store.clone(), &[]).await;
    let shop = app.shop().await;
    for tenant in [&shop.first, &shop.second] {
        let item = app.simple(tenant, "Lamp", 5).await;
        let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
        app.pay(&order).await;
    }
    let mut db = store.application().await;
    let role: (bool, bool, bool) = sqlx::query_as(
        "SELECT rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) \
         FROM pg_roles r WHERE rolname = current_user",
    )
    .fetch_one(&mut db)
    .await
    .expect("a role");
    assert_eq!(role, (false, false, false));

    let tables = texts(
        &mut db,
        "SELECT tablename::text FROM pg_policies WHERE tablename <> 'tenants' ORDER BY 1",
    )
    .await;
    assert!(tables.len() > 20, "{tables:?}");
    let mut filled = 0;
    for table in &tables {
        let mut all = store.superuser().await;
        let count = async |db: &mut PgConnection, tenant: &str| -> (i64, i64) {
            sqlx::query("SELECT set_config('app.tenant', $1, false)")
                .bind(tenant)
                .execute(&mut *db)
                .await
                .expect("a setting");
            let sql = format!("SELECT count(*), count(DISTINCT tenant_id) FROM {table}");
            sqlx::query_as(AssertSqlSafe(sql))
                .fetch_one(db)
                .await
                .expect("a count")
        };
        let (rows, tenants) = count(&mut all, "").await;
        assert_eq!(count(&mut db, "").await, (0, 0), "{table} without a tenant");
        let ids: Vec<String> = texts(&mut all, "SELECT id::text FROM tenants").await;
        let mut seen = 0;
        for id in &ids {
            let (own, of) = count(&mut db, id).await;
            assert!(of <= 1, "{table} shows {of} tenants");
            seen += own;
        }
        assert_eq!(seen, rows, "{table}: each row is seen by its tenant");
        if tenants == 2 {
            filled += 1;
            let (own, other) = (&ids[0], &ids[1]);
            count(&mut db, own).await;
            let steal = format!("UPDATE {table} SET tenant_id = '{other}'");
            let stolen = sqlx::query(AssertSqlSafe(steal)).execute(&mut db).await;
            assert!(
                stolen.is_err(),
                "{table}: rows were given to another tenant"
            );
            let take = format!("DELETE FROM {table} WHERE tenant_id = '{other}'");
            if let Ok(taken) = sqlx::query(AssertSqlSafe(take)).execute(&mut db).await {
                assert_eq!(taken.rows_affected(), 0, "{table}");
            }
        }
    }
    assert!(filled > 15, "only {filled} tables had rows of both tenants");
}

/// Histories stay as they are, even for the owner.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_cannot_be_rewritten(#[values(Sqlite, Postgres)] backend: Backend) {
    let store = Arc::new(Store::new(backend).await);
    let app = App::on(store.clone(), &[]).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 5).await;
    app.order(&shop.first, &[(&item.variants[0], 2)]).await;
    let made = json!({"user_id": shop.first.user.id});
    let made = app.client.post("/api/admin/wallets", &made);
    let wallet = made
        .bearer(&shop.first.key)
        .expect(201)
        .await
        .text_at("/id");
    let gift = json!({"amount": {"amount": 5, "currency": "EUR"}, "reason": "welcome"});
    let gift = app
        .client
        .post(&format!("/api/admin/wallets/{wallet}/grants"), &gift);
    gift.bearer(&shop.first.key).expect(200).await;
    drop(app);
    for table in [
        "stock_movements",
        "order_history",
        "audit_log",
        "ledger_transfers",
        "ledger_entries",
        "credit_lot_movements",
    ] {
        for sql in [
            format!("UPDATE {table} SET tenant_id = tenant_id"),
            format!("DELETE FROM {table}"),
        ] {
            let refused = match backend {
                Sqlite => {
                    let mut db = sqlite(&store).await;
                    sqlx::query(AssertSqlSafe(sql)).execute(&mut db).await.err()
                }
                Postgres => {
                    let mut db = store.superuser().await;
                    sqlx::query(AssertSqlSafe(sql)).execute(&mut db).await.err()
                }
            };
            let message = refused.map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains("is append-only"), "{table}: {message}");
        }
    }
}

#[tokio::test]
async fn the_tables_of_sqlite_are_strict_and_its_keys_scoped() {
    let store = Store::new(Sqlite).await;
    let mut db = sqlite(&store).await;
    let tables: Vec<(String, bool)> =
        sqlx::query_as("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'")
            .fetch_all(&mut db)
            .await
            .expect("tables");
    assert!(tables.len() > 20);
    for (table, strict) in tables {
        if GLOBAL.iter().any(|(name, _)| *name == table) || table == "tenant_hosts" {
            continue;
        }
        assert!(strict, "{table} is not strict");
        let unscoped: Vec<String> = sqlx::query_scalar(
            "SELECT l.name FROM pragma_index_list($1) l WHERE l.\"unique\" AND NOT EXISTS \
             (SELECT 1 FROM pragma_index_info(l.name) i WHERE i.name = 'tenant_id')",
        )
        .bind(&table)
        .fetch_all(&mut db)
        .await
        .expect("indexes");
        assert_eq!(unscoped, Vec::<String>::new(), "{table}");
    }
}

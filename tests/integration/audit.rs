//! The audit log: what it holds, that it has no forks, and that nobody can
//! change it unseen.

use std::sync::Arc;

use kernel::{AuditEntry, OrderId, Snapshot, TenantId, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Answer, App};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How many write at once.
const WRITERS: usize = 32;

async fn log(app: &App, key: &str, query: &str) -> Answer {
    let path = format!("/api/admin/audit{query}");
    app.client.get(&path).bearer(key).expect(200).await
}

async fn verdict(app: &App, key: &str) -> Value {
    let verdict = app.client.get("/api/admin/audit/verify").bearer(key);
    verdict.expect(200).await.body
}

fn entries(answer: &Answer) -> &Vec<Value> {
    answer.body["data"].as_array().expect("a list")
}

/// Adds entries as a use case does, many in one transaction.
async fn record(app: &App, tenant: TenantId, count: i64) {
    let scope = app
        .sutler
        .accounts
        .system_scope(tenant, "=cmd|' /C calc'!A0");
    let tx = app.sutler.database.begin_write(&scope, "test").await;
    let tx = tx.expect("a transaction");
    let order = OrderId::new(Timestamp::from_seconds(0));
    for n in 0..count {
        let entry = AuditEntry::new("test.many", order).after(&Snapshot::new().with("n", n));
        let recorded = app.sutler.accounts.audit().record_in_tx(&tx, entry).await;
        recorded.expect("an entry");
    }
    tx.commit().await.expect("a commit");
}

/// Changes what cannot be changed: as somebody who owns the database.
async fn tamper(app: &App, backend: Backend, sql: &str) {
    let touched = match backend {
        Sqlite => {
            let path = app.store().folder().join("sutler.db");
            let url = format!("sqlite://{}", path.display());
            let mut db = SqliteConnection::connect(&url).await.expect("the file");
            for change in ["update", "delete"] {
                let drop = format!("DROP TRIGGER IF EXISTS audit_log_no_{change}");
                let dropped = sqlx::query(AssertSqlSafe(drop)).execute(&mut db).await;
                dropped.expect("no trigger");
            }
            let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut db);
            done.await.expect("a change").rows_affected()
        }
        Postgres => {
            let mut db = app.store().superuser().await;
            let disable = "ALTER TABLE audit_log DISABLE TRIGGER ALL";
            let disabled = sqlx::query(disable).execute(&mut db).await;
            disabled.expect("no trigger");
            let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut db);
            done.await.expect("a change").rows_affected()
        }
    };
    assert!(touched > 0, "{sql}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_says_who_did_what_to_what(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (first, second) = (&shop.first, &shop.second);
    let path = format!("/api/admin/users/{}", first.user.id);
    let before = app.client.get(&path).bearer(&first.key).expect(200).await;
    let change = || {
        let call = app.client.patch(&path, &json!({"role": "manager"}));
        call.header("if-match", before.header("etag"))
            .header("x-request-id", "a-known-request")
    };
    change().bearer(&first.admin.token).expect(200).await;
    // What is refused leaves nothing.
    change().bearer(&first.admin.token).expect(412).await;
    change().bearer(&first.user.token).expect(403).await;

    let found = log(&app, &first.key, "?request_id=a-known-request").await;
    assert_eq!(entries(&found).len(), 1, "{}", found.text);
    let entry = &entries(&found)[0];
    assert_eq!(entry["action"], "user.change");
    assert_eq!(entry["object"], first.user.id.as_str());
    assert_eq!(entry["actor"], first.admin.id.as_str());
    assert_eq!(entry["network"], "127.0.0.0/24");
    assert_eq!(entry["before"]["role"], "user");
    assert_eq!(entry["after"]["role"], "manager");
    assert_eq!(entry["hash"].as_str().map(str::len), Some(64));

    // By key: the key acts, its owner is behind it.
    let body = json!({"name": "Lights"});
    let make = || {
        let call = app.client.post("/api/admin/catalog/categories", &body);
        call.bearer(&first.key).once("one-category").expect(201)
    };
    let made = make().await;
    make().await;
    let of_category = log(
        &app,
        &first.key,
        &format!("?object={}", made.text_at("/id")),
    )
    .await;
    assert_eq!(entries(&of_category).len(), 1, "a replay does nothing");
    let entry = &entries(&of_category)[0];
    let key = entry["actor"].as_str().expect("an actor");
    assert!(key.starts_with("key_"), "{entry}");
    assert_eq!(entry["user_id"], first.admin.id.as_str());
    assert_eq!(entry["before"], Value::Null);
    assert_eq!(entry["after"]["name"], "Lights");

    // Filters, alone and together.
    for (query, count) in [
        (format!("?actor={key}"), 1),
        (format!("?actor={key}&action=category.create"), 1),
        (format!("?actor={key}&action=user.change"), 0),
        ("?action=user.change".to_owned(), 2),
        (format!("?object={}", first.user.id), 1),
        ("?to=2026-03-01T12:00:00Z".to_owned(), 0),
        ("?from=2026-03-01T12:00:01Z".to_owned(), 0),
        (format!("?object={}", second.user.id), 0),
    ] {
        let found = log(&app, &first.key, &query).await;
        assert_eq!(entries(&found).len(), count, "{query}: {}", found.text);
    }
    let of_admin = log(&app, &first.key, &format!("?actor={}", first.admin.id)).await;
    assert!(entries(&of_admin).len() > 3, "{}", of_admin.text);
    // What was done to tenants is for operators to see.
    for (who, count) in [(&shop.operator.token, 1), (&first.key, 0)] {
        let found = log(&app, who, "?action=tenant.create").await;
        assert_eq!(entries(&found).len(), count, "{}", found.text);
    }
    let operator = &shop.operator.token;
    let all = log(&app, operator, "?from=2026-03-01T12:00:00Z&limit=100").await;

    // Pages, newest first, until the first entry.
    let mut pages = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = log(&app, operator, &query).await;
        pages.extend(entries(&page).clone());
        match page.body["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(&pages, entries(&all));
    let places: Vec<i64> = pages
        .iter()
        .filter_map(|e| e["sequence"].as_i64())
        .collect();
    let count = i64::try_from(places.len()).expect("a few");
    assert_eq!(places, (1..=count).rev().collect::<Vec<_>>());

    // The other tenant has a log of its own, from 1 on.
    let theirs = log(&app, &second.key, "?limit=100").await;
    assert!(!theirs.text.contains(&first.user.id));
    let last = entries(&theirs).last().expect("some");
    assert_eq!(last["sequence"], 1);
    for key in [&first.key, &second.key] {
        assert_eq!(verdict(&app, key).await["intact"], true);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_at_once_leave_one_chain(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let node = app.another(&[]).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let before = verdict(&app, key).await["checked"]
        .as_i64()
        .expect("a count");
    let rounds = 4;
    for round in 0..rounds {
        let barrier = Arc::new(Barrier::new(WRITERS));
        let mut writers = JoinSet::new();
        for n in 0..WRITERS {
            // On two nodes.
            let client = if n % 2 == 0 {
                &app.client
            } else {
                &node.client
            };
            let body = json!({"name": format!("Shelf {round} {n}")});
            let call = client.post("/api/admin/catalog/categories", &body);
            let (call, barrier) = (call.bearer(key), barrier.clone());
            writers.spawn(async move {
                barrier.wait().await;
                call.send().await
            });
        }
        for answer in writers.join_all().await {
            assert_eq!(answer.status, 201, "{}", answer.describe());
        }
    }
    let after = verdict(&app, key).await;
    let more = i64::try_from(WRITERS * rounds).expect("a few");
    assert_eq!(after["intact"], true, "{after}");
    assert_eq!(after["checked"], before + more);
    assert_eq!(after["broken"], Value::Null);
}

/// A chain of 600 entries, which is more than are read at a time, what is done
/// to it, and what is then said of it.
const TAMPERED: &[(&str, i64, &str)] = &[
    (
        "UPDATE audit_log SET actor = 'usr_nobody' WHERE sequence = 550 AND",
        550,
        "changed",
    ),
    (
        "UPDATE audit_log SET after = '{\"n\": 1}' WHERE sequence = 500 AND",
        500,
        "changed",
    ),
    (
        "UPDATE audit_log SET hash = (SELECT hash FROM audit_heads LIMIT 1) WHERE sequence = 30 AND",
        30,
        "changed",
    ),
    (
        "DELETE FROM audit_log WHERE sequence = 20 AND",
        20,
        "missing",
    ),
    (
        "DELETE FROM audit_log WHERE sequence > 580 AND",
        581,
        "missing",
    ),
    ("UPDATE audit_heads SET seal = hash WHERE", 600, "unsigned"),
    ("DELETE FROM audit_heads WHERE", 600, "unsigned"),
];

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_tampered_with_is_named(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    // The first one as its administrators see it; the others need no shop.
    let key = &shop.first.key;
    for (nth, (sql, sequence, reason)) in TAMPERED.iter().enumerate() {
        let tenant: TenantId = match nth {
            0 => shop.first.id.parse().expect("an id"),
            _ => TenantId::new(Timestamp::from_seconds(0)),
        };
        let scope = app.sutler.accounts.system_scope(tenant, "test");
        let verify = async || {
            let verdict = app.sutler.accounts.verify_audit(&scope).await;
            verdict.expect("a verdict")
        };
        let there = verify().await.checked;
        record(&app, tenant, 600 - there).await;
        let whole = verify().await;
        assert_eq!((whole.checked, whole.broken), (600, None));

        let id = tenant.uuid().simple();
        let own = match backend {
            Sqlite => format!("tenant_id = x'{id}'"),
            Postgres => format!("tenant_id = '{id}'"),
        };
        tamper(&app, backend, &format!("{sql} {own}")).await;
        let broken = verify().await.broken.expect("a break");
        let name: &'static str = broken.1.into();
        assert_eq!((broken.0, name), (*sequence, *reason), "{sql}");
    }
    let broken = verdict(&app, key).await;
    assert_eq!(broken["intact"], false);
    assert_eq!(broken["checked"], 549);
    assert_eq!(
        broken["broken"],
        json!({"sequence": 550, "reason": "changed"})
    );
    // The other tenant's is as it was.
    assert_eq!(verdict(&app, &shop.second.key).await["intact"], true);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_exported_whole(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.second.key;
    let tenant = shop.second.id.parse().expect("an id");
    record(&app, tenant, 1_200).await;
    let export = async |query: &str| {
        let path = format!("/api/admin/audit/export{query}");
        app.client.get(&path).bearer(key).expect(200).await
    };
    let whole = export("").await;
    assert_eq!(whole.header("content-type"), "text/csv; charset=utf-8");
    assert!(whole.header("content-disposition").contains("audit.csv"));
    let lines: Vec<&str> = whole.text.lines().collect();
    assert!(lines[0].starts_with("sequence,at,actor,user_id,action,object,"));
    let checked = verdict(&app, key).await["checked"]
        .as_u64()
        .expect("a count");
    assert_eq!(lines.len() as u64, checked + 1);
    for (place, line) in (1..).zip(&lines[1..]) {
        assert!(line.starts_with(&format!("{place},")), "{line}");
    }
    let last = lines.last().expect("a line");
    assert!(last.contains(",'=cmd|' /C calc'!A0,"), "{last}");
    assert!(last.contains(r#""{""n"":1199}""#), "{last}");
    let some = export("?action=test.many&from=2026-03-01T00:00:00Z").await;
    assert_eq!(some.text.lines().count(), 1_201);
    let none = export("?action=nothing").await;
    assert_eq!(none.text.lines().count(), 1);
    app.client
        .get("/api/admin/audit/export")
        .bearer(&shop.second.manager.token)
        .refused(403, "auth.forbidden")
        .await;
}
